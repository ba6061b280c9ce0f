"""The records in the words of schema.org, of PROV-O and of the Web Annotation vocabulary: one node of a graph each.

Texts are values only. What stands as an identifier is an address of ours, or one that was looked at first.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from app.schemas.claim import ClaimPublic
from app.schemas.document import DocumentPublic
from app.schemas.event import EventPublic
from app.schemas.report import ReportPublic
from app.schemas.source import SourcePublic
from app.schemas.speaker import SpeakerPublic
from app.schemas.statement import StatementPublic
from app.schemas.utterance import UtterancePublic

Item = Mapping[str, Any]
Node = dict[str, Any]
Describe = Callable[[str, Item], Node]

# What may stand between the angle brackets of N-Triples, of an address in the web; the rest of Unicode may, in an IRI.
_WEB_IRI = re.compile(r"https?://[^/?#\x00-\x20\x7f-\xa0\s<>\"{}|\\^`][^\x00-\x20\x7f-\xa0\s<>\"{}|\\^`]*")

# A day, month or year that is not in doubt, or two of these: what ISO 8601 knows without its second part.
_PLAIN_DATE = re.compile("([0-9-]+)(?:/([0-9-]+))?")

_KINDS_OF_SOURCE = {"government": "GovernmentOrganization", "organization": "Organization"}
_KINDS_OF_SPEAKER = {
    "person": ["Person", "prov:Person"],
    "organization": ["Organization", "prov:Organization"],
    "document": ["CreativeWork", "prov:Entity"],
    "unnamed": ["prov:Agent"],
}

_EDTF = "http://id.loc.gov/datatypes/edtf/EDTF"

# Terms of the context, by what is said of them there; those of our own with the shape that defines them.
_DATES = ("startDate", "endDate", "datePublished", "dateCreated", "dateModified")
_PROVENANCE = ("wasQuotedFrom", "hadPrimarySource", "wasAttributedTo", "wasRevisionOf", "atLocation")
_OWN = {
    **dict.fromkeys(("coded_by", "confidence", "kind", "translated"), StatementPublic.__name__),
    **dict.fromkeys(("property", "normalized", "unit"), ClaimPublic.__name__),
    **dict.fromkeys(("country", "title"), SpeakerPublic.__name__),
    "state_affiliated": SourcePublic.__name__,
    "dated": ReportPublic.__name__,
}


def context(base: str) -> dict[str, Any]:
    """The JSON-LD context of the nodes; a term that it does not define is schema.org's.

    Its addresses and the types of its dates are as in schema.org's own context, so that graphs of both can be joined.
    What none of the vocabularies has a word for is named by where our OpenAPI document defines it.
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


def web_iri(address: str | None) -> str | None:
    """The address, if it is one of http or https that may be an identifier in a graph."""
    return address if address is not None and _WEB_IRI.fullmatch(address) else None


def own_iri(address: str) -> str:
    """An address of ours as an identifier: what a client wrote into its query and no IRI may hold, escaped."""
    return quote(address, safe="%/:?#[]@!$&'()*+,;=~")


def event(base: str, item: Item) -> Node:
    merged = item["merged_into"]
    return _event(base, item) | _told(
        description=item["summary"],
        keywords=item["type"],
        location=_place(item["place"]),
        identifier=item["external_id"],
        sameAs=f"{base}/events/{merged}" if merged else None,
        **_coding(item),
    )


def document(base: str, item: Item) -> Node:
    earlier = item["supersedes"]
    moment = {"datePublished": item["published_at"]} if item["published_at"] else {}
    return (
        _document(base, item, item["source"])
        | moment
        | _told(
            creditText=item["byline"],
            inLanguage=item["language"],
            generatedAtTime=item["retrieved_at"],
            wasRevisionOf=f"{base}/documents/{earlier}" if earlier else None,
            **_coding(item),
        )
    )


