"""Serve ``/utterances``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.routers.responses import NESTED_LIST
from app.api.web.reads import ReadDep, ReadRequest, ReadRoute
from app.api.web.requests import RecordId
from app.comparisons import wordings
from app.database.models import Utterance
from app.queries import utterances
from app.queries.names import Within
from app.schemas.common import Page
from app.schemas.printing import DifferenceFilter, UtteranceDifference, UtteranceFilter, UtteranceFull
from app.schemas.utterance import UtteranceCreate, UtterancePublic, UtteranceUpdate
from app.store import records

router = APIRouter(prefix="/utterances", tags=["utterances"], route_class=ReadRoute)


@router.get("", response_model=Page[UtterancePublic], responses=responses.LIST)
async def list_utterances(read: ReadDep, filters: Annotated[UtteranceFilter, Query()]) -> Response:
    """List utterances, the things said, which statements print; the last said first."""
    return await build_utterance_list(read, filters)


async def build_utterance_list(
    read: ReadRequest, filters: UtteranceFilter, *, within: Within | None = None
) -> Response:
    """Return the utterances that match, of all or of one speaker."""
    return await responses.build_list(
        read, filters, UtterancePublic, lambda reads: utterances.get_listing(reads, filters, within=within)
    )


@router.get("/{id}/differences", response_model=Page[UtteranceDifference], responses=NESTED_LIST)
async def list_utterance_differences(
    read: ReadDep, ref: RecordId, filters: Annotated[DifferenceFilter, Query()]
) -> Response:
    """List the differences of all printings from the fullest, or from the one in `base`, one item for each passage.

    Printings in another language than the base, and printings too long to compare, have no differences.
    """
    return await responses.build_list(
        read,
        filters,
        UtteranceDifference,
        lambda reads: wordings.get_differences(reads, ref, filters),
        thorough=True,
    )


add_operations(
    router,
    Utterance,
    public=UtteranceFull,
    create=UtteranceCreate,
    update=UtteranceUpdate,
    add=records.add_utterance,
    change=records.update_utterance,
    on_delete="Its statements stay, without it.",
    render=wordings.build_utterance,
)
