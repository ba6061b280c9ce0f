"""Where the store stands: its newest revision, read in the same statement as what is read of it."""

from typing import Any

from sqlalchemy import Select, literal_column, select, true

from app.models import Revision
from app.queries.prepared import Prepared, Reads, State
from app.queries.sql import stamp
from app.queries.tables import Table

_REVISION: Table = Revision
_NEWEST = select(_REVISION.id, stamp(_REVISION.at).label("at")).order_by(_REVISION.id.desc()).limit(1)


def stamped(rows: Select[Any]) -> Prepared:
    """Each row behind the state it was read in; one row of nulls behind it where there are none."""
    newest, found = _NEWEST.subquery("newest"), rows.subquery("found")
    once = select(literal_column("1").label("one")).subquery("once")
    joined = once.outerjoin(newest, true()).outerjoin(found, true())
    return Prepared(select(newest.c.id, newest.c.at, *found.c).select_from(joined), stamped=True)


_NOTHING = stamped(select(literal_column("NULL").label("item")))


async def latest(reads: Reads) -> State:
    """The state of the store now."""
    await reads.fetch(_NOTHING, {})
    return reads.state
