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
    """The origin of a claim: the voice to which the document attributes it, or else the outlet."""

    key: str = Field(description="Its key, as in the list of an event's origins: `source:7`, `state:KP`, `speaker:12`.")
    name: str


class ValueClaim(BaseModel):
    """A claim of a value."""

    id: int = Field(description="Id of the claim.")
    report_id: int = Field(description="Id of the report that makes it.")
    source: SourceBrief
    document: DocumentBrief
    origin: OriginBrief
    attributed_to: SpeakerBrief | None = Field(description="The speaker to whom the document attributes it.")
    span: SpanPublic
    coded_by: str = Field(description="The coder: human, machine or import.")
    confidence: float | None = Field(description="Confidence of the coder, from 0 to 1; null if unknown.")


class DiscrepancyValue(BaseModel):
    """One value with its claims."""

    id: int = Field(description="Its id in this list: a number from 1.")
    value: str = Field(description="In its normal form; as first printed where it has none.")
    unit: str | None = Field(description="Unit or notation of the value.")
    printed_forms: list[str] = Field(description="The printed forms, each once.")
    agreeing_ids: list[int] = Field(
        description="Ids of the values that may be true together with this one: more or less precise ones."
    )
    unclear_ids: list[int] = Field(description="Ids of the values that cannot be compared with this one.")
    differing_ids: list[int] = Field(description="Ids of the values that cannot be true if this one is.")
    claiming_sources: list[SourceBrief] = Field(description="The outlets that print it.")
    origins: list[OriginBrief] = Field(description="The origins of the claims.")
    claims: list[ValueClaim]


class DiscrepancyPublic(BaseModel):
    """The values that documents claim for one property of one event."""

    event: EventBrief
    property: str = Field(description="The property claimed, in snake_case.")
    agreement: Accord = Field(description="`agreement`, `conflict`, or `unclear` if neither is certain.")
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
    all: bool = Field(default=False, description="Also properties with one value only.")
    min_confidence: Confidence = Field(
        default=0.5, description="Least confidence of a machine's claim: below 0.5 are suggestions.", examples=[0.5]
    )
    sort: Annotated[str, Field(pattern="^-?property$")] = Field(default="property", description="Order; `-` reverses.")


class DiscrepancyFilter(DateParams, EventDiscrepancyFilter):
    """The filters of the discrepancies of events."""

    sort: Annotated[str, Field(pattern="^-?date$")] = Field(
        default="-date", description="Order, by the event's date, then by property; `-` reverses that of the dates."
    )
