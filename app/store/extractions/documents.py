"""Extractions of documents, saved as records: at once, and again when the extractor has improved.

Records of people stay as they are, findings that a person rejected do not come back, and a machine's record that is
found again keeps its id.
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
from app.store.extractions.claims import save_claims
from app.store.extractions.events import save_event
from app.store.extractions.speakers import SpeakerResolver
from app.store.rejections import SAME
from app.store.revisions import WriteSession

if TYPE_CHECKING:
    from app.extract.learning.tagger import Tagger


class Text(Protocol):
    """A document of the store, or one that is about to be."""

    @property
    def text(self) -> str: ...
    @property
    def title(self) -> str | None: ...
    @property
    def published(self) -> str | None: ...
    @property
    def language(self) -> str | None: ...


class StatementCounts(NamedTuple):
    """The numbers of statements that an extraction added, changed and deleted; the others stayed."""

    new: int
    changed: int
    gone: int


class _Passage(NamedTuple):
    """A place at which an extracted statement stands; its words may be at several."""

    span: Span
    statement: ExtractedStatement


def get_extractor_version(language: str | None) -> str:
    """Return the version of the rules and the model that would read a text in this language."""
    return pipeline.get_extractor_version(language, _get_tagger())


def extract_document(document: Text) -> Extraction:
    """Extract statements, claims and an event from a text.

    It takes some tenths of a second: call it before a transaction is opened.
    """
    return pipeline.extract(
        document.text,
        title=document.title,
        published=document.published,
        language=document.language,
        tagger=_get_tagger(),
    )


def _get_tagger() -> "Tagger | None":
    """Return the tagger that the operator trained, if any; raise NotInstalled if it cannot be loaded."""
    path = get_settings().extract_model
    return None if path is None else _load_tagger(path)


@cache
def _load_tagger(path: Path) -> "Tagger":
    try:
        from app.extract.learning.tagger import Tagger  # needs numpy, which comes with spaCy

        return Tagger.load(path)
    except (ImportError, OSError, ValueError) as error:
        raise NotInstalled("The file that DATELINE_EXTRACT_MODEL names is no tagger of this version.") from error


def save_extraction(session: WriteSession, document: Document, extraction: Extraction) -> StatementCounts:
    """Make the document's records by the machine those of the extraction, except where a person decided otherwise."""
    rejected = rejections.get_rejected(session, document)
    event_id = save_event(session, document, extraction, rejected)
    rows = lookups.list_rows(session, Statement, document_id=document.id)
    by_people = _StatementIndex(row for row in rows if row.coded_by != CodedBy.MACHINE)
    passages = []
    for passage in _list_passages(extraction):
        start, end = passage.span.start, passage.span.end
        is_rejected = rejected.covers(Noun.STATEMENTS, start, end, document.text[start:end])
        if not is_rejected and by_people.find_nearest(passage.span) is None:
            passages.append(passage)
    by_machine = [row for row in rows if row.coded_by == CodedBy.MACHINE]
    counts = _save_statements(session, document, passages, by_machine, event_id)
    save_claims(session, document, extraction, rejected)
    _save_run(session, document, extraction)
    return counts


def _list_passages(extraction: Extraction) -> list[_Passage]:
    """Return each piece of each statement, in the order of the text; of two at one place, the surer."""
    by_span: dict[Span, ExtractedStatement] = {}
    for statement in sorted(extraction.statements, key=lambda statement: statement.confidence):
        by_span |= dict.fromkeys(statement.content, statement)
    passages = [_Passage(span, statement) for span, statement in by_span.items()]
    return sorted(passages, key=lambda passage: (passage.span.start, -passage.span.end))


class _StatementIndex:
    """Statements of one document, by their places."""

    def __init__(self, rows: Iterable[Statement]) -> None:
        self._rows = sorted(rows, key=lambda row: row.start)
        self._starts = [row.start for row in self._rows]

    def find_nearest(self, span: Span, taken: Container[int | None] = ()) -> Statement | None:
        """Return the statement that shares most of its words with the span, at least half of all, and is not taken."""
        length = span.end - span.start  # a statement that shares half of all begins at most so far ahead of it
        first, last = bisect_left(self._starts, span.start - length), bisect_left(self._starts, span.end)
        free = (row for row in self._rows[first:last] if row.id not in taken)
        shares = ((span.overlap(Span(row.start, row.end)), row) for row in free)
        share, nearest = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        return nearest if share >= SAME else None


