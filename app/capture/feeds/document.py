"""The one shape of all kinds of feeds, and the cleaning of their texts, which come from strangers."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from app.core.urls import canonicalize_url
from app.core.vocab import FeedFormat

# Items taken from a feed at a time: the newest.
MAX_ITEMS = 500

_TITLE_LENGTH = 1000
_UPDATED_LENGTH = 100
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


class NotAFeed(Exception):
    """Raised for an answer in no known feed format; the message may be shown to users."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item that a feed announces.

    ``key`` is the SHA-256 of the item's id in the feed, or of its address. ``updated`` is the time of its last change
    as printed, for comparison only; ``moment`` is the same in UTC, if it can be parsed.
    """

    key: str
    url: str
    updated: str | None = None
    moment: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A parsed feed, the newest of its items first.

    ``ttl`` is the least number of seconds until the next check that the feed asks for. ``sitemaps`` are the addresses
    that a sitemap index names in place of items, the newest first.
    """

    format: FeedFormat
    title: str | None = None
    items: tuple[Item, ...] = ()
    ttl: int = 0
    sitemaps: tuple[str, ...] = ()


def build_item(
    url: object, base: str, *, ident: object = None, updated: object = None, moment: dt.datetime | None = None
) -> Item | None:
    """Return the item at an address, relative to the feed's own ``base``, or None if that is not an http(s) address."""
    address = resolve_url(url, base)
    if address is None:
        return None
    stable_id = ident if isinstance(ident, str) and ident.strip() else address
    key = hashlib.sha256(stable_id.strip().encode("utf-8", "replace")).hexdigest()
    return Item(key, address, clean_text(updated, _UPDATED_LENGTH), moment)


def resolve_url(url: object, base: str) -> str | None:
    """Return the canonical form of an http(s) address, or None for anything else."""
    if not isinstance(url, str):
        return None
    try:
        return canonicalize_url(urljoin(base, url.strip()))
    except ValueError:
        return None


def clean_title(text: object) -> str | None:
    """Return a feed's title in one line, or None if nothing printable is left."""
    return clean_text(text, _TITLE_LENGTH)


def clean_text(text: object, length: int) -> str | None:
    """Return the text in one line of printable characters, cut to a length, or None if nothing is left."""
    if not isinstance(text, str):
        return None
    return " ".join(_UNPRINTABLE.sub(" ", text[: 10 * length]).split())[:length].strip() or None


def select_newest(items: Iterable[Item | None]) -> tuple[Item, ...]:
    """Return the newest items without duplicates; those without a time come last, in the order of the feed."""
    by_key: dict[str, Item] = {}
    for item in items:
        if item is not None:
            by_key.setdefault(item.key, item)
    ordered = sorted(by_key.values(), key=lambda item: item.moment or _NEVER, reverse=True)
    return tuple(ordered[:MAX_ITEMS])


def parse_moment(text: object) -> dt.datetime | None:
    """Parse a W3C or RFC 3339 time; a day stands for its beginning, a time without a zone is in UTC."""
    try:
        moment = dt.datetime.fromisoformat(text.strip()) if isinstance(text, str) else None
        return moment and (moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC))
    except (ValueError, OverflowError):
        return None
