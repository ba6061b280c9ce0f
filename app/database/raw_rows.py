"""Rows as raw values that both databases accept: numbers and text, with dates as SQLite stores them.

The tables are reflected from the database rather than taken from ``models.py``, so that a store of an earlier
migration can be read as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Integer,
    Text,
    cast,
    column,
    func,
    inspect,
    select,
    type_coerce,
)
from sqlalchemy import table as table_clause
from sqlalchemy.types import NullType

RawValue = int | float | str | None

# Rows held in memory at a time.
_BATCH = 2_000


@dataclass(frozen=True)
class RawTable:
    """A table as the database describes it: its columns with their types, and those of its primary key."""

    name: str
    columns: tuple[str, ...]
    types: tuple[Any, ...]
    key: tuple[str, ...]


def get_tables(connection: Connection) -> dict[str, RawTable]:
    """Return the tables that hold a store's rows by name, without Alembic's version and SQLite's full-text indexes."""
    inspector = inspect(connection)
    tables = {}
    for name in inspector.get_table_names():
        if name != "alembic_version" and "_fts" not in name:
            columns = inspector.get_columns(name)
            key = inspector.get_pk_constraint(name)["constrained_columns"]
            names, types = tuple(c["name"] for c in columns), tuple(c["type"] for c in columns)
            tables[name] = RawTable(name, names, types, tuple(key))
    return tables


def count_rows(connection: Connection, table: RawTable) -> int:
    """Count the rows of a table."""
    return int(connection.execute(select(func.count()).select_from(table_clause(table.name))).scalar_one())


def iterate_rows(connection: Connection, table: RawTable, names: Sequence[str]) -> Iterator[tuple[RawValue, ...]]:
    """Yield the columns ``names`` of all rows, ordered by the table's primary key."""
    types = dict(zip(table.columns, table.types, strict=True))
    values = (_select_raw(column(name, types[name]), connection.dialect.name) for name in names)
    query = select(*values).select_from(table_clause(table.name)).order_by(*map(column, table.key))
    with connection.execute(query.execution_options(yield_per=_BATCH)) as result:
        for batch in result.partitions():
            yield from map(tuple, batch)


def _select_raw(value: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return type_coerce(value, NullType())
    if isinstance(value.type, Boolean):
        return cast(value, Integer)
    if isinstance(value.type, Date):
        return func.to_char(value, "YYYY-MM-DD")
    if isinstance(value.type, DateTime):
        return func.to_char(func.timezone("UTC", value), "YYYY-MM-DD HH24:MI:SS.US")
    return cast(value, Text) if isinstance(value.type, JSON) else value
