"""Feeds, and the items that they announced."""

import datetime as dt
from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from sqlalchemy import BigInteger, Select, bindparam, func, select
from sqlmodel import Session

from app.core.errors import NotFound
from app.core.vocab import FeedItemState
from app.database.json_sql import as_text, json_boolean, json_object, rfc3339_time
from app.database.models import Feed, FeedItem, Source
from app.database.reads import PreparedSelect, ReadSession
from app.database.tables import Table
from app.queries import names
from app.queries.fragments import source_brief
from app.queries.listing import BoundListing, ListQuery
from app.queries.parameters import FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.feed import FeedFilter, FeedItemFilter

_FEED: Table = Feed
_ITEM: Table = FeedItem
_SOURCE: Table = Source


@cache
def _select_feeds() -> Select[str]:
    """Select one JSON text a feed (``FeedPublic``)."""
    feed = _FEED
    first = {"id": feed.id, "url": feed.url, "source": source_brief(_SOURCE), "title": feed.title}
    result = {name: getattr(feed, name) for name in ("result", "detail")}
    counts = {"failure_count": feed.failures, "item_count": feed.items, "document_count": feed.documents}
    moments = {name: rfc3339_time(getattr(feed, name)) for name in ("created_at", "checked_at", "changed_at", "due_at")}
    flags = {name: json_boolean(getattr(feed, name)) for name in ("active", "extract")}
    fields = {**first, "format": feed.format, "interval": feed.interval, **flags, **result, **counts, **moments}
    return select(as_text(json_object(fields))).select_from(feed).outerjoin(_SOURCE, _SOURCE.id == feed.source_id)


@cache
def _select_feed_items() -> Select[str]:
    """Select one JSON text an item of a feed (``FeedItemPublic``)."""
    item = _ITEM
    fields = {name: getattr(item, name) for name in ("id", "url", "updated", "state", "detail")}
    fields |= {"failure_count": item.failures, "seen_at": rfc3339_time(item.seen_at), "document_id": item.document_id}
    return select(as_text(json_object(fields)))


async def get_listing(reads: ReadSession, filters: FeedFilter) -> BoundListing:
    """Return the feeds that match (``FeedPublic``)."""
    ids = await names.resolve_names(reads, {"source": filters.source})
    active = [] if filters.active is None else [filters.active]
    shape, values = split_filters(source=ids.get("source"), active=active, result=split_commas(filters.result))
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=16)
def _build_query(shape: FilterShape) -> ListQuery:
    conditions = [
        condition
        for name, column in (("source", _FEED.source_id), ("active", _FEED.active), ("result", _FEED.result))
        for condition in shape.match(column, name)
    ]
    return ListQuery.by_id(_select_feeds(), _FEED.id, select(_FEED.id).where(*conditions))


@cache
def _select_feed() -> PreparedSelect:
    return PreparedSelect(
        _select_feeds().where(_FEED.id == bindparam("id", type_=BigInteger, required=True)), with_state=True
    )


async def get_item(reads: ReadSession, ident: int) -> str:
    """Return a feed as JSON text; raise NotFound if there is none."""
    rows = await reads.fetch(_select_feed(), {"id": ident})
    if not rows:
        raise NotFound(f"There is no feed {ident}.")
    return str(rows[0][0])


async def get_item_listing(reads: ReadSession, ident: int, filters: FeedItemFilter) -> BoundListing:
    """Return the items of a feed that match (``FeedItemPublic``); raise NotFound if there is no such feed."""
    await get_item(reads, ident)
    shape, values = split_filters(feed=ident, state=split_commas(filters.state))
    return BoundListing(_build_item_query(shape), values)


@lru_cache(maxsize=8)
def _build_item_query(shape: FilterShape) -> ListQuery:
    in_feed = _ITEM.feed_id == shape.bind("feed", BigInteger)
    ids = select(_ITEM.id).where(in_feed, *shape.match(_ITEM.state, "state"))
    return ListQuery.by_id(_select_feed_items(), _ITEM.id, ids)


def list_due_feeds(session: Session, at: dt.datetime, feeds: Collection[int] = ()) -> Sequence[int]:
    """Return the ids of the feeds that are due, of ``feeds`` or of all, in the order in which they became due."""
    due = select(_FEED.id).where(_FEED.active.is_(True), _FEED.due_at <= at)
    if feeds:
        due = due.where(_FEED.id.in_(feeds))
    return session.execute(due.order_by(_FEED.due_at, _FEED.id)).scalars().all()


def find_due_feed(session: Session, feed_id: int, at: dt.datetime) -> Feed | None:
    """Return the feed if it is due."""
    due = select(_FEED).where(_FEED.id == feed_id, _FEED.active.is_(True), _FEED.due_at <= at)
    feed: Feed | None = session.execute(due).scalar()
    return feed


def find_items_by_key(session: Session, feed: int, keys: Collection[str]) -> dict[str, FeedItem]:
    """Return the items of the feed with these keys, by key."""
    items = session.execute(select(_ITEM).where(_ITEM.feed_id == feed, _ITEM.key.in_(keys))).scalars()
    return {item.key: item for item in items}


def list_waiting_items(session: Session, feed: int) -> Sequence[FeedItem]:
    """Return the items of the feed that are to be fetched, newest first."""
    waiting = select(_ITEM).where(_ITEM.feed_id == feed, _ITEM.state == FeedItemState.WAITING)
    return session.execute(waiting.order_by(_ITEM.id.desc())).scalars().all()


class FeedCounts(NamedTuple):
    """The number of items that a feed announced, and of the documents among them."""

    items: int
    documents: int


def count_items(session: Session, feed: int) -> FeedCounts:
    """Count the items of the feed, and those of them that are documents of the store."""
    counted = select(func.count(), func.count(_ITEM.document_id)).where(_ITEM.feed_id == feed)
    return FeedCounts(*session.execute(counted).one())
