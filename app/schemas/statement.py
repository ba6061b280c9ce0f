from typing import Annotated

from pydantic import BaseModel, Field

from app.core.dates import EdtfText
from app.core.vocab import CodedBy, StatementKind
from app.schemas.common import (
    Coding,
    CodingUpdate,
    CommaRefs,
    DateParams,
    DatePublic,
    DocumentBrief,
    EventBrief,
    Id,
    Language,
    RecordParams,
    RecordPublic,
    Ref,
    SearchText,
    SourceBrief,
    SpanIn,
    SpanPublic,
    SpeakerBrief,
    build_list_pattern,
    omittable_field,
)
from app.schemas.event import EventRef
from app.schemas.source import Sources
from app.schemas.speaker import Speakers
from app.schemas.utterance import UtteranceRef

Translated = Annotated[bool, Field(description="True if it was said in another language; null if unknown.")]
StatementKinds = Annotated[str, Field(pattern=build_list_pattern(StatementKind), description="Kinds, comma for OR.")]
Coders = Annotated[
    str,
    Field(pattern=build_list_pattern(CodedBy), description="Coders: human, machine or import, comma for OR."),
]
MinConfidence = Annotated[
    float, Field(ge=0, le=1, description="None that its coder was less sure of; those without a confidence stay.")
]
Chain = Annotated[
    list["HopIn"], Field(max_length=20, description="Relaying voices, the nearest to the document first.")
]


class HopIn(Coding):
    """One hop of a statement's chain: the voice that relayed it, and the words that say so."""

    speaker: Ref
    cue: SpanIn | None = None


class StatementIn(Coding):
    """A statement as part of the document that carries it."""

    speaker: Ref | None = Field(default=None, description="Absent if the document does not name one.")
    event: EventRef | None = Field(default=None, description="The event at or about which it was said.")
    utterance: UtteranceRef | None = Field(default=None, description="The utterance that it prints.")
    kind: StatementKind
    span: SpanIn = Field(description="The words, without the quotation marks around them.")
    cue: SpanIn | None = Field(default=None, description="The words that attribute it, such as “said”.")
    said: EdtfText | None = Field(default=None, description="Date of saying.")
    language: Language | None = Field(default=None, description="Of the words as printed; the document's by default.")
    translated: Translated | None = None
    chain: Chain = []


class StatementCreate(StatementIn):
    """Words that one document attributes to a speaker."""

    document: Id = Field(description="Id of the document.")


class StatementUpdate(CodingUpdate):
    speaker: Ref | None = None
    event: EventRef | None = None
    utterance: UtteranceRef | None = None
    kind: StatementKind = omittable_field()
    span: SpanIn = omittable_field()
    cue: SpanIn | None = None
    said: EdtfText | None = None
    language: Language | None = None
    translated: Translated | None = None
    chain: Chain = omittable_field()


class HopPublic(BaseModel):
    """One hop of the chain; position 0 is nearest to the document."""

    position: int = Field(description="Place in the chain, from 0.")
    speaker: SpeakerBrief
    cue: SpanPublic | None


class StatementPublic(RecordPublic):
    text: str = Field(description="The words as the document prints them.")
    kind: StatementKind
    speaker: SpeakerBrief | None = Field(description="Null if the document does not name one.")
    source: SourceBrief
    document: DocumentBrief
    event: EventBrief | None
    span: SpanPublic
    cue: SpanPublic | None = Field(description="The words that attribute it.")
    said: DatePublic | None = Field(description="Date of saying.")
    chain: list[HopPublic] = Field(description="The voices that relayed it, the nearest to the document first.")
    utterance_id: int | None = Field(description="Id of the utterance that it prints.")
    utterance_by: CodedBy | None = Field(description="The coder of its utterance, or of the finding that it has none.")
    utterance_confidence: float | None = Field(description="Confidence of a machine in its utterance, from 0 to 1.")
    language: str | None = Field(description="Language of the words as printed.")
    translated: bool | None = Field(description="True if it was said in another language; null if unknown.")


class StatementFilter(DateParams, RecordParams):
    speaker: Speakers | None = None
    source: Sources | None = None
    via: Speakers | None = Field(default=None, description="Relayed by: speakers by slug, id or name, comma for OR.")
    event: CommaRefs | None = Field(default=None, description="Ids or external ids of events, comma for OR.")
    utterance: CommaRefs | None = Field(default=None, description="Ids or external ids of utterances, comma for OR.")
    kind: StatementKinds | None = None
    coded_by: Coders | None = None
    min_confidence: MinConfidence | None = None
    q: SearchText | None = None
    sort: Annotated[str, Field(pattern="^-?(said|id)$")] = Field(
        default="-said", description="Order; `-` reverses. A statement without a date of saying sorts before all dates."
    )
