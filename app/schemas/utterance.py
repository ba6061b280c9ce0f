import datetime as dt
from typing import Annotated

from pydantic import Field

from app.core.dates import EdtfText
from app.schemas.common import Coding, CodingUpdate, DatePublic, ExternalId, Id, RecordPublic, Ref, SpeakerBrief

UtteranceRef = Annotated[Id | ExternalId, Field(description="Id or external id of an utterance.")]


class UtteranceCreate(Coding):
    """Words said once, which several statements print."""

    speaker: Ref | None = None
    said: EdtfText | None = Field(default=None, description="Date of saying.")
    external_id: ExternalId | None = None


class UtteranceUpdate(CodingUpdate):
    speaker: Ref | None = None
    said: EdtfText | None = None
    external_id: ExternalId | None = None


class UtterancePublic(RecordPublic):
    speaker: SpeakerBrief | None
    said: DatePublic | None
    words: str | None = Field(
        description="The fullest printing, the longest of those in the language that most are in; null without any."
    )
    statement_ids: list[int] = Field(description="Ids of the statements that print it.")
    printing_count: int = Field(description="Statements that print it.")
    source_count: int = Field(description="Outlets that print it.")
    languages: list[str] = Field(description="Languages that it is printed in, as BCP 47 tags.")
    first_published_on: dt.date | None = Field(description="First day on which a document may have printed it.")
    external_id: str | None = Field(description="The record's name elsewhere.")
