"""Rows without nesting, for dashboards and spreadsheets.

``place.name`` becomes ``place_name``; a list becomes one cell, its members named by slug or id and
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
"""Items of one shape: JSON texts, or where the database took them apart the cells of its columns, and maybe more."""

_TRUTH = {True: "true", False: "false"}


def columns(shape: type[BaseModel]) -> tuple[str, ...]:
    """The columns of a public shape's rows, in the order of its fields."""
    return tuple(types(shape))


@cache
def types(shape: type[BaseModel]) -> Mapping[str, Any]:
    """The columns, each with the type of its values where they are not null."""
    return dict(_types(shape, ""))


def _types(shape: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    # Who coded a record interests least: RecordPublic's fields, but for the id, come last.
    names = sorted(shape.model_fields, key=lambda name: name != "id" and name in RecordPublic.model_fields)
    for name in names:
        held = _held(shape.model_fields[name].annotation)
        if isinstance(held, type) and issubclass(held, BaseModel):
            yield from _types(held, f"{prefix}{name}_")
        else:
            yield prefix + name, get_origin(held) or held


def _held(annotation: Any) -> Any:
    """The type of a field, without the null that it may be instead."""
    options = [option for option in get_args(annotation) if option is not NoneType]
    return options[0] if len(options) == 1 and NoneType in get_args(annotation) else annotation


def table(shape: type[BaseModel], items: Items) -> list[Sequence[Any]]:
    """The cells of each column: texts, numbers and nulls; truth values, dates and times are texts as in JSON."""
    if not items:
        return [() for _ in columns(shape)]
    if not isinstance(items[0], str):
        found = zip(types(shape).values(), zip(*items, strict=True), strict=False)
        return [_named(cells) if kind is list else cells for kind, cells in found]
    rows = (flatten(shape, orjson.loads(str(item))).values() for item in items)
    found = zip(types(shape).values(), zip(*rows, strict=True), strict=True)
    return [[_TRUTH.get(cell) for cell in cells] if kind is bool else cells for kind, cells in found]


def _named(lists: Sequence[str]) -> Sequence[str]:
    return ["" if each == "[]" else _labels(orjson.loads(each)) for each in lists]


def flatten(shape: type[BaseModel], item: dict[str, Any]) -> dict[str, Any]:
    """One item as a row that has every column of its shape."""
    row: dict[str, Any] = dict.fromkeys(columns(shape))
    for name, value in _cells(item, ""):
        if name in row:
            row[name] = value
    for name, value in item.items():
        if name in row and isinstance(value, dict):  # of no shape, such as the values of a version
            row[name] = orjson.dumps(value).decode()
    return row


def _cells(item: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _cells(value, f"{prefix}{name}_")
        elif isinstance(value, list):
            yield prefix + name, _labels(value)
        else:
            yield prefix + name, value


def _labels(members: Sequence[Any]) -> str:
    return "; ".join(map(_label, members))


def _label(member: Any) -> str:
    """The shortest name of a list's member."""
    if not isinstance(member, dict):
        return str(member)
    named = member.get("speaker") or member
    return str(named.get("slug") or named.get("id"))
