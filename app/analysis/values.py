"""A claim's value as something comparable, and what two of them say of each other.

A value is a date, a quantity, a name, or words of which nothing is known but how they are printed. Of two values the
answer is the same in either order, and none of the two is held to be right.
"""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.core.dates import EDTF, parse_edtf
from app.core.quantities import units, words
from app.core.quantities.notation import Quantity, parse_quantity
from app.core.quantities.units import Measured, canonical, in_unit, measured
from app.core.spans import match_key

# How far what is given roughly may be off: "about 1,000" agrees with 1,100, and leaves open whether it means 1,500.
_NEAR, _FAR = Decimal("0.1"), Decimal("0.5")
_ARTICLE = re.compile(r"^(?:the|an?) ")
_WORD = re.compile(r"\w+")
_DAY = dt.timedelta(days=1)


class Says(StrEnum):
    """What two values say of each other."""

    SAME = "same"
    AGREES = "agrees"
    UNCLEAR = "unclear"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Value:
    """A value: its normal form with its unit, and what of it is compared. ``key`` is equal for equal values."""

    text: str
    unit: str | None
    key: tuple[str, str]
    date: EDTF | None = None
    quantity: Measured | None = None
    words: frozenset[str] | None = None  # of a name

    @property
    def shown(self) -> str:
        """The value for people: with its unit, where it is so many of something."""
        return f"{self.text} {self.unit}" if self.quantity and self.unit else self.text


def value(printed: str, normalized: str | None, unit: str | None) -> Value:
    """The value that a claim prints; its normalized form goes before what its words say."""
    if normalized is not None:
        return _normal(normalized, unit)
    number = words.read(printed)
    return _plain(printed) if number is None else _quantity(*number)


def _normal(normalized: str, unit: str | None) -> Value:
    """The value in the notation that its unit says, or else in the one that it has."""
    if unit == units.EDTF:
        try:
            date = parse_edtf(normalized)
        except ValueError:
            return _plain(normalized)
        return Value(normalized, units.EDTF, (units.EDTF, normalized), date=date)
    if unit != units.NAME:
        try:
            return _quantity(*in_unit(parse_quantity(normalized), unit or ""))
        except ValueError:
            pass
    return _name(normalized) if unit in (None, units.NAME) else _plain(normalized)


def _quantity(number: Quantity, unit: str | None) -> Value:
    of = measured(number, unit)
    return Value(
        number.text, canonical(unit) if unit else None, (f"quantity {of.measure}", of.number.text), quantity=of
    )


def _name(text: str) -> Value:
    key = _ARTICLE.sub("", match_key(text))
    return Value(text, units.NAME, (units.NAME, key), words=frozenset(_WORD.findall(key)))


def _plain(text: str) -> Value:
    return Value(text, None, ("words", match_key(text)))


def order(of: Value) -> tuple[str, dt.date, Decimal, str]:
    """A key to sort values by: dates by their first day, quantities by their least, all else by its letters."""
    number = of.quantity.number if of.quantity else None
    bound = Decimal(0) if number is None else number.high if number.low is None else number.low
    assert bound is not None
    return of.key[0], of.date.earliest if of.date else dt.date.min, bound, of.key[1]


def compare(one: Value, other: Value) -> Says:
    """What two values of one property say of each other."""
    if one.key == other.key:
        return Says.SAME
    if one.date is not None and other.date is not None:
        return _of_dates(one.date, other.date)
    if one.quantity is not None and other.quantity is not None and one.quantity.comparable(other.quantity):
        return _of_quantities(one.quantity, other.quantity)
    if one.words and other.words:
        return Says.AGREES if one.words <= other.words or other.words <= one.words else Says.DIFFERS
    return Says.UNCLEAR


def _of_dates(one: EDTF, other: EDTF) -> Says:
    """They agree if one day may be meant by both. What is uncertain never contradicts, what is approximate only from
    further off than it is long."""
    if one.earliest <= other.latest and other.earliest <= one.latest:
        return Says.AGREES
    gap = max(one.earliest - other.latest, other.earliest - one.latest)
    doubtful = [each for each in (one, other) if each.latest_start is None]
    open_ = any(set("?%") & set(each.text) or gap <= each.latest - each.earliest + _DAY for each in doubtful)
    return Says.UNCLEAR if open_ else Says.DIFFERS


def _of_quantities(one: Measured, other: Measured) -> Says:
    """They agree if one number may be meant by both, as near as what is given roughly goes."""
    if one.meets(other, _NEAR):
        return Says.AGREES
    return Says.UNCLEAR if one.meets(other, _FAR) else Says.DIFFERS
