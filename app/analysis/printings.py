"""Which of several printings came first, as far as the dates of their documents tell."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """When a printing's document was published: the days that its date allows, or the moment where that is known."""

    id: int
    earliest: dt.date | None = None
    latest: dt.date | None = None
    at: dt.datetime | None = None

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime] | None:
        """The moments between which it was; None where nothing is known."""
        if self.at is not None:
            return self.at, self.at
        if self.earliest is None or self.latest is None:
            return None
        midnight = dt.time(tzinfo=dt.UTC)
        return dt.datetime.combine(self.earliest, midnight), dt.datetime.combine(self.latest, dt.time.max, dt.UTC)


def first(printings: Sequence[Published]) -> list[int]:
    """The ids of those that none of the others certainly precedes: several where that cannot be told, none undated."""
    spans = {each.id: span for each in printings if (span := each.span) is not None}
    soonest = min((latest for _, latest in spans.values()), default=None)
    return [ident for ident, (earliest, _) in spans.items() if soonest is not None and earliest <= soonest]
