"""Grafana: the dashboard in ``docs/grafana`` against the seed, annotations, variables, and the JSON data source.

What Grafana itself makes of the answers is asked of its own library, ``@grafana/data``.
"""

import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from app.core.vocab import EventType, Scope
from app.integrations.grafana.annotations import EitherSelection
from app.main import create_app
from app.schemas.common import ListParams
from app.schemas.event import EventFilter, EventSelection
from app.schemas.statement import StatementFilter
from tests import tools
from tests.conftest import Store, settings_for, talking_to
from tests.data.lists import LISTS, items, read

Item = dict[str, Any]

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "grafana"
DASHBOARD: Item = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
PANELS: dict[str, Item] = {panel["title"]: panel for panel in DASHBOARD["panels"]}
VARIABLES: dict[str, Item] = {each["name"]: each for each in DASHBOARD["templating"]["list"]}

# What Grafana puts in the place of its variables.
JUNE = {
    "${__from:date:iso}": "2024-06-01T00:00:00.000Z",
    "${__to:date:iso}": "2024-06-30T23:59:59.999Z",
    "${interval}": "day",
}
ALL = {"${source:raw}": VARIABLES["source"]["allValue"], "${speaker:raw}": VARIABLES["speaker"]["allValue"]}
CHOSEN = {"${source:raw}": "&source=the-final-call", "${speaker:raw}": "&speaker=vladimir-putin"}


def milliseconds(day: str) -> int:
    return int(dt.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000)


def queries() -> Iterator[Item]:
    """All that the dashboard asks for, as the Infinity data source is told it."""
    yield from (target for panel in DASHBOARD["panels"] for target in panel["targets"])
    yield from (each["target"] for each in DASHBOARD["annotations"]["list"])
    yield from (each["query"]["infinityQuery"] for each in VARIABLES.values() if each["type"] == "query")


def rows(client: TestClient, query: Item, values: dict[str, str]) -> list[Item]:
    """The rows that a query finds, with its variables set."""
    address = re.sub(r"\$\{[^}]*\}", lambda name: values[name[0]], query["url"])
    answer = read(client, address)
    found: list[Item] = answer[query["root_selector"]] if query["root_selector"] else answer
    return found


def frames(*asked: Item) -> list[list[Item]]:
    """The frames that Grafana makes of each."""
    made: list[list[Item]] = json.loads(tools.node("grafana.mjs", input=json.dumps(asked).encode()))
    return made


def column(frame: Item, name: str) -> Item:
    [found] = [field for field in frame["fields"] if field["name"] == name]
    return dict(found)


# The dashboard, and what sets it up


@pytest.mark.parametrize("values", [JUNE | ALL, JUNE | CHOSEN], ids=["all", "chosen"])
@pytest.mark.parametrize("query", list(queries()), ids=lambda query: query["url"].partition("?")[0])
def test_what_the_dashboard_asks_for_is_there(reader: TestClient, query: Item, values: dict[str, str]) -> None:
    found = rows(reader, query, values)

    assert found
    assert all(each["selector"] in row for row in found for each in query["columns"])


@pytest.mark.before_the_database
def test_the_dashboard_narrows_to_what_is_chosen(reader: TestClient) -> None:
    for query in (
        *(panel["targets"][0] for panel in DASHBOARD["panels"]),
        DASHBOARD["annotations"]["list"][0]["target"],
    ):
        assert len(rows(reader, query, JUNE | CHOSEN)) < len(rows(reader, query, JUNE | ALL))


@pytest.mark.before_the_database
@pytest.mark.parametrize("name", ["source", "speaker"])
def test_a_variable_is_what_stands_behind_an_address(reader: TestClient, name: str) -> None:
    for option in rows(reader, VARIABLES[name]["query"]["infinityQuery"], JUNE)[:5]:
        assert re.fullmatch(rf"&{name}=[a-z0-9-]+", option["__value"])
        assert reader.get(f"/events?limit=1{option['__value']}").status_code == 200


def test_the_data_source_and_the_dashboard_are_what_compose_mounts() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    mounts = dict(mount.split(":")[:2] for mount in service["grafana"]["volumes"])
    source = yaml.safe_load((FOLDER / "provisioning/datasources/dateline.yaml").read_text(encoding="utf-8"))
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/dateline.yaml").read_text(encoding="utf-8"))
    [infinity] = source["datasources"]

    assert mounts["./docs/grafana/provisioning"] == "/etc/grafana/provisioning"
    assert mounts["./docs/grafana/dashboard.json"].startswith(provider["providers"][0]["options"]["path"])
    assert service["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"] == infinity["type"]
    assert service["grafana"]["profiles"] == ["grafana"]
    assert infinity["url"] == "http://dateline:8000"
    assert {(each["datasource"]["type"], each["datasource"]["uid"]) for each in queries()} == {
        (infinity["type"], infinity["uid"])
    }


