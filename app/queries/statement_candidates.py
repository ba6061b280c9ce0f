"""Which statements may print the same utterance: found by who says them and when, in indexes alone, never all.

The selects are built once: a statement of the store is not put with its utterance in less time than it takes to build
the dozen that it needs.
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

# Values that one statement is given; the databases take some tens of thousands.
_AT_ONCE = 1000

# Of one voice's statements of the days in question, so many are looked at, and so many kept.
_SCANNED, _KEPT = 2_000, 100
# So many others of its document or its event.
_BESIDE = 300

MONTH = dt.timedelta(days=31)
"""What may have been said on days further apart than this ``lasts``."""

_VOICING: Table = Voicing
# As the index of what lasts has it: of "lasts = 1" SQLite would not know that it means the same.
_LASTS: Any = literal_column("voicing.lasts")
_IDS: Any = bindparam("ids", expanding=True)
_ID: Any = bindparam("id")


def get_dates(connection: Connection, statement_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Who makes these statements, what kind of speaker that is, and when they were said and printed."""
    return _of_ids(connection, _dated().where(NOW.statement.id.in_(_IDS)), statement_ids)


def get_dates_after(connection: Connection, last: int, limit: int) -> Sequence[Row[Any]]:
    """As ``dated``, the next statements by id."""
    statement = NOW.statement
    return connection.execute(_dated().where(statement.id > last).order_by(statement.id).limit(limit)).all()


@cache
def _dated() -> Select[Any]:
    return _with_speaker(NOW.statement.id, NOW.statement.speaker_id, NOW.speaker.kind, *_days())


def _with_speaker(*columns: Any) -> Select[Any]:
    statement, document, speaker = NOW.statement, NOW.document, NOW.speaker
    found = select(*columns).join(document, document.id == statement.document_id)
    return found.outerjoin(speaker, speaker.id == statement.speaker_id)


def _days() -> list[Any]:
    """When it was said, and when its document was published."""
    statement, document = NOW.statement, NOW.document
    said = [statement.said_earliest, statement.said_latest, statement.said_latest_start]
    return [*said, document.published_earliest, document.published_latest]


