"""Rows in plain values, which either database takes as they are: numbers and text, dates as SQLite keeps them.

The tables are read from the database and not from ``models.py``, so that a store of an earlier migration can be
read as well.
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
from sqlalchemy import table as table_of
from sqlalchemy.types import NullType

Plain = int | float | str | None

# A batch of rows in memory at a time.
_FETCHED = 2_000


@dataclass(frozen=True)
class Shape:
    """A table as the database describes it."""

    name: str
    columns: tuple[str, ...]
    types: tuple[Any, ...]
    key: tuple[str, ...]


def shapes(connection: Connection) -> dict[str, Shape]:
    """The tables that hold a store's rows, by name: not Alembic's mark, nor SQLite's index of words."""
    names = inspect(connection).get_table_names()
    return {name: _shape(connection, name) for name in names if name != "alembic_version" and "_fts" not in name}


def _shape(connection: Connection, name: str) -> Shape:
    found = inspect(connection)
    columns = found.get_columns(name)
    key = found.get_pk_constraint(name)["constrained_columns"]
    return Shape(name, tuple(each["name"] for each in columns), tuple(each["type"] for each in columns), tuple(key))


def count(connection: Connection, shape: Shape) -> int:
    return int(connection.execute(select(func.count()).select_from(table_of(shape.name))).scalar_one())


def rows(connection: Connection, shape: Shape, names: Sequence[str]) -> Iterator[tuple[Plain, ...]]:
    """These columns of all rows, in the order of the table's key."""
    types = dict(zip(shape.columns, shape.types, strict=True))
    plain = (_plain(column(name, types[name]), connection.dialect.name) for name in names)
    query = select(*plain).select_from(table_of(shape.name)).order_by(*map(column, shape.key))
    with connection.execute(query.execution_options(yield_per=_FETCHED)) as result:
        for batch in result.partitions():
            yield from map(tuple, batch)


def _plain(value: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return type_coerce(value, NullType())
    if isinstance(value.type, Boolean):
        return cast(value, Integer)
    if isinstance(value.type, Date):
        return func.to_char(value, "YYYY-MM-DD")
    if isinstance(value.type, DateTime):
        return func.to_char(func.timezone("UTC", value), "YYYY-MM-DD HH24:MI:SS.US")
    return cast(value, Text) if isinstance(value.type, JSON) else value
