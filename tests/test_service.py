"""The addresses that are about the service itself, and what it writes into its log."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from app.core.config import Settings
from app.main import create_app
from tests.conftest import Store, Templates, settings_for


@contextmanager
def serving(**settings: object) -> Iterator[TestClient]:
    """HTTP to an application of these settings."""
    application = create_app(Settings.model_validate({"log_level": "CRITICAL", **settings}))
    try:
        yield TestClient(application, raise_server_exceptions=False)
    finally:
        application.state.read_pool.engine.dispose()


# Index


def test_the_index_names_the_service_and_where_everything_is(reader: TestClient, application: FastAPI) -> None:
    index = reader.get("/").json()

    assert (index["name"], index["version"]) == ("Dateline", application.version)
    assert index["links"].keys() >= {"events", "sources", "documents", "speakers", "statements", "search", "changes"}
    assert (index["documentation"], index["openapi"]) == ("/docs", "/openapi.json")


def test_behind_a_proxy_all_addresses_begin_with_its_path(shared_store: Store) -> None:
    with serving(database_url=shared_store.url, root_path="/dateline") as client:
        index, page = client.get("/").json(), client.get("/events?limit=1")
        problem, options = client.get("/nowhere").json(), client.options("/events")

    assert index["links"]["events"] == "/dateline/events"
    assert index["documentation"] == "/dateline/docs"
    assert page.json()["self"] == page.links["self"]["url"] == "/dateline/events?limit=1"
    assert page.json()["next"].startswith("/dateline/events?")
    assert problem["instance"] == "/dateline/nowhere"
    assert "POST" in options.headers["Allow"]


def test_behind_a_proxy_pages_and_writes_work_as_before_it(store: Store) -> None:
    with serving(database_url=store.url, root_path="/dateline") as client:
        client.headers |= store.key()
        then = client.get("/events?limit=1").json()["next"].removeprefix("/dateline")
        made = client.post("/events", json={"title": "a", "date": "2024", "type": "aid"}).headers
        got = client.get(made["Location"].removeprefix("/dateline"), headers={"If-None-Match": made["ETag"]})

        assert client.get(then).status_code == 200
        assert made["Location"].startswith("/dateline/events/")
        assert got.status_code == 304


# Health


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_store_in_order_is_healthy_and_ready(reader: TestClient, path: str) -> None:
    response = reader.get(path)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def test_without_its_tables_it_lives_but_is_not_ready(backend: str, templates: Templates) -> None:
    url = templates.new_database(backend)
    with serving(database_url=url) as client:
        health, readiness = client.get("/healthz"), client.get("/readyz")
    templates.drop(url)

    assert health.status_code == 200
    assert readiness.status_code == 503
    assert readiness.headers["Content-Type"] == "application/problem+json"
    assert "dateline migrate" in readiness.json()["detail"]


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/dateline.db", "postgresql://127.0.0.1:1/dateline"])
def test_without_its_store_it_lives_but_is_not_ready(url: str) -> None:
    with serving(database_url=url) as client:
        health, readiness = client.get("/healthz"), client.get("/readyz")

    assert health.status_code == 200
    assert readiness.status_code == 503
    assert readiness.json()["detail"] == "The store cannot be reached."


# Metrics


def samples(client: TestClient) -> dict[tuple[str, str, str], float]:
    """How many requests were counted, by method, route and status."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    counted = [sample for family in families for sample in family.samples if sample.name == "dateline_requests_total"]
    return {(each.labels["method"], each.labels["route"], each.labels["status"]): each.value for each in counted}


def test_requests_are_counted_by_the_template_of_their_route(shared_store: Store) -> None:
    with serving(database_url=shared_store.url) as client:
        for path in ("/events/1", "/events/2", "/events/999999", "/nowhere", "/nowhere/else", "/docs/assets/nothing"):
            client.get(path)
        client.head("/events/1")
        client.get("/events", params={"q": "a-secret-search"})
        counted = samples(client)
        page = client.get("/metrics").text

    assert counted["GET", "/events/{id}", "200"] == 2
    assert counted["GET", "/events/{id}", "404"] == 1
    assert counted["HEAD", "/events/{id}", "200"] == 1
    assert counted["GET", "other", "404"] >= 2
    assert "nowhere" not in page
    assert "a-secret-search" not in page


