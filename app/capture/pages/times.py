"""When a page says that it was published: ISO 8601 as schema.org wants it, and what is written instead."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from app.core.dates import parse_edtf

_LONGEST = 80
_EDTF = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_ZONE_NAME = re.compile(r" ?(?:UTC|GMT)$")
# Year 1 is what content management systems write for none; newspapers are not older than this.
_FIRST_YEAR = 1600
_FARTHEST = dt.timedelta(hours=14)  # from UTC, of all places on earth


@dataclass(frozen=True, slots=True)
class Time:
    """A day (or month, or year) in EDTF, in the zone it was written in, and the moment where a zone is given."""

    day: str
    at: dt.datetime | None = None


def read(text: str) -> Time | None:
    """Read a date or time; None where it is neither, or one that no newspaper can have."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    time = Time(text) if _EDTF.fullmatch(text) else _of(_parsed(text))
    try:
        return time if time and parse_edtf(time.day).earliest.year >= _FIRST_YEAR else None
    except ValueError:
        return None


def _parsed(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(_ZONE_NAME.sub("+00:00", text))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _of(moment: dt.datetime | None) -> Time | None:
    if moment is None:
        return None
    day, offset = moment.date().isoformat(), moment.utcoffset()
    if offset is None or abs(offset) > _FARTHEST:
        return Time(day)
    try:
        return Time(day, moment.astimezone(dt.UTC))
    except OverflowError:
        return None


def published(texts: Iterable[str]) -> Time | None:
    """The first time that can be read; of a later one, the moment too where the first gives that day alone."""
    times = [time for time in map(read, texts) if time is not None]
    if not times:
        return None
    return next((time for time in times if time.at and time.day == times[0].day), times[0])
