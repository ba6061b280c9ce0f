"""Decide which of several documents appeared first, as far as their dates tell."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrintingDate:
    """The days on which a printing's document may have been published, or the moment if it is known."""

    id: int
    earliest: dt.date | None = None
    latest: dt.date | None = None
    at: dt.datetime | None = None

    @property
    def bounds(self) -> tuple[dt.datetime, dt.datetime] | None:
        """The first and the last possible moment; None for an undated document."""
        if self.at is not None:
            return self.at, self.at
        if self.earliest is None or self.latest is None:
            return None
        midnight = dt.time(tzinfo=dt.UTC)
        return dt.datetime.combine(self.earliest, midnight), dt.datetime.combine(self.latest, dt.time.max, dt.UTC)


def find_first(printings: Sequence[PrintingDate]) -> list[int]:
    """Return the ids of the dated printings that no other certainly precedes: several where dates leave it open."""
    bounds = {printing.id: dates for printing in printings if (dates := printing.bounds) is not None}
    soonest = min((latest for _, latest in bounds.values()), default=None)
    return [printing_id for printing_id, (earliest, _) in bounds.items() if soonest is not None and earliest <= soonest]


@dataclass(frozen=True, slots=True)
class PublicationTime:
    """The earliest day on which a document may have been published, and the moment if it is known."""

    day: dt.date | None
    moment: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Lag:
    """A delay behind the first document: in days, and in seconds if both moments are known."""

    days: int | None
    seconds: int | None


class PublicationOrder:
    """The first day of several documents, and the first moment of that day if all its documents have one."""

    def __init__(self, times: Iterable[PublicationTime]) -> None:
        dated = [(time.day, time.moment) for time in times if time.day is not None]
        self._day = min((day for day, _ in dated), default=None)
        moments = [moment for day, moment in dated if day == self._day]
        self._moment = min((moment for moment in moments if moment), default=None) if all(moments) else None

    def is_first(self, time: PublicationTime) -> bool:
        """Return True if no document is known to be earlier; several of one day are first unless all moments are."""
        if self._day is None or time.day != self._day:
            return False
        return self._moment is None or time.moment == self._moment

    def get_lag(self, time: PublicationTime) -> Lag:
        days = None if time.day is None or self._day is None else (time.day - self._day).days
        if time.moment is None or self._moment is None:
            return Lag(days, None)
        return Lag(days, round((time.moment - self._moment).total_seconds()))
