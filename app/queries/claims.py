"""Claims: the values that documents give for properties of events."""

from functools import cache, lru_cache

from sqlalchemy import Select, select

from app.database.json_sql import as_text, json_object, span_selectors
from app.database.reads import ReadSession
from app.database.tables import NOW, Tables
from app.queries.filters import match_ids, match_reference, parse_ids, split_references
from app.queries.fragments import coding_fields, document_brief, event_brief, source_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import resolve_names
from app.queries.parameters import FilterShape, split_filters
from app.schemas.claim import ClaimFilter
from app.schemas.common import split_commas


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a claim (``ClaimPublic``)."""
    claim, report, document = t.claim, t.report, t.document
    fields = {
        "id": claim.id,
        "report_id": claim.report_id,
        "event": event_brief(t.event),
        "source": source_brief(t.source, always=True),
        "document": document_brief(document),
        "property": claim.property,
        "value": claim.value,
        "normalized": claim.normalized,
        "unit": claim.unit,
        "span": span_selectors(document.text, claim.start, claim.end, always=True),
        "attributed_to": speaker_brief(t.speaker),
    }
    return (
        select(as_text(json_object(fields | coding_fields(claim))))
        .select_from(claim)
        .join(report, report.id == claim.report_id)
        .join(t.event, t.event.id == report.event_id)
        .join(document, document.id == report.document_id)
        .join(t.source, t.source.id == document.source_id)
        .outerjoin(t.speaker, t.speaker.id == claim.attributed_to_id)
    )


async def get_listing(reads: ReadSession, filters: ClaimFilter) -> BoundListing:
    """Return the claims that match."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(
        id=parse_ids(filters.id),
        property=split_commas(filters.property),
        source=ids.get("source"),
        **split_references(filters.event, "event"),
    )
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=64)
def _build_query(shape: FilterShape) -> ListQuery:
    t, claim = NOW, NOW.claim
    conditions = [*match_ids(claim.id, shape), *shape.match(claim.property, "property")]
    reports = []
    if "event" in shape or "event_id" in shape:
        reports.append(t.report.event_id.in_(select(t.event.id).where(match_reference(t.event, shape, "event"))))
    if "source" in shape:
        documents = select(t.document.id).where(*shape.match(t.document.source_id, "source"))
        reports.append(t.report.document_id.in_(documents))
    if reports:
        conditions.append(claim.report_id.in_(select(t.report.id).where(*reports)))
    sorts = {"id": (claim.id, claim.id), "property": (claim.property, claim.id)}
    return ListQuery(select_items(), claim.id, [QueryBranch(select(claim.id).where(*conditions), sorts)])
