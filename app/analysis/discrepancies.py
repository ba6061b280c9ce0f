"""Compare the values that documents claim for one property of one event, side by side; none is declared right.

A value is a date, a quantity, a name, or words that can only be compared as printed. Comparing two values gives the
same relation in either order.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from typing import Generic, TypeVar

from app.core.dates import EDTF, parse_edtf
from app.core.quantities import units, words
from app.core.quantities.notation import Quantity, parse_quantity
from app.core.quantities.units import Measurement, canonicalize_unit, convert_multiple, measure
from app.core.spans import make_match_key
from app.core.vocab import Accord

MOST_VALUES = 100
"""Values of one property that are compared, each with each."""

# The tolerance of approximate numbers: "about 1,000" agrees with 1,100, and may or may not mean 1,500.
_NEAR, _FAR = Decimal("0.1"), Decimal("0.5")
_ARTICLE = re.compile(r"^(?:the|an?) ")
_WORD = re.compile(r"\w+")
_DAY = dt.timedelta(days=1)

T = TypeVar("T")


class ValueRelation(StrEnum):
    """The relation of two values of one property."""

    SAME = "same"
    AGREES = "agrees"
    UNCLEAR = "unclear"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class ClaimedValue:
    """A value in its normal form, with its unit and the part that is compared; equal values have equal keys."""

    text: str
    unit: str | None
    key: tuple[str, str]
    date: EDTF | None = None
    quantity: Measurement | None = None
    words: frozenset[str] | None = None  # of a name

    @property
    def label(self) -> str:
        """The value for people to read; a quantity with its unit."""
        return f"{self.text} {self.unit}" if self.quantity and self.unit else self.text


@dataclass(frozen=True, slots=True)
class ComparableClaim(Generic[T]):
    """A claim of one property of an event, and the caller's ``payload``."""

    property: str
    value: str  # as printed
    normalized: str | None
    unit: str | None
    payload: T


