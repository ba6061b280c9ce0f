"""Sources: one, or many."""

from functools import cache, lru_cache

from sqlalchemy import ScalarSelect, Select, func, or_, select

from app.database.json_sql import as_text, json_array_of_values, json_boolean, json_object
from app.database.statements import ReadSession
from app.database.tables import NOW, Tables
from app.queries.filters import chosen, contains, ids, part
from app.queries.fragments import coding
from app.queries.listing import Found, Listing, Part
from app.queries.parameters import Asked, asked
from app.schemas.common import comma_list
from app.schemas.source import SourceFilter


def _document_count(t: Tables) -> ScalarSelect[int]:
    documents = select(func.count()).where(t.document.source_id == t.source.id)
    return documents.correlate(t.source).scalar_subquery()


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text a source (``SourcePublic``)."""
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
    return select(as_text(json_object(fields | coding(source))))


async def listing(_reads: ReadSession, filters: SourceFilter) -> Found:
    """The sources that match."""
    kinds, countries = comma_list(filters.kind), comma_list(filters.country)
    shape, values = asked(id=ids(filters.id), kind=kinds, country=countries, q=part(filters.q))
    return Found(_listing(shape), values)


@lru_cache(maxsize=64)
def _listing(shape: Asked) -> Listing:
    source, alias = NOW.source, NOW.source_alias
    conditions = [*chosen(source.id, shape), *shape.among(source.kind, "kind"), *shape.among(source.country, "country")]
    if "q" in shape:
        by_alias = select(alias.source_id).where(*contains(alias.name_key, shape, "q"))
        conditions.append(or_(*contains(source.name_key, shape, "q"), source.id.in_(by_alias)))
    sorts = {
        "name": (source.name_key, source.id),
        "documents": (_document_count(NOW), source.id),
        "id": (source.id, source.id),
    }
    return Listing(items(), source.id, [Part(select(source.id).where(*conditions), sorts)])
