"""Events: one, or many, with the outlets that reported them."""

from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Float, Select, Subquery, and_, exists, func, literal_column, null, or_, select
from sqlalchemy.orm import aliased

from app.core.vocab import Noun
from app.database.json_sql import as_text, edtf_date, json_array, json_object, parse_json
from app.database.models import Coverage, Tally
from app.database.statements import ReadSession
from app.database.tables import NOW, Table, Tables
from app.queries.filters import begun_within, chosen, contains, days, ids, lasting_into, part
from app.queries.fragments import coding
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.queries.search import matches, search_values
from app.schemas.common import split_commas
from app.schemas.event import EventFilter, parse_bbox

_TALLY: Table = Tally
_COVERAGE: Table = Coverage

# Orders that need nothing of what is counted.
_PLAIN = ("date", "id")

# Square degrees above which a bounding box counts as wide: about a continent.
_WIDE = 2_000


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """One JSON text an event (``EventPublic``)."""
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
        **(_tallies() if t is NOW else _counts(t)),
        "external_id": event.external_id,
        "merged_into": event.merged_into_id,
    }
    item = select(as_text(json_object(fields | coding(event)))).select_from(event)
    return item.join(_TALLY, _TALLY.event_id == event.id) if t is NOW else item


def _tallies() -> dict[str, Any]:
    """What is kept of the event in hand."""
    return {
        "sources": parse_json(_TALLY.outlets),
        "source_count": _TALLY.sources,
        "origin_count": _TALLY.origins,
        "document_count": _TALLY.documents,
        "statement_count": _TALLY.statements,
    }


def _counts(t: Tables) -> dict[str, Any]:
    """The same of an event in the past, of which nothing is kept."""
    statements = select(func.count()).where(t.statement.event_id == t.event.id).correlate(t.event)
    return {
        "sources": json_array(_outlets(t)),
        "source_count": select(func.count()).select_from(_coverage(t)).scalar_subquery(),
        "origin_count": null(),  # who copied whom is found by comparing texts
        "document_count": select(func.coalesce(func.sum(_coverage(t).c.documents), 0)).scalar_subquery(),
        "statement_count": statements.scalar_subquery(),
    }


def _outlets(t: Tables) -> Select[str]:
    """The outlets that reported the event in hand, the first to publish first (``EventOutlet``)."""
    source, covers = t.source, _coverage(t)
    outlet = {
        "slug": source.slug,
        "name": source.name,
        "documents": covers.c.documents,
        "first_published": covers.c.first_published,
    }
    outlets = (
        select(json_object(outlet).label("item")).select_from(covers).join(source, source.id == covers.c.source_id)
    )
    return outlets.order_by(covers.c.first_published.nulls_last(), source.id)


def _coverage(t: Tables) -> Subquery:
    """What ``coverage`` keeps of the event in hand, as it was in the past."""
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
    """The events that match, all or those that one source reported."""
    named = await resolve_names(reads, {"source": filters.source, "speaker": filters.speaker}, within=within)
    shape, values = split_filters(
        **days(filters),
        id=ids(filters.id),
        place=part(filters.place),
        country=split_commas(filters.country),
        type=split_commas(filters.type),
        **_bbox(filters.bbox),
        source=named.get("source"),
        within=named.get("within"),
        speaker=named.get("speaker"),
        **await search_values(reads, filters.q, Noun.EVENTS),
        min_sources=filters.min_sources,
        min_origins=filters.min_origins,
        counted=bool(filters.min_sources or filters.min_origins) or filters.sort.removeprefix("-") not in _PLAIN,
    )
    return BoundListing(_build_query(shape, reads.dialect), values)


@lru_cache(maxsize=1024)
def _build_query(shape: FilterShape, dialect: str) -> ListQuery:
    parts = [_part(shape, dialect, lasting=False)]
    if "first" in shape:
        parts.append(_part(shape, dialect, lasting=True))
    return ListQuery(select_items(), NOW.event.id, parts)


def _part(shape: FilterShape, dialect: str, *, lasting: bool) -> QueryBranch:
    """The events that match and begin in the days asked for, or those ``lasting`` into them from before."""
    event = NOW.event
    found = select(event.id)
    by_date = (event.earliest, event.id)
    conditions = [
        event.merged_into_id.is_(None),
        *chosen(event.id, shape),
        *contains(event.place_key, shape, "place"),
        *shape.among(event.country, "country"),
        *shape.among(event.type, "type"),
        *_in_bbox(shape),
        *matches(Noun.EVENTS, shape, dialect),
    ]
    for name in ("within", "source"):
        if shape.is_single(name) and not lasting and by_date[0] is event.earliest:
            # The index of a source's coverage gives its events in the order of their dates.
            found = found.join(_COVERAGE, _COVERAGE.event_id == event.id)
            by_date = (_COVERAGE.earliest, _COVERAGE.event_id)
            conditions += shape.among(_COVERAGE.source_id, name)
        elif name in shape:
            conditions.append(_covered(shape, name))
    if "speaker" in shape:
        said = select(NOW.statement.event_id).where(*shape.among(NOW.statement.speaker_id, "speaker"))
        conditions.append(event.id.in_(said))
    if "min_sources" in shape:
        conditions.append(_TALLY.sources >= shape.value("min_sources"))
    if "min_origins" in shape:
        conditions.append(_TALLY.origins >= shape.value("min_origins"))
    range_of = lasting_into if lasting else begun_within
    conditions += range_of(shape, event, day=by_date[0])
    sorts = {"date": by_date, "id": (event.id, event.id)}
    if "counted" in shape:
        found = found.join(_TALLY, _TALLY.event_id == event.id)
        sorts |= {name: (getattr(_TALLY, name), _TALLY.event_id) for name in ("sources", "origins", "statements")}
    return QueryBranch(found.where(*conditions), sorts, few=lasting)


def _covered(shape: FilterShape, name: str) -> Condition:
    """One of the sources that a filter names reported the event in hand."""
    covers = aliased(_COVERAGE)
    reported = exists().where(covers.event_id == NOW.event.id, *shape.among(covers.source_id, name))
    return reported.correlate(NOW.event)


def _bbox(text: str | None) -> dict[str, Any]:
    """The values of a bounding box, and whether it crosses the antimeridian or is as wide as a continent."""
    if text is None:
        return {}
    west, south, east, north = parse_bbox(text)
    width = east - west if west <= east else 360 + east - west
    wide = width * (north - south) > _WIDE
    return {"west": west, "south": south, "east": east, "north": north, "crosses": west > east, "wide": wide}


def _in_bbox(shape: FilterShape) -> list[Condition]:
    if "west" not in shape:
        return []
    west, south, east, north = (shape.value(name, Float) for name in ("west", "south", "east", "north"))
    longitude, latitude = NOW.event.longitude, NOW.event.latitude
    # Where west is greater, the box crosses the antimeridian (RFC 7946 §5.2).
    within = or_ if "crosses" in shape else and_
    # In a wide box are so many that to walk through all events by date finds a page of them soonest.
    latitude = latitude + literal_column("0") if "wide" in shape else latitude
    return [latitude.between(south, north), within(longitude >= west, longitude <= east)]
