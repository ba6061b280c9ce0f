"""Stores of any size for the benchmarks: a day of the world's news, many times over.

The proportions are those of a monitored news flow: 900 events a day, three reports and one statement
an event, as many documents as events, 500 outlets of which few publish much and many little (Zipf),
and speakers alike. Words follow Zipf's law too; the word ``benchmark`` stands in one statement of a
hundred. The same size gives the same store.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Engine, Table
from sqlmodel import SQLModel

from app import db

EVENTS_A_DAY = 900
OUTLETS = 500
SPEAKERS = 5_000
LAST_DAY = dt.date(2024, 12, 31)

_WORDS = [f"{consonant}{vowel}{end}" for consonant in "bdfgklmnprstvz" for vowel in "aeiou" for end in "lmnrst"]
_COUNTRIES = ("US", "GB", "FR", "DE", "RU", "KP", "KR", "JP", "IN", "CN", "BR", "ZA", "NG", "EG", "UA", "PL")
_TYPES = ("agree", "consult", "support", "cooperate", "aid", "request", "accuse", "reject", "threaten", "protest")
_KINDS = ("direct", "indirect", "mixed")

Row = dict[str, Any]


class News:
    """Draws what a store of ``events`` events holds."""

    def __init__(self, events: int) -> None:
        self.events = events
        self._random = random.Random(events)
        self._words = _zipf(len(_WORDS), 1.0)
        self._outlets = _zipf(OUTLETS, 1.0)
        self._speakers = _zipf(SPEAKERS, 0.8)

    def rows(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """The rows of each table, in an order in which they can be inserted."""
        yield (
            "revision",
            iter([{"id": 1, "at": dt.datetime(2025, 1, 1, tzinfo=dt.UTC), "author": "bench", "message": ""}]),
        )
        yield "source", (self._named(ident, "outlet", "online") for ident in range(1, OUTLETS + 1))
        yield "speaker", (self._named(ident, "speaker", "person") for ident in range(1, SPEAKERS + 1))
        yield "event", map(self._event, range(1, self.events + 1))
        yield "document", map(self._document, range(1, self.events + 1))
        yield "report", self._reports()
        yield "statement", map(self._statement, range(1, self.events + 1))

    def _words_of(self, number: int) -> str:
        return " ".join(self._random.choices(_WORDS, cum_weights=self._words, k=number))

    def _record(self, ident: int) -> Row:
        return {"id": ident, "revision_id": 1, "coded_by": "import"}

    def _named(self, ident: int, stem: str, kind: str) -> Row:
        name = f"{stem.title()} {ident}"
        return self._record(ident) | {
            "slug": f"{stem}-{ident}",
            "name": name,
            "name_key": name.casefold(),
            "kind": kind,
            "country": _COUNTRIES[ident % len(_COUNTRIES)],
        }

    def day_of(self, ident: int) -> dt.date:
        """Events, documents and statements of one number fall on one day, the last ids on the last day."""
        return LAST_DAY - dt.timedelta(days=(self.events - ident) // EVENTS_A_DAY)

    def _event(self, ident: int) -> Row:
        day = self.day_of(ident)
        place = self._words_of(1)
        return self._record(ident) | {
            "title": self._words_of(8),
            "summary": self._words_of(16),
            "date": day.isoformat(),
            **_on(day, ""),
            "type": _TYPES[ident % len(_TYPES)],
            "place": place.title(),
            "place_key": place,
            "country": _COUNTRIES[ident % len(_COUNTRIES)],
            "latitude": self._random.uniform(-60, 70),
            "longitude": self._random.uniform(-180, 180),
            "external_id": f"bench:{ident}",
        }

    def _document(self, ident: int) -> Row:
        day = self.day_of(ident)
        return self._record(ident) | {
            "source_id": self._pick(self._outlets),
            "url": f"https://outlet.example/{ident}",
            "canonical_url": f"https://outlet.example/{ident}",
            "title": self._words_of(8),
            "language": "en",
            "published": day.isoformat(),
            **_on(day, "published_"),
            "retrieved_at": dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
            "text": self._words_of(40),
            "sha256": f"{ident:064x}",
            "identity": f"{ident:064x}",
        }

    def _reports(self) -> Iterator[Row]:
        """Each event is reported by three documents of about its day, its own among them."""
        for ident in range(3 * self.events):
            event = ident // 3 + 1
            document = min(self.events, event + ident % 3 * 7)
            if ident % 3 and document == self.events:
                document = max(1, event - ident % 3 * 7)
            day = self.day_of(event)
            yield self._record(ident + 1) | {
                "event_id": event,
                "document_id": document,
                "role": "main",
                "start": 0,
                "end": 10,
                "date": day.isoformat(),
                **_on(day, ""),
            }

    def _statement(self, ident: int) -> Row:
        day = self.day_of(ident)
        return self._record(ident) | {
            "document_id": ident,
            "speaker_id": self._pick(self._speakers),
            "event_id": ident,
            "kind": _KINDS[ident % len(_KINDS)],
            "text": self._words_of(20) + (" benchmark" if ident % 100 == 0 else ""),
            "start": 0,
            "end": 20,
            "said": day.isoformat(),
            **_on(day, "said_"),
        }

    def _pick(self, weights: list[float]) -> int:
        return self._random.choices(range(1, len(weights) + 1), cum_weights=weights)[0]


def _zipf(number: int, exponent: float) -> list[float]:
    """Cumulative weights of ranks 1 to ``number``."""
    total, weights = 0.0, []
    for rank in range(1, number + 1):
        total += rank**-exponent
        weights.append(total)
    return weights


def _on(day: dt.date, prefix: str) -> Row:
    return {prefix + bound: day for bound in ("earliest", "latest", "latest_start", "earliest_end")}


def fill(engine: Engine, events: int, progress: Callable[[str], None] = lambda table: None) -> None:
    """Fill a migrated, empty store."""
    with db.writing(engine) as session:
        for name, rows in News(events).rows():
            progress(name)
            table: Table = SQLModel.metadata.tables[name]
            for batch in _batches(rows):
                session.connection().execute(table.insert(), batch)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def _batches(rows: Iterator[Row], size: int = 5_000) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
