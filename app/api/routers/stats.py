"""Serve ``/stats/{noun}``: counts over time."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.web.reads import ReadDep, ReadRequest, ReadRoute
from app.comparisons import series
from app.core.vocab import Noun
from app.schemas.common import Page
from app.schemas.stats import DocumentStatsFilter, EventStatsFilter, StatementStatsFilter, StatPublic, StatsFilter

router = APIRouter(prefix="/stats", tags=["stats"], route_class=ReadRoute)


@router.get("/events", response_model=Page[StatPublic], responses=responses.LIST)
async def list_event_stats(read: ReadDep, filters: Annotated[EventStatsFilter, Query()]) -> Response:
    """Count the events that began in each day, week or month."""
    return await _build_stats(read, Noun.EVENTS, filters)


@router.get("/statements", response_model=Page[StatPublic], responses=responses.LIST)
async def list_statement_stats(read: ReadDep, filters: Annotated[StatementStatsFilter, Query()]) -> Response:
    """Count the statements of each day, week or month, by the date of saying, or else of publication."""
    return await _build_stats(read, Noun.STATEMENTS, filters)


@router.get("/documents", response_model=Page[StatPublic], responses=responses.LIST)
async def list_document_stats(read: ReadDep, filters: Annotated[DocumentStatsFilter, Query()]) -> Response:
    """Count the documents published in each day, week or month."""
    return await _build_stats(read, Noun.DOCUMENTS, filters)


async def _build_stats(read: ReadRequest, noun: Noun, filters: StatsFilter) -> Response:
    return await responses.build_list(
        read, filters, StatPublic, lambda reads: series.get_listing(reads, noun, filters), thorough=True
    )
