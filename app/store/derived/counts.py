"""Tables derived for each event (coverage, origin, tally), and the provenance of documents, from which origins follow.

All of it follows from the records and can be rebuilt at any time. A ``WriteSession`` keeps it current: each flush notes
in ``DirtyEvents`` which events it may have changed, and these are counted anew once, before the commit or a response.
Code that writes rows without a ``WriteSession`` calls ``refresh``, ``refresh_for_names`` and ``add_provenance``.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, inspect, text
from sqlmodel import Session, SQLModel

from app.analysis.agencies import AGENCY_BY_KEY
from app.analysis.copies import build_sketch
from app.analysis.credits import find_credit
from app.analysis.origin_rows import OriginKeyResolver, OriginRows
from app.analysis.origins import find_event_origins
from app.core.vocab import SpeakerKind
from app.database.models import (
    Document,
    Event,
    Provenance,
    Report,
    Source,
    SourceAlias,
    Speaker,
    SpeakerAlias,
    Statement,
)
from app.queries import origins

_AMONG = {"sqlite": "IN (SELECT value FROM json_each(:ids))", "postgresql": "= ANY(CAST(:ids AS bigint[]))"}

_REFRESH_COVERAGE = (
    "DELETE FROM coverage WHERE event_id {among}",
    """
    INSERT INTO coverage (event_id, source_id, earliest, documents, first_published)
    SELECT report.event_id, document.source_id, event.earliest, count(*), min(document.published_earliest)
    FROM report JOIN event ON event.id = report.event_id JOIN document ON document.id = report.document_id
    WHERE report.event_id {among}
    GROUP BY report.event_id, document.source_id, event.earliest
    """,
    "DELETE FROM origin WHERE event_id {among}",
)

# Events whose documents may rest on origins other than their own outlets.
_EVENTS_TO_ANALYSE = """
    SELECT event_id FROM statement WHERE event_id {among}
    UNION
    SELECT report.event_id FROM report JOIN statement ON statement.document_id = report.document_id
    WHERE report.event_id {among} AND statement.start < report."end" AND statement."end" > report.start
    UNION
    SELECT report.event_id FROM report JOIN provenance ON provenance.document_id = report.document_id
    WHERE report.event_id {among}
    GROUP BY report.event_id HAVING count(*) > 1 OR count(provenance.credit_key) > 0
    UNION
    SELECT coverage.event_id FROM coverage JOIN source ON source.id = coverage.source_id
    WHERE coverage.event_id {among} AND source.state_affiliated AND source.country IS NOT NULL
"""

_OUTLETS_AS_ORIGINS = """
    INSERT INTO origin (event_id, key, name, documents)
    SELECT coverage.event_id, 'source:' || source.id, source.name, coverage.documents
    FROM coverage JOIN source ON source.id = coverage.source_id WHERE coverage.event_id {among}
"""

_INSERT_ORIGINS = {
    "sqlite": """
        INSERT INTO origin (event_id, key, name, documents)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(:rows)
    """,
    "postgresql": """
        INSERT INTO origin (event_id, key, name, documents)
        SELECT CAST(value ->> 0 AS bigint), value ->> 1, value ->> 2, CAST(value ->> 3 AS integer)
        FROM json_array_elements(CAST(:rows AS json))
    """,
}

_UPSERT_TALLY = """
    INSERT INTO tally (event_id, sources, documents, statements, origins, outlets)
    SELECT event.id,
        (SELECT count(*) FROM coverage WHERE coverage.event_id = event.id),
        (SELECT count(*) FROM report WHERE report.event_id = event.id),
        (SELECT count(*) FROM statement WHERE statement.event_id = event.id),
        (SELECT count(*) FROM origin WHERE origin.event_id = event.id),
        {outlets}
    FROM event WHERE event.id {among}
    ON CONFLICT (event_id) DO UPDATE
    SET sources = excluded.sources, documents = excluded.documents, statements = excluded.statements,
        origins = excluded.origins, outlets = excluded.outlets
"""

_OUTLET = """
    'slug', source.slug, 'name', source.name,
    'document_count', coverage.documents, 'first_published_on', coverage.first_published
"""
_COVERING_SOURCES = "coverage JOIN source ON source.id = coverage.source_id WHERE coverage.event_id = event.id"
_OUTLET_ORDER = "ORDER BY coverage.first_published NULLS LAST, source.id"
_OUTLETS = {
    "sqlite": f"""(SELECT coalesce('[' || group_concat(outlet) || ']', '[]') FROM (
        SELECT json_object({_OUTLET}) AS outlet FROM {_COVERING_SOURCES} {_OUTLET_ORDER}))""",
    "postgresql": f"""(SELECT coalesce(json_agg(json_build_object({_OUTLET}) {_OUTLET_ORDER}), '[]')::text
        FROM {_COVERING_SOURCES})""",
}

_EVENTS_OF_DOCUMENTS = "SELECT event_id FROM report WHERE document_id {among}"
_EVENTS_OF_SOURCES = "SELECT event_id FROM coverage WHERE source_id {among}"
_EVENTS_OF_SPEAKERS = """
    SELECT report.event_id FROM report JOIN statement ON statement.document_id = report.document_id
    WHERE statement.speaker_id {among}
    UNION
    SELECT report.event_id FROM report JOIN statement ON statement.document_id = report.document_id
    JOIN attribution ON attribution.statement_id = statement.id WHERE attribution.speaker_id {among}
