"""From rows to the JSON of the API, by hand: what the bare contenders share."""

import base64
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

LIMIT = 50
_CONTEXT = 32

Row = Sequence[Any]


def page(request: Request, items: list[dict[str, Any]], last: Row | None) -> Response:
    """One page; ``last`` is the sort key and the id of its last row, where there are more."""
    url = request.url
    here = f"{url.path}?{url.query}"
    cursor = last and base64.urlsafe_b64encode(orjson.dumps(list(last))).decode()
    body = {"items": items, "next": f"{here}&cursor={cursor}" if cursor else None, "self": here}
    return Response(orjson.dumps(body), media_type="application/json")


def dated(text: str | None, earliest: Any, latest: Any) -> dict[str, Any] | None:
    return None if text is None else {"edtf": text, "earliest": earliest, "latest": latest}


def span(text: str, start: int | None, end: int | None) -> dict[str, Any] | None:
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
tally.sources, tally.documents, tally.statements,
event.external_id, event.merged_into_id, event.coded_by, event.confidence, event.revision_id
"""


def event(row: Row, outlets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row[0],
        "title": row[1],
        "summary": row[2],
        "date": dated(row[3], row[4], row[5]),
        "type": row[6],
        "place": {"name": row[7], "country": row[8], "latitude": row[9], "longitude": row[10]},
        "sources": outlets,
        "source_count": row[11],
        "document_count": row[12],
        "statement_count": row[13],
        "external_id": row[14],
        "merged_into": row[15],
        "coded_by": row[16],
        "confidence": row[17],
        "revision": row[18],
    }


# The event's id comes first.
OUTLET_COLUMNS = "coverage.event_id, source.slug, source.name, coverage.documents, coverage.first_published"


def outlets(rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    """The outlets of each event, in the order of the rows."""
    found: dict[int, list[dict[str, Any]]] = {}
    for event_id, slug, name, documents, first in rows:
        outlet = {"slug": slug, "name": name, "documents": documents, "first_published": first}
        found.setdefault(event_id, []).append(outlet)
    return found


STATEMENT_COLUMNS = """
statement.id, statement.text, statement.kind,
speaker.id, speaker.slug, speaker.name, speaker.kind, speaker.title,
source.id, source.slug, source.name,
document.id, document.title, document.url,
document.published, document.published_earliest, document.published_latest,
event.id, event.title, event.date, event.earliest, event.latest,
document.text, statement.start, statement."end", statement.cue_start, statement.cue_end,
statement.said, statement.said_earliest, statement.said_latest,
statement.utterance_id, coalesce(statement.language, document.language), statement.translated,
statement.coded_by, statement.confidence, statement.revision_id
"""


def statement(row: Row, chain: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row[0],
        "text": row[1],
        "kind": row[2],
        "speaker": speaker(row[3:8]),
        "source": {"id": row[8], "slug": row[9], "name": row[10]},
        "document": {"id": row[11], "title": row[12], "url": row[13], "published": dated(*row[14:17])},
        "event": None if row[17] is None else {"id": row[17], "title": row[18], "date": dated(*row[19:22])},
        "span": span(row[22], row[23], row[24]),
        "cue": span(row[22], row[25], row[26]),
        "said": dated(*row[27:30]),
        "chain": chain,
        "utterance": row[30],
        "language": row[31],
        "translated": None if row[32] is None else bool(row[32]),
        "coded_by": row[33],
        "confidence": row[34],
        "revision": row[35],
    }


def speaker(row: Row) -> dict[str, Any] | None:
    return None if row[0] is None else dict(zip(("id", "slug", "name", "kind", "title"), row, strict=True))


# The statement's id comes first.
HOP_COLUMNS = """
attribution.statement_id, attribution.position,
speaker.id, speaker.slug, speaker.name, speaker.kind, speaker.title,
document.text, attribution.start, attribution."end"
"""


def chains(rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    """The hops of each statement, in the order of the rows."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        hop = {"position": row[1], "speaker": speaker(row[2:7]), "cue": span(row[7], row[8], row[9])}
        found.setdefault(row[0], []).append(hop)
    return found
