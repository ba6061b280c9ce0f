"""Serve ``/coverage`` and ``/events/{id}/coverage``: outlets and the events that they reported."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.responses import NESTED_LIST
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import RecordId
from app.comparisons import event_coverage
from app.queries import coverage_matrix
from app.schemas.common import Page
from app.schemas.coverage import CellPublic, CoverageFilter, CoveragePublic, EventCoverageFilter

router = APIRouter(tags=["coverage"], route_class=ReadRoute)


@router.get("/coverage", response_model=Page[CellPublic], responses=responses.LIST)
async def list_coverage(read: ReadDep, filters: Annotated[CoverageFilter, Query()]) -> Response:
    """List the events that each outlet reported, as cells of a matrix, the latest events first."""
    return await responses.build_list(
        read, filters, CellPublic, lambda reads: coverage_matrix.get_listing(reads, filters)
    )


@router.get("/events/{id}/coverage", response_model=Page[CoveragePublic], responses=NESTED_LIST)
async def list_event_coverage(
    read: ReadDep, ref: RecordId, filters: Annotated[EventCoverageFilter, Query()]
) -> Response:
    """List how each outlet covered an event, and the followed outlets that have no document on it."""
    return await responses.build_list(
        read, filters, CoveragePublic, lambda reads: event_coverage.get_listing(reads, ref, filters), thorough=True
    )
