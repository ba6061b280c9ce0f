"""Serve ``/speakers``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.routers.responses import NESTED_LIST
from app.api.routers.statements import build_statement_list
from app.api.routers.utterances import build_utterance_list
from app.api.web.reads import ReadDep, ReadRoute
from app.api.web.requests import SlugOrId
from app.api.web.writes import CHANGE, WriteDep
from app.comparisons.speaker_records import build_speaker
from app.database.models import Speaker
from app.queries import speakers
from app.schemas.common import Page
from app.schemas.printing import UtteranceFilter
from app.schemas.speaker import (
    SpeakerCreate,
    SpeakerFilter,
    SpeakerFull,
    SpeakerMerge,
    SpeakerPublic,
    SpeakerSplit,
    SpeakerUpdate,
)
from app.schemas.statement import StatementFilter, StatementPublic
from app.schemas.utterance import UtterancePublic
from app.store import sources_and_speakers
from app.store.merging import speakers as merging

router = APIRouter(prefix="/speakers", tags=["speakers"], route_class=ReadRoute)


@router.get("", response_model=Page[SpeakerPublic], responses=responses.LIST)
async def list_speakers(read: ReadDep, filters: Annotated[SpeakerFilter, Query()]) -> Response:
    """List speakers by name."""
    return await responses.build_list(read, filters, SpeakerPublic, lambda reads: speakers.get_listing(reads, filters))


@router.get("/{slug}/statements", response_model=Page[StatementPublic], responses=NESTED_LIST)
async def list_speaker_statements(
    read: ReadDep, ref: SlugOrId, filters: Annotated[StatementFilter, Query()]
) -> Response:
    """List the statements of a speaker."""
    return await build_statement_list(read, filters, within=(Speaker, ref))


@router.get("/{slug}/utterances", response_model=Page[UtterancePublic], responses=NESTED_LIST)
async def list_speaker_utterances(
    read: ReadDep, ref: SlugOrId, filters: Annotated[UtteranceFilter, Query()]
) -> Response:
    """List the utterances of a speaker: each once, however many documents print it."""
    return await build_utterance_list(read, filters, within=(Speaker, ref))


@router.post("/{slug}/merge", response_model=SpeakerFull, responses=CHANGE)
def merge_speakers(write: WriteDep, ref: SlugOrId, body: SpeakerMerge) -> Response:
    """Merge other speakers into this one, with their statements, relays and names, and delete them.

    This speaker takes the fields that it lacks (title, country, Wikidata item, source) from them, and their names as
    aliases. The merge is refused if people gave the speakers different kinds or Wikidata items.
    """
    with write.open_transaction() as session:
        into = write.find_record(session, Speaker, ref)
        return write.build_response(session, 200, merging.merge_speakers(session, into, body), render=build_speaker)


@router.post("/{slug}/split", status_code=201, response_model=SpeakerFull, responses=CHANGE)
def split_speaker(write: WriteDep, ref: SlugOrId, body: SpeakerSplit) -> Response:
    """Split some names, statements and claims off into another speaker, and return that one."""
    with write.open_transaction() as session:
        speaker = write.find_record(session, Speaker, ref)
        return write.build_response(session, 201, merging.split_speaker(session, speaker, body), render=build_speaker)


add_operations(
    router,
    Speaker,
    public=SpeakerFull,
    create=SpeakerCreate,
    update=SpeakerUpdate,
    add=sources_and_speakers.add_speaker,
    change=sources_and_speakers.update_speaker,
    on_delete="Refused with 409 while statements, chains, utterances or claims refer to it.",
    render=build_speaker,
)
