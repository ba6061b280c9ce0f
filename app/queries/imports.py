"""Imports and their progress."""

from functools import cache

from sqlalchemy import BigInteger, Select, bindparam, func, select

from app.core.errors import NotFound
from app.core.vocab import Outcome
from app.database.json_sql import as_text, json_object, rfc3339_time
from app.database.models import Import
from app.database.reads import PreparedSelect, ReadSession
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery

_IMPORT: Table = Import


@cache
def _select_items() -> Select[str]:
    """Select one JSON text an import (``ImportPublic``)."""
    fields = {name: getattr(_IMPORT, name) for name in ("id", "format", "name", "author", "state")}
    counts = {f"{outcome}_count": func.coalesce(_IMPORT.outcomes[outcome.value].as_integer(), 0) for outcome in Outcome}
    rest = {
        # The empty path: the whole value, on SQLite too as JSON and not as text
        "count_by_reason": _IMPORT.reasons[()],
        "started_at": rfc3339_time(_IMPORT.began_at),
        "changed_at": rfc3339_time(_IMPORT.changed_at),
        "revision": _IMPORT.revision_id,
    }
    return select(as_text(json_object(fields | {"line_count": _IMPORT.lines} | counts | rest)))


@cache
def _build_query() -> ListQuery:
    return ListQuery.by_id(_select_items(), _IMPORT.id, select(_IMPORT.id))


async def get_listing(_reads: ReadSession) -> BoundListing:
    """Return all imports (``ImportPublic``)."""
    return BoundListing(_build_query(), {})


@cache
def _select_item() -> PreparedSelect:
    return PreparedSelect(
        _select_items().where(_IMPORT.id == bindparam("id", type_=BigInteger, required=True)), with_state=True
    )


async def get_item(reads: ReadSession, ident: int) -> str:
    """Return an import as JSON text; raise NotFound if there is none."""
    rows = await reads.fetch(_select_item(), {"id": ident})
    if not rows:
        raise NotFound(f"There is no import {ident}.")
    return str(rows[0][0])
