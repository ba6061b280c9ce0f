"""Sources: outlets and agencies."""

from collections.abc import Sequence
from functools import cache, lru_cache

from sqlalchemy import ScalarSelect, Select, func, or_, select, union_all
from sqlmodel import Session

from app.core.spans import escape_like, make_match_key
from app.core.urls import get_domain
from app.database.json_sql import as_text, json_array_of_values, json_boolean, json_object
from app.database.models import Source
from app.database.reads import ReadSession
from app.database.tables import NOW, Tables
from app.queries.filters import match_ids, match_text, parse_ids, to_pattern
from app.queries.fragments import coding_fields
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.parameters import FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.source import SourceFilter


def _document_count(t: Tables) -> ScalarSelect[int]:
    documents = select(func.count()).where(t.document.source_id == t.source.id)
    return documents.correlate(t.source).scalar_subquery()


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a source (``SourcePublic``)."""
    source, alias = t.source, t.source_alias
    aliases = select(alias.name.label("item")).where(alias.source_id == source.id).order_by(alias.id)
    fields = {
        "id": source.id,
        "slug": source.slug,
        "name": source.name,
        "kind": source.kind,
        "country": source.country,
        "language": source.language,
        "homepage": source.homepage,
        "state_affiliated": json_boolean(source.state_affiliated),
        "wikidata_id": source.wikidata_id,
        "aliases": json_array_of_values(aliases.correlate(source)),
        "document_count": _document_count(t),
    }
    return select(as_text(json_object(fields | coding_fields(source))))


async def get_listing(_reads: ReadSession, filters: SourceFilter) -> BoundListing:
    """Return the sources that match."""
    kinds, countries = split_commas(filters.kind), split_commas(filters.country)
    shape, values = split_filters(id=parse_ids(filters.id), kind=kinds, country=countries, q=to_pattern(filters.q))
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=64)
def _build_query(shape: FilterShape) -> ListQuery:
    source, alias = NOW.source, NOW.source_alias
    conditions = [
        *match_ids(source.id, shape),
        *shape.match(source.kind, "kind"),
        *shape.match(source.country, "country"),
    ]
    if "q" in shape:
        has_alias = select(alias.source_id).where(*match_text(alias.name_key, shape, "q"))
        conditions.append(or_(*match_text(source.name_key, shape, "q"), source.id.in_(has_alias)))
    sorts = {
        "name": (source.name_key, source.id),
        "documents": (_document_count(NOW), source.id),
        "id": (source.id, source.id),
    }
    return ListQuery(select_items(), source.id, [QueryBranch(select(source.id).where(*conditions), sorts)])


def find_by_domain(session: Session, domains: Sequence[str]) -> Source | None:
    """Return the oldest source of the first of ``domains`` that any source has as an alias or in its homepage."""
    by_domain = _sources_by_homepage(session, domains) | _sources_by_alias(session, domains)
    return next((by_domain[name] for name in domains if name in by_domain), None)


def _sources_by_alias(session: Session, domains: Sequence[str]) -> dict[str, Source]:
    source, alias = NOW.source, NOW.source_alias
    query = select(alias.name_key, source).join(source, source.id == alias.source_id)
    rows = session.execute(query.where(alias.name_key.in_(domains)).order_by(source.id.desc()))
    return {row[0]: row[1] for row in rows}


def _sources_by_homepage(session: Session, domains: Sequence[str]) -> dict[str, Source]:
    source = NOW.source
    patterns = [f"%://{www}{escape_like(name)}{end}" for name in domains for www in ("", "www.") for end in ("", "/%")]
    has_domain = or_(*(source.homepage.like(pattern, escape="\\") for pattern in patterns))
    rows = session.execute(select(source).where(has_domain).order_by(source.id.desc())).scalars()
    return {get_domain(row.homepage): row for row in rows}


def is_name_taken(session: Session, name: str) -> bool:
    """Return True if a source has the name as its own or as an alias."""
    source, alias, key = NOW.source, NOW.source_alias, make_match_key(name)
    names = union_all(
        select(source.id).where(source.name_key == key), select(alias.source_id).where(alias.name_key == key)
    )
    return session.execute(names.limit(1)).first() is not None
