"""Pair quotation marks: straight and curly marks, guillemets, low-high marks and doubled ticks.

Apostrophes and inch marks are left out. Marks are paired paragraph by paragraph, because a quotation that continues
opens again in each paragraph; a quotation without a closing mark ends with its paragraph.
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
_SINGLE_REACH = 400  # code points within which a single mark must be closed; otherwise it is an apostrophe
_CURLY_CLOSE = re.compile(r"’(?!\w)")
_STRAIGHT_CLOSE = re.compile(r"(?<=[\w.,!?;…])'(?!\w)")


def find_quoted(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the stretches of `text[start:end]` between outermost marks, without the marks, in order.

    For quotations inside a quotation, call it again for the inside of the outer one.
    """
    end = len(text) if end is None else end
    return [
        span
        for paragraph in _PARAGRAPH.finditer(text, start, end)
        for span in _find_in_paragraph(text, *paragraph.span())
    ]


def _find_in_paragraph(text: str, start: int, end: int) -> Iterator[Span]:
    opened, skip_to = -1, -1
    closers: tuple[str, ...] = ()
    for mark in _MARK.finditer(text, start, end):
        sign, (first, last) = mark[0], mark.span()
        if first < skip_to:
            continue
        if opened >= 0:
            if sign in closers and (sign != "“" or _is_closing(text, first, last, end)):
                if first > opened:
                    yield Span(opened, first)
                opened = -1
        elif sign in ("'", "‘"):
            skip_to = _find_single_close(text, sign, first, start, end)
            if skip_to > last:
                yield Span(last, skip_to)
                skip_to += 1
        elif sign == '"' and text[first - 1 : first] == "=":  # the attribute of a tag, up to its end
            skip_to = text.find(sign, last, end) + 1
        elif sign != "’" and _is_opening(text, sign, first, last, start, end):
            opened, closers = last, _CLOSERS[sign]
    if 0 <= opened < end:
        yield Span(opened, end)


def _is_opening(text: str, sign: str, first: int, last: int, start: int, end: int) -> bool:
    before = text[first - 1] if first > start else " "
    after = text[last] if last < end else " "
    if sign in ("“", "„", "‟", "«", "``"):
        return True
    if after.isspace() and not before.isspace():
        return False
    if sign in ("”", "»"):
        return not before.isalnum() and after.isalnum()
    return not (sign == '"' and before.isdigit() and not after.isalnum())  # inches


def _is_closing(text: str, first: int, last: int, end: int) -> bool:
    """Return whether an opening mark closes a quotation, as in some typography and by mistake."""
    return not text[first - 1].isspace() and (last == end or not text[last].isalnum())


def _find_single_close(text: str, sign: str, first: int, start: int, end: int) -> int:
    """Return the end of the quotation that a single mark opens, or -1 if the mark is an apostrophe."""
    before = text[first - 1] if first > start else " "
    after = text[first + 1] if first + 1 < end else " "
    if before not in _BEFORE_SINGLE or not (after.isalnum() or after in "[(…$"):
        return -1
    pattern = _CURLY_CLOSE if sign == "‘" else _STRAIGHT_CLOSE
    closing = pattern.search(text, first + 2, min(end, first + _SINGLE_REACH))
    if closing is None:
        return -1
    inside = text[first : closing.start()]
    is_unpaired = inside.count("“") != inside.count("”") or inside.count('"') % 2 == 1
    return -1 if is_unpaired else closing.start()
