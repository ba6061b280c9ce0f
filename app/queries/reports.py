"""Reports: which document reports which event."""

from functools import cache

from sqlalchemy import Select, func, select

from app.queries.briefs import coding, document_brief, event_brief, source_brief
from app.queries.filters import by_id_or_external_id, in_list
from app.queries.listing import Listing
from app.queries.sql import as_text, dated, obj, span
from app.queries.tables import NOW, Tables
from app.schemas.report import ReportFilter


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text a report (``ReportPublic``)."""
    report, document = t.report, t.document
    claims = select(func.count()).where(t.claim.report_id == report.id).correlate(report)
    fields = {
        "id": report.id,
        "event": event_brief(t.event),
        "source": source_brief(t.source),
        "document": document_brief(document),
        "role": report.role,
        "passage": span(document.text, report.start, report.end),
        "dated": dated(report.date, report.earliest, report.latest),
        "claim_count": claims.scalar_subquery(),
    }
    return (
        select(as_text(obj(fields | coding(report))))
        .select_from(report)
        .join(t.event, t.event.id == report.event_id)
        .join(document, document.id == report.document_id)
        .join(t.source, t.source.id == document.source_id)
    )


def listing(filters: ReportFilter, *, ids: dict[str, list[int]]) -> Listing:
    """The reports that match; ``ids`` are the sources that the filters name."""
    report = NOW.report
    conditions = in_list(report.role, filters.role)
    if filters.event:
        events = select(NOW.event.id).where(*by_id_or_external_id(NOW.event, filters.event))
        conditions.append(report.event_id.in_(events))
    if "source" in ids:
        documents = select(NOW.document.id).where(NOW.document.source_id.in_(ids["source"]))
        conditions.append(report.document_id.in_(documents))
    return Listing(items(), report.id, select(report.id).where(*conditions), {"id": report.id})
