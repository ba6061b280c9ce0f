"""XML from strangers, reduced to the parts of a feed that matter before anything else handles it.

The parser resolves no entities, loads nothing, repairs broken markup, and stops if the nesting is too deep. Only the
elements and attributes listed in this module are kept, so neither their number nor their depth costs much.
"""

from collections.abc import Mapping

from lxml import etree

# Items among which the newest are selected, and elements in all: a sitemap may have 50,000 addresses.
_MAX_ENTRIES = 2_000
_MAX_ELEMENTS = 200_000

# Elements, and characters of their texts, kept of one item, or of the feed before its first item.
_MAX_PARTS = 50
_MAX_TEXT = 5_000

_ENTRIES = {"item", "entry"}
_GROUPS = {*_ENTRIES, "url", "sitemap"}
_ELEMENTS = {
    *_GROUPS,
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


def reduce(text: str) -> etree._Element | None:
    """Return the root of the reduced document, or None if it is not XML or declares entities."""
    if "<!ENTITY" in text:
        return None
    parser = etree.XMLParser(
        target=_Target(), encoding="utf-8", recover=True, resolve_entities=False, no_network=True, huge_tree=False
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        return None


def get_local_name(tag: str) -> str:
    """Return the name of an element without its namespace."""
    return tag.rpartition("}")[2]


class _Target:
    """A parser target that builds a tree of the kept elements, and closes those that the document left open."""

    def __init__(self) -> None:
        self._builder = etree.TreeBuilder()
        self._open: list[str] = []
        self._skipped_depth = 0
        self._elements = self._entries = self._parts = self._text = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._skipped_depth or not self._is_kept(get_local_name(tag)):
            self._skipped_depth += 1
            return
        self._open.append(tag)
        self._builder.start(tag, {name: attributes[name] for name in _ATTRIBUTES if name in attributes})

    def data(self, text: str) -> None:
        if self._open and not self._skipped_depth and self._text < _MAX_TEXT:
            self._builder.data(text[: _MAX_TEXT - self._text])
            self._text += len(text)

    def end(self, _tag: str) -> None:
        if self._skipped_depth:
            self._skipped_depth -= 1
        elif self._open:
            self._builder.end(self._open.pop())

    def close(self) -> etree._Element | None:
        while self._open:
            self._builder.end(self._open.pop())
        return self._builder.close() if self._elements else None

    def _is_kept(self, name: str) -> bool:
        if not self._elements:
            self._elements = 1
            return True  # any root
        if name not in _ELEMENTS:
            return False
        self._elements += 1
        self._entries += name in _ENTRIES
        self._parts = 0 if name in _GROUPS else self._parts + 1
        self._text = 0 if name in _GROUPS else self._text
        is_beyond_limit = name in _ENTRIES and self._entries > _MAX_ENTRIES
        return self._elements <= _MAX_ELEMENTS and self._parts <= _MAX_PARTS and not is_beyond_limit
