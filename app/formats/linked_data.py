"""Records as nodes of a graph, in the words of schema.org, of PROV-O and of the Web Annotation vocabulary.

Texts from documents are values only. An identifier is an address of ours, or a web address that has been checked.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from app.formats.list_info import Item
from app.schemas.claim import ClaimPublic
from app.schemas.document import DocumentPublic
from app.schemas.event import EventPublic
from app.schemas.report import ReportPublic
from app.schemas.source import SourcePublic
from app.schemas.speaker import SpeakerPublic
from app.schemas.statement import StatementPublic
from app.schemas.utterance import UtterancePublic

Node = dict[str, Any]
NodeBuilder = Callable[[str, Item], Node]
"""Builds the node of an item; the first argument is the absolute URL of the API's root."""

# A web address that may stand between the angle brackets of N-Triples; an IRI may hold other Unicode characters.
_WEB_IRI = re.compile(r"https?://[^/?#\x00-\x20\x7f-\xa0\s<>\"{}|\\^`][^\x00-\x20\x7f-\xa0\s<>\"{}|\\^`]*")

# A day, month or year that is not in doubt, or an interval of two: ISO 8601 without its second part.
_PLAIN_DATE = re.compile("([0-9-]+)(?:/([0-9-]+))?")

_KINDS_OF_SOURCE = {"government": "GovernmentOrganization", "organization": "Organization"}
_KINDS_OF_SPEAKER = {
    "person": ["Person", "prov:Person"],
    "organization": ["Organization", "prov:Organization"],
    "document": ["CreativeWork", "prov:Entity"],
    "unnamed": ["prov:Agent"],
}

_EDTF = "http://id.loc.gov/datatypes/edtf/EDTF"

# Terms of the context, grouped by their definition; our own terms, with the shape that defines them.
_DATES = ("startDate", "endDate", "datePublished", "dateCreated", "dateModified")
_PROVENANCE = ("wasQuotedFrom", "hadPrimarySource", "wasAttributedTo", "wasRevisionOf", "atLocation")
_OWN = {
    **dict.fromkeys(("coded_by", "confidence", "kind", "translated"), StatementPublic.__name__),
    **dict.fromkeys(("property", "normalized", "unit"), ClaimPublic.__name__),
    **dict.fromkeys(("country", "title"), SpeakerPublic.__name__),
    "state_affiliated": SourcePublic.__name__,
    "date": ReportPublic.__name__,
}


def build_context(base: str) -> dict[str, Any]:
    """Return the JSON-LD context of the nodes; a term that it does not define is schema.org's.

    Its addresses and the types of its dates equal schema.org's own context, so that graphs of both can be joined.
    A property that no vocabulary has is named by its place in our OpenAPI document.
    """
    return {
        "@version": 1.1,
        "@vocab": "http://schema.org/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "prov": "http://www.w3.org/ns/prov#",
        "oa": "http://www.w3.org/ns/oa#",
        "dateline": f"{base}/openapi.json#/components/schemas/",
        **{name: {"@id": f"http://schema.org/{name}", "@type": "http://schema.org/Date"} for name in _DATES},
        **{name: {"@id": f"http://schema.org/{name}", "@type": "@id"} for name in ("url", "sameAs", "workExample")},
        "edtf": {"@id": "http://purl.org/dc/terms/date", "@type": _EDTF},
        **{name: {"@id": f"prov:{name}", "@type": "@id"} for name in _PROVENANCE},
        "generatedAtTime": {"@id": "prov:generatedAtTime", "@type": "xsd:dateTime"},
        "source": {"@id": "oa:hasSource", "@type": "@id"},
        "selector": "oa:hasSelector",
        **{name: f"oa:{name}" for name in ("exact", "prefix", "suffix")},
        **{name: {"@id": f"oa:{name}", "@type": "xsd:nonNegativeInteger"} for name in ("start", "end")},
        **{name: f"dateline:{shape}/properties/{name}" for name, shape in _OWN.items()},
    }


def get_web_iri(url: str | None) -> str | None:
    """Return the URL, if it is one of http or https that may be an identifier in a graph."""
    return url if url is not None and _WEB_IRI.fullmatch(url) else None


def escape_iri(url: str) -> str:
    """Escape the characters that a client may write into a query but no IRI may hold."""
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~")


def build_event(base: str, item: Item) -> Node:
    merged = item["merged_into_id"]
    return _name_event(base, item) | _drop_empty(
        description=item["summary"],
        keywords=item["type"],
        location=_build_place(item["place"]),
        identifier=item["external_id"],
        sameAs=f"{base}/events/{merged}" if merged else None,
        **_build_coding(item),
    )


