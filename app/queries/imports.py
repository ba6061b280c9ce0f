"""Imports: how far each has got."""

from functools import cache

from sqlalchemy import BigInteger, Select, bindparam, func, select

from app.core.errors import NotFound
from app.core.vocab import Outcome
from app.database.json_sql import as_text, json_object, rfc3339_time
from app.database.models import Import
from app.database.statements import PreparedSelect, ReadSession
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery

_IMPORT: Table = Import


@cache
def _items() -> Select[str]:
    """One JSON text an import (``ImportPublic``)."""
    told = {name: getattr(_IMPORT, name) for name in ("id", "format", "name", "author", "state", "lines")}
    counts = {outcome: func.coalesce(_IMPORT.outcomes[outcome.value].as_integer(), 0) for outcome in Outcome}
    rest = {
        "reasons": _IMPORT.reasons[()],  # all of it: a path of no steps is JSON on SQLite too, not a text
        "began_at": rfc3339_time(_IMPORT.began_at),
        "changed_at": rfc3339_time(_IMPORT.changed_at),
        "revision": _IMPORT.revision_id,
    }
    return select(as_text(json_object(told | counts | rest)))


@cache
def _build_query() -> ListQuery:
    return ListQuery.by_id(_items(), _IMPORT.id, select(_IMPORT.id))


async def get_listing(_reads: ReadSession) -> BoundListing:
    """All imports (``ImportPublic``)."""
    return BoundListing(_build_query(), {})


@cache
def _one() -> PreparedSelect:
    return PreparedSelect(
        _items().where(_IMPORT.id == bindparam("id", type_=BigInteger, required=True)), with_state=True
    )


async def get_item(reads: ReadSession, ident: int) -> str:
    """An import as JSON text; raises NotFound."""
    rows = await reads.fetch(_one(), {"id": ident})
    if not rows:
        raise NotFound(f"There is no import {ident}.")
    return str(rows[0][0])
