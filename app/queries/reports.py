"""Reports: the links between documents and the events that they report."""

from functools import cache, lru_cache

from sqlalchemy import Select, func, select

from app.database.json_sql import as_text, edtf_date, json_object, span_selectors
from app.database.reads import ReadSession
from app.database.tables import NOW, Tables
from app.queries.filters import match_ids, match_reference, parse_ids, split_references
from app.queries.fragments import coding_fields, document_brief, event_brief, source_brief
from app.queries.listing import BoundListing, ListQuery
from app.queries.names import resolve_names
from app.queries.parameters import FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.report import ReportFilter


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a report (``ReportPublic``)."""
    report, document = t.report, t.document
    claims = select(func.count()).where(t.claim.report_id == report.id).correlate(report)
    fields = {
        "id": report.id,
        "event": event_brief(t.event),
        "source": source_brief(t.source, always=True),
        "document": document_brief(document),
        "role": report.role,
        "passage": span_selectors(document.text, report.start, report.end),
        "date": edtf_date(report.date, report.earliest, report.latest),
        "claim_count": claims.scalar_subquery(),
    }
    return (
        select(as_text(json_object(fields | coding_fields(report))))
        .select_from(report)
        .join(t.event, t.event.id == report.event_id)
        .join(document, document.id == report.document_id)
        .join(t.source, t.source.id == document.source_id)
    )


async def get_listing(reads: ReadSession, filters: ReportFilter) -> BoundListing:
    """Return the reports that match."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(
        id=parse_ids(filters.id),
        role=split_commas(filters.role),
        source=ids.get("source"),
        **split_references(filters.event, "event"),
    )
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=64)
def _build_query(shape: FilterShape) -> ListQuery:
    report = NOW.report
    conditions = [*match_ids(report.id, shape), *shape.match(report.role, "role")]
    if "event" in shape or "event_id" in shape:
        events = select(NOW.event.id).where(match_reference(NOW.event, shape, "event"))
        conditions.append(report.event_id.in_(events))
    if "source" in shape:
        documents = select(NOW.document.id).where(*shape.match(NOW.document.source_id, "source"))
        conditions.append(report.document_id.in_(documents))
    return ListQuery.by_id(select_items(), report.id, select(report.id).where(*conditions))
