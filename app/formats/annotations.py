"""W3C Web Annotations: what the store knows of stretches of texts, said of these texts.

Positions count Unicode code points from 0, as the model wants. They are those of the text as it was captured: a page
in the web is named as what is annotated, and our capture as the state of it that they hold for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from pydantic import BaseModel

from app.formats.jsonld import printed
from app.formats.linked import Item, Node, own_iri, web_iri
from app.formats.listed import Listed
from app.schemas.claim import ClaimPublic
from app.schemas.report import ReportPublic
from app.schemas.statement import StatementPublic

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
MEDIA_TYPE = f'application/ld+json; profile="{CONTEXT}"'

_CREATORS = {"human": {"type": "Person"}, "machine": {"type": "Software"}}


def fits(shape: type[BaseModel]) -> bool:
    return _annotation(shape) is not None


def write(listed: Listed, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """A collection with its first page in it, or one of the pages after; a list that is streamed is one page."""
    annotate = _annotation(listed.shape)
    assert annotate is not None
    head, end = _around(listed)
    yield head + b'"items":['
    comma = b""
    for items in batches:
        if items:
            yield comma + b",".join(printed(annotate(listed.base, orjson.loads(item))) for item in items)
            comma = b","
    yield b"]" + end


def _around(listed: Listed) -> tuple[bytes, bytes]:
    """What stands before the items of the page, and what after them."""
    collection, is_first = _collection(listed.here)
    then: Node = {"next": own_iri(listed.then)} if listed.then else {}
    if not is_first:
        page = {"id": own_iri(listed.here), "type": "AnnotationPage", "partOf": collection}
        return _open({"@context": CONTEXT, **page, **then}), b"}"
    whole = {"@context": CONTEXT, "id": collection, "type": "AnnotationCollection", "label": listed.title}
    first = {"id": f"{collection}#first", "type": "AnnotationPage", "partOf": collection, "startIndex": 0, **then}
    return _open(whole | {"modified": listed.updated}) + b'"first":' + _open(first), b"}}"


def _open(node: Node) -> bytes:
    return printed(node)[:-1] + b","


def _collection(address: str) -> tuple[str, bool]:
    """The address of the collection, written the same way for each page; and whether this is its first."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    cursor = query.pop("cursor", None)
    return parts._replace(query=urlencode(query)).geturl(), cursor is None


def statement(base: str, item: Item) -> Node:
    """Who said it, where the document tells."""
    speaker, event = item["speaker"], item["event"]
    bodies = [_text(_voices(item), "describing"), _text(item["kind"], "classifying")]
    bodies += [_linked(f"{base}/speakers/{speaker['id']}", "identifying")] if speaker else []
    bodies += [_linked(f"{base}/events/{event['id']}", "linking")] if event else []
    motivation = "identifying" if speaker else "classifying"
    return _node(base, "statements", item, motivation, bodies, item["span"])


def claim(base: str, item: Item) -> Node:
    """What the words say of which property of an event."""
    meant = " ".join(part for part in (item["normalized"], item["unit"]) if part)
    bodies = [
        _text(f"{item['property']}: {meant or item['value']}", "describing"),
        _linked(f"{base}/events/{item['event']['id']}", "linking"),
    ]
    speaker = item["attributed_to"]
    bodies += [_linked(f"{base}/speakers/{speaker['id']}", "identifying")] if speaker else []
    return _node(base, "claims", item, "describing", bodies, item["span"])


def report(base: str, item: Item) -> Node:
    """Which event the passage reports; the whole document, where no passage is known."""
    event = item["event"]
    bodies = [_linked(f"{base}/events/{event['id']}", "linking"), _text(event["title"], "describing")]
    return _node(base, "reports", item, "linking", bodies, item["passage"])


_ANNOTATED: Mapping[type[BaseModel], Callable[[str, Item], Node]] = {
    StatementPublic: statement,
    ClaimPublic: claim,
    ReportPublic: report,
}


def _annotation(shape: type[BaseModel]) -> Callable[[str, Item], Node] | None:
    return next((_ANNOTATED[each] for each in shape.__mro__ if each in _ANNOTATED), None)


def _node(base: str, noun: str, item: Item, motivation: str, bodies: list[Node], span: Item | None) -> Node:
    # An annotation is not the statement itself, which the other graph describes under its address.
    node = {
        "id": f"{base}/{noun}/{item['id']}#annotation",
        "type": "Annotation",
        "motivation": motivation,
        "body": bodies,
        "target": _target(base, item["document"], span),
        "generator": {"id": base, "type": "Software", "name": "Dateline"},
    }
    creator = _CREATORS.get(item["coded_by"])
    return node | ({"creator": creator} if creator else {})


def _target(base: str, document: Item, span: Item | None) -> Node:
    captured, url = f"{base}/documents/{document['id']}", web_iri(document["url"])
    state: dict[str, Any] = {"state": {"type": "TimeState", "cached": captured}} if url else {}
    selectors = {"selector": _selectors(span)} if span else {}
    return {"type": "SpecificResource", "source": url or captured, **state, **selectors}


def _selectors(span: Item) -> list[Node]:
    return [
        {"type": "TextQuoteSelector", "exact": span["exact"], "prefix": span["prefix"], "suffix": span["suffix"]},
        {"type": "TextPositionSelector", "start": span["start"], "end": span["end"]},
    ]


def _text(value: str, purpose: str) -> Node:
    return {"type": "TextualBody", "value": value, "format": "text/plain", "purpose": purpose}


def _linked(iri: str, purpose: str) -> Node:
    return {"type": "SpecificResource", "source": iri, "purpose": purpose}


def _voices(item: Item) -> str:
    """Who said it, with what office and through whom: `Vladimir Putin, President of Russia; through KCNA (“said”)`."""
    speaker = item["speaker"]
    told = ", ".join(part for part in (speaker["name"], speaker["title"]) if part) if speaker else "speaker not named"
    through = [hop["speaker"]["name"] for hop in item["chain"]]
    return "; ".join([told, *(f"through {name}" for name in through)]) + _cue(item["cue"])


def _cue(cue: Item | None) -> str:
    return f" (“{cue['exact']}”)" if cue else ""
