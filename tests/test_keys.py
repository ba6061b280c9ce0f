"""API keys: made, shown once, kept as a hash, asked for where they are needed."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.core.vocab import Scope
from app.main import create_app
from tests.conftest import Store, settings_for, talking_to
from tests.test_cli import Dateline, dateline, serving
from tests.test_writes import revision

__all__ = ["dateline"]  # the fixture

BODY = {"name": "Herald", "kind": "newspaper"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_the_command_makes_a_key_that_works(client: TestClient, store: Store, dateline: Dateline) -> None:
    done = dateline(store.url, "key", "create", "news desk", "--scope", "write")

    key = done.stdout.strip()
    assert re.fullmatch(r"dl_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}", key)
    assert client.post("/sources", json=BODY, headers=bearer(key)).status_code == 201
    assert client.get("/revisions").json()["items"][0]["author"] == f"news desk ({key[3:11]})"


def test_a_key_needs_a_scope(store: Store, dateline: Dateline) -> None:
    assert dateline(store.url, "key", "create", "desk").exit_code == 2
    assert dateline(store.url, "key", "create", "desk", "--scope", "everything").exit_code == 2


def test_the_list_shows_keys_without_their_secrets(store: Store, dateline: Dateline) -> None:
    key = dateline(store.url, "key", "create", "desk", "--scope", "read", "--scope", "write").stdout.strip()

    listed = dateline(store.url, "key", "list").stdout

    assert key[3:11] in listed
    assert "desk" in listed
    assert "read write" in listed
    assert key[12:] not in listed


def test_a_revoked_key_is_refused_and_shown_as_revoked(client: TestClient, store: Store, dateline: Dateline) -> None:
    key = dateline(store.url, "key", "create", "desk", "--scope", "write").stdout.strip()
    done = dateline(store.url, "key", "revoke", key[3:11])

    assert done.exit_code == 0
    assert client.post("/sources", json=BODY, headers=bearer(key)).status_code == 401
    assert client.get("/sources", headers=bearer(key)).status_code == 401
    assert re.search(r"desk\W+write\W+\S+ \S+\W+\d{4}-\d\d-\d\d", dateline(store.url, "key", "list").stdout)


def test_a_key_that_is_not_there_cannot_be_revoked(store: Store, dateline: Dateline) -> None:
    done = dateline(store.url, "key", "revoke", "nonesuch")

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "nonesuch" in done.stderr


def test_the_store_holds_a_hash_and_not_the_key(store: Store) -> None:
    key = store.key()["Authorization"].removeprefix("Bearer ")

    with store.engine.connect() as connection:
        [row] = connection.execute(text("SELECT * FROM api_key")).mappings()

    assert key[12:] not in str(dict(row))
    assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])


@pytest.mark.parametrize(("scope", "status"), [(Scope.READ, 403), (Scope.WRITE, 201), (Scope.ADMIN, 201)])
def test_writing_needs_the_scope(client: TestClient, store: Store, scope: Scope, status: int) -> None:
    answer = client.post("/sources", json=BODY, headers=store.key(scope))

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "address"), [("POST", "/sources"), ("PATCH", "/sources/meduza"), ("DELETE", "/sources/meduza")]
)
def test_writing_without_a_key_is_refused(client: TestClient, method: str, address: str) -> None:
    at = revision(client)

    answer = client.request(method, address, json=BODY)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert revision(client) == at


@pytest.mark.parametrize(
    "header",
    [
        b"Bearer nonsense",
        b"Bearer dl_AAAAAAAA_" + b"A" * 32,
        b"Bearer \xe9\xe8",
        b"Bearer dl_AAAAAAAA_\xc3\xa9" + b"A" * 31,
        "Bearer dl_ключ".encode(),
        b"Bearer",
        b"Bearer ",
        b"",
        b"Basic dXNlcjpwYXNz",
        b"Bearer " + b"x" * 5000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whatever_is_not_a_key_is_refused(reader: TestClient, method: str, header: bytes) -> None:
    answer = reader.request(method, "/sources", json=BODY, headers=[(b"Authorization", header)])

    assert answer.status_code == 401


def test_a_key_with_one_letter_changed_is_refused(client: TestClient, store: Store) -> None:
    key = store.key()["Authorization"]
    changed = key[:-1] + ("A" if key[-1] != "A" else "B")

    assert client.post("/sources", json=BODY, headers={"Authorization": changed}).status_code == 401


@pytest.mark.before_the_database
def test_a_key_is_in_no_log(store: Store) -> None:
    key = store.key()
    secret = key["Authorization"].split("_")[2]
    with serving(store.url, DATELINE_LOG_LEVEL="DEBUG", DATELINE_LOG_FORMAT="json") as server:
        with httpx.Client(base_url=server.address, headers=key, trust_env=False) as client:
            client.post("/sources", json=BODY)
            client.get(f"/sources?nonsense={secret}")
            client.post("/sources", content=secret)
            client.get("/sources/meduza", headers={"X-Request-ID": "the-last"})
        server.stop()

    logged = [json.loads(line) for line in server.lines if line.startswith("{")]
    assert "the-last" in [line.get("request_id") for line in logged]
    assert secret not in server.output


# Reading with a key only


@pytest.fixture(scope="session")
def private_application(backend: str) -> FastAPI:
    settings = settings_for("sqlite:////nowhere/never-opened.db")
    return create_app(settings.model_copy(update={"public_reads": False}))


@pytest.fixture
def private(private_application: FastAPI, store: Store) -> Iterator[TestClient]:
    """HTTP to an application that lets nobody read without a key."""
    with talking_to(private_application, store) as test_client:
        yield test_client


@pytest.mark.parametrize(
    "address",
    ["/events", "/events?format=csv", "/events/1", "/documents/1?as_of=1", "/search?q=treaty", "/changes", "/metrics"],
)
def test_where_reading_is_not_public_it_needs_a_key(private: TestClient, store: Store, address: str) -> None:
    assert private.get(address).status_code == 401
    assert private.head(address).status_code == 401
    assert private.get(address, headers=store.key(Scope.READ)).status_code == 200


def test_where_reading_is_not_public_a_tag_tells_nothing_without_a_key(private: TestClient, store: Store) -> None:
    tag = private.get("/events", headers=store.key(Scope.READ)).headers["ETag"]

    answer = private.get("/events", headers={"If-None-Match": tag})

    assert (answer.status_code, "ETag" in answer.headers) == (401, False)


def test_what_a_key_may_read_is_not_for_shared_caches(private: TestClient, store: Store) -> None:
    answer = private.get("/events", headers=store.key(Scope.READ))

    assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_health_is_open_to_all(private: TestClient, address: str) -> None:
    assert private.get(address).status_code == 200
