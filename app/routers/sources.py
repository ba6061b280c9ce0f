"""``/sources``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Source
from app.queries import documents, events, sources
from app.queries.names import resolve
from app.routers import answers
from app.routers.answers import NESTED
from app.routers.crud import add_operations
from app.schemas.common import Page
from app.schemas.document import DocumentFilter, DocumentPublic
from app.schemas.event import EventFilter, EventPublic
from app.schemas.source import SourceCreate, SourceFilter, SourcePublic, SourceUpdate
from app.web.deps import Address, ReaderDep

router = APIRouter(prefix="/sources", tags=["sources"])


@router.get("", response_model=Page[SourcePublic], responses=answers.MANY)
def list_sources(request: Request, reader: ReaderDep, filters: Annotated[SourceFilter, Query()]) -> Response:
    """Sources, by name."""
    return answers.many(request, reader, filters, SourcePublic, sources.listing(filters))


@router.get("/{slug}/events", response_model=Page[EventPublic], responses=NESTED)
def list_source_events(
    request: Request, reader: ReaderDep, ref: Address, filters: Annotated[EventFilter, Query()]
) -> Response:
    """The events that a source reported."""
    names = {"source": filters.source, "speaker": filters.speaker}
    ids = resolve(reader.session, names, within=(Source, ref))
    found = events.listing(filters, ids=ids, dialect=reader.dialect, source_id=ids["within"][0])
    return answers.many(request, reader, filters, EventPublic, found)


@router.get("/{slug}/documents", response_model=Page[DocumentPublic], responses=NESTED)
def list_source_documents(
    request: Request, reader: ReaderDep, ref: Address, filters: Annotated[DocumentFilter, Query()]
) -> Response:
    """The documents of a source, without their texts."""
    ids = resolve(reader.session, {"source": filters.source}, within=(Source, ref))
    found = documents.listing(filters, ids=ids, dialect=reader.dialect, source_id=ids["within"][0])
    return answers.many(request, reader, filters, DocumentPublic, found)


add_operations(
    router,
    Source,
    public=SourcePublic,
    create=SourceCreate,
    update=SourceUpdate,
    add=store.add_source,
    change=store.update_source,
    on_delete="Refused with 409 while documents of it are in the store; speakers stay, without it.",
)
