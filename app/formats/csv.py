"""CSV (RFC 4180) that a spreadsheet can open without running what somebody wrote into a title."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from app.formats.flat import Items, columns, table, types
from app.formats.listed import Listed

# What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection), full-width forms included.
_FORMULA = re.compile(" *[=+\\-@\t\r\n＝＋－＠]")

# The same in texts joined by a sign that none of them holds.
_FORMULA_AMONG = re.compile(f"\0{_FORMULA.pattern}")

# What is no text holds no sign that means something in CSV, and a minus that is one.
_NO_TEXT = (int, float, bool, dt.date, dt.datetime)


# Tells Excel that the text is UTF-8, and is taken for a part of the first column's name by much else.
_BOM = "\ufeff"


def write(listed: Listed, batches: Iterable[Items]) -> Iterator[bytes]:
    head = (_BOM if listed.bom else "") + ",".join(columns(listed.shape)) + "\r\n"
    for items in batches:
        yield (head + _lines(listed.shape, items)).encode()
        head = ""


def _lines(shape: type[BaseModel], items: Items) -> str:
    # Column by column, and past the csv module: it looks at every character twice, which takes most of an export.
    kinds = types(shape).values()
    printed = [
        _plain(cells) if kind in _NO_TEXT else _texts(cells)
        for kind, cells in zip(kinds, table(shape, items), strict=True)
    ]
    return "".join([f"{line}\r\n" for line in map(",".join, zip(*printed, strict=True))])


def _plain(cells: Sequence[Any]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in cells]


def _texts(cells: Sequence[str | None]) -> list[str]:
    texts = [cell or "" for cell in cells]
    joined = "\0" + "\0".join(texts)
    if _FORMULA_AMONG.search(joined):
        texts = [f"'{text}" if _FORMULA.match(text) else text for text in texts]
    if "," in joined or '"' in joined or "\n" in joined or "\r" in joined:
        texts = [_quoted(text) for text in texts]
    return texts


def _quoted(text: str) -> str:
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text
