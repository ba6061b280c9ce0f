"""Build the items of the API from rows, by hand, for the bare contenders.

The names of the items' fields are here alone, as literals, because that is the fastest way to build a dictionary.
"""

import base64
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

LIMIT = 50
_CONTEXT = 32

Row = Sequence[Any]


def build_page(request: Request, items: list[dict[str, Any]], last: Row | None) -> Response:
    """Return a page; ``last`` is the sort key and the id of its last row if another page follows."""
    url = request.url
    address = f"{url.path}?{url.query}"
    cursor = last and base64.urlsafe_b64encode(orjson.dumps(list(last))).decode()
    body = {"items": items, "next": f"{address}&cursor={cursor}" if cursor else None, "self": address}
    return Response(orjson.dumps(body), media_type="application/json")


def build_date(text: str | None, earliest: Any, latest: Any) -> dict[str, Any] | None:
    return None if text is None else {"edtf": text, "earliest": earliest, "latest": latest}


def build_span(text: str, start: int | None, end: int | None) -> dict[str, Any] | None:
    if start is None or end is None:
        return None
    return {
        "exact": text[start:end],
        "prefix": text[max(0, start - _CONTEXT) : start],
        "suffix": text[end : end + _CONTEXT],
        "start": start,
        "end": end,
    }


EVENT_COLUMNS = """
event.id, event.title, event.summary, event.date, event.earliest, event.latest, event.type,
event.place, event.country, event.latitude, event.longitude,
tally.sources, tally.origins, tally.documents, tally.statements,
event.external_id, event.merged_into_id, event.coded_by, event.confidence, event.revision_id
"""


def build_event(row: Row, outlets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row[0],
        "title": row[1],
        "summary": row[2],
        "date": build_date(row[3], row[4], row[5]),
        "type": row[6],
        "place": {"name": row[7], "country": row[8], "latitude": row[9], "longitude": row[10]},
        "sources": outlets,
        "source_count": row[11],
        "origin_count": row[12],
        "document_count": row[13],
        "statement_count": row[14],
        "external_id": row[15],
        "merged_into_id": row[16],
        "coded_by": row[17],
        "confidence": row[18],
        "revision": row[19],
    }


# The event's id comes first.
OUTLET_COLUMNS = "coverage.event_id, source.slug, source.name, coverage.documents, coverage.first_published"


def group_outlets(rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    """Return the outlets of each event, in the order of the rows."""
    outlets: dict[int, list[dict[str, Any]]] = {}
    for event_id, slug, name, documents, first in rows:
        outlet = {"slug": slug, "name": name, "document_count": documents, "first_published_on": first}
        outlets.setdefault(event_id, []).append(outlet)
    return outlets


STATEMENT_COLUMNS = """
statement.id, statement.text, statement.kind,
speaker.id, speaker.slug, speaker.name, speaker.kind, speaker.title,
source.id, source.slug, source.name,
document.id, document.title, document.url,
document.published, document.published_earliest, document.published_latest,
event.id, event.title, event.date, event.earliest, event.latest,
document.text, statement.start, statement."end", statement.cue_start, statement.cue_end,
statement.said, statement.said_earliest, statement.said_latest,
statement.utterance_id, statement.utterance_by, statement.utterance_confidence,
coalesce(statement.language, document.language), statement.translated,
statement.coded_by, statement.confidence, statement.revision_id
"""


def build_statement(row: Row, chain: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row[0],
        "text": row[1],
        "kind": row[2],
        "speaker": build_speaker(row[3:8]),
        "source": {"id": row[8], "slug": row[9], "name": row[10]},
        "document": {"id": row[11], "title": row[12], "url": row[13], "published": build_date(*row[14:17])},
        "event": None if row[17] is None else {"id": row[17], "title": row[18], "date": build_date(*row[19:22])},
        "span": build_span(row[22], row[23], row[24]),
        "cue": build_span(row[22], row[25], row[26]),
        "said": build_date(*row[27:30]),
        "chain": chain,
        "utterance_id": row[30],
        "utterance_by": row[31],
        "utterance_confidence": row[32],
        "language": row[33],
        "translated": None if row[34] is None else bool(row[34]),
        "coded_by": row[35],
        "confidence": row[36],
        "revision": row[37],
    }


def build_speaker(row: Row) -> dict[str, Any] | None:
    return None if row[0] is None else dict(zip(("id", "slug", "name", "kind", "title"), row, strict=True))


# The statement's id comes first.
HOP_COLUMNS = """
attribution.statement_id, attribution.position,
speaker.id, speaker.slug, speaker.name, speaker.kind, speaker.title,
document.text, attribution.start, attribution."end"
"""


def group_hops(rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    """Return the hops of each statement, in the order of the rows."""
    hops: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        hop = {"position": row[1], "speaker": build_speaker(row[2:7]), "cue": build_span(row[7], row[8], row[9])}
        hops.setdefault(row[0], []).append(hop)
    return hops
