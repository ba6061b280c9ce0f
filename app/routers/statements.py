"""``/statements``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Statement
from app.queries import statements
from app.queries.names import Within, resolve
from app.routers import answers
from app.routers.crud import add_operations
from app.schemas.common import Page
from app.schemas.statement import StatementCreate, StatementFilter, StatementPublic, StatementUpdate
from app.web.deps import Reader, ReaderDep

router = APIRouter(prefix="/statements", tags=["statements"])


@router.get("", response_model=Page[StatementPublic], responses=answers.MANY)
def list_statements(request: Request, reader: ReaderDep, filters: Annotated[StatementFilter, Query()]) -> Response:
    """Statements with speaker, words, span and chain, the last said first."""
    return statement_list(request, reader, filters)


def statement_list(
    request: Request, reader: Reader, filters: StatementFilter, *, within: Within | None = None
) -> Response:
    """The statements that match, all or those of one event, document or speaker."""
    names = {"speaker": filters.speaker, "source": filters.source, "via": filters.via}
    ids = resolve(reader.session, names, within=within)
    of = {f"{within[0].__tablename__}_id": ids["within"][0]} if within else {}
    found = statements.listing(filters, ids=ids, dialect=reader.dialect, **of)
    return answers.many(request, reader, filters, StatementPublic, found)


add_operations(
    router,
    Statement,
    public=StatementPublic,
    create=StatementCreate,
    update=StatementUpdate,
    add=store.add_statement,
    change=store.update_statement,
    on_delete="Its chain goes with it.",
)
