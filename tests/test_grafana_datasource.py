"""Grafana's JSON data source: metrics, series, tables, variables and ad hoc filters."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.vocab import Scope
from app.main import create_app
from tests.conftest import Store, settings_for, talking_to
from tests.data.lists import items, read
from tests.test_grafana import frames, milliseconds

Item = dict[str, Any]


def post(client: TestClient, path: str, body: Any = None) -> Any:
    response = client.post(f"/integrations/grafana/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def panel_query(*targets: Item, **more: Any) -> Item:
    """Return the body of the data source's own documentation, with our targets."""
    return {
        "panelId": 1,
        "range": {
            "from": "2024-06-01T06:33:44.866Z",
            "to": "2024-06-30T12:33:44.866Z",
            "raw": {"from": "now-6h", "to": "now"},
        },
        "rangeRaw": {"from": "now-6h", "to": "now"},
        "interval": "30s",
        "intervalMs": 30000,
        "maxDataPoints": 550,
        "targets": [{"refId": "A", **target} for target in targets],
        "scopedVars": {"__interval": {"text": "1s", "value": "1s"}},
        "adhocFilters": [],
    } | more


@pytest.mark.before_the_database
def test_connection_test_returns_the_revision(reader: TestClient) -> None:
    assert read(reader, "/integrations/grafana")["revision"] >= 1


def test_series_equals_the_stats(reader: TestClient) -> None:
    [series] = post(reader, "query", panel_query({"target": "events"}))
    counts = items(reader, "/stats/events?from=2024-06-01&to=2024-06-30&fill=true")
    dated = [count for count in counts if count["period"]]

    assert series["target"] == "Events"
    assert series["refId"] == "A"
    assert series["datapoints"] == [[count["count"], milliseconds(count["period"])] for count in dated]
    assert len(dated) == 30


def test_metric_by_speaker_is_several_series(reader: TestClient) -> None:
    payload = {
        "by": "speaker",
        "interval": "month",
        "speaker": "(vladimir-putin|kim-jong-un)",
        "kind": [],
        "source": "",
    }
    series = post(reader, "query", panel_query({"target": "statements", "payload": payload}, {"target": "documents"}))
    counts = items(
        reader, "/stats/statements?by=speaker&interval=month&from=2024-06-01&to=2024-06-30&speaker=putin,kim"
    )

    assert [line["target"] for line in series] == ["Kim Jong Un", "Vladimir Putin", "Documents"]
    assert {(line["target"], line["datapoints"][0][0]) for line in series[:2]} == {
        (count["name"], count["count"]) for count in counts if count["period"]
    }


@pytest.mark.before_the_database
@pytest.mark.parametrize(("points", "periods"), [(30, 30), (29, 5), (2, 1)])
def test_interval_fits_the_number_of_data_points(reader: TestClient, points: int, periods: int) -> None:
    [series] = post(reader, "query", panel_query({"target": "events"}, maxDataPoints=points))

    assert len(series["datapoints"]) == periods


@pytest.mark.before_the_database
def test_table_has_the_records(reader: TestClient) -> None:
    [table] = post(reader, "query", panel_query({"target": "events_table"}))
    events = items(reader, "/events?from=2024-06-01&to=2024-06-30&limit=500")

    assert table["type"] == "table"
    assert [row[1] for row in table["rows"]] == [event["title"] for event in events]
    assert [row[5] for row in table["rows"]] == [event["place"]["latitude"] for event in events]


@pytest.mark.before_the_database
def test_dashboard_filters_apply_to_every_target(reader: TestClient) -> None:
    filters = [{"key": "source", "operator": "=", "value": "meduza"}]
    series, table = post(
        reader, "query", panel_query({"target": "events"}, {"target": "events_table"}, adhocFilters=filters)
    )
    events = items(reader, "/events?from=2024-06-01&to=2024-06-30&source=meduza")

    assert sum(count for count, _ in series["datapoints"]) == len(table["rows"]) == len(events)


