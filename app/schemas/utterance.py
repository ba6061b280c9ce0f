from typing import Annotated

from pydantic import Field

from app.dates import EdtfText
from app.schemas.common import (
    Coding,
    CodingUpdate,
    DatePublic,
    ExternalId,
    Id,
    ListParams,
    RecordPublic,
    Ref,
    SpeakerBrief,
)
from app.schemas.speaker import Speakers

UtteranceRef = Annotated[Id | ExternalId, Field(description="Id or external id of an utterance.")]


class UtteranceCreate(Coding):
    """The one thing said, of which several statements are the printings."""

    speaker: Ref | None = None
    said: EdtfText | None = Field(default=None, description="When it was said.")
    external_id: ExternalId | None = None


class UtteranceUpdate(CodingUpdate):
    speaker: Ref | None = None
    said: EdtfText | None = None
    external_id: ExternalId | None = None


class UtterancePublic(RecordPublic):
    speaker: SpeakerBrief | None
    said: DatePublic | None
    statements: list[int] = Field(description="Ids of the statements that print it.")
    source_count: int = Field(description="Outlets that print it.")
    external_id: str | None = Field(description="The record's name elsewhere.")


class UtteranceFilter(ListParams):
    speaker: Speakers | None = None
    sort: Annotated[str, Field(pattern="^-?said$")] = Field(default="-said", description="Order; `-` reverses.")
