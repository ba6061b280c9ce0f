"""``/speakers``"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

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
from app.web.deps import Address
from app.web.reading import ReadDep, ReadRoute

router = APIRouter(prefix="/speakers", tags=["speakers"], route_class=ReadRoute)


@router.get("", response_model=Page[SpeakerPublic], responses=answers.MANY)
async def list_speakers(read: ReadDep, filters: Annotated[SpeakerFilter, Query()]) -> Response:
    """Speakers, by name."""
    return await answers.many(read, filters, SpeakerPublic, lambda reads: speakers.listing(reads, filters))


@router.get("/{slug}/statements", response_model=Page[StatementPublic], responses=NESTED)
async def list_speaker_statements(
    read: ReadDep, ref: Address, filters: Annotated[StatementFilter, Query()]
) -> Response:
    """What a speaker said."""
    return await statement_list(read, filters, within=(Speaker, ref))


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
