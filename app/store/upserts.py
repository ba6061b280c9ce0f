"""Bodies that may have been put in before: which stored record each means, and whether it says anything new of it."""

import re
from typing import TypeVar

from app.core.dates import parse_edtf
from app.core.errors import Invalid
from app.core.spans import make_match_key, slugify
from app.database.models import Claim, Document, Event, Record, Report, Source, Speaker, Statement, Utterance
from app.queries import lookups
from app.schemas.claim import ClaimCreate
from app.schemas.common import Coding, CodingUpdate
from app.schemas.event import EventCreate
from app.schemas.report import ReportCreate
from app.schemas.source import SourceCreate, SourceUpdate
from app.schemas.speaker import SpeakerCreate, SpeakerUpdate
from app.schemas.statement import StatementCreate
from app.schemas.utterance import UtteranceCreate
from app.store.fields import body_values, column_values, find, resolve
from app.store.revisions import WriteSession
from app.store.sources_and_speakers import key_aliases, list_aliases

N = TypeVar("N", Source, Speaker)


def build_update(shape: type[CodingUpdate], body: Coding) -> CodingUpdate:
    """Return the fields that a body sets as an update, but for those that identify the record."""
    names = body.model_fields_set - {"slug", "external_id"}
    return shape.model_construct(**{name: getattr(body, name) for name in names})


def has_differences(session: WriteSession, row: Record, update: CodingUpdate) -> bool:
    """Tell whether the update would change anything."""
    values = column_values(session, type(row), body_values(update, partial=True))
    if any(getattr(row, name) != value for name, value in values.items()):
        return True
    if not isinstance(update, (SourceUpdate, SpeakerUpdate)) or "aliases" not in update.model_fields_set:
        return False
    assert isinstance(row, (Source, Speaker))
    return {alias.name_key: alias.name for alias in list_aliases(session, row)} != key_aliases(update.aliases)


def find_source(session: WriteSession, body: SourceCreate) -> Source | None:
    """Find the source by the slug, or if the body has none, by the name from which its slug was made."""
    return _find_named(session, Source, body)


def find_speaker(session: WriteSession, body: SpeakerCreate) -> Speaker | None:
    """Find the speaker by the slug, or if the body has none, by the name from which its slug was made."""
    return _find_named(session, Speaker, body)


def _find_named(session: WriteSession, model: type[N], body: SourceCreate | SpeakerCreate) -> N | None:
    if body.slug is not None:
        return find(session, model, body.slug)
    stem = slugify(body.name)
    pattern = re.compile(rf"{stem}|{stem[:70].rstrip('-')}-[0-9]+")
    namesakes = lookups.list_rows(session, model, name_key=make_match_key(body.name))
    return next((row for row in namesakes if pattern.fullmatch(row.slug)), None)


def find_event(session: WriteSession, body: EventCreate) -> Event | None:
    """Find the event by the external id, or if the body has none, by title and date among events without one."""
    if body.external_id is not None:
        return find(session, Event, body.external_id)
    day = parse_edtf(body.date).earliest
    rows = lookups.list_rows(session, Event, earliest=day, date=body.date, title=body.title, external_id=None)
    return rows[0] if rows else None


def find_utterance(session: WriteSession, body: UtteranceCreate) -> Utterance | None:
    """Find the utterance by the external id; raise Invalid if the body has none."""
    if body.external_id is None:
        raise Invalid("external_id", "needed here: nothing else tells an utterance when it is sent again")
    return find(session, Utterance, body.external_id)


def find_report(session: WriteSession, body: ReportCreate) -> Report | None:
    """Find the report by its event and document."""
    event = resolve(session, Event, body.event, ("event",))
    return lookups.find_row(session, Report, event_id=event.id, document_id=body.document)


def find_statement(session: WriteSession, body: StatementCreate) -> Statement | None:
    """Find the statement by its document, span and speaker."""
    document = resolve(session, Document, body.document, ("document",))
    values = column_values(session, Statement, {"speaker": body.speaker, "span": body.span}, text=document.text)
    rows = lookups.list_rows(session, Statement, document_id=document.id, **values)
    return rows[0] if rows else None


def find_claim(session: WriteSession, body: ClaimCreate) -> Claim | None:
    """Find the claim by its report, property and span."""
    report = resolve(session, Report, body.report, ("report",))
    document = resolve(session, Document, report.document_id, ("report",))
    values = column_values(session, Claim, {"property": body.property, "span": body.span}, text=document.text)
    rows = lookups.list_rows(session, Claim, report_id=report.id, **values)
    return rows[0] if rows else None
