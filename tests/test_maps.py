"""Maps: events, read by GDAL, the library of QGIS."""

import csv
import io
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import tools
from tests.conftest import Templates
from tests.serving import live

pytestmark = pytest.mark.before_the_database

GEOJSON = "/events?format=geojson"
# GDAL reads CSV from a stream, and needs the names of its columns of coordinates.
CSV = "/events?format=csv"
POINTS = ("-oo", "X_POSSIBLE_NAMES=place_longitude", "-oo", "Y_POSSIBLE_NAMES=place_latitude")


@pytest.fixture(scope="module")
def address(templates: Templates) -> Iterator[str]:
    with templates.copy("sqlite", "seeded") as store, live(store) as server:
        yield server.address


def events(address: str) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = httpx.get(f"{address}/events?limit=500", trust_env=False).json()["items"]
    return result


def gdal(program: str, *arguments: str) -> str:
    """Return the output of a GDAL program; its warnings and errors fail the test."""
    command = [tools.program(program), *arguments]
    result = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stderr.decode()) == (0, "")
    return result.stdout.decode()


def layer(source: str) -> dict[str, str]:
    """Return the description of the only layer: its features, geometry and extent, and the types of its fields."""
    description = gdal("ogrinfo", "-ro", "-so", "-al", source)
    assert description.count("Layer name:") == 1
    return dict(re.findall(r"^([A-Za-z_ ]+): (.*?)(?: \(\d+\.\d+\))?$", description, re.MULTILINE)) | {
        "reference": "EPSG:4326" if 'ID["EPSG",4326]' in description else "",
    }


def test_geojson_is_a_layer_of_points_with_dates(address: str) -> None:
    events_layer = layer(address + GEOJSON)

    assert events_layer["Feature Count"] == str(len(events(address)))
    assert (events_layer["Geometry"], events_layer["reference"]) == ("Point", "EPSG:4326")
    assert events_layer["date_earliest"] == events_layer["date_latest"] == "Date"
    assert events_layer["title"] == events_layer["date_edtf"] == "String"
    assert events_layer["source_count"] == "Integer"


@pytest.mark.parametrize("source", [(GEOJSON,), (CSV, *POINTS)], ids=["geojson", "csv"])
def test_layer_has_the_events_at_their_places(address: str, source: tuple[str, ...]) -> None:
    path, *options = source
    location = f"CSV:/vsicurl_streaming/{address}{path}" if path == CSV else address + path
    output = gdal("ogr2ogr", "-f", "CSV", "/vsistdout/", location, "-lco", "GEOMETRY=AS_XY", *options)
    rows = {int(row["id"]): row for row in csv.DictReader(io.StringIO(output))}

    expected = events(address)
    assert sorted(rows) == sorted(event["id"] for event in expected)
    for event in expected:
        row, place = rows[event["id"]], event["place"]
        assert (row["title"], row["date_edtf"]) == (event["title"], event["date"]["edtf"])
        point = [float(row[axis]) if row[axis] else None for axis in "XY"]
        assert point == [place["longitude"], place["latitude"]]
    assert {row["X"] == "" for row in rows.values()} == {True, False}


def test_page_can_be_read_with_range_requests(address: str) -> None:
    events_layer = layer(f"/vsicurl/{address}{GEOJSON}&limit=500")

    assert events_layer["Feature Count"] == str(len(events(address)))


def test_bbox_selects_the_features_in_it(address: str) -> None:
    events_layer = layer(f"{address}{GEOJSON}&bbox=124,38,131,43")
    west, south, east, north = map(float, re.findall(r"-?\d+\.\d+", events_layer["Extent"]))

    assert 0 < int(events_layer["Feature Count"]) < len(events(address))
    assert 124 <= west <= east <= 131
    assert 38 <= south <= north <= 43
