"""Rows without nesting, for dashboards and spreadsheets.

``place.name`` becomes ``place_name``; a list becomes one cell, its members named by slug or id and
joined by ``"; "``.
"""

from collections.abc import Iterator
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel

from app.schemas.common import RecordPublic


@cache
def columns(shape: type[BaseModel]) -> tuple[str, ...]:
    """The columns of a public shape's rows, in the order of its fields."""
    return tuple(_columns(shape, ""))


def _columns(shape: type[BaseModel], prefix: str) -> Iterator[str]:
    # Who coded a record interests least: RecordPublic's fields, but for the id, come last.
    names = sorted(shape.model_fields, key=lambda name: name != "id" and name in RecordPublic.model_fields)
    for name in names:
        field = shape.model_fields[name]
        nested = _shape(field.annotation)
        if nested is not None:
            yield from _columns(nested, f"{prefix}{name}_")
        else:
            yield prefix + name


def _shape(annotation: Any) -> type[BaseModel] | None:
    """The shape that a field holds, where it holds one, or one or null."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is list:
        return None
    options = [option for option in get_args(annotation) if option is not NoneType]
    return _shape(options[0]) if len(options) == 1 and options[0] is not annotation else None


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
            yield prefix + name, "; ".join(_label(member) for member in value)
        else:
            yield prefix + name, value


def _label(member: Any) -> str:
    """The shortest name of a list's member."""
    if not isinstance(member, dict):
        return str(member)
    named = member.get("speaker") or member
    return str(named.get("slug") or named.get("id"))
