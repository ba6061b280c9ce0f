"""schema.org's account of a page (JSON-LD): the node of its article, among whatever else is there."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Node = dict[str, Any]

# Bounds: of usual pages the largest have a tenth of it.
_LONGEST, _NODES, _NAMES = 1_000_000, 10_000, 20

# Kinds of articles, the surest first; a page's own node often has the date where the article has none.
_NEWS, _ARTICLE, _PAGE = range(3)
_KINDS = {
    "Article": _ARTICLE,
    "BlogPosting": _ARTICLE,
    "LiveBlogPosting": _ARTICLE,
    "Report": _ARTICLE,
    "WebPage": _PAGE,
    "ItemPage": _PAGE,
}


class LinkedData:
    """The nodes of all blocks of a page, outer ones first; a block that is broken, or too large, is not there."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._nodes = list(_nodes([_parsed(block) for block in blocks]))
        named = (node for node in self._nodes if "name" in node)  # what has an @id alone refers to it
        self._by_id = {ident: node for node in named if isinstance(ident := node.get("@id"), str)}

    def article(self, is_here: Callable[[str], bool]) -> Node:
        """What is said of the article at this address: the surest kind of node, completed by the others.

        A node that names another address is not of this page.
        """
        found = sorted((node for node in self._nodes if _kind(node) is not None), key=lambda node: _kind(node) or 0)
        merged: Node = {}
        for node in found:
            if all(is_here(url) for url in self._addresses(node)):
                merged = node | merged
        return merged

    def names(self, value: object) -> list[str]:
        """What people and organizations are called that are given as such, by reference, or as mere text."""
        found: list[str] = []
        for each in value[:_NAMES] if isinstance(value, list) else [value]:
            node = (
                self._by_id.get(str(each.get("@id")), each) if isinstance(each, dict) and "name" not in each else each
            )
            name = node.get("name") if isinstance(node, dict) else node
            found += [part for part in (name if isinstance(name, list) else [name]) if isinstance(part, str)]
        return found

    def _addresses(self, node: Node) -> Iterator[str]:
        for value in (node.get("url"), node.get("mainEntityOfPage")):
            address = value.get("@id") if isinstance(value, dict) else value
            if isinstance(address, str):
                yield address


def texts(node: Node, key: str) -> list[str]:
    """The texts under a key, be they one or a list."""
    value = node.get(key)
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _parsed(block: str) -> object:
    if len(block) > _LONGEST:
        return None
    try:
        return json.loads(block, strict=False)  # which takes the line breaks within texts that many pages have
    except (ValueError, RecursionError):
        return None


def _nodes(roots: list[object]) -> Iterator[Node]:
    """Breadth first, so many and no more."""
    waiting, left = deque(roots), _NODES
    while waiting and left:
        value = waiting.popleft()
        left -= 1
        if isinstance(value, dict):
            yield value
            waiting.extend(each for each in value.values() if isinstance(each, (dict, list)))
        elif isinstance(value, list):
            waiting.extend(each for each in value[:_NODES] if isinstance(each, (dict, list)))


def _kind(node: Node) -> int | None:
    kinds = [_NEWS if kind.endswith("NewsArticle") else _KINDS.get(kind) for kind in texts(node, "@type")]
    return min((kind for kind in kinds if kind is not None), default=None)