def build_document(base: str, item: Item) -> Node:
    earlier = item["supersedes_id"]
    moment = {"datePublished": item["published_at"]} if item["published_at"] else {}
    return (
        _name_document(base, item, item["source"])
        | moment
        | _drop_empty(
            creditText=item["byline"],
            inLanguage=item["language"],
            generatedAtTime=item["retrieved_at"],
            wasRevisionOf=f"{base}/documents/{earlier}" if earlier else None,
            **_build_coding(item),
        )
    )


def build_report(base: str, item: Item) -> Node:
    subject = "about" if item["role"] == "main" else "mentions"
    passage = item["passage"]
    return _drop_empty(
        **{"@id": f"{base}/reports/{item['id']}", "@type": "CreativeWork", subject: _name_event(base, item["event"])},
        text=passage and passage["exact"],
        isPartOf=_name_document(base, item["document"], item["source"]),
        date=item["date"] and {"@value": item["date"]["edtf"], "@type": _EDTF},
        **_build_quotation(base, item, passage),
        **_build_coding(item),
    )


def build_statement(base: str, item: Item) -> Node:
    """Build the quotation; each relaying voice has its primary source in the next one of the chain."""
    return _drop_empty(
        **{"@id": f"{base}/statements/{item['id']}", "@type": "Quotation"},
        text=item["text"],
        inLanguage=item["language"],
        isPartOf=_name_document(base, item["document"], item["source"]),
        about=item["event"] and _name_event(base, item["event"]),
        exampleOfWork=_link_utterance(base, item),
        hadPrimarySource=_build_chain(base, item),
        **_build_saying_date(item["said"]),
        **_build_creator(base, item["speaker"]),
        **_build_quotation(base, item, item["span"]),
        **_build_coding(item, "kind", "translated"),
    )


def build_utterance(base: str, item: Item) -> Node:
    return _drop_empty(
        **{"@id": f"{base}/utterances/{item['id']}", "@type": "Quotation"},
        text=item["words"],
        inLanguage=item["languages"],
        identifier=item["external_id"],
        workExample=[f"{base}/statements/{ident}" for ident in item["statement_ids"]],
        **_build_saying_date(item["said"]),
        **_build_creator(base, item["speaker"]),
        **_build_coding(item),
    )


def build_claim(base: str, item: Item) -> Node:
    return _drop_empty(
        **{"@id": f"{base}/claims/{item['id']}", "@type": "Claim"},
        text=item["value"],
        about=_name_event(base, item["event"]),
        appearance=_name_document(base, item["document"], item["source"]),
        isPartOf={"@id": f"{base}/reports/{item['report_id']}"},
        **_build_attribution(base, item["attributed_to"]),
        **_build_quotation(base, item, item["span"]),
        **_build_coding(item, "property", "normalized", "unit"),
    )


def build_source(base: str, item: Item) -> Node:
    return _drop_empty(
        **{"@id": f"{base}/sources/{item['id']}"},
        **{"@type": [_KINDS_OF_SOURCE.get(item["kind"], "NewsMediaOrganization"), "prov:Organization"]},
        name=item["name"],
        alternateName=item["aliases"],
        identifier=item["slug"],
        url=get_web_iri(item["homepage"]),
        knowsLanguage=item["language"],
        address=item["country"] and {"@type": "PostalAddress", "addressCountry": item["country"]},
        sameAs=_get_wikidata_iri(item),
        **_build_coding(item, "state_affiliated"),
    )


def build_speaker(base: str, item: Item) -> Node:
    own_source = item["source"] and f"{base}/sources/{item['source']['id']}"
    return _name_speaker(base, item) | _drop_empty(
        alternateName=item["aliases"],
        identifier=item["slug"],
        sameAs=[iri for iri in (_get_wikidata_iri(item), own_source) if iri],
        **_build_coding(item, "country"),
    )


_BUILDERS: Mapping[type[BaseModel], NodeBuilder] = {
    EventPublic: build_event,
    DocumentPublic: build_document,
    ReportPublic: build_report,
    StatementPublic: build_statement,
    UtterancePublic: build_utterance,
    ClaimPublic: build_claim,
    SourcePublic: build_source,
    SpeakerPublic: build_speaker,
}


def find_node_builder(shape: type[BaseModel]) -> NodeBuilder | None:
    """Return the function that builds the node of such an item, or None for a shape that no graph describes."""
    return next((_BUILDERS[base] for base in shape.__mro__ if base in _BUILDERS), None)


# The parts of the nodes.


