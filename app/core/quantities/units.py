"""Units of quantities: one name for each, and how many of a common measure it is where that is exact."""

from dataclasses import dataclass
from decimal import Decimal

from app.core.quantities.notation import Quantity

# Units of values that are no quantities: a date in EDTF, a name.
EDTF, NAME = "edtf", "name"

_SHARES = {
    # Time. A day and a month have no exact ratio, so there are two measures; see ``Measured.meets``.
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
_FACTORS = {unit: (measure, Decimal(factor)) for measure, units in _SHARES.items() for unit, factor in units.items()}

# Other words for a unit; its plural is its name, and what is no unit here is counted by its own name.
_WORDS = {
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
# What larger units are so many of: they are written in the smaller.
_MULTIPLES = {"decade": (10, "years"), "decades": (10, "years"), "century": (100, "years"), "centuries": (100, "years")}

_MONTH = Decimal(2_629_746)  # seconds, in the mean of the Gregorian calendar
_UNEVEN = Decimal(3 * 86_400)  # by which so many months may be longer or shorter than that


def canonical(word: str) -> str:
    """The one name of a unit: ``hours`` for "hour", ``people`` for "persons"; a word that is none stays as it is."""
    key = " ".join(word.casefold().split())
    return _WORDS.get(key) or (word.strip() if word.isupper() else key)


def in_unit(number: Quantity, word: str) -> tuple[Quantity, str]:
    """A number of what the word says, in a unit of the store: two decades are 20 years."""
    many, unit = _MULTIPLES.get(word.casefold(), (1, canonical(word)))
    return (number if many == 1 else number.times(Decimal(many))), unit


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity in the measure of its unit, so that what has the same measure can be compared."""

    number: Quantity
    measure: str

    def comparable(self, other: "Measured") -> bool:
        return self.measure == other.measure or {self.measure, other.measure} == {"second", "month"}

    def meets(self, other: "Measured", share: Decimal = Decimal(0)) -> bool:
        """Whether one quantity can be both, where that which is meant roughly may be a ``share`` of itself off."""
        one, two = (
            each.number.widened(share) if each.number.about and share else each.number
            for each in (self._beside(other), other._beside(self))
        )
        return one.meets(two)

    def _beside(self, other: "Measured") -> "Measured":
        """Months in seconds where the other is: as many as they can be."""
        if self.measure == other.measure or self.measure != "month":
            return self
        return Measured(self.number.times(_MONTH).widened(Decimal(0), _UNEVEN), "second")


def measured(number: Quantity, unit: str | None) -> Measured:
    """The quantity in the measure of its unit; a unit that has none is its own."""
    number, name = in_unit(number, unit or "")
    measure, factor = _FACTORS.get(name, (name, Decimal(1)))
    return Measured(number if factor == 1 else number.times(factor), measure)
