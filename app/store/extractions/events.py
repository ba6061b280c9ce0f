"""The event that the extractor proposes for a document: one that the store holds already, or a new one to confirm.

A document joins an event of its days that is certainly the same (see ``analysis/grouping.py``). If one may be the same,
the document gets an event of its own, and the two become a match for a person to judge.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.analysis import grouping
from app.analysis.grouping import SURE, WINDOW, Account, Story
from app.core.dates import parse_edtf
from app.core.spans import Span, make_match_key
from app.core.vocab import CodedBy, Noun, StatementKind
from app.database.models import Document, Event, Match, Report
from app.extract.findings import Extraction, ProposedEvent
from app.queries import event_candidates, lookups
from app.queries.event_candidates import Quotation
from app.schemas.common import SpanIn
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.report import ReportIn
from app.store import records
from app.store.fields import get_id
from app.store.rejections import RejectedFindings
from app.store.revisions import WriteSession

# Code points at the head of a text that say what it is about.
_HEAD = 600


class _SimilarEvent(NamedTuple):
    """An event of the store, and how similar it is to the document's."""

    event: Event
    score: float


def save_event(
    session: WriteSession, document: Document, extraction: Extraction, rejected: RejectedFindings
) -> int | None:
    """Let the document report the proposed event, and return the event's id; None if a person made its reports."""
    proposal = extraction.proposed_event
    reports = lookups.list_rows(session, Report, document_id=document.id)
    if any(report.coded_by != CodedBy.MACHINE for report in reports):
        return None
    if proposal is None or _is_rejected(document, proposal, rejected):
        return reports[0].event_id if reports else None
    if reports:
        _update_own_event(session, reports[0], proposal)
        return reports[0].event_id
    return _add_report(session, document, proposal, _find_similar(session, document, proposal, extraction))


def _is_rejected(document: Document, proposal: ProposedEvent, rejected: RejectedFindings) -> bool:
    span = proposal.passage or Span(0, len(document.text))
    return rejected.covers(Noun.EVENTS, span.start, span.end, document.text[span.start : span.end])


def _update_own_event(session: WriteSession, report: Report, proposal: ProposedEvent) -> None:
    """Update an event that the machine made from this document alone."""
    event = session.get_one(Event, report.event_id)
    is_alone = len(lookups.list_rows(session, Report, event_id=event.id)) == 1
    if is_alone and event.coded_by == CodedBy.MACHINE:
        records.update_event(session, event, EventUpdate(**_build_fields(proposal)))


def _build_fields(proposal: ProposedEvent) -> dict[str, Any]:
    return {
        "title": proposal.title,
        "date": proposal.date,
        "type": proposal.type,
        "place": proposal.place,
        "country": proposal.country,
        "coded_by": CodedBy.MACHINE,
        "confidence": round(proposal.confidence, 2),
    }


def _add_report(
    session: WriteSession, document: Document, proposal: ProposedEvent, similar: Sequence[_SimilarEvent]
) -> int:
    """Report the event that is certainly the same, or else a new one; propose a match with the next similar event."""
    if similar and similar[0].score >= SURE:
        event, confidence = similar[0].event, grouping.compute_confidence(similar[0].score)
        rivals = [candidate for candidate in similar[1:] if candidate.score >= SURE]
    else:
        event, confidence = records.add_event(session, EventCreate(**_build_fields(proposal))), proposal.confidence
        rivals = list(similar)
    report = ReportIn(
        event=get_id(event),
        passage=SpanIn.from_span(proposal.passage),
        coded_by=CodedBy.MACHINE,
        confidence=confidence,
    )
    records.add_reports(session, document, [report])
    if rivals:
        _propose_match(session, event, rivals[0])
    return get_id(event)


def _propose_match(session: WriteSession, event: Event, rival: _SimilarEvent) -> None:
    """Propose that two events are one, unless that was proposed before, whatever a person decided."""
    first, second = sorted((get_id(event), get_id(rival.event)))
    if lookups.find_row(session, Match, event_id=first, other_event_id=second) is None:
        confidence = grouping.compute_confidence(rival.score)
        session.add(Match(event_id=first, other_event_id=second, coded_by=CodedBy.MACHINE, confidence=confidence))
        session.flush()


def _find_similar(
    session: WriteSession, document: Document, proposal: ProposedEvent, extraction: Extraction
) -> list[_SimilarEvent]:
    """Return the events that may be what the document reports, the most similar first."""
    story = _build_document_story(document, proposal, extraction)
    if story.last - story.first > WINDOW:
        return []
    [account] = story.accounts
    words = (*grouping.list_words(account.title), *grouping.list_words(account.text))
    first, last = _shift(story.first, -WINDOW), _shift(story.last, WINDOW)
    candidates = event_candidates.find_candidates(session, words, first, last)
    events = [event for event in candidates if event.latest - event.earliest <= WINDOW]
    ranked = grouping.rank(story, _build_stories(session, events))
    return [_SimilarEvent(events[candidate.place], candidate.score) for candidate in ranked]


def _shift(day: dt.date, by: dt.timedelta) -> dt.date:
    try:
        return day + by
    except OverflowError:
        return day


def _build_document_story(document: Document, proposal: ProposedEvent, extraction: Extraction) -> Story:
    date = parse_edtf(proposal.date)
    start = proposal.passage.start if proposal.passage else 0
    marked = [statement for statement in extraction.statements if statement.kind is not StatementKind.INDIRECT]
    voices = [statement.voice for statement in extraction.statements if statement.voice is not None]
    return Story(
        accounts=[Account(proposal.title, document.text[start : start + _HEAD])],
        first=date.earliest,
        last=date.latest,
        place=proposal.place and make_match_key(proposal.place),
        country=proposal.country,
        speakers=frozenset(make_match_key(name) for voice in voices for name in (voice.name, *voice.names)),
        quotations=grouping.list_shingles(
            document.text[span.start : span.end] for statement in marked for span in statement.content
        ),
    )


def _build_stories(session: WriteSession, events: Sequence[Event]) -> list[Story]:
    """Return the stories of events, as their documents tell them.

    An event that the machine did not make of its documents is also told by its own title and summary.
    """
    ids = [event.id for event in events]
    accounts: dict[int | None, list[Account]] = defaultdict(list)
    for account in event_candidates.list_accounts(session, ids):
        accounts[account.event_id].append(Account(account.title or "", account.text))
    quotations: dict[int | None, list[Quotation]] = defaultdict(list)
    for quotation in event_candidates.list_quotations(session, ids):
        quotations[quotation.event_id].append(quotation)
    stories = []
    for event in events:
        is_made_of_documents = event.coded_by == CodedBy.MACHINE and accounts[event.id]
        own = [] if is_made_of_documents else [Account(event.title, event.summary or "")]
        story = Story(
            accounts=[*own, *accounts[event.id]],
            first=event.earliest,
            last=event.latest,
            place=event.place_key,
            country=event.country,
            speakers=frozenset(row.speaker for row in quotations[event.id] if row.speaker is not None),
            quotations=grouping.list_shingles(row.text for row in quotations[event.id]),
        )
        stories.append(story)
    return stories
