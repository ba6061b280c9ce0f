"""Which stored record a body means that may have been put in before, and whether it says anything new of it."""

import re
from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from app.core.dates import parse_edtf
from app.core.errors import Invalid
from app.core.spans import make_match_key, slugify
from app.database.models import (
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
from app.schemas.claim import ClaimCreate
from app.schemas.common import Coding, CodingUpdate
from app.schemas.event import EventCreate
from app.schemas.report import ReportCreate
from app.schemas.source import SourceCreate, SourceUpdate
from app.schemas.speaker import SpeakerCreate, SpeakerUpdate
from app.schemas.statement import StatementCreate
from app.schemas.utterance import UtteranceCreate
from app.store.fields import body_values, column_values
from app.store.references import find, resolve

N = TypeVar("N", Source, Speaker)


def update_of(shape: type[CodingUpdate], body: Coding) -> CodingUpdate:
    """The fields that the line names, but for those which it is recognized by, as a change."""
    named = body.model_fields_set - {"slug", "external_id"}
    return shape.model_construct(**{name: getattr(body, name) for name in named})


def differs(session: Session, row: Record, update: CodingUpdate) -> bool:
    """Whether the change would change anything."""
    values = column_values(session, type(row), body_values(update, partial=True))
    if any(getattr(row, name) != value for name, value in values.items()):
        return True
    return isinstance(update, (SourceUpdate, SpeakerUpdate)) and _other_aliases(session, row, update)


def _other_aliases(session: Session, row: Record, update: SourceUpdate | SpeakerUpdate) -> bool:
    if "aliases" not in update.model_fields_set:
        return False
    model: type[SourceAlias] | type[SpeakerAlias]
    model, owner = (SourceAlias, "source_id") if isinstance(row, Source) else (SpeakerAlias, "speaker_id")
    there = {alias.name_key: alias.name for alias in lookups.list_rows(session, model, **{owner: row.id})}
    return there != {make_match_key(name): name for name in reversed(update.aliases)}


def same_named(model: type[N]) -> Callable[[Session, SourceCreate | SpeakerCreate], N | None]:
    """By the slug; where the line has none, by the name, if the slug that is there is one made from it."""

    def same(session: Session, body: SourceCreate | SpeakerCreate) -> N | None:
        if body.slug is not None:
            return find(session, model, body.slug)
        stem = slugify(body.name)
        made = re.compile(rf"{stem}|{stem[:70].rstrip('-')}-[0-9]+")
        namesakes = lookups.list_rows(session, model, name_key=make_match_key(body.name))
        return next((row for row in namesakes if made.fullmatch(row.slug)), None)

    return same


def same_event(session: Session, body: EventCreate) -> Event | None:
    """By the external id; where the line has none, by title and date among those without one."""
    if body.external_id is not None:
        return find(session, Event, body.external_id)
    day = parse_edtf(body.date).earliest
    there = lookups.list_rows(session, Event, earliest=day, date=body.date, title=body.title, external_id=None)
    return there[0] if there else None


def same_utterance(session: Session, body: UtteranceCreate) -> Utterance | None:
    """By the external id; raises Invalid where the line has none."""
    if body.external_id is None:
        raise Invalid("external_id", "needed here: nothing else tells an utterance when it is sent again")
    return find(session, Utterance, body.external_id)


def same_report(session: Session, body: ReportCreate) -> Report | None:
    """By the event and the document."""
    event = resolve(session, Event, body.event, ("event",))
    return lookups.find_row(session, Report, event_id=event.id, document_id=body.document)


def same_statement(session: Session, body: StatementCreate) -> Statement | None:
    """By the document, the span and the speaker."""
    document = resolve(session, Document, body.document, ("document",))
    named = {"speaker": body.speaker, "span": body.span}
    values = column_values(session, Statement, named, text=document.text)
    there = lookups.list_rows(session, Statement, document_id=document.id, **values)
    return there[0] if there else None


def same_claim(session: Session, body: ClaimCreate) -> Claim | None:
    """By the report, the property and the span."""
    report = resolve(session, Report, body.report, ("report",))
    document = resolve(session, Document, report.document_id, ("report",))
    named = {"property": body.property, "span": body.span}
    values = column_values(session, Claim, named, text=document.text)
    there = lookups.list_rows(session, Claim, report_id=report.id, **values)
    return there[0] if there else None
