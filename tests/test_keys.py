"""API keys: created and revoked by the command, stored as hashes, required for writes and private reads."""

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


def test_key_create_prints_a_key_that_works(client: TestClient, store: Store, dateline: Dateline) -> None:
    result = dateline(store.url, "key", "create", "news desk", "--scope", "write")

    key = result.stdout.strip()
    assert re.fullmatch(r"dl_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}", key)
    assert client.post("/sources", json=BODY, headers=bearer(key)).status_code == 201
    assert client.get("/revisions").json()["items"][0]["author"] == f"news desk ({key[3:11]})"


def test_key_create_without_a_valid_scope_fails(store: Store, dateline: Dateline) -> None:
    assert dateline(store.url, "key", "create", "desk").exit_code == 2
    assert dateline(store.url, "key", "create", "desk", "--scope", "everything").exit_code == 2


def test_key_list_has_no_secrets(store: Store, dateline: Dateline) -> None:
    key = dateline(store.url, "key", "create", "desk", "--scope", "read", "--scope", "write").stdout.strip()

    listed = dateline(store.url, "key", "list").stdout

    assert key[3:11] in listed
    assert "desk" in listed
    assert "read write" in listed
    assert key[12:] not in listed


def test_revoked_key_is_a_401_and_listed_as_revoked(client: TestClient, store: Store, dateline: Dateline) -> None:
    key = dateline(store.url, "key", "create", "desk", "--scope", "write").stdout.strip()
    result = dateline(store.url, "key", "revoke", key[3:11])

    assert result.exit_code == 0
    assert client.post("/sources", json=BODY, headers=bearer(key)).status_code == 401
    assert client.get("/sources", headers=bearer(key)).status_code == 401
    assert re.search(r"desk\W+write\W+\S+ \S+\W+\d{4}-\d\d-\d\d", dateline(store.url, "key", "list").stdout)


def test_revoking_an_unknown_key_fails(store: Store, dateline: Dateline) -> None:
    result = dateline(store.url, "key", "revoke", "nonesuch")

    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "nonesuch" in result.stderr


def test_store_has_a_hash_instead_of_the_key(store: Store) -> None:
    key = store.key()["Authorization"].removeprefix("Bearer ")

    with store.engine.connect() as connection:
        [row] = connection.execute(text("SELECT * FROM api_key")).mappings()

    assert key[12:] not in str(dict(row))
    assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])


@pytest.mark.parametrize(("scope", "status"), [(Scope.READ, 403), (Scope.WRITE, 201), (Scope.ADMIN, 201)])
def test_write_with_a_read_key_is_a_403(client: TestClient, store: Store, scope: Scope, status: int) -> None:
    answer = client.post("/sources", json=BODY, headers=store.key(scope))

    assert answer.status_code == status


def test_write_without_a_key_is_a_401(client: TestClient, subtests: pytest.Subtests) -> None:
    before = revision(client)
    for method, address in (("POST", "/sources"), ("PATCH", "/sources/meduza"), ("DELETE", "/sources/meduza")):
        with subtests.test(method):
            answer = client.request(method, address, json=BODY)

            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert revision(client) == before


def test_invalid_authorization_is_a_401(reader: TestClient, subtests: pytest.Subtests) -> None:
    for header in (
        b"Bearer nonsense",
        b"Bearer dl_AAAAAAAA_" + b"A" * 32,
        b"Bearer \xe9\xe8",
        b"Bearer dl_AAAAAAAA_\xc3\xa9" + b"A" * 31,
        "Bearer dl_ključ".encode(),
        b"Bearer",
        b"Bearer ",
        b"",
        b"Basic dXNlcjpwYXNz",
        b"Bearer " + b"x" * 5000,
    ):
        for method in ("GET", "POST"):
            with subtests.test(method, header=ascii(header[:40])):
                answer = reader.request(method, "/sources", json=BODY, headers=[(b"Authorization", header)])

                assert answer.status_code == 401


def test_key_with_one_other_letter_is_a_401(client: TestClient, store: Store) -> None:
    key = store.key()["Authorization"]
    changed = key[:-1] + ("A" if key[-1] != "A" else "B")

    assert client.post("/sources", json=BODY, headers={"Authorization": changed}).status_code == 401


@pytest.mark.expensive("starts processes of the command")
@pytest.mark.before_the_database
def test_log_has_no_key(store: Store) -> None:
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
    """Yield a client of an application whose reads need a key."""
    with talking_to(private_application, store) as test_client:
        yield test_client


def test_private_read_without_a_key_is_a_401(private: TestClient, store: Store, subtests: pytest.Subtests) -> None:
    headers = store.key(Scope.READ)
    for address in (
        *("/events", "/events?format=csv", "/events/1", "/documents/1?as_of=1"),
        *("/search?q=treaty", "/changes", "/metrics"),
    ):
        with subtests.test(address):
            assert private.get(address).status_code == 401
            assert private.head(address).status_code == 401
            assert private.get(address, headers=headers).status_code == 200


def test_private_read_with_an_etag_but_no_key_is_a_401(private: TestClient, store: Store) -> None:
    tag = private.get("/events", headers=store.key(Scope.READ)).headers["ETag"]

    answer = private.get("/events", headers={"If-None-Match": tag})

    assert (answer.status_code, "ETag" in answer.headers) == (401, False)


def test_private_read_is_not_for_shared_caches(private: TestClient, store: Store) -> None:
    answer = private.get("/events", headers=store.key(Scope.READ))

    assert "private" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_health_needs_no_key(private: TestClient, address: str) -> None:
    assert private.get(address).status_code == 200
