"""Putting records into the store: the one way in for every importer and endpoint.

Each function works inside the caller's write transaction (``revisions.write``), which commits all
of it as one revision or none of it. Bodies come validated; what only the store can know (whether a
reference leads anywhere, whether words stand where a span says) is checked here and raises Invalid
with the field's path.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlmodel import Session

from app.core.errors import Conflict, InUse, Invalid
from app.core.spans import make_match_key, slugify
from app.core.vocab import CodedBy
from app.database.models import (
    RECORDS,
    Attribution,
    Claim,
    Document,
    Event,
    Record,
    Report,
    Source,
    SourceAlias,
    Speaker,
    SpeakerAlias,
    Statement,
    Utterance,
)
from app.queries import lookups
from app.schemas.claim import ClaimCreate, ClaimIn, ClaimUpdate
from app.schemas.common import CodingUpdate
from app.schemas.document import DocumentCreate, DocumentUpdate
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.report import ReportCreate, ReportIn, ReportUpdate
from app.schemas.source import SourceCreate, SourceUpdate
from app.schemas.speaker import SpeakerCreate, SpeakerUpdate
from app.schemas.statement import HopIn, StatementCreate, StatementIn, StatementUpdate
from app.schemas.utterance import UtteranceCreate, UtteranceUpdate
from app.store import utterances, versions
from app.store.fields import body_values, column_values, fingerprint
from app.store.references import At, find, resolve

R = TypeVar("R", bound=Record)
N = TypeVar("N", Source, Speaker)
X = TypeVar("X", Event, Utterance)


def add_source(session: Session, body: SourceCreate) -> Source:
    return _add_named(session, Source, body)


def add_speaker(session: Session, body: SpeakerCreate) -> Speaker:
    return _add_named(session, Speaker, body)


def _add_named(session: Session, model: type[N], body: SourceCreate | SpeakerCreate) -> N:
    row = _add(session, model, column_values(session, model, _with_slug(session, model, body)))
    _set_aliases(session, row, body.aliases)
    return row


def add_event(session: Session, body: EventCreate) -> Event:
    return add_events(session, [body])[0]


def add_events(session: Session, bodies: Sequence[EventCreate]) -> list[Event]:
    """Many events in one go; no two of them may have the same external id."""
    for body in bodies:
        _check_free(session, Event, external_id=body.external_id)
    return _add_all(session, Event, [column_values(session, Event, body_values(body)) for body in bodies])


def add_utterance(session: Session, body: UtteranceCreate) -> Utterance:
    _check_free(session, Utterance, external_id=body.external_id)
    return _add(session, Utterance, column_values(session, Utterance, body_values(body)))


def put_document(session: Session, body: DocumentCreate) -> Document:
    """The document with all it carries; one that is in the store already is returned as it stands.

    One whose text has changed supersedes the capture before it, unless the body says what it supersedes.
    """
    values = column_values(session, Document, body_values(body))
    values["sha256"] = fingerprint(body.text)
    values["identity"] = _identity(values)
    values["retrieved_at"] = body.retrieved_at or dt.datetime.now(dt.UTC)
    captures = lookups.list_captures(session, source_id=values["source_id"], identity=values["identity"])
    there = next((each for each in captures if each.sha256 == values["sha256"]), None)
    if there is not None:
        return there
    row = _add_capture(session, values, captures if "supersedes" not in body.model_fields_set else ())
    add_reports(session, row, {("reports", place): report for place, report in enumerate(body.reports)})
    add_statements(session, row, {("statements", place): each for place, each in enumerate(body.statements)})
    return row


def _add_capture(session: Session, values: dict[str, Any], others: Sequence[Document]) -> Document:
    """Add the document between the captures before and after it, where there are any."""
    before, after = versions.neighbours(others, values["retrieved_at"])
    if before is not None:
        values["supersedes_id"] = before.id
    row = _add(session, Document, values)
    if after is not None and after.supersedes_id == row.supersedes_id:
        _change(after, {"supersedes_id": row.id})
    return row


def _identity(values: dict[str, Any]) -> str:
    """What the versions of one item have in common: its address, or its title; a text with neither is alone."""
    return fingerprint(values["canonical_url"] or values["title"] or values["text"])


def add_report(session: Session, body: ReportCreate) -> Report:
    return add_reports(session, resolve(session, Document, body.document, ("document",)), {(): body})[0]


def add_reports(session: Session, document: Document, bodies: Mapping[At, ReportIn]) -> list[Report]:
    """What a document reports, each body under its path."""
    values = [
        column_values(session, Report, body_values(body), at, text=document.text) | {"document_id": document.id}
        for at, body in bodies.items()
    ]
    _check_unreported(session, document, [each["event_id"] for each in values])
    rows = _add_all(session, Report, values)
    for row, (at, body) in zip(rows, bodies.items(), strict=True):
        for place, claim in enumerate(body.claims):
            _add_claim(session, document, row, claim, (*at, "claims", place))
    return rows


def _check_unreported(session: Session, document: Document, event_ids: Iterable[int]) -> None:
    reported = {report.event_id for report in lookups.list_rows(session, Report, document_id=document.id)}
    for ident in event_ids:
        if ident in reported:
            raise Conflict(f"Document {document.id} already reports event {ident}.")
        reported.add(ident)


def add_claim(session: Session, body: ClaimCreate) -> Claim:
    report = resolve(session, Report, body.report, ("report",))
    return _add_claim(session, _document_of(session, report), report, body, ())


def _add_claim(session: Session, document: Document, report: Report, body: ClaimIn, at: At) -> Claim:
    values = column_values(session, Claim, body_values(body), at, text=document.text)
    return _add(session, Claim, values | {"report_id": report.id})


def add_statement(session: Session, body: StatementCreate) -> Statement:
    return add_statements(session, resolve(session, Document, body.document, ("document",)), {(): body})[0]


def add_statements(session: Session, document: Document, bodies: Mapping[At, StatementIn]) -> list[Statement]:
    """What a document attributes to speakers, each body under its path."""
    values = [
        column_values(session, Statement, body_values(body), at, text=document.text)
        | {"document_id": document.id, "utterance_by": _placed_by(body)}
        for at, body in bodies.items()
    ]
    rows = _add_all(session, Statement, values)
    for row, (at, body) in zip(rows, bodies.items(), strict=True):
        if body.chain:
            _set_chain(session, row, document, body.chain, at)
    utterances.group(session, rows)
    return rows


def _placed_by(body: StatementIn) -> CodedBy:
    """Who says which utterance the statement prints, or that it prints none."""
    return body.coded_by if "utterance" in body.model_fields_set else CodedBy.MACHINE


def update_source(session: Session, row: Source, body: SourceUpdate) -> Source:
    return _update_named(session, row, body)


def update_speaker(session: Session, row: Speaker, body: SpeakerUpdate) -> Speaker:
    return _update_named(session, row, body)


def _update_named(session: Session, row: N, body: SourceUpdate | SpeakerUpdate) -> N:
    if body.slug != row.slug:
        _check_free(session, type(row), slug=body.slug)
    _change(row, column_values(session, type(row), update_values(row, body)))
    if "aliases" in body.model_fields_set:
        _set_aliases(session, row, body.aliases)
    return row


def update_event(session: Session, row: Event, body: EventUpdate) -> Event:
    return _update_external(session, row, body)


def update_utterance(session: Session, row: Utterance, body: UtteranceUpdate) -> Utterance:
    return _update_external(session, row, body)


def _update_external(session: Session, row: X, body: EventUpdate | UtteranceUpdate) -> X:
    if body.external_id != row.external_id:
        _check_free(session, type(row), external_id=body.external_id)
    return _change(row, column_values(session, type(row), update_values(row, body)))


def update_document(session: Session, row: Document, body: DocumentUpdate) -> Document:
    values = column_values(session, Document, update_values(row, body))
    if values.get("supersedes_id") == row.id:
        raise Invalid("supersedes", "a document cannot supersede itself")
    _change(row, values)
    identity = _identity({name: getattr(row, name) for name in ("canonical_url", "title", "text")})
    there = lookups.find_row(session, Document, source_id=row.source_id, identity=identity, sha256=row.sha256)
    if there is not None and there.id != row.id:
        raise Conflict(f"Document {there.id} has this address or title, and the same text.")
    return _change(row, {"identity": identity})


def update_report(session: Session, row: Report, body: ReportUpdate) -> Report:
    text = _document_of(session, row).text
    return _change(row, column_values(session, Report, update_values(row, body), text=text))


def update_statement(session: Session, row: Statement, body: StatementUpdate) -> Statement:
    document, placed, before = _document_of(session, row), row.utterance_id, _heard(row)
    _change(row, column_values(session, Statement, update_values(row, body), text=document.text))
    is_other = _heard(row) != before
    if "chain" in body.model_fields_set:
        is_other |= _set_chain(session, row, document, body.chain, ())
    if "utterance" in body.model_fields_set:
        row.utterance_by, row.utterance_confidence = row.coded_by, None
        session.flush()
        utterances.tidy(session, placed)
    elif is_other:
        utterances.reconsider(session, row)
    return row


def _heard(row: Statement) -> tuple[object, ...]:
    """What tells which utterance a statement prints, but for its chain."""
    return row.text, row.speaker_id, row.said_earliest, row.said_latest


def update_claim(session: Session, row: Claim, body: ClaimUpdate) -> Claim:
    report = resolve(session, Report, row.report_id, ("report",))
    text = _document_of(session, report).text
    return _change(row, column_values(session, Claim, update_values(row, body), text=text))


def delete(session: Session, row: Record) -> None:
    """Delete the row and what hangs on it, as the tables' ``ondelete`` rules say, each with its trace.

    Raises InUse where something rests on the row that is not its own.
    """
    if isinstance(row, Utterance):
        utterances.release(session, row)
    for model in RECORDS:
        for key in model.__table__.foreign_keys:  # type: ignore[attr-defined]
            if key.column.table.name == row.__tablename__:
                for referrer in lookups.list_rows(session, model, **{key.parent.name: row.id}):
                    _let_go(session, row, referrer, key.parent.name, key.ondelete)
    placed = row.utterance_id if isinstance(row, Statement) else None
    session.delete(row)
    session.flush()
    utterances.tidy(session, placed)


def _let_go(session: Session, row: Record, referrer: Record, column: str, rule: str) -> None:
    if rule == "CASCADE":
        delete(session, referrer)
    elif rule == "SET NULL":
        _change(referrer, {column: None})
    else:
        raise InUse(f"The {row.__tablename__} {row.id} cannot go: {referrer.__tablename__} {referrer.id} rests on it.")


def _document_of(session: Session, row: Report | Statement) -> Document:
    return resolve(session, Document, row.document_id, ("document",))


def _add(session: Session, model: type[R], values: dict[str, Any]) -> R:
    return _add_all(session, model, [values])[0]


def _add_all(session: Session, model: type[R], values: Iterable[dict[str, Any]]) -> list[R]:
    rows = [model(**each) for each in values]
    session.add_all(rows)
    session.flush()
    return rows


def _change(row: R, values: dict[str, Any]) -> R:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    return row


def update_values(row: Record, body: CodingUpdate) -> dict[str, Any]:
    """What the body sets; a change that does not say whose reading it is makes the record a person's."""
    values = body_values(body, partial=True)
    if body.model_fields_set and "coded_by" not in values and row.coded_by != CodedBy.HUMAN:
        values = {"confidence": None, **values, "coded_by": CodedBy.HUMAN}
    return values


