"""Fixtures: every test that touches a store runs on SQLite and on PostgreSQL.

A store is a copy of a template that the migrations built (and, for ``seeded``, the seed filled), so
that a test may do with it what it likes. ``client`` talks to the application over HTTP; ``reader``
does so on one seeded store that all reading tests share.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import psycopg
import pytest
from alembic import command
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlalchemy import Engine, make_url

from app.core.config import Settings
from app.core.vocab import FeedItemState, Noun, Scope
from app.database.engine import build_alembic_config, create_store_engine, open_write_transaction
from app.database.models import FeedItem, Match
from app.database.read_pool import ReadPool
from app.fetch import Fetcher
from app.imports import lines, progress
from app.main import create_app
from app.schemas.feed import FeedCreate
from app.schemas.saved_search import SavedSearchCreate
from app.store import api_keys, feeds, revisions, saved_searches
from seed.load import load
from tests import tools
from tests.databases import NO_POSTGRES, postgres_server
from tests.fetching.namespace import NO_NAMESPACE

BACKENDS = ("sqlite", "postgresql")

# The machine decides how long an example takes, so no deadline; a run repeats the one before it.
hypothesis.settings.register_profile("dateline", deadline=None, max_examples=15, derandomize=True)
hypothesis.settings.load_profile("dateline")


def add_feed(engine: Engine) -> None:
    """A feed that nobody watches, so that `/feeds` has something to show, with an item."""
    body = FeedCreate(url="https://example.org/rss.xml", source="meduza", active=False)
    with revisions.write(engine, author="tests", message="") as session:
        feed = feeds.add_feed(session, body)
        item = {"feed_id": feed.id, "key": "0" * 64, "url": "https://example.org/1", "seen_at": feed.created_at}
        session.add(FeedItem.model_validate(item | {"state": FeedItemState.WAITING}))


def add_search(engine: Engine) -> None:
    """A saved search, so that `/searches` has something to show."""
    body = SavedSearchCreate(
        name="Putin, word for word", slug="putin", noun=Noun.STATEMENTS, query="speaker=putin&kind=direct"
    )
    with open_write_transaction(engine) as session:
        saved_searches.add_search(session, body)


def add_match(engine: Engine) -> None:
    """Two events that are not the same, as a person said, so that `/matches` has something to show."""
    with open_write_transaction(engine) as session:
        match: dict[str, int] = {"event_id": 14, "other_event_id": 15, "revision_id": 1}
        session.add(Match.model_validate(match | {"same": False}))


@dataclass
class Store:
    """A migrated store of a test's own."""

    url: str
    engine: Engine

    def key(self, *scopes: Scope) -> dict[str, str]:
        """Headers that carry a new key with these scopes; ``write`` where none are named."""
        with open_write_transaction(self.engine) as session:
            _, key = api_keys.create_key(session, name="tests", scopes=scopes or (Scope.WRITE,))
        return {"Authorization": f"Bearer {key}"}


