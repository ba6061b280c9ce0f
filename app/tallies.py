"""What is kept beside the records so that lists are quick: which sources cover an event, and how much hangs on it.

Both tables follow from reports, documents and statements alone and can be made anew at any time. Whoever
writes rows in a session of ``revisions.write`` has them kept; whoever writes rows past it calls ``refresh``.
"""

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session

from app.models import Document, Event, Report, Source, Statement

_AMONG = {"sqlite": "IN (SELECT value FROM json_each(:ids))", "postgresql": "= ANY(CAST(:ids AS bigint[]))"}

_REFRESH = (
    "DELETE FROM coverage WHERE event_id {among}",
    """
    INSERT INTO coverage (event_id, source_id, earliest, documents, first_published)
    SELECT report.event_id, document.source_id, event.earliest, count(*), min(document.published_earliest)
    FROM report JOIN event ON event.id = report.event_id JOIN document ON document.id = report.document_id
    WHERE report.event_id {among}
    GROUP BY report.event_id, document.source_id, event.earliest
    """,
    """
    INSERT INTO tally (event_id, sources, documents, statements, outlets)
    SELECT event.id,
        (SELECT count(*) FROM coverage WHERE coverage.event_id = event.id),
        (SELECT count(*) FROM report WHERE report.event_id = event.id),
        (SELECT count(*) FROM statement WHERE statement.event_id = event.id),
        {outlets}
    FROM event WHERE event.id {among}
    ON CONFLICT (event_id) DO UPDATE
    SET sources = excluded.sources, documents = excluded.documents, statements = excluded.statements,
        outlets = excluded.outlets
    """,
)

_OUTLET = """
    'slug', source.slug, 'name', source.name,
    'documents', coverage.documents, 'first_published', coverage.first_published
"""
_COVERING = "coverage JOIN source ON source.id = coverage.source_id WHERE coverage.event_id = event.id"
_IN_ORDER = "ORDER BY coverage.first_published NULLS LAST, source.id"
_OUTLETS = {
    "sqlite": f"""(SELECT coalesce('[' || group_concat(outlet) || ']', '[]') FROM (
        SELECT json_object({_OUTLET}) AS outlet FROM {_COVERING} {_IN_ORDER}))""",
    "postgresql": f"""(SELECT coalesce(json_agg(json_build_object({_OUTLET}) {_IN_ORDER}), '[]')::text
        FROM {_COVERING})""",
}

_STEP = 10_000


def refresh(connection: Connection, event_ids: Collection[int]) -> None:
    """Count anew what hangs on these events."""
    dialect = connection.dialect.name
    ids = {"ids": json.dumps(list(event_ids)) if dialect == "sqlite" else list(event_ids)}
    for statement in _REFRESH:
        connection.execute(text(statement.format(among=_AMONG[dialect], outlets=_OUTLETS[dialect])), ids)


def refresh_all(connection: Connection) -> Iterator[int]:
    """Count anew what hangs on any event; yields the number of events done so far."""
    last = done = 0
    page = text("SELECT id FROM event WHERE id > :last ORDER BY id LIMIT :step")
    while ids := connection.execute(page, {"last": last, "step": _STEP}).scalars().all():
        refresh(connection, ids)
        last, done = ids[-1], done + len(ids)
        yield done


def follow(session: Session, _context: UOWTransaction) -> None:
    """Keep up with what a flush has written: a listener to a session's ``after_flush``."""
    rows = [*session.new, *session.dirty, *session.deleted]
    ids = {ident for row in rows for ident in _events_of(row)}
    documents = [row.id for row in session.dirty if isinstance(row, Document)]
    if documents:
        ids |= set(_reported_in(session.connection(), documents))
    for source in session.dirty:
        if isinstance(source, Source) and _is_renamed(source):
            ids |= set(_covered_by(session.connection(), source))
    wanted = list(ids)
    for start in range(0, len(wanted), _STEP):
        refresh(session.connection(), wanted[start : start + _STEP])


def _is_renamed(source: Source) -> bool:
    attrs = inspect(source).attrs
    return bool(attrs.slug.history.has_changes() or attrs.name.history.has_changes())


def _covered_by(connection: Connection, source: Source) -> list[int]:
    found = connection.execute(text("SELECT event_id FROM coverage WHERE source_id = :id"), {"id": source.id})
    return list(found.scalars())


def _events_of(row: Any) -> Iterator[int]:
    """The events on which the row hangs, or hung before the flush."""
    if isinstance(row, Event):
        yield row.id  # type: ignore[misc]  # it has been flushed
    elif isinstance(row, (Report, Statement)):
        history = inspect(row).attrs.event_id.history
        yield from (ident for ident in history.sum() if ident is not None)


def _reported_in(connection: Connection, documents: list[int | None]) -> list[int]:
    among = _AMONG[connection.dialect.name]
    ids = json.dumps(documents) if connection.dialect.name == "sqlite" else documents
    found = connection.execute(text(f"SELECT event_id FROM report WHERE document_id {among}"), {"ids": ids})
    return list(found.scalars())
