"""``Idempotency-Key``: a repeated request gets the first response and writes nothing."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import create_app
from tests.conftest import Store, settings_for
from tests.test_writes import body_of, make, revision

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
BODY = body_of("sources", {})


def test_repeated_creation_has_the_first_response(empty_writer: TestClient) -> None:
    first = empty_writer.post("/sources", json=BODY, headers=KEY)
    empty_writer.patch("/sources/1", json={"name": "Bote"})
    at = revision(empty_writer)

    again = empty_writer.post("/sources", json=BODY, headers=KEY)

    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    for name in ("Location", "ETag", "Dateline-Revision", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert revision(empty_writer) == at
    assert len(empty_writer.get("/sources").json()["items"]) == 1


@pytest.mark.parametrize(("method", "status"), [("PATCH", 200), ("DELETE", 204)])
def test_repeated_change_or_deletion_has_the_first_response(empty_writer: TestClient, method: str, status: int) -> None:
    source = make(empty_writer, "sources", {})
    body = {"name": "Bote"}

    answers = [empty_writer.request(method, f"/sources/{source}", json=body, headers=KEY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["Dateline-Revision"] == answers[1].headers["Dateline-Revision"]


def test_repeated_change_is_a_200_despite_its_old_etag(empty_writer: TestClient) -> None:
    make(empty_writer, "sources", {})
    headers = KEY | {"If-Match": empty_writer.get("/sources/1").headers["ETag"]}

    answers = [empty_writer.patch("/sources/1", json={"name": "Bote"}, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("POST", "/sources", BODY | {"name": "Bote", "slug": "bote"}),
        ("POST", "/sources?message=Why", BODY),
        ("POST", "/speakers", {"name": "Berg", "kind": "person"}),
        ("PATCH", "/sources/1", {"name": "Bote"}),
        ("DELETE", "/sources/1", None),
    ],
)
def test_key_of_another_request_is_a_422(
    empty_writer: TestClient, method: str, address: str, body: dict[str, str] | None
) -> None:
    empty_writer.post("/sources", json=BODY, headers=KEY)
    at = revision(empty_writer)

    answer = empty_writer.request(method, address, json=body, headers=KEY)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert revision(empty_writer) == at


def test_idempotency_keys_are_per_api_key(empty_writer: TestClient, empty_store: Store) -> None:
    body = {"name": "Herald", "kind": "newspaper"}
    first = empty_writer.post("/sources", json=body, headers=KEY)

    second = empty_writer.post("/sources", json=body, headers=KEY | empty_store.key())

    assert (first.json()["slug"], second.json()["slug"]) == ("herald", "herald-2")


def test_responses_survive_a_restart(empty_writer: TestClient, empty_store: Store) -> None:
    first = empty_writer.post("/sources", json=BODY, headers=KEY)
    restarted: FastAPI = create_app(settings_for(empty_store.url))
    try:
        again = TestClient(restarted, headers=dict(empty_writer.headers)).post("/sources", json=BODY, headers=KEY)
    finally:
        restarted.state.read_pool.engine.dispose()

    assert (again.status_code, again.json()) == (201, first.json())


def test_error_is_not_repeated(empty_writer: TestClient) -> None:
    body = {"name": "Berg", "kind": "person", "source": "herald-0"}
    refused = empty_writer.post("/speakers", json=body, headers=KEY)
    make(empty_writer, "sources", {})

    answer = empty_writer.post("/speakers", json=body, headers=KEY)

    assert (refused.status_code, answer.status_code) == (422, 201)


def test_invalid_api_key_is_a_401_for_a_repeated_request(empty_writer: TestClient) -> None:
    empty_writer.post("/sources", json=BODY, headers=KEY)

    answer = empty_writer.post("/sources", json=BODY, headers=KEY | {"Authorization": "Bearer nonsense"})

    assert answer.status_code == 401


@pytest.mark.parametrize(("value", "status"), [("", 422), ("x" * 255, 201), ("x" * 256, 422), ("'; --", 201)])
def test_key_has_1_to_255_characters(empty_writer: TestClient, value: str, status: int) -> None:
    answer = empty_writer.post("/sources", json=BODY, headers={"Idempotency-Key": value})

    assert answer.status_code == status
