"""Who reported an event: its outlets, each with its documents and how far it was behind the first."""

from functools import cache

from sqlalchemy import BigInteger, ScalarSelect, Select, bindparam, func, select
from sqlalchemy.orm import aliased

from app.database.json_sql import (
    as_text,
    days_between,
    edtf_date,
    json_array,
    json_object,
    rfc3339_time,
    span_selectors,
)
from app.database.models import Coverage
from app.database.statements import ReadSession
from app.database.tables import NOW, Table
from app.queries.filters import or_no_date
from app.queries.fragments import outlet, published
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names

_COVERAGE: Table = Coverage
_EVENT = bindparam("event_id", type_=BigInteger, required=True)


async def get_listing(reads: ReadSession, event: Within) -> BoundListing:
    """The outlets that reported an event (``EventSourcePublic``)."""
    ids = await resolve_names(reads, {}, within=event)
    return BoundListing(_build_query(), {"event_id": ids["within"][0]})


@cache
def _build_query() -> ListQuery:
    source, covers = NOW.source, _COVERAGE
    fields = {
        **outlet(source),
        "first_published": covers.first_published,
        "lag_days": days_between(_first_of_all(), covers.first_published),
        "documents": json_array(_documents()),
    }
    items = select(as_text(json_object(fields))).select_from(source).join(covers, covers.source_id == source.id)
    ids = select(covers.source_id).join(source, source.id == covers.source_id).where(covers.event_id == _EVENT)
    sorts = {
        "published": (or_no_date(covers.first_published), covers.source_id),
        "name": (source.name_key, covers.source_id),
    }
    return ListQuery(items.where(covers.event_id == _EVENT), source.id, [QueryBranch(ids, sorts)])


def _first_of_all() -> ScalarSelect[object]:
    others = aliased(_COVERAGE)
    return select(func.min(others.first_published)).where(others.event_id == _EVENT).scalar_subquery()


def _documents() -> Select[str]:
    """What the source in hand published on the event (``CoverageDocument``)."""
    document, report = NOW.document, NOW.report
    fields = {
        "report": report.id,
        "id": document.id,
        "title": document.title,
        "url": document.url,
        "byline": document.byline,
        "published": published(document),
        "published_at": rfc3339_time(document.published_at),
        "lag_days": days_between(_first_of_all(), document.published_earliest),
        "role": report.role,
        "dated": edtf_date(report.date, report.earliest, report.latest),
        "passage": span_selectors(document.text, report.start, report.end),
    }
    return (
        select(json_object(fields).label("item"))
        .select_from(document)
        .join(report, report.document_id == document.id)
        .where(report.event_id == _EVENT, document.source_id == NOW.source.id)
        .order_by(document.published_earliest.nulls_last(), document.id)
        .correlate(NOW.source)
    )