def settings_for(url: str) -> Settings:
    return Settings(database_url=url, log_level="CRITICAL", busy_timeout=5)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        ends_before = metafunc.definition.get_closest_marker("before_the_database")
        metafunc.parametrize("backend", BACKENDS[:1] if ends_before else BACKENDS, scope="session")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    for what, reason in (
        ("on PostgreSQL", NO_POSTGRES),
        ("against a network", NO_NAMESPACE),
        ("with other people's programs", tools.NO_TOOL),
    ):
        skipped = sum(reason in str(report.longrepr) for report in reports)
        if skipped:
            terminalreporter.write_line(f"{skipped} tests did NOT run {what}: {reason}", yellow=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one module: while it runs, its thread can run no other event loop."""
    with tools.chromium() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        yield url or pytest.skip(NO_POSTGRES)


class Templates:
    """Stores to copy from, made once a run: copying takes some 10 ms, migrating a second."""

    def __init__(self, folder: Path, admin: Callable[[], str]) -> None:
        self._folder = folder
        self._admin = admin
        self._made: dict[tuple[str, str], str] = {}

    def new_database(self, backend: str, template: str | None = None) -> str:
        """The URL of a new database, empty or a copy of the one at ``template``."""
        name = f"dateline_{uuid.uuid4().hex}"
        if backend == "sqlite":
            path = self._folder / f"{name}.db"
            if template is not None:
                shutil.copy(str(make_url(template).database), path)
            return f"sqlite:///{path}"
        url = make_url(self._admin())
        # To copy files is quicker here than to log each of their pages, and to drop what was copied so as well.
        copied = f' TEMPLATE "{make_url(template).database}" STRATEGY FILE_COPY' if template else ""
        self._execute(f'CREATE DATABASE "{name}"{copied}')
        return url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        if make_url(url).get_backend_name() == "sqlite":
            for path in self._folder.glob(f"{Path(str(make_url(url).database)).name}*"):
                path.unlink()
        else:
            self._execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        plain = make_url(self._admin()).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())

    def template(self, backend: str, kind: str) -> str:
        if (backend, kind) not in self._made:
            source = self.template(backend, "migrated") if kind == "seeded" else None
            url = self.new_database(backend, source)
            engine = create_store_engine(settings_for(url))
            if kind == "seeded":
                load(engine)
                progress.begin(engine, format=lines.FORMAT, name="seed", author="tests")
                add_feed(engine)
                add_match(engine)
                add_search(engine)
            else:
                command.upgrade(build_alembic_config(engine), "head")
            self._settle(engine)
            self._made[backend, kind] = url
        return self._made[backend, kind]

    @staticmethod
    def _settle(engine: Engine) -> None:
        """Leave a template that can be copied: all of it in one file, nobody connected."""
        if engine.dialect.name == "sqlite":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
        engine.dispose()

    @contextmanager
    def copy(self, backend: str, kind: str) -> Iterator[Store]:
        url = self.new_database(backend, self.template(backend, kind))
        engine = create_store_engine(settings_for(url))
        try:
            yield Store(url, engine)
        finally:
            engine.dispose()
            self.drop(url)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Templates:
    return Templates(tmp_path_factory.mktemp("stores"), lambda: str(request.getfixturevalue("postgres_url")))


@pytest.fixture
def store(backend: str, templates: Templates) -> Iterator[Store]:
    """A seeded store of the test's own."""
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture
def empty_store(backend: str, templates: Templates) -> Iterator[Store]:
    """A migrated store with nothing in it."""
    with templates.copy(backend, "migrated") as copy:
        yield copy


@pytest.fixture(scope="session")
def application(backend: str) -> FastAPI:
    """One application a backend: deriving its OpenAPI document takes half a second."""
    return create_app(settings_for("sqlite:////nowhere/never-opened.db"))


# Whatever address a test has fetched, the web is not reached.
NOBODY = Fetcher(allowed=lambda _: False, timeout=0.1)


@contextmanager
def talking_to(application: FastAPI, store: Store) -> Iterator[TestClient]:
    before, application.state.read_pool = application.state.read_pool, ReadPool(store.engine, connections=2)
    application.state.fetcher = NOBODY
    try:
        with TestClient(application, raise_server_exceptions=False) as test_client:
            yield test_client
    finally:
        application.state.read_pool = before


@pytest.fixture
def client(application: FastAPI, store: Store) -> Iterator[TestClient]:
    """HTTP to a seeded store of the test's own."""
    with talking_to(application, store) as test_client:
        yield test_client


@pytest.fixture
def writer(client: TestClient, store: Store) -> TestClient:
    """HTTP with a key that may write, to a seeded store of the test's own."""
    client.headers |= store.key()
    return client


@pytest.fixture
def empty_writer(application: FastAPI, empty_store: Store) -> Iterator[TestClient]:
    """HTTP with a key that may write, to an empty store."""
    with talking_to(application, empty_store) as test_client:
        test_client.headers |= empty_store.key()
        yield test_client


@pytest.fixture(scope="session")
def shared_store(backend: str, templates: Templates) -> Iterator[Store]:
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture(scope="session")
def shared_client(application: FastAPI, shared_store: Store) -> Iterator[tuple[TestClient, ReadPool]]:
    with talking_to(application, shared_store) as test_client:
        yield test_client, application.state.read_pool


@pytest.fixture
def reader(application: FastAPI, shared_client: tuple[TestClient, ReadPool]) -> Iterator[TestClient]:
    """HTTP to a seeded store that the reading tests share; nobody may write to it."""
    test_client, read_pool = shared_client
    before, application.state.read_pool = application.state.read_pool, read_pool
    yield test_client
    application.state.read_pool = before
