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
from app.database.statements import ReadSession
from app.queries import stats
from app.queries.listing import Page, PageRequest
from app.queries.stats import Count
from app.schemas.stats import StatsFilter

# What is shown where nobody says from when: as many days as a leap year has.
_SPAN = 366

# Periods that are filled at most: the days of a century.
_MOST_FILLED = 36_600
_SHORTEST = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 28}

Range = tuple[dt.date, dt.date]
"""The first day of the first period, and the last of the last."""


async def get_listing(reads: ReadSession, noun: Noun, filters: StatsFilter) -> "Stats":
    """The series that are asked for (``StatPublic``); raises Invalid for a range that is none, or too long to fill."""
    shown = await _range(reads, noun, filters)
    if shown is None:
        return Stats(filters, shown, ())
    return Stats(filters, shown, await stats.get_counts(reads, noun, filters, *shown))


async def _range(reads: ReadSession, noun: Noun, filters: StatsFilter) -> Range | None:
    """The whole periods that are asked for; None where the store has nothing to show."""
    if filters.from_ is not None and filters.to is not None and filters.from_ > filters.to:
        raise Invalid("to", "the range ends before it begins")
    last = filters.to or await stats.get_last_day(reads, noun)
    if last is None:
        return None
    first = filters.from_ or dt.date.fromordinal(max(last.toordinal() - _SPAN + 1, 1))
    shown = first_day(first, filters.interval), last_day(last, filters.interval)
    if filters.fill and (shown[1] - shown[0]).days > _MOST_FILLED * _SHORTEST[filters.interval]:
        raise Invalid("fill", f"at most {_MOST_FILLED} periods are filled; give a shorter range")
    return shown


@dataclass(frozen=True)
class Stats:
    """Counts, put together once however many pages are read of them."""

    filters: StatsFilter
    range: Range | None
    counts: Sequence[Count] = field(repr=False)

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        await reads.fetch_state()
        after = None if request.after is None else _place(request.after[0])
        found = self._series.list_cells(after=after, reverse=request.sort.startswith("-"))
        places = list(islice(found, request.limit + 1))
        shown = places[: request.limit]
        return Page([self._item(place) for place in shown], _last(shown) if len(places) > len(shown) else None)

    async def count(self, _reads: ReadSession) -> int:
        return len(self._series)

    @cached_property
    def _series(self) -> Series:
        begun = (DayCount(each.earliest, each.latest_start, each.key or "", each.number) for each in self.counts)
        interval = self.filters.interval
        fill = list_periods(*self.range, interval) if self.filters.fill and self.range else None
        return build_series(begun, interval, fill=fill, always=() if self.filters.by else ("",))

    @cached_property
    def _names(self) -> dict[str, str | None]:
        return {each.key or "": each.name for each in self.counts}

    def _item(self, place: Cell) -> str:
        period, key = place
        told = {"period": None if period == UNPLACED else period, "key": key or None, "name": self._names.get(key)}
        return orjson.dumps({**told, "count": self._series.counts.get(place, 0)}).decode()


def _last(shown: Sequence[Cell]) -> tuple[str, int]:
    return " ".join(shown[-1]), 0


def _place(key: int | str) -> Cell:
    """The place that a cursor holds; ValueError where it holds none."""
    period, name = str(key).split(" ", 1)
    return period, name