def test_each_application_counts_for_itself(shared_store: Store) -> None:
    with serving(database_url=shared_store.url) as one, serving(database_url=shared_store.url) as another:
        one.get("/events")

        assert ("GET", "/events", "200") in samples(one)
        assert ("GET", "/events", "200") not in samples(another)


@pytest.mark.parametrize(("public", "status"), [(True, 200), (False, 401)])
def test_metrics_are_as_public_as_reading_is(shared_store: Store, public: bool, status: int) -> None:
    with serving(database_url=shared_store.url, public_reads=public) as client:
        assert client.get("/metrics").status_code == status


# Documentation


def test_the_documentation_loads_nothing_from_elsewhere(reader: TestClient) -> None:
    page = reader.get("/docs").text
    loaded = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page)

    assert {"/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css", "/openapi.json"} <= set(loaded)
    assert not re.search(r"(?:https?:)?//[a-z]", page)
    for address in loaded:
        assert address == "data:," or reader.get(address).status_code == 200


def test_the_documentation_works_behind_a_proxy(shared_store: Store) -> None:
    with serving(database_url=shared_store.url, root_path="/dateline") as client:
        page = client.get("/docs").text

    assert "/dateline/docs/assets/swagger-ui-bundle.js" in page
    assert "/dateline/openapi.json" in page


@pytest.mark.parametrize(
    "path", ["/docs/assets/../main.py", "/docs/assets/%2e%2e/%2e%2e/etc/passwd", "/docs/assets//etc"]
)
def test_the_assets_are_the_only_files_that_are_served(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 404


# Logs


@contextmanager
def logging_to(capsys: pytest.CaptureFixture[str], url: str) -> Iterator[tuple[TestClient, list[str]]]:
    """HTTP to an application that logs all it does as JSON, and its lines once it is done."""
    lines: list[str] = []
    with serving(database_url=url, log_level="DEBUG", log_format="json") as client:
        yield client, lines
    structlog.reset_defaults()
    lines += capsys.readouterr().err.splitlines()


def test_a_request_is_logged_with_its_id_its_path_and_its_status(
    shared_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(capsys, shared_store.url) as (client, lines):
        client.get("/events/1", headers={"X-Request-ID": "abc"})
    [line] = map(json.loads, lines)

    assert line.pop("timestamp")
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "abc",
        "method": "GET",
        "path": "/events/1",
        "status": 200,
    }


@pytest.mark.parametrize("path", ["/events", "/nowhere", "/claims"])
def test_a_log_never_holds_a_key_or_a_query(shared_store: Store, capsys: pytest.CaptureFixture[str], path: str) -> None:
    secret = {"Authorization": "Bearer dl_secretkey"}
    with logging_to(capsys, shared_store.url) as (client, lines):
        client.get(path, params={"q": "whom-i-look-for"}, headers=secret)
        client.post(path, params={"message": "whom-i-look-for"}, headers=secret, json={})
    written = "".join(lines)

    assert path in written
    assert "secret" not in written
    assert "whom-i-look-for" not in written
    assert "authorization" not in written.lower()


def test_the_log_of_an_error_of_ours_holds_its_traceback_but_no_query(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(capsys, f"sqlite:///{tmp_path / 'empty.db'}") as (client, lines):
        response = client.get("/events", params={"place": "whom-i-look-for"})

    [unhandled] = [line for line in map(json.loads, lines) if line["event"] == "unhandled"]
    assert unhandled["request_id"] == response.json()["request_id"]
    assert "Traceback" in unhandled["exception"]
    assert "whom-i-look-for" not in "".join(lines)


def test_the_settings_of_the_tests_log_nothing(shared_store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(**settings_for(shared_store.url).model_dump()) as client:
        client.get("/nowhere")

    assert capsys.readouterr() == ("", "")
