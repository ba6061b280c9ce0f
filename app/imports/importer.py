"""The common parts of the import formats: parsing, rejecting, counting and loading of records."""

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
"""Called with the number, record and reason of each rejected record, before its batch is committed."""

EdtfColumns = tuple[str, str, str, str | None, str | None]
"""An EDTF text, its earliest and latest day, and its latest start and earliest end."""

# The limits of the API.
NAME_LENGTH, TITLE_LENGTH = 200, 1000

BY_A_PERSON = "read or corrected by a person"

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?")


class Rejected(Exception):
    """Raised for a record that cannot be stored; the message is the reason, by which records are counted."""


class Format(ABC):
    """A file format; an object reads one file."""

    name: ClassVar[str]
    batch_size: ClassVar[int] = 10_000

    def records(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the records of a file, each of one or more lines."""
        return iter(lines)

    @abstractmethod
    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        """Load records in one transaction, including ``done.save`` for all of them."""


def parse_records(
    records: Iterable[Numbered], parse: Callable[[bytes, Counts], T], counts: Counts, reject: Reject
) -> Iterator[T]:
    """Yield the records that can be parsed, and reject the others."""
    for number, record in records:
        try:
            yield parse(record, counts)
        except Rejected as error:
            counts.add(Outcome.REJECTED, str(error))
            reject(number, record, str(error))


@lru_cache
def build_edtf(text: str) -> EdtfColumns:
    """Return the columns of an EDTF text."""
    date = parse_edtf(text)
    if date.latest_start is None or date.earliest_end is None:
        return text, str(date.earliest), str(date.latest), None, None
    return text, str(date.earliest), str(date.latest), str(date.latest_start), str(date.earliest_end)


def parse_coordinates(latitude: str, longitude: str) -> tuple[float | None, float | None]:
    """Return latitude and longitude in decimal degrees, or None for both."""
    if not latitude and not longitude:
        return None, None
    if not _DEGREES.fullmatch(latitude) or not _DEGREES.fullmatch(longitude):
        raise Rejected("the coordinates are no decimal degrees")
    north, east = float(latitude), float(longitude)
    if abs(north) > 90 or abs(east) > 180:
        raise Rejected("the coordinates are not on earth")
    return north, east


def count_outcomes(counts: Counts, keys: Iterable[K], outcomes: Mapping[K, Outcome]) -> None:
    """Count the outcome of each line by the key of its record; a repeated key in a batch has changed nothing."""
    seen = set[K]()
    for key in keys:
        outcome = Outcome.UNCHANGED if key in seen else outcomes[key]
        counts.add(outcome, BY_A_PERSON if outcome is Outcome.SKIPPED else None)
        seen.add(key)
