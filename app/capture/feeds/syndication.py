"""RSS of all versions, and Atom: read by feedparser, once ``xml.py`` has reduced them."""

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

# Seconds of the words of RSS 1.0's syndication module.
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_LONGEST = 86_400


def read(root: etree._Element, url: str) -> FeedDocument:
    """The feed whose reduced tree this is, found at ``url``."""
    found = feedparser.parse(
        io.BytesIO(etree.tostring(root)),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        sanitize_html=False,  # of texts only the feed's title is taken, which is no HTML to us
        resolve_relative_uris=False,
    )
    return FeedDocument(
        FeedFormat.ATOM if found.version.startswith("atom") else FeedFormat.RSS,
        title=document.title(found.feed.get("title")),
        items=document.newest(_items(found.entries, url)),
        ttl=_ttl(found.feed),
    )


def _items(entries: list[Mapping[str, Any]], url: str) -> Iterator[Item]:
    for entry in entries:
        last = "updated" if "updated" in entry else "published"  # to ask for what is not there, feedparser deprecates
        item = document.item(
            entry.get("link"),
            url,
            ident=entry.get("id"),
            updated=entry.get(last),
            moment=_moment(entry.get(f"{last}_parsed")),
        )
        if item is not None:
            yield item


def _moment(parsed: Any) -> dt.datetime | None:
    """The moment of a time in UTC as feedparser gives it, which may be of any year."""
    try:
        return dt.datetime.fromtimestamp(calendar.timegm(parsed), dt.UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _ttl(feed: Mapping[str, Any]) -> int:
    """How long the feed wants to be left alone, in seconds, up to a day.

    RSS 2.0 says it in minutes, RSS 1.0 as so many times in a period.
    """
    minutes = _number(feed.get("ttl"))
    times = _number(feed.get("sy_updatefrequency")) or 1
    period = _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower(), 0)
    return min(max(minutes * 60, period // times), _LONGEST)


def _number(text: object) -> int:
    digits = str(text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 0