"""
_EVENTS_WITH_ORIGINS = """
    SELECT event_id FROM origin JOIN speaker ON origin.key = 'speaker:' || speaker.id WHERE speaker.id {among}
"""
_SPEAKERS_OF_SOURCES = "SELECT id FROM speaker WHERE source_id {among}"
_NAMES_OF_SOURCES = """
    SELECT name_key FROM source WHERE id {among} UNION SELECT name_key FROM source_alias WHERE source_id {among}
"""
_NAMES_OF_SPEAKERS = """
    SELECT name_key FROM speaker WHERE id {among} UNION SELECT name_key FROM speaker_alias WHERE speaker_id {among}
"""
_EVENTS_CREDITING = """
    SELECT report.event_id FROM report JOIN provenance ON provenance.document_id = report.document_id
    WHERE provenance.credit_key = :key
"""
_SPEAKERS_NAMED = "SELECT id FROM speaker WHERE name_key = :key"

_BATCH = 10_000
"""Events that are counted together."""

_ANALYSED_TOGETHER = 1_000
"""Events whose statements and reports are in memory at a time."""

_TEXTS_IN_MEMORY = 200
"""Documents whose texts are in memory at a time."""


class DocumentText(NamedTuple):
    """A document's id, and the parts of it from which its provenance follows."""

    id: int | None
    text: str
    byline: str | None


@dataclass
class DirtyEvents:
    """Ids of events to count anew, and of records on which the counts of events depend.

    ``names`` are match keys of names that a source or speaker got or lost; ``renamed`` are speakers that are no news
    media and only changed their names.
    """

    events: set[int] = field(default_factory=set)
    documents: set[int] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    speakers: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def note(self, row: Any) -> None:
        """Note a row that is new, changed or deleted, while its old values are still known."""
        match row:
            case Event():
                self.events.add(row.id)  # type: ignore[arg-type]  # it has been flushed
            case Document():
                self.documents.add(row.id)  # type: ignore[arg-type]
            case Report():
                self.events |= _get_values(row, "event_id")
            case Statement():
                self.events |= _get_values(row, "event_id")
                self.documents.add(row.document_id)
            case SourceAlias() | SpeakerAlias():
                self.names |= _get_values(row, "name_key")
            case Source() if has_changed(row, "slug", "name", "kind", "country", "state_affiliated"):
                self.names |= _get_values(row, "name_key")
                self.sources.add(row.id)  # type: ignore[arg-type]
            case Speaker() if has_changed(row, "name", "kind", "country", "source_id"):
                self.names |= _get_values(row, "name_key")
                may_be_media = _get_values(row, "kind") & {SpeakerKind.ORGANIZATION, SpeakerKind.UNNAMED}
                speakers = self.speakers if may_be_media or _get_values(row, "source_id") else self.renamed
                speakers.add(row.id)  # type: ignore[arg-type]

    def find_ids(self, connection: Connection) -> set[int]:
        """Return the ids of the events whose counts may have changed."""
        ids = self.events.union(_execute(connection, _EVENTS_OF_SOURCES, self.sources))
        speakers = self.speakers.union(_execute(connection, _SPEAKERS_OF_SOURCES, self.sources))
        names = self.names.union(_execute(connection, _NAMES_OF_SOURCES, self.sources))
        names.update(_execute(connection, _NAMES_OF_SPEAKERS, speakers))
        for agency in set(map(AGENCY_BY_KEY.get, names)) - {None}:
            assert agency is not None
            ids.update(connection.execute(text(_EVENTS_CREDITING), {"key": agency.key}).scalars())
            for key in agency.keys:
                speakers.update(connection.execute(text(_SPEAKERS_NAMED), {"key": key}).scalars())
        ids.update(_execute(connection, _EVENTS_OF_SPEAKERS, speakers))
        ids.update(_execute(connection, _EVENTS_WITH_ORIGINS, self.renamed))
        ids.update(_execute(connection, _EVENTS_OF_DOCUMENTS, self.documents))
        return ids


def has_changed(row: SQLModel, *names: str) -> bool:
    """Tell, during a flush, whether the row is new or deleted, or one of these columns has another value."""
    state = inspect(row)
    if not state.persistent or row in state.session.deleted:
        return True
    return any(state.attrs[name].history.has_changes() for name in names)


def _get_values(row: SQLModel, name: str) -> set[Any]:
    """Return the column's values before and after the flush, without null."""
    return set(inspect(row).attrs[name].history.sum()) - {None}