def _drop_empty(**fields: Any) -> Node:
    """Return the fields that are neither None nor an empty list."""
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _build_coding(item: Item, *names: str) -> Node:
    return {name: item[name] for name in (*names, "coded_by", "confidence")}


def _name_event(base: str, item: Item) -> Node:
    first, last = _get_certain_dates(item["date"])
    return _drop_empty(
        **{"@id": f"{base}/events/{item['id']}", "@type": "Event"},
        name=item["title"],
        edtf=item["date"]["edtf"],
        startDate=first,
        endDate=last,
    )


def _name_document(base: str, item: Item, publisher: Item) -> Node:
    published = item["published"]
    day, end = _get_certain_dates(published)
    return _drop_empty(
        **{"@id": f"{base}/documents/{item['id']}", "@type": "NewsArticle"},
        headline=item["title"],
        url=get_web_iri(item["url"]),
        edtf=published and published["edtf"],
        datePublished=None if end else day,
        publisher={"@id": f"{base}/sources/{publisher['id']}", "@type": "Organization", "name": publisher["name"]},
    )


def _get_certain_dates(date: Item | None) -> tuple[str | None, str | None]:
    """Return the ISO 8601 beginning and end of an interval, or a date and None; two Nones for a date in doubt."""
    match = date and _PLAIN_DATE.fullmatch(date["edtf"])
    return (match[1], match[2]) if match else (None, None)


def _build_saying_date(date: Item | None) -> Node:
    day, end = _get_certain_dates(date)
    return {"edtf": date and date["edtf"], "dateCreated": None if end else day}


def _build_place(place: Item) -> Node | None:
    country = place["country"]
    address = country and {"@type": "PostalAddress", "addressCountry": country}
    fields = _drop_empty(name=place["name"], address=address, geo=_build_coordinates(place))
    return {"@type": "Place", **fields} if fields else None


def _build_coordinates(place: Item) -> Node | None:
    if place["latitude"] is None or place["longitude"] is None:
        return None
    return {"@type": "GeoCoordinates", "latitude": place["latitude"], "longitude": place["longitude"]}


def _get_wikidata_iri(item: Item) -> str | None:
    return item["wikidata_id"] and f"http://www.wikidata.org/entity/{item['wikidata_id']}"


def _name_speaker(base: str, item: Item) -> Node:
    office = "jobTitle" if item["kind"] == "person" else "title"
    return _drop_empty(
        **{"@id": f"{base}/speakers/{item['id']}", "@type": _KINDS_OF_SPEAKER[item["kind"]], office: item["title"]},
        name=item["name"],
    )


def _build_attribution(base: str, voice: Item | None) -> Node:
    """Attribute words to a voice; on a document, such as a treaty, they are based, since it cannot act."""
    if voice is None:
        return {}
    return {"isBasedOn" if voice["kind"] == "document" else "wasAttributedTo": _name_speaker(base, voice)}


def _build_creator(base: str, voice: Item | None) -> Node:
    attribution = _build_attribution(base, voice)
    speaker = attribution.get("wasAttributedTo")
    return attribution | ({"creator": {"@id": speaker["@id"]}} if speaker else {})


def _build_quotation(base: str, item: Item, span: Item | None) -> Node:
    """Locate words in their document."""
    if span is None:
        return {}
    return {
        "wasQuotedFrom": f"{base}/documents/{item['document']['id']}",
        "atLocation": _build_location(base, item, span),
    }


def _build_location(base: str, item: Item, span: Item) -> Node:
    return {
        "@type": ["prov:Location", "oa:SpecificResource"],
        "source": f"{base}/documents/{item['document']['id']}",
        "selector": [
            {"@type": "oa:TextPositionSelector", "start": span["start"], "end": span["end"]},
            {"@type": "oa:TextQuoteSelector", **{name: span[name] for name in ("exact", "prefix", "suffix")}},
        ],
    }


def _link_utterance(base: str, item: Item) -> Node | None:
    return item["utterance_id"] and {"@id": f"{base}/utterances/{item['utterance_id']}"}


def _build_chain(base: str, item: Item) -> Node | None:
    """Nest the voices of a chain, the nearest to the document outermost, and the utterance itself innermost."""
    node = _link_utterance(base, item)
    for hop in reversed(item["chain"]):
        node = _drop_empty(
            **{"@id": f"{base}/statements/{item['id']}#voice-{hop['position']}", "@type": "prov:Entity"},
            position=hop["position"],
            atLocation=hop["cue"] and _build_location(base, item, hop["cue"]),
            hadPrimarySource=node,
            **_build_attribution(base, hop["speaker"]),
        )
    return node
