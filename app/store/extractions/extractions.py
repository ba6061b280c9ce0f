"""What the machine reads off a document, put into the store: at once, and again when its rules have improved.

A person's records stay as they are, what a person rejected does not come back, and a machine's record that is found
again keeps its id.
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from app.core.config import get_settings
from app.core.errors import NotInstalled
from app.core.spans import Span
from app.core.vocab import CodedBy, Noun
from app.database import models
from app.database.models import Document, Source, Statement
from app.extract import pipeline
from app.extract.findings import ExtractedStatement, Extraction, Grade, Hop, Voice
from app.queries import lookups
from app.schemas.common import SpanIn
from app.schemas.statement import HopIn, StatementIn, StatementUpdate
from app.store import records, rejections
from app.store.extractions import claims
from app.store.extractions import events as proposals
from app.store.extractions.speakers import Voices
from app.store.rejections import SAME, RejectedFindings
from app.store.revisions import WriteSession

if TYPE_CHECKING:
    from app.extract.learning.tagger import Tagger


class Readable(Protocol):
    """What is read: a document of the store, or one that is about to be."""

    @property
    def text(self) -> str: ...
    @property
    def title(self) -> str | None: ...
    @property
    def published(self) -> str | None: ...
    @property
    def language(self) -> str | None: ...


def _tagger() -> "Tagger | None":
    """The tagger that the operator trained; raises NotInstalled where its file is none."""
    path = get_settings().extract_model
    return None if path is None else _loaded(path)


@cache
def _loaded(path: Path) -> "Tagger":
    try:
        from app.extract.learning.tagger import Tagger  # needs numpy, which comes with spaCy

        return Tagger.load(path)
    except (ImportError, OSError, ValueError) as error:
        raise NotInstalled("The file that DATELINE_EXTRACT_MODEL names is no tagger of this version.") from error


def reader(language: str | None) -> str:
    """The rules and the model that would read a text in this language."""
    return pipeline.get_extractor_version(language, _tagger())


def prepare(document: Readable) -> Extraction:
    """Read the text. It takes some tenths of a second: not to be done while a transaction is open."""
    return pipeline.extract(
        document.text,
        title=document.title,
        published=document.published,
        language=document.language,
        tagger=_tagger(),
    )


class Taken(NamedTuple):
    """How many statements a reading brought, changed and took away; the others stayed."""

    new: int
    changed: int
    gone: int


def put(session: WriteSession, document: Document, found: Extraction) -> Taken:
    """Make what was found in the document its records, as far as no person has said otherwise."""
    rejected = rejections.get_rejected(session, document)
    event_id = proposals.propose(session, document, found, rejected)
    there = lookups.list_rows(session, Statement, document_id=document.id)
    persons = _Places(row for row in there if row.coded_by != CodedBy.MACHINE)
    wanted = [each for each in _printings(found) if _is_free(document, each[0], persons, rejected)]
    machines = [row for row in there if row.coded_by == CodedBy.MACHINE]
    taken = _settle(session, document, wanted, machines, event_id)
    claims.put(session, document, found, rejected)
    _keep(session, document, found)
    return taken


_Printing = tuple[Span, ExtractedStatement]


def _printings(found: Extraction) -> list[_Printing]:
    """Each piece of each finding, in the order of the text; of two at one place, the surer."""
    at: dict[Span, ExtractedStatement] = {}
    for finding in sorted(found.statements, key=lambda each: each.confidence):
        at |= dict.fromkeys(finding.content, finding)
    return sorted(at.items(), key=lambda each: (each[0].start, -each[0].end))


def _is_free(document: Document, span: Span, persons: "_Places", rejected: RejectedFindings) -> bool:
    """Whether no person has read these words already, or said that they are no statement."""
    words = document.text[span.start : span.end]
    return not rejected.covers(Noun.STATEMENTS, span.start, span.end, words) and persons.nearest(span) is None


class _Places:
    """Statements of one document, by where they stand."""

    def __init__(self, rows: Iterable[Statement]) -> None:
        self._rows = sorted(rows, key=lambda row: row.start)
        self._starts = [row.start for row in self._rows]

    def nearest(self, span: Span, taken: Container[int | None] = ()) -> Statement | None:
        """The statement that shares most of its words with the span, at least half of all, and is not taken."""
        length = span.end - span.start  # one that shares half of all begins at most so far ahead of it
        first, last = bisect_left(self._starts, span.start - length), bisect_left(self._starts, span.end)
        free = (row for row in self._rows[first:last] if row.id not in taken)
        shares = ((span.overlap(Span(row.start, row.end)), row) for row in free)
        share, best = max(shares, key=lambda each: each[0], default=(0.0, None))
        return best if share >= SAME else None


def _settle(
    session: WriteSession, document: Document, wanted: list[_Printing], rows: list[Statement], event_id: int | None
) -> Taken:
    """Make the machine's statements of a document those that are wanted."""
    strict = (finding for _, finding in wanted if finding.grade is Grade.STRICT)
    voices = Voices(session, _voices(finding for _, finding in wanted), sure=_voices(strict))
    outlet = session.get_one(Source, document.source_id)
    pairs = _pair(wanted, rows)
    changed, new = 0, []
    for span, finding in wanted:
        if span in pairs:
            changed += _update(session, pairs[span], _fields(span, finding, voices, outlet))
        else:
            event = event_id if finding.grade is Grade.STRICT else None  # a suggestion counts for no event
            new.append(StatementIn(**_fields(span, finding, voices, outlet), event=event))
    kept = {row.id for row in pairs.values()}
    gone = [row for row in rows if row.id not in kept]
    for row in gone:
        records.delete(session, row)
    records.add_statements(session, document, new)
    return Taken(new=len(new), changed=changed, gone=len(gone))


