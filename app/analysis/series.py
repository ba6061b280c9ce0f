"""Counts of days, put together to series of days, weeks or months.

What is counted has begun on a day that is known to some precision. It counts for a period if it certainly began in
it; what may have begun in one or another counts for none of them, and is told apart.
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
"""In the place of a period, what counts for none: it comes after all of them."""

Place = tuple[str, str]
"""A period, as the ISO text of its first day, and the key of a series; "" where there is no key."""


class Begun(NamedTuple):
    """How many began between two days, of one key; ``latest_start`` is None where that is uncertain."""

    earliest: dt.date
    latest_start: dt.date | None
    key: str
    number: int


def first_day(day: dt.date, interval: Interval) -> dt.date:
    """The first day of the period that ``day`` is in."""
    if interval is Interval.WEEK:
        return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1) if interval is Interval.MONTH else day


def last_day(day: dt.date, interval: Interval) -> dt.date:
    """The last day of the period that ``day`` is in; the calendar ends with the year 9999."""
    first = first_day(day, interval)
    longest = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 31}[interval]
    last = first + dt.timedelta(days=min(longest - 1, (dt.date.max - first).days))
    return last if first_day(last, interval) == first else last.replace(day=1) - dt.timedelta(days=1)


def periods(first: dt.date, last: dt.date, interval: Interval) -> Iterator[str]:
    """The periods from that of the day ``first`` to that of the day ``last``."""
    while first <= last:
        yield first_day(first, interval).isoformat()
        end = last_day(first, interval)
        if end == dt.date.max:
            return
        first = end + dt.timedelta(days=1)


@dataclass(frozen=True)
class Series:
    """What counts for each place, and the keys that are told of each period, both in their order."""

    counts: Mapping[Place, int]
    keys: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return sum(map(len, self.keys.values()))

    def places(self, *, after: Place | None = None, reverse: bool = False) -> Iterator[Place]:
        """The places by period and key, those that come after one."""
        if reverse:
            return self._down(after)
        return self._up(after)

    @cached_property
    def _periods(self) -> list[str]:
        return list(self.keys)

    def _up(self, after: Place | None) -> Iterator[Place]:
        begin = 0 if after is None else bisect_left(self._periods, after[0])
        for period in self._periods[begin:]:
            keys = self.keys[period]
            rest = keys[bisect_right(keys, after[1]) :] if after is not None and after[0] == period else keys
            yield from ((period, key) for key in rest)

    def _down(self, after: Place | None) -> Iterator[Place]:
        end = len(self._periods) if after is None else bisect_right(self._periods, after[0])
        for period in reversed(self._periods[:end]):
            keys = self.keys[period]
            rest = keys[: bisect_left(keys, after[1])] if after is not None and after[0] == period else keys
            yield from ((period, key) for key in reversed(rest))


def series(
    begun: Iterable[Begun], interval: Interval, *, fill: Iterable[str] | None = None, always: Iterable[str] = ()
) -> Series:
    """The series that counts make. If certain periods are to be filled, every key that occurs is told in each of them,
    and those that are to be there ``always``."""
    counts = _counts(begun, interval)
    keys: dict[str, set[str]] = defaultdict(set)
    for period, key in counts:
        keys[period].add(key)
    told = {period: sorted(keys[period]) for period in sorted(keys)}
    if fill is None:
        return Series(counts, told)
    everywhere = sorted({key for _, key in counts} | set(always))
    unplaced = {UNPLACED: told[UNPLACED]} if UNPLACED in told else {}
    return Series(counts, dict.fromkeys(fill, everywhere) | unplaced)


def _counts(begun: Iterable[Begun], interval: Interval) -> Counter[Place]:
    counts: Counter[Place] = Counter()
    periods: dict[tuple[dt.date, dt.date | None], str] = {}
    for earliest, latest_start, key, number in begun:
        days = (earliest, latest_start)
        period = periods.get(days) or periods.setdefault(days, _period(*days, interval))
        counts[period, key] += number
    return counts


def _period(earliest: dt.date, latest_start: dt.date | None, interval: Interval) -> str:
    first = first_day(earliest, interval)
    if latest_start is None or first_day(latest_start, interval) != first:
        return UNPLACED
    return first.isoformat()