@pytest.mark.before_the_database
def test_grafana_builds_frames_from_the_responses(reader: TestClient) -> None:
    targets = [{"target": name} for name in ("events", "statements", "documents", "events_table", "statements_table")]
    answers = post(reader, "query", panel_query(*targets))
    [answer_frames] = frames({"data": answers})

    for frame, answer in zip(answer_frames, answers, strict=True):
        kinds = [column["type"] for column in answer["columns"]] if "columns" in answer else ["time", "number"]
        assert [field["type"] for field in frame["fields"]] == kinds
        assert frame["length"] == len(answer.get("rows", answer.get("datapoints")))


@pytest.mark.before_the_database
def test_metrics_list_payloads_that_work(reader: TestClient) -> None:
    metrics = post(reader, "metrics", {})

    assert post(reader, "metrics") == metrics
    for metric in metrics:
        for payload in metric["payloads"]:
            choice = {"metric": metric["value"], "payload": {}, "name": payload["name"]}
            options = payload["options"] or post(reader, "metric-payload-options", choice)
            query = {"target": metric["value"], "payload": {payload["name"]: options[0]["value"]}}
            assert post(reader, "query", panel_query(query)) is not None


@pytest.mark.before_the_database
def test_variables_and_ad_hoc_filters_have_same_options(reader: TestClient) -> None:
    options = read(reader, "/integrations/grafana/variables/countries")
    keys = [key["text"] for key in post(reader, "tag-keys")]

    assert post(reader, "variable", {"payload": {"target": "countries"}, "range": {}}) == options
    assert keys == ["source", "speaker", "type", "country"]
    assert post(reader, "tag-values", {"key": "country"}) == [{"text": option["__value"]} for option in options]


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("query", panel_query({"target": "nothing"}), "targets.0.target"),
        (
            "query",
            panel_query({"target": "events"}, {"target": "events", "payload": {"by": "x"}}),
            "targets.1.payload.by",
        ),
        ("query", panel_query({"target": "events", "payload": {"kind": "direct"}}), "targets.0.payload.kind"),
        ("query", panel_query({"target": "events_table", "payload": {"by": "type"}}), "targets.0.payload.by"),
        ("query", panel_query({"target": "events", "payload": {"source": "nobody-at-all"}}), "source"),
        ("query", panel_query({"target": "events", "payload": {"a": {"b": "c"}}}), "targets.0.payload.a"),
        ("query", panel_query(*[{"target": "events"}] * 21), "targets"),
        ("query", panel_query({"target": "events"}, range={"from": "now-6h", "to": "now"}), "range.from"),
        (
            "query",
            panel_query(
                {"target": "events", "payload": {"interval": "day", "by": "type"}},
                range={"from": "1950-01-01T00:00:00Z", "to": "2040-01-01T00:00:00Z"},
            ),
            "targets",
        ),
        (
            "query",
            panel_query({"target": "events"}, adhocFilters=[{"key": "source", "operator": "=~", "value": "m"}]),
            "adhocFilters.0.operator",
        ),
        ("metric-payload-options", {"metric": "x", "payload": {}, "name": "by"}, "metric"),
        ("metric-payload-options", {"metric": "events", "payload": {}, "name": "x"}, "name"),
        ("variable", {"payload": {"target": "x"}}, "payload.target"),
        ("tag-values", {"key": "x"}, "key"),
    ],
)
def test_invalid_body_is_422_with_its_place(reader: TestClient, path: str, body: Item, field: str) -> None:
    response = reader.post(f"/integrations/grafana/{path}", json=body)

    assert response.status_code == 422, response.text
    assert field in [error["field"] for error in response.json()["errors"]]


@pytest.mark.before_the_database
def test_body_that_is_no_json_is_400(reader: TestClient) -> None:
    response = reader.post("/integrations/grafana/query", content="{", headers={"Content-Type": "application/json"})

    assert response.status_code == 400


@pytest.mark.before_the_database
def test_private_store_needs_a_read_key_for_posts(store: Store) -> None:
    private = create_app(settings_for(store.url).model_copy(update={"public_reads": False}))
    with talking_to(private, store) as client:
        for path, body in (("metrics", {}), ("query", panel_query({"target": "events"})), ("tag-keys", {})):
            address = f"/integrations/grafana/{path}"
            assert client.post(address, json=body).status_code == 401
            assert client.post(address, json=body, headers=store.key(Scope.READ)).status_code == 200
