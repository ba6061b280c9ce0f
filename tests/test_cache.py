"""Answers that are kept: the same as new ones, never older than the last write, and for nobody who may not read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.vocab import Scope
from app.database.engine import open_write_transaction
from app.main import create_app
from tests.conftest import Store, settings_for

PATHS = (
    "/events?date=2024-06-19",
    "/events/1",
    "/statements?speaker=putin",
    "/speakers/vladimir-putin",
    "/search?q=treaty",
    "/changes",
    "/events?format=csv&limit=3",
    "/documents/1?as_of=1",
)


@contextmanager
def serving(store: Store, **values: object) -> Iterator[TestClient]:
    """An application of its own, with other settings."""
    app = create_app(settings_for(store.url).model_copy(update=values))
    with TestClient(app) as client:
        yield client


def meter(client: TestClient, name: str) -> float:
    found = re.search(rf"^{name} (.+)$", client.get("/metrics").text, re.MULTILINE)
    assert found
    return float(found[1])


def hits(client: TestClient) -> float:
    return meter(client, "dateline_kept_answers_total")


def told(client: TestClient, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """An answer, but for the headers that are of one request."""
    answer = client.get(path, headers=headers)
    passing = ("x-request-id", "date")
    return answer.status_code, {k: v for k, v in answer.headers.items() if k not in passing}, answer.content


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_given_again_as_it_was(client: TestClient, path: str) -> None:
    first, before = told(client, path), hits(client)

    assert told(client, path) == first
    assert hits(client) == before + 1


def test_each_answer_has_a_request_id_of_its_own(client: TestClient) -> None:
    ids = {client.get("/events/1").headers["X-Request-ID"] for _ in range(3)}

    assert len(ids) == 3
    assert client.get("/events/1", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] == "mine"


@pytest.mark.parametrize("path", PATHS[:5])
def test_what_was_kept_is_not_sent_to_a_client_that_has_it(client: TestClient, path: str) -> None:
    fresh = client.get(path)
    again = client.get(path, headers={"If-None-Match": fresh.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == fresh.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": 'W/"0-0000000000000000"'}).content == fresh.content


def test_a_write_is_seen_by_the_next_read(writer: TestClient) -> None:
    for number in range(3):
        writer.get("/sources?q=meduza")
        writer.patch("/sources/meduza", json={"name": f"Meduza {number}"})
        assert writer.get("/sources/meduza").json()["name"] == f"Meduza {number}"
        assert writer.get("/sources?q=meduza").json()["items"][0]["name"] == f"Meduza {number}"


def test_a_write_by_another_process_is_seen_by_the_next_read(client: TestClient, store: Store) -> None:
    with serving(store) as other:
        for number in range(3):
            client.get("/sources/meduza")
            other.patch("/sources/meduza", json={"name": f"Meduza {number}"}, headers=store.key())
            assert client.get("/sources/meduza").json()["name"] == f"Meduza {number}"


def test_representations_and_origins_are_kept_apart(client: TestClient) -> None:
    answers = [
        told(client, "/sources?limit=2", **headers)
        for headers in ({}, {"Accept": "text/csv"}, {"Origin": "https://dash.example"}) * 2
    ]

    assert answers[:3] == answers[3:]
    assert answers[0][2] != answers[1][2]
    assert "access-control-allow-origin" not in answers[0][1]
    assert answers[2][1]["access-control-allow-origin"] == "*"


def test_nobody_is_shown_what_was_kept_for_another_who_may_read(store: Store) -> None:
    key = store.key(Scope.READ)
    with serving(store, public_reads=False) as client:
        assert [client.get("/events/1", headers=key).status_code for _ in range(2)] == [200, 200]
        assert client.get("/events/1").status_code == 401
        assert client.get("/events/1", headers={"Authorization": "Bearer nonsense"}).status_code == 401
        with open_write_transaction(store.engine) as session:
            session.connection().exec_driver_sql("UPDATE api_key SET revoked_at = '2024-01-01 00:00:00'")
        assert client.get("/events/1", headers=key).status_code == 401


def test_a_bad_key_is_refused_although_the_answer_is_kept(client: TestClient) -> None:
    client.get("/events/1")

    assert client.get("/events/1", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_what_was_kept_counts_against_the_limit(store: Store) -> None:
    with serving(store, rate_limit="3/minute") as client:
        statuses = [client.get("/events/1").status_code for _ in range(4)]
        remaining = client.get("/events/1").headers["RateLimit"]

    assert statuses == [200, 200, 200, 429]
    assert "r=0" in remaining


def test_no_more_is_kept_than_there_is_room_for(store: Store) -> None:
    with serving(store, cache_bytes=60_000) as client:
        for limit in range(1, 20):
            client.get(f"/statements?limit={limit}")
            assert meter(client, "dateline_kept_bytes") <= 60_000
        assert meter(client, "dateline_kept_bytes") > 0
        client.get("/events/1")
        before = hits(client)
        client.get("/events/1")
        assert hits(client) == before + 1


def test_without_room_nothing_is_kept(store: Store) -> None:
    with serving(store, cache_bytes=0) as client:
        assert told(client, "/events") == told(client, "/events")
        assert (hits(client), meter(client, "dateline_kept_bytes")) == (0, 0)


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/imports", "/imports/1", "/feeds", "/nowhere", "/events?limit=0"]
)
def test_what_says_more_than_the_store_does_is_not_kept(client: TestClient, path: str) -> None:
    before = hits(client)
    for _ in range(2):
        client.get(path)

    assert hits(client) == before


STEPS = st.lists(st.sampled_from(PATHS) | st.integers(0, 9), min_size=1, max_size=8)


def test_whatever_is_written_and_read_answers_are_those_of_a_service_that_keeps_none(
    client: TestClient, store: Store
) -> None:
    key = store.key()

    @settings(max_examples=6)
    @given(steps=STEPS)
    def check(steps: list[str | int]) -> None:
        for step in steps:
            if isinstance(step, int):
                client.patch("/speakers/vladimir-putin", json={"title": f"President {step}"}, headers=key)
            else:
                assert told(client, step)[0::2] == told(forgetful, step)[0::2]

    with serving(store, cache_bytes=0) as forgetful:
        check()
