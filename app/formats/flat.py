"""Rows without nesting, for dashboards and spreadsheets.

``place.name`` becomes ``place_name``; a list becomes one cell, with its members named by slug or id and
joined by ``"; "``.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel

from app.schemas.common import RecordPublic

Items = Sequence[str] | Sequence[Sequence[Any]]
"""Items of one shape: JSON texts, or rows of cells as the database selected them, perhaps with further cells."""

_JSON_BOOLEANS = {True: "true", False: "false"}


def list_columns(shape: type[BaseModel]) -> tuple[str, ...]:
    """List the columns of a public shape's rows, in the order of its fields."""
    return tuple(get_column_types(shape))


@cache
def get_column_types(shape: type[BaseModel]) -> Mapping[str, Any]:
    """Return the columns with the types of their values that are not null."""
    return dict(_iterate_column_types(shape, ""))


def _iterate_column_types(shape: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    # The coder of a record interests least: RecordPublic's fields, except the id, come last.
    names = sorted(shape.model_fields, key=lambda name: name != "id" and name in RecordPublic.model_fields)
    for name in names:
        field_type: Any = shape.model_fields[name].annotation
        options = [option for option in get_args(field_type) if option is not NoneType]
        if len(options) == 1 and NoneType in get_args(field_type):
            field_type = options[0]  # of ``T | None``
        if isinstance(field_type, type) and issubclass(field_type, BaseModel):
            yield from _iterate_column_types(field_type, f"{prefix}{name}_")
        else:
            yield prefix + name, get_origin(field_type) or field_type


def build_columns(shape: type[BaseModel], items: Items) -> list[Sequence[Any]]:
    """Build the cells of every column: texts, numbers and nulls; booleans, dates and times are texts as in JSON."""
    if not items:
        return [() for _ in list_columns(shape)]
    types = get_column_types(shape).values()
    if not isinstance(items[0], str):
        columns = zip(types, zip(*items, strict=True), strict=False)
        return [
            ["" if cell == "[]" else _join_members(orjson.loads(cell)) for cell in cells] if kind is list else cells
            for kind, cells in columns
        ]
    rows = (flatten(shape, orjson.loads(str(item))).values() for item in items)
    columns = zip(types, zip(*rows, strict=True), strict=True)
    return [[_JSON_BOOLEANS.get(cell) for cell in cells] if kind is bool else cells for kind, cells in columns]


def flatten(shape: type[BaseModel], item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as a row that has every column of its shape."""
    row: dict[str, Any] = dict.fromkeys(list_columns(shape))
    for name, value in _iterate_cells(item, ""):
        if name in row:
            row[name] = value
    for name, value in item.items():
        if name in row and isinstance(value, dict):  # an object of no fixed shape, such as the snapshot of a version
            row[name] = orjson.dumps(value).decode()
    return row


def _iterate_cells(item: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _iterate_cells(value, f"{prefix}{name}_")
        elif isinstance(value, list):
            yield prefix + name, _join_members(value)
        else:
            yield prefix + name, value


def _join_members(members: Sequence[Any]) -> str:
    return "; ".join(map(_label_member, members))


def _label_member(member: Any) -> str:
    """Return the shortest name of a list's member."""
    if not isinstance(member, dict):
        return str(member)
    named = member.get("speaker") or member
    return str(named.get("slug") or named.get("id"))
