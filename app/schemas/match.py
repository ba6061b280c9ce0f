from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.vocab import Noun
from app.schemas.common import CommaRefs, DatePublic, RecordParams, RecordPublic, SourceBrief, SpeakerBrief

_NOUN = "(events|statements)"
_SAME = "(true|false|unknown)"


class Matched(BaseModel):
    """One of the two."""

    id: int
    href: str = Field(description="Address of the record.")
    words: str = Field(description="The statement's words as printed; the event's title.")
    date: DatePublic | None = Field(description="When it was said; when it happened.")
    speaker: SpeakerBrief | None = Field(description="Who said it; null for an event.")
    source: SourceBrief | None = Field(description="The outlet that printed it; null for an event.")


class MatchPublic(RecordPublic):
    noun: Literal[Noun.EVENTS, Noun.STATEMENTS] = Field(description="What they are: events or statements.")
    one: Matched = Field(description="The record with the smaller id.")
    other: Matched = Field(description="The record with the greater id.")
    same: bool | None = Field(description="Whether they are one, as a person says; null while nobody has said so.")


class MatchFilter(RecordParams):
    noun: Annotated[str, Field(pattern=f"^{_NOUN}(,{_NOUN})*$")] | None = Field(
        default=None, description="Of what, comma for OR: events, statements."
    )
    same: Annotated[str, Field(pattern=f"^{_SAME}(,{_SAME})*$")] | None = Field(
        default=None, description="Whether a person says that they are one, comma for OR: true, false, unknown."
    )
    event: CommaRefs | None = Field(default=None, description="Ids or external ids of events, comma for OR.")
    statement: Annotated[str, Field(pattern="^[1-9][0-9]*(,[1-9][0-9]*)*$", max_length=500)] | None = Field(
        default=None, description="Ids of statements, comma for OR."
    )
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Only those of which the machine was at least so sure, and those of people."
    )
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
