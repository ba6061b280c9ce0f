"""What the benchmarks share: the stores, the contenders' servers, and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.benchmarks import stores
from tests.benchmarks.server import BENCH_PYTHON, Server, serving

CONTENDERS = "tests.benchmarks.contenders"


@contextmanager
def serving_dateline(url: str) -> Iterator[Server]:
    environment = {"DATELINE_DATABASE_URL": url, "DATELINE_LOG_LEVEL": "WARNING", "DATELINE_QUERY_TIMEOUT": "600"}
    with serving("app.main:create_app", environment) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_store() -> Path:
    return stores.sqlite_store(stores.EVENTS)


@pytest.fixture(scope="session")
def postgres_store(postgres_url: str) -> str:
    return stores.postgres_store(postgres_url, stores.EVENTS)


@pytest.fixture
def dateline(sqlite_store: Path) -> Iterator[Server]:
    with serving_dateline(f"sqlite:///{sqlite_store}") as server:
        yield server


@pytest.fixture
def hello() -> Iterator[Server]:
    with serving(f"{CONTENDERS}.hello:create_app", {}) as server:
        yield server


@pytest.fixture
def bare(sqlite_store: Path) -> Iterator[Server]:
    with serving(f"{CONTENDERS}.bare:create_app", {"BENCH_STORE": str(sqlite_store)}) as server:
        yield server


@pytest.fixture
def datasette(sqlite_store: Path) -> Iterator[Server]:
    if not BENCH_PYTHON.exists():
        pytest.skip("Datasette is not installed: run make bench")
    factory = f"{CONTENDERS}.datasette_app:create_app"
    with serving(factory, {"BENCH_STORE": str(sqlite_store)}, python=BENCH_PYTHON) as server:
        yield server
