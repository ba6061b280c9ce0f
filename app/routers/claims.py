"""``/claims``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Claim
from app.queries import claims
from app.queries.names import resolve
from app.routers import answers
from app.routers.crud import add_operations
from app.schemas.claim import ClaimCreate, ClaimFilter, ClaimPublic, ClaimUpdate
from app.schemas.common import Page
from app.web.deps import ReaderDep

router = APIRouter(prefix="/claims", tags=["claims"])


@router.get("", response_model=Page[ClaimPublic], responses=answers.MANY)
def list_claims(request: Request, reader: ReaderDep, filters: Annotated[ClaimFilter, Query()]) -> Response:
    """Claims: what documents say of the properties of events."""
    ids = resolve(reader.session, {"source": filters.source})
    return answers.many(request, reader, filters, ClaimPublic, claims.listing(filters, ids=ids))


add_operations(
    router,
    Claim,
    public=ClaimPublic,
    create=ClaimCreate,
    update=ClaimUpdate,
    add=store.add_claim,
    change=store.update_claim,
    on_delete="Nothing hangs on it.",
)
