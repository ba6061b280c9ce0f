"""Events, with the outlets that reported them."""

from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Float,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.core.vocab import Noun
from app.database.json_sql import (
    as_text,
    days_between,
    edtf_date,
    json_array,
    json_object,
    parse_json,
    rfc3339_time,
    span_selectors,
)
from app.database.models import Coverage, Tally
from app.database.reads import ReadSession
from app.database.tables import NOW, Table, Tables
from app.queries.filters import (
    begins_in_range,
    date_sort_key,
    lasts_into_range,
    match_ids,
    match_text,
    parse_ids,
    split_dates,
    to_pattern,
)
from app.queries.fragments import coding_fields, outlet_fields, published_date
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.queries.search import get_search_values, match_words
from app.schemas.common import split_commas
from app.schemas.event import EventFilter, parse_bbox

_TALLY: Table = Tally
_COVERAGE: Table = Coverage

# Sort orders that do not need the counts of events.
_SORTS_WITHOUT_COUNTS = ("date", "id")

_EVENT = bindparam("event_id", type_=BigInteger, required=True)

# Square degrees above which a bounding box counts as wide: about a continent.
_WIDE = 2_000


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text an event (``EventPublic``)."""
    event = t.event
    fields = {
        "id": event.id,
        "title": event.title,
        "summary": event.summary,
        "date": edtf_date(event.date, event.earliest, event.latest, always=True),
        "type": event.type,
        "place": json_object(
            {
                "name": event.place,
                "country": event.country,
                "latitude": event.latitude,
                "longitude": event.longitude,
            }
        ),
        **(_DENORMALIZED_COUNTS if t is NOW else _compute_counts(t)),
        "external_id": event.external_id,
        "merged_into_id": event.merged_into_id,
    }
    item = select(as_text(json_object(fields | coding_fields(event)))).select_from(event)
    return item.join(_TALLY, _TALLY.event_id == event.id) if t is NOW else item


_DENORMALIZED_COUNTS = {
    "sources": parse_json(_TALLY.outlets),
    "source_count": _TALLY.sources,
    "origin_count": _TALLY.origins,
    "document_count": _TALLY.documents,
    "statement_count": _TALLY.statements,
}


def _compute_counts(t: Tables) -> dict[str, Any]:
    """Build the counts of an event in the past, for which there are no denormalized counts."""
    statements = select(func.count()).where(t.statement.event_id == t.event.id).correlate(t.event)
    return {
        "sources": json_array(_select_outlets(t)),
        "source_count": select(func.count()).select_from(_build_coverage(t)).scalar_subquery(),
        "origin_count": null(),  # origins are computed from texts, not in SQL
        "document_count": select(func.coalesce(func.sum(_build_coverage(t).c.documents), 0)).scalar_subquery(),
        "statement_count": statements.scalar_subquery(),
    }


def _select_outlets(t: Tables) -> Select[str]:
    """Select the outlets that reported the event, the first to publish first (``EventOutlet``)."""
    source, covers = t.source, _build_coverage(t)
    outlet = {
        "slug": source.slug,
        "name": source.name,
        "document_count": covers.c.documents,
        "first_published_on": covers.c.first_published,
    }
    outlets = (
        select(json_object(outlet).label("item")).select_from(covers).join(source, source.id == covers.c.source_id)
    )
    return outlets.order_by(covers.c.first_published.nulls_last(), source.id)


def _build_coverage(t: Tables) -> Subquery:
    """Build the rows of the table ``coverage`` for the event as they were in the past."""
    reports = (
        select(
            t.document.source_id,
            func.count().label("documents"),
            func.min(t.document.published_earliest).label("first_published"),
        )
        .select_from(t.report)
        .join(t.document, t.document.id == t.report.document_id)
        .where(t.report.event_id == t.event.id)
        .group_by(t.document.source_id)
    )
    return reports.correlate(t.event).subquery()


async def get_listing(reads: ReadSession, filters: EventFilter, *, within: Within | None = None) -> BoundListing:
    """Return the events that match, all or those that one source reported."""
    ids = await resolve_names(reads, {"source": filters.source, "speaker": filters.speaker}, within=within)
    shape, values = split_filters(
        **split_dates(filters),
        id=parse_ids(filters.id),
        place=to_pattern(filters.place),
        country=split_commas(filters.country),
        type=split_commas(filters.type),
        **_split_bbox(filters.bbox),
        source=ids.get("source"),
        within=ids.get("within"),
        speaker=ids.get("speaker"),
        **await get_search_values(reads, filters.q, Noun.EVENTS),
        min_sources=filters.min_sources,
        min_origins=filters.min_origins,
        counted=bool(filters.min_sources or filters.min_origins)
        or filters.sort.removeprefix("-") not in _SORTS_WITHOUT_COUNTS,
    )
    return BoundListing(_build_query(shape, reads.dialect), values)


@lru_cache(maxsize=1024)
def _build_query(shape: FilterShape, dialect: str) -> ListQuery:
    branches = [_build_branch(shape, dialect, lasting=False)]
    if "first" in shape:
        branches.append(_build_branch(shape, dialect, lasting=True))
    return ListQuery(select_items(), NOW.event.id, branches)


def _build_branch(shape: FilterShape, dialect: str, *, lasting: bool) -> QueryBranch:
    """Build the branch of events that begin in the requested days, or of those ``lasting`` into them from before."""
    event = NOW.event
    ids = select(event.id)
    by_date = (event.earliest, event.id)
    conditions = [
        event.merged_into_id.is_(None),
        *match_ids(event.id, shape),
        *match_text(event.place_key, shape, "place"),
        *shape.match(event.country, "country"),
        *shape.match(event.type, "type"),
        *_in_bbox(shape),
        *match_words(Noun.EVENTS, shape, dialect),
    ]
    for name in ("within", "source"):
        if shape.is_single(name) and not lasting and by_date[0] is event.earliest:
            # The index of a source's coverage has its events in the order of their dates.
            ids = ids.join(_COVERAGE, _COVERAGE.event_id == event.id)
            by_date = (_COVERAGE.earliest, _COVERAGE.event_id)
            conditions += shape.match(_COVERAGE.source_id, name)
        elif name in shape:
            conditions.append(_is_covered(shape, name))
    if "speaker" in shape:
        quoted_at = select(NOW.statement.event_id).where(*shape.match(NOW.statement.speaker_id, "speaker"))
        conditions.append(event.id.in_(quoted_at))
    if "min_sources" in shape:
        conditions.append(_TALLY.sources >= shape.bind("min_sources"))
    if "min_origins" in shape:
        conditions.append(_TALLY.origins >= shape.bind("min_origins"))
    is_in_range = lasts_into_range if lasting else begins_in_range
    conditions += is_in_range(shape, event, day=by_date[0])
    sorts = {"date": by_date, "id": (event.id, event.id)}
    if "counted" in shape:
        ids = ids.join(_TALLY, _TALLY.event_id == event.id)
        sorts |= {name: (getattr(_TALLY, name), _TALLY.event_id) for name in ("sources", "origins", "statements")}
    return QueryBranch(ids.where(*conditions), sorts, few=lasting)


def _is_covered(shape: FilterShape, name: str) -> Condition:
    """Return the condition that one of the sources of a filter reported the event."""
    covers = aliased(_COVERAGE)
    reported = exists().where(covers.event_id == NOW.event.id, *shape.match(covers.source_id, name))
    return reported.correlate(NOW.event)


def _split_bbox(text: str | None) -> dict[str, Any]:
    """Return the values of a bounding box, and if it ``crosses`` the antimeridian or is ``wide``."""
    if text is None:
        return {}
    west, south, east, north = parse_bbox(text)
    width = east - west if west <= east else 360 + east - west
    wide = width * (north - south) > _WIDE
    return {"west": west, "south": south, "east": east, "north": north, "crosses": west > east, "wide": wide}


def _in_bbox(shape: FilterShape) -> list[Condition]:
    if "west" not in shape:
        return []
    west, south, east, north = (shape.bind(name, Float) for name in ("west", "south", "east", "north"))
    longitude, latitude = NOW.event.longitude, NOW.event.latitude
    # If west is greater, the box crosses the antimeridian (RFC 7946 §5.2).
    combine = or_ if "crosses" in shape else and_
    # A wide box has so many events that walking through all events by date gives a page of them soonest.
    latitude = latitude + literal_column("0") if "wide" in shape else latitude
    return [latitude.between(south, north), combine(longitude >= west, longitude <= east)]


async def get_outlet_listing(reads: ReadSession, event: Within) -> BoundListing:
    """Return the outlets that reported an event, with their documents and lags (``EventSourcePublic``)."""
    ids = await resolve_names(reads, {}, within=event)
    return BoundListing(_build_outlet_query(), {"event_id": ids["within"][0]})


@cache
def _build_outlet_query() -> ListQuery:
    source, covers = NOW.source, _COVERAGE
    fields = {
        **outlet_fields(source),
        "first_published_on": covers.first_published,
        "lag_days": days_between(_first_published(), covers.first_published),
        "reporting_documents": json_array(_select_documents()),
    }
    items = select(as_text(json_object(fields))).select_from(source).join(covers, covers.source_id == source.id)
    ids = select(covers.source_id).join(source, source.id == covers.source_id).where(covers.event_id == _EVENT)
    sorts = {
        "published": (date_sort_key(covers.first_published), covers.source_id),
        "name": (source.name_key, covers.source_id),
    }
    return ListQuery(items.where(covers.event_id == _EVENT), source.id, [QueryBranch(ids, sorts)])


def _first_published() -> ScalarSelect[object]:
    of_any = aliased(_COVERAGE)
    return select(func.min(of_any.first_published)).where(of_any.event_id == _EVENT).scalar_subquery()


def _select_documents() -> Select[str]:
    """Select the documents of the source that report the event (``CoverageDocument``)."""
    document, report = NOW.document, NOW.report
    fields = {
        "report_id": report.id,
        "id": document.id,
        "title": document.title,
        "url": document.url,
        "byline": document.byline,
        "published": published_date(document),
        "published_at": rfc3339_time(document.published_at),
        "lag_days": days_between(_first_published(), document.published_earliest),
        "role": report.role,
        "date": edtf_date(report.date, report.earliest, report.latest),
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
