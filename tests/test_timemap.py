"""TimeMap: the three files that it reads, held against the schemas by which it refuses what it cannot show."""

import datetime as dt
import json
import re
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.lists import items, read

Item = dict[str, Any]

# As TimeMap's own (src/reducers/validate), which are of Joi: no field but these, each a string that may be empty, or a
# list. An event's coordinates come together, and it has a date or coordinates.
_TEXT = {"type": "string"}
_LIST = {"type": "array"}


def _strict(texts: str, lists: str, required: str) -> Item:
    fields = dict.fromkeys(texts.split(), _TEXT) | dict.fromkeys(lists.split(), _LIST)
    return {"type": "object", "properties": fields, "required": required.split(), "additionalProperties": False}


EVENT = _strict(
    "id description date time time_precision location latitude longitude type category category_full comments "
    "time_display shape colour",
    "associations sources narrative___stepStyles",
    "description associations",
) | {
    "dependentRequired": {"latitude": ["longitude"], "longitude": ["latitude"]},
    "anyOf": [{"required": ["date"]}, {"required": ["latitude"]}],
}
SOURCE = _strict("id title thumbnail type url description parent author date notes", "paths affil_s", "id paths")
SOURCE["properties"]["id"] = {"type": "string", "minLength": 1}
ASSOCIATION = _strict("id title desc mode colour type display", "filter_paths", "id title mode")

FILES = {
    "events": {"type": "array", "items": EVENT},
    "sources": {"type": "object", "additionalProperties": SOURCE},
    "associations": {"type": "array", "items": ASSOCIATION},
}


def timemap(client: TestClient, name: str, query: str = "") -> Any:
    """One of the files, which must be as TimeMap wants it."""
    found = read(client, f"/integrations/timemap/{name}.json?{query}")
    jsonschema_rs.validate(FILES[name], found)
    return found


def located(client: TestClient, query: str = "") -> list[Item]:
    """The events that a map can show."""
    shown = items(client, f"/events?limit=500&{query}")
    return [each for each in shown if each["place"]["latitude"] is not None]


@pytest.mark.parametrize("query", ["", "source=meduza", "from=2024-06-01T00:00:00Z&to=2024-06-30", "type=consult"])
def test_the_files_are_what_timemap_takes_and_belong_together(reader: TestClient, query: str) -> None:
    events, sources, associations = (timemap(reader, name, query) for name in FILES)

    assert [each["id"] for each in events] == [str(each["id"]) for each in located(reader, query)]
    assert events
    assert {ident for each in events for ident in each["sources"]} == set(sources)
    assert {ident for each in events for ident in each["associations"]} == {each["id"] for each in associations}
    assert len({each["id"] for each in associations}) == len(associations)
    assert {ident: each["id"] for ident, each in sources.items()} == {ident: ident for ident in sources}


def test_an_event_is_where_and_when_it_happened(reader: TestClient) -> None:
    for shown, event in zip(timemap(reader, "events"), located(reader), strict=True):
        assert float(shown["latitude"]) == pytest.approx(event["place"]["latitude"], abs=1e-6)
        assert float(shown["longitude"]) == pytest.approx(event["place"]["longitude"], abs=1e-6)
        # What TimeMap reads by default: MM/DD/YYYY, and midnight where there is no time.
        assert dt.datetime.strptime(shown["date"], "%m/%d/%Y").date().isoformat() == event["date"]["earliest"]
        assert shown["time"] == ""
        assert shown["time_display"] == event["date"]["edtf"]
        assert shown["description"].startswith(event["title"])


def test_a_source_is_the_document_with_its_outlet(reader: TestClient) -> None:
    documents = {str(each["id"]): each for each in items(reader, "/documents?limit=500")}

    for ident, source in timemap(reader, "sources").items():
        assert source["author"] == documents[ident]["source"]["name"]
        assert source["url"] == (documents[ident]["url"] or "")
        assert source["paths"] == ([documents[ident]["url"]] if documents[ident]["url"] else [])


