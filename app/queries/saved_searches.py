"""Saved searches: the filters of a noun's list, kept under a name."""

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
from app.database.reads import PreparedSelect, ReadSession, Row
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery
from app.queries.lists import LISTS
from app.queries.parameters import FilterShape, split_filters
from app.schemas.common import RecordParams, split_commas
from app.schemas.saved_search import SavedSearchFilter

_SEARCH: Table = SavedSearch
_WEBHOOK: Table = Webhook


class SavedQuery(NamedTuple):
    """The noun of a saved search, and the filters of that noun's list as a query string."""

    noun: Noun
    query: str


@cache
def _select_items() -> Select[str]:
    """Select one JSON text a saved search (``SavedSearchPublic``)."""
    search = _SEARCH
    own = literal_column("'/searches/'", Text) + search.slug + literal_column("'/items'", Text)
    fields = {name: getattr(search, name) for name in ("id", "slug", "name", "noun", "query")} | {
        "items_url": own,
        "feed_url": own + literal_column("'?format=atom'", Text),
        "stream_url": literal_column("'/changes/stream?search='", Text) + search.slug,
        "created_at": rfc3339_time(search.created_at),
    }
    return select(as_text(json_object(fields)))


async def get_listing(_reads: ReadSession, filters: SavedSearchFilter) -> BoundListing:
    """Return the saved searches that match (``SavedSearchPublic``)."""
    shape, values = split_filters(noun=split_commas(filters.noun))
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=16)
def _build_query(shape: FilterShape) -> ListQuery:
    ids = select(_SEARCH.id).where(*shape.match(cast(_SEARCH.noun, Text), "noun"))
    return ListQuery.by_id(_select_items(), _SEARCH.id, ids)


@cache
def _select_item(by_id: bool) -> PreparedSelect:
    return PreparedSelect(_select_items().where(_has_ref(by_id)), with_state=True)


@cache
def _select_query(by_id: bool) -> PreparedSelect:
    return PreparedSelect(select(cast(_SEARCH.noun, Text), _SEARCH.query).where(_has_ref(by_id)), with_state=True)


def _has_ref(by_id: bool) -> ColumnElement[bool]:
    column: ColumnElement[Any] = _SEARCH.id if by_id else _SEARCH.slug
    return column == bindparam("ref", type_=BigInteger if by_id else Text, required=True)


async def get_item(reads: ReadSession, ref: int | str) -> str:
    """Return a saved search as JSON text; raise NotFound if there is none."""
    return str((await _fetch_row(reads, _select_item(isinstance(ref, int)), ref))[0])


async def get_search(reads: ReadSession, ref: int | str) -> SavedQuery:
    """Return the noun and filters of a saved search; raise NotFound if there is none."""
    noun, query = await _fetch_row(reads, _select_query(isinstance(ref, int)), ref)
    return SavedQuery(Noun(noun), query)


async def _fetch_row(reads: ReadSession, prepared: PreparedSelect, ref: int | str) -> Row:
    rows = await reads.fetch(prepared, {"ref": ref})
    if not rows:
        raise NotFound(f"There is no saved search {ref}.")
    return rows[0]


def build_filters(search: SavedQuery, parameters: Mapping[str, Any]) -> RecordParams:
    """Return the filters of a saved search, with other parameters of its list, such as its limit.

    Raises Invalid, which names them, for filters that the list does not have or that are malformed.
    """
    model = LISTS[search.noun].filters
    try:
        return model.model_validate({**dict(parse_qsl(search.query, keep_blank_values=True)), **parameters})
    except ValidationError as error:
        errors = [
            {"field": ".".join(map(str, item["loc"])), "detail": item["msg"].removeprefix("Value error, ")}
            for item in error.errors()
        ]
        raise Invalid(errors[0]["field"], errors[0]["detail"], errors=errors) from None


def get_parameter_names(noun: Noun) -> frozenset[str]:
    """Return the names of all parameters of a noun's list."""
    return frozenset(field.alias or name for name, field in LISTS[noun].filters.model_fields.items())


def list_webhook_ids(session: Session, search: SavedSearch) -> Sequence[int]:
    """Return the ids of the webhooks that send the changes of the search."""
    ids = select(_WEBHOOK.id).where(_WEBHOOK.search_id == search.id).order_by(_WEBHOOK.id)
    return session.execute(ids).scalars().all()
