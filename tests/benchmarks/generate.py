"""Generate stores of any size with invented news.

The proportions are those of a monitored news flow: 900 events a day, three reports and one statement an event, as many
documents as events, and 500 outlets of which few publish much and many little (Zipf's law), like the speakers. Every
fourth statement is relayed by a second speaker. Words follow Zipf's law too, and one statement of a hundred names each
of a hundred topics. The same size gives the same store, and ``dateline verify`` finds no error in it.
"""

import datetime as dt
import hashlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from app.core.config import Settings
from app.database.engine import create_store_engine, open_write_transaction
from app.store.derived import counts, statement_index

# A store of few events has fewer a day, so that it has ten days at least.
EVENTS_A_DAY = 900
MIN_DAYS = 10
OUTLETS = 500
SPEAKERS = 5_000
LAST_DAY = dt.date(2024, 12, 31)
TOPICS = tuple(f"topic{number:02}" for number in range(100))

_WORDS = [f"{consonant}{vowel}{end}" for consonant in "bdfgklmnprstvz" for vowel in "aeiou" for end in "lmnrst"]
_COUNTRIES = ("US", "GB", "FR", "DE", "RU", "KP", "KR", "JP", "IN", "CN", "BR", "ZA", "NG", "EG", "UA", "PL")
_TYPES = ("agree", "consult", "support", "cooperate", "aid", "request", "accuse", "reject", "threaten", "protest")
_KINDS = ("direct", "indirect", "mixed")
_NOON = "2025-01-01 12:00:00.000000"

_RECORD = ("id", "revision_id", "coded_by")
_NAMED = (*_RECORD, "slug", "name", "name_key", "kind", "country")
_DAYS = ("earliest", "latest", "latest_start", "earliest_end")
_EVENT = ("title", "summary", "type", "place", "place_key", "country", "latitude", "longitude", "external_id")
_DOCUMENT = ("source_id", "url", "canonical_url", "title", "language", "retrieved_at", "text", "sha256", "identity")
_STATEMENT = ("document_id", "speaker_id", "event_id", "kind", "text", "start", "end")

COLUMNS = {
    "revision": ("id", "at", "author", "message"),
    "source": _NAMED,
    "speaker": _NAMED,
    "event": (*_RECORD, *_EVENT, "date", *_DAYS),
    "document": (*_RECORD, *_DOCUMENT, "published", *(f"published_{bound}" for bound in _DAYS)),
    "report": (*_RECORD, "event_id", "document_id", "role", "start", "end", "date", *_DAYS),
    "statement": (*_RECORD, *_STATEMENT, "said", *(f"said_{bound}" for bound in _DAYS)),
    "attribution": (*_RECORD, "statement_id", "position", "speaker_id"),
}

StoreRow = tuple[Any, ...]


