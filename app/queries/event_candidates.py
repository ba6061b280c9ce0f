"""Events that a document may report: selected by their days, and by the words of their titles and summaries."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Date, Integer, Select, Text, bindparam, func, literal_column, select
from sqlmodel import Session

from app.core.vocab import Noun, StatementKind
from app.database.json_sql import json_array_of_values
from app.database.models import Event
from app.database.tables import NOW
from app.queries.lookups import iterate_rows
from app.queries.search import CORPORA

# Events that are compared with a document, and limits for each: accounts, code points of an account, statements.
_MAX_EVENTS, _MAX_ACCOUNTS, _MAX_TEXT, _MAX_STATEMENTS = 50, 8, 600, 40
_MAX_WORDS = 12  # searched words, those of the title first
_MAX_HITS = 1_000  # a word in more of the events is too common to select events by

_FIRST, _LAST = (bindparam(name, type_=Date, required=True) for name in ("first", "last"))
_LOW, _HIGH, _MOST = (bindparam(name, type_=Integer, required=True) for name in ("low", "high", "most"))
_CORPUS = next(corpus for corpus in CORPORA if corpus.noun is Noun.EVENTS)


class ReportedAccount(NamedTuple):
    """The title of a document that reports an event, and the beginning of its text from the reporting passage on."""

    event_id: int
    title: str | None
    text: str


class Quotation(NamedTuple):
    """A quotation at an event, and the match key of its speaker."""

    event_id: int
    speaker: str | None
    text: str


def find_candidates(session: Session, words: Iterable[str], first: dt.date, last: dt.date) -> list[Event]:
    """Return the events that begin on these days and share the most and rarest words, at most 50.

    A merged event is replaced by the one that it was merged into.
    """
    ids = _rank_ids(session, list(dict.fromkeys(words))[:_MAX_WORDS], {"first": first, "last": last})
    events = {row.id: row for row in iterate_rows(session, Event, "id", ids)}
    merged = {row.merged_into_id for row in events.values()} - {None, *events}
    events |= {row.id: row for row in iterate_rows(session, Event, "id", merged)}
    return [events[ident] for ident in dict.fromkeys(events[ident].merged_into_id or ident for ident in ids)]


def _rank_ids(session: Session, words: Sequence[str], days: dict[str, Any]) -> list[int]:
    [in_range] = _fetch_lists(session, _select_in_range(), days)
    if len(in_range) <= _MAX_EVENTS or not words:
        return in_range[:_MAX_EVENTS]
    phrases = {f"word_{place}": f'"{word}"' if _is_sqlite(session) else word for place, word in enumerate(words)}
    low, high = min(in_range), max(in_range)
    most = _MAX_HITS * max(1, (high - low) // len(in_range))  # more in proportion if ids of other days lie between
    bounds = {"low": low, "high": high, "most": most + 1}
    hits = _fetch_lists(session, _select_hits(len(words), _is_sqlite(session)), days | bounds | phrases)
    rare = [ids for ids in hits if len(ids) <= most] or hits
    score: Counter[int] = Counter()
    for ids in map(set(in_range).intersection, rare):
        # The fewer events have the word, the higher the score; integers, which a Counter is typed for.
        score.update(dict.fromkeys(ids, 1_000_000 // max(1, len(ids))))
    return [ident for ident, _ in sorted(score.items(), key=lambda item: (-item[1], item[0]))[:_MAX_EVENTS]]


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _fetch_lists(session: Session, query: Select[Any], values: dict[str, Any]) -> list[list[int]]:
    """Return the lists of ids in the only row of a query; thousands of rows would take longer to fetch."""
    [row] = session.execute(query, values)
    return [orjson.loads(ids) if isinstance(ids, str) else ids or [] for ids in row]


@cache
def _select_in_range() -> Select[Any]:
    return select(json_array_of_values(_select_ids().where(NOW.event.earliest.between(_FIRST, _LAST))))


@cache
def _select_hits(words: int, sqlite: bool) -> Select[Any]:
    return select(*((_sqlite_hits if sqlite else _postgresql_hits)(f"word_{place}") for place in range(words)))


def _sqlite_hits(word: str) -> Any:
    """Build the list of events with a word, among ids of the requested days, since FTS5 has no dates."""
    fts = _CORPUS.fts
    matches = literal_column(fts.name).op("MATCH")(bindparam(word, type_=Text, required=True))
    return json_array_of_values(
        select(fts.c.rowid.label("item")).where(matches, fts.c.rowid.between(_LOW, _HIGH)).limit(_MOST)
    )


def _postgresql_hits(word: str) -> Any:
    """Build the list of events of the days with a word; a limit would make PostgreSQL walk through the days."""
    query = func.dateline_phrase(bindparam(word, type_=Text, required=True))
    matches = func.dateline_words(*_CORPUS.text).op("@@")(query)
    return json_array_of_values(_select_ids().where(matches, NOW.event.earliest.between(_FIRST, _LAST)))


def _select_ids() -> Select[int]:
    return select(NOW.event.id.label("item"))


def list_accounts(session: Session, event_ids: Collection[int | None]) -> list[ReportedAccount]:
    """Return the accounts of the first documents that report these events, at most eight an event."""
    report, document = NOW.report, NOW.document
    place = func.row_number().over(partition_by=report.event_id, order_by=report.id).label("place")
    reports = select(report.event_id, report.document_id, report.start, place)
    first = reports.where(report.event_id.in_(event_ids)).subquery()
    head = func.substr(document.text, func.coalesce(first.c.start, 0) + 1, _MAX_TEXT)
    query = select(first.c.event_id, document.title, head).join(document, document.id == first.c.document_id)
    rows = session.execute(query.where(first.c.place <= _MAX_ACCOUNTS).order_by(first.c.event_id, first.c.place))
    return [ReportedAccount(*row) for row in rows]


def list_quotations(session: Session, event_ids: Collection[int | None]) -> list[Quotation]:
    """Return the first quotations at these events, or about them, at most forty an event."""
    statement, speaker = NOW.statement, NOW.speaker
    place = func.row_number().over(partition_by=statement.event_id, order_by=statement.id).label("place")
    marked = statement.event_id.in_(event_ids) & (statement.kind != StatementKind.INDIRECT)
    first = select(statement.event_id, statement.speaker_id, statement.text, place).where(marked).subquery()
    query = select(first.c.event_id, speaker.name_key, first.c.text).select_from(first)
    query = query.outerjoin(speaker, speaker.id == first.c.speaker_id).where(first.c.place <= _MAX_STATEMENTS)
    return [Quotation(*row) for row in session.execute(query.order_by(first.c.event_id, first.c.place))]
