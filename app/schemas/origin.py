import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from app.schemas.common import DocumentBrief, ListParams, SourceBrief, SpanPublic, SpeakerBrief


class OriginKind(StrEnum):
    """What an origin is: an outlet or agency, the media of a state, a speaker, or an agency that the store only knows
    by its credits."""

    SOURCE = "source"
    STATE = "state"
    SPEAKER = "speaker"
    AGENCY = "agency"


class OriginMember(BaseModel):
    """A source or speaker that the origin is."""

    noun: str = Field(description="sources or speakers.")
    id: int
    slug: str
    name: str


class OriginStatement(BaseModel):
    """A statement that shows from whom the document has its account."""

    id: int
    speaker: SpeakerBrief | None
    relaying_speakers: list[SpeakerBrief] = Field(
        description="The voices that relayed it, the nearest to the document first."
    )
    exact: str = Field(description="The words.")
    start: int = Field(description="First code point in the document's text.")
    end: int = Field(description="Code point after the last.")


class OriginDocument(DocumentBrief):
    """A document that rests on the origin, and what shows that it does."""

    source: SourceBrief
    report_id: int | None = Field(description="Id of the report; null where an utterance is asked for.")
    basis: str = Field(
        description="`own_voice`: it is the outlet's own account; `relayed`: a voice that it quotes others through; "
        "`reported`: a news medium that it quotes; `credited`: the agency that it credits; `copied`: it is a near-copy "
        "of another document; `attributed`: it gives its report in another's words."
    )
    statements: list[OriginStatement] = Field(description="What it prints of the event, or of the utterance, from it.")
    copy_of_id: int | None = Field(description="Id of the document of which it is a near-copy.")
    similarity: float | None = Field(description="How much of the shorter text is in the other, from 0 to 1, about.")
    credit: SpanPublic | None = Field(description="The agency's name where the text credits it; a byline has no place.")


class OriginPublic(BaseModel):
    """Somebody whose account stands behind documents, independent of the others."""

    key: str = Field(description="Who: `source:7`, `state:KP`, `speaker:12` or `agency:kyodo news`.")
    kind: OriginKind
    name: str
    country: str | None = Field(description="The state whose media they are, as ISO 3166-1 alpha-2 code.")
    members: list[OriginMember] = Field(description="The sources and speakers that stand for it here.")
    source_count: int = Field(description="Outlets that rest on it.")
    document_count: int = Field(description="Documents that rest on it.")
    first_published_on: dt.date | None = Field(description="Earliest day on which one of them may have appeared.")
    through: list[str] = Field(description="Names of others who are heard through it alone, and not counted.")
    relying_documents: list[OriginDocument] = Field(
        description="The documents that rest on it, the first to appear first."
    )


class OriginFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?(documents|published)$")] = Field(
        default="-documents", description="Order, by the number of documents or by the first; `-` reverses."
    )
