"""Atom (RFC 4287), a page at a time (RFC 5005 §3)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from lxml import etree

from app.formats import entries
from app.formats.listed import Listed

MEDIA_TYPE = "application/atom+xml"

_ATOM = "http://www.w3.org/2005/Atom"

# What XML 1.0 (§2.2) cannot hold, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(listed: Listed, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    feed = _feed(listed)
    for items in batches:
        for item in items:
            _add_entry(feed, listed, orjson.loads(item))
    yield etree.tostring(feed, xml_declaration=True, encoding="utf-8")


def _feed(listed: Listed) -> Any:
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    about = entries.about(listed)
    _add(feed, "id", about)
    _add(feed, "title", listed.title)
    _add(feed, "updated", listed.updated)
    # Entries that name no author are by the feed's (§4.1.2): every entry must have one.
    _add(_add(feed, "author"), "name", "Dateline")
    _add(feed, "link", rel="self", type=MEDIA_TYPE, href=listed.here)
    _add(feed, "link", rel="alternate", type="application/json", href=about)
    if listed.then is not None:
        _add(feed, "link", rel="next", type=MEDIA_TYPE, href=listed.then)
    return feed


def _add_entry(feed: Any, listed: Listed, item: entries.Item) -> None:
    told, entry = entries.entry(listed.shape, item), _add(feed, "entry")
    address = listed.base + told.path
    _add(entry, "id", address)
    _add(entry, "title", told.title)
    _add(entry, "updated", entries.updated(listed, item))
    if told.published is not None:
        _add(entry, "published", told.published)
    _add(entry, "link", rel="alternate", href=told.page or address)
    if told.page is not None:
        _add(entry, "link", rel="related", type="application/json", href=address)
    if told.author is not None:
        _add(_add(entry, "author"), "name", told.author)
    for tag in told.tags:
        _add(entry, "category", term=tag)
    _add(entry, "summary", told.text)


def _add(parent: Any, name: str, text: str | None = None, **attributes: str) -> Any:
    said = {key: _storable(value) for key, value in attributes.items()}
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", said)
    element.text = None if text is None else _storable(text)
    return element


def _storable(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
