"""The index, health, metrics, documentation and log of the service."""

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
    """Yield a client of an application with these settings."""
    application = create_app(Settings.model_validate({"log_level": "CRITICAL", **settings}))
    try:
        yield TestClient(application, raise_server_exceptions=False)
    finally:
        application.state.read_pool.engine.dispose()


# Index


@pytest.mark.before_the_database
def test_index_has_the_name_version_and_links(reader: TestClient, application: FastAPI) -> None:
    index = reader.get("/").json()

    assert (index["name"], index["version"]) == ("Dateline", application.version)
    assert index["links"].keys() >= {"events", "sources", "documents", "speakers", "statements", "search", "changes"}
    assert (index["documentation"], index["openapi"]) == ("/docs", "/openapi.json")


@pytest.mark.before_the_database
def test_addresses_behind_a_proxy_begin_with_its_path(shared_store: Store) -> None:
    with serving(database_url=shared_store.url, root_path="/dateline") as client:
        index, page = client.get("/").json(), client.get("/events?limit=1")
        problem, options = client.get("/nowhere").json(), client.options("/events")

    assert index["links"]["events"] == "/dateline/events"
    assert index["documentation"] == "/dateline/docs"
    assert page.json()["self"] == page.links["self"]["url"] == "/dateline/events?limit=1"
    assert page.json()["next"].startswith("/dateline/events?")
    assert problem["instance"] == "/dateline/nowhere"
    assert "POST" in options.headers["Allow"]


def test_pages_and_writes_work_behind_a_proxy(store: Store) -> None:
    with serving(database_url=store.url, root_path="/dateline") as client:
        client.headers |= store.key()
        second_page = client.get("/events?limit=1").json()["next"].removeprefix("/dateline")
        created = client.post("/events", json={"title": "a", "date": "2024", "type": "aid"}).headers
        location = created["Location"].removeprefix("/dateline")
        unchanged = client.get(location, headers={"If-None-Match": created["ETag"]})

        assert client.get(second_page).status_code == 200
        assert created["Location"].startswith("/dateline/events/")
        assert unchanged.status_code == 304


# Health


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_working_store_is_healthy_and_ready(reader: TestClient, path: str) -> None:
    response = reader.get(path)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def test_store_without_tables_is_healthy_but_not_ready(backend: str, templates: Templates) -> None:
    url = templates.new_database(backend)
    with serving(database_url=url) as client:
        health, readiness = client.get("/healthz"), client.get("/readyz")
    templates.drop(url)

    assert health.status_code == 200
    assert readiness.status_code == 503
    assert readiness.headers["Content-Type"] == "application/problem+json"
    assert "dateline migrate" in readiness.json()["detail"]


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/dateline.db", "postgresql://127.0.0.1:1/dateline"])
def test_unreachable_store_is_healthy_but_not_ready(url: str) -> None:
    with serving(database_url=url) as client:
        health, readiness = client.get("/healthz"), client.get("/readyz")

    assert health.status_code == 200
    assert readiness.status_code == 503
    assert readiness.json()["detail"] == "The store cannot be reached."


# Metrics


def read_request_counts(client: TestClient) -> dict[tuple[str, str, str], float]:
    """Return the number of requests by method, route and status."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples if sample.name == "dateline_requests_total"]
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value for sample in samples
    }


@pytest.mark.before_the_database
def test_requests_are_counted_by_route_template(shared_store: Store) -> None:
    with serving(database_url=shared_store.url) as client:
        for path in ("/events/1", "/events/2", "/events/999999", "/nowhere", "/nowhere/else", "/docs/assets/nothing"):
            client.get(path)
        client.head("/events/1")
        client.get("/events", params={"q": "a-secret-search"})
        counted = read_request_counts(client)
        page = client.get("/metrics").text

    assert counted["GET", "/events/{id}", "200"] == 2
    assert counted["GET", "/events/{id}", "404"] == 1
    assert counted["HEAD", "/events/{id}", "200"] == 1
    assert counted["GET", "other", "404"] >= 2
    assert "nowhere" not in page
    assert "a-secret-search" not in page


@pytest.mark.before_the_database
def test_applications_count_their_own_requests(shared_store: Store) -> None:
    with serving(database_url=shared_store.url) as one, serving(database_url=shared_store.url) as another:
        one.get("/events")

        assert ("GET", "/events", "200") in read_request_counts(one)
        assert ("GET", "/events", "200") not in read_request_counts(another)


@pytest.mark.before_the_database
@pytest.mark.parametrize(("public", "status"), [(True, 200), (False, 401)])
def test_metrics_need_a_key_if_reads_do(shared_store: Store, public: bool, status: int) -> None:
    with serving(database_url=shared_store.url, public_reads=public) as client:
        assert client.get("/metrics").status_code == status


# Documentation


@pytest.mark.before_the_database
def test_documentation_loads_only_local_files(reader: TestClient) -> None:
    page = reader.get("/docs").text
    loaded = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page)

    assert {"/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css", "/openapi.json"} <= set(loaded)
    assert not re.search(r"(?:https?:)?//[a-z]", page)
    for address in loaded:
        assert address == "data:," or reader.get(address).status_code == 200


@pytest.mark.before_the_database
def test_documentation_works_behind_a_proxy(shared_store: Store) -> None:
    with serving(database_url=shared_store.url, root_path="/dateline") as client:
        page = client.get("/docs").text

    assert "/dateline/docs/assets/swagger-ui-bundle.js" in page
    assert "/dateline/openapi.json" in page


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    "path", ["/docs/assets/../main.py", "/docs/assets/%2e%2e/%2e%2e/etc/passwd", "/docs/assets//etc"]
)
def test_path_outside_the_assets_is_a_404(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 404


# Logs


@contextmanager
def logging_to(capsys: pytest.CaptureFixture[str], url: str) -> Iterator[tuple[TestClient, list[str]]]:
    """Yield a client of an application that logs as JSON, and a list that has its lines after the end."""
    lines: list[str] = []
    with serving(database_url=url, log_level="DEBUG", log_format="json") as client:
        yield client, lines
    structlog.reset_defaults()
    lines += capsys.readouterr().err.splitlines()


@pytest.mark.before_the_database
def test_request_is_logged_with_id_path_and_status(shared_store: Store, capsys: pytest.CaptureFixture[str]) -> None:
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


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", ["/events", "/nowhere", "/claims"])
def test_log_has_no_key_and_no_query(shared_store: Store, capsys: pytest.CaptureFixture[str], path: str) -> None:
    secret = {"Authorization": "Bearer dl_secretkey"}
    with logging_to(capsys, shared_store.url) as (client, lines):
        client.get(path, params={"q": "whom-i-look-for"}, headers=secret)
        client.post(path, params={"message": "whom-i-look-for"}, headers=secret, json={})
    written = "".join(lines)

    assert path in written
    assert "secret" not in written
    assert "whom-i-look-for" not in written
    assert "authorization" not in written.lower()


def test_log_of_a_500_has_its_traceback_but_no_query(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(capsys, f"sqlite:///{tmp_path / 'empty.db'}") as (client, lines):
        response = client.get("/events", params={"place": "whom-i-look-for"})

    [unhandled] = [line for line in map(json.loads, lines) if line["event"] == "unhandled"]
    assert unhandled["request_id"] == response.json()["request_id"]
    assert "Traceback" in unhandled["exception"]
    assert "whom-i-look-for" not in "".join(lines)


@pytest.mark.before_the_database
def test_test_settings_log_nothing(shared_store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(**settings_for(shared_store.url).model_dump()) as client:
        client.get("/nowhere")

    assert capsys.readouterr() == ("", "")
