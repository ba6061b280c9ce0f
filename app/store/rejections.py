"""What people rejected of a machine's findings, so that it does not come back when the text is read again."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.core.spans import Span, make_match_key
from app.core.vocab import Noun
from app.database.models import Claim, Document, Event, Record, Rejection, Report, Speaker, Statement
from app.queries import lookups, versions

# A report is found together with its event: who rejects one of them rejects the finding.
_FOUND_AS = {Noun.REPORTS: Noun.EVENTS}


# Of all that two findings cover, how much they share if they are one: what stands inside a longer one may be another.
SAME = 0.5


@dataclass(frozen=True)
class Rejected:
    """What is not to be found again in one document: where it stood, None for the whole document, and in any version
    of it the match keys of the words."""

    spans: Mapping[Noun, Sequence[Span | None]]
    words: Mapping[Noun, Collection[str]]

    def covers(self, noun: Noun, start: int, end: int, words: str) -> bool:
        """Whether a finding was rejected: in this document, where they share at least half of their characters or
        where the whole document was; in another version of it, by the same words."""
        kind, found = _FOUND_AS.get(noun, noun), Span(start, end)
        if any(span is None or span.overlap(found) >= SAME for span in self.spans.get(kind, ())):
            return True
        return make_match_key(words) in self.words.get(kind, ())


def rejected(session: Session, document: Document) -> Rejected:
    """What people rejected in the document, and in the other versions of its item."""
    spans: dict[Noun, list[Span | None]] = defaultdict(list)
    words: dict[Noun, set[str]] = defaultdict(set)
    for each in lookups.iterate_rows(session, Rejection, "document_id", versions.list_capture_ids(session, document)):
        kind = _FOUND_AS.get(each.noun, each.noun)
        if each.document_id == document.id:
            spans[kind].append(None if each.start is None or each.end is None else Span(each.start, each.end))
        if each.words_key:
            words[kind].add(each.words_key)
    return Rejected(spans, words)


def claimed(name: str, words: str) -> str:
    """The words of a claim, by which it is rejected: those of another property may be the same."""
    return f"{name}: {words}"


def refused_speaker(session: Session, name: str) -> bool:
    """Whether a person said that nobody of this name is a speaker."""
    return bool(lookups.list_rows(session, Rejection, noun=Noun.SPEAKERS, words_key=make_match_key(name)))


def remember(session: Session, row: Record) -> None:
    """Keep what the row, about to be deleted, found where; raises TypeError for what no machine finds."""
    author, now = session.info["revision"].author, dt.datetime.now(dt.UTC)
    for document, noun, span, words in _findings(session, row):
        start, end = (span.start, span.end) if span else (None, None)
        session.add(
            Rejection(
                document_id=document,
                noun=noun,
                start=start,
                end=end,
                words_key=make_match_key(words),
                at=now,
                author=author,
            )
        )


_Finding = tuple[int | None, Noun, Span | None, str]


def _findings(session: Session, row: Record) -> Iterable[_Finding]:
    """The documents in which a row was found, as what, where, and by which words."""
    if isinstance(row, Statement):
        return [(row.document_id, Noun.STATEMENTS, Span(row.start, row.end), row.text)]
    if isinstance(row, Claim):
        report = session.get_one(Report, row.report_id)
        return [(report.document_id, Noun.CLAIMS, Span(row.start, row.end), claimed(row.property, row.value))]
    if isinstance(row, Speaker):
        return [(None, Noun.SPEAKERS, None, row.name)]
    if isinstance(row, Report):
        return [_reported(session, row, Noun.REPORTS)]
    if isinstance(row, Event):
        reports = lookups.list_rows(session, Report, event_id=row.id)
        return [_reported(session, report, Noun.EVENTS) for report in reports]
    raise TypeError(f"nobody rejects a {type(row).__name__}")


def _reported(session: Session, report: Report, noun: Noun) -> _Finding:
    """The passage that reports an event, or the whole document where none does."""
    if report.start is None or report.end is None:
        return (report.document_id, noun, None, "")
    document = session.get_one(Document, report.document_id)
    span = Span(report.start, report.end)
    return (report.document_id, noun, span, document.text[span.start : span.end])
