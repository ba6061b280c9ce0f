"""``/documents``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Document
from app.queries import documents
from app.queries.names import resolve
from app.routers import answers
from app.routers.answers import NESTED
from app.routers.crud import add_operations
from app.routers.statements import statement_list
from app.schemas.common import Page
from app.schemas.document import DocumentCreate, DocumentFilter, DocumentFull, DocumentPublic, DocumentUpdate
from app.schemas.statement import StatementFilter, StatementPublic
from app.web.deps import ReaderDep, RecordId

router = APIRouter(prefix="/documents", tags=["documents"])


@router.get("", response_model=Page[DocumentPublic], responses=answers.MANY)
def list_documents(request: Request, reader: ReaderDep, filters: Annotated[DocumentFilter, Query()]) -> Response:
    """Documents without their texts, the latest first."""
    ids = resolve(reader.session, {"source": filters.source})
    return answers.many(
        request, reader, filters, DocumentPublic, documents.listing(filters, ids=ids, dialect=reader.dialect)
    )


@router.get("/{id}/statements", response_model=Page[StatementPublic], responses=NESTED)
def list_document_statements(
    request: Request, reader: ReaderDep, ref: RecordId, filters: Annotated[StatementFilter, Query()]
) -> Response:
    """The statements that a document carries."""
    return statement_list(request, reader, filters, within=(Document, ref))


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
