"""Serve ``/events/{id}/origins`` and ``/utterances/{id}/origins``: independent sources of reports and words."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.responses import NESTED_LIST
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import RecordId
from app.comparisons import origins
from app.schemas.common import Page
from app.schemas.origin import OriginFilter, OriginPublic

router = APIRouter(tags=["origins"], route_class=ReadRoute)


@router.get("/events/{id}/origins", response_model=Page[OriginPublic], responses=NESTED_LIST)
async def list_event_origins(read: ReadDep, ref: RecordId, filters: Annotated[OriginFilter, Query()]) -> Response:
    """List the independent origins of the reports of an event, each with the documents that rely on it."""
    return await responses.build_list(
        read, filters, OriginPublic, partial(origins.get_event_listing, event=ref), thorough=True
    )


@router.get("/utterances/{id}/origins", response_model=Page[OriginPublic], responses=NESTED_LIST)
async def list_utterance_origins(read: ReadDep, ref: RecordId, filters: Annotated[OriginFilter, Query()]) -> Response:
    """List the origins of the printings of an utterance: voices, credited or copied sources, or the outlets."""
    return await responses.build_list(
        read, filters, OriginPublic, partial(origins.get_utterance_listing, utterance=ref), thorough=True
    )
