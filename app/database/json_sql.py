"""SQL expressions that build JSON, the same on SQLite and PostgreSQL.

A query's row is one item of the API as JSON text: the database builds nested lists too, and the item is not parsed
again before it is sent.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    Case,
    Cast,
    ColumnElement,
    Date,
    Float,
    Integer,
    Select,
    Text,
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


def portable(name: str, *, sqlite: str, postgresql: str) -> type[FunctionElement[Any]]:
    """Create a SQL function from a template for each database, with ``{}`` in place of its arguments."""

    def compile_as(template: str) -> Any:
        return lambda node, compiler, **kw: template.format(compiler.process(node.clauses, **kw))

    element = type(name, (FunctionElement,), {"name": name, "inherit_cache": True})
    compiles(element, "sqlite")(compile_as(sqlite))
    compiles(element, "postgresql")(compile_as(postgresql))
    return element


_object = portable("object", sqlite="json_object({})", postgresql="json_build_object({})")
# SQLite forgets that a value is JSON when it leaves a subquery; json() marks it again.
_embed = portable("embed", sqlite="json({})", postgresql="{}")
# The items are JSON already: joining their texts saves SQLite from parsing each of them again.
_collect = portable(
    "collect",
    sqlite="coalesce('[' || group_concat({}) || ']', '[]')",
    postgresql="coalesce(json_agg({}), '[]'::json)",
)
_parsed = portable("parsed", sqlite="json({})", postgresql="CAST({} AS json)")
_collect_values = portable(
    "collect_values", sqlite="json_group_array({})", postgresql="coalesce(json_agg({}), '[]'::json)"
)
_boolean = portable("boolean", sqlite="json(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)", postgresql="{}")
_boolean_text = portable(
    "boolean_text", sqlite="CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", postgresql="CAST({} AS text)"
)
_printed = portable("printed", sqlite="{}", postgresql="CAST({} AS text)")
_moment = portable(
    "moment",
    sqlite="strftime('%Y-%m-%dT%H:%M:%SZ', {})",
    postgresql="to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
)
_stamp = portable("stamp", sqlite="{}", postgresql="to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')")
_julian = portable("julian", sqlite="julianday({})", postgresql="({} - DATE '1970-01-01')")


def json_object(fields: Mapping[str, Any]) -> Json:
    """Build a JSON object of ``fields``, in their order."""
    arguments: list[Any] = []
    for name, value in fields.items():
        arguments += literal_column(f"'{name}'"), value
    return _object(*arguments)


def parse_json(text: ColumnElement[str]) -> Json:
    """Convert a column with JSON text to JSON."""
    return _parsed(text)


def json_object_or_null(present: ColumnElement[Any], fields: Mapping[str, Any]) -> Json:
    """Build a JSON object, or null if the column ``present`` is null."""
    # SQLite knows the result of CASE to be JSON; json() would parse each object again.
    return case((present.is_(None), null()), else_=json_object(fields))


def json_array(items: Select[Any]) -> Json:
    """Build a JSON array of the rows of ``items`` (one JSON column called ``item``), in their order."""
    rows = items.subquery()
    return _embed(select(_collect(rows.c.item)).scalar_subquery())


def json_array_of_values(items: Select[Any]) -> Json:
    """Build a JSON array of the plain values of ``items`` (one column called ``item``), in their order."""
    rows = items.subquery()
    return _embed(select(_collect_values(rows.c.item)).scalar_subquery())


def flat_columns(item: Json) -> dict[str, ColumnElement[Any]]:
    """Return the plain values of an item that was built ``as_text``, by their paths joined with ``_``.

    Dates, booleans and lists are texts; so are numbers with a fraction on PostgreSQL, printed as in JSON.
    """
    assert isinstance(item, Cast)
    return dict(_flatten(item.clause, ""))


def _flatten(value: Any, path: str) -> Iterator[tuple[str, ColumnElement[Any]]]:
    if isinstance(value, Grouping):
        yield from _flatten(value.element, path)
    elif isinstance(value, _object):
        arguments = list(value.clauses)
        for key, field in zip(arguments[::2], arguments[1::2], strict=True):
            name = key.name[1:-1]
            yield from _flatten(field, f"{path}_{name}" if path else name)
    elif isinstance(value, Case):  # json_object_or_null
        [(is_missing, _)] = value.whens
        for inner_path, field in _flatten(value.else_, path):
            yield inner_path, case((is_missing, null()), else_=field)
    elif isinstance(value, _boolean):
        yield path, _boolean_text(*value.clauses)
    elif isinstance(value, _parsed):
        yield path, next(iter(value.clauses))
    else:
        yield path, _printed(value) if isinstance(value, _embed) or isinstance(value.type, (Date, Float)) else value


def json_boolean(column: ColumnElement[Any]) -> Json:
    return _boolean(column)


def rfc3339_time(column: ColumnElement[Any]) -> Json:
    """Format a time as RFC 3339 in UTC."""
    return _moment(column)


def timestamp_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Format a time to the microsecond; both databases give the same text."""
    return _stamp(column)


def days_between(first: Any, last: Any) -> Json:
    """Count the whole days from one date to another, or null if either is null."""
    return cast(_julian(last) - _julian(first), Integer)


def as_text(item: Json) -> ColumnElement[str]:
    """Cast JSON to text, so that the driver does not parse it."""
    return cast(item, Text)


def edtf_date(text: Any, earliest: Any, latest: Any, *, always: bool = False) -> Json:
    """Build an EDTF date with its bounds, or null if ``text`` is null, unless it ``always`` has one."""
    fields = {"edtf": text, "earliest": earliest, "latest": latest}
    return json_object(fields) if always else json_object_or_null(text, fields)


def span_selectors(text: Any, start: Any, end: Any, *, always: bool = False) -> Json:
    """Build the W3C selectors of ``text[start:end]``, or null if ``start`` is null, unless there ``always`` is one.

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
