"""RSS of all versions, and Atom: parsed by feedparser, after ``xml.py`` has reduced them."""

import calendar
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from typing import Any

import feedparser
from lxml import etree

from app.capture.feeds import document
from app.capture.feeds.document import FeedDocument, Item
from app.core.vocab import FeedFormat

# Seconds of the periods in RSS 1.0's syndication module.
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_MAX_TTL = 86_400


def parse(root: etree._Element, url: str) -> FeedDocument:
    """Parse the reduced tree of the feed that ``url`` answered."""
    parsed = feedparser.parse(
        io.BytesIO(etree.tostring(root)),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        sanitize_html=False,  # the only text taken is the feed's title, which is never shown as HTML
        resolve_relative_uris=False,
    )
    return FeedDocument(
        FeedFormat.ATOM if parsed.version.startswith("atom") else FeedFormat.RSS,
        title=document.clean_title(parsed.feed.get("title")),
        items=document.select_newest(_iterate_items(parsed.entries, url)),
        ttl=_read_ttl(parsed.feed),
    )


def _iterate_items(entries: list[Mapping[str, Any]], url: str) -> Iterator[Item | None]:
    for entry in entries:
        last = "updated" if "updated" in entry else "published"  # feedparser warns of a missing key
        yield document.build_item(
            entry.get("link"),
            url,
            ident=entry.get("id"),
            updated=entry.get(last),
            moment=_build_moment(entry.get(f"{last}_parsed")),
        )


def _build_moment(parsed: Any) -> dt.datetime | None:
    """Return the moment of a UTC time tuple of feedparser, or None if Python has no such year."""
    try:
        return dt.datetime.fromtimestamp(calendar.timegm(parsed), dt.UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _read_ttl(feed: Mapping[str, Any]) -> int:
    """Return the seconds until the next check that the feed asks for, up to a day.

    RSS 2.0 has minutes, RSS 1.0 a number of updates in a period.
    """
    minutes = _parse_count(feed.get("ttl"))
    times = _parse_count(feed.get("sy_updatefrequency")) or 1
    period = _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower(), 0)
    return min(max(minutes * 60, period // times), _MAX_TTL)


def _parse_count(text: object) -> int:
    digits = str(text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 0