@dataclass(frozen=True, slots=True)
class ValueGroup(Generic[T]):
    """The claims of one value, and its relations to the other groups, by their places in the list of groups."""

    value: ClaimedValue
    claims: Sequence[ComparableClaim[T]]
    related: Mapping[ValueRelation, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Discrepancy(Generic[T]):
    """A property of an event, with each value that documents claim for it."""

    property: str
    accord: Accord
    groups: Sequence[ValueGroup[T]]  # the first ``MOST_VALUES``
    value_count: int  # of all groups
    claim_count: int


def compare_claims(claims: Iterable[ComparableClaim[T]]) -> list[Discrepancy[T]]:
    """Group the claims of one event by property and value; properties and values are in alphabetical order."""
    parsed: dict[tuple[str | None, str | None, str | None], ClaimedValue] = {}  # each printed form is parsed once
    by_key: dict[tuple[str, str], ClaimedValue] = {}
    by_property: dict[str, dict[tuple[str, str], list[ComparableClaim[T]]]] = defaultdict(lambda: defaultdict(list))
    for claim in claims:
        form = (claim.value if claim.normalized is None else None, claim.normalized, claim.unit)
        if form not in parsed:
            parsed[form] = parse_value(claim.value, claim.normalized, claim.unit)
        value = by_key.setdefault(parsed[form].key, parsed[form])
        by_property[claim.property][value.key].append(claim)
    return [
        _build_discrepancy(name, [(by_key[key], same) for key, same in by_property[name].items()])
        for name in sorted(by_property)
    ]


def _build_discrepancy(name: str, by_value: list[tuple[ClaimedValue, list[ComparableClaim[T]]]]) -> Discrepancy[T]:
    compared = sorted(by_value, key=lambda pair: _get_sort_key(pair[0]))[:MOST_VALUES]
    matrix = [[ValueRelation.SAME] * len(compared) for _ in compared]
    for i, j in combinations(range(len(compared)), 2):
        matrix[i][j] = matrix[j][i] = compare_values(compared[i][0], compared[j][0])
    groups = []
    for place, (value, claims) in enumerate(compared):
        related: dict[ValueRelation, list[int]] = defaultdict(list)
        for other, relation in enumerate(matrix[place]):
            if other != place:
                related[relation].append(other)
        groups.append(ValueGroup(value, claims, dict(related)))
    claim_count = sum(len(claims) for _, claims in by_value)
    return Discrepancy(name, _derive_accord(set[ValueRelation]().union(*matrix)), groups, len(by_value), claim_count)


def _derive_accord(relations: set[ValueRelation]) -> Accord:
    if ValueRelation.DIFFERS in relations:
        return Accord.CONFLICT
    return Accord.UNCLEAR if ValueRelation.UNCLEAR in relations else Accord.AGREEMENT


def parse_value(printed: str, normalized: str | None, unit: str | None) -> ClaimedValue:
    """Return the value of a claim: its normalized form if it has one, or else the number in its printed words."""
    if normalized is not None:
        return _parse_normalized(normalized, unit)
    number = words.parse_quantity_words(printed)
    return _build_words(printed) if number is None else _build_quantity(*number)


def _parse_normalized(normalized: str, unit: str | None) -> ClaimedValue:
    """Parse a value in the notation that its unit names, or else in the first notation that fits."""
    if unit == units.EDTF:
        try:
            date = parse_edtf(normalized)
        except ValueError:
            return _build_words(normalized)
        return ClaimedValue(normalized, units.EDTF, (units.EDTF, normalized), date=date)
    if unit != units.NAME:
        try:
            return _build_quantity(*convert_multiple(parse_quantity(normalized), unit or ""))
        except ValueError:
            pass
    if unit in (None, units.NAME):
        key = _ARTICLE.sub("", make_match_key(normalized))
        return ClaimedValue(normalized, units.NAME, (units.NAME, key), words=frozenset(_WORD.findall(key)))
    return _build_words(normalized)


def _build_quantity(number: Quantity, unit: str | None) -> ClaimedValue:
    quantity = measure(number, unit)
    key = (f"quantity {quantity.measure}", quantity.number.text)
    return ClaimedValue(number.text, canonicalize_unit(unit) if unit else None, key, quantity=quantity)


def _build_words(text: str) -> ClaimedValue:
    return ClaimedValue(text, None, ("words", make_match_key(text)))


def _get_sort_key(value: ClaimedValue) -> tuple[str, dt.date, Decimal, str]:
    """Return a key that sorts dates by their first day, quantities by their lower bound, and others by their text."""
    number = value.quantity.number if value.quantity else None
    bound = Decimal(0) if number is None else number.high if number.low is None else number.low
    assert bound is not None
    return value.key[0], value.date.earliest if value.date else dt.date.min, bound, value.key[1]


def compare_values(value: ClaimedValue, other: ClaimedValue) -> ValueRelation:
    if value.key == other.key:
        return ValueRelation.SAME
    if value.date is not None and other.date is not None:
        return _compare_dates(value.date, other.date)
    if value.quantity is not None and other.quantity is not None and value.quantity.is_comparable(other.quantity):
        if value.quantity.can_equal(other.quantity, _NEAR):
            return ValueRelation.AGREES
        return ValueRelation.UNCLEAR if value.quantity.can_equal(other.quantity, _FAR) else ValueRelation.DIFFERS
    if value.words and other.words:
        contains = value.words <= other.words or other.words <= value.words
        return ValueRelation.AGREES if contains else ValueRelation.DIFFERS
    return ValueRelation.UNCLEAR


def _compare_dates(date: EDTF, other: EDTF) -> ValueRelation:
    """Return AGREES if both may mean the same day.

    An uncertain date never differs from another; an approximate one only if the gap is longer than the date itself.
    """
    if date.earliest <= other.latest and other.earliest <= date.latest:
        return ValueRelation.AGREES
    gap = max(date.earliest - other.latest, other.earliest - date.latest)
    inexact = [edtf for edtf in (date, other) if edtf.latest_start is None]
    is_open = any(set("?%") & set(edtf.text) or gap <= edtf.latest - edtf.earliest + _DAY for edtf in inexact)
    return ValueRelation.UNCLEAR if is_open else ValueRelation.DIFFERS
