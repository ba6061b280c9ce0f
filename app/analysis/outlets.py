"""Count how outlets print one speaker: verbatim or in paraphrase, directly or relayed by others."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from app.core.vocab import StatementKind


@dataclass(frozen=True, slots=True)
class PrintedCount:
    """A number of statements of one form that one outlet prints, and the ids of the speakers that relayed them."""

    source: int
    kind: StatementKind
    relays: Collection[int]
    statements: int


@dataclass(slots=True)
class OutletCounts:
    """The statements of a speaker in one outlet: by form, relayed by others, and by relaying speaker."""

    source: int
    kinds: Counter[StatementKind] = field(default_factory=Counter)
    relayed: int = 0
    relays: Counter[int] = field(default_factory=Counter)

    @property
    def statements(self) -> int:
        return self.kinds.total()

    @property
    def quotes(self) -> bool:
        """True if the outlet prints any of the speaker's own words."""
        return self.kinds[StatementKind.INDIRECT] < self.statements

    @property
    def only_relayed(self) -> bool:
        """True if others relayed all statements of the speaker to the outlet."""
        return self.relayed == self.statements


def count_by_outlet(printed: Iterable[PrintedCount]) -> list[OutletCounts]:
    """Add up the counts of each outlet; outlets with the most statements come first."""
    by_source: dict[int, OutletCounts] = {}
    for count in printed:
        outlet = by_source.setdefault(count.source, OutletCounts(count.source))
        outlet.kinds[count.kind] += count.statements
        outlet.relayed += count.statements if count.relays else 0
        for speaker in set(count.relays):
            outlet.relays[speaker] += count.statements
    return sorted(by_source.values(), key=lambda outlet: (-outlet.statements, outlet.source))
