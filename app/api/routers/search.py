"""Serve ``/search``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.web.reads import ReadDep, ReadRoute
from app.queries import search
from app.schemas.common import Page
from app.schemas.search import SearchFilter, SearchPublic

router = APIRouter(tags=["search"], route_class=ReadRoute)


@router.get("/search", name="search", response_model=Page[SearchPublic], responses=responses.LIST)
async def search_records(read: ReadDep, filters: Annotated[SearchFilter, Query()]) -> Response:
    """Search events, statements and documents for all the words, the newest first."""
    return await responses.build_list(read, filters, SearchPublic, lambda reads: search.search(reads, filters))
