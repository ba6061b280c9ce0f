"""Who reported an event: its outlets, each with its documents and how far it was behind the first."""

from sqlalchemy import ScalarSelect, Select, Subquery, func, select

from app.models import Event
from app.queries.briefs import published
from app.queries.filters import or_no_date
from app.queries.listing import Listing
from app.queries.sql import array, as_text, boolean, dated, days_between, moment, obj, span
from app.queries.tables import NOW


def listing(event: Event) -> Listing:
    """The outlets that reported ``event`` (``EventSourcePublic``)."""
    source, firsts = NOW.source, _firsts(event.id)
    fields = {
        "id": source.id,
        "slug": source.slug,
        "name": source.name,
        "kind": source.kind,
        "country": source.country,
        "state_affiliated": boolean(source.state_affiliated),
        "first_published": firsts.c.first,
        "lag_days": days_between(_first_of_all(event.id), firsts.c.first),
        "documents": array(_documents(event.id)),
    }
    items = select(as_text(obj(fields))).select_from(source).join(firsts, firsts.c.source_id == source.id)
    ids = select(firsts.c.source_id.label("id")).select_from(firsts).join(source, source.id == firsts.c.source_id)
    sorts = {"published": or_no_date(firsts.c.first), "name": source.name_key}
    return Listing(items, source.id, ids, sorts)


def _firsts(event_id: int | None) -> Subquery:
    """For each source that reported the event, the earliest day on which it did."""
    document, report = NOW.document, NOW.report
    return (
        select(document.source_id, func.min(document.published_earliest).label("first"))
        .join(report, report.document_id == document.id)
        .where(report.event_id == event_id)
        .group_by(document.source_id)
        .subquery("firsts")
    )


def _first_of_all(event_id: int | None) -> ScalarSelect[object]:
    firsts = _firsts(event_id).alias("first_of_all")
    return select(func.min(firsts.c.first)).scalar_subquery()


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
        "lag_days": days_between(_first_of_all(event_id), document.published_earliest),
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