def test_events_go_by_type_outlet_and_country(reader: TestClient) -> None:
    associations = {each["id"]: each for each in timemap(reader, "associations")}
    categories = [each for each in associations.values() if each["mode"] == "CATEGORY"]

    assert associations["outlet:meduza"]["filter_paths"] == ["Outlet", "Meduza"]
    assert associations["country:KP"]["filter_paths"] == ["Country", "North Korea"]
    assert {each["mode"] for each in associations.values()} == {"CATEGORY", "FILTER"}
    assert all(each["id"] == each["title"] for each in categories)
    for event in timemap(reader, "events"):
        assert [ident for ident in event["associations"] if associations[ident]["mode"] == "CATEGORY"] == [
            event["category"]
        ]


def test_what_is_cut_off_is_linked_to_in_all_three(reader: TestClient) -> None:
    whole = timemap(reader, "events")
    first = reader.get("/integrations/timemap/events.json?limit=2")
    [then] = re.findall('<(.*)>; rel="next"', first.headers["Link"])
    rest = read(reader, then.replace("limit=2", "limit=100"))
    sources = read(reader, then.replace("events", "sources").replace("limit=2", "limit=100"))

    assert first.json() + rest == whole
    assert set(sources) == {ident for each in rest for ident in each["sources"]}
    assert "Link" not in reader.get("/integrations/timemap/events.json").headers


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=10001", "limit"), ("cursor=x", "cursor"), ("bbox=1,2,3", "bbox"), ("format=csv", "format")],
)
def test_what_is_malformed_is_refused_by_name(reader: TestClient, query: str, field: str) -> None:
    for name in FILES:
        response = reader.get(f"/integrations/timemap/{name}.json?{query}")

        assert response.status_code == 422
        assert [each["field"] for each in response.json()["errors"]] == [field]


def test_a_box_leaves_out_what_is_outside_it(reader: TestClient) -> None:
    shown = timemap(reader, "events", "bbox=125,38,126,40")

    assert 0 < len(shown) < len(timemap(reader, "events"))
    assert {each["latitude"] for each in shown} == {"39.039200"}


def test_more_events_than_one_statement_asks_for_have_their_sources(empty_writer: TestClient) -> None:
    empty_writer.post("/sources", json={"name": "Bote/Kurier", "slug": "bote", "kind": "online"})
    events = [
        {"event": {"title": f"E{n}", "date": "2024-06-19", "type": "aid", "external_id": f"a:{n}"} | PLACE}
        for n in range(120)
    ]
    reports = [{"event": f"a:{n}"} for n in range(120)]
    document = {"document": {"source": "bote", "title": "D", "text": "a", "reports": reports}}
    lines = "\n".join(json.dumps(each) for each in [*events, document])
    empty_writer.post("/imports", content=lines, headers={"Content-Type": "application/jsonl"}).raise_for_status()

    assert {tuple(each["sources"]) for each in timemap(empty_writer, "events")} == {("1",)}
    assert timemap(empty_writer, "associations")[0]["filter_paths"] == ["Outlet", "Bote∕Kurier"]


PLACE = {"latitude": 0.0000001, "longitude": -179.5, "coded_by": "machine", "confidence": 0.4}


any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


@pytest.mark.before_the_database
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(title=any_text, place=any_text, summary=any_text)
def test_any_text_is_text_there(empty_writer: TestClient, title: str, place: str, summary: str) -> None:
    body = {"title": title, "place": place, "summary": summary, "date": "2024-06~", "type": "aid"} | PLACE
    created = empty_writer.post("/events", json=body).json()

    [shown] = timemap(empty_writer, "events", f"id={created['id']}")

    assert shown["description"] == f"{title}\n\n{summary}"
    assert shown["location"] == place
    assert shown["comments"] == "Coded by machine, confidence 0.40"
    assert (shown["date"], shown["latitude"]) == ("06/01/2024", "0.000000")
