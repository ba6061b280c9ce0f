"""``/events``"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.ingest import store
from app.models import Event
from app.queries import events, outlets
from app.routers import answers
from app.routers.answers import NESTED
from app.routers.crud import add_operations
from app.routers.statements import statement_list
from app.schemas.common import Page
from app.schemas.event import EventCreate, EventFilter, EventPublic, EventSourceFilter, EventSourcePublic, EventUpdate
from app.schemas.statement import StatementFilter, StatementPublic
from app.web.deps import RecordId
from app.web.reading import ReadDep, ReadRoute

router = APIRouter(prefix="/events", tags=["events"], route_class=ReadRoute)


@router.get("", response_model=Page[EventPublic], responses=answers.MANY)
async def list_events(read: ReadDep, filters: Annotated[EventFilter, Query()]) -> Response:
    """Events, each with the outlets that reported it, the latest first."""
    return await answers.many(read, filters, EventPublic, lambda reads: events.listing(reads, filters))


@router.get("/{id}/sources", response_model=Page[EventSourcePublic], responses=NESTED)
async def list_event_sources(read: ReadDep, ref: RecordId, filters: Annotated[EventSourceFilter, Query()]) -> Response:
    """The outlets that reported an event, each with its documents and how far it was behind the first."""
    return await answers.many(read, filters, EventSourcePublic, lambda reads: outlets.listing(reads, (Event, ref)))


@router.get("/{id}/statements", response_model=Page[StatementPublic], responses=NESTED)
async def list_event_statements(read: ReadDep, ref: RecordId, filters: Annotated[StatementFilter, Query()]) -> Response:
    """What was said at an event, or about it."""
    return await statement_list(read, filters, within=(Event, ref))


add_operations(
    router,
    Event,
    public=EventPublic,
    create=EventCreate,
    update=EventUpdate,
    add=store.add_event,
    change=store.update_event,
    on_delete="Its reports and their claims go with it; statements stay, without it.",
)
