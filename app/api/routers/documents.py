"""Serve ``/documents``."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, HTTPException, Query, Request, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.routers.responses import NESTED_LIST
from app.api.routers.statements import build_statement_list
from app.api.web.problems import describe_statuses
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import RecordId
from app.api.web.writes import CREATE, WriteDep
from app.capture.capture import capture_url, store_capture
from app.comparisons import versions
from app.core.errors import Refused, Unreadable
from app.database.models import Document
from app.queries import documents
from app.schemas.common import Page
from app.schemas.document import (
    DocumentCreate,
    DocumentFilter,
    DocumentFromUrl,
    DocumentFull,
    DocumentPublic,
    DocumentUpdate,
)
from app.schemas.statement import StatementFilter, StatementPublic
from app.schemas.version import DocumentVersion, DocumentVersionFilter
from app.store import records
from app.store.extractions.documents import extract_document, save_extraction

router = APIRouter(prefix="/documents", tags=["documents"], route_class=ReadRoute)

_CREATED = CREATE | {
    200: {"model": DocumentFull, "description": "The store has the same document already; it stays unchanged."}
}


@router.get("", response_model=Page[DocumentPublic], responses=responses.LIST)
async def list_documents(read: ReadDep, filters: Annotated[DocumentFilter, Query()]) -> Response:
    """List documents without their texts, the latest first."""
    return await responses.build_list(
        read, filters, DocumentPublic, lambda reads: documents.get_listing(reads, filters)
    )


@router.get("/{id}/statements", response_model=Page[StatementPublic], responses=NESTED_LIST)
async def list_document_statements(
    read: ReadDep, ref: RecordId, filters: Annotated[StatementFilter, Query()]
) -> Response:
    """List the statements of a document."""
    return await build_statement_list(read, filters, within=(Document, ref))


@router.get("/{id}/versions", response_model=Page[DocumentVersion], responses=NESTED_LIST)
async def list_document_versions(
    read: ReadDep, ref: RecordId, filters: Annotated[DocumentVersionFilter, Query()]
) -> Response:
    """List all captures of the document's item, the oldest first, each compared with the one before."""
    return await responses.build_list(
        read, filters, DocumentVersion, lambda reads: versions.get_listing(reads, ref), thorough=True
    )


@router.post("", status_code=201, response_model=DocumentFull, responses=_CREATED, summary="Create one document")
def create_document(write: WriteDep, body: DocumentCreate) -> Response:
    """Store a document with all that it carries, and with `extract` what the machine finds, in one transaction."""
    extraction = extract_document(body) if body.extract else None
    with write.open_transaction() as session:
        document = records.put_document(session, body)
        if extraction is not None and session.has_written(document):
            save_extraction(session, document, extraction)
        return write.build_response(session, 201 if session.has_written(document) else 200, document)


@router.post("/from-url", status_code=201, response_model=DocumentFull, responses=_CREATED | describe_statuses(502))
async def create_document_from_url(request: Request, write: WriteDep, body: DocumentFromUrl) -> Response:
    """Fetch a page and store its article as a document, with what the page says of its title, authors and time.

    A changed article supersedes the capture before it. An unknown outlet is added.
    """
    await anyio.to_thread.run_sync(write.replay_if_repeated)
    try:
        page = await capture_url(request.app.state.fetcher, body.url, extract=body.extract)
    except (Refused, Unreadable) as error:
        error.extensions.setdefault("errors", [{"field": "url", "detail": error.detail}])
        raise

    def store() -> Response:
        with write.open_transaction() as session:
            document = store_capture(session, page, source=body.source)
            return write.build_response(session, 201 if session.has_written(document) else 200, document)

    return await anyio.to_thread.run_sync(store)


@router.api_route("/from-url", methods=["GET", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_other_methods() -> Response:
    """Refuse them here, before they are taken for those of a document with the id ``from-url``."""
    raise HTTPException(405)


add_operations(
    router,
    Document,
    public=DocumentFull,
    create=DocumentCreate,
    update=DocumentUpdate,
    add=None,
    change=records.update_document,
    on_delete="Its reports, claims and statements go with it.",
)
