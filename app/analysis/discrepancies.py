"""What documents say differently of one property of one event: the values side by side, nobody declared right."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

from app.analysis import values
from app.analysis.values import Says, Value
from app.core.vocab import Accord

# Values that are compared with each other: every pair of them is.
MOST = 100


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claimed(Generic[T]):
    """What is claimed of a property, and whatever is told of who claims it."""

    property: str
    value: str  # as printed
    normalized: str | None
    unit: str | None
    told: T


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """Claims of one value. What the value says of the others is told by their places in the list of groups."""

    value: Value
    claims: Sequence[Claimed[T]]
    others: Mapping[Says, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Discrepancy(Generic[T]):
    """A property of an event, with each value that is claimed of it."""

    property: str
    accord: Accord
    groups: Sequence[Group[T]]  # the first ``MOST``
    values: int  # how many there are in all
    claims: int


def compare(claims: Iterable[Claimed[T]]) -> list[Discrepancy[T]]:
    """The properties of one event's claims, in alphabetical order, each with its values in theirs."""
    met: dict[tuple[str | None, str | None, str | None], Value] = {}  # what claims print alike is read once
    first: dict[tuple[str, str], Value] = {}
    by_property: dict[str, dict[tuple[str, str], list[Claimed[T]]]] = defaultdict(lambda: defaultdict(list))
    for claim in claims:
        known = (claim.value if claim.normalized is None else None, claim.normalized, claim.unit)
        if known not in met:
            met[known] = values.value(claim.value, claim.normalized, claim.unit)
        value = first.setdefault(met[known].key, met[known])
        by_property[claim.property][value.key].append(claim)
    return [
        _discrepancy(name, [(first[key], same) for key, same in by_property[name].items()])
        for name in sorted(by_property)
    ]


def _discrepancy(name: str, found: list[tuple[Value, list[Claimed[T]]]]) -> Discrepancy[T]:
    shown = sorted(found, key=lambda each: values.order(each[0]))[:MOST]
    said = _table([value for value, _ in shown])
    groups = [
        Group(value, claims, _others(row, place))
        for place, ((value, claims), row) in enumerate(zip(shown, said, strict=True))
    ]
    return Discrepancy(name, _accord(said), groups, len(found), sum(len(claims) for _, claims in found))


def _table(found: Sequence[Value]) -> list[list[Says]]:
    """What each value says of each, which is the same in either order."""
    said = [[Says.SAME] * len(found) for _ in found]
    for one, other in combinations(range(len(found)), 2):
        said[one][other] = said[other][one] = values.compare(found[one], found[other])
    return said


def _others(row: Sequence[Says], own: int) -> dict[Says, list[int]]:
    others: dict[Says, list[int]] = defaultdict(list)
    for place, says in enumerate(row):
        if place != own:
            others[says].append(place)
    return dict(others)


def _accord(said: Sequence[Sequence[Says]]) -> Accord:
    found = {says for row in said for says in row}
    if Says.DIFFERS in found:
        return Accord.CONFLICT
    return Accord.UNCLEAR if Says.UNCLEAR in found else Accord.AGREEMENT
