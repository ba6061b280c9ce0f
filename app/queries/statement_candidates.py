"""Statements that may print the same utterance: selected by speaker and date, through indexes.

The selects are built once, since building the dozen that one statement needs would take longer than the rest.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from heapq import nsmallest
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, literal_column, or_, select, union

from app.core.vocab import CodedBy, SpeakerKind
from app.database.models import Voicing
from app.database.tables import NOW, Table

# Values in one statement; the databases take some tens of thousands.
_BATCH = 1000

# Limits for the statements of one voice in the days in question: those read, and those returned.
_MAX_READ, _MAX_NEAR = 2_000, 100
# The same for other statements of the document, and of the event.
_MAX_BESIDE = 300

MONTH = dt.timedelta(days=31)
"""A statement whose first and last possible day are further apart than this ``lasts``."""

_VOICING: Table = Voicing
# Written as in the condition of the index; SQLite would not use it for "lasts = 1".
_LASTS: Any = literal_column("voicing.lasts")
_IDS: Any = bindparam("ids", expanding=True)
_ID: Any = bindparam("id")


def get_dates(connection: Connection, statement_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Yield the speaker of each statement, its kind, and the days when it was said and its document published."""
    return _fetch_by_ids(connection, _select_dates().where(NOW.statement.id.in_(_IDS)), statement_ids)


def get_dates_after(connection: Connection, last: int, limit: int) -> Sequence[Row[Any]]:
    """Return the same rows as ``get_dates`` for the next statements by id."""
    statement = NOW.statement
    return connection.execute(_select_dates().where(statement.id > last).order_by(statement.id).limit(limit)).all()


@cache
def _select_dates() -> Select[Any]:
    return _join_speaker(NOW.statement.id, NOW.statement.speaker_id, NOW.speaker.kind, *_date_columns())


def _join_speaker(*columns: Any) -> Select[Any]:
    statement, document, speaker = NOW.statement, NOW.document, NOW.speaker
    rows = select(*columns).join(document, document.id == statement.document_id)
    return rows.outerjoin(speaker, speaker.id == statement.speaker_id)


def _date_columns() -> list[Any]:
    statement, document = NOW.statement, NOW.document
    said = [statement.said_earliest, statement.said_latest, statement.said_latest_start]
    return [*said, document.published_earliest, document.published_latest]


