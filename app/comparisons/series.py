"""Series of counts as a list: one item for each period of each series."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import orjson

from app.analysis.series import UNPLACED, Cell, DayCount, Series, build_series, first_day, last_day, list_periods
from app.core.errors import Invalid
from app.core.vocab import Interval, Noun
from app.database.reads import ReadSession
from app.queries import stats
from app.queries.listing import Page, PageRequest
from app.queries.stats import SeriesCount
from app.schemas.stats import StatsFilter

# Days of a range without a first day: as many as a leap year has.
_DEFAULT_DAYS = 366

# Periods that can be filled: the days of a century.
_MAX_FILLED = 36_600
_SHORTEST_DAYS = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 28}

Range = tuple[dt.date, dt.date]
"""The first day of the first period, and the last day of the last period."""


async def get_listing(reads: ReadSession, noun: Noun, filters: StatsFilter) -> "StatListing":
    """Return the requested series (``StatPublic``); raise Invalid for an invalid range, or one too long to fill."""
    range_ = await _get_range(reads, noun, filters)
    if range_ is None:
        return StatListing(filters, range_, ())
    return StatListing(filters, range_, await stats.get_counts(reads, noun, filters, *range_))


async def _get_range(reads: ReadSession, noun: Noun, filters: StatsFilter) -> Range | None:
    """Return the range of whole periods that are requested; None if the store has no dates."""
    if filters.from_ is not None and filters.to is not None and filters.from_ > filters.to:
        raise Invalid("to", "the range ends before it begins")
    last = filters.to or await stats.get_last_day(reads, noun)
    if last is None:
        return None
    first = filters.from_ or dt.date.fromordinal(max(last.toordinal() - _DEFAULT_DAYS + 1, 1))
    range_ = first_day(first, filters.interval), last_day(last, filters.interval)
    if filters.fill and (range_[1] - range_[0]).days > _MAX_FILLED * _SHORTEST_DAYS[filters.interval]:
        raise Invalid("fill", f"at most {_MAX_FILLED} periods are filled; give a shorter range")
    return range_


@dataclass(frozen=True)
class StatListing:
    """Series of counts, computed once for any number of pages."""

    filters: StatsFilter
    range: Range | None
    counts: Sequence[SeriesCount] = field(repr=False)

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        await reads.fetch_state()
        after = None
        if request.after is not None:
            period, key = str(request.after[0]).split(" ", 1)
            after = (period, key)
        cells = self._series.list_cells(after=after, reverse=request.sort.startswith("-"))
        first = list(islice(cells, request.limit + 1))
        page = first[: request.limit]
        items = [self._build_item(cell) for cell in page]
        return Page(items, (" ".join(page[-1]), 0) if len(first) > len(page) else None)

    async def count(self, _reads: ReadSession) -> int:
        """Return the number of items on all pages."""
        return len(self._series)

    @cached_property
    def _series(self) -> Series:
        counts = (DayCount(row.earliest, row.latest_start, row.key or "", row.number) for row in self.counts)
        interval = self.filters.interval
        fill = list_periods(*self.range, interval) if self.filters.fill and self.range else None
        return build_series(counts, interval, fill=fill, always=() if self.filters.by else ("",))

    @cached_property
    def _names(self) -> dict[str, str | None]:
        return {row.key or "": row.name for row in self.counts}

    def _build_item(self, cell: Cell) -> str:
        period, key = cell
        fields = {"period": None if period == UNPLACED else period, "key": key or None, "name": self._names.get(key)}
        return orjson.dumps({**fields, "count": self._series.counts.get(cell, 0)}).decode()
