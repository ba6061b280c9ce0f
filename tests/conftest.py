"""Fixtures: every test that touches a store runs on SQLite and on PostgreSQL.

A store is a copy of a template that the migrations built (and, for ``seeded``, the seed filled), so
that a test may do with it what it likes. ``client`` talks to the application over HTTP; ``reader``
does so on one seeded store that all reading tests share.

All workers of pytest-xdist share one PostgreSQL server and the templates. Large modules are imported in the functions
that use them, so that a run of a few tests starts quickly.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import tools
from tests.databases import NO_POSTGRES, postgres_server
from tests.fetching.namespace import NO_NAMESPACE

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from playwright.sync_api import Browser
    from sqlalchemy import Engine

    from app.core.config import Settings
    from app.core.vocab import Scope
    from app.database.reads import ReadPool

BACKENDS = ("sqlite", "postgresql")

CPU_SECONDS = 6.0
"""CPU time of an item, its children included, above which CI asks for the marker ``expensive`` with a reason.

Two seconds on an idle machine; a busy one counts up to three times as many.
"""

_POSTGRES_URL = pytest.StashKey[str | None]()


@dataclass
class Store:
    """A migrated store of a test's own."""

    url: str
    engine: "Engine"

    def key(self, *scopes: "Scope") -> dict[str, str]:
        """Return headers that carry a new key with these scopes, or with ``write`` if none is named."""
        from app.core.vocab import Scope
        from app.database.engine import open_write_transaction
        from app.store import api_keys

        with open_write_transaction(self.engine) as session:
            _, key = api_keys.create_key(session, name="tests", scopes=scopes or (Scope.WRITE,))
        return {"Authorization": f"Bearer {key}"}


def settings_for(url: str) -> "Settings":
    """Return the settings for a store: quiet, and with a short wait for locks."""
    from app.core.config import Settings

    return Settings(database_url=url, log_level="CRITICAL", busy_timeout=5)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        ends_before = metafunc.definition.get_closest_marker("before_the_database")
        metafunc.parametrize("backend", BACKENDS[:1] if ends_before else BACKENDS, scope="session")


def _get_cpu_seconds() -> float:
    """Return the CPU time of this process and of its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """In CI, fail an item that takes much CPU time without a marker that gives the reason."""
    before = _get_cpu_seconds()
    yield
    seconds = _get_cpu_seconds() - before
    if os.environ.get("CI") and seconds > CPU_SECONDS and item.get_closest_marker("expensive") is None:
        pytest.fail(f"took {seconds:.1f} s of CPU: make it cheaper, or mark it expensive and give the reason", False)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start PostgreSQL before the first worker of pytest-xdist, and pass its URL to every worker."""
    config: pytest.Config = node.config
    if _POSTGRES_URL not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_POSTGRES_URL] = stack.enter_context(postgres_server())
    node.workerinput["postgres_url"] = config.stash[_POSTGRES_URL]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    for place, reason in (
        ("on PostgreSQL", NO_POSTGRES),
        ("against a network", NO_NAMESPACE),
        ("with other people's programs", tools.NO_TOOL),
    ):
        skipped = sum(reason in str(report.longrepr) for report in reports)
        if skipped:
            terminalreporter.write_line(f"{skipped} tests did NOT run {place}: {reason}", yellow=True)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Run Chromium for the tests of one module: while it runs, its thread can run no other event loop."""
    with tools.chromium() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of the run's PostgreSQL server; start the server here if no other process has done so."""
    with ExitStack() as stack:
        worker: dict[str, str | None] | None = getattr(request.config, "workerinput", None)
        url = worker["postgres_url"] if worker else stack.enter_context(postgres_server())
        yield url or pytest.skip(NO_POSTGRES)


