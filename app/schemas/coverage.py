import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field

from app.core.spans import Digits
from app.core.vocab import CoverageStatus, ReportRole
from app.schemas.common import (
    DateParams,
    DatePublic,
    EventBrief,
    ListParams,
    SourceBrief,
    SpeakerBrief,
    build_list_pattern,
)
from app.schemas.event import EventTypes, OutletPublic
from app.schemas.source import Countries, Sources


class CoveringDocument(BaseModel):
    """A document on the event: it reports it, or prints what was said at it."""

    id: int
    report_id: int | None = Field(description="Id of the report; null where it only prints statements.")
    title: str | None = Field(description="Headline as printed.")
    url: str | None
    byline: str | None
    published: DatePublic | None
    published_at: dt.datetime | None = Field(description="Moment of publication, in UTC; null if unknown.")
    lag_days: int | None = Field(description="Days behind the first document, by the earliest day of each.")
    lag_seconds: int | None = Field(description="Seconds behind the first, where the moments of both are known.")
    role: ReportRole | None
    length: int = Field(description="Code points of its text.")
    passage_length: int = Field(description="Code points of the passage that reports the event.")
    statement_length: int = Field(description="Code points in statements made at the event or about it.")
    claim_length: int = Field(description="Code points in claims about it.")
    about_length: int = Field(description="Code points in any of these, each counted once.")
    share: float = Field(description="`about_length` of `length`, 0 to 1.")


class LeftOut(BaseModel):
    """Content of other outlets that this outlet does not have, the most frequent first."""

    utterance_ids: list[int] = Field(description="Ids of utterances that others print.")
    properties: list[str] = Field(description="Properties of the event for which others claim values.")
    speakers: list[SpeakerBrief] = Field(description="Speakers whom others quote, or through whom they quote.")


class CoveragePublic(OutletPublic):
    """An outlet with its documents, statements and claims on the event."""

    coverage_status: CoverageStatus = Field(
        description="`reported`; or `no_document`: the store follows the outlet, but has no document of it on the "
        "event. It may have reported the event all the same."
    )
    followed: bool = Field(description="True if a feed of the outlet is watched now.")
    contemporary_document_count: int | None = Field(
        description="Documents of the outlet on any subject that appeared on the event's days or within three days "
        "after; null where these days are not known to a month."
    )
    first_published_on: dt.date | None = Field(
        description="Earliest day on which its first document may have appeared."
    )
    lag_days: int | None = Field(description="Days behind the first outlet.")
    lag_seconds: int | None = Field(description="Seconds behind the first, where the moments of both are known.")
    is_first: bool = Field(description="True if no outlet is known to have been earlier; several may be first.")
    first_origin_keys: list[str] = Field(
        description="Keys of the origins that no outlet is known to have relayed earlier."
    )
    covering_documents: list[CoveringDocument] = Field(description="Its documents on the event, the earliest first.")
    statement_ids: list[int] = Field(description="Ids of the statements made at the event or about it that it prints.")
    claim_ids: list[int] = Field(description="Ids of the claims about the event that it makes.")
    left_out: LeftOut = Field(description="Empty where it has no document.")


class EventCoverageFilter(ListParams):
    status: Annotated[str, Field(pattern=build_list_pattern(CoverageStatus))] | None = Field(
        default=None, description="reported or no_document, comma for OR."
    )
    sort: Annotated[str, Field(pattern="^-?(published|name)$")] = Field(
        default="published",
        description="Order; `-` reverses. Those that have no document come after those that have, by name.",
    )


class CellPublic(BaseModel):
    """One cell of the matrix of outlets and events: an outlet reported an event."""

    event: EventBrief
    source: SourceBrief
    document_count: int = Field(description="Documents in which it reports the event.")
    first_published_on: dt.date | None = Field(description="Earliest day on which the first of them may have appeared.")
    lag_days: int | None = Field(description="Days behind the first outlet to publish.")
    statement_count: int = Field(description="Statements made at the event or about it that it prints.")


class CoverageFilter(DateParams, ListParams):
    source: Sources | None = None
    country: Countries | None = Field(default=None, description="Countries of the events, comma for OR.")
    type: EventTypes | None = None
    min_sources: Annotated[int, Field(ge=1, le=10_000), Digits] | None = Field(
        default=None, description="Least number of outlets that reported the event."
    )
    sort: Annotated[str, Field(pattern="^-?date$")] = Field(
        default="-date", description="Order by the event's date; `-` reverses."
    )
