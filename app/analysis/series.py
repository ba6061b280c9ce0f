"""Add up counts of days into series of days, weeks or months.

Each count is of things that began on a day known to some precision. They count for a period if they certainly began in
it; those that may have begun in one or another are counted apart, as unplaced.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from app.core.vocab import Interval

UNPLACED = "unplaced"
"""Stands for a period in counts that belong to none; sorts after all periods."""

Cell = tuple[str, str]
"""A period, as the ISO text of its first day, and the key of a series; "" if it has no key."""


class DayCount(NamedTuple):
    """A number of things of one key that began between two days; ``latest_start`` is None for an uncertain date."""

    earliest: dt.date
    latest_start: dt.date | None
    key: str
    number: int


def first_day(day: dt.date, interval: Interval) -> dt.date:
    """Return the first day of the period that contains the day."""
    if interval is Interval.WEEK:
        return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1) if interval is Interval.MONTH else day


def last_day(day: dt.date, interval: Interval) -> dt.date:
    """Return the last day of the period that contains the day; the calendar ends with the year 9999."""
    first = first_day(day, interval)
    longest = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 31}[interval]
    last = first + dt.timedelta(days=min(longest - 1, (dt.date.max - first).days))
    return last if first_day(last, interval) == first else last.replace(day=1) - dt.timedelta(days=1)


def list_periods(first: dt.date, last: dt.date, interval: Interval) -> Iterator[str]:
    """Yield the periods from that of the first day to that of the last."""
    while first <= last:
        yield first_day(first, interval).isoformat()
        end = last_day(first, interval)
        if end == dt.date.max:
            return
        first = end + dt.timedelta(days=1)


@dataclass(frozen=True)
class Series:
    """The count of each cell, and the keys of each period; periods and keys are sorted."""

    counts: Mapping[Cell, int]
    keys: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return sum(map(len, self.keys.values()))

    @cached_property
    def _periods(self) -> list[str]:
        return list(self.keys)

    def list_cells(self, *, after: Cell | None = None, reverse: bool = False) -> Iterator[Cell]:
        """Return the cells by period and key, from the one that follows ``after``."""
        return self._list_down(after) if reverse else self._list_up(after)

    def _list_up(self, after: Cell | None) -> Iterator[Cell]:
        begin = 0 if after is None else bisect_left(self._periods, after[0])
        for period in self._periods[begin:]:
            keys = self.keys[period]
            rest = keys[bisect_right(keys, after[1]) :] if after is not None and after[0] == period else keys
            yield from ((period, key) for key in rest)

    def _list_down(self, after: Cell | None) -> Iterator[Cell]:
        end = len(self._periods) if after is None else bisect_right(self._periods, after[0])
        for period in reversed(self._periods[:end]):
            keys = self.keys[period]
            rest = keys[: bisect_left(keys, after[1])] if after is not None and after[0] == period else keys
            yield from ((period, key) for key in reversed(rest))


def build_series(
    day_counts: Iterable[DayCount], interval: Interval, *, fill: Iterable[str] | None = None, always: Iterable[str] = ()
) -> Series:
    """Add up counts of days by period and key.

    With ``fill``, each of those periods has every key that occurs at all, and the keys in ``always``.
    """
    counts = _count_cells(day_counts, interval)
    keys: dict[str, set[str]] = defaultdict(set)
    for period, key in counts:
        keys[period].add(key)
    by_period = {period: sorted(keys[period]) for period in sorted(keys)}
    if fill is None:
        return Series(counts, by_period)
    every_key = sorted({key for _, key in counts} | set(always))
    unplaced = {UNPLACED: by_period[UNPLACED]} if UNPLACED in by_period else {}
    return Series(counts, dict.fromkeys(fill, every_key) | unplaced)


def _count_cells(day_counts: Iterable[DayCount], interval: Interval) -> Counter[Cell]:
    counts: Counter[Cell] = Counter()
    periods: dict[tuple[dt.date, dt.date | None], str] = {}
    for earliest, latest_start, key, number in day_counts:
        period = periods.get((earliest, latest_start))
        if period is None:
            first = first_day(earliest, interval)
            is_placed = latest_start is not None and first_day(latest_start, interval) == first
            period = periods[earliest, latest_start] = first.isoformat() if is_placed else UNPLACED
        counts[period, key] += number
    return counts