def get_relays(connection: Connection, statement_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Statements, and the voices that relayed them."""
    return ((row.statement_id, row.speaker_id) for row in _of_ids(connection, _relays(), statement_ids))


@cache
def _relays() -> Select[Any]:
    hop = NOW.attribution
    return select(hop.statement_id, hop.speaker_id).where(hop.statement_id.in_(_IDS))


def list_ids_of_documents(connection: Connection, document_ids: Collection[int]) -> list[int]:
    """The statements of these documents."""
    statement = NOW.statement
    found = select(statement.id).where(statement.document_id.in_(_IDS))
    return [row.id for row in _of_ids(connection, found, list(document_ids))]


def list_ids_of_speaker(connection: Connection, speaker_id: int) -> list[int]:
    """What the speaker makes or relays."""
    found = select(_VOICING.statement_id).where(_VOICING.speaker_id == speaker_id)
    return list(connection.execute(found).scalars())


def find_near(
    connection: Connection, speaker_id: int, *, first: dt.date, last: dt.date, own: bool = False
) -> list[int]:
    """What the voice says or relays that may have been said from ``first`` to ``last``: of what is more than can be
    looked at, what is nearest to the last day. ``own`` leaves out what it only relays.
    """
    begun = first - MONTH if first - dt.date.min > MONTH else dt.date.min
    values = {"id": speaker_id, "first": first, "last": last, "begun": begun}
    rows = (row for way in _near(own) for row in connection.execute(way, values))
    ends = {row.statement_id: row.last for row in rows if row.first <= last}
    return nsmallest(_KEPT, ends, key=lambda ident: (abs(ends[ident] - last), -ident))


@cache
def _near(own: bool) -> tuple[Select[Any], Select[Any]]:
    """What began in the month before, and what lasts: whenever it began, or SQLite would look through all there is."""
    voicing, statement = _VOICING, NOW.statement
    found = select(voicing.statement_id, voicing.first, voicing.last).where(voicing.speaker_id == _ID)
    found = found.where(voicing.last >= bindparam("first"))
    if own:
        said = statement.speaker_id == voicing.speaker_id
        found = found.join(statement, statement.id == voicing.statement_id).where(said)
    recent = found.where(voicing.first >= bindparam("begun"), voicing.first <= bindparam("last"))
    recent = recent.order_by(voicing.first.desc(), voicing.statement_id.desc())
    return recent.limit(_SCANNED), found.where(_LASTS).limit(_SCANNED)


def find_beside(connection: Connection, document_id: int, event_id: int | None, *, unnamed: bool) -> list[int]:
    """Other statements of the document or the event; ``unnamed`` leaves out those of persons and organizations."""
    values = {"document_id": document_id, "event_id": event_id}
    return list(connection.execute(_beside(unnamed), values).scalars())


@cache
def _beside(unnamed: bool) -> Any:
    return union(*(_newest(name, unnamed) for name in ("document_id", "event_id")))


def _newest(name: str, unnamed: bool) -> Select[Any]:
    """The newest statements whose column has the value of that name."""
    statement, speaker = NOW.statement, NOW.speaker
    found = select(statement.id, statement.speaker_id).where(getattr(statement, name) == bindparam(name))
    page: Any = found.order_by(statement.id.desc()).limit(_BESIDE).subquery()
    if not unnamed:
        return select(page.c.id)
    is_unnamed = or_(speaker.id.is_(None), speaker.kind.in_((SpeakerKind.DOCUMENT, SpeakerKind.UNNAMED)))
    return select(page.c.id).outerjoin(speaker, speaker.id == page.c.speaker_id).where(is_unnamed)


def get_statements(connection: Connection, statement_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """What is compared of these statements, and by whom they were put with which utterance."""
    return _of_ids(connection, _shown(), statement_ids)


@cache
def _shown() -> Select[Any]:
    statement = NOW.statement
    placed = (statement.utterance_id, statement.utterance_by)
    where = (statement.document_id, statement.event_id, statement.start, statement.end)
    found = _with_speaker(
        statement.id, statement.text, statement.speaker_id, NOW.speaker.kind, *where, *placed, *_days()
    )
    return found.where(statement.id.in_(_IDS))


def find_told_apart(connection: Connection, statement_ids: Sequence[int]) -> set[int]:
    """The statements of which a person said that they are not the same as one of these, these among them."""
    found = _of_ids(connection, _matches(False), statement_ids)
    return {ident for row in found for ident in (row.statement_id, row.other_statement_id)}


def find_proposed_matches(connection: Connection, statement_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """The matches that nobody has decided on of these statements: their ids, and those of the two."""
    return _of_ids(connection, _matches(None), statement_ids)


@cache
def _matches(same: bool | None) -> Any:
    match = NOW.match
    found = select(match.id, match.statement_id, match.other_statement_id).where(match.same.is_(same))
    return union(*(found.where(column.in_(_IDS)) for column in (match.statement_id, match.other_statement_id)))


def list_ids_of_utterance(connection: Connection, utterance_id: int) -> list[int]:
    """The statements that print the utterance."""
    return list(connection.execute(_of_utterance(), {"id": utterance_id}).scalars())


def is_placed_by_people(connection: Connection, utterance_id: int) -> bool:
    """Whether anybody but the machine put a statement with the utterance."""
    placed = _of_utterance().where(NOW.statement.utterance_by != CodedBy.MACHINE)
    return connection.execute(placed.limit(1), {"id": utterance_id}).first() is not None


@cache
def _of_utterance() -> Select[Any]:
    return select(NOW.statement.id).where(NOW.statement.utterance_id == _ID)


def list_unplaced(connection: Connection, *, after: int, limit: int) -> Sequence[int]:
    """The next statements by id that nobody has put with an utterance, nor said of that they stand alone."""
    statement = NOW.statement
    found = select(statement.id).where(*_is_unplaced(), statement.id > after)
    return connection.execute(found.order_by(statement.id).limit(limit)).scalars().all()


def count_unplaced(connection: Connection) -> int:
    """How many those are."""
    found = select(func.count()).select_from(NOW.statement).where(*_is_unplaced())
    return int(connection.execute(found).scalar_one())


def _is_unplaced() -> Sequence[ColumnElement[bool]]:
    return NOW.statement.utterance_id.is_(None), NOW.statement.utterance_by.is_(None)


def _of_ids(connection: Connection, found: Any, ids: Sequence[int]) -> Iterator[Row[Any]]:
    """The rows of a select with the parameter ``ids``."""
    for start in range(0, len(ids), _AT_ONCE):
        yield from connection.execute(found, {"ids": ids[start : start + _AT_ONCE]})
