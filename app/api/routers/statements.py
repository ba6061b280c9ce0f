"""Serve ``/statements``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.web.reads import ReadDep, ReadRequest, ReadRoute
from app.database.models import Statement
from app.queries import statements
from app.queries.names import Within
from app.schemas.common import Page
from app.schemas.statement import StatementCreate, StatementFilter, StatementPublic, StatementUpdate
from app.store import records

router = APIRouter(prefix="/statements", tags=["statements"], route_class=ReadRoute)


@router.get("", response_model=Page[StatementPublic], responses=responses.LIST)
async def list_statements(read: ReadDep, filters: Annotated[StatementFilter, Query()]) -> Response:
    """List statements with speaker, words, span and chain, the last said first."""
    return await build_statement_list(read, filters)


async def build_statement_list(
    read: ReadRequest, filters: StatementFilter, *, within: Within | None = None
) -> Response:
    """Return the statements that match, of all or of one event, document or speaker."""
    return await responses.build_list(
        read, filters, StatementPublic, lambda reads: statements.get_listing(reads, filters, within=within)
    )


add_operations(
    router,
    Statement,
    public=StatementPublic,
    create=StatementCreate,
    update=StatementUpdate,
    add=records.add_statement,
    change=records.update_statement,
    on_delete="Its chain goes with it.",
)
