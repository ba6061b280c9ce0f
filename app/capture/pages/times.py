"""Times of publication on pages: ISO 8601 as schema.org asks for, and the formats used instead."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from app.core.dates import parse_edtf

_MAX_LENGTH = 80
_EDTF = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_ZONE_NAME = re.compile(r" ?(?:UTC|GMT)$")
# The oldest newspapers; content management systems write year 1 for a missing time.
_FIRST_YEAR = 1600
_MAX_OFFSET = dt.timedelta(hours=14)  # of any place on earth


@dataclass(frozen=True, slots=True)
class Time:
    """A day, month or year in EDTF, in the zone of the text, and the moment if the text has a zone."""

    day: str
    at: dt.datetime | None = None


def parse_time(text: str) -> Time | None:
    """Parse a date or time. Return None if it is neither, or older than any newspaper."""
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return None
    time = Time(text) if _EDTF.fullmatch(text) else _build_time(_parse_moment(text))
    try:
        return time if time and parse_edtf(time.day).earliest.year >= _FIRST_YEAR else None
    except ValueError:
        return None


def _parse_moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(_ZONE_NAME.sub("+00:00", text))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _build_time(moment: dt.datetime | None) -> Time | None:
    if moment is None:
        return None
    day, offset = moment.date().isoformat(), moment.utcoffset()
    if offset is None or abs(offset) > _MAX_OFFSET:
        return Time(day)
    try:
        return Time(day, moment.astimezone(dt.UTC))
    except OverflowError:
        return None


def select_published(texts: Iterable[str]) -> Time | None:
    """Return the first text that is a time, or the first later one that adds the moment of the same day."""
    times = [time for time in map(parse_time, texts) if time is not None]
    if not times:
        return None
    return next((time for time in times if time.at and time.day == times[0].day), times[0])
