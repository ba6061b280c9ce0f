"""Maps: events as GDAL reads them, and with it QGIS."""

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
# As CSV is read for a map: from where it is streamed, with its columns of coordinates.
CSV = "/events?format=csv"
POINTS = ("-oo", "X_POSSIBLE_NAMES=place_longitude", "-oo", "Y_POSSIBLE_NAMES=place_latitude")


@pytest.fixture(scope="module")
def address(templates: Templates) -> Iterator[str]:
    with templates.copy("sqlite", "seeded") as store, live(store) as server:
        yield server.address


def events(address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{address}/events?limit=500", trust_env=False).json()["items"]
    return found


def gdal(program: str, *arguments: str) -> str:
    """What a program of GDAL prints; what it complains of fails the test."""
    command = [tools.program(program), *arguments]
    done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout.decode()


def layer(source: str) -> dict[str, str]:
    """What a map is told of the one layer there: its features, geometry and extent, and the type of each field."""
    told = gdal("ogrinfo", "-ro", "-so", "-al", source)
    assert told.count("Layer name:") == 1
    return dict(re.findall(r"^([A-Za-z_ ]+): (.*?)(?: \(\d+\.\d+\))?$", told, re.MULTILINE)) | {
        "reference": "EPSG:4326" if 'ID["EPSG",4326]' in told else "",
    }


def test_a_map_finds_a_layer_of_points_with_dates(address: str) -> None:
    found = layer(address + GEOJSON)

    assert found["Feature Count"] == str(len(events(address)))
    assert (found["Geometry"], found["reference"]) == ("Point", "EPSG:4326")
    assert found["date_earliest"] == found["date_latest"] == "Date"
    assert found["title"] == found["date_edtf"] == "String"
    assert found["source_count"] == "Integer"


@pytest.mark.parametrize("source", [(GEOJSON,), (CSV, *POINTS)], ids=["geojson", "csv"])
def test_what_stands_on_the_map_are_our_events(address: str, source: tuple[str, ...]) -> None:
    path, *options = source
    there = f"CSV:/vsicurl_streaming/{address}{path}" if path == CSV else address + path
    written = gdal("ogr2ogr", "-f", "CSV", "/vsistdout/", there, "-lco", "GEOMETRY=AS_XY", *options)
    found = {int(row["id"]): row for row in csv.DictReader(io.StringIO(written))}

    expected = events(address)
    assert sorted(found) == sorted(event["id"] for event in expected)
    for event in expected:
        row, place = found[event["id"]], event["place"]
        assert (row["title"], row["date_edtf"]) == (event["title"], event["date"]["edtf"])
        point = [float(row[axis]) if row[axis] else None for axis in "XY"]
        assert point == [place["longitude"], place["latitude"]]
    assert {row["X"] == "" for row in found.values()} == {True, False}


def test_a_page_of_a_known_length_can_be_read_as_a_file_in_the_web(address: str) -> None:
    found = layer(f"/vsicurl/{address}{GEOJSON}&limit=500")

    assert found["Feature Count"] == str(len(events(address)))


def test_a_box_on_the_map_asks_for_what_is_in_it(address: str) -> None:
    found = layer(f"{address}{GEOJSON}&bbox=124,38,131,43")
    west, south, east, north = map(float, re.findall(r"-?\d+\.\d+", found["Extent"]))

    assert 0 < int(found["Feature Count"]) < len(events(address))
    assert 124 <= west <= east <= 131
    assert 38 <= south <= north <= 43
