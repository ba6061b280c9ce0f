"""The matrix of outlets and events, one item a cell."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
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
from app.database.reads import PreparedSelect, ReadSession, Values
from app.database.tables import NOW, Table
from app.queries.filters import begins_in_range, lasts_into_range, split_dates
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
    """Return the cells that match (``CellPublic``)."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(
        **split_dates(filters),
        source=ids.get("source"),
        country=split_commas(filters.country),
        type=split_commas(filters.type),
        min_sources=filters.min_sources,
    )
    return CoverageMatrix(shape, values)


class _CellRow(NamedTuple):
    """A cell as JSON, and its key: the first day of the event as the driver gives it, the ids of event and source."""

    item: str
    day: Any
    event_id: int
    source_id: int

    @property
    def sort_key(self) -> tuple[str, int, int]:
        return str(self.day), self.event_id, self.source_id


@dataclass(frozen=True)
class CoverageMatrix:
    """The cells that match; a cursor is the day and the event's id as one text, and the source's id."""

    shape: FilterShape
    values: Values

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        values = {**self.values, "limit": request.limit + 1}
        if request.after is not None:
            day, event = str(request.after[0]).split(" ")
            after = {"day": dt.date.fromisoformat(day), "event": int(event), "source": request.after[1]}
            values |= {f"after_{name}": value for name, value in after.items()}
        descending = request.sort.startswith("-")
        rows = await reads.fetch(_select_page(self.shape, descending, request.after is not None), values)
        cells = sorted((_CellRow(*row) for row in rows), key=attrgetter("sort_key"), reverse=descending)
        page = cells[: request.limit]
        items = [str(cell.item) for cell in page]
        if len(cells) <= len(page):
            return Page(items, None)
        return Page(items, (f"{page[-1].day} {page[-1].event_id}", int(page[-1].source_id)))

    async def count(self, reads: ReadSession) -> int:
        """Return the number of cells on all pages."""
        return int((await reads.fetch(_count_cells(self.shape), self.values))[0][0])


@lru_cache(maxsize=256)
def _count_cells(shape: FilterShape) -> PreparedSelect:
    keys = union_all(*(select(*key).where(*conditions) for key, conditions in _branches(shape)))
    return PreparedSelect(select(func.count()).select_from(keys.subquery()))


@lru_cache(maxsize=256)
def _select_page(shape: FilterShape, descending: bool, follows: bool) -> PreparedSelect:
    """Select the rows of a page (``_CellRow``)."""
    pages = [_select_keys(key, conditions, descending, follows) for key, conditions in _branches(shape)]
    keys = union_all(*(select(page.subquery()) for page in pages)).subquery("keys")
    event, source, of_any = NOW.event, NOW.source, aliased(_COVERAGE)
    first = select(func.min(of_any.first_published)).where(of_any.event_id == _COVERAGE.event_id)
    fields = {
        "event": event_brief(event),
        "source": source_brief(source, always=True),
        "document_count": _COVERAGE.documents,
        "first_published_on": _COVERAGE.first_published,
        "lag_days": days_between(first.scalar_subquery(), _COVERAGE.first_published),
        "statement_count": _count_statements().scalar_subquery(),
    }
    items = (
        select(as_text(json_object(fields)), keys.c.day, keys.c.event, keys.c.source)
        .select_from(keys)
        .join(_COVERAGE, and_(_COVERAGE.event_id == keys.c.event, _COVERAGE.source_id == keys.c.source))
        .join(event, event.id == keys.c.event)
        .join(source, source.id == keys.c.source)
    )
    return PreparedSelect(items, with_state=True)


def _count_statements() -> Select[Any]:
    """Count the statements about the event of the current cell in documents of its source."""
    statement, document = NOW.statement, NOW.document
    rows = select(func.count()).select_from(statement).join(document, document.id == statement.document_id)
    rows = rows.where(statement.event_id == _COVERAGE.event_id, document.source_id == _COVERAGE.source_id)
    return rows.correlate(_COVERAGE)


class _CellKey(NamedTuple):
    """The columns that cells are sorted by: the first day of the event, its id, and the id of the source."""

    day: Any
    event: Any
    source: Any


_KEY_TYPES = _CellKey(Date, BigInteger, BigInteger)


def _select_keys(key: _CellKey, conditions: Sequence[Condition], descending: bool, follows: bool) -> Select[Any]:
    """Select the keys of one page, without reading further."""
    rows = select(*(column.label(name) for name, column in key._asdict().items())).where(*conditions)
    if follows:
        types = _KEY_TYPES._asdict()
        after: list[Any] = [bindparam(f"after_{name}", type_=type_, required=True) for name, type_ in types.items()]
        position, last = tuple_(*key), tuple_(*after)
        # The first condition follows from the second; but SQLite uses the index only for a comparison of the day alone.
        is_after = (key.day <= after[0], position < last) if descending else (key.day >= after[0], position > last)
        rows = rows.where(*is_after)
    return rows.order_by(*(column.desc() if descending else column.asc() for column in key)).limit(_LIMIT)


def _branches(shape: FilterShape) -> Iterator[tuple[_CellKey, list[Condition]]]:
    """Yield the keys and conditions of cells of events that begin in the requested days, and that last into them."""
    event = NOW.event
    # For a single source, an index of its coverage has the events in the order of their days.
    by_coverage = shape.is_single("source")
    for lasting in (False, True) if "first" in shape else (False,):
        by_day = (_COVERAGE.earliest, _COVERAGE.event_id) if by_coverage and not lasting else (event.earliest, event.id)
        key = _CellKey(*by_day, _COVERAGE.source_id)
        in_range = (lasts_into_range if lasting else begins_in_range)(shape, event, day=key.day)
        yield key, [_COVERAGE.event_id == event.id, *_conditions(shape), *in_range]


def _conditions(shape: FilterShape) -> list[Condition]:
    event = NOW.event
    conditions = [event.merged_into_id.is_(None), *shape.match(_COVERAGE.source_id, "source")]
    conditions += [*shape.match(event.country, "country"), *shape.match(event.type, "type")]
    if "min_sources" in shape:
        conditions += [_TALLY.event_id == event.id, _TALLY.sources >= shape.bind("min_sources")]
    return conditions
