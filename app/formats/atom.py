"""Atom (RFC 4287), a page at a time (RFC 5005 §3)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from lxml import etree

from app.formats import entries
from app.formats.list_info import Item, ListInfo

MEDIA_TYPE = "application/atom+xml"

_ATOM = "http://www.w3.org/2005/Atom"

# Characters that XML 1.0 (§2.2) cannot hold, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(info: ListInfo, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    feed = _build_feed(info)
    for items in batches:
        for item in items:
            _add_entry(feed, info, orjson.loads(item))
    yield etree.tostring(feed, xml_declaration=True, encoding="utf-8")


def _build_feed(info: ListInfo) -> Any:
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    list_url = entries.get_list_url(info)
    _add(feed, "id", list_url)
    _add(feed, "title", info.title)
    _add(feed, "updated", info.updated)
    # Every entry must have an author; one that names none takes the feed's (§4.1.2).
    _add(_add(feed, "author"), "name", "Dateline")
    _add(feed, "link", rel="self", type=MEDIA_TYPE, href=info.url)
    _add(feed, "link", rel="alternate", type="application/json", href=list_url)
    if info.next_url is not None:
        _add(feed, "link", rel="next", type=MEDIA_TYPE, href=info.next_url)
    return feed


def _add_entry(feed: Any, info: ListInfo, item: Item) -> None:
    entry, element = entries.build_entry(info.shape, item), _add(feed, "entry")
    url = info.base + entry.path
    _add(element, "id", url)
    _add(element, "title", entry.title)
    _add(element, "updated", entries.get_update_time(info, item))
    if entry.published is not None:
        _add(element, "published", entry.published)
    _add(element, "link", rel="alternate", href=entry.page or url)
    if entry.page is not None:
        _add(element, "link", rel="related", type="application/json", href=url)
    if entry.author is not None:
        _add(_add(element, "author"), "name", entry.author)
    for tag in entry.tags:
        _add(element, "category", term=tag)
    _add(element, "summary", entry.text)


def _add(parent: Any, name: str, text: str | None = None, **attributes: str) -> Any:
    storable = {key: _replace_forbidden(value) for key, value in attributes.items()}
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", storable)
    element.text = None if text is None else _replace_forbidden(text)
    return element


def _replace_forbidden(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
