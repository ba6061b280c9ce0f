"""All rows of one store loaded into another with the same tables, as fast as the databases go.

Indexes, foreign keys and the triggers of the full-text index are dropped first and created again from their own
definitions when the rows are in, in the same transaction: they would slow each row down.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, MetaData, Table, text

from app.core.errors import Conflict
from app.database import raw_rows
from app.database.engine import advance_id_sequence
from app.database.raw_rows import RawTable, RawValue

_REPORTED = 5_000


class Report(Protocol):
    """A callback for the progress of a piece of work."""

    def __call__(self, what: str, done: int, total: int) -> None: ...


def load(source: Connection, target: Connection, report: Report) -> int:
    """Replace the rows of ``target`` by those of ``source``, under the same ids; return the number of rows.

    Both must be at the same migration. Neither transaction is ended here. Raise Conflict if rows are missing.
    """
    target_names = raw_rows.get_tables(target).keys()
    tables = [table for name, table in raw_rows.get_tables(source).items() if name in target_names]
    counts = {table.name: raw_rows.count_rows(source, table) for table in tables}
    total, done = sum(counts.values()), 0
    quote = target.dialect.identifier_preparer.quote
    with _without_indexes(target, [table.name for table in tables], report):
        for table in tables:
            # TRUNCATE would be quicker, and show empty tables to readers that began before.
            target.execute(text(f"DELETE FROM {quote(table.name)}"))
            rows = _report_progress(raw_rows.iterate_rows(source, table, table.columns), done, total, report)
            _insert_rows(target, table, rows)
            done += counts[table.name]
    for table in tables:
        arrived = raw_rows.count_rows(target, table)
        if arrived != counts[table.name]:
            raise Conflict(f"Of {counts[table.name]} rows of the table {table.name}, {arrived} arrived.")
        if table.key == ("id",):
            advance_id_sequence(target, Table(table.name, MetaData()), get_last_used_id(source, table.name))
    return total


def _report_progress(
    rows: Iterator[tuple[RawValue, ...]], before: int, total: int, report: Report
) -> Iterator[tuple[RawValue, ...]]:
    for done, row in enumerate(rows, start=before):
        if not done % _REPORTED:
            report("rows", done, total)
        yield row


def _insert_rows(target: Connection, table: RawTable, rows: Iterator[tuple[RawValue, ...]]) -> None:
    """Insert rows without SQLAlchemy, which would look at every value."""
    quote = target.dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(map(quote, table.columns))})"
    driver: Any = target.connection.driver_connection
    if target.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO {into} VALUES ({', '.join('?' * len(table.columns))})", rows)
        return
    with driver.cursor().copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_LAST_USED = {
    "sqlite": "SELECT seq FROM sqlite_sequence WHERE name = :name",
    "postgresql": "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:name, 'id') AS regclass))",
}


def get_last_used_id(connection: Connection, name: str) -> int:
    """Return the last id that the table gave out, whether or not a row still has it."""
    statement = text(_LAST_USED[connection.dialect.name])
    return connection.execute(statement, {"name": name}).scalar_one_or_none() or 0


# For each index, trigger and foreign key, the statements that drop it and that create it again.
_PARTS = {
    "sqlite": """
        SELECT 'DROP ' || type || ' "' || name || '"', sql FROM sqlite_master
        WHERE type IN ('index', 'trigger') AND sql IS NOT NULL""",
    "postgresql": """
        WITH store AS (SELECT unnest(CAST(CAST(:names AS text[]) AS regclass[])) AS id)
        SELECT format('DROP INDEX %s', CAST(indexrelid AS regclass)), pg_get_indexdef(indexrelid)
        FROM pg_index JOIN store ON indrelid = store.id
        WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        UNION ALL
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', CAST(conrelid AS regclass), conname),
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', CAST(conrelid AS regclass), conname,
                pg_get_constraintdef(pg_constraint.oid))
        FROM pg_constraint JOIN store ON conrelid = store.id WHERE contype = 'f'""",
}


@contextmanager
def _without_indexes(connection: Connection, names: list[str], report: Report) -> Iterator[None]:
    parts = connection.execute(text(_PARTS[connection.dialect.name]), {"names": names}).all()
    driver: Any = connection.connection.driver_connection
    for drop, _ in parts:
        driver.execute(drop)
    yield
    statements = [*(definition for _, definition in parts), *_list_final_statements(connection, names)]
    for done, definition in enumerate(statements):
        report("indexes", done, len(statements))
        driver.execute(definition)


def _list_final_statements(connection: Connection, names: list[str]) -> list[str]:
    """Return the statements that rebuild SQLite's full-text indexes, or update PostgreSQL's statistics."""
    if connection.dialect.name == "postgresql":
        return [f"ANALYZE {', '.join(map(connection.dialect.identifier_preparer.quote, names))}"]
    virtual = text("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
    return [f"INSERT INTO {name} ({name}) VALUES ('rebuild')" for name in connection.execute(virtual).scalars()]
