"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from typing import Any

from pydantic import BaseModel, ValidationError

from app.capture.feeds import document
from app.capture.feeds.document import FeedDocument, Item, NotAFeed
from app.core.vocab import FeedFormat

# Items that are looked at, to find the newest among them.
_MOST_ITEMS = 2_000


class _Feed(BaseModel):
    version: str
    title: Any = None
    items: list[Any]


class _Item(BaseModel):
    """The standard wants an id that is a text, and readers to make one of what is not."""

    id: Any = None
    url: str | None = None
    external_url: str | None = None
    date_published: str | None = None
    date_modified: str | None = None


def read(text: str, url: str) -> FeedDocument:
    """The feed found at ``url``; raises NotAFeed."""
    try:
        feed = _Feed.model_validate_json(text)
    except ValidationError:
        raise NotAFeed("it is JSON, but no JSON Feed") from None
    if not feed.version.startswith("https://jsonfeed.org/version/"):
        raise NotAFeed("it is JSON, but no JSON Feed")
    found = (_item(each, url) for each in feed.items[:_MOST_ITEMS])
    items = document.newest(item for item in found if item is not None)
    return FeedDocument(FeedFormat.JSON, title=document.title(feed.title), items=items)


def _item(given: Any, base: str) -> Item | None:
    try:
        read = _Item.model_validate(given)
    except ValidationError:
        return None
    updated = read.date_modified or read.date_published
    ident = None if read.id is None else str(read.id)
    moment = document.moment(updated)
    return document.item(read.url or read.external_url, base, ident=ident, updated=updated, moment=moment)
