"""Speakers: persons, organizations and other voices."""

from functools import cache, lru_cache

from sqlalchemy import ScalarSelect, Select, func, or_, select

from app.database.json_sql import Json, as_text, json_array_of_values, json_object
from app.database.reads import ReadSession
from app.database.tables import NOW, Tables
from app.queries.filters import match_ids, match_text, parse_ids, to_pattern
from app.queries.fragments import coding_fields, source_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.parameters import FilterShape, split_filters
from app.queries.speaker_records import record_counts
from app.schemas.common import split_commas
from app.schemas.speaker import SpeakerFilter


def _statement_count(t: Tables) -> ScalarSelect[int]:
    statements = select(func.count()).where(t.statement.speaker_id == t.speaker.id)
    return statements.correlate(t.speaker).scalar_subquery()


def _fields(t: Tables) -> dict[str, object]:
    speaker, alias, hop = t.speaker, t.speaker_alias, t.attribution
    aliases = select(alias.name.label("item")).where(alias.speaker_id == speaker.id).order_by(alias.id)
    relayed = select(func.count(hop.statement_id.distinct())).where(hop.speaker_id == speaker.id)
    return {
        "id": speaker.id,
        "slug": speaker.slug,
        "name": speaker.name,
        "kind": speaker.kind,
        "title": speaker.title,
        "country": speaker.country,
        "wikidata_id": speaker.wikidata_id,
        "source": source_brief(t.source),
        "aliases": json_array_of_values(aliases.correlate(speaker)),
        "statement_count": _statement_count(t),
        "relayed_count": relayed.correlate(speaker).scalar_subquery(),
        **coding_fields(speaker),
    }


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a speaker (``SpeakerPublic``)."""
    return _select(t, json_object(_fields(t)))


@cache
def select_full(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a speaker, with the ``counts`` from which its record is built (``SpeakerFull``)."""
    return _select(t, json_object(_fields(t) | {"counts": record_counts(t)}))


def _select(t: Tables, item: Json) -> Select[str]:
    return select(as_text(item)).select_from(t.speaker).outerjoin(t.source, t.source.id == t.speaker.source_id)


async def get_listing(_reads: ReadSession, filters: SpeakerFilter) -> BoundListing:
    """Return the speakers that match."""
    kinds, countries = split_commas(filters.kind), split_commas(filters.country)
    shape, values = split_filters(id=parse_ids(filters.id), kind=kinds, country=countries, q=to_pattern(filters.q))
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=64)
def _build_query(shape: FilterShape) -> ListQuery:
    speaker, alias = NOW.speaker, NOW.speaker_alias
    conditions = [
        *match_ids(speaker.id, shape),
        *shape.match(speaker.kind, "kind"),
        *shape.match(speaker.country, "country"),
    ]
    if "q" in shape:
        has_alias = select(alias.speaker_id).where(*match_text(alias.name_key, shape, "q"))
        conditions.append(or_(*match_text(speaker.name_key, shape, "q"), speaker.id.in_(has_alias)))
    sorts = {
        "name": (speaker.name_key, speaker.id),
        "statements": (_statement_count(NOW), speaker.id),
        "id": (speaker.id, speaker.id),
    }
    return ListQuery(select_items(), speaker.id, [QueryBranch(select(speaker.id).where(*conditions), sorts)])
