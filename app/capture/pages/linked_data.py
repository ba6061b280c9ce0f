"""The JSON-LD of a page, in schema.org's vocabulary: the node of its article among all nodes."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Node = dict[str, Any]

# Limits on the length of a block, the nodes visited and the names taken; the largest usual pages have a tenth.
_MAX_LENGTH, MAX_NODES, _MAX_NAMES = 1_000_000, 10_000, 20

# Ranks of node types, the best first; a page's own node often has the date that the article lacks.
_NEWS, _ARTICLE, _PAGE = range(3)
_RANKS = {
    "Article": _ARTICLE,
    "BlogPosting": _ARTICLE,
    "LiveBlogPosting": _ARTICLE,
    "Report": _ARTICLE,
    "WebPage": _PAGE,
    "ItemPage": _PAGE,
}


class LinkedData:
    """The nodes of all blocks of a page, outer ones first, without blocks that are broken or too large."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._nodes = list(_iterate_nodes([_parse_block(block) for block in blocks]))
        named = (node for node in self._nodes if "name" in node)  # a node with an @id alone is a reference
        self._by_id = {ident: node for node in named if isinstance(ident := node.get("@id"), str)}

    def merge_article(self, is_this_page: Callable[[str], bool]) -> Node:
        """Return the fields of the article: those of the best node type, completed by the others.

        A node with the address of another page is left out.
        """
        ranked = [(rank, node) for node in self._nodes if (rank := _get_rank(node)) is not None]
        merged: Node = {}
        for _, node in sorted(ranked, key=lambda pair: pair[0]):
            if all(is_this_page(url) for url in self._iterate_urls(node)):
                merged = node | merged
        return merged

    def list_names(self, value: object) -> list[str]:
        """Return the names of people and organizations that are nodes, references to nodes, or texts."""
        names: list[str] = []
        for node in value[:_MAX_NAMES] if isinstance(value, list) else [value]:
            if isinstance(node, dict) and "name" not in node:
                node = self._by_id.get(str(node.get("@id")), node)
            name = node.get("name") if isinstance(node, dict) else node
            names += [part for part in (name if isinstance(name, list) else [name]) if isinstance(part, str)]
        return names

    def _iterate_urls(self, node: Node) -> Iterator[str]:
        for value in (node.get("url"), node.get("mainEntityOfPage")):
            address = value.get("@id") if isinstance(value, dict) else value
            if isinstance(address, str):
                yield address


def list_texts(node: Node, key: str) -> list[str]:
    """Return the texts under a key, which may hold one text or a list."""
    value = node.get(key)
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _parse_block(block: str) -> object:
    if len(block) > _MAX_LENGTH:
        return None
    try:
        return json.loads(block, strict=False)  # accepts line breaks within texts, which many pages have
    except (ValueError, RecursionError):
        return None


def _iterate_nodes(roots: list[object]) -> Iterator[Node]:
    """Yield nodes breadth first, visiting at most `MAX_NODES` values."""
    waiting, left = deque(roots), MAX_NODES
    while waiting and left:
        value = waiting.popleft()
        left -= 1
        if isinstance(value, dict):
            yield value
            waiting.extend(child for child in value.values() if isinstance(child, (dict, list)))
        elif isinstance(value, list):
            waiting.extend(child for child in value[:MAX_NODES] if isinstance(child, (dict, list)))


def _get_rank(node: Node) -> int | None:
    types = list_texts(node, "@type")
    ranks = [_NEWS if name.endswith("NewsArticle") else _RANKS.get(name) for name in types]
    return min((rank for rank in ranks if rank is not None), default=None)
