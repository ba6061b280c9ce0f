import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from app.core.urls import HttpUrl, canonicalize_url
from app.core.vocab import FeedFormat, FeedItemState, FeedResult
from app.schemas.common import Input, ListParams, Ref, SourceBrief, Title, build_list_pattern, omittable_field
from app.schemas.source import Sources

FeedUrl = Annotated[
    HttpUrl,
    Field(description="Its address; kept in its canonical form.", examples=["https://example.org/rss.xml"]),
    AfterValidator(canonicalize_url),
]
Interval = Annotated[
    int, Field(ge=60, le=2_592_000, description="Seconds between two checks; the feed itself may ask for more.")
]
Outlet = Annotated[
    Ref | None,
    Field(description="The outlet of its items, by id or slug; by default the outlet of each page's host."),
]
Active = Annotated[bool, Field(description="True if it is watched.")]
Extract = Annotated[bool, Field(description="True to extract statements from the pages.")]


class FeedCreate(Input):
    """A feed to check for new items: RSS, Atom, JSON Feed or a sitemap."""

    url: FeedUrl
    source: Outlet = None
    title: Title | None = Field(default=None, description="By default the feed's own title.")
    interval: Interval = 900
    active: Active = True
    extract: Extract = True


class FeedUpdate(Input):
    url: FeedUrl = omittable_field()
    source: Outlet = None
    title: Title | None = None
    interval: Interval = omittable_field()
    active: Active = omittable_field()
    extract: Extract = omittable_field()


class FeedPublic(BaseModel):
    """A feed with the result of its last check."""

    id: int
    url: str
    source: SourceBrief | None = Field(description="The outlet of its items; null: the outlet of each page's host.")
    title: str | None
    format: FeedFormat | None = Field(description="Its format; null before the first check.")
    interval: int = Field(description="Seconds between two checks.")
    active: bool = Field(description="True if it is watched; false after an answer 410 (gone).")
    extract: bool = Field(description="True if statements are extracted from the pages.")
    result: FeedResult | None = Field(
        description="Result of the last check: `new` items, `unchanged`, `refused` if the address cannot be"
        " fetched, `failed`; null before the first."
    )
    detail: str | None = Field(description="The reason, if it was refused or failed.")
    failure_count: int = Field(description="Failed checks in a row; each doubles the time until the next check.")
    item_count: int = Field(description="Announced items.")
    document_count: int = Field(description="Items whose page is in the store.")
    created_at: dt.datetime = Field(description="Moment of adding, in UTC.")
    checked_at: dt.datetime | None = Field(description="Moment of the last check, in UTC.")
    changed_at: dt.datetime | None = Field(description="Moment of the last check with new items, in UTC.")
    due_at: dt.datetime = Field(description="Moment of the next check, in UTC.")


class FeedItemPublic(BaseModel):
    """An item that a feed has announced."""

    id: int
    url: str
    updated: str | None = Field(description="Date of its last change, in the feed's own words.")
    state: FeedItemState = Field(
        description="`waiting` to be fetched, or `stored`; `refused` if the address cannot, or by the host's"
        " robots.txt must not, be fetched; `failed`."
    )
    detail: str | None = Field(description="The reason, if it was refused, failed or waits.")
    failure_count: int = Field(description="Failed attempts.")
    seen_at: dt.datetime = Field(description="Moment when the feed first had it, or its last change, in UTC.")
    document_id: int | None = Field(description="Id of the document of its page.")


class FeedFilter(ListParams):
    source: Sources | None = None
    active: bool | None = Field(default=None, description="Only those that are watched, or are not.")
    result: (
        Annotated[str, Field(pattern=build_list_pattern(FeedResult), description="Last results, comma for OR.")] | None
    ) = None
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="id", description="Order; `-` reverses.")


class FeedItemFilter(ListParams):
    state: (
        Annotated[str, Field(pattern=build_list_pattern(FeedItemState), description="States, comma for OR.")] | None
    ) = None
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
