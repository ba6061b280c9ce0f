"""How outlets covered an event: who was first, how much of each document is about it, and what an outlet leaves out.

Nothing is said to be left out that nobody carries: it is what other outlets have and this one has not.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.core.spans import Span

T = TypeVar("T", int, str)


@dataclass(frozen=True, slots=True)
class Published:
    """When something appeared: the earliest day on which it may have, and the moment where it is known."""

    day: dt.date | None
    moment: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the first: in days, and in seconds where both moments are known."""

    days: int | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """Code points of a document, and how many of them are in the passage that reports the event, in statements, in
    claims, and in any of these."""

    length: int
    passage: int
    statements: int
    claims: int
    about: int

    @property
    def share(self) -> float:
        """Of the whole document, 0 to 1."""
        return self.about / self.length if self.length else 0.0


def share(length: int, passage: Span | None, statements: Sequence[Span], claims: Sequence[Span]) -> Share:
    """How much of a document is about an event; words that stand in several of its parts count once in all."""
    passages = [] if passage is None else [passage]
    about = covered([*passages, *statements, *claims])
    return Share(length, covered(passages), covered(statements), covered(claims), about)


def covered(spans: Iterable[Span]) -> int:
    """How many code points stand in at least one of the spans."""
    total = end = 0
    for span in sorted(spans, key=lambda span: span.start):
        total += max(0, span.end - max(end, span.start))
        end = max(end, span.end)
    return total


class Order:
    """Who of several was the first, by day; of those that appeared on that day, by moment, if all of these have one."""

    def __init__(self, published: Iterable[Published]) -> None:
        known = [each for each in published if each.day is not None]
        self._day = min((each.day for each in known if each.day is not None), default=None)
        moments = [each.moment for each in known if each.day == self._day]
        self._moment = min((each for each in moments if each is not None), default=None) if all(moments) else None

    def is_first(self, published: Published) -> bool:
        """Whether nobody is known to have been earlier; of one day, and not all of known moments, several are first."""
        if self._day is None or published.day != self._day:
            return False
        return self._moment is None or published.moment == self._moment

    def lag(self, published: Published) -> Lag:
        days = None if published.day is None or self._day is None else (published.day - self._day).days
        if published.moment is None or self._moment is None:
            return Lag(days, None)
        return Lag(days, round((published.moment - self._moment).total_seconds()))


class Carried(Generic[T]):
    """Which outlets, by id, carry which things: ids, or words."""

    def __init__(self, carried: Iterable[tuple[int, T]]) -> None:
        self._by_outlet: dict[int, set[T]] = defaultdict(set)
        for outlet, thing in carried:
            self._by_outlet[outlet].add(thing)
        counts: Counter[T] = Counter(thing for things in self._by_outlet.values() for thing in things)
        self._all: list[T] = sorted(counts, key=lambda thing: (-counts[thing], thing))

    def left_out_by(self, outlet: int) -> list[T]:
        """What others carry and this outlet does not, what most of them carry first."""
        mine = self._by_outlet.get(outlet, ())
        return [thing for thing in self._all if thing not in mine]
