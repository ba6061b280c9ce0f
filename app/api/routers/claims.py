"""Serve ``/claims``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.web.reads import ReadDep, ReadRoute
from app.database.models import Claim
from app.queries import claims
from app.schemas.claim import ClaimCreate, ClaimFilter, ClaimPublic, ClaimUpdate
from app.schemas.common import Page
from app.store import records

router = APIRouter(prefix="/claims", tags=["claims"], route_class=ReadRoute)


@router.get("", response_model=Page[ClaimPublic], responses=responses.LIST)
async def list_claims(read: ReadDep, filters: Annotated[ClaimFilter, Query()]) -> Response:
    """List claims: what documents say of the properties of events."""
    return await responses.build_list(read, filters, ClaimPublic, lambda reads: claims.get_listing(reads, filters))


add_operations(
    router,
    Claim,
    public=ClaimPublic,
    create=ClaimCreate,
    update=ClaimUpdate,
    add=records.add_claim,
    change=records.update_claim,
    on_delete="Nothing hangs on it.",
)
