"""``/documents``"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.ingest import store
from app.models import Document
from app.queries import documents
from app.routers import answers
from app.routers.answers import NESTED
from app.routers.crud import add_operations
from app.routers.statements import statement_list
from app.schemas.common import Page
from app.schemas.document import DocumentCreate, DocumentFilter, DocumentFull, DocumentPublic, DocumentUpdate
from app.schemas.statement import StatementFilter, StatementPublic
from app.web.deps import RecordId
from app.web.reading import ReadDep, ReadRoute

router = APIRouter(prefix="/documents", tags=["documents"], route_class=ReadRoute)


@router.get("", response_model=Page[DocumentPublic], responses=answers.MANY)
async def list_documents(read: ReadDep, filters: Annotated[DocumentFilter, Query()]) -> Response:
    """Documents without their texts, the latest first."""
    return await answers.many(read, filters, DocumentPublic, lambda reads: documents.listing(reads, filters))


@router.get("/{id}/statements", response_model=Page[StatementPublic], responses=NESTED)
async def list_document_statements(
    read: ReadDep, ref: RecordId, filters: Annotated[StatementFilter, Query()]
) -> Response:
    """The statements that a document carries."""
    return await statement_list(read, filters, within=(Document, ref))


add_operations(
    router,
    Document,
    public=DocumentFull,
    create=DocumentCreate,
    update=DocumentUpdate,
    add=store.put_document,
    change=store.update_document,
    there_already="The same document is in the store; it is left as it stands.",
    on_delete="Its reports, claims and statements go with it.",
)
