"""Claims: what documents say of the properties of events."""

from functools import cache

from sqlalchemy import Select, select

from app.queries.briefs import coding, document_brief, event_brief, source_brief, speaker_brief
from app.queries.filters import by_id_or_external_id, in_list
from app.queries.listing import Listing
from app.queries.sql import as_text, obj, span
from app.queries.tables import NOW, Tables
from app.schemas.claim import ClaimFilter


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text a claim (``ClaimPublic``)."""
    claim, report, document = t.claim, t.report, t.document
    fields = {
        "id": claim.id,
        "report": claim.report_id,
        "event": event_brief(t.event),
        "source": source_brief(t.source),
        "document": document_brief(document),
        "property": claim.property,
        "value": claim.value,
        "normalized": claim.normalized,
        "unit": claim.unit,
        "span": span(document.text, claim.start, claim.end),
        "attributed_to": speaker_brief(t.speaker),
    }
    return (
        select(as_text(obj(fields | coding(claim))))
        .select_from(claim)
        .join(report, report.id == claim.report_id)
        .join(t.event, t.event.id == report.event_id)
        .join(document, document.id == report.document_id)
        .join(t.source, t.source.id == document.source_id)
        .outerjoin(t.speaker, t.speaker.id == claim.attributed_to_id)
    )


def listing(filters: ClaimFilter, *, ids: dict[str, list[int]]) -> Listing:
    """The claims that match; ``ids`` are the sources that the filters name."""
    t, claim = NOW, NOW.claim
    reports = select(t.report.id)
    if filters.event:
        events = select(t.event.id).where(*by_id_or_external_id(t.event, filters.event))
        reports = reports.where(t.report.event_id.in_(events))
    if "source" in ids:
        documents = select(t.document.id).where(t.document.source_id.in_(ids["source"]))
        reports = reports.where(t.report.document_id.in_(documents))
    found = select(claim.id).where(claim.report_id.in_(reports), *in_list(claim.property, filters.property))
    return Listing(items(), claim.id, found, {"id": claim.id, "property": claim.property})
