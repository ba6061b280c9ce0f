"""What is kept beside the records so that printings of one utterance are found: each statement under its voices, with
the days on which it may have been said.

It follows from statements, their chains, their speakers' kinds and their documents' dates alone, and can be made anew
at any time. Whoever writes rows in a session of ``revisions.write`` has it kept; whoever writes rows past it calls
``refresh``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, inspect
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session, SQLModel

from app.analysis.statement_similarity import DayRange, get_possible_days
from app.core.vocab import SpeakerKind
from app.database.models import Attribution, Document, Speaker, Statement
from app.queries import statement_candidates

_VOICINGS = SQLModel.metadata.tables["voicing"]
_STEP = 10_000

_DATED = ("speaker_id", "document_id", "said_earliest", "said_latest", "said_latest_start")
_PUBLISHED = ("published_earliest", "published_latest")


def refresh(connection: Connection, statement_ids: Collection[int]) -> None:
    """Keep anew under whom these statements stand, and when they may have been said."""
    ids = list(statement_ids)
    for start in range(0, len(ids), _STEP):
        _replace(connection, ids[start : start + _STEP])


def refresh_all(connection: Connection) -> Iterator[int]:
    """As ``refresh``, of all statements; yields the number done so far."""
    connection.execute(_VOICINGS.delete())
    last = done = 0
    while page := statement_candidates.get_dates_after(connection, last, _STEP):
        _insert(connection, page)
        last, done = page[-1].id, done + len(page)
        yield done


def refresh_documents(connection: Connection, document_ids: Collection[int]) -> None:
    """As ``refresh``, of the statements of these documents."""
    refresh(connection, statement_candidates.list_ids_of_documents(connection, document_ids))


def days_of(row: Row[Any]) -> tuple[DayRange | None, DayRange]:
    """When a statement was said, and when it may have been, from its row of ``printings``."""
    said = _between(row.said_earliest, row.said_latest)
    published = _between(row.published_earliest, row.published_latest)
    kind = None if row.kind is None else SpeakerKind(row.kind)
    return said, get_possible_days(kind, said, published, in_doubt=row.said_latest_start is None)


def _between(first: Any, last: Any) -> DayRange | None:
    return None if first is None else DayRange(first, last)


def _replace(connection: Connection, ids: Sequence[int]) -> None:
    rows = list(statement_candidates.get_dates(connection, ids))
    connection.execute(_VOICINGS.delete().where(_VOICINGS.c.statement_id.in_(ids)))
    _insert(connection, rows)


def _insert(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    voices: dict[int, set[int]] = defaultdict(set)
    for statement_id, speaker_id in statement_candidates.get_relays(connection, [row.id for row in rows]):
        voices[statement_id].add(speaker_id)
    made = [each for row in rows for each in _voicings(row, voices[row.id])]
    if made:
        connection.execute(_VOICINGS.insert(), made)


def _voicings(row: Row[Any], voices: set[int]) -> Iterable[dict[str, Any]]:
    _, (first, last) = days_of(row)
    lasts = last - first > statement_candidates.MONTH
    values = {"first": first, "last": last, "lasts": lasts, "statement_id": row.id}
    return ({"speaker_id": voice} | values for voice in voices | {row.speaker_id} if voice is not None)


def track(session: Session, _context: UOWTransaction) -> None:
    """Keep up with what a flush has written: a listener to a session's ``after_flush``."""
    ids: set[int] = set()
    for row in (*session.new, *session.dirty):
        ids.update(_changed(session, row))
    ids.update(row.statement_id for row in session.deleted if isinstance(row, Attribution))
    if ids:
        refresh(session.connection(), ids)


def _changed(session: Session, row: Any) -> Iterable[int]:
    """The statements whose voices or days the row, new or changed, decides."""
    if isinstance(row, Statement) and _has_changed(row, _DATED):
        return [row.id]  # type: ignore[list-item]  # it has been flushed
    if isinstance(row, Attribution):
        return [row.statement_id]
    if isinstance(row, Document) and row not in session.new and _has_changed(row, _PUBLISHED):
        return statement_candidates.list_ids_of_documents(session.connection(), [row.id])  # type: ignore[list-item]
    if isinstance(row, Speaker) and row not in session.new and _has_changed(row, ("kind",)):
        return statement_candidates.list_ids_of_speaker(session.connection(), row.id)  # type: ignore[arg-type]
    return ()


def _has_changed(row: Any, names: Iterable[str]) -> bool:
    attrs = inspect(row).attrs
    return any(attrs[name].history.has_changes() for name in names)
