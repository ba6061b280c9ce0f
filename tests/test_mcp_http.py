"""AI assistants over HTTP: origins, keys, limits and malformed messages."""

import re
import sys
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.core.vocab import Scope
from app.main import create_app
from tests.conftest import Store, Templates, settings_for
from tests.serving import live
from tests.test_cli import Dateline, dateline
from tests.test_mcp import ACCEPT, JSON, PING, ask_all

__all__ = ["dateline"]  # the fixture


@pytest.fixture(scope="module")
def post(templates: Templates) -> Iterator[TestClient]:
    """Open an application for messages that end before a query."""
    with (
        templates.copy("sqlite", "seeded") as store,
        TestClient(create_app(settings_for(store.url)), headers=ACCEPT, raise_server_exceptions=False) as client,
    ):
        yield client


@pytest.mark.before_the_database
def test_unknown_tool_is_a_protocol_error(post: TestClient) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "drop_tables", "arguments": {}}}

    assert post.post("/mcp", json=call).json()["error"]["code"] == -32602


@pytest.mark.before_the_database
def test_local_and_named_origins_are_allowed(store: Store, subtests: pytest.Subtests) -> None:
    named = {"public_url": "https://news.example.org/dateline", "cors_origins": ["*", "https://app.example.org"]}
    origins = ("http://localhost:6274", "https://127.0.0.1", "https://news.example.org", "https://app.example.org")
    with TestClient(create_app(settings_for(store.url).model_copy(update=named)), headers=ACCEPT) as client:
        for origin in origins:
            with subtests.test(origin):
                response = client.post("/mcp", json=PING, headers={"Origin": origin})

                assert (response.status_code, response.json()["result"]) == (200, {})


@pytest.mark.before_the_database
def test_foreign_origin_is_403(post: TestClient, subtests: pytest.Subtests) -> None:
    for origin in ("https://evil.example", "http://localhost.evil.example", "null", "http://evil:8000"):
        with subtests.test(origin):
            response = post.post("/mcp", json=PING, headers={"Origin": origin})

            assert (response.status_code, response.json()["type"]) == (403, "urn:dateline:problem:forbidden")


@pytest.mark.before_the_database
def test_unsupported_method_is_405_with_allow(post: TestClient, subtests: pytest.Subtests) -> None:
    for method in ("GET", "HEAD", "DELETE", "PUT"):
        with subtests.test(method):
            response = post.request(method, "/mcp")

            assert (response.status_code, response.headers["Allow"]) == (405, "POST, OPTIONS")
            assert response.headers["X-Request-ID"]


@pytest.mark.before_the_database
def test_preflight_of_a_local_page_is_200(post: TestClient) -> None:
    names = "authorization,content-type,mcp-method,mcp-name,mcp-protocol-version"
    headers = {
        "Origin": "http://localhost:6274",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": names,
    }

    assert post.options("/mcp", headers=headers).status_code == 200


def test_private_store_needs_a_read_key(store: Store) -> None:
    private = settings_for(store.url).model_copy(update={"public_reads": False})
    with TestClient(create_app(private), headers=ACCEPT) as client:
        nobody = client.post("/mcp", json=PING)
        unknown = client.post("/mcp", json=PING, headers={"Authorization": "Bearer dl_no"})
        token = client.post("/mcp", json=PING, headers=store.key(Scope.FEEDS))
        reader = client.post("/mcp", json=PING, headers=store.key(Scope.READ))

    assert (nobody.status_code, nobody.json()["type"]) == (401, "urn:dateline:problem:unauthorized")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    assert [response.status_code for response in (unknown, token, reader)] == [401, 403, 200]


def test_client_with_a_key_reads_a_private_store(store: Store) -> None:
    with live(store, public_reads=False) as server:
        [result] = ask_all(server.address, ("search", {"q": "treaty"}), **store.key(Scope.READ))

    assert not result.is_error


@pytest.mark.before_the_database
def test_messages_count_against_the_rate_limit(store: Store) -> None:
    limited = settings_for(store.url).model_copy(update={"rate_limit": "2/minute"})
    with TestClient(create_app(limited), headers=ACCEPT) as client:
        statuses = [client.post("/mcp", json=PING).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


@pytest.mark.before_the_database
def test_malformed_message_is_400_and_large_one_413(post: TestClient) -> None:
    bodies = [b"{", b"[" * 100_000, b'{"jsonrpc": "2.0"}', b'"\\ud800"', b"x" * 5_000_001]

    answers = [post.post("/mcp", content=body, headers=JSON).status_code for body in bodies]
    streamed = post.post("/mcp", content=iter([b"x" * 4_000_000] * 2), headers=JSON)

    assert answers == [400, 400, 400, 400, 413]
    assert (streamed.status_code, streamed.json()["type"]) == (413, "urn:dateline:problem:too-large")


@pytest.mark.before_the_database
def test_metrics_count_messages_under_their_route(post: TestClient) -> None:
    before = count_requests(post)
    post.post("/mcp", json=PING)

    assert count_requests(post) == before + 1


def count_requests(client: TestClient) -> int:
    """Return the number of successful messages in the metrics."""
    metric = re.search(
        r'dateline_requests_total\{method="POST",route="/mcp",status="200"\} (\d+)', client.get("/metrics").text
    )
    return int(metric[1]) if metric else 0


@pytest.mark.before_the_database
def test_missing_package_is_501_for_messages_only(
    store: Store, dateline: Dateline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with TestClient(create_app(settings_for(store.url)), headers=ACCEPT) as client:
        answer = client.post("/mcp", json=PING)
        events = client.get("/events")
    result = dateline(store.url, "mcp")

    assert (answer.status_code, answer.json()["type"]) == (501, "urn:dateline:problem:not-installed")
    assert events.status_code == 200
    assert (result.exit_code, "pip install '.[mcp]'" in result.stderr) == (1, True)
