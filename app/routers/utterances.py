"""``/utterances``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Utterance
from app.queries import utterances
from app.queries.names import resolve
from app.routers import answers
from app.routers.crud import add_operations
from app.schemas.common import Page
from app.schemas.utterance import UtteranceCreate, UtteranceFilter, UtterancePublic, UtteranceUpdate
from app.web.deps import ReaderDep

router = APIRouter(prefix="/utterances", tags=["utterances"])


@router.get("", response_model=Page[UtterancePublic], responses=answers.MANY)
def list_utterances(request: Request, reader: ReaderDep, filters: Annotated[UtteranceFilter, Query()]) -> Response:
    """Utterances: the things said, of which statements are the printings."""
    ids = resolve(reader.session, {"speaker": filters.speaker})
    return answers.many(request, reader, filters, UtterancePublic, utterances.listing(filters, ids=ids))


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
