"""The event that a machine proposes for a document: one that the store holds already, or a new one to confirm.

A document joins an event of its day (or of the day before or after) whose title says nearly the same.
"""

import datetime as dt
from typing import Any

from rapidfuzz import fuzz, process
from sqlmodel import Session

from app.dates import parse_edtf
from app.extract.findings import Proposal
from app.ingest import store
from app.ingest.rejections import Rejected
from app.models import Document, Event, Report
from app.queries import lookups
from app.schemas.common import SpanIn
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.report import ReportIn
from app.spans import Span, match_key
from app.vocab import CodedBy, Noun

# Of 100, by which two titles of one day are taken for one event's (RapidFuzz's token_set_ratio).
_SAME_TITLE = 88
_AROUND = dt.timedelta(days=1)


def propose(session: Session, document: Document, proposal: Proposal | None, rejected: Rejected) -> int | None:
    """The id of the event that the document reports by the machine's reading; a person's report goes before it."""
    reports = lookups.every(session, Report, document_id=document.id)
    if any(report.coded_by != CodedBy.MACHINE for report in reports):
        return None
    if proposal is None or _is_rejected(document, proposal, rejected):
        return reports[0].event_id if reports else None
    if reports:
        _propose_again(session, reports[0], proposal)
        return reports[0].event_id
    event, confidence = _same_event(session, proposal)
    if event is None:
        event, confidence = store.add_event(session, EventCreate(**_fields(proposal))), proposal.confidence
    assert event.id is not None
    report = ReportIn(
        event=event.id,
        passage=SpanIn.at(proposal.passage),
        coded_by=CodedBy.MACHINE,
        confidence=confidence,
    )
    store.add_reports(session, document, {("reports", 0): report})
    return event.id


def _is_rejected(document: Document, proposal: Proposal, rejected: Rejected) -> bool:
    span = proposal.passage or Span(0, len(document.text))
    return rejected.covers(Noun.EVENTS, span.start, span.end, document.text[span.start : span.end])


def _propose_again(session: Session, report: Report, proposal: Proposal) -> None:
    """Bring an event that the machine alone made, from this document alone, to what it reads now."""
    event = session.get_one(Event, report.event_id)
    alone = len(lookups.every(session, Report, event_id=event.id)) == 1
    if alone and event.coded_by == CodedBy.MACHINE:
        store.update_event(session, event, EventUpdate(**_fields(proposal)))


def _fields(proposal: Proposal) -> dict[str, Any]:
    return {
        "title": proposal.title,
        "date": proposal.date,
        "type": proposal.type,
        "place": proposal.place,
        "country": proposal.country,
        "coded_by": CodedBy.MACHINE,
        "confidence": round(proposal.confidence, 2),
    }


def _same_event(session: Session, proposal: Proposal) -> tuple[Event | None, float]:
    """The event that the store holds already, and how sure it is that it is the same."""
    date = parse_edtf(proposal.date)
    if date.latest - date.earliest > _AROUND:
        return None, 0.0
    events = lookups.events_between(session, _moved(date.earliest, -_AROUND), _moved(date.latest, _AROUND))
    titles = [match_key(event.title) for event in events]
    found = process.extractOne(match_key(proposal.title), titles, scorer=fuzz.token_set_ratio, score_cutoff=_SAME_TITLE)
    return (events[found[2]], round(0.6 * found[1] / 100, 2)) if found else (None, 0.0)


def _moved(day: dt.date, by: dt.timedelta) -> dt.date:
    try:
        return day + by
    except OverflowError:
        return day
