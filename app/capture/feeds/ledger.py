"""What the watcher knows and keeps in the store: which feed it looks after, what that answered, which items wait.

A feed is looked after by one watcher at a time. To claim it is to move the time at which it is due; every write for it
moves that time again, on the condition that it is still where this watcher has put it. So a claim ends with the process
that held it, and whoever lost one finds out before anything is written.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Table
from sqlmodel import Session, SQLModel

from app.capture import capture as captured
from app.capture.capture import Captured
from app.capture.feeds.document import FeedDocument, Item
from app.core.vocab import FeedItemState, FeedResult
from app.database.engine import open_read_transaction, open_write_transaction
from app.database.models import Feed, FeedItem
from app.queries import feeds
from app.store import revisions

# How long a claim lasts that nothing is heard of: longer than any one fetch with what may have to be waited for it.
LEASE = dt.timedelta(minutes=15)

# Attempts after which an item is given up until the feed says that it has changed.
ATTEMPTS = 3

_AUTHOR = "dateline watch"
_FEED: Table = SQLModel.metadata.tables["feed"]


class Lost(Exception):
    """Somebody else looks after the feed now, or has changed or deleted it."""


@dataclass
class Claim:
    """A feed that this watcher looks after until ``lease``, as it was when it was claimed."""

    id: int
    url: str
    source: int | None
    title: str | None
    extract: bool
    interval: int
    ttl: int
    failures: int
    etag: str | None
    last_modified: str | None
    lease: dt.datetime


@dataclass(frozen=True)
class Waiting:
    """An item that is to be fetched."""

    id: int
    url: str
    detail: str | None


def claim(engine: Engine, now: dt.datetime, *, due_by: dt.datetime, only: Collection[int] = ()) -> Claim | None:
    """The feed that has waited longest, of those that were due by then, if any is; nobody else has it then."""
    with open_read_transaction(engine) as session:
        if feeds.find_due_feed(session, due_by, only) is None:
            return None
    with open_write_transaction(engine) as session:
        feed = feeds.find_due_feed(session, due_by, only)
        if feed is None:
            return None
        feed.due_at = now + LEASE
        session.flush()
        return _claim(feed)


def _claim(feed: Feed) -> Claim:
    assert feed.id is not None
    return Claim(
        feed.id, feed.url, feed.source_id, feed.title, feed.extract, feed.interval, feed.ttl, feed.failures,
        feed.etag, feed.last_modified, feed.due_at,
    )  # fmt: skip


@contextmanager
def _held(engine: Engine, claim: Claim, until: dt.datetime, **values: Any) -> Iterator[Session]:
    """A write for the feed, which gets these ``values`` and is due at ``until``. Raises Lost."""
    with revisions.write(engine, author=_AUTHOR, message=f"Feed {claim.id}: {claim.url}") as session:
        here = _FEED.c.due_at == claim.lease
        if not _set(session, claim, here, due_at=until, **values):
            raise Lost
        yield session
    claim.lease = until


def _set(session: Session, claim: Claim, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """Set these columns of the feed, if the conditions hold; returns whether they did."""
    row = _FEED.update().where(_FEED.c.id == claim.id, *conditions).values(values)
    return session.connection().execute(row).rowcount == 1


def note_unchanged(engine: Engine, claim: Claim, now: dt.datetime) -> None:
    """It says that nothing has changed since it was last asked."""
    values = {"result": FeedResult.UNCHANGED, "detail": None, "checked_at": now, "failures": 0}
    with _held(engine, claim, now + LEASE, **values):
        pass


def note_answer(
    engine: Engine,
    claim: Claim,
    now: dt.datetime,
    document: FeedDocument,
    *,
    etag: str | None,
    last_modified: str | None,
) -> int:
    """Keep what the feed answered; returns how many of its items are new or changed, which then wait."""
    values = {"detail": None, "checked_at": now, "failures": 0, "etag": etag, "last_modified": last_modified}
    values |= {"format": document.format, "title": claim.title or document.title, "ttl": document.ttl}
    values |= {"result": FeedResult.UNCHANGED}
    with _held(engine, claim, now + LEASE, **values) as session:
        new = _note_items(session, claim.id, document.items, now)
        if new:
            _set(session, claim, result=FeedResult.NEW, changed_at=now)
    claim.ttl = document.ttl
    return new


def _note_items(session: Session, feed: int, items: Sequence[Item], now: dt.datetime) -> int:
    known = feeds.find_items_by_key(session, feed, [item.key for item in items])
    new = 0
    for item in reversed(items):  # the newest gets the last number
        row = known.get(item.key)
        if row is None:
            row = FeedItem(feed_id=feed, key=item.key, url=item.url, state=FeedItemState.WAITING, seen_at=now)
            session.add(row)
        elif item.updated is None or row.updated == item.updated:
            continue
        row.url, row.updated, row.seen_at = item.url, item.updated, now
        row.state, row.detail, row.failures = FeedItemState.WAITING, None, 0
        new += 1
    return new


def waiting(engine: Engine, claim: Claim) -> list[Waiting]:
    """The items of the feed that are to be fetched, the newest first."""
    with open_read_transaction(engine) as session:
        return [Waiting(item.id or 0, item.url, item.detail) for item in feeds.list_waiting_items(session, claim.id)]


def store_item(engine: Engine, claim: Claim, now: dt.datetime, item: Waiting, page: Captured) -> bool:
    """Put the page of an item into the store; returns whether it was not there yet. Raises what `captured.put` does."""
    with _held(engine, claim, now + LEASE) as session:
        document = captured.put(session, page, source=claim.source)
        session.flush()
        row = session.get_one(FeedItem, item.id)
        row.state, row.detail, row.document_id = FeedItemState.STORED, None, document.id
        return revisions.is_of(session, document)


def put_off_item(engine: Engine, claim: Claim, now: dt.datetime, item: Waiting, detail: str) -> None:
    """Let an item wait for the next check, through no fault of its own."""
    with _held(engine, claim, now + LEASE) as session:
        session.get_one(FeedItem, item.id).detail = detail


def fail_item(
    engine: Engine, claim: Claim, now: dt.datetime, item: Waiting, state: FeedItemState, detail: str, *, for_good: bool
) -> None:
    """Note that an item could not be had; it waits for the next check, unless this was the last attempt."""
    with _held(engine, claim, now + LEASE) as session:
        row = session.get_one(FeedItem, item.id)
        row.failures += 1
        row.detail = detail
        row.state = state if for_good or row.failures >= ATTEMPTS else FeedItemState.WAITING


def finish(engine: Engine, claim: Claim, due: dt.datetime) -> None:
    """Let go of a feed, which is to be asked again then."""
    with _held(engine, claim, due) as session:
        items, documents = feeds.count_items(session, claim.id)
        _set(session, claim, items=items, documents=documents)


def fail(
    engine: Engine, claim: Claim, now: dt.datetime, due: dt.datetime, result: FeedResult, detail: str, *, gone: bool
) -> None:
    """Let go of a feed that could not be had; one that is ``gone`` is not watched any more."""
    values = {"result": result, "detail": detail, "checked_at": now, "failures": claim.failures + 1}
    with _held(engine, claim, due, **values, **({"active": False} if gone else {})):
        pass