def report(base: str, item: Item) -> Node:
    subject = "about" if item["role"] == "main" else "mentions"
    passage = item["passage"]
    return _told(
        **{"@id": f"{base}/reports/{item['id']}", "@type": "CreativeWork", subject: _event(base, item["event"])},
        text=passage and passage["exact"],
        isPartOf=_document(base, item["document"], item["source"]),
        dated=item["dated"] and {"@value": item["dated"]["edtf"], "@type": _EDTF},
        **_quoted(base, item, passage),
        **_coding(item),
    )


def statement(base: str, item: Item) -> Node:
    """Each voice that relayed the words is a primary source of what is nearer to the document than it."""
    return _told(
        **{"@id": f"{base}/statements/{item['id']}", "@type": "Quotation"},
        text=item["text"],
        inLanguage=item["language"],
        isPartOf=_document(base, item["document"], item["source"]),
        about=item["event"] and _event(base, item["event"]),
        exampleOfWork=_utterance(base, item),
        hadPrimarySource=_relayed(base, item),
        **_said(item["said"]),
        **_spoken(base, item["speaker"]),
        **_quoted(base, item, item["span"]),
        **_coding(item, "kind", "translated"),
    )


def utterance(base: str, item: Item) -> Node:
    return _told(
        **{"@id": f"{base}/utterances/{item['id']}", "@type": "Quotation"},
        text=item["words"],
        inLanguage=item["languages"],
        identifier=item["external_id"],
        workExample=[f"{base}/statements/{ident}" for ident in item["statements"]],
        **_said(item["said"]),
        **_spoken(base, item["speaker"]),
        **_coding(item),
    )


def claim(base: str, item: Item) -> Node:
    return _told(
        **{"@id": f"{base}/claims/{item['id']}", "@type": "Claim"},
        text=item["value"],
        about=_event(base, item["event"]),
        appearance=_document(base, item["document"], item["source"]),
        isPartOf={"@id": f"{base}/reports/{item['report']}"},
        **_attributed(base, item["attributed_to"]),
        **_quoted(base, item, item["span"]),
        **_coding(item, "property", "normalized", "unit"),
    )


def source(base: str, item: Item) -> Node:
    return _told(
        **{"@id": f"{base}/sources/{item['id']}"},
        **{"@type": [_KINDS_OF_SOURCE.get(item["kind"], "NewsMediaOrganization"), "prov:Organization"]},
        name=item["name"],
        alternateName=item["aliases"],
        identifier=item["slug"],
        url=web_iri(item["homepage"]),
        knowsLanguage=item["language"],
        address=item["country"] and {"@type": "PostalAddress", "addressCountry": item["country"]},
        sameAs=_wikidata(item),
        **_coding(item, "state_affiliated"),
    )


def speaker(base: str, item: Item) -> Node:
    also = item["source"] and f"{base}/sources/{item['source']['id']}"
    return _speaker(base, item) | _told(
        alternateName=item["aliases"],
        identifier=item["slug"],
        sameAs=[each for each in (_wikidata(item), also) if each],
        **_coding(item, "country"),
    )


_DESCRIBED: Mapping[type[BaseModel], Describe] = {
    EventPublic: event,
    DocumentPublic: document,
    ReportPublic: report,
    StatementPublic: statement,
    UtterancePublic: utterance,
    ClaimPublic: claim,
    SourcePublic: source,
    SpeakerPublic: speaker,
}


def description(shape: type[BaseModel]) -> Describe | None:
    """How an item of this shape becomes a node; null where it is no record, or one that says nothing of the world."""
    return next((_DESCRIBED[each] for each in shape.__mro__ if each in _DESCRIBED), None)


# The parts of them.


def _told(**fields: Any) -> Node:
    return {name: value for name, value in fields.items() if value is not None and value != []}


def _coding(item: Item, *names: str) -> Node:
    return {name: item[name] for name in (*names, "coded_by", "confidence")}


def _event(base: str, item: Item) -> Node:
    begun, ended = _plain(item["date"])
    return _told(
        **{"@id": f"{base}/events/{item['id']}", "@type": "Event"},
        name=item["title"],
        edtf=item["date"]["edtf"],
        startDate=begun,
        endDate=ended,
    )


