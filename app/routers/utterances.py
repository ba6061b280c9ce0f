"""``/utterances``"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.ingest import store
from app.models import Utterance
from app.queries import utterances
from app.routers import answers
from app.routers.crud import add_operations
from app.schemas.common import Page
from app.schemas.utterance import UtteranceCreate, UtteranceFilter, UtterancePublic, UtteranceUpdate
from app.web.reading import ReadDep, ReadRoute

router = APIRouter(prefix="/utterances", tags=["utterances"], route_class=ReadRoute)


@router.get("", response_model=Page[UtterancePublic], responses=answers.MANY)
async def list_utterances(read: ReadDep, filters: Annotated[UtteranceFilter, Query()]) -> Response:
    """Utterances: the things said, of which statements are the printings."""
    return await answers.many(read, filters, UtterancePublic, lambda reads: utterances.listing(reads, filters))


add_operations(
    router,
    Utterance,
    public=UtterancePublic,
    create=UtteranceCreate,
    update=UtteranceUpdate,
    add=store.add_utterance,
    change=store.update_utterance,
    on_delete="Its statements stay, without it.",
)