def _save_statements(
    session: WriteSession, document: Document, passages: list[_Passage], rows: list[Statement], event_id: int | None
) -> StatementCounts:
    """Make the machine's statements of a document those at these passages."""
    strict = (passage.statement for passage in passages if passage.statement.grade is Grade.STRICT)
    speakers = SpeakerResolver(
        session, _list_voices(passage.statement for passage in passages), sure=_list_voices(strict)
    )
    outlet = session.get_one(Source, document.source_id)
    matched = _match_rows(passages, rows)
    changed, new = 0, []
    for passage in passages:
        fields = _build_fields(passage, speakers, outlet)
        if passage.span in matched:
            row = matched[passage.span]
            before = row.revision_id
            records.update_statement(session, row, StatementUpdate(**fields))
            session.flush()
            changed += row.revision_id != before
        else:
            event = event_id if passage.statement.grade is Grade.STRICT else None  # a suggestion counts for no event
            new.append(StatementIn(**fields, event=event))
    matched_ids = {row.id for row in matched.values()}
    gone = [row for row in rows if row.id not in matched_ids]
    for row in gone:
        records.delete(session, row)
    records.add_statements(session, document, new)
    return StatementCounts(new=len(new), changed=changed, gone=len(gone))


def _match_rows(passages: list[_Passage], rows: list[Statement]) -> dict[Span, Statement]:
    """Return the existing row of each passage: at its very place, or the one that shares most of its words."""
    exact = {Span(row.start, row.end): row for row in rows}
    matched = {passage.span: exact[passage.span] for passage in passages if passage.span in exact}
    taken = {row.id for row in matched.values()}
    index = _StatementIndex(rows)
    for passage in passages:
        nearest = None if passage.span in matched else index.find_nearest(passage.span, taken)
        if nearest is not None:
            matched[passage.span] = nearest
            taken.add(nearest.id)
    return matched


def _list_voices(statements: Iterable[ExtractedStatement]) -> Iterator[Voice]:
    for statement in statements:
        if statement.voice is not None:
            yield statement.voice
        yield from (hop.voice for hop in statement.chain)


def _build_fields(passage: _Passage, speakers: SpeakerResolver, outlet: Source) -> dict[str, Any]:
    statement = passage.statement
    return {
        "speaker": speakers.get_id(statement.voice),
        "kind": statement.kind,
        "span": SpanIn.from_span(passage.span),
        "cue": SpanIn.from_span(statement.cue),
        "said": statement.said,
        "chain": list(_build_chain(statement.chain, speakers, outlet)),
        "coded_by": CodedBy.MACHINE,
        "confidence": round(statement.confidence, 2),
    }


def _build_chain(hops: tuple[Hop, ...], speakers: SpeakerResolver, outlet: Source) -> Iterator[HopIn]:
    """Yield the hops without the outlet itself, as in "told The Post" in The Post."""
    for hop in hops:
        speaker = speakers.resolve(hop.voice)
        if speaker is None or speaker.source_id == outlet.id or speaker.name_key == outlet.name_key:
            continue
        if speaker.id is not None:
            yield HopIn(speaker=speaker.id, cue=SpanIn.from_span(hop.cue), coded_by=CodedBy.MACHINE)


def _save_run(session: WriteSession, document: Document, extraction: Extraction) -> None:
    """Record the version that read the document, and how much it extracted."""
    strict = sum(statement.grade is Grade.STRICT for statement in extraction.statements)
    values: dict[str, Any] = {
        "document_id": document.id,
        "coded_by": CodedBy.MACHINE,
        "reader": extraction.extractor_version,
        "statements": strict,
        "suggestions": len(extraction.statements) - strict,
        "note": "\n".join(extraction.notes) or None,
    }
    row = lookups.find_row(session, models.Extraction, document_id=document.id)
    if row is None:
        row = models.Extraction(**values, at=dt.datetime.now(dt.UTC))
    elif any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.at = dt.datetime.now(dt.UTC)
    session.add(row)
    session.flush()
