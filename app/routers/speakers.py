"""``/speakers``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Speaker
from app.queries import speakers
from app.routers import answers
from app.routers.answers import NESTED
from app.routers.crud import add_operations
from app.routers.statements import statement_list
from app.schemas.common import Page
from app.schemas.speaker import SpeakerCreate, SpeakerFilter, SpeakerPublic, SpeakerUpdate
from app.schemas.statement import StatementFilter, StatementPublic
from app.web.deps import Address, ReaderDep

router = APIRouter(prefix="/speakers", tags=["speakers"])


@router.get("", response_model=Page[SpeakerPublic], responses=answers.MANY)
def list_speakers(request: Request, reader: ReaderDep, filters: Annotated[SpeakerFilter, Query()]) -> Response:
    """Speakers, by name."""
    return answers.many(request, reader, filters, SpeakerPublic, speakers.listing(filters))


@router.get("/{slug}/statements", response_model=Page[StatementPublic], responses=NESTED)
def list_speaker_statements(
    request: Request, reader: ReaderDep, ref: Address, filters: Annotated[StatementFilter, Query()]
) -> Response:
    """What a speaker said."""
    return statement_list(request, reader, filters, within=(Speaker, ref))


add_operations(
    router,
    Speaker,
    public=SpeakerPublic,
    create=SpeakerCreate,
    update=SpeakerUpdate,
    add=store.add_speaker,
    change=store.update_speaker,
    on_delete="Refused with 409 while statements, chains, utterances or claims rest on it.",
)
