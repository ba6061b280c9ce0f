import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from app.schemas.common import DocumentBrief, ListParams, SourceBrief, SpanPublic, SpeakerBrief


class OriginKind(StrEnum):
    """The kind of an origin: an outlet or agency, the media of a state, a speaker, or an agency only known by name."""

    SOURCE = "source"
    STATE = "state"
    SPEAKER = "speaker"
    AGENCY = "agency"


class OriginMember(BaseModel):
    """A source or speaker that belongs to the origin."""

    noun: str = Field(description="sources or speakers.")
    id: int
    slug: str
    name: str


class OriginStatement(BaseModel):
    """A statement that shows the origin of the document's report."""

    id: int
    speaker: SpeakerBrief | None
    relaying_speakers: list[SpeakerBrief] = Field(
        description="The voices that relayed it, the nearest to the document first."
    )
    exact: str = Field(description="The words.")
    start: int = Field(description="First code point in the document's text.")
    end: int = Field(description="Code point after the last.")


class OriginDocument(DocumentBrief):
    """A document that relies on the origin, with the evidence."""

    source: SourceBrief
    report_id: int | None = Field(description="Id of the report; null for an utterance.")
    basis: str = Field(
        description="`own_voice`: it is the outlet's own account; `relayed`: a voice that it quotes others through; "
        "`reported`: a news medium that it quotes; `credited`: the agency that it credits; `copied`: it is a near-copy "
        "of another document; `attributed`: it gives its report in another's words."
    )
    statements: list[OriginStatement] = Field(
        description="Statements on the event, or of the utterance, that it has from the origin."
    )
    copy_of_id: int | None = Field(description="Id of the document from which it is copied, almost unchanged.")
    similarity: float | None = Field(
        description="Estimated share of the shorter text that is in the other, from 0 to 1."
    )
    credit: SpanPublic | None = Field(description="The agency's name in the text that credits it; null for a byline.")


class OriginPublic(BaseModel):
    """An independent origin of documents: a source, the media of a state, a speaker or an agency."""

    key: str = Field(description="Its key: `source:7`, `state:KP`, `speaker:12` or `agency:kyodo news`.")
    kind: OriginKind
    name: str
    country: str | None = Field(description="The state that owns the media, as ISO 3166-1 alpha-2 code.")
    members: list[OriginMember] = Field(description="The sources and speakers that belong to it here.")
    source_count: int = Field(description="Outlets that rely on it.")
    document_count: int = Field(description="Documents that rely on it.")
    first_published_on: dt.date | None = Field(description="Earliest day on which one of them may have appeared.")
    through: list[str] = Field(description="Names of other origins, known only through this one and not counted.")
    relying_documents: list[OriginDocument] = Field(description="The documents that rely on it, the earliest first.")


class OriginFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?(documents|published)$")] = Field(
        default="-documents", description="Order, by the number of documents or by the first; `-` reverses."
    )
