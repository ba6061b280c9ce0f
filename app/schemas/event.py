import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from app.core.dates import EdtfText
from app.core.spans import Digits, Text
from app.core.vocab import EventType, ReportRole
from app.schemas.common import (
    Coding,
    CodingUpdate,
    Country,
    DateParams,
    DatePublic,
    ExternalId,
    Id,
    Ids,
    Input,
    ListParams,
    Name,
    RecordParams,
    RecordPublic,
    SearchText,
    SpanPublic,
    Title,
    build_list_pattern,
    omittable_field,
)
from app.schemas.source import Countries, Sources
from app.schemas.speaker import Speakers

Summary = Annotated[Text, Field(min_length=1, max_length=5000, description="A summary in one or two sentences.")]
Latitude = Annotated[float, Field(ge=-90, le=90, description="Decimal degrees, WGS 84.", examples=[39.03])]
Longitude = Annotated[float, Field(ge=-180, le=180, description="Decimal degrees, WGS 84.", examples=[125.75])]
EventTypes = Annotated[
    str, Field(pattern=build_list_pattern(EventType), description="Types, comma for OR.", examples=["agree"])
]
EventRef = Annotated[Id | ExternalId, Field(description="Id or external id of an event.")]


def parse_bbox(text: str) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a bounding box (RFC 7946 §5).

    West is greater than east if the box crosses the antimeridian.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("four numbers are needed: west,south,east,north") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("longitudes lie in -180..180, latitudes in -90..90, and south is not above north")
    return west, south, east, north


def _check_bbox(text: str) -> str:
    parse_bbox(text)
    return text


Bbox = Annotated[
    str,
    Field(max_length=100, description="Bounding box: west,south,east,north in degrees.", examples=["124,38,131,43"]),
    AfterValidator(_check_bbox),
]


class EventCreate(Coding):
    """An event: it happened once, at a place, on a date of some precision."""

    title: Title = Field(examples=["Russia and North Korea sign a treaty in Pyongyang"])
    summary: Summary | None = None
    date: EdtfText
    type: EventType
    place: Name | None = Field(default=None, description="Name of the place.", examples=["Pyongyang"])
    country: Country | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    external_id: ExternalId | None = None


class EventChanges(Input):
    """The changeable fields of an event."""

    title: Title = omittable_field()
    summary: Summary | None = None
    date: EdtfText = omittable_field()
    type: EventType = omittable_field()
    place: Name | None = Field(default=None, description="Name of the place.")
    country: Country | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class EventUpdate(EventChanges, CodingUpdate):
    external_id: ExternalId | None = None


class PlacePublic(BaseModel):
    """The place of an event, as far as it is known."""

    name: str | None
    country: str | None = Field(description="ISO 3166-1 alpha-2 code.")
    latitude: float | None = Field(description="Decimal degrees, WGS 84.")
    longitude: float | None = Field(description="Decimal degrees, WGS 84.")


class EventOutlet(BaseModel):
    """An outlet that reported the event."""

    slug: str
    name: str
    document_count: int = Field(description="Documents in which it reports the event.")
    first_published_on: dt.date | None = Field(description="Earliest day on which the first of them may have appeared.")


class EventPublic(RecordPublic):
    title: str
    summary: str | None = Field(description="A summary in one or two sentences.")
    date: DatePublic
    type: EventType
    place: PlacePublic
    sources: list[EventOutlet] = Field(description="The outlets that reported it, the first to publish first.")
    source_count: int = Field(description="Outlets that reported it.")
    origin_count: int | None = Field(
        description="Independent origins of the reports, see `/events/{id}/origins`; null with `as_of`."
    )
    document_count: int = Field(description="Documents that report it.")
    statement_count: int = Field(description="Statements made at it or about it.")
    external_id: str | None = Field(description="The record's name elsewhere, such as `gdelt:1160434563`.")
    merged_into_id: int | None = Field(description="Id of the event into which this one was merged.")


class EventSelection(DateParams):
    """The filters of events, without the parameters of pages and formats."""

    id: Ids | None = None
    source: Sources | None = None
    speaker: Speakers | None = None
    country: Countries | None = None
    place: Name | None = Field(default=None, description="Part of the place's name, taken literally.")
    bbox: Bbox | None = None
    type: EventTypes | None = None
    q: SearchText | None = None
    min_sources: Annotated[int, Field(ge=1, le=10_000), Digits] | None = Field(
        default=None, description="Least number of outlets that reported it."
    )
    min_origins: Annotated[int, Field(ge=1, le=10_000), Digits] | None = Field(
        default=None, description="Least number of independent origins of their reports."
    )


class EventFilter(EventSelection, RecordParams):
    sort: Annotated[str, Field(pattern="^-?(date|sources|origins|statements|id)$")] = Field(
        default="-date", description="Order; `-` reverses. Counts may be sorted by, at a cost."
    )


class CoverageDocument(BaseModel):
    """One document that reports the event."""

    report_id: int = Field(description="Id of the report.")
    id: int
    title: str | None = Field(description="Headline as printed.")
    url: str | None
    byline: str | None
    published: DatePublic | None
    published_at: dt.datetime | None = Field(description="Moment of publication, in UTC; null if unknown.")
    lag_days: int | None = Field(description="Days behind the first outlet, by the earliest day of each.")
    role: ReportRole
    date: DatePublic | None = Field(description="The event's date as this document gives it.")
    passage: SpanPublic | None = Field(description="The words that report the event.")


class OutletPublic(BaseModel):
    """An outlet with its country and its affiliation."""

    id: int
    slug: str
    name: str
    kind: str = Field(description="newspaper, magazine, news_agency, broadcaster, online, government or organization.")
    country: str | None = Field(description="ISO 3166-1 alpha-2 code.")
    state_affiliated: bool | None = Field(description="Owned or run by a state, where that is known.")


class EventSourcePublic(OutletPublic):
    """An outlet that reported the event, with its documents."""

    first_published_on: dt.date | None = Field(
        description="Earliest day on which its first document may have appeared."
    )
    lag_days: int | None = Field(description="Days behind the first outlet to publish.")
    reporting_documents: list[CoverageDocument]


class EventSourceFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?(published|name)$")] = Field(
        default="published", description="Order; `-` reverses."
    )
