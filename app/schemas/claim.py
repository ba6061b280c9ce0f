from typing import Annotated

from pydantic import Field

from app.core.spans import Text
from app.schemas.common import (
    Coding,
    CodingUpdate,
    CommaRefs,
    DocumentBrief,
    EventBrief,
    Id,
    RecordParams,
    RecordPublic,
    Ref,
    SourceBrief,
    SpanIn,
    SpanPublic,
    SpeakerBrief,
    omittable_field,
)
from app.schemas.source import Sources

Property = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9_]{0,63}$", description="The property claimed, in snake_case.", examples=["last_visit"]
    ),
]
Properties = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*$",
        max_length=500,
        description="Properties, comma for OR.",
        examples=["last_visit"],
    ),
]
Normalized = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=1000,
        description="The value in a form that can be compared: a date in EDTF, a name, or a number such as `550`, "
        "`550..` (at least), `..19` (at most), `24..99`, `>900`, `<20` or `~1000` (about).",
        examples=["2000-07", "550.."],
    ),
]
Unit = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=50,
        description="Unit or notation of the normalized value: `edtf`, `name`, or what the number counts or measures.",
        examples=["edtf", "people"],
    ),
]


class ClaimIn(Coding):
    """A claim as part of the report that makes it."""

    property: Property
    span: SpanIn = Field(description="The value as printed.")
    normalized: Normalized | None = None
    unit: Unit | None = None
    attributed_to: Ref | None = Field(default=None, description="The speaker to whom the document attributes it.")


class ClaimCreate(ClaimIn):
    """A value that a document claims for one property of an event."""

    report: Id = Field(description="Id of the report.")


class ClaimUpdate(CodingUpdate):
    property: Property = omittable_field()
    span: SpanIn = omittable_field()
    normalized: Normalized | None = None
    unit: Unit | None = None
    attributed_to: Ref | None = None


class ClaimPublic(RecordPublic):
    report_id: int = Field(description="Id of the report that makes it.")
    event: EventBrief
    source: SourceBrief
    document: DocumentBrief
    property: str = Field(description="The property claimed, in snake_case.")
    value: str = Field(description="As printed.")
    normalized: str | None = Field(description="In a form that can be compared.")
    unit: str | None = Field(description="Unit or notation of the normalized value.")
    span: SpanPublic
    attributed_to: SpeakerBrief | None = Field(description="The speaker to whom the document attributes it.")


class ClaimFilter(RecordParams):
    event: CommaRefs | None = Field(default=None, description="Ids or external ids of events, comma for OR.")
    source: Sources | None = None
    property: Properties | None = None
    sort: Annotated[str, Field(pattern="^-?(property|id)$")] = Field(default="id", description="Order; `-` reverses.")
