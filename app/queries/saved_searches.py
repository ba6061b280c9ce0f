"""Saved searches: filters of a noun's list under a name, and the lists that they are."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from pydantic import ValidationError
from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, literal_column, select
from sqlmodel import Session

from app.core.errors import Invalid, NotFound
from app.core.vocab import Noun
from app.database.json_sql import as_text, json_object, rfc3339_time
from app.database.models import SavedSearch, Webhook
from app.database.statements import PreparedSelect, ReadSession, Row
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery
from app.queries.lists import LISTS
from app.queries.parameters import FilterShape, split_filters
from app.schemas.common import RecordParams, split_commas
from app.schemas.saved_search import SavedSearchFilter

_SEARCH: Table = SavedSearch
_WEBHOOK: Table = Webhook


class SavedQuery(NamedTuple):
    """What a saved search looks for: filters of this noun's list, as a query string."""

    noun: Noun
    query: str


@cache
def _items() -> Select[str]:
    """One JSON text a saved search (``SavedSearchPublic``)."""
    search = _SEARCH
    own = literal_column("'/searches/'", Text) + search.slug + literal_column("'/items'", Text)
    fields = {name: getattr(search, name) for name in ("id", "slug", "name", "noun", "query")} | {
        "items": own,
        "feed": own + literal_column("'?format=atom'", Text),
        "stream": literal_column("'/changes/stream?search='", Text) + search.slug,
        "created_at": rfc3339_time(search.created_at),
    }
    return select(as_text(json_object(fields)))


async def get_listing(_reads: ReadSession, filters: SavedSearchFilter) -> BoundListing:
    """The saved searches that match (``SavedSearchPublic``)."""
    shape, values = split_filters(noun=split_commas(filters.noun))
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=16)
def _build_query(shape: FilterShape) -> ListQuery:
    found = select(_SEARCH.id).where(*shape.among(cast(_SEARCH.noun, Text), "noun"))
    return ListQuery.by_id(_items(), _SEARCH.id, found)


@cache
def _one(by_id: bool) -> PreparedSelect:
    return PreparedSelect(_items().where(_named(by_id)), with_state=True)


@cache
def _sought(by_id: bool) -> PreparedSelect:
    return PreparedSelect(select(cast(_SEARCH.noun, Text), _SEARCH.query).where(_named(by_id)), with_state=True)


def _named(by_id: bool) -> ColumnElement[bool]:
    column: ColumnElement[Any] = _SEARCH.id if by_id else _SEARCH.slug
    return column == bindparam("ref", type_=BigInteger if by_id else Text, required=True)


async def get_item(reads: ReadSession, ref: int | str) -> str:
    """A saved search as JSON text; raises NotFound."""
    return str((await _found(reads, _one(isinstance(ref, int)), ref))[0])


async def get_search(reads: ReadSession, ref: int | str) -> SavedQuery:
    """What a saved search looks for; raises NotFound."""
    noun, query = await _found(reads, _sought(isinstance(ref, int)), ref)
    return SavedQuery(Noun(noun), query)


async def _found(reads: ReadSession, prepared: PreparedSelect, ref: int | str) -> Row:
    rows = await reads.fetch(prepared, {"ref": ref})
    if not rows:
        raise NotFound(f"There is no saved search {ref}.")
    return rows[0]


def build_filters(search: SavedQuery, given: Mapping[str, Any]) -> RecordParams:
    """The filters of a saved search for its list, which is to be shown as it is ``given``.

    Raises Invalid, which names them, for those that the list does not have or that are malformed.
    """
    model = LISTS[search.noun].filters
    try:
        return model.model_validate({**dict(parse_qsl(search.query, keep_blank_values=True)), **given})
    except ValidationError as error:
        errors = [
            {"field": ".".join(map(str, each["loc"])), "detail": each["msg"].removeprefix("Value error, ")}
            for each in error.errors()
        ]
        raise Invalid(errors[0]["field"], errors[0]["detail"], errors=errors) from None


def get_parameter_names(noun: Noun) -> frozenset[str]:
    """The names of all parameters of a noun's list."""
    return frozenset(field.alias or name for name, field in LISTS[noun].filters.model_fields.items())


def list_webhook_ids(session: Session, search: SavedSearch) -> Sequence[int]:
    """The ids of the webhooks that send what the search finds."""
    found = select(_WEBHOOK.id).where(_WEBHOOK.search_id == search.id).order_by(_WEBHOOK.id)
    return session.execute(found).scalars().all()
