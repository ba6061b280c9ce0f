"""Findings of a machine that people rejected, kept so that they do not come back when the text is read again."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session

from app.core.spans import Span, make_match_key
from app.core.vocab import Noun
from app.database.models import Claim, Document, Event, Record, Rejection, Report, Speaker, Statement
from app.queries import lookups, versions
from app.store.revisions import WriteSession

# A report is found together with its event: to reject one of them rejects the finding.
_FOUND_AS = {Noun.REPORTS: Noun.EVENTS}

SAME = 0.5
"""The share of their characters, of all that either covers, from which on two findings are the same.

A finding that stands inside a longer one may be another.
"""


@dataclass(frozen=True)
class RejectedFindings:
    """The findings that were rejected in one document, by noun.

    ``spans`` say where they stood, None for the whole document; ``words`` are match keys of their words, in whichever
    version of the document.
    """

    spans: Mapping[Noun, Sequence[Span | None]]
    words: Mapping[Noun, Collection[str]]

    def covers(self, noun: Noun, start: int, end: int, words: str) -> bool:
        """Tell whether a finding was rejected here, with at least half of its characters, or in another version."""
        noun, span = _FOUND_AS.get(noun, noun), Span(start, end)
        if any(rejected is None or rejected.overlap(span) >= SAME for rejected in self.spans.get(noun, ())):
            return True
        return make_match_key(words) in self.words.get(noun, ())


class _Place(NamedTuple):
    """The place where a record was found: its document, if it has one, its span, and its words."""

    document_id: int | None
    noun: Noun
    span: Span | None
    words: str


def get_rejected(session: Session, document: Document) -> RejectedFindings:
    """Return the findings that people rejected in the document, and in the other versions of its item."""
    spans: dict[Noun, list[Span | None]] = defaultdict(list)
    words: dict[Noun, set[str]] = defaultdict(set)
    capture_ids = versions.list_capture_ids(session, document)
    for row in lookups.iterate_rows(session, Rejection, "document_id", capture_ids):
        noun = _FOUND_AS.get(row.noun, row.noun)
        if row.document_id == document.id:
            spans[noun].append(None if row.start is None or row.end is None else Span(row.start, row.end))
        if row.words_key:
            words[noun].add(row.words_key)
    return RejectedFindings(spans, words)


def is_rejected_speaker(session: Session, name: str) -> bool:
    """Tell whether a person said that nobody of this name is a speaker."""
    return bool(lookups.list_rows(session, Rejection, noun=Noun.SPEAKERS, words_key=make_match_key(name)))


def add_rejections(session: WriteSession, row: Record) -> None:
    """Record, before the row is deleted, where it was found; raise TypeError for what no machine finds."""
    now = dt.datetime.now(dt.UTC)
    for place in _list_places(session, row):
        rejection = Rejection(
            document_id=place.document_id,
            noun=place.noun,
            start=None if place.span is None else place.span.start,
            end=None if place.span is None else place.span.end,
            words_key=make_match_key(place.words),
            at=now,
            author=session.revision.author,
        )
        session.add(rejection)


def _list_places(session: WriteSession, row: Record) -> Iterable[_Place]:
    match row:
        case Statement():
            return [_Place(row.document_id, Noun.STATEMENTS, Span(row.start, row.end), row.text)]
        case Claim():
            report = session.get_one(Report, row.report_id)
            words = join_claim_words(row.property, row.value)
            return [_Place(report.document_id, Noun.CLAIMS, Span(row.start, row.end), words)]
        case Speaker():
            return [_Place(None, Noun.SPEAKERS, None, row.name)]
        case Report():
            return [_get_passage(session, row, Noun.REPORTS)]
        case Event():
            reports = lookups.list_rows(session, Report, event_id=row.id)
            return [_get_passage(session, report, Noun.EVENTS) for report in reports]
        case _:
            raise TypeError(f"nobody rejects a {type(row).__name__}")


def join_claim_words(property_name: str, words: str) -> str:
    """Return the words by which a claim is rejected: those of another property may be the same."""
    return f"{property_name}: {words}"


def _get_passage(session: WriteSession, report: Report, noun: Noun) -> _Place:
    """Return the passage that reports an event, or the whole document if the report has none."""
    if report.start is None or report.end is None:
        return _Place(report.document_id, noun, None, "")
    document = session.get_one(Document, report.document_id)
    span = Span(report.start, report.end)
    return _Place(report.document_id, noun, span, document.text[span.start : span.end])
