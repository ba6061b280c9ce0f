"""Serve ``/review`` and ``/rejections``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.web.problems import WRITE_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import RecordId
from app.api.web.writes import CHANGE, WriteDep
from app.core.errors import NotFound
from app.core.vocab import Verdict
from app.database.models import Rejection
from app.queries import review
from app.schemas.common import Page
from app.schemas.review import RejectionFilter, RejectionPublic, ReviewDone, ReviewFilter, ReviewIn, ReviewPublic
from app.store.review import apply_verdicts

router = APIRouter(tags=["review"], route_class=ReadRoute)


@router.get("/review", response_model=Page[ReviewPublic], responses=responses.LIST)
async def list_review(read: ReadDep, filters: Annotated[ReviewFilter, Query()]) -> Response:
    """List the records that a machine made and no person has reviewed, the least confident first."""
    return await responses.build_list(read, filters, ReviewPublic, lambda reads: review.get_listing(reads, filters))


@router.post("/review", response_model=ReviewDone, responses=describe_statuses(*WRITE_STATUSES, 412))
def review_records(write: WriteDep, body: ReviewIn) -> Response:
    """Confirm, correct or reject records that a machine made: all of the verdicts take effect, or none.

    Confirmed and corrected records are `coded_by` human from then on, and no machine changes them. Rejected records are
    deleted, and later extractions of the document, or of another version of it, do not bring them back.
    """
    with write.open_transaction() as session:
        done = apply_verdicts(session, body.verdicts)
        counts = {
            "confirmed_count": Verdict.CONFIRM,
            "corrected_count": Verdict.CORRECT,
            "rejected_count": Verdict.REJECT,
        }
        return write.build_response(session, 200, summary={name: done[verdict] for name, verdict in counts.items()})


@router.get("/rejections", response_model=Page[RejectionPublic], responses=responses.LIST)
async def list_rejections(read: ReadDep, filters: Annotated[RejectionFilter, Query()]) -> Response:
    """List the machine's findings that people rejected, the latest first."""
    return await responses.build_list(read, filters, RejectionPublic, review.get_rejection_listing)


@router.delete("/rejections/{id}", status_code=204, responses=CHANGE)
def delete_rejection(write: WriteDep, ref: RecordId) -> Response:
    """Delete a rejection: the next extraction of its document may find the same again."""
    with write.open_transaction() as session:
        row = session.get(Rejection, ref)
        if row is None:
            raise NotFound(f"There is no rejection {ref}.")
        session.delete(row)
        session.draw_revision()
        return write.build_response(session, 204)
