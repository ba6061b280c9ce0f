"""The checks of a feed in the store: the lease of the feed, the answer it gave, and the items still to be fetched.

A feed is watched by one watcher at a time. Each step of a check is a transaction of its own, which renews the lease.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Engine
from sqlmodel import Session

from app.capture.capture import Capture, store_capture
from app.capture.feeds.document import FeedDocument, Item
from app.core.vocab import FeedItemState, FeedResult
from app.database.engine import open_read_transaction
from app.database.models import Feed, FeedItem
from app.queries import feeds as queries
from app.store import leases, revisions
from app.store.leases import Lease
from app.store.revisions import WriteSession

# Longer than any one fetch, with the pauses before it.
LEASE_TIME = dt.timedelta(minutes=15)

# Attempts after which an item is given up until the feed says that it has changed.
ATTEMPTS = 3

_AUTHOR = "dateline watch"


@dataclass
class FeedLease(Lease):
    """The right to watch a feed, with the feed as it was when it was leased."""

    table: ClassVar[str] = "feed"

    url: str
    source_id: int | None
    title: str | None
    extract: bool
    interval: int
    ttl: int
    failures: int
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True)
class WaitingItem:
    """An item that is to be fetched."""

    id: int
    url: str
    detail: str | None


def acquire(engine: Engine, feed_id: int, now: dt.datetime, due_by: dt.datetime) -> FeedLease | None:
    """Lease the feed if it was due by then."""

    def find_due(session: Session) -> Feed | None:
        return queries.find_due_feed(session, feed_id, due_by)

    def build(_session: Session, feed: Feed) -> FeedLease:
        return FeedLease(
            feed_id, feed.due_at, feed.url, feed.source_id, feed.title, feed.extract, feed.interval, feed.ttl,
            feed.failures, feed.etag, feed.last_modified,
        )  # fmt: skip

    return leases.acquire(engine, now + LEASE_TIME, find_due, build)


@contextmanager
def _record(engine: Engine, lease: FeedLease, due_at: dt.datetime, **values: Any) -> Iterator[WriteSession]:
    """Make one revision in which the feed gets these values. Raise `LeaseLost`."""
    transaction = revisions.write(engine, author=_AUTHOR, message=f"Feed {lease.id}: {lease.url}")
    with leases.record_outcome(transaction, lease, due_at, **values) as session:
        yield session


def record_unchanged(engine: Engine, lease: FeedLease, now: dt.datetime) -> None:
    """Record that the feed answered 304."""
    values = {"result": FeedResult.UNCHANGED, "detail": None, "checked_at": now, "failures": 0}
    with _record(engine, lease, now + LEASE_TIME, **values):
        pass


def record_answer(
    engine: Engine,
    lease: FeedLease,
    now: dt.datetime,
    document: FeedDocument,
    *,
    etag: str | None,
    last_modified: str | None,
) -> int:
    """Record the feed's answer. Return how many of its items are new or changed; these now wait to be fetched."""
    values = {"detail": None, "checked_at": now, "failures": 0, "etag": etag, "last_modified": last_modified}
    values |= {"format": document.format, "title": lease.title or document.title, "ttl": document.ttl}
    due_at = now + LEASE_TIME
    with _record(engine, lease, due_at, **values, result=FeedResult.UNCHANGED) as session:
        new = _record_items(session, lease.id, document.items, now)
        if new:
            leases.update_row(session, lease, until=due_at, result=FeedResult.NEW, changed_at=now)
    lease.ttl = document.ttl
    return new


def _record_items(session: Session, feed_id: int, items: Sequence[Item], now: dt.datetime) -> int:
    rows = queries.find_items_by_key(session, feed_id, [item.key for item in items])
    new = 0
    for item in reversed(items):  # the newest gets the last id
        row = rows.get(item.key)
        if row is None:
            row = FeedItem(feed_id=feed_id, key=item.key, url=item.url, state=FeedItemState.WAITING, seen_at=now)
            session.add(row)
        elif item.updated is None or row.updated == item.updated:
            continue
        row.url, row.updated, row.seen_at = item.url, item.updated, now
        row.state, row.detail, row.failures = FeedItemState.WAITING, None, 0
        new += 1
    return new


def list_waiting(engine: Engine, lease: FeedLease) -> list[WaitingItem]:
    """Return the items of the feed that are to be fetched, the newest first."""
    with open_read_transaction(engine) as session:
        rows = queries.list_waiting_items(session, lease.id)
        return [WaitingItem(row.id or 0, row.url, row.detail) for row in rows]


def store_item(engine: Engine, lease: FeedLease, now: dt.datetime, item: WaitingItem, capture: Capture) -> bool:
    """Store the page of an item. Return True if its text is new. Raise what `store_capture` raises."""
    with _record(engine, lease, now + LEASE_TIME) as session:
        document = store_capture(session, capture, source=lease.source_id)
        session.flush()
        row = session.get_one(FeedItem, item.id)
        row.state, row.detail, row.document_id = FeedItemState.STORED, None, document.id
        return session.has_written(document)


def postpone_item(engine: Engine, lease: FeedLease, now: dt.datetime, item: WaitingItem, detail: str) -> None:
    """Leave an item to the next check, without counting an attempt."""
    with _record(engine, lease, now + LEASE_TIME) as session:
        session.get_one(FeedItem, item.id).detail = detail


def record_item_failure(
    engine: Engine,
    lease: FeedLease,
    now: dt.datetime,
    item: WaitingItem,
    state: FeedItemState,
    detail: str,
    *,
    final: bool,
) -> None:
    """Record that an item could not be fetched; it waits for the next check, unless this was the last attempt."""
    with _record(engine, lease, now + LEASE_TIME) as session:
        row = session.get_one(FeedItem, item.id)
        row.failures += 1
        row.detail = detail
        row.state = state if final or row.failures >= ATTEMPTS else FeedItemState.WAITING


def finish(engine: Engine, lease: FeedLease, due_at: dt.datetime) -> None:
    """End the check; the feed is checked again at ``due_at``."""
    with _record(engine, lease, due_at) as session:
        items, documents = queries.count_items(session, lease.id)
        leases.update_row(session, lease, until=due_at, items=items, documents=documents)


def record_failure(
    engine: Engine,
    lease: FeedLease,
    now: dt.datetime,
    due_at: dt.datetime,
    result: FeedResult,
    detail: str,
    *,
    gone: bool,
) -> None:
    """End a check that failed; a feed that is ``gone`` is not checked again."""
    values = {"result": result, "detail": detail, "checked_at": now, "failures": lease.failures + 1}
    if gone:
        values["active"] = False
    with _record(engine, lease, due_at, **values):
        pass
