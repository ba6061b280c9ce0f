"""GeoJSON (RFC 7946): lists for maps."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st

from app.api.routers import streams
from app.formats import entries
from tests.data.lists import LISTS, Item, List, items, read
from tests.test_formats import event, shares_a_store, texts

MAPPED = [each for each in LISTS if entries.has_entry(each.shape)]


def check_geojson(collection: Any) -> None:
    """What RFC 7946 asks of a collection of points (§3.1.1, §3.2, §3.3)."""
    assert collection["type"] == "FeatureCollection"
    assert not collection.keys() & {"coordinates", "geometries", "geometry", "properties"}  # §7.1
    for feature in collection["features"]:
        assert feature.keys() == {"type", "id", "geometry", "properties"}
        assert feature["type"] == "Feature"
        assert isinstance(feature["id"], int | str)
        assert isinstance(feature["properties"], dict)
        if feature["geometry"] is not None:
            assert feature["geometry"].keys() == {"type", "coordinates"}
            longitude, latitude = feature["geometry"]["coordinates"]
            assert feature["geometry"]["type"] == "Point"
            assert -180 <= longitude <= 180
            assert -90 <= latitude <= 90


def features(client: TestClient, address: str) -> list[Item]:
    collection = read(client, address)
    check_geojson(collection)
    found: list[Item] = collection["features"]
    return found


@pytest.mark.before_the_database
@pytest.mark.parametrize("which", MAPPED, ids=str)
def test_a_list_is_a_collection_of_its_flat_rows(reader: TestClient, which: List) -> None:
    found = features(reader, which.query("format=geojson"))
    rows = items(reader, which.query("flat=true&limit=500"))

    assert [{**each["properties"], "href": None} for each in found] == [{**row, "href": None} for row in rows]
    assert len({str(each["id"]) for each in found}) == len(found) > 0
    for each in found[:3]:
        address = each["properties"]["href"]
        assert reader.get(address.removeprefix("http://testserver")).status_code == 200


def test_a_feature_stands_where_its_event_happened(reader: TestClient) -> None:
    found = {each["id"]: each["geometry"] for each in features(reader, "/events?format=geojson")}

    for item in items(reader, "/events?limit=500"):
        longitude, latitude = item["place"]["longitude"], item["place"]["latitude"]
        known = {"type": "Point", "coordinates": [longitude, latitude]}
        assert found[item["id"]] == (None if longitude is None else known)
    assert None in found.values()
    assert any(found.values())


def test_a_box_holds_what_lies_in_it(reader: TestClient) -> None:
    found = features(reader, "/events?bbox=124,38,131,43&format=geojson")

    assert found
    for each in found:
        longitude, latitude = each["geometry"]["coordinates"]
        assert 124 <= longitude <= 131
        assert 38 <= latitude <= 43


def test_a_page_links_to_itself_and_to_the_next(reader: TestClient) -> None:
    then, found = "/events?format=geojson&limit=4&sort=date", []
    while then:
        page = read(reader, then)
        links = {link["rel"]: link["href"].removeprefix("http://testserver") for link in page["links"]}
        found += [each["id"] for each in page["features"]]
        assert links["self"] == then
        assert {link["type"] for link in page["links"]} == {"application/geo+json"}
        then = links.get("next", "")

    assert found == [item["id"] for item in items(reader, "/events?sort=date&limit=500")]
    assert page["timeStamp"] == items(reader, "/revisions")[0]["at"]


@pytest.mark.parametrize("size", [1, 4, 15])
def test_a_long_list_is_one_collection(reader: TestClient, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    whole = read(reader, "/events?format=geojson")
    monkeypatch.setattr(streams, "BATCH", size)
    # What is kept is kept by the page that asks.
    streamed = reader.get("/events?format=geojson", headers={"Origin": f"https://{size}.example"}).json()

    check_geojson(streamed)
    assert streamed == whole


def test_an_empty_list_is_an_empty_collection(reader: TestClient) -> None:
    assert features(reader, "/events?date=1900-01-01&format=geojson") == []


@pytest.mark.before_the_database
@shares_a_store
@given(title=texts, longitude=st.floats(-180, 180), latitude=st.floats(-90, 90))
@example(title='"]}\u2028</script>', longitude=-0.0, latitude=5e-324)
def test_any_event_comes_back_from_a_map(writer: TestClient, title: str, longitude: float, latitude: float) -> None:
    made = event(writer, title=title, longitude=longitude, latitude=latitude)
    [found] = features(writer, "/events?format=geojson&limit=1&sort=-id")

    assert (found["id"], found["properties"]["title"]) == (made["id"], title)
    assert found["geometry"]["coordinates"] == pytest.approx([longitude, latitude], rel=1e-12)
