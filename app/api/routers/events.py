"""Serve ``/events``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.routers.responses import NESTED_LIST
from app.api.routers.statements import build_statement_list
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import RecordId
from app.api.web.writes import CHANGE, WriteDep
from app.database.models import Event
from app.queries import events
from app.schemas.common import Page
from app.schemas.event import EventCreate, EventFilter, EventPublic, EventSourceFilter, EventSourcePublic, EventUpdate
from app.schemas.event_grouping import EventMerge, EventSplit
from app.schemas.statement import StatementFilter, StatementPublic
from app.store import records
from app.store.merging import events as merging

router = APIRouter(prefix="/events", tags=["events"], route_class=ReadRoute)


@router.get("", response_model=Page[EventPublic], responses=responses.LIST)
async def list_events(read: ReadDep, filters: Annotated[EventFilter, Query()]) -> Response:
    """List events, each with the outlets that reported it, the latest first."""
    return await responses.build_list(read, filters, EventPublic, lambda reads: events.get_listing(reads, filters))


@router.get("/{id}/sources", response_model=Page[EventSourcePublic], responses=NESTED_LIST)
async def list_event_sources(read: ReadDep, ref: RecordId, filters: Annotated[EventSourceFilter, Query()]) -> Response:
    """List the outlets that reported an event, each with its documents and its lag behind the first outlet."""
    return await responses.build_list(
        read, filters, EventSourcePublic, lambda reads: events.get_outlet_listing(reads, (Event, ref))
    )


@router.get("/{id}/statements", response_model=Page[StatementPublic], responses=NESTED_LIST)
async def list_event_statements(read: ReadDep, ref: RecordId, filters: Annotated[StatementFilter, Query()]) -> Response:
    """List the statements made at an event, or about it."""
    return await build_statement_list(read, filters, within=(Event, ref))


@router.post("/{id}/merge", response_model=EventPublic, responses=CHANGE)
def merge_events(write: WriteDep, ref: RecordId, body: EventMerge) -> Response:
    """Merge other events into this one, with their reports, claims and statements.

    The others remain as records outside of all lists, with this event as `merged_into_id`. This event takes the fields
    that it lacks (summary, place, country, coordinates) from them. If a document has two reports, one remains, with the
    claims of both. The ids and external ids of the others then name this event, also in imports.
    """
    with write.open_transaction() as session:
        into = write.find_record(session, Event, ref)
        return write.build_response(session, 200, merging.merge_events(session, into, body))


@router.post("/{id}/split", status_code=201, response_model=EventPublic, responses=CHANGE)
def split_event(write: WriteDep, ref: RecordId, body: EventSplit) -> Response:
    """Split some documents, statements and claims off into another event, and return that one.

    A document moves with its report, the report's claims, and its statements at the event. A document of which the body
    names only statements or claims remains, and reports both events.
    """
    with write.open_transaction() as session:
        event = write.find_record(session, Event, ref)
        return write.build_response(session, 201, merging.split_event(session, event, body))


add_operations(
    router,
    Event,
    public=EventPublic,
    create=EventCreate,
    update=EventUpdate,
    add=records.add_event,
    change=records.update_event,
    on_delete="Its reports and their claims go with it; statements stay, without it.",
)
