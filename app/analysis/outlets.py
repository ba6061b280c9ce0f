"""How outlets print one speaker: verbatim or in paraphrase, at first hand or through others."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from app.core.vocab import StatementKind


@dataclass(frozen=True, slots=True)
class Printed:
    """So many statements that one outlet prints in one form, relayed by these voices or none; both are ids."""

    source: int
    kind: StatementKind
    through: Collection[int]
    statements: int


@dataclass(slots=True)
class Outlet:
    """What one outlet prints of the speaker: statements of each form, those that others relayed, and by which voice."""

    source: int
    kinds: Counter[StatementKind] = field(default_factory=Counter)
    relayed: int = 0
    relays: Counter[int] = field(default_factory=Counter)

    @property
    def statements(self) -> int:
        return self.kinds.total()

    @property
    def quotes(self) -> bool:
        """Whether it prints the speaker's own words, be it in part."""
        return self.kinds[StatementKind.INDIRECT] < self.statements

    @property
    def only_relayed(self) -> bool:
        """Whether it has all that the speaker said from others."""
        return self.relayed == self.statements


def outlets(printed: Iterable[Printed]) -> list[Outlet]:
    """Each outlet, those with the most statements first."""
    found: dict[int, Outlet] = {}
    for each in printed:
        outlet = found.setdefault(each.source, Outlet(each.source))
        outlet.kinds[each.kind] += each.statements
        outlet.relayed += each.statements if each.through else 0
        for voice in set(each.through):
            outlet.relays[voice] += each.statements
    return sorted(found.values(), key=lambda outlet: (-outlet.statements, outlet.source))
