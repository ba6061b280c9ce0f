"""Sources: one, or many."""

from functools import cache

from sqlalchemy import ScalarSelect, Select, func, or_, select

from app.queries.briefs import coding
from app.queries.filters import contains, in_list
from app.queries.listing import Listing
from app.queries.sql import array_of_values, as_text, boolean, obj
from app.queries.tables import NOW, Tables
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
        "state_affiliated": boolean(source.state_affiliated),
        "wikidata_id": source.wikidata_id,
        "aliases": array_of_values(aliases.correlate(source)),
        "document_count": _document_count(t),
    }
    return select(as_text(obj(fields | coding(source))))


def listing(filters: SourceFilter) -> Listing:
    source, alias = NOW.source, NOW.source_alias
    conditions = [*in_list(source.kind, filters.kind), *in_list(source.country, filters.country)]
    if filters.q:
        by_alias = select(alias.source_id).where(*contains(alias.name_key, filters.q))
        conditions.append(or_(*contains(source.name_key, filters.q), source.id.in_(by_alias)))
    ids = select(source.id).where(*conditions)
    return Listing(items(), source.id, ids, {"name": source.name_key, "documents": _document_count(NOW)})
