"""iCalendar (RFC 5545): dated items as all-day events."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence

import icalendar
import orjson

from app.formats import entries
from app.formats.list_info import Item, ListInfo

# Control characters have no place in a text (§3.1); ends of lines have one form.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile("\r\n?")

_FOOT = b"END:VCALENDAR\r\n"


def write(info: ListInfo, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    head = _build_head(info)
    stamp = dt.datetime.fromisoformat(info.updated)
    for items in batches:
        yield head + b"".join([_build_event(info, orjson.loads(item), stamp) for item in items])
        head = b""
    yield _FOOT


def _build_head(info: ListInfo) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Dateline//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for name in ("name", "x-wr-calname"):  # RFC 7986's, and the older one that all programs understand
        calendar.add(name, icalendar.vText(_clean(info.title)))
    head: bytes = calendar.to_ical()
    return head.removesuffix(_FOOT)


def _build_event(info: ListInfo, item: Item, stamp: dt.datetime) -> bytes:
    """Return the event of an item; no bytes for an item without a date."""
    entry = entries.build_entry(info.shape, item)
    if entry.date is None:
        return b""
    url = info.base + entry.path
    event = icalendar.Event()
    event.add("uid", url)
    event.add("dtstamp", stamp)
    event.add("sequence", item["revision"])
    _add_days(event, entry.date)
    event.add("summary", _clean(entry.title))
    event.add("description", _clean(entry.text))
    event.add("url", entry.page or url)
    event.add("categories", [_clean(tag) for tag in entry.tags])
    if entry.place_name:
        event.add("location", _clean(entry.place_name))
    if entry.point is not None:
        longitude, latitude = entry.point
        event.add("geo", (latitude, longitude))
    ical: bytes = event.to_ical()
    return ical


def _add_days(event: icalendar.Event, date: Item) -> None:
    """Cover all days that are possible; a date in doubt is tentative, the only doubt that a calendar can express."""
    first, last = (dt.date.fromisoformat(date[name]) for name in ("earliest", "latest"))
    event.add("dtstart", first)
    if last < dt.date.max:
        event.add("dtend", last + dt.timedelta(days=1))
    event.add("status", "CONFIRMED" if entries.is_certain(date) else "TENTATIVE")
    # It takes none of the reader's own time.
    event.add("transp", "TRANSPARENT")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", _LINE_END.sub("\n", text))
