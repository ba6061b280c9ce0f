"""SQL that builds JSON, the same expression on SQLite and PostgreSQL.

A query's row is one item of the API as JSON text: the database gathers nested lists, and nothing
between it and the socket has to take the item apart again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    Case,
    Cast,
    ColumnElement,
    Date,
    Dialect,
    Float,
    Integer,
    Select,
    Text,
    TypeDecorator,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

from app.core.spans import CONTEXT

Json = ColumnElement[Any]


def _portable(name: str, *, sqlite: str, postgresql: str) -> type[FunctionElement[Any]]:
    """A function that each database spells its own way, with ``{}`` for its arguments."""

    def compile_as(template: str) -> Any:
        return lambda node, compiler, **kw: template.format(compiler.process(node.clauses, **kw))

    element = type(name, (FunctionElement,), {"name": name, "inherit_cache": True})
    compiles(element, "sqlite")(compile_as(sqlite))
    compiles(element, "postgresql")(compile_as(postgresql))
    return element


_object = _portable("object", sqlite="json_object({})", postgresql="json_build_object({})")
# SQLite forgets that a value is JSON when it leaves a subquery; json() says so again.
_embed = _portable("embed", sqlite="json({})", postgresql="{}")
# The items are JSON already: to join their texts spares SQLite to read each of them again.
_collect = _portable(
    "collect",
    sqlite="coalesce('[' || group_concat({}) || ']', '[]')",
    postgresql="coalesce(json_agg({}), '[]'::json)",
)
_parsed = _portable("parsed", sqlite="json({})", postgresql="CAST({} AS json)")
_collect_values = _portable(
    "collect_values", sqlite="json_group_array({})", postgresql="coalesce(json_agg({}), '[]'::json)"
)
_boolean = _portable("boolean", sqlite="json(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)", postgresql="{}")
_truth = _portable("truth", sqlite="CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", postgresql="CAST({} AS text)")
_printed = _portable("printed", sqlite="{}", postgresql="CAST({} AS text)")
_moment = _portable(
    "moment",
    sqlite="strftime('%Y-%m-%dT%H:%M:%SZ', {})",
    postgresql="to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
)
_stamp = _portable("stamp", sqlite="{}", postgresql="to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')")
_julian = _portable("julian", sqlite="julianday({})", postgresql="({} - DATE '1970-01-01')")


def json_object(fields: Mapping[str, Any]) -> Json:
    """A JSON object of ``fields``, in their order."""
    arguments: list[Any] = []
    for name, value in fields.items():
        arguments += literal_column(f"'{name}'"), value
    return _object(*arguments)


def parse_json(text: ColumnElement[str]) -> Json:
    """The JSON that a column keeps as text."""
    return _parsed(text)


def json_object_or_null(present: ColumnElement[Any], fields: Mapping[str, Any]) -> Json:
    """A JSON object, or null where the column ``present`` is null."""
    # What CASE gives, SQLite knows to be JSON; to say so by json() would have each object read again.
    return case((present.is_(None), null()), else_=json_object(fields))


def json_array(items: Select[Any]) -> Json:
    """A JSON array of what ``items`` (one JSON column called ``item``) gives, in its order."""
    rows = items.subquery()
    return _embed(select(_collect(rows.c.item)).scalar_subquery())


def json_array_of_values(items: Select[Any]) -> Json:
    """A JSON array of the plain values that ``items`` (one column called ``item``) gives, in its order."""
    rows = items.subquery()
    return _embed(select(_collect_values(rows.c.item)).scalar_subquery())


def flat_columns(item: Json) -> dict[str, ColumnElement[Any]]:
    """What an item that is given ``as_text`` is made of: each plain value, under the names that lead to it.

    Dates, truth values, and lists, which stay JSON, are texts; so are numbers with a fraction on PostgreSQL, which
    prints them as it does in JSON.
    """
    assert isinstance(item, Cast)
    return dict(_cells(item.clause, ""))


def _cells(value: Any, name: str) -> Iterator[tuple[str, ColumnElement[Any]]]:
    if isinstance(value, Grouping):
        yield from _cells(value.element, name)
    elif isinstance(value, _object):
        inner = list(value.clauses)
        for key, each in zip(inner[::2], inner[1::2], strict=True):
            yield from _cells(each, f"{name}_{key.name[1:-1]}" if name else key.name[1:-1])
    elif isinstance(value, Case):  # obj_or_null
        [(missing, _)] = value.whens
        for path, each in _cells(value.else_, name):
            yield path, case((missing, null()), else_=each)
    elif isinstance(value, _boolean):
        yield name, _truth(*value.clauses)
    elif isinstance(value, _parsed):
        yield name, next(iter(value.clauses))
    else:
        yield name, _printed(value) if isinstance(value, _embed) or isinstance(value.type, (Date, Float)) else value


class IdList(TypeDecorator[Any]):
    """Any number of ids as one value."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        listed = ",".join(map(str, value))
        return f"[{listed}]" if dialect.name == "sqlite" else f"{{{listed}}}"


_among = _portable("among", sqlite="IN (SELECT value FROM json_each({}))", postgresql="= ANY(CAST({} AS bigint[]))")


def is_one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column`` is one of the ids that are given as the value ``name``."""
    return column.op("")(_among(bindparam(name, type_=IdList, required=True)))


def json_boolean(column: ColumnElement[Any]) -> Json:
    return _boolean(column)


def rfc3339_time(column: ColumnElement[Any]) -> Json:
    """RFC 3339 in UTC."""
    return _moment(column)


def timestamp_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A moment as text, to the microsecond: the same for the same moment, on either database."""
    return _stamp(column)


def days_between(first: Any, last: Any) -> Json:
    """Whole days from one date to another, or null where either is."""
    return cast(_julian(last) - _julian(first), Integer)


def as_text(item: Json) -> ColumnElement[str]:
    """The JSON as text, whatever type the driver would make of it."""
    return cast(item, Text)


def edtf_date(text: Any, earliest: Any, latest: Any, *, always: bool = False) -> Json:
    """An EDTF date with its bounds, or null unless there ``always`` is one."""
    fields = {"edtf": text, "earliest": earliest, "latest": latest}
    return json_object(fields) if always else json_object_or_null(text, fields)


def span_selectors(text: Any, start: Any, end: Any, *, always: bool = False) -> Json:
    """The W3C selectors of ``text[start:end]``, or null where ``start`` is null unless there ``always`` is one.

    SQL counts characters, which on both databases are code points, and counts them from 1.
    """
    before = case((start > CONTEXT, start - CONTEXT), else_=0)
    fields = {
        "exact": func.substr(text, start + 1, end - start),
        "prefix": func.substr(text, before + 1, start - before),
        "suffix": func.substr(text, end + 1, CONTEXT),
        "start": start,
        "end": end,
    }
    return json_object(fields) if always else json_object_or_null(start, fields)
