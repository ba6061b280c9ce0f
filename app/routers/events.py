"""``/events``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Event
from app.queries import events, outlets, records
from app.queries.names import resolve
from app.routers import answers
from app.routers.answers import NESTED
from app.routers.crud import add_operations
from app.routers.statements import statement_list
from app.schemas.common import Page
from app.schemas.event import EventCreate, EventFilter, EventPublic, EventSourceFilter, EventSourcePublic, EventUpdate
from app.schemas.statement import StatementFilter, StatementPublic
from app.web.deps import ReaderDep, RecordId

router = APIRouter(prefix="/events", tags=["events"])


@router.get("", response_model=Page[EventPublic], responses=answers.MANY)
def list_events(request: Request, reader: ReaderDep, filters: Annotated[EventFilter, Query()]) -> Response:
    """Events, each with the outlets that reported it, the latest first."""
    ids = resolve(reader.session, {"source": filters.source, "speaker": filters.speaker})
    return answers.many(request, reader, filters, EventPublic, events.listing(filters, ids=ids, dialect=reader.dialect))


@router.get("/{id}/sources", response_model=Page[EventSourcePublic], responses=NESTED)
def list_event_sources(
    request: Request, reader: ReaderDep, ref: RecordId, filters: Annotated[EventSourceFilter, Query()]
) -> Response:
    """The outlets that reported an event, each with its documents and how far it was behind the first."""
    event = records.row(reader.session, Event, ref)
    return answers.many(request, reader, filters, EventSourcePublic, outlets.listing(event))


@router.get("/{id}/statements", response_model=Page[StatementPublic], responses=NESTED)
def list_event_statements(
    request: Request, reader: ReaderDep, ref: RecordId, filters: Annotated[StatementFilter, Query()]
) -> Response:
    """What was said at an event, or about it."""
    return statement_list(request, reader, filters, within=(Event, ref))


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
