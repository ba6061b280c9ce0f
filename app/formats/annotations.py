"""W3C Web Annotations: statements, claims and reports as annotations of the texts they stand in.

Positions count Unicode code points from 0, as the model requires. They hold for the captured text: the target of an
annotation is the page on the web, and its state is our capture.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from pydantic import BaseModel

from app.formats.jsonld import dump
from app.formats.linked_data import Node, NodeBuilder, escape_iri, get_web_iri
from app.formats.list_info import Item, ListInfo
from app.schemas.claim import ClaimPublic
from app.schemas.report import ReportPublic
from app.schemas.statement import StatementPublic

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
MEDIA_TYPE = f'application/ld+json; profile="{CONTEXT}"'

_CREATORS = {"human": {"type": "Person"}, "machine": {"type": "Software"}}


def can_write(shape: type[BaseModel]) -> bool:
    return _find_builder(shape) is not None


def write(info: ListInfo, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Write a collection with its first page in it, or a later page; a streamed list is one page."""
    build = _find_builder(info.shape)
    assert build is not None
    head, end = _build_frame(info)
    yield head + b'"items":['
    comma = b""
    for items in batches:
        if items:
            yield comma + b",".join(dump(build(info.base, orjson.loads(item))) for item in items)
            comma = b","
    yield b"]" + end


def _build_frame(info: ListInfo) -> tuple[bytes, bytes]:
    """Return the bytes before and after the items of a page."""
    collection, is_first = _split_cursor(info.url)
    link: Node = {"next": escape_iri(info.next_url)} if info.next_url else {}
    if not is_first:
        page = {"id": escape_iri(info.url), "type": "AnnotationPage", "partOf": collection}
        return _dump_open({"@context": CONTEXT, **page, **link}), b"}"
    whole = {"@context": CONTEXT, "id": collection, "type": "AnnotationCollection", "label": info.title}
    first = {"id": f"{collection}#first", "type": "AnnotationPage", "partOf": collection, "startIndex": 0, **link}
    return _dump_open(whole | {"modified": info.updated}) + b'"first":' + _dump_open(first), b"}}"


def _dump_open(node: Node) -> bytes:
    """Return the JSON of a node without its closing brace, ready for a further field."""
    return dump(node)[:-1] + b","


def _split_cursor(url: str) -> tuple[str, bool]:
    """Return the URL of the collection, equal for all its pages, and True if this page is the first."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    cursor = query.pop("cursor", None)
    return parts._replace(query=urlencode(query)).geturl(), cursor is None


def build_statement(base: str, item: Item) -> Node:
    speaker, event = item["speaker"], item["event"]
    bodies = [_build_text(_describe_voices(item), "describing"), _build_text(item["kind"], "classifying")]
    bodies += [_build_link(f"{base}/speakers/{speaker['id']}", "identifying")] if speaker else []
    bodies += [_build_link(f"{base}/events/{event['id']}", "linking")] if event else []
    motivation = "identifying" if speaker else "classifying"
    return _build_annotation(base, "statements", item, motivation, bodies, item["span"])


def build_claim(base: str, item: Item) -> Node:
    normalized = " ".join(part for part in (item["normalized"], item["unit"]) if part)
    bodies = [
        _build_text(f"{item['property']}: {normalized or item['value']}", "describing"),
        _build_link(f"{base}/events/{item['event']['id']}", "linking"),
    ]
    speaker = item["attributed_to"]
    bodies += [_build_link(f"{base}/speakers/{speaker['id']}", "identifying")] if speaker else []
    return _build_annotation(base, "claims", item, "describing", bodies, item["span"])


def build_report(base: str, item: Item) -> Node:
    """Link the passage to the event that it reports; without a passage, link the whole document."""
    event = item["event"]
    bodies = [_build_link(f"{base}/events/{event['id']}", "linking"), _build_text(event["title"], "describing")]
    return _build_annotation(base, "reports", item, "linking", bodies, item["passage"])


_BUILDERS: Mapping[type[BaseModel], NodeBuilder] = {
    StatementPublic: build_statement,
    ClaimPublic: build_claim,
    ReportPublic: build_report,
}


def _find_builder(shape: type[BaseModel]) -> NodeBuilder | None:
    return next((_BUILDERS[base] for base in shape.__mro__ if base in _BUILDERS), None)


def _build_annotation(base: str, noun: str, item: Item, motivation: str, bodies: list[Node], span: Item | None) -> Node:
    # The address itself is the statement's identifier in JSON-LD: the annotation of it needs another one.
    node = {
        "id": f"{base}/{noun}/{item['id']}#annotation",
        "type": "Annotation",
        "motivation": motivation,
        "body": bodies,
        "target": _build_target(base, item["document"], span),
        "generator": {"id": base, "type": "Software", "name": "Dateline"},
    }
    creator = _CREATORS.get(item["coded_by"])
    return node | ({"creator": creator} if creator else {})


def _build_target(base: str, document: Item, span: Item | None) -> Node:
    capture, url = f"{base}/documents/{document['id']}", get_web_iri(document["url"])
    target: dict[str, Any] = {"type": "SpecificResource", "source": url or capture}
    if url:
        target["state"] = {"type": "TimeState", "cached": capture}
    if span:
        target["selector"] = [
            {"type": "TextQuoteSelector", "exact": span["exact"], "prefix": span["prefix"], "suffix": span["suffix"]},
            {"type": "TextPositionSelector", "start": span["start"], "end": span["end"]},
        ]
    return target


def _build_text(value: str, purpose: str) -> Node:
    return {"type": "TextualBody", "value": value, "format": "text/plain", "purpose": purpose}


def _build_link(iri: str, purpose: str) -> Node:
    return {"type": "SpecificResource", "source": iri, "purpose": purpose}


def _describe_voices(item: Item) -> str:
    """Name the speaker, the relays and the cue, as in `Vladimir Putin, President of Russia; through KCNA (“said”)`."""
    speaker, cue = item["speaker"], item["cue"]
    name = ", ".join(part for part in (speaker["name"], speaker["title"]) if part) if speaker else "speaker not named"
    relays = [f"through {hop['speaker']['name']}" for hop in item["chain"]]
    return "; ".join([name, *relays]) + (f" (“{cue['exact']}”)" if cue else "")
