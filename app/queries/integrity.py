"""Whether every span of the store still says what its record says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, func, literal, null, select, union_all
from sqlmodel import Session

from app.database.models import Document
from app.database.tables import NOW


@dataclass(frozen=True)
class Check:
    """One span checked, and what is wrong with it, if anything."""

    record: str
    id: int
    broken: str | None


def count_documents(session: Session) -> int:
    return int(session.execute(select(func.count()).select_from(NOW.document)).scalar_one())


def iterate_documents(session: Session) -> Iterator[Document]:
    """Every document, a few in memory at a time."""
    every = select(NOW.document).order_by(NOW.document.id).execution_options(yield_per=50)
    yield from session.execute(every).scalars()


def check_spans(session: Session, document: Document) -> Iterator[Check]:
    """Every span that stands in the document, against its text."""
    for record, ident, start, end, words in session.execute(_spans(document)):
        yield Check(record, ident, _broken(document.text, start, end, words))


def _broken(text: str, start: int, end: int | None, words: str | None) -> str | None:
    if end is None or not 0 <= start < end <= len(text):
        return f"{start}..{end} is no span of its document's text"
    if words is not None and text[start:end] != words:
        return f"the text at {start}..{end} is {text[start:end][:60]!r}, the record says {words[:60]!r}"
    return None


def _spans(document: Document) -> Any:
    """Record, id, start, end and words (null where none are kept) of all that stands in the document."""
    statement, hop, report, claim = NOW.statement, NOW.attribution, NOW.report, NOW.claim
    in_statements = hop.statement_id.in_(select(statement.id).where(statement.document_id == document.id))
    in_reports = claim.report_id.in_(select(report.id).where(report.document_id == document.id))
    here = statement.document_id == document.id
    return union_all(
        _span("statement", statement.id, statement.start, statement.end, statement.text).where(here),
        _span("cue of statement", statement.id, statement.cue_start, statement.cue_end, statement.cue).where(here),
        _span("attribution", hop.id, hop.start, hop.end, hop.cue).where(in_statements),
        _span("report", report.id, report.start, report.end, null()).where(report.document_id == document.id),
        _span("claim", claim.id, claim.start, claim.end, claim.value).where(in_reports),
    )


def _span(record: str, ident: Any, start: Any, end: Any, words: Any) -> Select[Any]:
    columns = (literal(record), ident, start, end, func.coalesce(words, null(), type_=Text))
    return select(*columns).where(start.is_not(None))
