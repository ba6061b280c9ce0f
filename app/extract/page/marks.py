"""Quotation marks: which stretches of a text stand between them.

Straight and curly marks, guillemets, low-high marks and doubled ticks are told apart from apostrophes and inches.
Marks are paired paragraph by paragraph, since a quotation that continues opens anew in each: what is never closed
runs to the end of its paragraph.
"""

import re
from collections.abc import Iterator

from app.core.spans import Span

_PARAGRAPH = re.compile(r"[^\n]+")
_MARK = re.compile(r"``|''|[\"'“”„‟«»‘’]")
_CLOSERS = {
    "“": ("”", '"', "“"),
    "„": ("“", "”", '"'),
    "‟": ("”",),
    "«": ("»",),
    "»": ("«",),
    "``": ("''", '"'),
    "''": ("''", '"'),
    '"': ('"', "”"),
    "”": ("”",),
}
_BEFORE_SINGLE = ' \t\u00a0(—–-:“"'
_SINGLE_REACH = 400  # code points within which a single mark must be closed, or else it is an apostrophe


def find_quoted(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the stretches of `text[start:end]` between outermost marks, without the marks, in order.

    A quotation within a quotation is found by asking again for the inside of the outer one.
    """
    end = len(text) if end is None else end
    return [
        span for paragraph in _PARAGRAPH.finditer(text, start, end) for span in _in_paragraph(text, *paragraph.span())
    ]


def _in_paragraph(text: str, start: int, end: int) -> Iterator[Span]:
    opened, reach = -1, -1
    closers: tuple[str, ...] = ()
    for mark in _MARK.finditer(text, start, end):
        sign, (first, last) = mark[0], mark.span()
        if first < reach:
            continue
        if opened >= 0:
            if sign in closers and (sign != "“" or _closes(text, first, last, end)):
                if first > opened:
                    yield Span(opened, first)
                opened = -1
        elif sign in ("'", "‘"):
            reach = _closing_single(text, sign, first, start, end)
            if reach > last:
                yield Span(last, reach)
                reach += 1
        elif sign == '"' and text[first - 1 : first] == "=":  # the attribute of a tag, up to its end
            reach = text.find(sign, last, end) + 1
        elif sign != "’" and _opens(text, sign, first, last, start, end):
            opened, closers = last, _CLOSERS[sign]
    if 0 <= opened < end:
        yield Span(opened, end)


def _opens(text: str, sign: str, first: int, last: int, start: int, end: int) -> bool:
    before = text[first - 1] if first > start else " "
    after = text[last] if last < end else " "
    if sign in ("“", "„", "‟", "«", "``"):
        return True
    if after.isspace() and not before.isspace():
        return False
    if sign in ("”", "»"):
        return not before.isalnum() and after.isalnum()
    return not (sign == '"' and before.isdigit() and not after.isalnum())  # inches


def _closes(text: str, first: int, last: int, end: int) -> bool:
    """Tell whether an opening mark stands where only a closing one can: as some print them, or by mistake."""
    return not text[first - 1].isspace() and (last == end or not text[last].isalnum())


def _closing_single(text: str, sign: str, first: int, start: int, end: int) -> int:
    """Return where the quotation that a single mark opens ends, or -1 where the mark is an apostrophe."""
    before = text[first - 1] if first > start else " "
    after = text[first + 1] if first + 1 < end else " "
    if before not in _BEFORE_SINGLE or not (after.isalnum() or after in "[(…$"):
        return -1
    pattern = _CURLY_CLOSE if sign == "‘" else _STRAIGHT_CLOSE
    closing = pattern.search(text, first + 2, min(end, first + _SINGLE_REACH))
    if closing is None or _splits(text[first : closing.start()]):
        return -1
    return closing.start()


def _splits(inside: str) -> bool:
    """Tell whether a stretch holds one mark of a pair without the other."""
    return inside.count("“") != inside.count("”") or inside.count('"') % 2 == 1


_CURLY_CLOSE = re.compile(r"’(?!\w)")
_STRAIGHT_CLOSE = re.compile(r"(?<=[\w.,!?;…])'(?!\w)")