def track(session: Session, dirty_events: DirtyEvents) -> None:
    """Note which events the current flush makes dirty, and update the provenance of its documents."""
    new, changed, deleted = session.new, session.dirty, session.deleted
    for row in (*new, *changed, *deleted):
        dirty_events.note(row)
    added, rewritten = [], []
    for row in new:
        if isinstance(row, Document):
            added.append(DocumentText(row.id, row.text, row.byline))
    for row in changed:
        if isinstance(row, Document) and has_changed(row, "byline", "text"):
            rewritten.append(DocumentText(row.id, row.text, row.byline))
    if added:
        add_provenance(session.connection(), added)
    if rewritten:
        _replace_provenance(session.connection(), rewritten)


def refresh(connection: Connection, event_ids: Collection[int]) -> None:
    """Count these events anew: their coverage, their origins and their tallies."""
    ids = list(event_ids)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        for statement in _REFRESH_COVERAGE:
            _execute(connection, statement, batch)
        _insert_origins(connection, batch)
        _execute(connection, _UPSERT_TALLY.format(outlets=_OUTLETS[connection.dialect.name], among="{among}"), batch)


def refresh_for_names(connection: Connection, keys: Iterable[str]) -> None:
    """Count anew the events whose counts depend on which sources and speakers bear these names."""
    refresh(connection, DirtyEvents(names=set(keys)).find_ids(connection))


def refresh_all(connection: Connection) -> Iterator[int]:
    """Rebuild the provenance of all documents and the counts of all events; yield the number of events done so far."""
    _replace_all_provenance(connection)
    last = done = 0
    page = text("SELECT id FROM event WHERE id > :last ORDER BY id LIMIT :step")
    while ids := connection.execute(page, {"last": last, "step": _BATCH}).scalars().all():
        refresh(connection, ids)
        last, done = ids[-1], done + len(ids)
        yield done


def _insert_origins(connection: Connection, event_ids: Sequence[int]) -> None:
    """Insert the origins of these events.

    Most events have documents without a text. Their origins are their outlets, which the database lists by itself.
    """
    to_analyse = _execute(connection, _EVENTS_TO_ANALYSE, event_ids)
    _execute(connection, _OUTLETS_AS_ORIGINS, set(event_ids).difference(to_analyse))
    for start in range(0, len(to_analyse), _ANALYSED_TOGETHER):
        batch = to_analyse[start : start + _ANALYSED_TOGETHER]
        origin_rows = OriginRows(*origins.get_rows_of_events(connection, batch))
        resolver = OriginKeyResolver(*origins.get_name_bearers_in(connection, origin_rows.list_agency_keys()))
        rows = [
            (event_id, origin.key.key, origin.key.name, len(origin.evidence))
            for event_id, documents in origin_rows.documents.items()
            for origin in find_event_origins(documents, resolver)
        ]
        connection.execute(text(_INSERT_ORIGINS[connection.dialect.name]), {"rows": json.dumps(rows)})


def add_provenance(connection: Connection, documents: Iterable[DocumentText]) -> None:
    """Insert the provenance of new documents; one whose text shows nothing, such as an empty text, gets no row."""
    rows = []
    for document in documents:
        sketch, credit = build_sketch(document.text), find_credit(document.text, document.byline)
        if sketch or credit:
            span = None if credit is None else credit.span
            row = {
                "document_id": document.id,
                "sketch": sketch,
                "credit": credit and credit.agency.name,
                "credit_key": credit and credit.agency.key,
                "credit_start": span and span.start,
                "credit_end": span and span.end,
            }
            rows.append(row)
    if rows:
        connection.execute(Provenance.__table__.insert(), rows)  # type: ignore[attr-defined]


def _replace_provenance(connection: Connection, documents: Collection[DocumentText]) -> None:
    ids = [document.id for document in documents if document.id is not None]
    _execute(connection, "DELETE FROM provenance WHERE document_id {among}", ids)
    add_provenance(connection, documents)


def _replace_all_provenance(connection: Connection) -> None:
    last = 0
    page = text("SELECT id, text, byline FROM document WHERE id > :last ORDER BY id LIMIT :step")
    while rows := connection.execute(page, {"last": last, "step": _TEXTS_IN_MEMORY}).all():
        _replace_provenance(connection, [DocumentText(row.id, row.text, row.byline) for row in rows])
        last = rows[-1].id


def _execute(connection: Connection, statement: str, ids: Collection[int]) -> list[Any]:
    """Execute a statement in which ``{among}`` stands for "is one of these ids", and return its first column.

    Without ids nothing is executed.
    """
    if not ids:
        return []
    dialect = connection.dialect.name
    parameter = json.dumps(list(ids)) if dialect == "sqlite" else list(ids)
    result = connection.execute(text(statement.format(among=_AMONG[dialect])), {"ids": parameter})
    return list(result.scalars()) if result.returns_rows else []
