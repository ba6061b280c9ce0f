"""Who reported an event: its outlets, each with its documents and how far it was behind the first."""

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import aliased

from app.models import Event
from app.queries.briefs import published
from app.queries.filters import NO_DATE
from app.queries.listing import Listing
from app.queries.sql import array, as_text, boolean, dated, days_between, moment, obj, span
from app.queries.tables import NOW


def listing(event: Event) -> Listing:
    """The outlets that reported ``event`` (``EventSourcePublic``)."""
    source, event_id = NOW.source, event.id
    first = _first_published(event_id, of_source=True)
    fields = {
        "id": source.id,
        "slug": source.slug,
        "name": source.name,
        "kind": source.kind,
        "country": source.country,
        "state_affiliated": boolean(source.state_affiliated),
        "first_published": first,
        "lag_days": days_between(_first_published(event_id), first),
        "documents": array(_documents(event_id)),
    }
    reporting = (
        select(NOW.document.source_id)
        .join(NOW.report, NOW.report.document_id == NOW.document.id)
        .where(NOW.report.event_id == event_id)
    )
    sorts = {"published": func.coalesce(first, literal(NO_DATE)), "name": source.name_key}
    return Listing(select(as_text(obj(fields))), source.id, select(source.id).where(source.id.in_(reporting)), sorts)


def _first_published(event_id: int | None, *, of_source: bool = False) -> ColumnElement[object]:
    """The earliest day on which a document reported the event: any document, or one of the source in hand."""
    document, report = aliased(NOW.document), aliased(NOW.report)
    first = (
        select(func.min(document.published_earliest))
        .join(report, report.document_id == document.id)
        .where(report.event_id == event_id)
    )
    if of_source:
        first = first.where(document.source_id == NOW.source.id).correlate(NOW.source)
    return first.scalar_subquery()


def _documents(event_id: int | None) -> Select[str]:
    """What the source in hand published on the event (``CoverageDocument``)."""
    document, report = NOW.document, NOW.report
    fields = {
        "report": report.id,
        "id": document.id,
        "title": document.title,
        "url": document.url,
        "byline": document.byline,
        "published": published(document),
        "published_at": moment(document.published_at),
        "lag_days": days_between(_first_published(event_id), document.published_earliest),
        "role": report.role,
        "dated": dated(report.date, report.earliest, report.latest),
        "passage": span(document.text, report.start, report.end),
    }
    return (
        select(obj(fields).label("item"))
        .select_from(document)
        .join(report, report.document_id == document.id)
        .where(report.event_id == event_id, document.source_id == NOW.source.id)
        .order_by(document.published_earliest.nulls_last(), document.id)
        .correlate(NOW.source)
    )
