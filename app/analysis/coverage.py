"""Measure how outlets covered an event: the share of each document that is about it, and what an outlet leaves out.

An outlet leaves out only what other outlets carry.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.core.spans import Span

T = TypeVar("T", int, str)


@dataclass(frozen=True, slots=True)
class CoveredLength:
    """The code points of a document, and of its parts about an event: passage, statements, claims, and all of these."""

    length: int
    passage: int
    statements: int
    claims: int
    about: int

    @property
    def share(self) -> float:
        """The share of the document that is about the event, 0 to 1."""
        return self.about / self.length if self.length else 0.0


def measure(length: int, passage: Span | None, statements: Sequence[Span], claims: Sequence[Span]) -> CoveredLength:
    """Measure the parts of a document that are about an event; words in several parts count once in the total."""
    passages = [] if passage is None else [passage]
    about = count_covered([*passages, *statements, *claims])
    return CoveredLength(length, count_covered(passages), count_covered(statements), count_covered(claims), about)


def count_covered(spans: Iterable[Span]) -> int:
    """Count the code points that are in at least one of the spans."""
    total = end = 0
    for span in sorted(spans, key=lambda span: span.start):
        total += max(0, span.end - max(end, span.start))
        end = max(end, span.end)
    return total


class Carriage(Generic[T]):
    """The items, ids or words, that each outlet carries."""

    def __init__(self, carried: Iterable[tuple[int, T]]) -> None:
        self._by_outlet: dict[int, set[T]] = defaultdict(set)
        for outlet, item in carried:
            self._by_outlet[outlet].add(item)
        counts: Counter[T] = Counter(item for items in self._by_outlet.values() for item in items)
        self._items: list[T] = sorted(counts, key=lambda item: (-counts[item], item))

    def list_left_out(self, outlet: int) -> list[T]:
        """List the items that other outlets carry and this one does not; those of most outlets first."""
        own = self._by_outlet.get(outlet, ())
        return [item for item in self._items if item not in own]
