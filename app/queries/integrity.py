"""Checks that the text at every span of the store still equals the words of its record."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, func, literal, null, select, union_all
from sqlmodel import Session

from app.database.models import Document
from app.database.tables import NOW


@dataclass(frozen=True)
class SpanCheck:
    """A checked span; ``broken`` describes the error, if there is one."""

    record: str
    id: int
    broken: str | None


def count_documents(session: Session) -> int:
    """Count the documents of the store."""
    return int(session.execute(select(func.count()).select_from(NOW.document)).scalar_one())


def iterate_documents(session: Session) -> Iterator[Document]:
    """Yield every document, with a few in memory at a time."""
    query = select(NOW.document).order_by(NOW.document.id).execution_options(yield_per=50)
    yield from session.execute(query).scalars()


def check_spans(session: Session, document: Document) -> Iterator[SpanCheck]:
    """Check every span in the document against its text."""
    for record, ident, start, end, words in session.execute(_select_spans(document)):
        yield SpanCheck(record, ident, _describe_error(document.text, start, end, words))


def _describe_error(text: str, start: int, end: int | None, words: str | None) -> str | None:
    if end is None or not 0 <= start < end <= len(text):
        return f"{start}..{end} is no span of its document's text"
    if words is not None and text[start:end] != words:
        return f"the text at {start}..{end} is {text[start:end][:60]!r}, the record says {words[:60]!r}"
    return None


def _select_spans(document: Document) -> Any:
    """Select record, id, start, end and words (null if the record has none) of all spans in the document."""
    statement, hop, report, claim = NOW.statement, NOW.attribution, NOW.report, NOW.claim
    in_statements = hop.statement_id.in_(select(statement.id).where(statement.document_id == document.id))
    in_reports = claim.report_id.in_(select(report.id).where(report.document_id == document.id))
    in_document = statement.document_id == document.id
    return union_all(
        _select_span("statement", statement.id, statement.start, statement.end, statement.text).where(in_document),
        _select_span("cue of statement", statement.id, statement.cue_start, statement.cue_end, statement.cue).where(
            in_document
        ),
        _select_span("attribution", hop.id, hop.start, hop.end, hop.cue).where(in_statements),
        _select_span("report", report.id, report.start, report.end, null()).where(report.document_id == document.id),
        _select_span("claim", claim.id, claim.start, claim.end, claim.value).where(in_reports),
    )


def _select_span(record: str, ident: Any, start: Any, end: Any, words: Any) -> Select[Any]:
    columns = (literal(record), ident, start, end, func.coalesce(words, null(), type_=Text))
    return select(*columns).where(start.is_not(None))
