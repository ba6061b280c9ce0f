from typing import Annotated

from pydantic import BaseModel, Field

from app.core.vocab import Accord
from app.schemas.claim import Properties
from app.schemas.common import (
    Confidence,
    DateParams,
    DocumentBrief,
    EventBrief,
    ListParams,
    SourceBrief,
    SpanPublic,
    SpeakerBrief,
    build_list_pattern,
)
from app.schemas.source import Sources


class OriginBrief(BaseModel):
    """Whose account a claim is: the voice that the document gives for it, or else the outlet."""

    key: str = Field(
        description="Who it is, as in the list of an event's origins: `source:7`, `state:KP`, `speaker:12`."
    )
    name: str


class ValueClaim(BaseModel):
    """A claim of a value."""

    id: int = Field(description="Id of the claim.")
    report_id: int = Field(description="Id of the report that makes it.")
    source: SourceBrief
    document: DocumentBrief
    origin: OriginBrief
    attributed_to: SpeakerBrief | None = Field(description="The speaker whom the document gives for it.")
    span: SpanPublic
    coded_by: str = Field(description="Who read this: human, machine or import.")
    confidence: float | None = Field(description="How sure the coder was, from 0 to 1.")


class DiscrepancyValue(BaseModel):
    """One value, and who claims it."""

    id: int = Field(description="Its number in this list, from 1.")
    value: str = Field(description="In its normal form; as first printed where it has none.")
    unit: str | None = Field(description="Unit or notation of the value.")
    printed_forms: list[str] = Field(description="As printed, each way once.")
    agreeing_ids: list[int] = Field(
        description="Numbers of the values that can be meant by the same truth: less precise ones."
    )
    unclear_ids: list[int] = Field(description="Numbers of the values of which nothing can be said beside this.")
    differing_ids: list[int] = Field(description="Numbers of the values that cannot be true if this is.")
    claiming_sources: list[SourceBrief] = Field(description="The outlets that print it.")
    origins: list[OriginBrief] = Field(description="Whose accounts they print.")
    claims: list[ValueClaim]


class DiscrepancyPublic(BaseModel):
    """What documents say of one property of one event, value by value; none is declared right."""

    event: EventBrief
    property: str = Field(description="The property claimed, in snake_case.")
    agreement: Accord = Field(description="agreement, conflict, or unclear where neither can be said.")
    value_labels: list[str] = Field(
        description="The values in their normal forms, quantities with their units, in their order."
    )
    value_count: int = Field(description="Values; those that are equal in another unit or notation are one.")
    claim_count: int = Field(description="Claims of all values.")
    source_count: int = Field(description="Outlets that claim any of them.")
    origin_count: int = Field(description="Origins of the claims.")
    claiming_sources: list[SourceBrief] = Field(description="Outlets that claim any of them.")
    values: list[DiscrepancyValue] = Field(description="Each value with its claims; of more than 100, the first 100.")


class EventDiscrepancyFilter(ListParams):
    """The filters of the discrepancies of one event."""

    property: Properties | None = None
    source: Sources | None = None
    verdict: Annotated[str, Field(pattern=build_list_pattern(Accord))] | None = Field(
        default=None, description="Verdicts, comma for OR.", examples=["conflict"]
    )
    all: bool = Field(default=False, description="Also properties of which there is one value only.")
    min_confidence: Confidence = Field(
        default=0.5, description="Least confidence of a machine's claim: below 0.5 are suggestions.", examples=[0.5]
    )
    sort: Annotated[str, Field(pattern="^-?property$")] = Field(default="property", description="Order; `-` reverses.")


class DiscrepancyFilter(DateParams, EventDiscrepancyFilter):
    """The filters of the discrepancies of events."""

    sort: Annotated[str, Field(pattern="^-?date$")] = Field(
        default="-date", description="Order, by the event's date, then by property; `-` reverses that of the dates."
    )
