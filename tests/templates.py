"""Build the databases that the tests copy: a migrated one, and one with the seed in it."""

from alembic import command
from sqlalchemy import Engine

from app.core.vocab import FeedItemState, Noun
from app.database.engine import build_alembic_config, open_write_transaction
from app.database.models import FeedItem, Match
from app.imports import lines, progress
from app.schemas.feed import FeedCreate
from app.schemas.saved_search import SavedSearchCreate
from app.store import feeds, revisions, saved_searches
from seed.load import load


def migrate(engine: Engine) -> None:
    """Create the tables."""
    command.upgrade(build_alembic_config(engine), "head")


def seed(engine: Engine) -> None:
    """Load the seed, and add one record of each kind that the seed lacks."""
    load(engine)
    progress.begin(engine, format=lines.FORMAT, name="seed", author="tests")
    _add_feed(engine)
    _add_match(engine)
    _add_saved_search(engine)


def _add_feed(engine: Engine) -> None:
    """Add a feed with an item, for `/feeds` to list. It is inactive, so no worker fetches it."""
    body = FeedCreate(url="https://example.org/rss.xml", source="meduza", active=False)
    with revisions.write(engine, author="tests", message="") as session:
        feed = feeds.add_feed(session, body)
        item = {"feed_id": feed.id, "key": "0" * 64, "url": "https://example.org/1", "seen_at": feed.created_at}
        session.add(FeedItem.model_validate(item | {"state": FeedItemState.WAITING}))


def _add_match(engine: Engine) -> None:
    """Add a person's verdict that two events are different, for `/matches` to list."""
    with open_write_transaction(engine) as session:
        match: dict[str, int] = {"event_id": 14, "other_event_id": 15, "revision_id": 1}
        session.add(Match.model_validate(match | {"same": False}))


def _add_saved_search(engine: Engine) -> None:
    """Add a saved search, for `/searches` to list."""
    body = SavedSearchCreate(
        name="Putin, word for word", slug="putin", noun=Noun.STATEMENTS, query="speaker=putin&kind=direct"
    )
    with open_write_transaction(engine) as session:
        saved_searches.add_search(session, body)


def leave(engine: Engine) -> None:
    """Make the database ready to be copied: all of it in one file, and no connection open."""
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    engine.dispose()
