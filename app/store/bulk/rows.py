"""Rows written and read many at once, in the way of each database."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, text
from sqlmodel import SQLModel

from app.core.vocab import Operation
from app.database.models import History, Record, to_json_value

Row = RowMapping

_AMONG = {"sqlite": "IN (SELECT value FROM json_each(:keys))", "postgresql": "= ANY(CAST(:keys AS {type}[]))"}

# Each pair is looked up by itself in the index of both columns, whatever the planner holds of their number.
_PAIRS = {
    "sqlite": """
        SELECT {columns} FROM json_each(:keys) AS pair CROSS JOIN {table}
        ON {table}.{first} = json_extract(pair.value, '$[0]') AND {table}.{second} = json_extract(pair.value, '$[1]')
    """,
    "postgresql": """
        SELECT {columns} FROM unnest(CAST(:first AS bigint[]), CAST(:second AS text[])) AS pair (first, second)
        CROSS JOIN LATERAL (
            SELECT * FROM {table} WHERE {first} = pair.first AND {second} = pair.second OFFSET 0
        ) AS {table}
    """,
}


def table_of(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def among(connection: Connection, column: str, keys: Collection[str] | Collection[int]) -> tuple[str, dict[str, Any]]:
    """Return the condition that ``column`` is one of ``keys``, and its parameter ``keys``."""
    kind = "bigint" if isinstance(next(iter(keys), None), int) else "text"
    condition = f"{column} {_AMONG[connection.dialect.name].format(type=kind)}"
    return condition, {"keys": _array(connection, keys)}


def _array(connection: Connection, values: Iterable[Any]) -> Any:
    return json.dumps(list(values)) if connection.dialect.name == "sqlite" else list(values)


def find(
    connection: Connection, model: type[SQLModel], column: str, keys: Collection[str] | Collection[int]
) -> Sequence[Row]:
    """Return the rows whose ``column`` is one of ``keys``."""
    if not keys:
        return []
    table = table_of(model)
    condition, parameters = among(connection, column, keys)
    names = ", ".join(f'"{name}"' for name in table.c.keys())  # noqa: SIM118  # keys() of columns are names
    query = text(f"SELECT {names} FROM {table.name} WHERE {condition}").columns(*table.c)
    return connection.execute(query, parameters).mappings().all()


def lookup(
    connection: Connection, table: str, columns: str, column: str, keys: Collection[str] | Collection[int]
) -> Sequence[Any]:
    """Return some columns of the rows of a table whose ``column`` is one of ``keys``."""
    if not keys:
        return []
    condition, parameters = among(connection, column, keys)
    return connection.execute(text(f"SELECT {columns} FROM {table} WHERE {condition}"), parameters).all()


def find_pairs(
    connection: Connection,
    model: type[SQLModel],
    columns: tuple[str, str],
    pairs: Collection[tuple[int, str]],
    selected: Sequence[str],
) -> Sequence[Row]:
    """Return the columns ``selected`` of the rows whose two ``columns`` are one of ``pairs``."""
    table, (first, second) = table_of(model), columns
    names = ", ".join(f"{table.name}.{name}" for name in selected)
    template = _PAIRS[connection.dialect.name]
    query = text(template.format(table=table.name, columns=names, first=first, second=second))
    keys = {"keys": _array(connection, pairs)}
    if connection.dialect.name != "sqlite":
        keys = {"first": [pair[0] for pair in pairs], "second": [pair[1] for pair in pairs]}
    return connection.execute(query.columns(*(table.c[name] for name in selected)), keys).mappings().all()


def new_ids(connection: Connection, model: type[SQLModel], number: int) -> Sequence[int]:
    """Draw ids that were never used before; only in a transaction that holds the writers' lock."""
    table = table_of(model)
    if connection.dialect.name == "sqlite":
        last = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        first = 1 + (connection.execute(last, {"table": table.name}).scalar() or 0)
        return range(first, first + number)
    drawn = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :number)")
    return connection.execute(drawn, {"table": table.name, "number": number}).scalars().all()


def insert(
    connection: Connection, model: type[SQLModel], columns: Sequence[str], rows: Collection[tuple[Any, ...]]
) -> None:
    """Insert rows of values as the driver takes them: ``executemany`` on SQLite, ``COPY`` on PostgreSQL."""
    if not rows:
        return
    table, names = table_of(model).name, ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def update(
    connection: Connection, model: type[SQLModel], columns: Sequence[str], rows: Collection[tuple[Any, ...]]
) -> None:
    """Give ``columns`` new values in the row whose id ends each tuple."""
    if not rows:
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    values = ", ".join(f'"{name}" = {mark}' for name in columns)
    connection.exec_driver_sql(f"UPDATE {table_of(model).name} SET {values} WHERE id = {mark}", list(rows))


def record_history(connection: Connection, model: type[Record], before: Collection[Row], revision: int) -> None:
    """Record the values of rows before ``revision`` changed them, as a ``WriteSession`` does."""
    values = [
        {
            "table_name": model.__tablename__,
            "row_id": row["id"],
            "revision_id": revision,
            "replaced_revision_id": row["revision_id"],
            "operation": Operation.UPDATE,
            "values": {name: to_json_value(row[name]) for name in model.model_fields},
        }
        for row in before
    ]
    if values:
        connection.execute(table_of(History).insert(), values)


@contextmanager
def words_at_once(connection: Connection, *models: type[SQLModel]) -> Iterator[None]:
    """Index the words of the rows that are inserted in this context at its end, all at once.

    SQLite's triggers would do it row by row, several times as slowly. They are dropped and created again in the same
    transaction, so that no other transaction sees the store without them, or a row without its words.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    tables = [table_of(model).name for model in models]
    last = {table: connection.exec_driver_sql(f"SELECT max(id) FROM {table}").scalar() or 0 for table in tables}
    find_trigger = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?"
    triggers = [
        str(connection.exec_driver_sql(find_trigger, (f"{table}_fts_insert",)).scalar_one()) for table in tables
    ]
    for table in tables:
        connection.exec_driver_sql(f"DROP TRIGGER {table}_fts_insert")
    yield
    for table in tables:
        _index_words(connection, table, last[table])
    for trigger in triggers:
        connection.exec_driver_sql(trigger)


def _index_words(connection: Connection, table: str, last: int) -> None:
    query = "SELECT name FROM pragma_table_info(?)"
    names = ", ".join(connection.exec_driver_sql(query, (f"{table}_fts",)).scalars())
    connection.exec_driver_sql(
        f"INSERT INTO {table}_fts (rowid, {names}) SELECT id, {names} FROM {table} WHERE id > ?", (last,)
    )
