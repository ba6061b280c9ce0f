"""CSV (RFC 4180) that a spreadsheet can open without running what somebody wrote into a title."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import BaseModel

from app.formats.flat import columns, flatten

# What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection), full-width forms included.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutralize(cell: Any) -> Any:
    """A text that a spreadsheet would run, with an apostrophe before it; anything else as it is."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_SIGNS):
        return f"'{cell}"
    return cell


def head(shape: type[BaseModel]) -> bytes:
    return _lines([columns(shape)])


def write(shape: type[BaseModel], items: Iterable[str], _flat: bool) -> bytes:
    rows = (flatten(shape, orjson.loads(item)).values() for item in items)
    return _lines([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else neutralize(value)


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()
