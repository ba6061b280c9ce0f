"""The engine: connections, locks and concurrent clients on both databases."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.vocab import Scope
from app.database.engine import WRITER_LOCK, create_store_engine, open_read_transaction, open_write_transaction
from app.main import create_app
from tests.conftest import Store, settings_for, talking_to
from tests.test_cli import serving
from tests.test_writes import revision

BODY = {"name": "Herald", "kind": "newspaper"}


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)]
)
def test_sqlite_connection_has_the_safe_pragmas(
    tmp_path_factory: pytest.TempPathFactory, pragma: str, value: str | int
) -> None:
    engine = create_store_engine(settings_for(f"sqlite:///{tmp_path_factory.mktemp('pragmas')}/store.db"))

    with engine.connect() as first, engine.connect() as second:
        values = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for connection in (first, second)]
    engine.dispose()

    assert values == [value, value]


def test_database_has_a_supported_version(empty_store: Store) -> None:
    with empty_store.engine.connect() as connection:
        version = connection.dialect.server_version_info

    assert version is not None
    assert version >= {"sqlite": (3, 40), "postgresql": (15,)}[empty_store.engine.dialect.name]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document SET source_id = 999999",
        "UPDATE statement SET speaker_id = 999999",
        "UPDATE event SET revision_id = 999999",
        "DELETE FROM revision",
        "DELETE FROM source",
        'UPDATE statement SET "end" = "start"',
        "UPDATE event SET latitude = 91",
        "UPDATE source SET slug = 'same'",
    ],
)
def test_database_refuses_a_violated_constraint(store: Store, statement: str) -> None:
    with pytest.raises(IntegrityError), store.engine.begin() as connection:
        connection.execute(text(statement))


def test_read_transaction_sees_one_snapshot(store: Store) -> None:
    count = text("SELECT count(*) FROM api_key")
    with open_read_transaction(store.engine) as session:
        before = session.execute(count).scalar_one()
        store.key()
        during = session.execute(count).scalar_one()
    with open_read_transaction(store.engine) as session:
        after = session.execute(count).scalar_one()

    assert (before, during, after) == (0, 0, 1)


def test_failed_write_is_rolled_back(store: Store) -> None:
    def write() -> None:
        with open_write_transaction(store.engine) as session:
            session.execute(text("UPDATE event SET title = 'half done'"))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        write()

    with open_read_transaction(store.engine) as session:
        assert session.execute(text("SELECT count(*) FROM event WHERE title = 'half done'")).scalar_one() == 0


# One writer at a time


@contextmanager
def hold_writer_lock(store: Store) -> Iterator[None]:
    """Hold the writers' lock on another connection."""
    engine = create_store_engine(settings_for(store.url))
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
        else:
            connection.exec_driver_sql("UPDATE revision SET message = message")
        yield
        connection.rollback()
    engine.dispose()


@pytest.fixture
def impatient(application: FastAPI, store: Store) -> Iterator[TestClient]:
    """Return a client with a key, of an application whose writers wait at most 0.1 s for the lock."""
    settings = settings_for(store.url).model_copy(update={"busy_timeout": 0.1})
    quick = Store(store.url, create_store_engine(settings))
    with talking_to(application, quick) as test_client:
        test_client.headers |= store.key()
        yield test_client
    quick.engine.dispose()


def test_writer_over_the_lock_timeout_is_503_with_retry_after(impatient: TestClient, store: Store) -> None:
    with hold_writer_lock(store):
        answer = impatient.post("/sources", json=BODY)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"] == "urn:dateline:problem:busy"
    assert impatient.post("/sources", json=BODY).status_code == 201


def test_read_does_not_wait_for_a_writer(impatient: TestClient, store: Store) -> None:
    with hold_writer_lock(store):
        assert impatient.get("/events").status_code == 200


def test_writer_waits_for_the_lock(writer: TestClient, store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with hold_writer_lock(store):
            waiting = pool.submit(writer.post, "/sources", json=BODY)
            time.sleep(0.3)
            assert not waiting.done()
        assert waiting.result().status_code == 201


@pytest.mark.expensive("serves a hundred clients at once")
def test_hundred_concurrent_clients_all_succeed(store: Store) -> None:
    headers = store.key(Scope.WRITE)

    def work(number: int) -> list[int]:
        # verify=False, since loading the CA certificates a hundred times would take most of the time.
        with httpx.Client(
            base_url=server.address, headers=headers, timeout=60, trust_env=False, verify=False
        ) as client:
            if number % 4 == 0:
                sent = [client.post("/sources", json=BODY) for _ in range(2)]
            else:
                sent = [client.get(path) for path in ("/events", "/statements?format=csv")]
            return [answer.status_code for answer in sent]

    with serving(store.url, DATELINE_LOG_LEVEL="ERROR") as server, ThreadPoolExecutor(100) as pool:
        statuses = Counter(status for client_statuses in pool.map(work, range(100)) for status in client_statuses)
        server.stop()

    assert statuses == {200: 150, 201: 50}
    assert "Traceback" not in server.output


def test_store_without_migration_is_not_ready(application: FastAPI, empty_store: Store) -> None:
    with talking_to(application, empty_store) as client:
        with empty_store.engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:dateline:problem:not-migrated")


def test_refused_write_releases_the_lock(writer: TestClient) -> None:
    for _ in range(3):
        assert writer.post("/sources", json=BODY | {"slug": "meduza"}).status_code == 409
    at = revision(writer)

    assert writer.post("/sources", json=BODY).status_code == 201
    assert revision(writer) > at


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unreachable_store_is_503(method: str) -> None:
    with socket.socket() as server:  # bound, but not listening
        server.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{server.getsockname()[1]}/nothing"
        application = create_app(settings_for(url))
        key = {"Authorization": f"Bearer dl_{'a' * 8}_{'b' * 32}"} if method == "POST" else {}

        answer = TestClient(application, raise_server_exceptions=False).request(method, "/events", headers=key)
        application.state.read_pool.engine.dispose()

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:dateline:problem:busy")
    assert answer.headers["Retry-After"]
