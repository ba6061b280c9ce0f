"""TimeMap: its three files, validated against its own schemas."""

import datetime as dt
import json
import re
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st

from tests.data.lists import items, read
from tests.properties import for_all, shares_a_store

Item = dict[str, Any]

# TimeMap's own schemas (src/reducers/validate, in Joi): no other fields, each a string that may be empty, or a list. An
# event has both coordinates or none, and a date or coordinates.
_TEXT = {"type": "string"}
_LIST = {"type": "array"}


def _build_schema(texts: str, lists: str, required: str) -> Item:
    fields = dict.fromkeys(texts.split(), _TEXT) | dict.fromkeys(lists.split(), _LIST)
    return {"type": "object", "properties": fields, "required": required.split(), "additionalProperties": False}


EVENT = _build_schema(
    "id description date time time_precision location latitude longitude type category category_full comments "
    "time_display shape colour",
    "associations sources narrative___stepStyles",
    "description associations",
) | {
    "dependentRequired": {"latitude": ["longitude"], "longitude": ["latitude"]},
    "anyOf": [{"required": ["date"]}, {"required": ["latitude"]}],
}
SOURCE = _build_schema("id title thumbnail type url description parent author date notes", "paths affil_s", "id paths")
SOURCE["properties"]["id"] = {"type": "string", "minLength": 1}
ASSOCIATION = _build_schema("id title desc mode colour type display", "filter_paths", "id title mode")

FILES = {
    "events": {"type": "array", "items": EVENT},
    "sources": {"type": "object", "additionalProperties": SOURCE},
    "associations": {"type": "array", "items": ASSOCIATION},
}


def timemap(client: TestClient, name: str, query: str = "") -> Any:
    """Return one of the files; fail if TimeMap would refuse it."""
    content = read(client, f"/integrations/timemap/{name}.json?{query}")
    jsonschema_rs.validate(FILES[name], content)
    return content


def located(client: TestClient, query: str = "") -> list[Item]:
    """Return the events with coordinates."""
    return [item for item in items(client, f"/events?limit=500&{query}") if item["place"]["latitude"] is not None]


@pytest.mark.parametrize("query", ["", "source=meduza", "from=2024-06-01T00:00:00Z&to=2024-06-30", "type=consult"])
def test_files_are_valid_and_refer_to_each_other(reader: TestClient, query: str) -> None:
    events, sources, associations = (timemap(reader, name, query) for name in FILES)

    assert [event["id"] for event in events] == [str(item["id"]) for item in located(reader, query)]
    assert events
    assert {ident for event in events for ident in event["sources"]} == set(sources)
    ids = [association["id"] for association in associations]
    assert {ident for event in events for ident in event["associations"]} == set(ids)
    assert len(set(ids)) == len(ids)
    assert {ident: source["id"] for ident, source in sources.items()} == {ident: ident for ident in sources}


def test_event_has_its_place_and_date(reader: TestClient) -> None:
    for marker, event in zip(timemap(reader, "events"), located(reader), strict=True):
        assert float(marker["latitude"]) == pytest.approx(event["place"]["latitude"], abs=1e-6)
        assert float(marker["longitude"]) == pytest.approx(event["place"]["longitude"], abs=1e-6)
        # TimeMap's default format is MM/DD/YYYY, and its default time midnight.
        assert dt.datetime.strptime(marker["date"], "%m/%d/%Y").date().isoformat() == event["date"]["earliest"]
        assert marker["time"] == ""
        assert marker["time_display"] == event["date"]["edtf"]
        assert marker["description"].startswith(event["title"])


def test_source_is_the_document_with_its_outlet(reader: TestClient) -> None:
    documents = {str(item["id"]): item for item in items(reader, "/documents?limit=500")}

    for ident, source in timemap(reader, "sources").items():
        assert source["author"] == documents[ident]["source"]["name"]
        assert source["url"] == (documents[ident]["url"] or "")
        assert source["paths"] == ([documents[ident]["url"]] if documents[ident]["url"] else [])


