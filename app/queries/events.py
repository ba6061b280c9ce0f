"""Events: one, or many, with the outlets that reported them."""

from functools import cache

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.queries.briefs import coding
from app.queries.filters import Condition, contains, in_list, in_range
from app.queries.listing import Listing
from app.queries.search import matches
from app.queries.sql import array, as_text, dated, obj
from app.queries.tables import NOW, Tables
from app.schemas.event import EventFilter, parse_bbox
from app.vocab import Noun


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text an event (``EventPublic``)."""
    event = t.event
    fields = {
        "id": event.id,
        "title": event.title,
        "summary": event.summary,
        "date": dated(event.date, event.earliest, event.latest),
        "type": event.type,
        "place": obj(
            {
                "name": event.place,
                "country": event.country,
                "latitude": event.latitude,
                "longitude": event.longitude,
            }
        ),
        "sources": array(_outlets(t)),
        "source_count": source_count(t),
        "document_count": _reports(t, func.count()).scalar_subquery(),
        "statement_count": _statement_count(t),
        "external_id": event.external_id,
        "merged_into": event.merged_into_id,
    }
    return select(as_text(obj(fields | coding(event))))


def _reports(t: Tables, column: ColumnElement[int]) -> Select[int]:
    reports = select(column).select_from(t.report).join(t.document, t.document.id == t.report.document_id)
    return reports.where(t.report.event_id == t.event.id).correlate(t.event)


def source_count(t: Tables) -> ColumnElement[int]:
    return _reports(t, func.count(t.document.source_id.distinct())).scalar_subquery()


def _statement_count(t: Tables) -> ColumnElement[int]:
    statements = select(func.count()).where(t.statement.event_id == t.event.id)
    return statements.correlate(t.event).scalar_subquery()


def _outlets(t: Tables) -> Select[str]:
    """The outlets that reported the event in hand, the first to publish first (``EventOutlet``)."""
    source, first = t.source, func.min(t.document.published_earliest)
    outlet = obj(
        {"slug": source.slug, "name": source.name, "documents": func.count(), "first_published": first},
    )
    return (
        select(outlet.label("item"))
        .select_from(t.report)
        .join(t.document, t.document.id == t.report.document_id)
        .join(source, source.id == t.document.source_id)
        .where(t.report.event_id == t.event.id)
        .group_by(source.id, source.slug, source.name)
        .order_by(first.nulls_last(), source.id)
        .correlate(t.event)
    )


def listing(filters: EventFilter, *, ids: dict[str, list[int]], dialect: str, source_id: int | None = None) -> Listing:
    """The events that match; ``ids`` are the sources and speakers that the filters name.

    ``source_id`` narrows the list to what one source reported.
    """
    t, event = NOW, NOW.event
    conditions = [
        event.merged_into_id.is_(None),
        *in_range(filters, event),
        *contains(event.place_key, filters.place),
        *in_list(event.country, filters.country),
        *in_list(event.type, filters.type),
        *_in_bbox(filters.bbox),
    ]
    for sources in (ids.get("source"), source_id and [source_id]):
        if sources:
            reported = select(t.report.event_id).join(t.document, t.document.id == t.report.document_id)
            conditions.append(event.id.in_(reported.where(t.document.source_id.in_(sources))))
    if "speaker" in ids:
        conditions.append(event.id.in_(select(t.statement.event_id).where(t.statement.speaker_id.in_(ids["speaker"]))))
    if filters.q:
        conditions.append(matches(Noun.EVENTS, filters.q, dialect=dialect))
    if filters.min_sources:
        conditions.append(source_count(t) >= filters.min_sources)
    sorts = {"date": event.earliest, "sources": source_count(t), "statements": _statement_count(t)}
    return Listing(items(), event.id, select(event.id).where(*conditions), sorts)


def _in_bbox(text: str | None) -> list[Condition]:
    if text is None:
        return []
    west, south, east, north = parse_bbox(text)
    longitude, latitude = NOW.event.longitude, NOW.event.latitude
    # Where west is greater, the box crosses the antimeridian (RFC 7946 §5.2).
    within = and_ if west <= east else or_
    return [latitude.between(south, north), within(longitude >= west, longitude <= east)]
