"""Units of quantities: one canonical name for a unit, and its exact factor to a base unit where there is one."""

from dataclasses import dataclass
from decimal import Decimal

from app.core.quantities.notation import Quantity

# Units of values other than quantities: a date in EDTF, a name.
EDTF, NAME = "edtf", "name"

_UNITS_BY_BASE = {
    # Time has two base units, since a day and a month have no exact ratio; see ``Measurement.can_equal``.
    "second": {"seconds": "1", "minutes": "60", "hours": "3600", "days": "86400", "weeks": "604800"},
    "month": {"months": "1", "years": "12"},
    "metre": {
        "millimetres": "0.001", "centimetres": "0.01", "metres": "1", "kilometres": "1000",
        "inches": "0.0254", "feet": "0.3048", "yards": "0.9144", "miles": "1609.344",
    },
    "square metre": {
        "square metres": "1", "hectares": "10000", "square kilometres": "1000000", "square feet": "0.09290304",
        "acres": "4046.8564224", "square miles": "2589988.110336",
    },
    "kilogram": {
        "grams": "0.001", "kilograms": "1", "tonnes": "1000", "ounces": "0.028349523125", "pounds": "0.45359237",
    },
}  # fmt: skip
_FACTORS = {unit: (base, Decimal(factor)) for base, units in _UNITS_BY_BASE.items() for unit, factor in units.items()}

# Other words for a unit; the plural is the canonical name. A word that is not listed is its own unit.
_SYNONYMS = {
    "second": "seconds", "minute": "minutes", "hour": "hours", "day": "days", "week": "weeks", "month": "months",
    "year": "years", "hr": "hours", "hrs": "hours", "min": "minutes", "mins": "minutes", "sec": "seconds",
    "millimetre": "millimetres", "millimeter": "millimetres", "millimeters": "millimetres", "mm": "millimetres",
    "centimetre": "centimetres", "centimeter": "centimetres", "centimeters": "centimetres", "cm": "centimetres",
    "metre": "metres", "meter": "metres", "meters": "metres", "m": "metres",
    "kilometre": "kilometres", "kilometer": "kilometres", "kilometers": "kilometres", "km": "kilometres",
    "kms": "kilometres", "inch": "inches", "foot": "feet", "ft": "feet", "yard": "yards", "mile": "miles",
    "hectare": "hectares", "acre": "acres", "km2": "square kilometres", "km²": "square kilometres",
    "gram": "grams", "kilogram": "kilograms", "kg": "kilograms", "kgs": "kilograms", "kilos": "kilograms",
    "tonne": "tonnes", "ounce": "ounces", "pound": "pounds", "lb": "pounds", "lbs": "pounds",
    "person": "people", "persons": "people", "percent": "percent", "per cent": "percent", "%": "percent",
    "pct": "percent", "euro": "EUR", "euros": "EUR", "€": "EUR", "pounds sterling": "GBP", "£": "GBP",
    "us$": "USD", "us dollars": "USD", "u.s. dollars": "USD", "$": "dollars", "dollar": "dollars",
    "yen": "JPY", "yuan": "CNY", "roubles": "RUB", "rubles": "RUB", "rupees": "rupees", "won": "won",
}  # fmt: skip
# Larger units that are written in a smaller one.
_MULTIPLES = {"decade": (10, "years"), "decades": (10, "years"), "century": (100, "years"), "centuries": (100, "years")}

_MONTH = Decimal(2_629_746)  # seconds: the mean of the Gregorian calendar
_MONTHS_MARGIN = Decimal(3 * 86_400)  # seconds by which a number of months may differ from that mean


def canonicalize_unit(word: str) -> str:
    """Return the canonical name of a unit: ``hours`` for "hour", ``people`` for "persons", an unlisted word itself."""
    key = " ".join(word.casefold().split())
    return _SYNONYMS.get(key) or (word.strip() if word.isupper() else key)


def convert_multiple(number: Quantity, word: str) -> tuple[Quantity, str]:
    """Return a number and its canonical unit, converted if the word is a multiple: two decades are 20 years."""
    factor, unit = _MULTIPLES.get(word.casefold(), (1, canonicalize_unit(word)))
    return (number if factor == 1 else number.multiply(Decimal(factor))), unit


@dataclass(frozen=True, slots=True)
class Measurement:
    """A quantity in the base unit ``measure``, comparable with others of the same base unit."""

    number: Quantity
    measure: str

    def is_comparable(self, other: "Measurement") -> bool:
        """Return True if both have the same base unit, or both measure time."""
        return self.measure == other.measure or {self.measure, other.measure} == {"second", "month"}

    def can_equal(self, other: "Measurement", share: Decimal = Decimal(0)) -> bool:
        """Return True if one quantity can be both; an approximate one may be off by a ``share`` of itself."""
        first, second = (
            number.widen(share) if number.about and share else number
            for number in (self._convert_months(other), other._convert_months(self))
        )
        return first.can_equal(second)

    def _convert_months(self, other: "Measurement") -> Quantity:
        """Return the number, in seconds if it counts months and the other does not."""
        if self.measure == other.measure or self.measure != "month":
            return self.number
        return self.number.multiply(_MONTH).widen(Decimal(0), _MONTHS_MARGIN)


def measure(number: Quantity, unit: str | None) -> Measurement:
    """Convert a quantity to its base unit; a unit without one is its own base unit."""
    number, name = convert_multiple(number, unit or "")
    base, factor = _FACTORS.get(name, (name, Decimal(1)))
    return Measurement(number if factor == 1 else number.multiply(factor), base)
