"""What the formats of an import have in common: how their records are read, refused, counted and put in."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, TypeVar

from sqlalchemy import Engine

from app.core.dates import parse_edtf
from app.core.vocab import Outcome
from app.imports.progress import Counts, Progress

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

Numbered = tuple[int, bytes]
"""A record as it stands in its file, and its number there, from 1."""
Reject = Callable[[int, bytes, str], None]
"""Told of each record that is refused, and why, before the others of its batch are committed."""

EdtfColumns = tuple[str, str, str, str | None, str | None]
"""An EDTF text, its earliest and latest day, and its latest start and earliest end."""

# The longest that the API takes.
NAME_LENGTH, TITLE_LENGTH = 200, 1000

BY_A_PERSON = "read or corrected by a person"

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?")


class Rejected(Exception):
    """A record that cannot be put into the store; its text says why, in words that many such records share."""


class Format(ABC):
    """One format of file; an object reads one file."""

    name: ClassVar[str]
    batch_size: ClassVar[int] = 10_000

    def records(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The records of a file, of one or more lines each."""
        return iter(lines)

    @abstractmethod
    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        """Put records into the store in one transaction, of which ``done.save`` for all of them is a part."""


def parsed(
    records: Iterable[Numbered], parse: Callable[[bytes, Counts], T], counts: Counts, reject: Reject
) -> Iterator[T]:
    """The records that can be read; the others are rejected."""
    for number, record in records:
        try:
            yield parse(record, counts)
        except Rejected as error:
            counts.add(Outcome.REJECTED, str(error))
            reject(number, record, str(error))


@lru_cache
def edtf(text: str) -> EdtfColumns:
    date = parse_edtf(text)
    if date.latest_start is None or date.earliest_end is None:
        return text, str(date.earliest), str(date.latest), None, None
    return text, str(date.earliest), str(date.latest), str(date.latest_start), str(date.earliest_end)


def coordinates(latitude: str, longitude: str) -> tuple[float | None, float | None]:
    """Latitude and longitude in decimal degrees, or neither."""
    if not latitude and not longitude:
        return None, None
    if not _DEGREES.fullmatch(latitude) or not _DEGREES.fullmatch(longitude):
        raise Rejected("the coordinates are no decimal degrees")
    north, east = float(latitude), float(longitude)
    if abs(north) > 90 or abs(east) > 180:
        raise Rejected("the coordinates are not on earth")
    return north, east


def count(counts: Counts, named: Iterable[K], outcomes: Mapping[K, Outcome]) -> None:
    """Count what became of each line; one that names again what another of its batch named has changed nothing."""
    seen = set[K]()
    for key in named:
        outcome = Outcome.UNCHANGED if key in seen else outcomes[key]
        counts.add(outcome, BY_A_PERSON if outcome is Outcome.SKIPPED else None)
        seen.add(key)
