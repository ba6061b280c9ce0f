"""Dates as prose gives them, against the day it was written: "yesterday", "on Wednesday", "June 19"."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.dates import EDTF, parse_edtf
from app.core.spans import Span
from app.extract.mentions import nouns

_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?|Sept?(?:ember|\.)?"
    r"|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_DATE = re.compile(
    rf"\b(?:(?P<month>{_MONTH})[ \u00a0](?P<day>\d\d?)(?:st|nd|rd|th)?\b(?:,?[ \u00a0](?P<year>(?:1[5-9]|20)\d\d)\b)?"
    rf"|(?P<day2>\d\d?)(?:st|nd|rd|th)?[ \u00a0](?P<month2>{_MONTH})\b(?:,?[ \u00a0](?P<year2>(?:1[5-9]|20)\d\d)\b)?"
    rf"|(?:[Ii]n|[Ll]ast|[Ss]ince|[Oo]f)[ \u00a0](?P<month3>{_MONTH})\b"
    r"(?:,?[ \u00a0](?:of[ \u00a0])?(?P<year3>(?:1[5-9]|20)\d\d)\b)?"
    r"|(?P<iso>\d{4}-\d\d-\d\d)\b"
    r"|[Ii]n[ \u00a0](?P<only>(?:1[5-9]|20)\d\d)\b"
    r"|(?P<weekday>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b(?!s)"
    r"|(?P<word>[Tt]oday|[Yy]esterday|[Tt]onight|(?:[Tt]his|[Ee]arlier this)[ \u00a0](?:morning|afternoon|evening)"
    r"|[Ee]arlier[ \u00a0]in[ \u00a0]the[ \u00a0]day|[Ll]ast[ \u00a0](?:night|week|month|year))\b)"
)
_SLACK = 7  # days: a bare month and day may lie that far ahead of the day of writing
_BACK = {"yesterday": 1, "last night": 1}


# What every date holds: a figure, or one of the words that stand for a day.
_HINT = re.compile(r"[0-9]|[Dd]ay\b|[Ll]ast |[Mm]orning|[Nn]ight|[Ee]vening|[Aa]fternoon|[Ii]n [A-Z]")


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in a text: where it stands, and what it is. ``edtf`` is None where nothing tells which day is meant."""

    span: Span
    edtf: str | None
    full: bool  # a day, rather than a month or a year


def find(text: str, start: int, end: int, written: str | None) -> Iterator[Dated]:
    """Yield the dates in `text[start:end]`; `written` (EDTF) is when the text was written."""
    anchor = _parsed(written)
    for found in _DATE.finditer(text, start, end):
        edtf = _edtf(found, anchor)
        yield Dated(Span(*found.span()), edtf, edtf is None or edtf.count("-") == 2)


def mentions(text: str, start: int, end: int) -> bool:
    """Tell, faster than `find`, whether there may be a date in `text[start:end]`."""
    return _HINT.search(text, start, end) is not None


def _parsed(written: str | None) -> EDTF | None:
    try:
        return parse_edtf(written) if written else None
    except ValueError:
        return None


def _edtf(found: re.Match[str], anchor: EDTF | None) -> str | None:
    month = found["month"] or found["month2"] or found["month3"]
    if month:
        day, year = found["day"] or found["day2"], found["year"] or found["year2"] or found["year3"]
        return _of_month(nouns.MONTHS.index(_full(month)) + 1, day and int(day), year and int(year), anchor)
    if found["iso"]:
        return found["iso"] if _parsed(found["iso"]) else None
    if found["only"]:
        return found["only"]
    if anchor is None:
        return None
    return _relative((found["weekday"] or found["word"]).casefold(), anchor)


def _full(month: str) -> str:
    return next(name for name in nouns.MONTHS if name.startswith(month.rstrip(".").casefold()[:3]))


def _of_month(month: int, day: int | str | None, year: int | str | None, anchor: EDTF | None) -> str | None:
    if not year and anchor is None:
        return None
    limit = date.fromordinal(min(date.max.toordinal(), anchor.latest.toordinal() + _SLACK)) if anchor else date.max
    years = [int(year)] if year else [limit.year, max(1, limit.year - 1)]
    for each in years:
        last = calendar.monthrange(each, month)[1]
        if not day:
            if year or date(each, month, 1) <= limit:
                return f"{each:04}-{month:02}"
        elif 1 <= int(day) <= last and (year or date(each, month, int(day)) <= limit):
            return f"{each:04}-{month:02}-{int(day):02}"
    return None


def _relative(word: str, anchor: EDTF) -> str | None:
    word = " ".join(word.split())
    day = anchor.latest
    if word == "last year":
        return f"{day.year - 1:04}" if anchor.earliest.year == day.year else None
    if word == "last month":
        before = anchor.earliest.replace(day=1) - timedelta(days=1)
        return f"{before:%Y-%m}" if (anchor.earliest.year, anchor.earliest.month) == (day.year, day.month) else None
    if anchor.earliest != day:
        return None
    approximate = "~" if word == "last week" else ""
    back = (
        7 if approximate else (day.weekday() - nouns.DAYS.index(word)) % 7 if word in nouns.DAYS else _BACK.get(word, 0)
    )
    return f"{date.fromordinal(max(1, day.toordinal() - back))}{approximate}"
