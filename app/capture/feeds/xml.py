"""XML from anywhere, reduced to what matters of a feed before anything else looks at it.

The parser resolves no entity, loads nothing, repairs what is broken, and ends where the nesting is too deep; of what it
reads only the elements and attributes named here are kept, so that neither their number nor their depth costs much.
"""

from collections.abc import Mapping

from lxml import etree

# Items that are looked at, to find the newest among them, and elements in all: a sitemap may have 50,000 addresses.
_MOST_ENTRIES = 2_000
_MOST_ELEMENTS = 200_000

# Elements and characters of their texts that are kept of one item, or of the feed before its first.
_MOST_PARTS = 50
_MOST_TEXT = 5_000

_ENTRIES = {"item", "entry"}
_WHOLES = {*_ENTRIES, "url", "sitemap"}
_KEPT = {
    *_WHOLES,
    *("rss", "RDF", "channel", "feed", "title", "link", "guid", "id"),
    *("pubDate", "date", "updated", "modified", "issued", "created", "published"),
    *("ttl", "updatePeriod", "updateFrequency"),
    *("urlset", "sitemapindex", "loc", "lastmod", "news", "publication_date"),
}
_ATTRIBUTES = {
    *("rel", "href", "type", "isPermaLink", "version"),
    "{http://www.w3.org/XML/1998/namespace}base",
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about",
}


def reduced(text: str) -> etree._Element | None:
    """The root of the document with what is kept of it; None where there is none, or it declares entities."""
    if "<!ENTITY" in text:
        return None
    parser = etree.XMLParser(
        target=_Target(), encoding="utf-8", recover=True, resolve_entities=False, no_network=True, huge_tree=False
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        return None


def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


class _Target:
    """Builds a tree of what is kept; of the rest it counts how deep it is inside. What is left open it closes."""

    def __init__(self) -> None:
        self._builder = etree.TreeBuilder()
        self._open: list[str] = []
        self._inside = 0
        self._elements = self._entries = self._parts = self._text = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._inside or not self._wanted(local(tag)):
            self._inside += 1
            return
        self._open.append(tag)
        self._builder.start(tag, {name: attributes[name] for name in _ATTRIBUTES if name in attributes})

    def data(self, text: str) -> None:
        if self._open and not self._inside and self._text < _MOST_TEXT:
            self._builder.data(text[: _MOST_TEXT - self._text])
            self._text += len(text)

    def end(self, _tag: str) -> None:
        if self._inside:
            self._inside -= 1
        elif self._open:
            self._builder.end(self._open.pop())

    def close(self) -> etree._Element | None:
        while self._open:
            self._builder.end(self._open.pop())
        return self._builder.close() if self._elements else None

    def _wanted(self, name: str) -> bool:
        if not self._elements:
            self._elements = 1
            return True  # the root, whatever it is
        if name not in _KEPT:
            return False
        self._elements += 1
        self._entries += name in _ENTRIES
        self._parts = 0 if name in _WHOLES else self._parts + 1
        self._text = 0 if name in _WHOLES else self._text
        enough = name in _ENTRIES and self._entries > _MOST_ENTRIES
        return self._elements <= _MOST_ELEMENTS and self._parts <= _MOST_PARTS and not enough
