"""Find the dates in prose and normalize them against the day of writing: "yesterday", "on Wednesday", "June 19"."""

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
_SLACK = 7  # days that a date without a year may be after the day of writing
_DAYS_BACK = {"yesterday": 1, "last night": 1}

# Every date contains a digit, or one of the words that stand for a day.
_HINT = re.compile(r"[0-9]|[Dd]ay\b|[Ll]ast |[Mm]orning|[Nn]ight|[Ee]vening|[Aa]fternoon|[Ii]n [A-Z]")


@dataclass(frozen=True, slots=True)
class DateMention:
    """A date as a text prints it, and in EDTF; ``edtf`` is None if the day cannot be told."""

    span: Span
    edtf: str | None
    is_day: bool  # rather than a month or a year


def find_dates(text: str, start: int, end: int, written: str | None) -> Iterator[DateMention]:
    """Yield the dates in `text[start:end]`; `written` (EDTF) is the date of writing."""
    anchor = _parse(written)
    for match in _DATE.finditer(text, start, end):
        edtf = _normalize(match, anchor)
        yield DateMention(Span(*match.span()), edtf, edtf is None or edtf.count("-") == 2)


def may_contain_date(text: str, start: int, end: int) -> bool:
    """Return False if `text[start:end]` certainly contains no date; faster than `find_dates`."""
    return _HINT.search(text, start, end) is not None


def _parse(edtf: str | None) -> EDTF | None:
    try:
        return parse_edtf(edtf) if edtf else None
    except ValueError:
        return None


def _normalize(match: re.Match[str], anchor: EDTF | None) -> str | None:
    month = match["month"] or match["month2"] or match["month3"]
    if month:
        prefix = month.rstrip(".").casefold()[:3]
        number = next(number for number, name in enumerate(nouns.MONTHS, 1) if name.startswith(prefix))
        day, year = match["day"] or match["day2"], match["year"] or match["year2"] or match["year3"]
        return _complete(number, day and int(day), year and int(year), anchor)
    if match["iso"]:
        return match["iso"] if _parse(match["iso"]) else None
    if match["only"]:
        return match["only"]
    if anchor is None:
        return None
    return _resolve_relative(" ".join((match["weekday"] or match["word"]).casefold().split()), anchor)


def _complete(month: int, day: int | str | None, year: int | str | None, anchor: EDTF | None) -> str | None:
    """Return the date of a month and perhaps a day; without a year the last such date before the day of writing."""
    if not year and anchor is None:
        return None
    limit = date.fromordinal(min(date.max.toordinal(), anchor.latest.toordinal() + _SLACK)) if anchor else date.max
    years = [int(year)] if year else [limit.year, max(1, limit.year - 1)]
    for candidate in years:
        last = calendar.monthrange(candidate, month)[1]
        if not day:
            if year or date(candidate, month, 1) <= limit:
                return f"{candidate:04}-{month:02}"
        elif 1 <= int(day) <= last and (year or date(candidate, month, int(day)) <= limit):
            return f"{candidate:04}-{month:02}-{int(day):02}"
    return None


def _resolve_relative(word: str, anchor: EDTF) -> str | None:
    """Return the date of a weekday or a word such as "yesterday" before the day of writing."""
    day = anchor.latest
    if word == "last year":
        return f"{day.year - 1:04}" if anchor.earliest.year == day.year else None
    if word == "last month":
        before = anchor.earliest.replace(day=1) - timedelta(days=1)
        return f"{before:%Y-%m}" if (anchor.earliest.year, anchor.earliest.month) == (day.year, day.month) else None
    if anchor.earliest != day:
        return None
    if word == "last week":
        return f"{date.fromordinal(max(1, day.toordinal() - 7))}~"
    back = (day.weekday() - nouns.DAYS.index(word)) % 7 if word in nouns.DAYS else _DAYS_BACK.get(word, 0)
    return f"{date.fromordinal(max(1, day.toordinal() - back))}"
