"""Fixtures of the benchmarks, such as the stores and the servers, and the end of a run."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.benchmarks import results, stores
from tests.benchmarks.server import BENCH_PYTHON, Server, serve_app

CONTENDERS = "tests.benchmarks.contenders"


class DatelineServers:
    """Dateline's servers, one for each store, which the benchmarks of a run share."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}
        self._stacks: dict[str, ExitStack] = {}

    def get(self, url: str) -> Server:
        """Return the server of the store at ``url``; start it if necessary."""
        if url not in self._servers:
            environment = {
                "DATELINE_DATABASE_URL": url,
                "DATELINE_LOG_LEVEL": "WARNING",
                "DATELINE_QUERY_TIMEOUT": "600",
            }
            self._stacks[url] = ExitStack()
            self._servers[url] = self._stacks[url].enter_context(serve_app("app.main:create_app", environment))
        return self._servers[url]

    def stop(self, *urls: str) -> None:
        """Stop the servers of these stores, so that nothing is connected to them."""
        for url in urls:
            if self._servers.pop(url, None):
                self._stacks.pop(url).close()

    def stop_all(self) -> None:
        """Stop all servers."""
        self.stop(*list(self._servers))


@pytest.fixture(scope="session")
def servers() -> Iterator[DatelineServers]:
    servers = DatelineServers()
    yield servers
    servers.stop_all()


@pytest.fixture(scope="session")
def sqlite_store() -> Path:
    return stores.sqlite_store(stores.EVENTS)


@pytest.fixture(scope="session")
def postgres_store(postgres_url: str) -> str:
    return stores.postgres_store(postgres_url, stores.EVENTS)


def get_store_url(backend: str, events: int, request: pytest.FixtureRequest) -> str:
    """Return the URL of the generated store of this size."""
    if backend == "sqlite":
        return f"sqlite:///{stores.sqlite_store(events)}"
    return stores.postgres_store(request.getfixturevalue("postgres_url"), events)


@pytest.fixture
def dateline(sqlite_store: Path, servers: DatelineServers) -> Server:
    return servers.get(f"sqlite:///{sqlite_store}")


@pytest.fixture
def hello() -> Iterator[Server]:
    with serve_app(f"{CONTENDERS}.hello:create_app", {}) as server:
        yield server


@pytest.fixture
def bare(sqlite_store: Path) -> Iterator[Server]:
    with serve_app(f"{CONTENDERS}.bare:create_app", {"BENCH_STORE": str(sqlite_store)}) as server:
        yield server


@pytest.fixture
def bare_postgres(postgres_store: str) -> Iterator[Server]:
    environment = {"BENCH_STORE": stores.to_libpq(postgres_store)}
    with serve_app(f"{CONTENDERS}.bare_postgres:create_app", environment) as server:
        yield server


@pytest.fixture
def datasette(sqlite_store: Path) -> Iterator[Server | None]:
    """Serve the store with Datasette; None if it is not installed, as in `make test`."""
    if not BENCH_PYTHON.exists():
        results.console.print("Datasette is not compared: .venv-bench does not exist, which make bench creates")
        yield None
        return
    factory = f"{CONTENDERS}.datasette_app:create_app"
    with serve_app(factory, {"BENCH_STORE": str(sqlite_store)}, python=BENCH_PYTHON) as server:
        yield server


@pytest.fixture
def postgres_connection(postgres_store: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stores.to_libpq(postgres_store)) as connection:
        yield connection


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Print all targets of the run, and fail it if one is missed."""
    if results.SECTIONS:
        results.print_targets()
        results.console.print(f"written to {results.get_json_path()}")
        if missed := results.list_missed():
            results.console.print(f"{len(missed)} targets missed")
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
