"""`/webhooks`: who may see and change them, what they take, and that their secrets are shown once."""

import base64
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.core.vocab import Noun, Scope
from app.database.engine import open_write_transaction
from app.database.models import SavedSearch
from tests.conftest import Store
from tests.test_cli import Dateline, dateline
from tests.test_house_rules import assert_problem, assert_refused

__all__ = ["dateline"]  # the fixture

URL = "https://hooks.example.org/dateline?token=confidential"


def add(client: TestClient, **values: Any) -> dict[str, Any]:
    answer = client.post("/webhooks", json={"url": URL, **values})
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


def test_a_webhook_is_added_and_its_secret_shown_once(empty_writer: TestClient) -> None:
    empty_writer.post("/sources", json={"name": "The Herald", "kind": "online"})
    answer = empty_writer.post("/webhooks", json={"url": URL, "description": "Our chat", "nouns": ["events"]})
    added = answer.json()
    secret = added.pop("secret")

    assert answer.headers["Location"] == "/webhooks/1"
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    assert added.pop("created_at")
    assert added == {
        "id": 1,
        "url": URL,
        "description": "Our chat",
        "search_slug": None,
        "nouns": ["events"],
        "operations": [],
        "position": empty_writer.get("/revisions?limit=1").json()["items"][0]["id"],
        "active": True,
        "disabled_at": None,
        "disabled_reason": None,
        "old_secret_expires_at": None,
    }
    response = empty_writer.get("/webhooks/1")
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    assert response.json() == added | {"created_at": response.json()["created_at"]}


