"""The events that a document may report: found by their days, and by the words of their titles and summaries."""

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

# How many events are compared with a document, and the most that is read of each: accounts, code points of their texts,
# statements.
_EVENTS, _ACCOUNTS, _TEXT, _STATEMENTS = 50, 8, 600, 40
_WORDS = 12  # the most that are sought, those of the title first
_TELLING = 1_000  # a word that more of the events have tells little: none of them is looked at for its sake

_FIRST, _LAST = (bindparam(name, type_=Date, required=True) for name in ("first", "last"))
_LOW, _HIGH, _MOST = (bindparam(name, type_=Integer, required=True) for name in ("low", "high", "most"))
_CORPUS = next(corpus for corpus in CORPORA if corpus.noun is Noun.EVENTS)


class ReportedAccount(NamedTuple):
    """The head of what a document tells of an event, from the passage on that reports it."""

    event_id: int
    title: str | None
    text: str


class Quotation(NamedTuple):
    """Words that a document prints of somebody at an event, and that speaker's match key."""

    event_id: int
    speaker: str | None
    text: str


def find_candidates(session: Session, words: Iterable[str], first: dt.date, last: dt.date) -> list[Event]:
    """The events that begin on these days and share the most and rarest of the words, at most 50.

    In place of one that was merged stands what it was merged into.
    """
    ids = _alike(session, list(dict.fromkeys(words))[:_WORDS], {"first": first, "last": last})
    found = {row.id: row for row in iterate_rows(session, Event, "id", ids)}
    merged = {row.merged_into_id for row in found.values()} - {None, *found}
    found |= {row.id: row for row in iterate_rows(session, Event, "id", merged)}
    return [found[ident] for ident in dict.fromkeys(found[ident].merged_into_id or ident for ident in ids)]


def _alike(session: Session, words: Sequence[str], days: dict[str, Any]) -> list[int]:
    [within] = _lists(session, _begun(), days)
    if len(within) <= _EVENTS or not words:
        return within[:_EVENTS]
    sought = {f"word_{place}": f'"{word}"' if _is_sqlite(session) else word for place, word in enumerate(words)}
    low, high = min(within), max(within)
    most = _TELLING * max(1, (high - low) // len(within))  # where others stand between, as many more have the word
    bounds = {"low": low, "high": high, "most": most + 1}
    hits = _lists(session, _with(len(words), _is_sqlite(session)), days | bounds | sought)
    telling = [ids for ids in hits if len(ids) <= most] or hits
    score: Counter[int] = Counter()
    for ids in map(set(within).intersection, telling):
        # Whole numbers, as a counter wants them: the fewer of these events have the word, the more it says.
        score.update(dict.fromkeys(ids, 1_000_000 // max(1, len(ids))))
    return [ident for ident, _ in sorted(score.items(), key=lambda each: (-each[1], each[0]))[:_EVENTS]]


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _lists(session: Session, query: Select[Any], values: dict[str, Any]) -> list[list[int]]:
    """The lists of ids that a query of one row gives: as lists, since thousands of rows would take longer to fetch."""
    [row] = session.execute(query, values)
    return [orjson.loads(ids) if isinstance(ids, str) else ids or [] for ids in row]


@cache
def _begun() -> Select[Any]:
    return select(json_array_of_values(_ids().where(NOW.event.earliest.between(_FIRST, _LAST))))


@cache
def _with(words: int, sqlite: bool) -> Select[Any]:
    return select(*((_hits_of_fts if sqlite else _hits_of_tsvector)(f"word_{place}") for place in range(words)))


def _hits_of_fts(word: str) -> Any:
    """The events with a word, among those whose ids may be of the days asked for: FTS5 knows of no dates."""
    fts = _CORPUS.fts
    matches = literal_column(fts.name).op("MATCH")(bindparam(word, type_=Text, required=True))
    return json_array_of_values(
        select(fts.c.rowid.label("item")).where(matches, fts.c.rowid.between(_LOW, _HIGH)).limit(_MOST)
    )


def _hits_of_tsvector(word: str) -> Any:
    """The events of the days that have a word; with a limit PostgreSQL would walk through the days instead."""
    query = func.dateline_phrase(bindparam(word, type_=Text, required=True))
    matches = func.dateline_words(*_CORPUS.text).op("@@")(query)
    return json_array_of_values(_ids().where(matches, NOW.event.earliest.between(_FIRST, _LAST)))


def _ids() -> Select[int]:
    return select(NOW.event.id.label("item"))


def list_accounts(session: Session, event_ids: Collection[int | None]) -> list[ReportedAccount]:
    """What the first documents that report these events tell of them, at most eight an event."""
    report, document = NOW.report, NOW.document
    place = func.row_number().over(partition_by=report.event_id, order_by=report.id).label("place")
    reports = select(report.event_id, report.document_id, report.start, place)
    first = reports.where(report.event_id.in_(event_ids)).subquery()
    head = func.substr(document.text, func.coalesce(first.c.start, 0) + 1, _TEXT)
    query = select(first.c.event_id, document.title, head).join(document, document.id == first.c.document_id)
    rows = session.execute(query.where(first.c.place <= _ACCOUNTS).order_by(first.c.event_id, first.c.place))
    return [ReportedAccount(*row) for row in rows]


def list_quotations(session: Session, event_ids: Collection[int | None]) -> list[Quotation]:
    """The first words in quotation marks at these events, or about them, at most forty an event."""
    statement, speaker = NOW.statement, NOW.speaker
    place = func.row_number().over(partition_by=statement.event_id, order_by=statement.id).label("place")
    marked = statement.event_id.in_(event_ids) & (statement.kind != StatementKind.INDIRECT)
    first = select(statement.event_id, statement.speaker_id, statement.text, place).where(marked).subquery()
    query = select(first.c.event_id, speaker.name_key, first.c.text).select_from(first)
    query = query.outerjoin(speaker, speaker.id == first.c.speaker_id).where(first.c.place <= _STATEMENTS)
    return [Quotation(*row) for row in session.execute(query.order_by(first.c.event_id, first.c.place))]
