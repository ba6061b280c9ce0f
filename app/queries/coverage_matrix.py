"""The matrix of outlets and events, cell by cell."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from app.database.json_sql import as_text, days_between, json_object
from app.database.models import Coverage, Tally
from app.database.statements import PreparedSelect, ReadSession, Values
from app.database.tables import NOW, Table
from app.queries.filters import begun_within, days, lasting_into
from app.queries.fragments import event_brief, source_brief
from app.queries.listing import Page, PageRequest
from app.queries.names import resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.coverage import CoverageFilter

_COVERAGE: Table = Coverage
_TALLY: Table = Tally

_LIMIT = bindparam("limit", type_=Integer, required=True)


async def get_listing(reads: ReadSession, filters: CoverageFilter) -> "CoverageMatrix":
    """The cells that match (``CellPublic``)."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(
        **days(filters),
        source=ids.get("source"),
        country=split_commas(filters.country),
        type=split_commas(filters.type),
        min_sources=filters.min_sources,
    )
    return CoverageMatrix(shape, values)


@dataclass(frozen=True)
class CoverageMatrix:
    """CoverageMatrix of this shape; a cursor is the day and the event's id as one text, and the source's id."""

    shape: FilterShape
    values: Values

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        values = {**self.values, "limit": request.limit + 1}
        if request.after is not None:
            day, event = str(request.after[0]).split(" ")
            after = {
                "after_day": dt.date.fromisoformat(day),
                "after_event": int(event),
                "after_source": request.after[1],
            }
            values |= after
        down = request.sort.startswith("-")
        found = await reads.fetch(_page(self.shape, down, request.after is not None), values)
        rows = sorted(found, key=lambda row: (str(row[1]), row[2], row[3]), reverse=down)
        shown = rows[: request.limit]
        last = (f"{shown[-1][1]} {shown[-1][2]}", int(shown[-1][3])) if len(rows) > len(shown) else None
        return Page([str(row[0]) for row in shown], last)

    async def count(self, reads: ReadSession) -> int:
        return int((await reads.fetch(_total(self.shape), self.values))[0][0])


@lru_cache(maxsize=256)
def _total(shape: FilterShape) -> PreparedSelect:
    keys = union_all(*(select(*key).where(*conditions) for key, conditions in _parts(shape)))
    return PreparedSelect(select(func.count()).select_from(keys.subquery()))


@lru_cache(maxsize=256)
def _page(shape: FilterShape, down: bool, follows: bool) -> PreparedSelect:
    """The items of a page, each with its key."""
    firsts = [_first(key, conditions, down, follows) for key, conditions in _parts(shape)]
    keys = union_all(*(select(first.subquery()) for first in firsts)).subquery("keys")
    event, source, others = NOW.event, NOW.source, aliased(_COVERAGE)
    first = select(func.min(others.first_published)).where(others.event_id == _COVERAGE.event_id)
    fields = {
        "event": event_brief(event),
        "source": source_brief(source, always=True),
        "documents": _COVERAGE.documents,
        "first_published": _COVERAGE.first_published,
        "lag_days": days_between(first.scalar_subquery(), _COVERAGE.first_published),
        "statements": _printed().scalar_subquery(),
    }
    items = (
        select(as_text(json_object(fields)), keys.c.day, keys.c.event, keys.c.source)
        .select_from(keys)
        .join(_COVERAGE, and_(_COVERAGE.event_id == keys.c.event, _COVERAGE.source_id == keys.c.source))
        .join(event, event.id == keys.c.event)
        .join(source, source.id == keys.c.source)
    )
    return PreparedSelect(items, with_state=True)


def _printed() -> Select[Any]:
    """How many statements at the event in hand, or about it, the source in hand prints."""
    statement, document = NOW.statement, NOW.document
    rows = select(func.count()).select_from(statement).join(document, document.id == statement.document_id)
    return rows.where(statement.event_id == _COVERAGE.event_id, document.source_id == _COVERAGE.source_id).correlate(
        _COVERAGE
    )


_Key = Sequence[ColumnElement[Any]]
"""The columns that cells are in the order of: the day on which the event began, its id, the source's."""

_KEY: Mapping[str, Any] = {"day": Date, "event": BigInteger, "source": BigInteger}


def _first(key: _Key, conditions: Sequence[Condition], down: bool, follows: bool) -> Select[Any]:
    """The keys of one page; what more there are on others is not read."""
    rows = select(*(column.label(name) for column, name in zip(key, _KEY, strict=True))).where(*conditions)
    if follows:
        after: list[Any] = [bindparam(f"after_{name}", type_=kind, required=True) for name, kind in _KEY.items()]
        here, there = tuple_(*key), tuple_(*after)
        # The first condition says no more than the second; but SQLite finds the place in an index by it alone.
        rows = rows.where(key[0] <= after[0], here < there) if down else rows.where(key[0] >= after[0], here > there)
    return rows.order_by(*(column.desc() if down else column.asc() for column in key)).limit(_LIMIT)


def _parts(shape: FilterShape) -> Iterator[tuple[_Key, list[Condition]]]:
    """The keys of cells, and when they match: of events that begin in the days asked for, and that last into them."""
    event = NOW.event
    # Of one source, an index of its coverage gives the events in the order of their days.
    days = (_COVERAGE.earliest, _COVERAGE.event_id) if shape.is_single("source") else (event.earliest, event.id)
    for lasting in (False, True) if "first" in shape else (False,):
        key = (*((event.earliest, event.id) if lasting else days), _COVERAGE.source_id)
        within = (lasting_into if lasting else begun_within)(shape, event, day=key[0])
        yield key, [_COVERAGE.event_id == event.id, *_where(shape), *within]


def _where(shape: FilterShape) -> list[Condition]:
    event = NOW.event
    conditions = [event.merged_into_id.is_(None), *shape.among(_COVERAGE.source_id, "source")]
    conditions += [*shape.among(event.country, "country"), *shape.among(event.type, "type")]
    if "min_sources" in shape:
        conditions += [_TALLY.event_id == event.id, _TALLY.sources >= shape.value("min_sources")]
    return conditions