class News:
    """The random rows of a store of ``events`` events."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.events_a_day = min(EVENTS_A_DAY, events // MIN_DAYS)
        self._random = random.Random(events)
        # Texts are slices of one long text, which is faster than drawing the words of each.
        self._words = self._random.choices(_WORDS, cum_weights=_zipf(len(_WORDS), 1.0), k=2**18 + 64)

    def rows(self) -> Iterator[tuple[str, Iterator[StoreRow]]]:
        """Yield each table with its rows, whose columns are those of ``COLUMNS``, in an order of insertion."""
        idents = range(1, self.events + 1)
        yield "revision", iter([(1, _NOON, "bench", "")])
        yield "source", (self._named(ident, "outlet", "online") for ident in range(1, OUTLETS + 1))
        yield "speaker", (self._named(ident, "speaker", "person") for ident in range(1, SPEAKERS + 1))
        yield "event", map(self._event, idents)
        yield "document", map(self._document, idents, self._ranks(OUTLETS, 1.0))
        yield "report", self._reports()
        yield "statement", map(self._statement, idents, self._ranks(SPEAKERS, 0.8))
        yield "attribution", map(self._hop, range(1, self.events // 4 + 1))

    def day_of(self, ident: int) -> dt.date:
        """Return the day of the event, document and statement with this id; the highest ids have the last day."""
        return LAST_DAY - dt.timedelta(days=(self.events - ident) // self.events_a_day)

    def _words_of(self, ident: int, number: int) -> str:
        begin = ident * 7919 % 2**18
        return " ".join(self._words[begin : begin + number])

    def _dated(self, ident: int) -> StoreRow:
        return (self.day_of(ident).isoformat(),) * 5

    def _named(self, ident: int, stem: str, kind: str) -> StoreRow:
        name, country = f"{stem.title()} {ident}", _COUNTRIES[ident % len(_COUNTRIES)]
        return *_record(ident), f"{stem}-{ident}", name, name.casefold(), kind, country

    def _event(self, ident: int) -> StoreRow:
        place = self._words_of(ident, 1)
        kind, country = _TYPES[ident % len(_TYPES)], _COUNTRIES[ident % len(_COUNTRIES)]
        latitude, longitude = round(self._random.uniform(-60, 70), 4), round(self._random.uniform(-180, 180), 4)
        where = (place.title(), place, country, latitude, longitude)
        words = (self._words_of(ident + 1, 8), self._words_of(ident + 2, 16))
        return *_record(ident), *words, kind, *where, f"bench:{ident}", *self._dated(ident)

    def _document(self, ident: int, source: int) -> StoreRow:
        url, text = f"https://outlet{source}.example/{ident}", f"{self._quotation(ident)} {self._words_of(ident, 20)}"
        hashes = (hashlib.sha256(text.encode()).hexdigest(), hashlib.sha256(url.encode()).hexdigest())
        words = (url, url, self._words_of(ident + 3, 8), "en", _NOON, text)
        return *_record(ident), source, *words, *hashes, *self._dated(ident)

    def _reports(self) -> Iterator[StoreRow]:
        """Yield three reports of each event, by documents of about its day."""
        for ident in range(3 * self.events):
            event, copy = ident // 3 + 1, ident % 3
            document = event + 7 * copy if event + 14 <= self.events else event - 7 * copy
            yield *_record(ident + 1), event, document, "main", 0, 10, *self._dated(event)

    def _quotation(self, ident: int) -> str:
        return f"{self._words_of(ident + 4, 20)} {TOPICS[ident % len(TOPICS)]}"

    def _statement(self, ident: int, speaker: int) -> StoreRow:
        text, kind = self._quotation(ident), _KINDS[ident % len(_KINDS)]
        return *_record(ident), ident, speaker, ident, kind, text, 0, len(text), *self._dated(ident)

    def _hop(self, ident: int) -> StoreRow:
        return *_record(ident), 4 * ident, 0, ident % 100 + 1

    def _ranks(self, number: int, exponent: float) -> Iterator[int]:
        """Yield ranks from 1 to ``number`` without end, with the frequencies of Zipf's law."""
        weights = _zipf(number, exponent)
        while True:
            yield from self._random.choices(range(1, number + 1), cum_weights=weights, k=10_000)


def _record(ident: int) -> StoreRow:
    return ident, 1, "import"


def _zipf(number: int, exponent: float) -> list[float]:
    """Return the cumulative weights of ranks 1 to ``number``."""
    total, weights = 0.0, []
    for rank in range(1, number + 1):
        total += rank**-exponent
        weights.append(total)
    return weights


def fill(path: Path, events: int, progress: Callable[[str], None] = lambda step: None) -> None:
    """Fill the migrated, empty SQLite store at ``path``; create indexes and full text at the end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "locking_mode=EXCLUSIVE"):
            connection.execute(f"PRAGMA {pragma}")
        rebuild = _drop_indexes_and_triggers(connection)
        for table, rows in News(events).rows():
            progress(table)
            _insert(connection, table, rows)
        for statement in rebuild:
            progress(statement.partition("\n")[0][:60])
            connection.execute(statement)
    progress("denormalized tables")
    _fill_denormalized_tables(path)


def _drop_indexes_and_triggers(connection: sqlite3.Connection) -> list[str]:
    """Drop triggers and indexes; return the statements that create them again and rebuild the full-text indexes."""
    query = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql <> ''"
    parts = connection.execute(query).fetchall()
    for kind, name, _ in parts:
        connection.execute(f"DROP {kind} {name}")
    words = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%fts5%'").fetchall()
    return [*(f"INSERT INTO {name} ({name}) VALUES ('rebuild')" for (name,) in words), *(sql for *_, sql in parts)]


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[StoreRow]) -> None:
    names = ", ".join(f'"{name}"' for name in COLUMNS[table])
    places = ", ".join("?" * len(COLUMNS[table]))
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
    connection.execute("COMMIT")


def _fill_denormalized_tables(path: Path) -> None:
    engine = create_store_engine(Settings(database_url=f"sqlite:///{path}"))
    with open_write_transaction(engine) as session:
        for refresh_all in (counts.refresh_all, statement_index.refresh_all):
            for _ in refresh_all(session.connection()):
                pass
    engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
