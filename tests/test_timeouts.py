"""Interruption of reads that take too long."""

import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from app.database.engine import create_store_engine, open_read_transaction
from tests.conftest import Store, settings_for, talking_to

SECONDS = 0.2


def count_to(number: int) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) SELECT max(i) FROM n"


@pytest.fixture
def hasty(store: Store, application: FastAPI) -> Iterator[TestClient]:
    """HTTP to a store whose reads may take a fifth of a second."""
    engine = create_store_engine(settings_for(store.url), query_timeout=SECONDS)
    with talking_to(application, Store(store.url, engine)) as client:
        yield client
    engine.dispose()


@pytest.fixture
def slow(store: Store) -> None:
    """Replace the table of ``/claims`` by a view that counts or sleeps for at least a minute."""
    work = {
        "sqlite": f"({count_to(2_000_000_000)})",
        "postgresql": "(SELECT 1 FROM pg_sleep(60))",
    }[store.engine.dialect.name]
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE claim RENAME TO claim_itself"))
        connection.execute(text(f"CREATE VIEW claim AS SELECT * FROM claim_itself WHERE id < {work} OR id > 0"))


@pytest.mark.usefixtures("slow")
def test_read_over_the_timeout_is_503_with_retry_after(hasty: TestClient) -> None:
    started = time.monotonic()

    answer = hasty.get("/claims?sort=property")

    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"].isdigit()
    assert answer.json()["type"] == "urn:dateline:problem:too-slow"
    assert time.monotonic() - started < 30  # of at least 60


@pytest.mark.usefixtures("slow")
def test_connection_works_after_an_interruption(hasty: TestClient) -> None:
    hasty.get("/claims?sort=property")

    assert hasty.get("/events/1").status_code == 200


def test_quick_read_and_write_are_not_interrupted(hasty: TestClient, store: Store) -> None:
    source = {"name": "Herald", "kind": "online"}

    assert hasty.get("/statements?limit=500").status_code == 200
    assert hasty.post("/sources", json=source, headers=store.key()).status_code == 201


@pytest.mark.expensive("tries many random sequences")
def test_read_of_a_command_has_no_timeout(store: Store) -> None:
    assert read_slowly(create_store_engine(settings_for(store.url))) == 3_000_000


def read_slowly(engine: Engine) -> int:
    """Run a read that takes longer than the timeout of reads over HTTP."""
    work = {
        "sqlite": count_to(3_000_000),
        "postgresql": "SELECT 3000000 FROM pg_sleep(0.5)",
    }[engine.dialect.name]
    try:
        with open_read_transaction(engine) as session:
            return int(session.connection().execute(text(work)).scalar_one())
    finally:
        engine.dispose()
