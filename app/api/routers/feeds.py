"""``/feeds``: the addresses that `dateline watch` asks for new items, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from app.api.routers import answers
from app.api.web.deps import RecordId
from app.api.web.fresh import FreshDep
from app.api.web.writer import CHANGE, CREATE, Writer, WriterDep
from app.database.models import Feed
from app.database.read_pool import ThreadReadSession, run_sync
from app.queries import feeds
from app.schemas.common import Page
from app.schemas.feed import FeedCreate, FeedFilter, FeedItemFilter, FeedItemPublic, FeedPublic, FeedUpdate
from app.store import feeds as records
from app.store import revisions

router = APIRouter(prefix="/feeds", tags=["feeds"])


@router.get("", response_model=Page[FeedPublic], responses=answers.FRESH_MANY)
async def list_feeds(read: FreshDep, filters: Annotated[FeedFilter, Query()]) -> Response:
    """Feeds with their last results, in the order in which they were added."""
    return await answers.fresh_many(read, filters, FeedPublic, lambda reads: feeds.get_listing(reads, filters))


@router.get("/{id}", response_model=FeedPublic, responses=answers.FRESH_ONE)
async def get_feed(read: FreshDep, ident: RecordId) -> Response:
    """One feed, and what came of asking it last."""
    return await answers.fresh_one(read, lambda reads: feeds.get_item(reads, ident))


@router.get("/{id}/items", response_model=Page[FeedItemPublic], responses=answers.FRESH_NESTED)
async def list_feed_items(read: FreshDep, ident: RecordId, filters: Annotated[FeedItemFilter, Query()]) -> Response:
    """What a feed has announced, the latest first, and what became of it."""
    return await answers.fresh_many(
        read, filters, FeedItemPublic, lambda reads: feeds.get_item_listing(reads, ident, filters), thorough=True
    )


@router.post("", response_model=FeedPublic, status_code=201, responses=CREATE)
def create_feed(writer: WriterDep, body: FeedCreate) -> Response:
    """Watch one more address: it is asked as soon as `dateline watch` runs."""
    with writer.transaction() as session:
        feed = records.add(session, body)
        _tell(session)
        return _shown(writer, session, 201, feed)


@router.patch("/{id}", response_model=FeedPublic, responses=CHANGE)
def update_feed(writer: WriterDep, ident: RecordId, body: FeedUpdate) -> Response:
    """Only the fields that the body names; the feed is then asked at once."""
    writer.check_untagged()
    with writer.transaction() as session:
        feed = records.change(session, records.find(session, ident), body)
        _tell(session)
        return _shown(writer, session, 200, feed)


@router.delete("/{id}", status_code=204, responses=CHANGE)
def delete_feed(writer: WriterDep, ident: RecordId) -> Response:
    """Forget a feed and the list of its items; the documents that it brought stay."""
    writer.check_untagged()
    with writer.transaction() as session:
        session.delete(records.find(session, ident))
        _tell(session)
        return writer.answer(session, 204)


def _tell(session: Session) -> None:
    """The coverage of events, which is kept until there is a revision, shows which outlets are followed."""
    revisions.draw(session)


def _shown(writer: Writer, session: Session, status: int, feed: Feed) -> Response:
    assert feed.id is not None
    item = run_sync(feeds.get_item(ThreadReadSession(session), feed.id))
    return writer.show(session, status, f"/feeds/{feed.id}", item)
