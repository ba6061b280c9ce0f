"""The engine: how each database is opened, locked, and shared by many."""

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
def test_every_sqlite_connection_is_opened_safely(
    tmp_path_factory: pytest.TempPathFactory, pragma: str, value: str | int
) -> None:
    engine = create_store_engine(settings_for(f"sqlite:///{tmp_path_factory.mktemp('pragmas')}/store.db"))

    with engine.connect() as first, engine.connect() as second:
        found = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for connection in (first, second)]
    engine.dispose()

    assert found == [value, value]


def test_the_database_is_new_enough(empty_store: Store) -> None:
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
def test_the_database_itself_keeps_what_belongs_together(store: Store, statement: str) -> None:
    with pytest.raises(IntegrityError), store.engine.begin() as connection:
        connection.execute(text(statement))


def test_a_reader_sees_one_snapshot(store: Store) -> None:
    count = text("SELECT count(*) FROM api_key")
    with open_read_transaction(store.engine) as session:
        before = session.execute(count).scalar_one()
        store.key()
        during = session.execute(count).scalar_one()
    with open_read_transaction(store.engine) as session:
        after = session.execute(count).scalar_one()

    assert (before, during, after) == (0, 0, 1)


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
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
def held(store: Store) -> Iterator[None]:
    """The writers' lock, in the hands of somebody else."""
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
    """HTTP with a key to an application whose writers wait a tenth of a second for their turn."""
    settings = settings_for(store.url).model_copy(update={"busy_timeout": 0.1})
    quick = Store(store.url, create_store_engine(settings))
    with talking_to(application, quick) as test_client:
        test_client.headers |= store.key()
        yield test_client
    quick.engine.dispose()


def test_a_writer_that_waits_too_long_is_told_when_to_come_back(impatient: TestClient, store: Store) -> None:
    with held(store):
        answer = impatient.post("/sources", json=BODY)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"] == "urn:dateline:problem:busy"
    assert impatient.post("/sources", json=BODY).status_code == 201


def test_readers_do_not_wait_for_a_writer(impatient: TestClient, store: Store) -> None:
    with held(store):
        assert impatient.get("/events").status_code == 200


def test_a_writer_waits_for_its_turn(writer: TestClient, store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with held(store):
            waiting = pool.submit(writer.post, "/sources", json=BODY)
            time.sleep(0.3)
            assert not waiting.done()
        assert waiting.result().status_code == 201


def test_a_hundred_clients_that_read_and_write_at_once_are_all_answered(store: Store) -> None:
    headers = store.key(Scope.WRITE)

    def work(number: int) -> list[int]:
        # To load the certificates of the world a hundred times would take most of the time.
        with httpx.Client(
            base_url=server.address, headers=headers, timeout=60, trust_env=False, verify=False
        ) as client:
            if number % 4 == 0:
                sent = [client.post("/sources", json=BODY) for _ in range(2)]
            else:
                sent = [client.get(path) for path in ("/events", "/statements?format=csv")]
            return [answer.status_code for answer in sent]

    with serving(store.url, DATELINE_LOG_LEVEL="ERROR") as server, ThreadPoolExecutor(100) as pool:
        statuses = Counter(status for found in pool.map(work, range(100)) for status in found)
        server.stop()

    assert statuses == {200: 150, 201: 50}
    assert "Traceback" not in server.output


def test_a_store_that_is_not_migrated_is_not_ready(application: FastAPI, empty_store: Store) -> None:
    with talking_to(application, empty_store) as client:
        with empty_store.engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:dateline:problem:not-migrated")


def test_a_refused_write_gives_its_turn_to_the_next(writer: TestClient) -> None:
    for _ in range(3):
        assert writer.post("/sources", json=BODY | {"slug": "meduza"}).status_code == 409
    at = revision(writer)

    assert writer.post("/sources", json=BODY).status_code == 201
    assert revision(writer) > at


@pytest.mark.parametrize("ask", ["GET", "POST"])
def test_a_store_that_cannot_be_reached_is_a_503(ask: str) -> None:
    with socket.socket() as nobody:  # bound, but not listening
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{nobody.getsockname()[1]}/nothing"
        away = create_app(settings_for(url))
        key = {"Authorization": f"Bearer dl_{'a' * 8}_{'b' * 32}"} if ask == "POST" else {}

        answer = TestClient(away, raise_server_exceptions=False).request(ask, "/events", headers=key)
        away.state.read_pool.engine.dispose()

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:dateline:problem:busy")
    assert answer.headers["Retry-After"]
