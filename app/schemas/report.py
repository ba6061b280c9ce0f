from typing import Annotated

from pydantic import Field

from app.core.dates import EdtfText
from app.core.vocab import ReportRole
from app.schemas.claim import ClaimIn
from app.schemas.common import (
    Coding,
    CodingUpdate,
    CommaRefs,
    DatePublic,
    DocumentBrief,
    EventBrief,
    Id,
    RecordParams,
    RecordPublic,
    SourceBrief,
    SpanIn,
    SpanPublic,
    build_list_pattern,
    omittable_field,
)
from app.schemas.event import EventRef
from app.schemas.source import Sources

ReportRoles = Annotated[str, Field(pattern=build_list_pattern(ReportRole), description="Roles, comma for OR.")]


class ReportIn(Coding):
    """A report as part of the document that makes it."""

    event: EventRef
    role: ReportRole = ReportRole.MAIN
    passage: SpanIn | None = Field(default=None, description="The words that report the event.")
    date: EdtfText | None = Field(default=None, description="The event's date as the document gives it.")
    claims: Annotated[list[ClaimIn], Field(max_length=1000)] = []


class ReportCreate(ReportIn):
    """A report of an event in a document."""

    document: Id = Field(description="Id of the document.")


class ReportUpdate(CodingUpdate):
    role: ReportRole = omittable_field()
    passage: SpanIn | None = None
    date: EdtfText | None = None


class ReportPublic(RecordPublic):
    event: EventBrief
    source: SourceBrief
    document: DocumentBrief
    role: ReportRole
    passage: SpanPublic | None = Field(description="The words that report the event.")
    date: DatePublic | None = Field(description="The event's date as the document gives it.")
    claim_count: int = Field(description="Claims about the event.")


class ReportFilter(RecordParams):
    event: CommaRefs | None = Field(default=None, description="Ids or external ids of events, comma for OR.")
    source: Sources | None = None
    role: ReportRoles | None = None
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="id", description="Order; `-` reverses.")