def _document(base: str, item: Item, publisher: Item) -> Node:
    published = item["published"]
    day, end = _plain(published)
    return _told(
        **{"@id": f"{base}/documents/{item['id']}", "@type": "NewsArticle"},
        headline=item["title"],
        url=web_iri(item["url"]),
        edtf=published and published["edtf"],
        datePublished=None if end else day,
        publisher={"@id": f"{base}/sources/{publisher['id']}", "@type": "Organization", "name": publisher["name"]},
    )


def _plain(date: Item | None) -> tuple[str | None, str | None]:
    """Beginning and end as ISO 8601 writes them; nulls where the date is in doubt, an end only of an interval."""
    match = date and _PLAIN_DATE.fullmatch(date["edtf"])
    return (match[1], match[2]) if match else (None, None)


def _said(date: Item | None) -> Node:
    day, end = _plain(date)
    return {"edtf": date and date["edtf"], "dateCreated": None if end else day}


def _place(place: Item) -> Node | None:
    known = _told(
        name=place["name"],
        address=place["country"] and {"@type": "PostalAddress", "addressCountry": place["country"]},
        geo=_coordinates(place),
    )
    return {"@type": "Place", **known} if known else None


def _coordinates(place: Item) -> Node | None:
    if place["latitude"] is None or place["longitude"] is None:
        return None
    return {"@type": "GeoCoordinates", "latitude": place["latitude"], "longitude": place["longitude"]}


def _wikidata(item: Item) -> str | None:
    return item["wikidata_id"] and f"http://www.wikidata.org/entity/{item['wikidata_id']}"


def _speaker(base: str, item: Item) -> Node:
    office = "jobTitle" if item["kind"] == "person" else "title"
    return _told(
        **{"@id": f"{base}/speakers/{item['id']}", "@type": _KINDS_OF_SPEAKER[item["kind"]], office: item["title"]},
        name=item["name"],
    )


def _attributed(base: str, voice: Item | None) -> Node:
    """Whose words they are; a document, such as a treaty, is nobody who acts, but what they are based on."""
    if voice is None:
        return {}
    return {"isBasedOn" if voice["kind"] == "document" else "wasAttributedTo": _speaker(base, voice)}


def _spoken(base: str, voice: Item | None) -> Node:
    told = _attributed(base, voice)
    whom = told.get("wasAttributedTo")
    return told | ({"creator": {"@id": whom["@id"]}} if whom else {})


def _quoted(base: str, item: Item, span: Item | None) -> Node:
    """The document that the words stand in, and where."""
    if span is None:
        return {}
    return {
        "wasQuotedFrom": f"{base}/documents/{item['document']['id']}",
        "atLocation": _stretch(base, item, span),
    }


def _stretch(base: str, item: Item, span: Item) -> Node:
    return {
        "@type": ["prov:Location", "oa:SpecificResource"],
        "source": f"{base}/documents/{item['document']['id']}",
        "selector": [
            {"@type": "oa:TextPositionSelector", "start": span["start"], "end": span["end"]},
            {"@type": "oa:TextQuoteSelector", **{name: span[name] for name in ("exact", "prefix", "suffix")}},
        ],
    }


def _utterance(base: str, item: Item) -> Node | None:
    return item["utterance"] and {"@id": f"{base}/utterances/{item['utterance']}"}


def _relayed(base: str, item: Item) -> Node | None:
    """What the voice nearest to the document told, which has its words from the next, up to what was said itself."""
    further = _utterance(base, item)
    for hop in reversed(item["chain"]):
        further = _told(
            **{"@id": f"{base}/statements/{item['id']}#voice-{hop['position']}", "@type": "prov:Entity"},
            position=hop["position"],
            atLocation=hop["cue"] and _stretch(base, item, hop["cue"]),
            hadPrimarySource=further,
            **_attributed(base, hop["speaker"]),
        )
    return further