# What Grafana makes of it


@pytest.mark.before_the_database
def test_the_charts_are_series_of_numbers_over_time(reader: TestClient) -> None:
    charts = [PANELS["Events by type"], PANELS["Coverage by outlet"]]
    found = [rows(reader, chart["targets"][0], JUNE | ALL) for chart in charts]
    made = frames(
        *(
            {"data": each, "columns": chart["targets"][0]["columns"], "transformations": chart["transformations"]}
            for chart, each in zip(charts, found, strict=True)
        )
    )

    for by, counted, [frame] in zip(("key", "name"), found, made, strict=True):
        time, *series = frame["fields"]
        placed = [row for row in counted if row["period"] is not None]
        assert time["type"] == "time"
        assert time["values"] == sorted({milliseconds(row["period"]) for row in placed})
        assert {field["name"] for field in series} == {row[by] for row in placed}
        assert all(field["type"] == "number" for field in series)
        assert sum(sum(field["values"]) for field in series) == sum(row["count"] for row in placed)


@pytest.mark.before_the_database
def test_the_table_and_the_map_have_times_and_numbers(reader: TestClient) -> None:
    panels = [PANELS["Who said what"], PANELS["Where"]]
    found = [rows(reader, panel["targets"][0], JUNE | ALL) for panel in panels]
    [[said], [where]] = frames(
        *({"data": each, "columns": panel["targets"][0]["columns"]} for panel, each in zip(panels, found, strict=True))
    )
    location = PANELS["Where"]["options"]["layers"][0]["location"]

    assert column(said, "Said")["type"] == "time"
    assert column(said, "Said")["values"] == [milliseconds(row["said_earliest"]) for row in found[0]]
    assert column(said, "Words")["values"] == [row["text"] for row in found[0]]
    for axis in ("latitude", "longitude"):
        field = column(where, location[axis])
        assert field["type"] == "number"
        assert all(isinstance(value, float) for value in field["values"])


@pytest.mark.before_the_database
@pytest.mark.parametrize("each", LISTS, ids=str)
def test_flat_rows_are_iso_times_and_numbers(reader: TestClient, each: Any) -> None:
    found = read(reader, each.query("flat=true&limit=20"))["items"]

    for name, value in ((name, value) for row in found for name, value in row.items() if value is not None):
        if name.endswith(("earliest", "latest", "first_published", "period")):
            assert dt.date.fromisoformat(value).isoformat() == value
        elif name.endswith(("_at", "at")) and name != "format":
            assert dt.datetime.fromisoformat(value).tzinfo is not None
        elif name.endswith(("count", "latitude", "longitude")):
            assert isinstance(value, int | float)


# Annotations


def test_all_filters_of_both_nouns_are_taken() -> None:
    own = {
        name: set(shape.model_fields) - set(ListParams.model_fields)
        for name, shape in (("events", EventFilter), ("statements", StatementFilter), ("either", EitherSelection))
    }

    assert own["events"] == set(EventSelection.model_fields)
    assert own["either"] == own["events"] | own["statements"]


def test_an_event_is_annotated_from_its_first_moment_to_its_last(reader: TestClient) -> None:
    [found] = items_of(reader, "date=2024-06-19&q=comprehensive+strategic")
    event = items(reader, "/events?date=2024-06-19&q=comprehensive+strategic")[0]

    assert found["time"] == milliseconds("2024-06-19")
    assert found["timeEnd"] == milliseconds("2024-06-20") - 1
    assert found["title"] == html.escape(event["title"], quote=False)
    assert found["tags"] == [event["type"], "KP", *(each["slug"] for each in event["sources"])]
    assert all(each["name"] in found["text"] for each in event["sources"])


def items_of(client: TestClient, query: str) -> list[Item]:
    found: list[Item] = read(client, f"/integrations/grafana/annotations?{query}")
    return found


def test_annotations_are_the_latest_and_so_many(reader: TestClient) -> None:
    every = items_of(reader, "limit=500")
    first = items_of(reader, "limit=3")

    assert first == every[:3]
    assert [each["time"] for each in every] == sorted((each["time"] for each in every), reverse=True)
    assert len(every) == len(items(reader, "/events?limit=500"))


