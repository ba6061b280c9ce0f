"""JSON-LD 1.1: the records as a graph, in the words of schema.org, PROV-O and the Web Annotation vocabulary."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from pydantic import BaseModel

from app.formats.linked import Node, context, description, own_iri
from app.formats.listed import Listed

MEDIA_TYPE = "application/ld+json"


def fits(shape: type[BaseModel]) -> bool:
    return description(shape) is not None


def write(listed: Listed, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """One document with its context, which nothing has to be fetched for; the nodes are in its default graph.

    The first tells of the list itself.
    """
    describe = description(listed.shape)
    assert describe is not None
    yield b'{"@context":' + printed(context(listed.base)) + b',"@graph":[' + printed(_list(listed))
    for items in batches:
        yield b"".join(b"," + printed(describe(listed.base, orjson.loads(item))) for item in items)
    yield b"]}"


def _list(listed: Listed) -> Node:
    return {"@id": own_iri(listed.here), "@type": "Dataset", "name": listed.title, "dateModified": listed.updated}


def printed(node: Any) -> bytes:
    """As JSON that can be put into a page's ``script``, where such graphs usually stand."""
    return orjson.dumps(node).replace(b"<", b"\\u003c")
