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
    Field(description="Whose documents its items are, by id or slug; where left out, the outlet of each page's host."),
]
Active = Annotated[bool, Field(description="Whether it is watched.")]
Extract = Annotated[bool, Field(description="Whether statements are to be found in the pages that it brings.")]


class FeedCreate(Input):
    """An address to ask for new items again and again: RSS, Atom, JSON Feed or a sitemap."""

    url: FeedUrl
    source: Outlet = None
    title: Title | None = Field(default=None, description="What it calls itself, when left out.")
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
    """A feed, and what came of asking it last."""

    id: int
    url: str
    source: SourceBrief | None = Field(description="Whose documents its items are; null: the outlet of each page.")
    title: str | None
    format: FeedFormat | None = Field(description="What it was read as; null until it has been.")
    interval: int = Field(description="Seconds between two checks.")
    active: bool = Field(description="Whether it is watched; one that is gone (410) is not any more.")
    extract: bool = Field(description="Whether statements are found in the pages that it brings.")
    result: FeedResult | None = Field(
        description="What came of the last check: `new` items, `unchanged`, `refused` where the address cannot be"
        " fetched, `failed`; null before the first."
    )
    detail: str | None = Field(description="Why it was refused or failed.")
    failure_count: int = Field(description="Checks that have failed in a row; each doubles the time until the next.")
    item_count: int = Field(description="Items that it has announced.")
    document_count: int = Field(description="Of these, those whose page is in the store.")
    created_at: dt.datetime = Field(description="When it was added, in UTC.")
    checked_at: dt.datetime | None = Field(description="When it last was asked, in UTC.")
    changed_at: dt.datetime | None = Field(description="When it last had something new, in UTC.")
    due_at: dt.datetime = Field(description="When it is to be asked again, in UTC.")


class FeedItemPublic(BaseModel):
    """An item that a feed has announced."""

    id: int
    url: str
    updated: str | None = Field(description="When it was last changed, as the feed says it.")
    state: FeedItemState = Field(
        description="`waiting` to be fetched, or `stored`; `refused` where the address cannot, or by the host's"
        " robots.txt must not, be fetched; `failed`."
    )
    detail: str | None = Field(description="Why it was refused or failed, or has to wait.")
    failure_count: int = Field(description="Attempts that have failed.")
    seen_at: dt.datetime = Field(description="When the feed was first seen with it, or with its last change, in UTC.")
    document_id: int | None = Field(description="Id of the document that its page is.")


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
