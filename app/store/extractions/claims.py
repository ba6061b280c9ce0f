"""Extracted claims, saved on the document's report of its event, by the same rules as its statements.

They also go to a report that a person made, if it is the document's only main one, except where a person's claim of the
property stands. A document that a person says reports several main events gets none: the event is not certain.
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
from app.store.extractions.speakers import SpeakerResolver
from app.store.rejections import RejectedFindings, join_claim_words
from app.store.revisions import WriteSession


def save_claims(session: WriteSession, document: Document, extraction: Extraction, rejected: RejectedFindings) -> None:
    """Make the machine's claims of the document those of the extraction, except where a person decided otherwise.

    A claim that is found again keeps its id, and stays with its report.
    """
    reports = lookups.list_rows(session, Report, document_id=document.id)
    rows = list(lookups.iterate_rows(session, Claim, "report_id", [report.id for report in reports]))
    by_people = [row for row in rows if row.coded_by != CodedBy.MACHINE]
    by_machine = [row for row in rows if row.coded_by == CodedBy.MACHINE]
    main_reports = [report for report in reports if report.role == ReportRole.MAIN]
    report = main_reports[0] if len(main_reports) == 1 else None
    claims = [claim for claim in extraction.claims if report and _is_free(document, claim, by_people, rejected)]
    speakers = SpeakerResolver(session, (claim.voice for claim in claims if claim.voice is not None), sure=())
    for claim, row in _match_rows(claims, by_machine):
        fields: dict[str, Any] = {
            "property": claim.property,
            "span": SpanIn.from_span(claim.span),
            "normalized": claim.normalized[:1000],
            "unit": claim.unit[:50],
            "attributed_to": speakers.get_id(claim.voice),
            "coded_by": CodedBy.MACHINE,
            "confidence": claim.confidence,
        }
        if row is not None:
            by_machine.remove(row)
            records.update_claim(session, row, ClaimUpdate(**fields))
        elif report is not None and report.id is not None:
            records.add_claim(session, ClaimCreate(report=report.id, **fields))
    for row in by_machine:
        records.delete(session, row)
    session.flush()


def _is_free(document: Document, claim: ExtractedClaim, by_people: Sequence[Claim], rejected: RejectedFindings) -> bool:
    """Tell whether no person coded this property at the place, or rejected the claim."""
    start, end = claim.span.start, claim.span.end
    if any(row.property == claim.property and row.start < end and start < row.end for row in by_people):
        return False
    return not rejected.covers(Noun.CLAIMS, start, end, join_claim_words(claim.property, document.text[start:end]))


def _match_rows(
    claims: Sequence[ExtractedClaim], rows: Sequence[Claim]
) -> Iterator[tuple[ExtractedClaim, Claim | None]]:
    """Yield each claim with its existing row: at its very place, or the one that shares most of its words."""
    taken: set[int | None] = set()
    exact = {(row.property, Span(row.start, row.end)) for row in rows}
    for claim in sorted(claims, key=lambda claim: (claim.property, claim.span) not in exact):
        shares = [
            (Span(row.start, row.end).overlap(claim.span), row)
            for row in rows
            if row.property == claim.property and row.id not in taken
        ]
        share, row = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        if row is not None and share > 0:
            taken.add(row.id)
            yield claim, row
        else:
            yield claim, None
