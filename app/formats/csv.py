"""CSV (RFC 4180) that a spreadsheet can open without running formulas from foreign texts."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from app.formats.flat import Items, build_columns, get_column_types, list_columns
from app.formats.list_info import ListInfo

# Beginnings that make a spreadsheet run a cell as a formula (OWASP, CSV Injection), full-width forms included.
_FORMULA = re.compile(" *[=+\\-@\t\r\n＝＋－＠]")

# The same, for a search in many texts at once, joined by NUL, which no text holds.
_FORMULA_IN_JOINED = re.compile(f"\0{_FORMULA.pattern}")

# Types whose cells need no quoting, and may begin with a minus.
_NOT_TEXT = (int, float, bool, dt.date, dt.datetime)

# Tells Excel that the text is UTF-8. Many other programs take it for a part of the first column's name.
_BOM = "\ufeff"


def write(info: ListInfo, batches: Iterable[Items]) -> Iterator[bytes]:
    head = (_BOM if info.bom else "") + ",".join(list_columns(info.shape)) + "\r\n"
    for items in batches:
        yield (head + _format_lines(info.shape, items)).encode()
        head = ""


def _format_lines(shape: type[BaseModel], items: Items) -> str:
    # Column by column, and without the csv module: it looks at every character twice, which takes most of an export.
    types = get_column_types(shape).values()
    columns = [
        ["" if cell is None else str(cell) for cell in cells] if kind in _NOT_TEXT else _format_texts(cells)
        for kind, cells in zip(types, build_columns(shape, items), strict=True)
    ]
    return "".join([f"{line}\r\n" for line in map(",".join, zip(*columns, strict=True))])


def _format_texts(cells: Sequence[Any]) -> list[str]:
    texts = [cell or "" for cell in cells]
    joined = "\0" + "\0".join(texts)
    if _FORMULA_IN_JOINED.search(joined):
        texts = [f"'{text}" if _FORMULA.match(text) else text for text in texts]
    if _needs_quotes(joined):
        texts = ['"' + text.replace('"', '""') + '"' if _needs_quotes(text) else text for text in texts]
    return texts


def _needs_quotes(text: str) -> bool:
    return "," in text or '"' in text or "\n" in text or "\r" in text
