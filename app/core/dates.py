"""Dates as documents give them, in a small subset of EDTF, and strict days.

The subset (ISO 8601-2:2019; Library of Congress EDTF, levels 0 and 1) is a day `2024-06-19`, a month `2024-06`, a
year `1961`, or an interval of any two of these, `2024-06-18/2024-06-20`. Each date may end in `?` (uncertain),
`~` (approximate) or `%` (both). Years run from 0001 to 9999. Nothing else is accepted: no open intervals, no spaces.

The meaning of such a text for an event that begins on a day `a` and ends on a day `b`, both days included:

* `A/B` means `earliest(A) <= a <= latest(A)` and `earliest(B) <= b <= latest(B)`. A single date is `A/A`: a day means
  `a = b`, a month "some time in that month", a year "some time in that year".
* The event *possibly* overlaps a range `[from, to]` iff `min(a) <= to` and `max(b) >= from`, that is
  `earliest(A) <= to` and `latest(B) >= from`: `EDTF.earliest` and `EDTF.latest`.
* It *certainly* overlaps the range iff `max(a) <= to` and `min(b) >= from`. Since also `a <= b`, that is
  `min(latest(A), latest(B)) <= to` and `max(earliest(A), earliest(B)) >= from`: `EDTF.latest_start` and
  `EDTF.earliest_end`.
* With `?`, `~` or `%` on either end nothing is certain: `latest_start` and `earliest_end` are None.

So a day covers itself, `2024-06-18/2024-06-20` certainly covers the 19th, and `2024-06` certainly covers no single day
but certainly falls into 2024-06-01..2024-06-30.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

_DATE = re.compile(r"([0-9]{4}(?:-[0-9]{2}){0,2})([?~%]?)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EDTF_HELP = "write YYYY-MM-DD, YYYY-MM or YYYY, followed by ?, ~ or % where in doubt, or two of these joined by /"
_DAY_HELP = "write the day as YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class EDTF:
    """A parsed EDTF text and its bounds, which queries compare with a range of days. All days are inclusive."""

    text: str  # as received
    earliest: date  # first day of the widest span the text allows
    latest: date  # last day of that span
    latest_start: date | None  # the event has begun by the end of this day; None when uncertain or approximate
    earliest_end: date | None  # the event has not ended before this day; None when uncertain or approximate


class _Bounds(NamedTuple):
    earliest: date
    latest: date
    is_doubtful: bool


def parse_edtf(text: str) -> EDTF:
    """Parse an EDTF text.

    Raises ValueError for a text outside the subset, a day that is not in the calendar, and an interval that ends before
    it begins.
    """
    head, slash, tail = text.partition("/")
    start = _parse_date(head)
    end = _parse_date(tail) if slash else start
    if start.earliest > end.latest:
        raise ValueError("the interval ends before it begins")
    is_doubtful = start.is_doubtful or end.is_doubtful
    return EDTF(
        text=text,
        earliest=start.earliest,
        latest=end.latest,
        latest_start=None if is_doubtful else min(start.latest, end.latest),
        earliest_end=None if is_doubtful else max(start.earliest, end.earliest),
    )


def parse_day(text: str) -> date:
    """Parse a day, strictly `YYYY-MM-DD` in ASCII digits. Raises ValueError for any other text."""
    if not _DAY.fullmatch(text):
        raise ValueError(_DAY_HELP)
    return _get_first_day(text)


def _parse_date(text: str) -> _Bounds:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date of the supported EDTF subset: {_EDTF_HELP}")
    digits, qualifier = match.groups()
    first = last = _get_first_day(digits)
    match digits.count("-"):
        case 0:
            last = first.replace(month=12, day=31)
        case 1:
            last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return _Bounds(first, last, bool(qualifier))


def _get_first_day(digits: str) -> date:
    year, month, day = (*map(int, digits.split("-")), 1, 1)[:3]
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"the calendar has no {digits}") from None


def _check_day(value: object) -> date:
    if isinstance(value, str):
        return parse_day(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError(_DAY_HELP)


EdtfText = Annotated[
    str,
    Field(
        max_length=40,
        description="A date in EDTF (ISO 8601-2): a day, month, year or interval, "
        "with `?` (uncertain), `~` (approximate) or `%` (both)",
        examples=["2024-06-19", "2024-06", "1961", "2024-06-18/2024-06-20", "2024-06-19?", "2024-06~"],
    ),
    AfterValidator(lambda text: parse_edtf(text).text),
]
"""Valid EDTF text, stored as received."""

Day = Annotated[date, BeforeValidator(_check_day)]
"""A day, strictly `YYYY-MM-DD`; pydantic alone also parses 1718755200 and 2024-06-19T00:00:00 as dates."""
