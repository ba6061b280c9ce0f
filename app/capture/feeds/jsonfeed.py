"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from typing import Any

from pydantic import BaseModel, ValidationError

from app.capture.feeds import document
from app.capture.feeds.document import FeedDocument, Item, NotAFeed
from app.core.vocab import FeedFormat

# Items among which the newest are selected.
_MAX_ITEMS = 2_000


class _Feed(BaseModel):
    version: str
    title: Any = None
    items: list[Any]


class _Item(BaseModel):
    """An item as it may be sent: the standard has readers turn an id that is not a text into one."""

    id: Any = None
    url: str | None = None
    external_url: str | None = None
    date_published: str | None = None
    date_modified: str | None = None


def parse(text: str, url: str) -> FeedDocument:
    """Parse the JSON Feed that ``url`` answered. Raise `NotAFeed`."""
    try:
        feed = _Feed.model_validate_json(text)
    except ValidationError:
        raise NotAFeed("it is JSON, but no JSON Feed") from None
    if not feed.version.startswith("https://jsonfeed.org/version/"):
        raise NotAFeed("it is JSON, but no JSON Feed")
    items = document.select_newest(_parse_item(item, url) for item in feed.items[:_MAX_ITEMS])
    return FeedDocument(FeedFormat.JSON, title=document.clean_title(feed.title), items=items)


def _parse_item(content: Any, base: str) -> Item | None:
    try:
        item = _Item.model_validate(content)
    except ValidationError:
        return None
    updated = item.date_modified or item.date_published
    ident = None if item.id is None else str(item.id)
    moment = document.parse_moment(updated)
    return document.build_item(item.url or item.external_url, base, ident=ident, updated=updated, moment=moment)
