"""What any kind of feed says, in one shape; and how its texts, which anybody may have written, are made safe."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from app.core.urls import canonicalize_url
from app.core.vocab import FeedFormat

# Items that are taken from a feed at a time: the newest.
MOST_ITEMS = 500

_TITLE_LENGTH = 1000
_UPDATED_LENGTH = 100
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


class NotAFeed(Exception):
    """What an address answered is no feed that is known here; the message may be shown to anybody."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a feed announces.

    ``key`` is the SHA-256 of what the feed knows it by. ``updated`` is what the feed says of its last change, as
    printed, to be compared only; ``moment`` is what can be understood of that, in UTC.
    """

    key: str
    url: str
    updated: str | None = None
    moment: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed as it answered, the newest of its items first.

    ``ttl`` is how long it wants to be left alone, in seconds. ``sitemaps`` are the addresses that a sitemap index names
    in place of items, the newest first.
    """

    format: FeedFormat
    title: str | None = None
    items: tuple[Item, ...] = ()
    ttl: int = 0
    sitemaps: tuple[str, ...] = ()


def item(
    url: object, base: str, *, ident: object = None, updated: object = None, moment: dt.datetime | None = None
) -> Item | None:
    """An item by its address, seen from the feed's own ``base``; None where that is no address of the web."""
    address = web_address(url, base)
    if address is None:
        return None
    name = ident if isinstance(ident, str) and ident.strip() else address
    key = hashlib.sha256(name.strip().encode("utf-8", "replace")).hexdigest()
    return Item(key, address, cut(updated, _UPDATED_LENGTH), moment)


def web_address(url: object, base: str) -> str | None:
    """The canonical form of an http(s) address; None for anything else."""
    if not isinstance(url, str):
        return None
    try:
        return canonicalize_url(urljoin(base, url.strip()))
    except ValueError:
        return None


def title(text: object) -> str | None:
    return cut(text, _TITLE_LENGTH)


def cut(text: object, length: int) -> str | None:
    """The text in one line, without what cannot be stored or printed; None where there is nothing left."""
    if not isinstance(text, str):
        return None
    return " ".join(_UNPRINTABLE.sub(" ", text[: 10 * length]).split())[:length].strip() or None


def newest(items: Iterable[Item]) -> tuple[Item, ...]:
    """The newest items, each once; those without a time come last, in the order of the feed."""
    once: dict[str, Item] = {}
    for each in items:
        once.setdefault(each.key, each)
    ordered = sorted(once.values(), key=lambda each: each.moment or _NEVER, reverse=True)
    return tuple(ordered[:MOST_ITEMS])


def moment(text: object) -> dt.datetime | None:
    """The moment that a W3C or RFC 3339 time names; a day is its beginning, a time without a zone is in UTC."""
    try:
        read = dt.datetime.fromisoformat(text.strip()) if isinstance(text, str) else None
        return read and (read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC))
    except (ValueError, OverflowError):
        return None
