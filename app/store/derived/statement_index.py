"""The index of statements (table ``voicing``): each under its voices, with the days on which it may have been said.

It finds statements that may print the same utterance. It follows from statements, their chains, their speakers' kinds
and their documents' dates alone, and can be rebuilt at any time. A ``WriteSession`` keeps it current; code that writes
rows without one calls ``refresh_documents``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row
from sqlmodel import Session, SQLModel

from app.analysis.statement_similarity import DayRange, get_possible_days
from app.core.vocab import SpeakerKind
from app.database.models import Attribution, Document, Speaker, Statement
from app.queries import statement_candidates
from app.store.derived.counts import has_changed

_VOICINGS = SQLModel.metadata.tables["voicing"]
_BATCH = 10_000


class StatementDays(NamedTuple):
    """The days that a statement names for itself, if any, and the days on which it may have been said."""

    said: DayRange | None
    possible: DayRange


def refresh(connection: Connection, statement_ids: Collection[int]) -> None:
    """Rebuild the index of these statements."""
    ids = list(statement_ids)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        rows = list(statement_candidates.get_dates(connection, batch))
        connection.execute(_VOICINGS.delete().where(_VOICINGS.c.statement_id.in_(batch)))
        _insert(connection, rows)


def refresh_documents(connection: Connection, document_ids: Collection[int]) -> None:
    """Rebuild the index of the statements of these documents."""
    refresh(connection, statement_candidates.list_ids_of_documents(connection, document_ids))


def refresh_all(connection: Connection) -> Iterator[int]:
    """Rebuild the index of all statements; yield the number of statements done so far."""
    connection.execute(_VOICINGS.delete())
    last = done = 0
    while page := statement_candidates.get_dates_after(connection, last, _BATCH):
        _insert(connection, page)
        last, done = page[-1].id, done + len(page)
        yield done


def get_days(row: Row[Any]) -> StatementDays:
    """Return the days of a statement from its row of ``statement_candidates``."""
    said = None if row.said_earliest is None else DayRange(row.said_earliest, row.said_latest)
    published = None if row.published_earliest is None else DayRange(row.published_earliest, row.published_latest)
    kind = None if row.kind is None else SpeakerKind(row.kind)
    return StatementDays(said, get_possible_days(kind, said, published, in_doubt=row.said_latest_start is None))


def _insert(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    voices: dict[int, set[int]] = defaultdict(set)
    for hop in statement_candidates.get_relays(connection, [row.id for row in rows]):
        voices[hop.statement_id].add(hop.speaker_id)
    values = []
    for row in rows:
        first, last = get_days(row).possible
        lasts = last - first > statement_candidates.MONTH
        for voice in (voices[row.id] | {row.speaker_id}) - {None}:
            values.append({"speaker_id": voice, "statement_id": row.id, "first": first, "last": last, "lasts": lasts})
    if values:
        connection.execute(_VOICINGS.insert(), values)


def track(session: Session) -> None:
    """Rebuild the index of the statements whose voices or days the current flush changes."""
    ids: set[int] = set()
    new, connection = session.new, session.connection()
    for row in (*new, *session.dirty):
        match row:
            case Attribution():
                ids.add(row.statement_id)
            case Statement(id=int(ident)) if has_changed(
                row, "speaker_id", "document_id", "said_earliest", "said_latest", "said_latest_start"
            ):
                ids.add(ident)
            case Document(id=int(ident)) if row not in new and has_changed(
                row, "published_earliest", "published_latest"
            ):
                ids.update(statement_candidates.list_ids_of_documents(connection, [ident]))
            case Speaker(id=int(ident)) if row not in new and has_changed(row, "kind"):
                ids.update(statement_candidates.list_ids_of_speaker(connection, ident))
    for row in session.deleted:
        if isinstance(row, Attribution):
            ids.add(row.statement_id)
    if ids:
        refresh(connection, ids)
