"""CSV, JSON Lines and flat rows, on pages and as streams."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import example
from hypothesis import strategies as st

from app.core.vocab import EventType
from app.schemas.event import EventCreate
from app.store import records, revisions
from tests.conftest import Store, Templates, talking_to
from tests.data.lists import LISTS, Item, items, pages, read
from tests.properties import for_all_with_few_on_postgresql
from tests.test_formats import create, event, texts

FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")
CROWD = 450  # more than two chunks of a stream


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def lines(text: str) -> list[Any]:
    *parts, end = text.split("\n")
    assert end == ""
    return [json.loads(line) for line in parts]


def format_cell(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def check_flat_row(row: Item, item: Item) -> None:
    """Check that a flat row has no nested value, and all plain values of the item."""
    assert not any(isinstance(value, dict | list) for value in row.values())
    plain = {name: value for name, value in item.items() if isinstance(value, str | int | float | bool)}
    assert plain.items() <= row.items()
    for name, value in item.items():
        if isinstance(value, dict):
            assert row.get(f"{name}_id", value.get("id")) == value.get("id")


def test_formats_hold_the_same_items_as_json(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in LISTS:
        nested = items(reader, list_.query("limit=500"))
        flat = read(reader, list_.query("flat=true&limit=500"))["items"]
        with subtests.test("flat", list=list_.address):
            for row, item in zip(flat, nested, strict=True):
                check_flat_row(row, item)
        with subtests.test("csv", list=list_.address):
            response = reader.get(list_.query("format=csv"))
            header, *table = rows(response.text)

            assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
            assert {tuple(row) for row in flat} == {tuple(header)}
            assert [[cell.removeprefix("'") for cell in row] for row in table] == [
                [format_cell(value) for value in row.values()] for row in flat
            ]
        with subtests.test("jsonl", list=list_.address):
            response = reader.get(list_.query("format=jsonl"))

            assert response.headers["Content-Type"] == "application/jsonl"
            assert lines(response.text) == nested
            assert lines(reader.get(list_.query("format=jsonl&flat=true")).text) == flat


def test_flat_row_names_nested_records(reader: TestClient) -> None:
    [row] = read(reader, "/statements?speaker=north-korean-diplomat&flat=true")["items"]

    assert (row["speaker_slug"], row["source_slug"], row["chain"]) == (
        "north-korean-diplomat",
        "the-new-american",
        "tass",
    )
    assert (row["span_start"], row["span_end"], row["said_edtf"]) == (1191, 1847, "2024-06-19")


def test_flat_row_lists_the_outlets_of_an_event(reader: TestClient) -> None:
    row = read(reader, "/events?min_sources=5&flat=true")["items"][0]

    assert row["sources"] == "the-new-american; real-news-india; meduza; the-final-call; naenara"
    assert (row["place_name"], row["date_edtf"]) == ("Pyongyang", "2024-06-19")


def test_flat_history_has_the_values_as_json(reader: TestClient) -> None:
    [row] = read(reader, "/events/1/history?flat=true")["items"]
    [version] = items(reader, "/events/1/history")

    assert json.loads(row["snapshot"]) == version["snapshot"]


@pytest.mark.parametrize(
    "address", ["/events?date=1900-01-01", "/search?q=nowhere", "/sources/meduza/events?to=1900-01-01"]
)
def test_empty_list_is_a_csv_header_and_no_json_line(reader: TestClient, address: str) -> None:
    text = reader.get(f"{address}&format=csv").text

    assert len(rows(text)) == 1
    assert text.endswith("\r\n")
    assert reader.get(f"{address}&format=jsonl").text == ""


def test_csv_has_a_byte_order_mark_on_request(reader: TestClient) -> None:
    plain, marked = (reader.get(f"/statements?format=csv{more}") for more in ("", "&bom=true"))

    assert marked.content == "\ufeff".encode() + plain.content
    assert marked.headers["ETag"] != plain.headers["ETag"]
    assert reader.get("/statements?limit=3&bom=true&format=csv").content.startswith("\ufeffid,".encode())


def test_csv_lines_end_in_cr_lf(writer: TestClient) -> None:
    event(writer, title="plain")
    text = writer.get("/events?format=csv&limit=1").text

    assert text.count("\r\n") == text.count("\n") == 2


@for_all_with_few_on_postgresql(
    title=st.sampled_from(["", " ", "  ", "'"]).flatmap(lambda lead: texts.map(lambda text: lead + text)) | texts
)
@example(title="=HYPERLINK(1)")
@example(title="  @SUM(1)")
@example(title="\t=1")
@example(title="＝1")
@example(title='-1,"2"\r\n3')
@example(title="'=1")
def test_csv_quotes_formulas_and_nothing_else(writer: TestClient, title: str) -> None:
    made = event(writer, title=title, summary=title, place=title, longitude=-1.5)
    header, row = rows(writer.get("/events?format=csv&limit=1").text)
    cells = dict(zip(header, row, strict=True))

    dangerous = title.lstrip(" ").startswith(FORMULA_SIGNS)
    assert cells["id"] == str(made["id"])
    for column in ("title", "summary", "place_name"):
        assert not cells[column].startswith(FORMULA_SIGNS)
        assert cells[column] == (f"'{title}" if dangerous else title)
    assert cells["place_longitude"] == "-1.5"


def test_csv_quotes_a_formula_in_a_list(writer: TestClient) -> None:
    create(writer, "sources", name="=1+1", slug="formula", kind="online", aliases=["+cmd"])
    header, row = rows(writer.get("/sources?q=%2Bcmd&format=csv").text)
    cells = dict(zip(header, row, strict=True))

    assert (cells["name"], cells["aliases"]) == ("'=1+1", "'+cmd")


# Streams


@pytest.fixture(scope="module")
def crowded_store(backend: str, templates: Templates) -> Iterator[Store]:
    """Build a store of more events than one read of a stream, several on each day."""
    with templates.copy(backend, "migrated") as store:
        with revisions.write(store.engine, author="tests", message="") as session:
            for number in range(CROWD):
                date = f"2024-01-{number % 28 + 1:02}"
                records.add_event(session, EventCreate(title=f"{number}", date=date, type=EventType.PROTEST))
        yield store


@pytest.fixture
def crowd(application: FastAPI, crowded_store: Store) -> Iterator[TestClient]:
    with talking_to(application, crowded_store) as client:
        yield client


@pytest.mark.parametrize("sort", ["date", "-date", "sources"])
def test_stream_holds_the_whole_list_in_order(crowd: TestClient, sort: str) -> None:
    streamed = lines(crowd.get(f"/events?format=jsonl&sort={sort}").text)

    assert streamed == [item for page in pages(crowd, f"/events?sort={sort}&limit=500") for item in page]
    assert len(streamed) == CROWD


def test_csv_stream_has_one_header(crowd: TestClient) -> None:
    header, *table = rows(crowd.get("/events?format=csv").text)

    assert len(table) == CROWD
    assert header not in table
    assert {row[header.index("title")] for row in table} == {str(number) for number in range(CROWD)}


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_stream_with_a_limit_links_to_the_rest(crowd: TestClient, name: str) -> None:
    skipped, address, collected = int(name == "csv"), f"/events?format={name}&limit=150&sort=date", []
    while address:
        response = crowd.get(address)
        part = response.text.splitlines()[skipped:]
        assert len(part) <= 150
        collected += part
        address = response.links.get("next", {}).get("url", "")

    assert collected == crowd.get(f"/events?format={name}&sort=date").text.splitlines()[skipped:]


def test_stream_can_start_at_a_cursor(crowd: TestClient) -> None:
    first = read(crowd, "/events?limit=40")
    rest = lines(crowd.get(first["next"].replace("limit=40&", "") + "&format=jsonl").text)

    assert first["items"] + rest == lines(crowd.get("/events?format=jsonl").text)
