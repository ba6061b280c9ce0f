from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.vocab import Noun
from app.schemas.common import CommaRefs, DatePublic, RecordParams, RecordPublic, SourceBrief, SpeakerBrief

_NOUN = "(events|statements)"
_SAME = "(true|false|unknown)"


class Matched(BaseModel):
    """One of the two records of a match."""

    id: int
    href: str = Field(description="Address of the record.")
    words: str = Field(description="The statement's words as printed; the event's title.")
    date: DatePublic | None = Field(description="Date of saying, or of the event.")
    speaker: SpeakerBrief | None = Field(description="The speaker; null for an event.")
    source: SourceBrief | None = Field(description="The outlet that printed it; null for an event.")


class MatchPublic(RecordPublic):
    noun: Literal[Noun.EVENTS, Noun.STATEMENTS] = Field(description="events or statements.")
    one: Matched = Field(description="The record with the smaller id.")
    other: Matched = Field(description="The record with the greater id.")
    same: bool | None = Field(description="A person's verdict: true if they are the same; null without a verdict.")


class MatchFilter(RecordParams):
    noun: Annotated[str, Field(pattern=f"^{_NOUN}(,{_NOUN})*$")] | None = Field(
        default=None, description="Nouns of the pairs, comma for OR: events, statements."
    )
    same: Annotated[str, Field(pattern=f"^{_SAME}(,{_SAME})*$")] | None = Field(
        default=None, description="A person's verdict, comma for OR: true, false, unknown."
    )
    event: CommaRefs | None = Field(default=None, description="Ids or external ids of events, comma for OR.")
    statement: Annotated[str, Field(pattern="^[1-9][0-9]*(,[1-9][0-9]*)*$", max_length=500)] | None = Field(
        default=None, description="Ids of statements, comma for OR."
    )
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Least confidence of a machine's matches; those of people are included."
    )
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