def _update(session: WriteSession, row: Statement, fields: dict[str, Any]) -> bool:
    """Whether that changed anything."""
    before = row.revision_id
    records.update_statement(session, row, StatementUpdate(**fields))
    session.flush()
    return row.revision_id != before


def _pair(wanted: list[_Printing], rows: list[Statement]) -> dict[Span, Statement]:
    """Which row each printing is: the one at its very place, or the one that shares most of its words."""
    exact = {Span(row.start, row.end): row for row in rows}
    pairs = {span: exact[span] for span, _ in wanted if span in exact}
    taken = {row.id for row in pairs.values()}
    places = _Places(rows)
    for span, _ in wanted:
        near = None if span in pairs else places.nearest(span, taken)
        if near is not None:
            pairs[span] = near
            taken.add(near.id)
    return pairs


def _voices(findings: Iterable[ExtractedStatement]) -> Iterator[Voice]:
    for finding in findings:
        if finding.voice is not None:
            yield finding.voice
        yield from (hop.voice for hop in finding.chain)


def _fields(span: Span, finding: ExtractedStatement, voices: Voices, outlet: Source) -> dict[str, Any]:
    speaker = voices.speaker(finding.voice)
    return {
        "speaker": speaker and speaker.id,
        "kind": finding.kind,
        "span": SpanIn.from_span(span),
        "cue": SpanIn.from_span(finding.cue),
        "said": finding.said,
        "chain": list(_chain(finding.chain, voices, outlet)),
        "coded_by": CodedBy.MACHINE,
        "confidence": round(finding.confidence, 2),
    }


def _chain(hops: tuple[Hop, ...], voices: Voices, outlet: Source) -> Iterator[HopIn]:
    """The voices that relayed it; the outlet itself is none, who told it "told The Post" in The Post."""
    for hop in hops:
        speaker = voices.speaker(hop.voice)
        if speaker is None or speaker.source_id == outlet.id or speaker.name_key == outlet.name_key:
            continue
        if speaker.id is not None:
            yield HopIn(speaker=speaker.id, cue=SpanIn.from_span(hop.cue), coded_by=CodedBy.MACHINE)


def _keep(session: WriteSession, document: Document, found: Extraction) -> None:
    """Keep by which rules the document was read, and how much they found."""
    strict = sum(finding.grade is Grade.STRICT for finding in found.statements)
    told: dict[str, Any] = {
        "document_id": document.id,
        "coded_by": CodedBy.MACHINE,
        "reader": found.extractor_version,
        "statements": strict,
        "suggestions": len(found.statements) - strict,
        "note": "\n".join(found.notes) or None,
    }
    row = lookups.find_row(session, models.Extraction, document_id=document.id)
    if row is None:
        row = models.Extraction(**told, at=dt.datetime.now(dt.UTC))
    elif any(getattr(row, name) != value for name, value in told.items()):
        for name, value in told.items():
            setattr(row, name, value)
        row.at = dt.datetime.now(dt.UTC)
    session.add(row)
    session.flush()