def test_webhooks_make_no_revision(empty_writer: TestClient) -> None:
    add(empty_writer)
    empty_writer.patch("/webhooks/1", json={"active": False})
    empty_writer.post("/webhooks/1/rotate")
    empty_writer.delete("/webhooks/1")

    assert empty_writer.get("/revisions").json()["items"] == []
    assert_problem(empty_writer.get("/webhooks/1"), 404)


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//example.org/",
        "example.org",
        "",
        "https://",
        "https://user:password@example.org/",
        "https://user@example.org/",
        "https://example.org\\@10.0.0.1/",
        "https://example.org/a b",
        "https://example.org/\r\nX-Injected: 1",
        "https://example.org/\0",
        "https://example.org:99999/",
        "https://[::1",
        "https://exa mple.org/",
        f"https://example.org/{'a' * 2000}",
    ],
)
def test_an_address_that_is_none_of_the_web_is_refused(empty_writer: TestClient, url: str) -> None:
    assert_refused(empty_writer.post("/webhooks", json={"url": url}), "url")


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"nouns": None}, "nouns"),
        ({"nouns": ["sauces"]}, "nouns.0"),
        ({"operations": ["read"]}, "operations.0"),
        ({"search": "nowhere"}, "search"),
        ({"search": 2**63 - 1}, "search"),
        ({"since": 5}, "since"),
        ({"since": -1}, "since"),
        ({"since": "1.0"}, "since"),
        ({"description": "a\0b"}, "description"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused_by_field(
    empty_writer: TestClient, values: dict[str, Any], field: str
) -> None:
    problem = assert_problem(empty_writer.post("/webhooks", json={"url": URL, **values}), 422)

    assert {error["field"] for error in problem["errors"]} <= {field, "search"}
    assert empty_writer.get("/webhooks").json()["items"] == []


def test_only_who_may_write_sees_and_changes_webhooks(client: TestClient, store: Store) -> None:
    writing, reading = store.key(), store.key(Scope.READ)
    client.post("/webhooks", json={"url": URL}, headers=writing)
    for path in ("/webhooks", "/webhooks/1", "/webhooks/1/deliveries", "/webhooks?format=csv"):
        assert client.get(path, headers=writing).status_code == 200
        assert client.head(path, headers=writing).status_code == 200
        assert_problem(client.get(path), 401)
        assert_problem(client.get(path, headers=reading), 403)
    for method, path in (
        ("POST", "/webhooks/1/rotate"),
        ("POST", "/webhooks/1/test"),
        ("POST", "/webhooks/1/deliveries/1/retry"),
        ("DELETE", "/webhooks/1"),
    ):
        assert_problem(client.request(method, path), 401)
        assert_problem(client.request(method, path, headers=reading), 403)


def test_repeated_create_adds_once_with_same_secret(empty_writer: TestClient) -> None:
    again = {"Idempotency-Key": "one"}
    first, second = (empty_writer.post("/webhooks", json={"url": URL}, headers=again).json() for _ in range(2))

    assert first == second
    assert len(empty_writer.get("/webhooks").json()["items"]) == 1


def test_webhooks_are_changed_field_by_field(empty_writer: TestClient, empty_store: Store) -> None:
    with open_write_transaction(empty_store.engine) as session:
        search = {"slug": "talks", "name": "Talks", "noun": Noun.EVENTS, "query": "q=talks"}
        session.add(SavedSearch.model_validate(search | {"created_at": "2024-06-19T00:00:00Z"}))
    empty_writer.post("/sources", json={"name": "The Herald", "kind": "online"})
    before = add(empty_writer, description="Our chat", operations=["create"])
    changed = empty_writer.patch("/webhooks/1", json={"search": "talks", "operations": [], "since": 0}).json()

    assert (changed["search_slug"], changed["operations"], changed["description"], changed["position"]) == (
        "talks",
        [],
        "Our chat",
        0,
    )
    assert before["position"] > 0
    assert empty_writer.patch("/webhooks/1", json={"search": None}).json()["search_slug"] is None
    for body in ({"url": None}, {"active": None}, {"since": None}, {"disabled_reason": "x"}):
        assert_problem(empty_writer.patch("/webhooks/1", json=body), 422)
    assert_problem(empty_writer.patch("/webhooks/2", json={}), 404)
    assert_problem(empty_writer.patch("/webhooks/1", json={}, headers={"If-Match": '"1"'}), 412)


def test_lists_have_pages_and_formats(empty_writer: TestClient) -> None:
    for _ in range(3):
        add(empty_writer)
        empty_writer.post("/webhooks/1/test")
    empty_writer.patch("/webhooks/2", json={"active": False})

    def ids(address: str) -> list[int]:
        return [item["id"] for item in empty_writer.get(address).json()["items"]]

    assert ids("/webhooks?limit=2") == [1, 2]
    assert ids(empty_writer.get("/webhooks?limit=2").json()["next"]) == [3]
    assert (ids("/webhooks?active=false"), ids("/webhooks?active=true&sort=-id")) == ([2], [3, 1])
    assert ids("/webhooks/1/deliveries") == [3, 2, 1]
    assert ids("/webhooks/1/deliveries?state=delivered,failed") == []
    assert empty_writer.get("/webhooks/1/deliveries?count=exact").json()["count"] == 3
    assert len(empty_writer.get("/webhooks?format=csv").text.splitlines()) == 4
    assert len(empty_writer.get("/webhooks/1/deliveries?format=jsonl").text.splitlines()) == 3
    assert_problem(empty_writer.get("/webhooks/4/deliveries"), 404)


def test_a_test_is_sent_only_where_anything_is(empty_writer: TestClient) -> None:
    add(empty_writer)
    made = empty_writer.post("/webhooks/1/test")
    assert (made.status_code, made.json()["change_count"], made.json()["state"]) == (201, 0, "waiting")
    assert "." not in made.json()["message_id"]

    empty_writer.patch("/webhooks/1", json={"active": False})
    assert_problem(empty_writer.post("/webhooks/1/test"), 409)


def test_a_message_is_sent_again_when_somebody_asks(empty_writer: TestClient, empty_store: Store) -> None:
    add(empty_writer)
    add(empty_writer)
    made = empty_writer.post("/webhooks/1/test").json()
    with empty_store.engine.begin() as connection:
        connection.execute(text("UPDATE delivery SET state = 'failed', attempts = 10"))
    again = empty_writer.post("/webhooks/1/deliveries/1/retry").json()

    assert (again["message_id"], again["state"], again["attempt_count"]) == (made["message_id"], "waiting", 0)
    assert_problem(empty_writer.post("/webhooks/2/deliveries/1/retry"), 404)
    assert_problem(empty_writer.post("/webhooks/1/deliveries/2/retry"), 404)


def test_a_search_that_a_webhook_follows_cannot_go(empty_writer: TestClient, empty_store: Store) -> None:
    with open_write_transaction(empty_store.engine) as session:
        search = {"slug": "talks", "name": "Talks", "noun": Noun.EVENTS, "query": "q=talks"}
        session.add(SavedSearch.model_validate(search | {"created_at": "2024-06-19T00:00:00Z"}))
    add(empty_writer, search="talks")

    assert empty_writer.delete("/searches/talks").status_code == 409
    empty_writer.delete("/webhooks/1")
    assert empty_writer.delete("/searches/talks").status_code == 204


def test_a_secret_is_in_no_other_answer_and_in_no_export(
    empty_writer: TestClient, empty_store: Store, dateline: Dateline
) -> None:
    first = add(empty_writer)["secret"]
    second = empty_writer.post("/webhooks/1/rotate").json()["secret"]
    empty_writer.post("/webhooks/1/test")
    empty_writer.get("/webhooks")
    addresses = [
        *("/webhooks", "/webhooks/1", "/webhooks/1/deliveries", "/revisions", "/changes", "/openapi.json"),
        *("/webhooks?format=csv", "/webhooks?format=jsonl", "/webhooks/1/deliveries?format=csv"),
    ]
    answers = [empty_writer.get(address).text for address in addresses]
    answers.append(empty_writer.patch("/webhooks/1", json={"active": False}).text)
    answers.append(empty_writer.request("GET", "/webhooks", headers={"Authorization": ""}).text)
    exported = dateline(empty_store.url, "export")

    assert exported.exit_code == 0, exported.output
    assert first != second
    for secret in (first, second):
        assert not [answer for answer in [*answers, exported.output] if secret.removeprefix("whsec_") in answer]
    assert "secret" not in json.dumps(empty_writer.get("/webhooks").json()["items"]).replace(
        "old_secret_expires_at", ""
    )