def _with_slug(session: Session, model: type[N], body: SourceCreate | SpeakerCreate) -> dict[str, Any]:
    """The fields of a source or speaker, with a slug that is free."""
    values = body_values(body)
    if body.slug is not None:
        _check_free(session, model, slug=body.slug)
        return values
    stem, number = slugify(body.name), 1
    values["slug"] = stem
    while lookups.find_row(session, model, slug=values["slug"]) is not None:
        number += 1
        values["slug"] = f"{stem[:70].rstrip('-')}-{number}"
    return values


def _check_free(session: Session, model: type[Record], **key: str | None) -> None:
    [(name, value)] = key.items()
    there = find(session, model, value) if value is not None else None
    if there is not None:
        raise Conflict(f"There is already a {model.__name__.lower()} with the {name} {value}.", id=there.id)


def _set_aliases(session: Session, row: Source | Speaker, names: Iterable[str]) -> None:
    """Make ``names`` the aliases of the row; those that differ only in case or spacing are one."""
    model: type[SourceAlias] | type[SpeakerAlias]
    model, owner = (SourceAlias, "source_id") if isinstance(row, Source) else (SpeakerAlias, "speaker_id")
    wanted = {make_match_key(name): name for name in reversed(list(names))}
    for alias in lookups.list_rows(session, model, **{owner: row.id}):
        if wanted.get(alias.name_key) == alias.name:
            del wanted[alias.name_key]
        else:
            session.delete(alias)
    session.flush()
    for key, name in reversed(wanted.items()):
        _add(session, model, {owner: row.id, "name": name, "name_key": key})


def _set_chain(session: Session, row: Statement, document: Document, chain: list[HopIn], at: At) -> bool:
    """Whether that changed anything."""
    wanted = [
        column_values(session, Attribution, body_values(body), (*at, "chain", position), text=document.text)
        for position, body in enumerate(chain)
    ]
    there = lookups.list_rows(session, Attribution, statement_id=row.id)
    names = wanted[0].keys() if wanted else ()
    if [{name: getattr(hop, name) for name in names} for hop in there] == wanted:
        return False
    for hop in there:
        session.delete(hop)
    session.flush()
    for position, values in enumerate(wanted):
        _add(session, Attribution, values | {"statement_id": row.id, "position": position})
    return True