def get_relays(connection: Connection, statement_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Yield the ids of statements and of the voices that relayed them."""
    return _fetch_by_ids(connection, _select_relays(), statement_ids)


@cache
def _select_relays() -> Select[Any]:
    hop = NOW.attribution
    return select(hop.statement_id, hop.speaker_id).where(hop.statement_id.in_(_IDS))


def list_ids_of_documents(connection: Connection, document_ids: Collection[int]) -> list[int]:
    """Return the ids of the statements in these documents."""
    statement = NOW.statement
    rows = select(statement.id).where(statement.document_id.in_(_IDS))
    return [row.id for row in _fetch_by_ids(connection, rows, list(document_ids))]


def list_ids_of_speaker(connection: Connection, speaker_id: int) -> list[int]:
    """Return the ids of the statements that the speaker makes or relays."""
    ids = select(_VOICING.statement_id).where(_VOICING.speaker_id == speaker_id)
    return list(connection.execute(ids).scalars())


def find_near(
    connection: Connection, speaker_id: int, *, first: dt.date, last: dt.date, own: bool = False
) -> list[int]:
    """Return the ids of statements of the voice that may have been said from ``first`` to ``last``.

    These are the ones that it makes or, without ``own``, relays; of too many, those nearest to the last day.
    """
    begun = first - MONTH if first - dt.date.min > MONTH else dt.date.min
    values = {"id": speaker_id, "first": first, "last": last, "begun": begun}
    ends: dict[int, dt.date] = {}
    for query in _select_near(own):
        for row in connection.execute(query, values):
            if row.first <= last:
                ends[row.statement_id] = row.last
    return nsmallest(_MAX_NEAR, ends, key=lambda ident: (abs(ends[ident] - last), -ident))


@cache
def _select_near(own: bool) -> tuple[Select[Any], Select[Any]]:
    """Select statements that begin in the month before, and those that last, which may have begun at any time.

    In one select SQLite would read all statements of the voice.
    """
    voicing, statement = _VOICING, NOW.statement
    rows = select(voicing.statement_id, voicing.first, voicing.last).where(voicing.speaker_id == _ID)
    rows = rows.where(voicing.last >= bindparam("first"))
    if own:
        makes = statement.speaker_id == voicing.speaker_id
        rows = rows.join(statement, statement.id == voicing.statement_id).where(makes)
    recent = rows.where(voicing.first >= bindparam("begun"), voicing.first <= bindparam("last"))
    recent = recent.order_by(voicing.first.desc(), voicing.statement_id.desc())
    return recent.limit(_MAX_READ), rows.where(_LASTS).limit(_MAX_READ)


def find_beside(connection: Connection, document_id: int, event_id: int | None, *, unnamed: bool) -> list[int]:
    """Return ids of statements of the document or the event; with ``unnamed`` not of persons and organizations."""
    values = {"document_id": document_id, "event_id": event_id}
    return list(connection.execute(_select_beside(unnamed), values).scalars())


@cache
def _select_beside(unnamed: bool) -> Any:
    return union(*(_select_newest(name, unnamed) for name in ("document_id", "event_id")))


def _select_newest(name: str, unnamed: bool) -> Select[Any]:
    """Select the newest statements by the value of one column."""
    statement, speaker = NOW.statement, NOW.speaker
    rows = select(statement.id, statement.speaker_id).where(getattr(statement, name) == bindparam(name))
    page: Any = rows.order_by(statement.id.desc()).limit(_MAX_BESIDE).subquery()
    if not unnamed:
        return select(page.c.id)
    is_unnamed = or_(speaker.id.is_(None), speaker.kind.in_((SpeakerKind.DOCUMENT, SpeakerKind.UNNAMED)))
    return select(page.c.id).outerjoin(speaker, speaker.id == page.c.speaker_id).where(is_unnamed)


def get_statements(connection: Connection, statement_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Yield the compared columns of these statements, their utterance, and who assigned it."""
    return _fetch_by_ids(connection, _select_statements(), statement_ids)


@cache
def _select_statements() -> Select[Any]:
    statement = NOW.statement
    assigned = (statement.utterance_id, statement.utterance_by)
    place = (statement.document_id, statement.event_id, statement.start, statement.end)
    rows = _join_speaker(
        statement.id, statement.text, statement.speaker_id, NOW.speaker.kind, *place, *assigned, *_date_columns()
    )
    return rows.where(statement.id.in_(_IDS))


def find_distinct(connection: Connection, statement_ids: Sequence[int]) -> set[int]:
    """Return the ids in all matches of these statements that a person decided are not the same, both ids of each."""
    rows = _fetch_by_ids(connection, _select_matches(False), statement_ids)
    return {ident for row in rows for ident in (row.statement_id, row.other_statement_id)}


def find_proposed_matches(connection: Connection, statement_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Yield the undecided matches of these statements: the id of the match, and those of both statements."""
    return _fetch_by_ids(connection, _select_matches(None), statement_ids)


@cache
def _select_matches(same: bool | None) -> Any:
    match = NOW.match
    rows = select(match.id, match.statement_id, match.other_statement_id).where(match.same.is_(same))
    return union(*(rows.where(column.in_(_IDS)) for column in (match.statement_id, match.other_statement_id)))


def list_ids_of_utterance(connection: Connection, utterance_id: int) -> list[int]:
    """Return the ids of the statements that print the utterance."""
    return list(connection.execute(_select_of_utterance(), {"id": utterance_id}).scalars())


def is_assigned_by_people(connection: Connection, utterance_id: int) -> bool:
    """Return True if a statement was assigned to the utterance by anyone but the machine."""
    by_people = _select_of_utterance().where(NOW.statement.utterance_by != CodedBy.MACHINE)
    return connection.execute(by_people.limit(1), {"id": utterance_id}).first() is not None


@cache
def _select_of_utterance() -> Select[Any]:
    return select(NOW.statement.id).where(NOW.statement.utterance_id == _ID)


def list_unassigned(connection: Connection, *, after: int, limit: int) -> Sequence[int]:
    """Return the next ids of statements without an utterance that nobody decided to keep ungrouped."""
    statement = NOW.statement
    ids = select(statement.id).where(*_is_unassigned(), statement.id > after)
    return connection.execute(ids.order_by(statement.id).limit(limit)).scalars().all()


def count_unassigned(connection: Connection) -> int:
    """Count the statements that ``list_unassigned`` returns."""
    count = select(func.count()).select_from(NOW.statement).where(*_is_unassigned())
    return int(connection.execute(count).scalar_one())


def _is_unassigned() -> Sequence[ColumnElement[bool]]:
    return NOW.statement.utterance_id.is_(None), NOW.statement.utterance_by.is_(None)


def _fetch_by_ids(connection: Connection, query: Any, ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Yield the rows of a query with the parameter ``ids``."""
    for start in range(0, len(ids), _BATCH):
        yield from connection.execute(query, {"ids": ids[start : start + _BATCH]})