def test_associations_are_types_outlets_and_countries(reader: TestClient) -> None:
    associations = {item["id"]: item for item in timemap(reader, "associations")}
    categories = [item for item in associations.values() if item["mode"] == "CATEGORY"]

    assert associations["outlet:meduza"]["filter_paths"] == ["Outlet", "Meduza"]
    assert associations["country:KP"]["filter_paths"] == ["Country", "North Korea"]
    assert {item["mode"] for item in associations.values()} == {"CATEGORY", "FILTER"}
    assert all(item["id"] == item["title"] for item in categories)
    for event in timemap(reader, "events"):
        assert [ident for ident in event["associations"] if associations[ident]["mode"] == "CATEGORY"] == [
            event["category"]
        ]


def test_limited_files_link_to_the_rest(reader: TestClient) -> None:
    whole = timemap(reader, "events")
    first = reader.get("/integrations/timemap/events.json?limit=2")
    [next_url] = re.findall('<(.*)>; rel="next"', first.headers["Link"])
    rest = read(reader, next_url.replace("limit=2", "limit=100"))
    sources = read(reader, next_url.replace("events", "sources").replace("limit=2", "limit=100"))

    assert first.json() + rest == whole
    assert set(sources) == {ident for event in rest for ident in event["sources"]}
    assert "Link" not in reader.get("/integrations/timemap/events.json").headers


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=10001", "limit"), ("cursor=x", "cursor"), ("bbox=1,2,3", "bbox"), ("format=csv", "format")],
)
def test_malformed_parameter_is_422_with_its_name(reader: TestClient, query: str, field: str) -> None:
    for name in FILES:
        response = reader.get(f"/integrations/timemap/{name}.json?{query}")

        assert response.status_code == 422
        assert [error["field"] for error in response.json()["errors"]] == [field]


def test_bbox_excludes_events_outside_it(reader: TestClient) -> None:
    events = timemap(reader, "events", "bbox=125,38,126,40")

    assert 0 < len(events) < len(timemap(reader, "events"))
    assert {event["latitude"] for event in events} == {"39.039200"}


@pytest.mark.expensive("tries many random sequences")
def test_events_beyond_one_batch_have_their_sources(empty_writer: TestClient) -> None:
    empty_writer.post("/sources", json={"name": "Bote/Kurier", "slug": "bote", "kind": "online"})
    events = [
        {"event": {"title": f"E{n}", "date": "2024-06-19", "type": "aid", "external_id": f"a:{n}"} | PLACE}
        for n in range(120)
    ]
    reports = [{"event": f"a:{n}"} for n in range(120)]
    document = {"document": {"source": "bote", "title": "D", "text": "a", "reports": reports}}
    lines = "\n".join(json.dumps(record) for record in [*events, document])
    empty_writer.post("/imports", content=lines, headers={"Content-Type": "application/jsonl"}).raise_for_status()

    assert {tuple(event["sources"]) for event in timemap(empty_writer, "events")} == {("1",)}
    assert timemap(empty_writer, "associations")[0]["filter_paths"] == ["Outlet", "Bote∕Kurier"]


PLACE = {"latitude": 0.0000001, "longitude": -179.5, "coded_by": "machine", "confidence": 0.4}


any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


@pytest.mark.before_the_database
@settings(shares_a_store, max_examples=8)
@for_all(title=any_text, place=any_text, summary=any_text)
def test_any_text_is_read_from_timemap(empty_writer: TestClient, title: str, place: str, summary: str) -> None:
    body = {"title": title, "place": place, "summary": summary, "date": "2024-06~", "type": "aid"} | PLACE
    created = empty_writer.post("/events", json=body).json()

    [marker] = timemap(empty_writer, "events", f"id={created['id']}")

    assert marker["description"] == f"{title}\n\n{summary}"
    assert marker["location"] == place
    assert marker["comments"] == "Coded by machine, confidence 0.40"
    assert (marker["date"], marker["latitude"]) == ("06/01/2024", "0.000000")
