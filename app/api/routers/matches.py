"""Serve ``/matches``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_delete, add_get
from app.api.web.reads import ReadDep, ReadRoute
from app.database.models import Match
from app.queries import matches
from app.schemas.common import Page
from app.schemas.match import MatchFilter, MatchPublic

router = APIRouter(prefix="/matches", tags=["matches"], route_class=ReadRoute)


@router.get("", response_model=Page[MatchPublic], responses=responses.LIST)
async def list_matches(read: ReadDep, filters: Annotated[MatchFilter, Query()]) -> Response:
    """List pairs of events or of statements that may be the same, the latest first."""
    return await responses.build_list(read, filters, MatchPublic, lambda reads: matches.get_listing(reads, filters))


add_get(router, Match, public=MatchPublic)
add_delete(router, Match, on_delete="The two stay as they are, and a machine may match them again.")
