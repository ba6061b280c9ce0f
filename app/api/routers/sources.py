"""Serve ``/sources``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.routers.responses import NESTED_LIST
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import SlugOrId
from app.database.models import Source
from app.queries import documents, events, sources
from app.schemas.common import Page
from app.schemas.document import DocumentFilter, DocumentPublic
from app.schemas.event import EventFilter, EventPublic
from app.schemas.source import SourceCreate, SourceFilter, SourcePublic, SourceUpdate
from app.store import sources_and_speakers

router = APIRouter(prefix="/sources", tags=["sources"], route_class=ReadRoute)


@router.get("", response_model=Page[SourcePublic], responses=responses.LIST)
async def list_sources(read: ReadDep, filters: Annotated[SourceFilter, Query()]) -> Response:
    """List sources by name."""
    return await responses.build_list(read, filters, SourcePublic, lambda reads: sources.get_listing(reads, filters))


@router.get("/{slug}/events", response_model=Page[EventPublic], responses=NESTED_LIST)
async def list_source_events(read: ReadDep, ref: SlugOrId, filters: Annotated[EventFilter, Query()]) -> Response:
    """List the events that a source reported."""
    return await responses.build_list(
        read, filters, EventPublic, lambda reads: events.get_listing(reads, filters, within=(Source, ref))
    )


@router.get("/{slug}/documents", response_model=Page[DocumentPublic], responses=NESTED_LIST)
async def list_source_documents(read: ReadDep, ref: SlugOrId, filters: Annotated[DocumentFilter, Query()]) -> Response:
    """List the documents of a source, without their texts."""
    return await responses.build_list(
        read, filters, DocumentPublic, lambda reads: documents.get_listing(reads, filters, within=(Source, ref))
    )


add_operations(
    router,
    Source,
    public=SourcePublic,
    create=SourceCreate,
    update=SourceUpdate,
    add=sources_and_speakers.add_source,
    change=sources_and_speakers.update_source,
    on_delete="Refused with 409 while documents of it are in the store; speakers stay, without it.",
)
