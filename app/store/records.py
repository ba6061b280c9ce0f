"""Records but sources and speakers: added, changed and deleted by every importer and endpoint through these functions.

Each function works inside the caller's write transaction (``revisions.write``), which commits all of it as one revision
or none of it. Bodies come validated. What only the store can know (whether a reference names a record, whether words
stand where a span says) is checked here, and raises Invalid with the field's path.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from app.core.errors import Conflict, InUse, Invalid
from app.core.vocab import CodedBy
from app.database.models import RECORDS, Attribution, Claim, Document, Event, Record, Report, Statement, Utterance
from app.queries import lookups
from app.schemas.claim import ClaimCreate, ClaimIn, ClaimUpdate
from app.schemas.document import DocumentCreate, DocumentUpdate
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.report import ReportCreate, ReportIn, ReportUpdate
from app.schemas.statement import HopIn, StatementCreate, StatementIn, StatementUpdate
from app.schemas.utterance import UtteranceCreate, UtteranceUpdate
from app.store import utterances
from app.store.fields import (
    At,
    body_values,
    check_free,
    column_values,
    hash_text,
    resolve,
    set_columns,
    update_values,
)
from app.store.revisions import WriteSession

R = TypeVar("R", bound=Record)
X = TypeVar("X", Event, Utterance)


def add_event(session: WriteSession, body: EventCreate) -> Event:
    """Add an event; raise Conflict if its external id is taken."""
    return add_events(session, [body])[0]


def add_events(session: WriteSession, bodies: Sequence[EventCreate]) -> list[Event]:
    """Add many events at once, no two of which may have the same external id."""
    for body in bodies:
        check_free(session, Event, external_id=body.external_id)
    return _add_all(session, [Event(**column_values(session, Event, body_values(body))) for body in bodies])


def add_utterance(session: WriteSession, body: UtteranceCreate) -> Utterance:
    """Add an utterance; raise Conflict if its external id is taken."""
    check_free(session, Utterance, external_id=body.external_id)
    return _add_all(session, [Utterance(**column_values(session, Utterance, body_values(body)))])[0]


def put_document(session: WriteSession, body: DocumentCreate) -> Document:
    """Add a document with all it carries, or return it as it stands if the store has it already.

    A document whose text has changed supersedes the capture before it, unless the body says what it supersedes.
    """
    values = column_values(session, Document, body_values(body))
    values["sha256"] = hash_text(body.text)
    # All captures of one item share its address, or its title, or else its text.
    values["identity"] = hash_text(values["canonical_url"] or body.title or body.text)
    values["retrieved_at"] = body.retrieved_at or dt.datetime.now(dt.UTC)
    captures = lookups.list_captures(session, source_id=values["source_id"], identity=values["identity"])
    for capture in captures:
        if capture.sha256 == values["sha256"]:
            return capture
    document = _add_capture(session, values, () if "supersedes_id" in body.model_fields_set else captures)
    if body.reports:
        add_reports(session, document, body.reports)
    add_statements(session, document, body.statements)
    return document


def _add_capture(session: WriteSession, values: dict[str, Any], captures: Sequence[Document]) -> Document:
    """Add a document between the captures of its item that were retrieved before and after it.

    It may come into the store after a later capture, as from an archive.
    """
    document = Document(**values)
    before = after = None
    for capture in sorted(captures, key=lambda capture: (capture.retrieved_at, capture.id or 0)):
        if capture.retrieved_at <= document.retrieved_at:
            before = capture
        else:
            after = capture
            break
    if before is not None:
        document.supersedes_id = before.id
    _add_all(session, [document])
    if after is not None and after.supersedes_id == document.supersedes_id:
        after.supersedes_id = document.id
    return document


def add_report(session: WriteSession, body: ReportCreate) -> Report:
    """Add a report; raise Conflict if the document reports the event already."""
    return add_reports(session, resolve(session, Document, body.document, ("document",)), [body], at=())[0]


def add_reports(
    session: WriteSession, document: Document, bodies: Sequence[ReportIn], at: At = ("reports",)
) -> list[Report]:
    """Add reports of a document with their claims; errors name the place in the list, or with ``at=()`` none."""
    paths: list[At] = [(*at, place) if at else () for place in range(len(bodies))]
    reported = {report.event_id for report in lookups.list_rows(session, Report, document_id=document.id)}
    rows = []
    for path, body in zip(paths, bodies, strict=True):
        values = column_values(session, Report, body_values(body), path, text=document.text)
        rows.append(Report(**values | {"document_id": document.id}))
    for row in rows:
        if row.event_id in reported:
            raise Conflict(f"Document {document.id} already reports event {row.event_id}.")
        reported.add(row.event_id)
    _add_all(session, rows)
    for path, body, row in zip(paths, bodies, rows, strict=True):
        for place, claim in enumerate(body.claims):
            _add_claim(session, document, row, claim, (*path, "claims", place))
    return rows


def add_claim(session: WriteSession, body: ClaimCreate) -> Claim:
    """Add a claim to a report."""
    report = resolve(session, Report, body.report, ("report",))
    return _add_claim(session, _get_document(session, report), report, body, ())


def _add_claim(session: WriteSession, document: Document, report: Report, body: ClaimIn, at: At) -> Claim:
    values = column_values(session, Claim, body_values(body), at, text=document.text)
    return _add_all(session, [Claim(**values | {"report_id": report.id})])[0]


def add_statement(session: WriteSession, body: StatementCreate) -> Statement:
    """Add a statement to a document."""
    return add_statements(session, resolve(session, Document, body.document, ("document",)), [body], at=())[0]


def add_statements(
    session: WriteSession, document: Document, bodies: Sequence[StatementIn], at: At = ("statements",)
) -> list[Statement]:
    """Add statements of a document with their chains, and put them with the utterances that they print.

    Errors name the place in the list, or with ``at=()`` none.
    """
    if not bodies:
        return []
    paths: list[At] = [(*at, place) if at else () for place in range(len(bodies))]
    rows = []
    for path, body in zip(paths, bodies, strict=True):
        values = column_values(session, Statement, body_values(body), path, text=document.text)
        placed_by = body.coded_by if "utterance" in body.model_fields_set else CodedBy.MACHINE
        rows.append(Statement(**values | {"document_id": document.id, "utterance_by": placed_by}))
    _add_all(session, rows)
    for path, body, row in zip(paths, bodies, rows, strict=True):
        if body.chain:
            _set_chain(session, row, document, body.chain, path)
    utterances.group(session, rows)
    return rows


def update_event(session: WriteSession, row: Event, body: EventUpdate) -> Event:
    """Change the fields that the body sets; raise Conflict if its external id is taken."""
    return _update_external(session, row, body)


def update_utterance(session: WriteSession, row: Utterance, body: UtteranceUpdate) -> Utterance:
    """Change the fields that the body sets; raise Conflict if its external id is taken."""
    return _update_external(session, row, body)


def _update_external(session: WriteSession, row: X, body: EventUpdate | UtteranceUpdate) -> X:
    if body.external_id != row.external_id:
        check_free(session, type(row), external_id=body.external_id)
    return set_columns(row, column_values(session, type(row), update_values(row, body)))


def update_document(session: WriteSession, row: Document, body: DocumentUpdate) -> Document:
    """Change the fields that the body sets; raise Conflict if another document has its identity and its text."""
    values = column_values(session, Document, update_values(row, body))
    if values.get("supersedes_id") == row.id:
        raise Invalid("supersedes_id", "a document cannot supersede itself")
    set_columns(row, values)
    identity = hash_text(row.canonical_url or row.title or row.text)
    other = lookups.find_row(session, Document, source_id=row.source_id, identity=identity, sha256=row.sha256)
    if other is not None and other.id != row.id:
        raise Conflict(f"Document {other.id} has this address or title, and the same text.")
    return set_columns(row, {"identity": identity})


def update_report(session: WriteSession, row: Report, body: ReportUpdate) -> Report:
    """Change the fields that the body sets."""
    text = _get_document(session, row).text
    return set_columns(row, column_values(session, Report, update_values(row, body), text=text))


def update_statement(session: WriteSession, row: Statement, body: StatementUpdate) -> Statement:
    """Change the fields that the body sets.

    Unless the body sets the utterance, it is looked for again when words, speaker, dates or chain have changed.
    """
    document, utterance_id, before = _get_document(session, row), row.utterance_id, _get_essentials(row)
    set_columns(row, column_values(session, Statement, update_values(row, body), text=document.text))
    has_changed = _get_essentials(row) != before
    if "chain" in body.model_fields_set:
        has_changed |= _set_chain(session, row, document, body.chain, ())
    if "utterance" in body.model_fields_set:
        row.utterance_by, row.utterance_confidence = row.coded_by, None
        session.flush()
        utterances.prune(session, utterance_id)
    elif has_changed:
        utterances.regroup(session, row)
    return row


def _get_essentials(row: Statement) -> tuple[object, ...]:
    """Return the values that decide, with the chain, which utterance a statement prints."""
    return row.text, row.speaker_id, row.said_earliest, row.said_latest


def update_claim(session: WriteSession, row: Claim, body: ClaimUpdate) -> Claim:
    """Change the fields that the body sets."""
    report = resolve(session, Report, row.report_id, ("report",))
    text = _get_document(session, report).text
    return set_columns(row, column_values(session, Claim, update_values(row, body), text=text))


def delete(session: WriteSession, row: Record) -> None:
    """Delete a record and its dependents as the tables' ``ondelete`` rules say, each with its history.

    Raise InUse if a record that is no part of it refers to it.
    """
    if isinstance(row, Utterance):
        utterances.detach_all(session, row)
    for model in RECORDS:
        for key in model.__table__.foreign_keys:  # type: ignore[attr-defined]
            if key.column.table.name == row.__tablename__:
                for referrer in lookups.list_rows(session, model, **{key.parent.name: row.id}):
                    _remove_reference(session, row, referrer, key.parent.name, key.ondelete)
    utterance_id = row.utterance_id if isinstance(row, Statement) else None
    session.delete(row)
    session.flush()
    utterances.prune(session, utterance_id)


def _remove_reference(session: WriteSession, row: Record, referrer: Record, column: str, rule: str) -> None:
    if rule == "CASCADE":
        delete(session, referrer)
    elif rule == "SET NULL":
        set_columns(referrer, {column: None})
    else:
        raise InUse(f"The {row.__tablename__} {row.id} cannot go: {referrer.__tablename__} {referrer.id} rests on it.")


def _get_document(session: WriteSession, row: Report | Statement) -> Document:
    return resolve(session, Document, row.document_id, ("document",))


def _add_all(session: WriteSession, rows: list[R]) -> list[R]:
    session.add_all(rows)
    session.flush()
    return rows


def _set_chain(session: WriteSession, row: Statement, document: Document, chain: Iterable[HopIn], at: At) -> bool:
    """Make ``chain`` the hops of the statement; return False if it has them already."""
    hops = []
    for position, body in enumerate(chain):
        path = (*at, "chain", position)
        hops.append(column_values(session, Attribution, body_values(body), path, text=document.text))
    existing = lookups.list_rows(session, Attribution, statement_id=row.id)
    names = hops[0].keys() if hops else ()
    if [{name: getattr(hop, name) for name in names} for hop in existing] == hops:
        return False
    for hop in existing:
        session.delete(hop)
    session.flush()
    for position, values in enumerate(hops):
        _add_all(session, [Attribution(**values | {"statement_id": row.id, "position": position})])
    return True