def test_statements_are_annotated_by_when_they_were_said_or_else_printed(reader: TestClient) -> None:
    every = items_of(reader, "noun=statements&speaker=kim&limit=500")
    shown = items(reader, "/statements?speaker=kim&limit=500")
    dates = [each["said"] or each["document"]["published"] for each in shown]

    assert [each["time"] for each in every] == [milliseconds(date["earliest"]) for date in dates if date]
    assert {each["title"] for each in every} == {"Kim Jong Un"}
    assert every[0]["tags"][1] == "kim-jong-un"


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("kind=direct", "kind"),
        ("noun=statements&country=KP", "country"),
        ("noun=documents", "noun"),
        ("limit=501", "limit"),
        ("from=2024-06-19T00:00", "from"),
        ("source=nobody-at-all", "source"),
        ("flat=true", "flat"),
    ],
)
def test_what_cannot_be_annotated_is_refused_by_name(reader: TestClient, query: str, field: str) -> None:
    response = reader.get(f"/integrations/grafana/annotations?{query}")

    assert response.status_code == 422
    assert [each["field"] for each in response.json()["errors"]] == [field]


@pytest.mark.before_the_database
def test_annotations_are_a_frame_of_times(reader: TestClient) -> None:
    target = DASHBOARD["annotations"]["list"][0]["target"]
    [[frame]] = frames({"data": rows(reader, target, JUNE | ALL), "columns": target["columns"]})

    assert [field["type"] for field in frame["fields"]] == ["time", "time", "string", "string"]
    assert all(
        1_717_200_000_000 <= time <= end < 1_719_792_000_000
        for time, end in zip(column(frame, "time")["values"], column(frame, "timeEnd")["values"], strict=True)
    )


@pytest.mark.before_the_database
def test_nothing_in_an_annotation_is_markup(writer: TestClient) -> None:
    body = {"title": "<img src=x onerror=alert(1)>", "summary": "<b>&", "date": "2024-06-21", "type": "protest"}
    assert writer.post("/events", json=body).status_code == 201

    [found] = items_of(writer, "date=2024-06-21")

    assert found["title"] == "&lt;img src=x onerror=alert(1)&gt;"
    assert found["text"] == "&lt;b&gt;&amp;"


def test_an_answer_is_conditional_and_a_write_is_seen(writer: TestClient) -> None:
    address = "/integrations/grafana/annotations?type=protest"
    before = writer.get(address)
    again = writer.get(address, headers={"If-None-Match": before.headers["ETag"]})
    writer.post("/events", json={"title": "A march", "date": "2024-06-21", "type": "protest"})
    after = writer.get(address, headers={"If-None-Match": before.headers["ETag"]})

    assert (before.status_code, again.status_code, after.status_code) == (200, 304, 200)
    assert len(after.json()) == len(before.json()) + 1


# Variables


def test_variables_are_names_and_what_stands_for_them(reader: TestClient) -> None:
    found = {
        name: read(reader, f"/integrations/grafana/variables/{name}")
        for name in ("sources", "speakers", "types", "countries")
    }
    sources = items(reader, "/sources?limit=500")
    codes = {each["place"]["country"] for each in items(reader, "/events?limit=500")} - {None}

    assert found["sources"] == [{"__text": each["name"], "__value": each["slug"]} for each in sources]
    assert {each["__value"] for each in found["speakers"]} == {
        each["slug"] for each in items(reader, "/speakers?limit=500")
    }
    assert [each["__value"] for each in found["types"]] == list(EventType)
    assert {each["__value"] for each in found["countries"]} == codes
    assert {"__text": "North Korea", "__value": "KP"} in found["countries"]


@pytest.mark.before_the_database
def test_names_can_be_searched_and_limited(reader: TestClient) -> None:
    assert [each["__value"] for each in read(reader, "/integrations/grafana/variables/speakers?q=putin")] == [
        "vladimir-putin"
    ]
    assert len(read(reader, "/integrations/grafana/variables/sources?limit=2")) == 2


# The JSON data source


