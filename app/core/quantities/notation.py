"""One notation for a number, its bounds, and whether it is meant roughly.

=============  =======================================
``550``        exactly so many
``550..``      at least
``..19``       at most
``24..99``     from one to the other, both included
``>900``       more than
``<20``        fewer than, less than
``>2..5``      a bound with its sign is not included
``~1000``      about; any of the above may be
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
    """A number between two bounds, either of which may be missing, but not both.

    ``above`` and ``below`` say that the bound itself is left out. Raises ValueError where nothing lies between them.
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
        """The number in the notation above, one text for equal numbers."""
        about = "~" if self.about else ""
        if self.low is not None and self.low == self.high:
            return about + plain(self.low)
        low = "" if self.low is None else (">" if self.above else "") + plain(self.low)
        high = "" if self.high is None else ("<" if self.below else "") + plain(self.high)
        alone = (self.above and not high) or (self.below and not low)
        return about + (low + high if alone else f"{low}..{high}")

    def times(self, factor: Decimal) -> "Quantity":
        """The number in a unit of which so many are one of its own; ``factor`` is above 0."""
        low, high = (None if bound is None else bound * factor for bound in (self.low, self.high))
        return Quantity(low, high, self.above, self.below, self.about)

    def widened(self, share: Decimal, more: Decimal = Decimal(0)) -> "Quantity":
        """The same with bounds that lie a ``share`` of themselves, and ``more``, further out."""
        low = None if self.low is None else self.low - abs(self.low) * share - more
        high = None if self.high is None else self.high + abs(self.high) * share + more
        return Quantity(low, high, about=self.about)

    def meets(self, other: "Quantity") -> bool:
        """Whether one number can be both."""
        return _reaches(self, other) and _reaches(other, self)


def _reaches(one: Quantity, other: Quantity) -> bool:
    """Whether one's highest number is not below the other's lowest."""
    if one.high is None or other.low is None:
        return True
    return one.high > other.low or (one.high == other.low and not (one.below or other.above))


def exactly(number: Decimal | int, *, about: bool = False) -> Quantity:
    return Quantity(Decimal(number), Decimal(number), about=about)


def parse_quantity(text: str) -> Quantity:
    """Read a number in the notation above; raises ValueError for anything else."""
    found = _NOTATION.fullmatch(text)
    if found is None:
        raise ValueError("not a number such as 550, 550.., ..19, 24..99, >900, <20 or ~1000")
    about = bool(found["about"])
    if found["exact"]:
        return exactly(Decimal(found["exact"]), about=about)
    low = f">{found['above']}" if found["above"] else found["low"] or ""
    high = f"<{found['below']}" if found["below"] else found["high"] or ""
    if not low and not high:
        raise ValueError("a number has a bound at least")
    return Quantity(_bound(low), _bound(high), low.startswith(">"), high.startswith("<"), about)


def _bound(text: str) -> Decimal | None:
    return Decimal(text.lstrip("<>")) if text else None


def plain(number: Decimal) -> str:
    """The number without an exponent and without zeros that say nothing."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
