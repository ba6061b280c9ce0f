"""iCalendar (RFC 5545): what has a date, as all-day events."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence

import icalendar
import orjson

from app.formats import entries
from app.formats.listed import Listed

# Control characters have no place in a text (§3.1); ends of lines have one form.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile("\r\n?")

_FOOT = b"END:VCALENDAR\r\n"


def write(listed: Listed, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    head = _head(listed)
    stamp = dt.datetime.fromisoformat(listed.updated)
    for items in batches:
        yield head + b"".join([_event(listed, orjson.loads(item), stamp) for item in items])
        head = b""
    yield _FOOT


def _head(listed: Listed) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Dateline//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for name in ("name", "x-wr-calname"):  # RFC 7986's, and the older one that all know
        calendar.add(name, icalendar.vText(_storable(listed.title)))
    written: bytes = calendar.to_ical()
    return written.removesuffix(_FOOT)


def _event(listed: Listed, item: entries.Item, stamp: dt.datetime) -> bytes:
    """Of an item without a date, nothing."""
    told = entries.entry(listed.shape, item)
    if told.date is None:
        return b""
    address = listed.base + told.path
    event = icalendar.Event()
    event.add("uid", address)
    event.add("dtstamp", stamp)
    event.add("sequence", item["revision"])
    _add_days(event, told.date)
    event.add("summary", _storable(told.title))
    event.add("description", _storable(told.text))
    event.add("url", told.page or address)
    event.add("categories", [_storable(tag) for tag in told.tags])
    if told.where:
        event.add("location", _storable(told.where))
    if told.point is not None:
        longitude, latitude = told.point
        event.add("geo", (latitude, longitude))
    written: bytes = event.to_ical()
    return written


def _add_days(event: icalendar.Event, date: entries.Item) -> None:
    """All days that it may have been: a calendar has no way to say "some day in June", but that it is tentative."""
    first, last = (dt.date.fromisoformat(date[name]) for name in ("earliest", "latest"))
    event.add("dtstart", first)
    if last < dt.date.max:
        event.add("dtend", last + dt.timedelta(days=1))
    event.add("status", "CONFIRMED" if entries.is_plain(date) else "TENTATIVE")
    # It takes none of the reader's own time.
    event.add("transp", "TRANSPARENT")


def _storable(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", _LINE_END.sub("\n", text))
