"""Grafana: the dashboard in ``docs/grafana`` against the seed, annotations and variables.

Grafana's own library, ``@grafana/data``, reads the responses.
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

from app.core.vocab import EventType
from app.integrations.grafana.annotations import EitherSelection
from app.schemas.common import ListParams
from app.schemas.event import EventFilter, EventSelection
from app.schemas.statement import StatementFilter
from tests import tools
from tests.data.lists import LISTS, items, read

Item = dict[str, Any]

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "grafana"
DASHBOARD: Item = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
PANELS: dict[str, Item] = {panel["title"]: panel for panel in DASHBOARD["panels"]}
VARIABLES: dict[str, Item] = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}

# The values that Grafana inserts for its variables.
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
    """Yield all queries of the dashboard, in the form of the Infinity data source."""
    yield from (target for panel in DASHBOARD["panels"] for target in panel["targets"])
    yield from (annotation["target"] for annotation in DASHBOARD["annotations"]["list"])
    variables = (variable for variable in VARIABLES.values() if variable["type"] == "query")
    yield from (variable["query"]["infinityQuery"] for variable in variables)


def rows(client: TestClient, query: Item, values: dict[str, str]) -> list[Item]:
    """Return the rows of a query, with its variables set."""
    address = re.sub(r"\$\{[^}]*\}", lambda name: values[name[0]], query["url"])
    answer = read(client, address)
    result: list[Item] = answer[query["root_selector"]] if query["root_selector"] else answer
    return result


def frames(*responses: Item) -> list[list[Item]]:
    """Return the frames that Grafana builds from each response."""
    result: list[list[Item]] = json.loads(tools.node("grafana.mjs", input=json.dumps(responses).encode()))
    return result


def column(frame: Item, name: str) -> Item:
    [column] = [field for field in frame["fields"] if field["name"] == name]
    return dict(column)


# The dashboard and its provisioning


def test_dashboard_queries_have_rows_and_columns(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name, values in (("all", JUNE | ALL), ("chosen", JUNE | CHOSEN)):
        for query in queries():
            with subtests.test(name, query=query["url"].partition("?")[0]):
                result = rows(reader, query, values)

                assert result
                assert all(column["selector"] in row for row in result for column in query["columns"])


@pytest.mark.before_the_database
def test_dashboard_has_fewer_rows_with_a_choice(reader: TestClient) -> None:
    for query in (
        *(panel["targets"][0] for panel in DASHBOARD["panels"]),
        DASHBOARD["annotations"]["list"][0]["target"],
    ):
        assert len(rows(reader, query, JUNE | CHOSEN)) < len(rows(reader, query, JUNE | ALL))


@pytest.mark.before_the_database
@pytest.mark.parametrize("name", ["source", "speaker"])
def test_variable_value_can_be_added_to_a_query(reader: TestClient, name: str) -> None:
    for option in rows(reader, VARIABLES[name]["query"]["infinityQuery"], JUNE)[:5]:
        assert re.fullmatch(rf"&{name}=[a-z0-9-]+", option["__value"])
        assert reader.get(f"/events?limit=1{option['__value']}").status_code == 200


def test_compose_mounts_data_source_and_dashboard() -> None:
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
    assert {(query["datasource"]["type"], query["datasource"]["uid"]) for query in queries()} == {
        (infinity["type"], infinity["uid"])
    }


# Grafana's frames


@pytest.mark.before_the_database
def test_charts_are_series_of_numbers_over_time(reader: TestClient) -> None:
    charts = [PANELS["Events by type"], PANELS["Coverage by outlet"]]
    counts = [rows(reader, chart["targets"][0], JUNE | ALL) for chart in charts]
    chart_frames = frames(
        *(
            {"data": data, "columns": chart["targets"][0]["columns"], "transformations": chart["transformations"]}
            for chart, data in zip(charts, counts, strict=True)
        )
    )

    for by, data, [frame] in zip(("key", "name"), counts, chart_frames, strict=True):
        time, *series = frame["fields"]
        dated = [row for row in data if row["period"] is not None]
        assert time["type"] == "time"
        assert time["values"] == sorted({milliseconds(row["period"]) for row in dated})
        assert {field["name"] for field in series} == {row[by] for row in dated}
        assert all(field["type"] == "number" for field in series)
        assert sum(sum(field["values"]) for field in series) == sum(row["count"] for row in dated)


@pytest.mark.expensive("starts processes of the command")
@pytest.mark.before_the_database
def test_table_and_map_have_times_and_numbers(reader: TestClient) -> None:
    panels = [PANELS["Who said what"], PANELS["Where"]]
    tables = [rows(reader, panel["targets"][0], JUNE | ALL) for panel in panels]
    [[statements], [events]] = frames(
        *({"data": data, "columns": panel["targets"][0]["columns"]} for panel, data in zip(panels, tables, strict=True))
    )
    location = PANELS["Where"]["options"]["layers"][0]["location"]

    assert column(statements, "Said")["type"] == "time"
    assert column(statements, "Said")["values"] == [milliseconds(row["said_earliest"]) for row in tables[0]]
    assert column(statements, "Words")["values"] == [row["text"] for row in tables[0]]
    for axis in ("latitude", "longitude"):
        field = column(events, location[axis])
        assert field["type"] == "number"
        assert all(isinstance(value, float) for value in field["values"])


@pytest.mark.before_the_database
def test_flat_rows_have_iso_times_and_numbers(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in LISTS:
        with subtests.test(list_.address):
            flat = read(reader, list_.query("flat=true&limit=20"))["items"]

            for name, value in ((name, value) for row in flat for name, value in row.items() if value is not None):
                if name.endswith(("earliest", "latest", "first_published_on", "period")):
                    assert dt.date.fromisoformat(value).isoformat() == value
                elif name.endswith(("_at", "at")) and name != "format":
                    assert dt.datetime.fromisoformat(value).tzinfo is not None
                elif name.endswith(("count", "latitude", "longitude")):
                    assert isinstance(value, int | float)


# Annotations


def test_annotations_have_all_filters_of_both_nouns() -> None:
    own = {
        name: set(shape.model_fields) - set(ListParams.model_fields)
        for name, shape in (("events", EventFilter), ("statements", StatementFilter), ("either", EitherSelection))
    }

    assert own["events"] == set(EventSelection.model_fields)
    assert own["either"] == own["events"] | own["statements"]


def test_event_annotation_covers_its_days(reader: TestClient) -> None:
    [annotation] = annotations(reader, "date=2024-06-19&q=comprehensive+strategic")
    event = items(reader, "/events?date=2024-06-19&q=comprehensive+strategic")[0]

    assert annotation["time"] == milliseconds("2024-06-19")
    assert annotation["timeEnd"] == milliseconds("2024-06-20") - 1
    assert annotation["title"] == html.escape(event["title"], quote=False)
    assert annotation["tags"] == [event["type"], "KP", *(source["slug"] for source in event["sources"])]
    assert all(source["name"] in annotation["text"] for source in event["sources"])


def annotations(client: TestClient, query: str) -> list[Item]:
    result: list[Item] = read(client, f"/integrations/grafana/annotations?{query}")
    return result


def test_annotations_are_the_latest_events_to_the_limit(reader: TestClient) -> None:
    whole = annotations(reader, "limit=500")
    times = [annotation["time"] for annotation in whole]

    assert annotations(reader, "limit=3") == whole[:3]
    assert times == sorted(times, reverse=True)
    assert len(whole) == len(items(reader, "/events?limit=500"))


def test_statement_annotation_is_at_its_date_of_saying(reader: TestClient) -> None:
    whole = annotations(reader, "noun=statements&speaker=kim&limit=500")
    statements = items(reader, "/statements?speaker=kim&limit=500")
    dates = [statement["said"] or statement["document"]["published"] for statement in statements]

    assert [annotation["time"] for annotation in whole] == [milliseconds(date["earliest"]) for date in dates if date]
    assert {annotation["title"] for annotation in whole} == {"Kim Jong Un"}
    assert whole[0]["tags"][1] == "kim-jong-un"


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
def test_invalid_annotation_parameter_is_422(reader: TestClient, query: str, field: str) -> None:
    response = reader.get(f"/integrations/grafana/annotations?{query}")

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


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
def test_annotation_texts_are_escaped_html(writer: TestClient) -> None:
    body = {"title": "<img src=x onerror=alert(1)>", "summary": "<b>&", "date": "2024-06-21", "type": "protest"}
    assert writer.post("/events", json=body).status_code == 201

    [annotation] = annotations(writer, "date=2024-06-21")

    assert annotation["title"] == "&lt;img src=x onerror=alert(1)&gt;"
    assert annotation["text"] == "&lt;b&gt;&amp;"


def test_annotations_are_304_until_a_write(writer: TestClient) -> None:
    address = "/integrations/grafana/annotations?type=protest"
    before = writer.get(address)
    again = writer.get(address, headers={"If-None-Match": before.headers["ETag"]})
    writer.post("/events", json={"title": "A march", "date": "2024-06-21", "type": "protest"})
    after = writer.get(address, headers={"If-None-Match": before.headers["ETag"]})

    assert (before.status_code, again.status_code, after.status_code) == (200, 304, 200)
    assert len(after.json()) == len(before.json()) + 1


# Variables


def test_variables_list_names_and_slugs(reader: TestClient) -> None:
    options = {
        name: read(reader, f"/integrations/grafana/variables/{name}")
        for name in ("sources", "speakers", "types", "countries")
    }
    values = {name: [option["__value"] for option in options[name]] for name in options}
    sources = items(reader, "/sources?limit=500")
    codes = {event["place"]["country"] for event in items(reader, "/events?limit=500")} - {None}

    assert options["sources"] == [{"__text": source["name"], "__value": source["slug"]} for source in sources]
    assert set(values["speakers"]) == {speaker["slug"] for speaker in items(reader, "/speakers?limit=500")}
    assert values["types"] == list(EventType)
    assert set(values["countries"]) == codes
    assert {"__text": "North Korea", "__value": "KP"} in options["countries"]


@pytest.mark.before_the_database
def test_variable_names_can_be_searched_and_limited(reader: TestClient) -> None:
    speakers = read(reader, "/integrations/grafana/variables/speakers?q=putin")

    assert [speaker["__value"] for speaker in speakers] == ["vladimir-putin"]
    assert len(read(reader, "/integrations/grafana/variables/sources?limit=2")) == 2
