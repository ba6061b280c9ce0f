"""One notation for a number, its bounds, and a mark for an approximate one.

=============  =======================================
``550``        exactly
``550..``      at least
``..19``       at most
``24..99``     between the two, both included
``>900``       more than
``<20``        fewer than, less than
``>2..5``      a bound marked with a sign is excluded
``~1000``      approximately; combines with any of the above
=============  =======================================

Numbers are decimal, with a point and without separators: up to 18 digits before the point, 9 after it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?"
_NOTATION = re.compile(
    rf"(?P<about>~?)(?:(?P<exact>{_NUMBER})|>(?P<above>{_NUMBER})|<(?P<below>{_NUMBER})"
    rf"|(?P<low>>?{_NUMBER})?\.\.(?P<high><?{_NUMBER})?)"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number between two bounds, of which at least one is present.

    ``above`` excludes the bound ``low`` itself, ``below`` the bound ``high``; ``about`` marks an approximate number.
    Raises ValueError if no number lies between the bounds.
    """

    low: Decimal | None
    high: Decimal | None
    above: bool = False
    below: bool = False
    about: bool = False

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError("a number has a bound at least")
        if (self.low is None and self.above) or (self.high is None and self.below):
            raise ValueError("there is no bound to leave out")
        if self.low is not None and self.high is not None:
            strict = self.above or self.below
            if self.low > self.high or (strict and self.low == self.high):
                raise ValueError("nothing lies between the bounds")

    @property
    def text(self) -> str:
        """The number in the notation above; equal numbers have equal texts."""
        about = "~" if self.about else ""
        if self.low is not None and self.low == self.high:
            return about + format_number(self.low)
        low = "" if self.low is None else (">" if self.above else "") + format_number(self.low)
        high = "" if self.high is None else ("<" if self.below else "") + format_number(self.high)
        alone = (self.above and not high) or (self.below and not low)
        return about + (low + high if alone else f"{low}..{high}")

    def multiply(self, factor: Decimal) -> "Quantity":
        """Return the quantity multiplied by a positive factor."""
        low, high = (None if bound is None else bound * factor for bound in (self.low, self.high))
        return Quantity(low, high, self.above, self.below, self.about)

    def widen(self, share: Decimal, margin: Decimal = Decimal(0)) -> "Quantity":
        """Return the quantity with both bounds moved outward by a ``share`` of themselves plus ``margin``."""
        low = None if self.low is None else self.low - abs(self.low) * share - margin
        high = None if self.high is None else self.high + abs(self.high) * share + margin
        return Quantity(low, high, about=self.about)

    def can_equal(self, other: "Quantity") -> bool:
        """Return True if one number can satisfy both quantities."""
        return _reaches(self, other) and _reaches(other, self)


def _reaches(one: Quantity, other: Quantity) -> bool:
    """Return True if the upper bound of ``one`` is not below the lower bound of ``other``."""
    if one.high is None or other.low is None:
        return True
    return one.high > other.low or (one.high == other.low and not (one.below or other.above))


def make_exact(number: Decimal | int, *, about: bool = False) -> Quantity:
    """Return the quantity whose two bounds are ``number``."""
    return Quantity(Decimal(number), Decimal(number), about=about)


def parse_quantity(text: str) -> Quantity:
    """Parse a number in the notation above. Raises ValueError for any other text."""
    match = _NOTATION.fullmatch(text)
    if match is None:
        raise ValueError("not a number such as 550, 550.., ..19, 24..99, >900, <20 or ~1000")
    about = bool(match["about"])
    if match["exact"]:
        return make_exact(Decimal(match["exact"]), about=about)
    low = f">{match['above']}" if match["above"] else match["low"] or ""
    high = f"<{match['below']}" if match["below"] else match["high"] or ""
    if not low and not high:
        raise ValueError("a number has a bound at least")
    lower, upper = (Decimal(bound.lstrip("<>")) if bound else None for bound in (low, high))
    return Quantity(lower, upper, above=low.startswith(">"), below=high.startswith("<"), about=about)


def format_number(number: Decimal) -> str:
    """Write the number without an exponent and without trailing zeros."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
