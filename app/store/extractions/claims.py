"""What the machine reads of a document's claims, put on its report of the event: settled as its statements are.

A document whose report a person made, one as its subject, gets them too, except where a person's claim of that property
stands. Of a document that a person says reports several events nobody knows which one is meant: it gets none.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from app.core.spans import Span
from app.core.vocab import CodedBy, Noun, ReportRole
from app.database.models import Claim, Document, Report
from app.extract.findings import ExtractedClaim, Extraction
from app.queries import lookups
from app.schemas.claim import ClaimCreate, ClaimUpdate
from app.schemas.common import SpanIn
from app.store import records
from app.store.extractions.speakers import Voices
from app.store.rejections import RejectedFindings, join_claim_words
from app.store.revisions import WriteSession


def put(session: WriteSession, document: Document, found: Extraction, rejected: RejectedFindings) -> None:
    """Make the machine's claims of the document those that were found, as far as no person has said otherwise.

    One that is found again keeps its id, and stays with its report.
    """
    reports = lookups.list_rows(session, Report, document_id=document.id)
    there = list(lookups.iterate_rows(session, Claim, "report_id", [report.id for report in reports]))
    persons = [row for row in there if row.coded_by != CodedBy.MACHINE]
    machines = [row for row in there if row.coded_by == CodedBy.MACHINE]
    report = _subject(reports)
    wanted = [each for each in found.claims if report and _is_free(document, each, persons, rejected)]
    voices = Voices(session, (each.voice for each in wanted if each.voice is not None), sure=())
    for claim, row in _paired(wanted, machines):
        fields = _fields(claim, voices)
        if row is not None:
            machines.remove(row)
            records.update_claim(session, row, ClaimUpdate(**fields))
        elif report is not None and report.id is not None:
            records.add_claim(session, ClaimCreate(report=report.id, **fields))
    for row in machines:
        records.delete(session, row)
    session.flush()


def _subject(reports: Sequence[Report]) -> Report | None:
    """The report of the event that the document is about, where there is one only."""
    main = [report for report in reports if report.role == ReportRole.MAIN]
    return main[0] if len(main) == 1 else None


def _is_free(document: Document, claim: ExtractedClaim, persons: Sequence[Claim], rejected: RejectedFindings) -> bool:
    """Whether no person has read this property there already, or said that nothing is claimed of it."""
    start, end = claim.span.start, claim.span.end
    if any(row.property == claim.property and row.start < end and start < row.end for row in persons):
        return False
    return not rejected.covers(Noun.CLAIMS, start, end, join_claim_words(claim.property, document.text[start:end]))


def _paired(wanted: Sequence[ExtractedClaim], rows: Sequence[Claim]) -> Iterator[tuple[ExtractedClaim, Claim | None]]:
    """Each claim with the row that it is: of its property at its very place, or one that shares most of its words."""
    taken: set[int | None] = set()
    exact = {(row.property, Span(row.start, row.end)): row for row in rows}
    ordered = sorted(wanted, key=lambda each: (each.property, each.span) not in exact)
    for claim in ordered:
        near = [(_share(row, claim), row) for row in rows if row.property == claim.property and row.id not in taken]
        share, row = max(near, key=lambda each: each[0], default=(0.0, None))
        taken |= {row.id} if row is not None and share > 0 else set()
        yield claim, row if share > 0 else None


def _share(row: Claim, claim: ExtractedClaim) -> float:
    return Span(row.start, row.end).overlap(claim.span)


def _fields(claim: ExtractedClaim, voices: Voices) -> dict[str, Any]:
    speaker = voices.speaker(claim.voice)
    return {
        "property": claim.property,
        "span": SpanIn.from_span(claim.span),
        "normalized": claim.normalized[:1000],
        "unit": claim.unit[:50],
        "attributed_to": speaker and speaker.id,
        "coded_by": CodedBy.MACHINE,
        "confidence": claim.confidence,
    }
