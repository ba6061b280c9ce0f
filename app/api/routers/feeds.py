"""``/feeds``: the addresses that `dateline watch` asks for new items, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.web.reads import UncachedReadDep
from app.api.web.requests import RecordId
from app.api.web.writes import CHANGE, CREATE, WriteDep, WriteRequest
from app.database.models import Feed
from app.database.reads import ThreadReadSession, run_sync
from app.queries import feeds
from app.schemas.common import Page
from app.schemas.feed import FeedCreate, FeedFilter, FeedItemFilter, FeedItemPublic, FeedPublic, FeedUpdate
from app.store.feeds import add_feed, change_feed, find_feed, remove_feed
from app.store.revisions import WriteSession

router = APIRouter(prefix="/feeds", tags=["feeds"])


@router.get("", response_model=Page[FeedPublic], responses=responses.UNCACHED_LIST)
async def list_feeds(read: UncachedReadDep, filters: Annotated[FeedFilter, Query()]) -> Response:
    """List feeds with their last results, in the order in which they were added."""
    return await responses.build_uncached_list(
        read, filters, FeedPublic, lambda reads: feeds.get_listing(reads, filters)
    )


@router.get("/{id}", response_model=FeedPublic, responses=responses.UNCACHED_RECORD)
async def get_feed(read: UncachedReadDep, ident: RecordId) -> Response:
    """Return one feed with the result of its last check."""
    return await responses.build_uncached(read, lambda reads: feeds.get_item(reads, ident))


@router.get("/{id}/items", response_model=Page[FeedItemPublic], responses=responses.UNCACHED_NESTED_LIST)
async def list_feed_items(
    read: UncachedReadDep, ident: RecordId, filters: Annotated[FeedItemFilter, Query()]
) -> Response:
    """List the items that a feed has announced, the latest first, with their states."""
    return await responses.build_uncached_list(
        read, filters, FeedItemPublic, lambda reads: feeds.get_item_listing(reads, ident, filters), thorough=True
    )


@router.post("", response_model=FeedPublic, status_code=201, responses=CREATE)
def create_feed(write: WriteDep, body: FeedCreate) -> Response:
    """Add a feed; `dateline watch` checks it at once if it runs."""
    with write.open_transaction() as session:
        feed = add_feed(session, body)
        session.draw_revision()  # the coverage of events shows the outlets with a feed, and is cached by revision
        return _build_response(write, session, 201, feed)


@router.patch("/{id}", response_model=FeedPublic, responses=CHANGE)
def update_feed(write: WriteDep, ident: RecordId, body: FeedUpdate) -> Response:
    """Change the fields that the body names; the feed is then checked at once."""
    write.reject_if_match()
    with write.open_transaction() as session:
        feed = change_feed(session, find_feed(session, ident), body)
        session.draw_revision()  # the coverage of events shows the outlets with a feed, and is cached by revision
        return _build_response(write, session, 200, feed)


@router.delete("/{id}", status_code=204, responses=CHANGE)
def delete_feed(write: WriteDep, ident: RecordId) -> Response:
    """Delete a feed and the list of its items; the documents stay."""
    write.reject_if_match()
    with write.open_transaction() as session:
        remove_feed(session, find_feed(session, ident))
        session.draw_revision()  # the coverage of events shows the outlets with a feed, and is cached by revision
        return write.build_response(session, 204)


def _build_response(write: WriteRequest, session: WriteSession, status: int, feed: Feed) -> Response:
    assert feed.id is not None
    item = run_sync(feeds.get_item(ThreadReadSession(session), feed.id))
    return write.build_unversioned_response(session, status, f"/feeds/{feed.id}", item)
