"""Feeds as records: added, changed and deleted by people. They are no part of the history, and make no revision."""

import datetime as dt

from sqlmodel import Session

from app.database.models import Feed, Source
from app.schemas.feed import FeedCreate, FeedUpdate
from app.store.configured import add_configured, change_configured, check_unique, find_configured
from app.store.fields import Ref, resolve
from app.store.revisions import WriteSession

# Columns that hold the last response of an address, which says nothing about another address.
_OF_ADDRESS = ("etag", "last_modified", "format", "result", "detail")


def find_feed(session: Session, feed_id: int) -> Feed:
    """Return the feed; raise NotFound if there is none."""
    return find_configured(session, Feed, "feed", feed_id)


def add_feed(session: WriteSession, body: FeedCreate) -> Feed:
    """Add a feed that is due at once; raise Conflict if another has its address."""
    _check_unique(session, body.url)
    now = dt.datetime.now(dt.UTC)
    values = body.model_dump(exclude={"source"})
    feed = Feed(**values, source_id=_get_source_id(session, body.source), created_at=now, due_at=now)
    return add_configured(session, feed)


def change_feed(session: WriteSession, feed: Feed, body: FeedUpdate) -> Feed:
    """Change the fields that the body sets; the feed is then due at once, and starts afresh at a new address."""
    values = body.model_dump(exclude_unset=True)
    if "source" in values:
        values["source_id"] = _get_source_id(session, values.pop("source"))
    if values.get("url", feed.url) != feed.url:
        _check_unique(session, values["url"])
        values |= {**dict.fromkeys(_OF_ADDRESS), "ttl": 0}
    if values:
        values |= {"due_at": dt.datetime.now(dt.UTC), "failures": 0}
    return change_configured(session, feed, values)


def remove_feed(session: WriteSession, feed: Feed) -> None:
    """Delete a feed and the list of its items; the documents stay."""
    session.delete(feed)


def _check_unique(session: WriteSession, url: str) -> None:
    check_unique(session, Feed, "Feed {id} has this address.", url=url)


def _get_source_id(session: WriteSession, ref: Ref | None) -> int | None:
    return None if ref is None else resolve(session, Source, ref, ("source",)).id
