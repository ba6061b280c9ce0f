"""The response cache: equal to new responses, never older than the last write, private to those who may read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st

from app.core.vocab import Scope
from app.database.engine import open_write_transaction
from app.main import create_app
from tests.conftest import Store, settings_for
from tests.properties import for_all

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
    """Yield a client of another application on the store, with these settings."""
    app = create_app(settings_for(store.url).model_copy(update=values))
    with TestClient(app) as client:
        yield client


def read_metric(client: TestClient, name: str) -> float:
    match = re.search(rf"^{name} (.+)$", client.get("/metrics").text, re.MULTILINE)
    assert match
    return float(match[1])


def count_hits(client: TestClient) -> float:
    return read_metric(client, "dateline_kept_answers_total")


def fetch(client: TestClient, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return the status, headers and body of a response, without the headers that differ by request."""
    response = client.get(path, headers=headers)
    changing = ("x-request-id", "date")
    stable = {name: value for name, value in response.headers.items() if name not in changing}
    return response.status_code, stable, response.content


def test_second_response_is_the_cached_first(client: TestClient, subtests: pytest.Subtests) -> None:
    for path in PATHS:
        with subtests.test(path):
            first, before = fetch(client, path), count_hits(client)

            assert fetch(client, path) == first
            assert count_hits(client) == before + 1


def test_cached_responses_have_their_own_request_ids(client: TestClient) -> None:
    ids = {client.get("/events/1").headers["X-Request-ID"] for _ in range(3)}

    assert len(ids) == 3
    assert client.get("/events/1", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] == "mine"


def test_cached_response_is_a_304_with_its_etag(client: TestClient, subtests: pytest.Subtests) -> None:
    for path in PATHS[:5]:
        with subtests.test(path):
            first = client.get(path)
            second = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

            assert (second.status_code, second.content) == (304, b"")
            assert second.headers["ETag"] == first.headers["ETag"]
            assert client.get(path, headers={"If-None-Match": 'W/"0-0000000000000000"'}).content == first.content


def test_read_after_a_write_is_new(writer: TestClient) -> None:
    for number in range(3):
        writer.get("/sources?q=meduza")
        writer.patch("/sources/meduza", json={"name": f"Meduza {number}"})
        assert writer.get("/sources/meduza").json()["name"] == f"Meduza {number}"
        assert writer.get("/sources?q=meduza").json()["items"][0]["name"] == f"Meduza {number}"


def test_read_after_a_write_elsewhere_is_new(client: TestClient, store: Store) -> None:
    with serving(store) as other:
        for number in range(3):
            client.get("/sources/meduza")
            other.patch("/sources/meduza", json={"name": f"Meduza {number}"}, headers=store.key())
            assert client.get("/sources/meduza").json()["name"] == f"Meduza {number}"


def test_cache_separates_representations_and_origins(client: TestClient) -> None:
    answers = [
        fetch(client, "/sources?limit=2", **headers)
        for headers in ({}, {"Accept": "text/csv"}, {"Origin": "https://dash.example"}) * 2
    ]

    assert answers[:3] == answers[3:]
    assert answers[0][2] != answers[1][2]
    assert "access-control-allow-origin" not in answers[0][1]
    assert answers[2][1]["access-control-allow-origin"] == "*"


@pytest.mark.expensive("tries many random sequences")
def test_cached_private_response_is_a_401_without_a_key(store: Store) -> None:
    key = store.key(Scope.READ)
    with serving(store, public_reads=False) as client:
        assert [client.get("/events/1", headers=key).status_code for _ in range(2)] == [200, 200]
        assert client.get("/events/1").status_code == 401
        assert client.get("/events/1", headers={"Authorization": "Bearer nonsense"}).status_code == 401
        with open_write_transaction(store.engine) as session:
            session.connection().exec_driver_sql("UPDATE api_key SET revoked_at = '2024-01-01 00:00:00'")
        assert client.get("/events/1", headers=key).status_code == 401


def test_bad_key_is_a_401_despite_a_cached_response(client: TestClient) -> None:
    client.get("/events/1")

    assert client.get("/events/1", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_cached_responses_count_against_the_rate_limit(store: Store) -> None:
    with serving(store, rate_limit="3/minute") as client:
        statuses = [client.get("/events/1").status_code for _ in range(4)]
        remaining = client.get("/events/1").headers["RateLimit"]

    assert statuses == [200, 200, 200, 429]
    assert "r=0" in remaining


def test_cache_stays_below_its_size(store: Store) -> None:
    with serving(store, cache_bytes=60_000) as client:
        for limit in range(1, 20):
            client.get(f"/statements?limit={limit}")
            assert read_metric(client, "dateline_kept_bytes") <= 60_000
        assert read_metric(client, "dateline_kept_bytes") > 0
        client.get("/events/1")
        before = count_hits(client)
        client.get("/events/1")
        assert count_hits(client) == before + 1


def test_cache_of_zero_bytes_is_off(store: Store) -> None:
    with serving(store, cache_bytes=0) as client:
        assert fetch(client, "/events") == fetch(client, "/events")
        assert (count_hits(client), read_metric(client, "dateline_kept_bytes")) == (0, 0)


def test_operational_and_failed_responses_are_not_cached(client: TestClient, subtests: pytest.Subtests) -> None:
    for path in (
        *("/healthz", "/readyz", "/metrics", "/imports", "/imports/1", "/feeds"),
        *("/nowhere", "/events?limit=0"),
    ):
        with subtests.test(path):
            before = count_hits(client)
            for _ in range(2):
                client.get(path)

            assert count_hits(client) == before


STEPS = st.lists(st.sampled_from(PATHS) | st.integers(0, 9), min_size=1, max_size=8)


def test_responses_equal_those_without_a_cache(client: TestClient, store: Store, backend: str) -> None:
    key = store.key()

    @settings(max_examples=2 if backend == "postgresql" else 6)
    @for_all(steps=STEPS)
    def check(steps: list[str | int]) -> None:
        for step in steps:
            if isinstance(step, int):
                client.patch("/speakers/vladimir-putin", json={"title": f"President {step}"}, headers=key)
            else:
                assert fetch(client, step)[0::2] == fetch(uncached, step)[0::2]

    with serving(store, cache_bytes=0) as uncached:
        check()