def post(client: TestClient, path: str, body: Any = None) -> Any:
    response = client.post(f"/integrations/grafana/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def panel_query(*targets: Item, **more: Any) -> Item:
    """What the data source sends, as it stands in its own description, with our targets."""
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
def test_the_connection_can_be_tested(reader: TestClient) -> None:
    assert read(reader, "/integrations/grafana")["revision"] >= 1


def test_a_series_is_what_stats_count(reader: TestClient) -> None:
    [series] = post(reader, "query", panel_query({"target": "events"}))
    counted = items(reader, "/stats/events?from=2024-06-01&to=2024-06-30&fill=true")
    placed = [each for each in counted if each["period"]]

    assert series["target"] == "Events"
    assert series["refId"] == "A"
    assert series["datapoints"] == [[each["count"], milliseconds(each["period"])] for each in placed]
    assert len(placed) == 30


def test_one_metric_may_be_several_series(reader: TestClient) -> None:
    payload = {
        "by": "speaker",
        "interval": "month",
        "speaker": "(vladimir-putin|kim-jong-un)",
        "kind": [],
        "source": "",
    }
    found = post(reader, "query", panel_query({"target": "statements", "payload": payload}, {"target": "documents"}))
    counted = items(
        reader, "/stats/statements?by=speaker&interval=month&from=2024-06-01&to=2024-06-30&speaker=putin,kim"
    )

    assert [each["target"] for each in found] == ["Kim Jong Un", "Vladimir Putin", "Documents"]
    assert {(each["target"], each["datapoints"][0][0]) for each in found[:2]} == {
        (each["name"], each["count"]) for each in counted if each["period"]
    }


@pytest.mark.before_the_database
@pytest.mark.parametrize(("most", "periods"), [(30, 30), (29, 5), (2, 1)])
def test_periods_are_as_long_as_the_panel_is_wide(reader: TestClient, most: int, periods: int) -> None:
    [series] = post(reader, "query", panel_query({"target": "events"}, maxDataPoints=most))

    assert len(series["datapoints"]) == periods


@pytest.mark.before_the_database
def test_a_table_is_the_records(reader: TestClient) -> None:
    [table] = post(reader, "query", panel_query({"target": "events_table"}))
    shown = items(reader, "/events?from=2024-06-01&to=2024-06-30&limit=500")

    assert table["type"] == "table"
    assert [row[1] for row in table["rows"]] == [each["title"] for each in shown]
    assert [row[5] for row in table["rows"]] == [each["place"]["latitude"] for each in shown]


@pytest.mark.before_the_database
def test_filters_of_the_dashboard_count_for_every_target(reader: TestClient) -> None:
    filters = [{"key": "source", "operator": "=", "value": "meduza"}]
    series, table = post(
        reader, "query", panel_query({"target": "events"}, {"target": "events_table"}, adhocFilters=filters)
    )
    shown = items(reader, "/events?from=2024-06-01&to=2024-06-30&source=meduza")

    assert sum(count for count, _ in series["datapoints"]) == len(table["rows"]) == len(shown)


@pytest.mark.before_the_database
def test_grafana_makes_series_and_tables_of_the_answers(reader: TestClient) -> None:
    targets = [{"target": name} for name in ("events", "statements", "documents", "events_table", "statements_table")]
    answers = post(reader, "query", panel_query(*targets))
    [made] = frames({"data": answers})

    for frame, answer in zip(made, answers, strict=True):
        kinds = [field["type"] for field in frame["fields"]]
        assert kinds == ([each["type"] for each in answer["columns"]] if "columns" in answer else ["time", "number"])
        assert frame["length"] == len(answer.get("rows", answer.get("datapoints")))


@pytest.mark.before_the_database
def test_metrics_tell_what_they_can_be_asked_with(reader: TestClient) -> None:
    metrics = post(reader, "metrics", {})

    assert post(reader, "metrics") == metrics
    for metric in metrics:
        for payload in metric["payloads"]:
            choice = {"metric": metric["value"], "payload": {}, "name": payload["name"]}
            options = payload["options"] or post(reader, "metric-payload-options", choice)
            query = {"target": metric["value"], "payload": {payload["name"]: options[0]["value"]}}
            assert post(reader, "query", panel_query(query)) is not None


@pytest.mark.before_the_database
def test_variables_and_ad_hoc_filters_are_the_same_options(reader: TestClient) -> None:
    options = read(reader, "/integrations/grafana/variables/countries")
    keys = [each["text"] for each in post(reader, "tag-keys")]

    assert post(reader, "variable", {"payload": {"target": "countries"}, "range": {}}) == options
    assert keys == ["source", "speaker", "type", "country"]
    assert post(reader, "tag-values", {"key": "country"}) == [{"text": each["__value"]} for each in options]


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
def test_what_has_no_meaning_is_refused_by_its_place(reader: TestClient, path: str, body: Item, field: str) -> None:
    response = reader.post(f"/integrations/grafana/{path}", json=body)

    assert response.status_code == 422, response.text
    assert field in [each["field"] for each in response.json()["errors"]]


@pytest.mark.before_the_database
def test_a_body_that_is_no_json_is_a_bad_request(reader: TestClient) -> None:
    response = reader.post("/integrations/grafana/query", content="{", headers={"Content-Type": "application/json"})

    assert response.status_code == 400


@pytest.mark.before_the_database
def test_to_ask_by_post_needs_a_key_that_may_read_where_reads_do(store: Store) -> None:
    private = create_app(settings_for(store.url).model_copy(update={"public_reads": False}))
    with talking_to(private, store) as client:
        for path, body in (("metrics", {}), ("query", panel_query({"target": "events"})), ("tag-keys", {})):
            address = f"/integrations/grafana/{path}"
            assert client.post(address, json=body).status_code == 401
            assert client.post(address, json=body, headers=store.key(Scope.READ)).status_code == 200
