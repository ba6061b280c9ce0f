"""Which events a transaction touches; they are counted anew once, before it is committed or answered."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session, SQLModel

from app.analysis.agencies import AGENCY_BY_KEY
from app.core.vocab import SpeakerKind
from app.database.models import Document, Event, Report, Source, SourceAlias, Speaker, SpeakerAlias, Statement
from app.store.derived import provenance as provenances
from app.store.derived.counts import STEP, refresh
from app.store.derived.sql import execute

_REPORTED = "SELECT event_id FROM report WHERE document_id {among}"
_COVERED = "SELECT event_id FROM coverage WHERE source_id {among}"
_VOICED = """
    SELECT report.event_id FROM report JOIN statement ON statement.document_id = report.document_id
    WHERE statement.speaker_id {among}
    UNION
    SELECT report.event_id FROM report JOIN statement ON statement.document_id = report.document_id
    JOIN attribution ON attribution.statement_id = statement.id WHERE attribution.speaker_id {among}
"""
_NAMED = """
    SELECT event_id FROM origin JOIN speaker ON origin.key = 'speaker:' || speaker.id WHERE speaker.id {among}
"""
_VOICES_OF = "SELECT id FROM speaker WHERE source_id {among}"
_NAMES_OF_SOURCES = """
    SELECT name_key FROM source WHERE id {among} UNION SELECT name_key FROM source_alias WHERE source_id {among}
"""
_NAMES_OF_SPEAKERS = """
    SELECT name_key FROM speaker WHERE id {among} UNION SELECT name_key FROM speaker_alias WHERE speaker_id {among}
"""
_CREDITING = """
    SELECT report.event_id FROM report JOIN provenance ON provenance.document_id = report.document_id
    WHERE provenance.credit_key = :key
"""
_CALLED = "SELECT id FROM speaker WHERE name_key = :key"


@dataclass
class DirtyEvents:
    """Ids of what was written: events, documents whose events depend on it, and who is another than before.

    ``names`` are keys of names that somebody bears, or bears no more; ``renamed`` are speakers who are no news media
    and only have another name.
    """

    events: set[int] = field(default_factory=set)
    documents: set[int] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    speakers: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def note(self, row: SQLModel) -> None:
        """Note a row that is new, changed or deleted, before what it was is forgotten."""
        note = _NOTES.get(type(row))
        if note is not None:
            note(self, row)

    def resolve(self, connection: Connection) -> Iterator[int]:
        """The events that depend on what was written."""
        yield from self.events
        yield from _found(connection, _COVERED, self.sources)
        speakers = self.speakers | set(_found(connection, _VOICES_OF, self.sources))
        names = self.names | set(_found(connection, _NAMES_OF_SOURCES, self.sources))
        names |= set(_found(connection, _NAMES_OF_SPEAKERS, speakers))
        for agency in {agency for agency in map(AGENCY_BY_KEY.get, names) if agency is not None}:
            yield from connection.execute(text(_CREDITING), {"key": agency.key}).scalars()
            for key in agency.keys:
                speakers |= set(connection.execute(text(_CALLED), {"key": key}).scalars())
        yield from _found(connection, _VOICED, speakers)
        yield from _found(connection, _NAMED, self.renamed)
        yield from _found(connection, _REPORTED, self.documents)


def _found(connection: Connection, statement: str, ids: set[int]) -> list[Any]:
    return execute(connection, statement, ids) if ids else []


def _note_event(dirty_events: DirtyEvents, row: Event) -> None:
    dirty_events.events.add(row.id)  # type: ignore[arg-type]  # it has been flushed


def _note_report(dirty_events: DirtyEvents, row: Report) -> None:
    dirty_events.events |= _values(row, "event_id")


def _note_statement(dirty_events: DirtyEvents, row: Statement) -> None:
    dirty_events.events |= _values(row, "event_id")
    dirty_events.documents.add(row.document_id)


def _note_document(dirty_events: DirtyEvents, row: Document) -> None:
    dirty_events.documents.add(row.id)  # type: ignore[arg-type]


def _note_source(dirty_events: DirtyEvents, row: Source) -> None:
    if _changed(row, "slug", "name", "kind", "country", "state_affiliated"):
        dirty_events.sources.add(row.id)  # type: ignore[arg-type]
        dirty_events.names |= _values(row, "name_key")


def _note_speaker(dirty_events: DirtyEvents, row: Speaker) -> None:
    if not _changed(row, "name", "kind", "country", "source_id"):
        return
    dirty_events.names |= _values(row, "name_key")
    described = _values(row, "kind") & {SpeakerKind.ORGANIZATION, SpeakerKind.UNNAMED}
    among = dirty_events.speakers if described or _values(row, "source_id") else dirty_events.renamed
    among.add(row.id)  # type: ignore[arg-type]


def _note_alias(dirty_events: DirtyEvents, row: SourceAlias | SpeakerAlias) -> None:
    dirty_events.names |= _values(row, "name_key")


_NOTES: dict[type[SQLModel], Callable[[DirtyEvents, Any], None]] = {
    Event: _note_event,
    Report: _note_report,
    Statement: _note_statement,
    Document: _note_document,
    Source: _note_source,
    SourceAlias: _note_alias,
    Speaker: _note_speaker,
    SpeakerAlias: _note_alias,
}


def _changed(row: SQLModel, *names: str) -> bool:
    """Whether the row is new or deleted, or one of these values of it is another than before."""
    state = inspect(row)
    come_or_gone = not state.persistent or row in state.session.deleted
    return come_or_gone or any(state.attrs[name].history.has_changes() for name in names)


def _values(row: SQLModel, name: str) -> set[Any]:
    """What the value is, and what it was before the flush, where it is not null."""
    return {value for value in inspect(row).attrs[name].history.sum() if value is not None}


def track(session: Session, _context: UOWTransaction) -> None:
    """Note what a flush has written: a listener to a session's ``after_flush``."""
    dirty_events: DirtyEvents = session.info.setdefault("touched", DirtyEvents())
    new, dirty, deleted = session.new, session.dirty, session.deleted
    for row in (*new, *dirty, *deleted):
        dirty_events.note(row)
    provenances.add(session.connection(), map(_shown, _documents(new)))
    changed = [row for row in _documents(dirty) if _changed(row, "byline", "text")]
    if changed:
        provenances.renew(session.connection(), map(_shown, changed))


def _documents(rows: Iterable[object]) -> Iterator[Document]:
    return (row for row in rows if isinstance(row, Document))


def _shown(row: Document) -> provenances.Shown:
    return row.id, row.text, row.byline  # type: ignore[return-value]


def flush_counts(session: Session) -> None:
    """Count anew what hangs on the events that the transaction has touched since this was last done."""
    session.flush()
    dirty_events: DirtyEvents | None = session.info.pop("touched", None)
    if dirty_events is not None:
        _refresh(session.connection(), dirty_events)


def refresh_names(connection: Connection, keys: Iterable[str]) -> None:
    """Count anew what depends on who bears these names, for sources that were written past the session."""
    _refresh(connection, DirtyEvents(names=set(keys)))


def _refresh(connection: Connection, dirty_events: DirtyEvents) -> None:
    ids = list(set(dirty_events.resolve(connection)))
    for start in range(0, len(ids), STEP):
        refresh(connection, ids[start : start + STEP])
