"""Feeds as records: added, changed and deleted by people. They are no part of the history, and make no revision."""

import datetime as dt

from sqlmodel import Session

from app.core.errors import Conflict, NotFound
from app.database.models import Feed, Source
from app.queries import lookups
from app.schemas.feed import FeedCreate, FeedUpdate
from app.store.references import Ref, resolve

# What an address answered, which tells nothing of another.
_OF_ADDRESS = ("etag", "last_modified", "format", "result", "detail")


def find(session: Session, ident: int) -> Feed:
    """The feed; raises NotFound."""
    feed = lookups.find_row(session, Feed, id=ident)
    if feed is None:
        raise NotFound(f"There is no feed {ident}.")
    return feed


def add(session: Session, body: FeedCreate) -> Feed:
    """A feed that is due at once. Raises Conflict where its address is watched already."""
    _check_free(session, body.url)
    now = dt.datetime.now(dt.UTC)
    values = body.model_dump(exclude={"source"})
    feed = Feed(**values, source_id=_source(session, body.source), created_at=now, due_at=now)
    session.add(feed)
    session.flush()
    return feed


def change(session: Session, feed: Feed, body: FeedUpdate) -> Feed:
    """Change what the body names; a feed that was changed is due at once, and as good as new at a new address."""
    values = body.model_dump(exclude_unset=True)
    if "source" in values:
        values["source_id"] = _source(session, values.pop("source"))
    if values.get("url", feed.url) != feed.url:
        _check_free(session, values["url"])
        values |= {**dict.fromkeys(_OF_ADDRESS), "ttl": 0}
    if values:
        values |= {"due_at": dt.datetime.now(dt.UTC), "failures": 0}
    for name, value in values.items():
        setattr(feed, name, value)
    session.flush()
    return feed


def _check_free(session: Session, url: str) -> None:
    there = lookups.find_row(session, Feed, url=url)
    if there is not None:
        raise Conflict(f"Feed {there.id} has this address.", id=there.id)


def _source(session: Session, ref: Ref | None) -> int | None:
    return None if ref is None else resolve(session, Source, ref, ("source",)).id
