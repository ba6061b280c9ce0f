"""JSON-LD 1.1: the records as a graph, in the words of schema.org, PROV-O and the Web Annotation vocabulary."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from pydantic import BaseModel

from app.formats.linked_data import build_context, escape_iri, find_node_builder
from app.formats.list_info import ListInfo

MEDIA_TYPE = "application/ld+json"


def can_write(shape: type[BaseModel]) -> bool:
    return find_node_builder(shape) is not None


def write(info: ListInfo, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Write one document with its context in it, so that a reader has to fetch nothing.

    The nodes are in its default graph; the first one describes the list itself.
    """
    build_node = find_node_builder(info.shape)
    assert build_node is not None
    dataset = {"@id": escape_iri(info.url), "@type": "Dataset", "name": info.title, "dateModified": info.updated}
    yield b'{"@context":' + dump(build_context(info.base)) + b',"@graph":[' + dump(dataset)
    for items in batches:
        yield b"".join(b"," + dump(build_node(info.base, orjson.loads(item))) for item in items)
    yield b"]}"


def dump(node: Any) -> bytes:
    """Return JSON that is safe within a page's ``script`` element, the usual place of such graphs."""
    return orjson.dumps(node).replace(b"<", b"\\u003c")
