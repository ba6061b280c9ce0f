"""The event that a machine proposes for a document: one that the store holds already, or a new one to confirm.

A document joins an event of its days that is surely the same (see ``analysis/grouping.py``). Where one may be the same,
the document gets an event of its own, and the two a match for a person to judge.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from app.analysis import grouping
from app.analysis.grouping import SURE, WINDOW, Account, Story
from app.core.dates import parse_edtf
from app.core.spans import Span, make_match_key
from app.core.vocab import CodedBy, Noun, StatementKind
from app.database.models import Document, Event, Match, Report
from app.extract.findings import Extraction, ProposedEvent
from app.queries import event_candidates, lookups
from app.schemas.common import SpanIn
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.report import ReportIn
from app.store import records
from app.store.rejections import RejectedFindings
from app.store.revisions import WriteSession

# Code points of a text that tell what it is about.
_HEAD = 600


class Alike(NamedTuple):
    """An event of the store, and how alike it is to what a document tells."""

    event: Event
    score: float


def propose(session: WriteSession, document: Document, found: Extraction, rejected: RejectedFindings) -> int | None:
    """The id of the event that the document reports by the machine's reading; a person's report goes before it."""
    proposal = found.proposed_event
    reports = lookups.list_rows(session, Report, document_id=document.id)
    if any(report.coded_by != CodedBy.MACHINE for report in reports):
        return None
    if proposal is None or _is_rejected(document, proposal, rejected):
        return reports[0].event_id if reports else None
    if reports:
        _propose_again(session, reports[0], proposal)
        return reports[0].event_id
    return _report(session, document, proposal, _alike(session, document, proposal, found))


def _is_rejected(document: Document, proposal: ProposedEvent, rejected: RejectedFindings) -> bool:
    span = proposal.passage or Span(0, len(document.text))
    return rejected.covers(Noun.EVENTS, span.start, span.end, document.text[span.start : span.end])


def _propose_again(session: WriteSession, report: Report, proposal: ProposedEvent) -> None:
    """Bring an event that the machine alone made, from this document alone, to what it reads now."""
    event = session.get_one(Event, report.event_id)
    alone = len(lookups.list_rows(session, Report, event_id=event.id)) == 1
    if alone and event.coded_by == CodedBy.MACHINE:
        records.update_event(session, event, EventUpdate(**_fields(proposal)))


def _fields(proposal: ProposedEvent) -> dict[str, Any]:
    return {
        "title": proposal.title,
        "date": proposal.date,
        "type": proposal.type,
        "place": proposal.place,
        "country": proposal.country,
        "coded_by": CodedBy.MACHINE,
        "confidence": round(proposal.confidence, 2),
    }


def _report(session: WriteSession, document: Document, proposal: ProposedEvent, alike: Sequence[Alike]) -> int | None:
    """Let the document report the event that is surely the same, or else a new one; the next that may be is matched."""
    if alike and alike[0].score >= SURE:
        event, confidence = alike[0].event, grouping.compute_confidence(alike[0].score)
        others = [each for each in alike[1:] if each.score >= SURE]
    else:
        event, confidence = records.add_event(session, EventCreate(**_fields(proposal))), proposal.confidence
        others = list(alike)
    assert event.id is not None
    report = ReportIn(
        event=event.id,
        passage=SpanIn.from_span(proposal.passage),
        coded_by=CodedBy.MACHINE,
        confidence=confidence,
    )
    records.add_reports(session, document, [report])
    for other in others[:1]:
        _match(session, event, other)
    return event.id


def _match(session: WriteSession, event: Event, other: Alike) -> None:
    """Propose that two events are one, unless that was proposed before, whatever a person said of it."""
    first, second = sorted(each.id for each in (event, other.event) if each.id is not None)
    if lookups.find_row(session, Match, event_id=first, other_event_id=second) is None:
        confidence = grouping.compute_confidence(other.score)
        session.add(Match(event_id=first, other_event_id=second, coded_by=CodedBy.MACHINE, confidence=confidence))
        session.flush()


def _alike(session: WriteSession, document: Document, proposal: ProposedEvent, found: Extraction) -> list[Alike]:
    """The events of the store that may be what the document reports, the most alike first."""
    story = _story(document, proposal, found)
    if story.last - story.first > WINDOW:
        return []
    [account] = story.accounts
    words = (*grouping.list_words(account.title), *grouping.list_words(account.text))
    first, last = _moved(story.first, -WINDOW), _moved(story.last, WINDOW)
    events = [
        each
        for each in event_candidates.find_candidates(session, words, first, last)
        if each.latest - each.earliest <= WINDOW
    ]
    return [Alike(events[each.place], each.score) for each in grouping.rank(story, _stories(session, events))]


def _moved(day: dt.date, by: dt.timedelta) -> dt.date:
    try:
        return day + by
    except OverflowError:
        return day


def _story(document: Document, proposal: ProposedEvent, found: Extraction) -> Story:
    date = parse_edtf(proposal.date)
    start = proposal.passage.start if proposal.passage else 0
    marked = [each for each in found.statements if each.kind is not StatementKind.INDIRECT]
    voices = [each.voice for each in found.statements if each.voice is not None]
    return Story(
        accounts=[Account(proposal.title, document.text[start : start + _HEAD])],
        first=date.earliest,
        last=date.latest,
        place=proposal.place and make_match_key(proposal.place),
        country=proposal.country,
        speakers=frozenset(make_match_key(name) for voice in voices for name in (voice.name, *voice.names)),
        quotations=grouping.list_shingles(
            document.text[span.start : span.end] for each in marked for span in each.content
        ),
    )


def _stories(session: WriteSession, events: Sequence[Event]) -> list[Story]:
    ids = [event.id for event in events]
    accounts: dict[int | None, list[Account]] = defaultdict(list)
    for told in event_candidates.list_accounts(session, ids):
        accounts[told.event_id].append(Account(told.title or "", told.text))
    quoted: dict[int | None, list[event_candidates.Quotation]] = defaultdict(list)
    for row in event_candidates.list_quotations(session, ids):
        quoted[row.event_id].append(row)
    return [_story_of(event, accounts[event.id], quoted[event.id]) for event in events]


def _story_of(event: Event, accounts: Sequence[Account], quoted: Iterable[event_candidates.Quotation]) -> Story:
    """The event as its documents tell it, and unless the machine made it of them, as its own title and summary do."""
    own = [] if event.coded_by == CodedBy.MACHINE and accounts else [Account(event.title, event.summary or "")]
    quoted = list(quoted)
    return Story(
        accounts=[*own, *accounts],
        first=event.earliest,
        last=event.latest,
        place=event.place_key,
        country=event.country,
        speakers=frozenset(each.speaker for each in quoted if each.speaker is not None),
        quotations=grouping.list_shingles(each.text for each in quoted),
    )
