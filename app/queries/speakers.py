"""Speakers: one, or many."""

from functools import cache

from sqlalchemy import ScalarSelect, Select, func, or_, select

from app.queries.briefs import coding, source_brief
from app.queries.filters import contains, in_list
from app.queries.listing import Listing
from app.queries.sql import array_of_values, as_text, obj
from app.queries.tables import NOW, Tables
from app.schemas.speaker import SpeakerFilter


def _statement_count(t: Tables) -> ScalarSelect[int]:
    statements = select(func.count()).where(t.statement.speaker_id == t.speaker.id)
    return statements.correlate(t.speaker).scalar_subquery()


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text a speaker (``SpeakerPublic``)."""
    speaker, alias, hop = t.speaker, t.speaker_alias, t.attribution
    aliases = select(alias.name.label("item")).where(alias.speaker_id == speaker.id).order_by(alias.id)
    relayed = select(func.count(hop.statement_id.distinct())).where(hop.speaker_id == speaker.id)
    fields = {
        "id": speaker.id,
        "slug": speaker.slug,
        "name": speaker.name,
        "kind": speaker.kind,
        "title": speaker.title,
        "country": speaker.country,
        "wikidata_id": speaker.wikidata_id,
        "source": source_brief(t.source),
        "aliases": array_of_values(aliases.correlate(speaker)),
        "statement_count": _statement_count(t),
        "relayed_count": relayed.correlate(speaker).scalar_subquery(),
    }
    return (
        select(as_text(obj(fields | coding(speaker))))
        .select_from(speaker)
        .outerjoin(t.source, t.source.id == speaker.source_id)
    )


def listing(filters: SpeakerFilter) -> Listing:
    speaker, alias = NOW.speaker, NOW.speaker_alias
    conditions = [*in_list(speaker.kind, filters.kind), *in_list(speaker.country, filters.country)]
    if filters.q:
        by_alias = select(alias.speaker_id).where(*contains(alias.name_key, filters.q))
        conditions.append(or_(*contains(speaker.name_key, filters.q), speaker.id.in_(by_alias)))
    ids = select(speaker.id).where(*conditions)
    return Listing(items(), speaker.id, ids, {"name": speaker.name_key, "statements": _statement_count(NOW)})
