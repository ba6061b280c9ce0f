"""Serve ``/discrepancies`` and ``/events/{id}/discrepancies``: contradictions between documents."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.responses import NESTED_LIST
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import RecordId
from app.comparisons import discrepancies
from app.schemas.common import Page
from app.schemas.discrepancy import DiscrepancyFilter, DiscrepancyPublic, EventDiscrepancyFilter

router = APIRouter(tags=["discrepancies"], route_class=ReadRoute)


@router.get("/events/{id}/discrepancies", response_model=Page[DiscrepancyPublic], responses=NESTED_LIST)
async def list_event_discrepancies(
    read: ReadDep, ref: RecordId, filters: Annotated[EventDiscrepancyFilter, Query()]
) -> Response:
    """List the properties of an event of which documents claim more than one value, each with all its values."""
    find = partial(discrepancies.get_event_listing, ref=ref, filters=filters)
    return await responses.build_list(read, filters, DiscrepancyPublic, find, thorough=True)


@router.get("/discrepancies", response_model=Page[DiscrepancyPublic], responses=responses.LIST)
async def list_discrepancies(read: ReadDep, filters: Annotated[DiscrepancyFilter, Query()]) -> Response:
    """List the properties of events of which documents claim different values, the latest event first."""
    find = partial(discrepancies.get_listing, filters=filters)
    return await responses.build_list(read, filters, DiscrepancyPublic, find, thorough=True)
