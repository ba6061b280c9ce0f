"""GeoJSON (RFC 7946): lists for maps."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import example
from hypothesis import strategies as st

from app.api.routers import streams
from app.formats import entries
from tests.data.lists import LISTS, Item, items, read
from tests.properties import for_all, shares_a_store
from tests.test_formats import event, texts

MAPPED = [list_ for list_ in LISTS if entries.has_entry(list_.shape)]


def check_geojson(collection: Any) -> None:
    """Check the rules of RFC 7946 for a collection of points (§3.1.1, §3.2, §3.3)."""
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
    result: list[Item] = collection["features"]
    return result


@pytest.mark.before_the_database
def test_list_is_a_collection_of_its_flat_rows(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in MAPPED:
        with subtests.test(list_.address):
            collection = features(reader, list_.query("format=geojson"))
            rows = items(reader, list_.query("flat=true&limit=500"))
            properties = [feature["properties"] for feature in collection]

            assert [{**row, "href": None} for row in properties] == [{**row, "href": None} for row in rows]
            assert len({str(feature["id"]) for feature in collection}) == len(collection) > 0
            for row in properties[:3]:
                assert reader.get(row["href"].removeprefix("http://testserver")).status_code == 200


def test_feature_is_at_the_place_of_its_event(reader: TestClient) -> None:
    geometries = {feature["id"]: feature["geometry"] for feature in features(reader, "/events?format=geojson")}

    for item in items(reader, "/events?limit=500"):
        longitude, latitude = item["place"]["longitude"], item["place"]["latitude"]
        point = {"type": "Point", "coordinates": [longitude, latitude]}
        assert geometries[item["id"]] == (None if longitude is None else point)
    assert None in geometries.values()
    assert any(geometries.values())


def test_bbox_selects_the_features_in_it(reader: TestClient) -> None:
    collection = features(reader, "/events?bbox=124,38,131,43&format=geojson")

    assert collection
    for feature in collection:
        longitude, latitude = feature["geometry"]["coordinates"]
        assert 124 <= longitude <= 131
        assert 38 <= latitude <= 43


def test_page_links_to_itself_and_the_next(reader: TestClient) -> None:
    address, ids = "/events?format=geojson&limit=4&sort=date", []
    while address:
        page = read(reader, address)
        links = {link["rel"]: link["href"].removeprefix("http://testserver") for link in page["links"]}
        ids += [feature["id"] for feature in page["features"]]
        assert links["self"] == address
        assert {link["type"] for link in page["links"]} == {"application/geo+json"}
        address = links.get("next", "")

    assert ids == [item["id"] for item in items(reader, "/events?sort=date&limit=500")]
    assert page["timeStamp"] == items(reader, "/revisions")[0]["revised_at"]


@pytest.mark.parametrize("size", [1, 4, 15])
def test_streamed_list_equals_the_page(reader: TestClient, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    whole = read(reader, "/events?format=geojson")
    monkeypatch.setattr(streams, "BATCH", size)
    # Another origin: the response cache has one entry for each.
    streamed = reader.get("/events?format=geojson", headers={"Origin": f"https://{size}.example"}).json()

    check_geojson(streamed)
    assert streamed == whole


def test_empty_list_is_an_empty_collection(reader: TestClient) -> None:
    assert features(reader, "/events?date=1900-01-01&format=geojson") == []


@pytest.mark.before_the_database
@shares_a_store
@for_all(title=texts, longitude=st.floats(-180, 180), latitude=st.floats(-90, 90))
@example(title='"]}\u2028</script>', longitude=-0.0, latitude=5e-324)
def test_any_event_is_read_from_geojson(writer: TestClient, title: str, longitude: float, latitude: float) -> None:
    made = event(writer, title=title, longitude=longitude, latitude=latitude)
    [feature] = features(writer, "/events?format=geojson&limit=1&sort=-id")

    assert (feature["id"], feature["properties"]["title"]) == (made["id"], title)
    assert feature["geometry"]["coordinates"] == pytest.approx([longitude, latitude], rel=1e-12)