class Templates:
    """Stores to copy from, built once a run: to copy one takes some 10 ms, to migrate one takes a second.

    All processes of the run share ``folder``: each finds there the URLs of the templates that another has built.
    """

    def __init__(self, folder: Path, admin: Callable[[], str]) -> None:
        self._folder = folder
        self._admin = admin
        self._urls: dict[tuple[str, str], str] = {}

    def new_database(self, backend: str, template: str | None = None) -> str:
        """Create a database, empty or a copy of the one at ``template``, and return its URL."""
        from sqlalchemy import make_url

        name = f"dateline_{uuid.uuid4().hex}"
        if backend == "sqlite":
            path = self._folder / f"{name}.db"
            if template is not None:
                shutil.copy(str(make_url(template).database), path)
            return f"sqlite:///{path}"
        url = make_url(self._admin())
        # To copy files is quicker here than to log each of their pages, and so is it to drop the copy.
        options = f' TEMPLATE "{make_url(template).database}" STRATEGY FILE_COPY' if template else ""
        self._execute(f'CREATE DATABASE "{name}"{options}')
        return url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Delete the database at the URL."""
        from sqlalchemy import make_url

        if make_url(url).get_backend_name() == "sqlite":
            for path in self._folder.glob(f"{Path(str(make_url(url).database)).name}*"):
                path.unlink()
        else:
            self._execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        import psycopg
        from sqlalchemy import make_url

        url = make_url(self._admin()).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def template(self, backend: str, kind: str) -> str:
        """Return the URL of a template, ``migrated`` or ``seeded``. The first process that asks for it builds it."""
        if (backend, kind) not in self._urls:
            with (self._folder / f"{backend}-{kind}.url").open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                url = file.read()
                if not url:
                    url = self._build(backend, kind)
                    file.write(url)
            self._urls[backend, kind] = url
        return self._urls[backend, kind]

    def _build(self, backend: str, kind: str) -> str:
        from app.database.engine import create_store_engine
        from tests import templates

        url = self.new_database(backend, self.template(backend, "migrated") if kind == "seeded" else None)
        engine = create_store_engine(settings_for(url))
        if kind == "seeded":
            templates.seed(engine)
        else:
            templates.migrate(engine)
        templates.leave(engine)
        return url

    @contextmanager
    def copy(self, backend: str, kind: str) -> Iterator[Store]:
        """Copy a template for as long as the context lasts."""
        from app.database.engine import create_store_engine

        url = self.new_database(backend, self.template(backend, kind))
        engine = create_store_engine(settings_for(url))
        try:
            yield Store(url, engine)
        finally:
            engine.dispose()
            self.drop(url)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Templates:
    base = tmp_path_factory.getbasetemp()
    # The folder of a worker is inside the folder of the run.
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "stores"
    folder.mkdir(exist_ok=True)
    return Templates(folder, lambda: str(request.getfixturevalue("postgres_url")))


@pytest.fixture
def store(backend: str, templates: Templates) -> Iterator[Store]:
    """Return a seeded store of the test's own."""
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture
def empty_store(backend: str, templates: Templates) -> Iterator[Store]:
    """Return a migrated store without records."""
    with templates.copy(backend, "migrated") as copy:
        yield copy


@pytest.fixture(scope="session")
def application(backend: str) -> "FastAPI":
    """Return the one application of a backend: deriving its OpenAPI document takes half a second."""
    from app.main import create_app

    return create_app(settings_for("sqlite:////nowhere/never-opened.db"))


@contextmanager
def talking_to(application: "FastAPI", store: Store) -> "Iterator[TestClient]":
    """Let the application serve the store, and return a client. Every URL to be fetched is refused."""
    from fastapi.testclient import TestClient

    from app.database.reads import ReadPool
    from app.fetch import Fetcher

    before, application.state.read_pool = application.state.read_pool, ReadPool(store.engine, connections=2)
    application.state.fetcher = Fetcher(allowed=lambda _: False, timeout=0.1)
    try:
        with TestClient(application, raise_server_exceptions=False) as test_client:
            yield test_client
    finally:
        application.state.read_pool = before


@pytest.fixture
def client(application: "FastAPI", store: Store) -> "Iterator[TestClient]":
    """Return a client of a seeded store of the test's own."""
    with talking_to(application, store) as test_client:
        yield test_client


@pytest.fixture
def writer(client: "TestClient", store: Store) -> "TestClient":
    """Return a client with a key that may write, of a seeded store of the test's own."""
    client.headers |= store.key()
    return client


@pytest.fixture
def empty_writer(application: "FastAPI", empty_store: Store) -> "Iterator[TestClient]":
    """Return a client with a key that may write, of an empty store."""
    with talking_to(application, empty_store) as test_client:
        test_client.headers |= empty_store.key()
        yield test_client


@pytest.fixture(scope="session")
def shared_store(backend: str, templates: Templates) -> Iterator[Store]:
    """Return the seeded store that the reading tests share."""
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture(scope="session")
def shared_client(application: "FastAPI", shared_store: Store) -> "Iterator[tuple[TestClient, ReadPool]]":
    with talking_to(application, shared_store) as test_client:
        yield test_client, application.state.read_pool


@pytest.fixture
def reader(application: "FastAPI", shared_client: "tuple[TestClient, ReadPool]") -> "Iterator[TestClient]":
    """Return a client of the seeded store that the reading tests share; it must not write."""
    test_client, read_pool = shared_client
    before, application.state.read_pool = application.state.read_pool, read_pool
    yield test_client
    application.state.read_pool = before
