"""All rows of one store into another that has the same tables, as fast as the databases go.

Indexes, foreign keys and the upkeep of the index of words are taken away first and put back when the rows are in,
by their own definitions, in the same transaction: each row would pay for them one by one.
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
    """Is told, now and then, how far a piece of work has got."""

    def __call__(self, what: str, done: int, total: int) -> None: ...


def load(source: Connection, target: Connection, report: Report) -> int:
    """Make the tables of ``target`` hold what ``source`` holds, under the same ids; returns the number of rows.

    Both must be at the same migration. Neither transaction is ended here. Raises Conflict where what arrived is not
    what was there.
    """
    there = raw_rows.get_tables(target)
    shapes = [shape for name, shape in raw_rows.get_tables(source).items() if name in there]
    counts = {shape.name: raw_rows.count_rows(source, shape) for shape in shapes}
    total, done = sum(counts.values()), 0
    quote = target.dialect.identifier_preparer.quote
    with _bare(target, [shape.name for shape in shapes], report):
        for shape in shapes:
            # TRUNCATE would be quicker, and show empty tables to who began to read before.
            target.execute(text(f"DELETE FROM {quote(shape.name)}"))
            rows = _told(raw_rows.iterate_rows(source, shape, shape.columns), done, total, report)
            _fill(target, shape, rows)
            done += counts[shape.name]
    for shape in shapes:
        arrived = raw_rows.count_rows(target, shape)
        if arrived != counts[shape.name]:
            raise Conflict(f"Of {counts[shape.name]} rows of the table {shape.name}, {arrived} arrived.")
        _continue_ids(source, target, shape)
    return total


def _told(
    rows: Iterator[tuple[RawValue, ...]], before: int, total: int, report: Report
) -> Iterator[tuple[RawValue, ...]]:
    for done, row in enumerate(rows, start=before):
        if not done % _REPORTED:
            report("rows", done, total)
        yield row


def _fill(target: Connection, shape: RawTable, rows: Iterator[tuple[RawValue, ...]]) -> None:
    """Past SQLAlchemy, which would look at every value."""
    quote = target.dialect.identifier_preparer.quote
    into = f"{quote(shape.name)} ({', '.join(map(quote, shape.columns))})"
    driver: Any = target.connection.driver_connection
    if target.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO {into} VALUES ({', '.join('?' * len(shape.columns))})", rows)
        return
    with driver.cursor().copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_LAST_USED = {
    "sqlite": "SELECT seq FROM sqlite_sequence WHERE name = :name",
    "postgresql": "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:name, 'id') AS regclass))",
}


def last_used(connection: Connection, name: str) -> int:
    """The last id that the table gave out, whether or not a row still has it."""
    statement = text(_LAST_USED[connection.dialect.name])
    return connection.execute(statement, {"name": name}).scalar_one_or_none() or 0


def _continue_ids(source: Connection, target: Connection, shape: RawTable) -> None:
    if shape.key == ("id",):
        advance_id_sequence(target, Table(shape.name, MetaData()), last_used(source, shape.name))


# What takes a part of the tables away, and what puts it back.
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
def _bare(connection: Connection, names: list[str], report: Report) -> Iterator[None]:
    parts = connection.execute(text(_PARTS[connection.dialect.name]), {"names": names}).all()
    driver: Any = connection.connection.driver_connection
    for away, _ in parts:
        driver.execute(away)
    yield
    back = [*(definition for _, definition in parts), *_last_touches(connection, names)]
    for done, definition in enumerate(back):
        report("indexes", done, len(back))
        driver.execute(definition)


def _last_touches(connection: Connection, names: list[str]) -> list[str]:
    """What lets SQLite read the words of all texts anew, and PostgreSQL know of how many rows it plans for."""
    if connection.dialect.name == "postgresql":
        return [f"ANALYZE {', '.join(map(connection.dialect.identifier_preparer.quote, names))}"]
    virtual = text("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
    return [f"INSERT INTO {name} ({name}) VALUES ('rebuild')" for name in connection.execute(virtual).scalars()]
