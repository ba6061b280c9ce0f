"""Representations: JSON pages and their links, CSV, JSON Lines, flat rows, and which of them is answered."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.core.vocab import EventType
from app.formats import FORMATS, JSON, list_format_names
from app.schemas.claim import ClaimPublic
from app.schemas.document import DocumentFull
from app.schemas.event import EventCreate, EventPublic
from app.schemas.printing import UtteranceFull
from app.schemas.report import ReportPublic
from app.schemas.source import SourcePublic
from app.schemas.speaker import SpeakerFull
from app.schemas.statement import StatementPublic
from app.store import records, revisions
from tests.conftest import Store, Templates, talking_to
from tests.data.lists import LISTS, ORDERS, Item, List, items, pages, read

# A store that many examples share: what one leaves in it is nothing to the next.
shares_a_store = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
awkward = st.sampled_from(
    ['"', "\\", "'", "\u202e", "👩🏽‍🚀", "\x01", "\x7f", "\u2028", "\r\n", "\t", "<b>", "{}", ","]
)
texts = st.lists(storable | awkward, min_size=1, max_size=12).map("".join)

FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")
CROWD = 450  # more than two chunks of a stream

SINGLES: dict[str, type[BaseModel]] = {
    "events": EventPublic,
    "documents": DocumentFull,
    "reports": ReportPublic,
    "claims": ClaimPublic,
    "statements": StatementPublic,
    "utterances": UtteranceFull,
    "sources": SourcePublic,
    "speakers": SpeakerFull,
}


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def lines(text: str) -> list[Any]:
    *found, end = text.split("\n")
    assert end == ""
    return [json.loads(line) for line in found]


class Link(NamedTuple):
    url: str
    rel: str
    type: str


def linked(response: Response) -> list[Link]:
    """The links of the header, of which several may be alternates."""
    pattern = r'<([^>]*)>; rel="(\w+)"(?:; type="([^"]*)")?'
    return [Link(*found) for found in re.findall(pattern, response.headers["Link"])]


def check_shape(shape: type[BaseModel], item: Item) -> None:
    """The item is what the shape promises: the same fields, no more and no fewer, and the same values."""
    assert shape.model_validate(item).model_dump(mode="json", by_alias=True) == item


def create(writer: TestClient, noun: str, **fields: object) -> Item:
    response = writer.post(f"/{noun}", json=fields)
    assert response.status_code == 201, response.text
    made: Item = response.json()
    return made


def event(writer: TestClient, **fields: object) -> Item:
    return create(writer, "events", **{"title": "An event", "date": "9999-12-31", "type": "statement"} | fields)


# Pages


@pytest.mark.parametrize(("which", "sort"), ORDERS, ids=str)
def test_a_list_is_ordered_by_its_key_and_then_by_id(reader: TestClient, which: List, sort: str) -> None:
    key = which.sorts[sort.removeprefix("-")]
    found = items(reader, which.query(f"sort={sort}&limit=500"))
    keys = [(key(item), item.get("id", 0)) for item in found]

    if "search" not in which.address:
        assert keys == sorted(keys, reverse=sort.startswith("-"))
    assert found


@pytest.mark.parametrize(("which", "sort"), ORDERS, ids=str)
@settings(shares_a_store, max_examples=1)
@given(limit=st.integers(2, 40))
@example(limit=7)
def test_following_next_gives_each_item_once_in_order(reader: TestClient, which: List, sort: str, limit: int) -> None:
    found = list(pages(reader, which.query(f"sort={sort}&limit={limit}")))

    assert [item for page in found for item in page] == items(reader, which.query(f"sort={sort}&limit=500"))
    assert {len(page) for page in found[:-1]} <= {limit}
    assert 1 <= len(found[-1]) <= limit


def test_the_size_of_a_page_may_change_on_the_way(reader: TestClient) -> None:
    first = read(reader, "/claims?limit=3")
    second = read(reader, first["next"].replace("limit=3", "limit=500"))

    assert first["items"] + second["items"] == items(reader, "/claims?limit=500")


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_the_link_header_holds_the_links_of_the_body(reader: TestClient, which: List) -> None:
    for address in (which.query("limit=1"), which.address):
        response = reader.get(address)
        body = response.json()
        expected = {"self": body["self"]} | ({"next": body["next"]} if body["next"] else {})

        assert {link.rel: link.url for link in linked(response) if link.rel != "alternate"} == expected
        assert reader.get(body["self"]).json() == body


@pytest.mark.before_the_database
@pytest.mark.parametrize("which", LISTS, ids=str)
def test_a_list_links_to_its_other_formats(reader: TestClient, which: List) -> None:
    found = [link for link in linked(reader.get(which.query("limit=2"))) if link.rel == "alternate"]

    assert [link.url for link in found] == [
        f"{which.query('limit=2')}&format={name}" for name in list_format_names(which.shape) if name != JSON
    ]
    for link in found:
        answer = reader.get(link.url)
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, link.type)


@pytest.mark.before_the_database
@pytest.mark.parametrize("form", [JSON, *FORMATS])
def test_each_format_links_to_the_others_and_to_itself(reader: TestClient, form: str) -> None:
    found = linked(reader.get(f"/statements?kind=direct&format={form}"))

    assert [link.url for link in found if link.rel == "self"] == [f"/statements?kind=direct&format={form}"]
    assert {link.url for link in found if link.rel == "alternate"} == {
        f"/statements?kind=direct&format={other}" for other in (JSON, *FORMATS) if other != form
    }


def test_a_next_link_keeps_the_filters(reader: TestClient) -> None:
    address = "/statements?speaker=Vladimir%20Putin,kim&q=%22North%20Korea%22&limit=1"
    found = [item for page in pages(reader, address) for item in page]

    assert found == items(reader, address.replace("limit=1", "limit=500"))
    assert len(found) > 1


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_a_list_is_counted_on_request(reader: TestClient, which: List) -> None:
    page = read(reader, which.query("limit=1&count=exact"))

    assert page["count"] == len(items(reader, which.query("limit=500")))


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_a_list_is_not_counted_unless_asked(reader: TestClient, which: List) -> None:
    assert set(read(reader, which.address)) == {"items", "next", "self"}


def test_a_count_heeds_the_filters(reader: TestClient) -> None:
    assert read(reader, "/statements?source=naenara&count=exact&limit=1")["count"] == 3


# Shapes


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_every_item_of_a_list_has_its_public_shape(reader: TestClient, which: List) -> None:
    for item in items(reader, which.query("limit=500")):
        check_shape(which.shape, item)


@pytest.mark.parametrize("noun", SINGLES)
def test_every_record_has_its_public_shape(reader: TestClient, noun: str) -> None:
    for item in items(reader, f"/{noun}?limit=500"):
        check_shape(SINGLES[noun], read(reader, f"/{noun}/{item['id']}"))


@shares_a_store
@given(title=texts, summary=st.none() | texts, place=st.none() | texts, lat=st.none() | st.floats(-90, 90))
@example(title='"\\', summary="\x01\x1f\x7f\u2028", place="\u202eمرحبا 👩🏽‍🚀", lat=-0.0)
def test_any_event_comes_back_as_it_was_sent(
    writer: TestClient, title: str, summary: str | None, place: str | None, lat: float | None
) -> None:
    made = event(writer, title=title, summary=summary, place=place, latitude=lat)
    found = read(writer, f"/events/{made['id']}")

    check_shape(EventPublic, found)
    assert (found["title"], found["summary"], found["place"]["name"]) == (title, summary, place)
    assert found["place"]["latitude"] == (lat if lat is None else pytest.approx(lat, rel=1e-12))
    assert found == made == read(writer, "/events?date=9999-12-31&limit=1")["items"][0]


@shares_a_store
@given(before=texts, words=texts, after=texts, name=texts)
@example(before="\\", words='"\x01"', after="\r\n", name="👩🏽‍🚀")
def test_any_document_comes_back_with_what_it_carries(
    writer: TestClient, before: str, words: str, after: str, name: str
) -> None:
    speaker = create(writer, "speakers", name=name, kind="person", title=name, aliases=[name])
    span = {"exact": words, "start": len(before), "end": len(before + words)}
    made = create(
        writer,
        "documents",
        source="meduza",
        text=before + words + after + str(speaker["id"]),
        title=name,
        byline=name,
        reports=[{"event": "seed:kursk-2025", "passage": span, "claims": [{"property": "any", "span": span}]}],
        statements=[
            {"kind": "direct", "span": span, "cue": span, "chain": [{"speaker": speaker["id"], "cue": span}]},
        ],
    )
    [statement] = items(writer, f"/documents/{made['id']}/statements")

    check_shape(DocumentFull, made)
    check_shape(SpeakerFull, speaker)
    check_shape(StatementPublic, statement)
    assert (speaker["name"], speaker["title"], speaker["aliases"]) == (name, name, [name])
    assert made["text"] == before + words + after + str(speaker["id"])
    assert (made["title"], made["byline"]) == (name, name)
    expected = {
        **span,
        "prefix": before[-32:],
        "suffix": (after + str(speaker["id"]))[:32],
    }
    assert statement["span"] == statement["cue"] == statement["chain"][0]["cue"] == expected


# CSV, JSON Lines and flat rows


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_csv_holds_every_item_under_the_columns_of_the_flat_rows(reader: TestClient, which: List) -> None:
    response = reader.get(which.query("format=csv"))
    flat = read(reader, which.query("flat=true&limit=500"))["items"]
    header, *found = rows(response.text)

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert {tuple(row) for row in flat} == {tuple(header)}
    assert len(found) == len(flat)
    for row, item in zip(found, flat, strict=True):
        assert [cell.removeprefix("'") for cell in row] == [
            "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            for value in item.values()
        ]


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_flat_rows_have_no_nested_values_and_lose_no_plain_one(reader: TestClient, which: List) -> None:
    nested = items(reader, which.query("limit=500"))
    flat = read(reader, which.query("flat=true&limit=500"))["items"]

    assert len(flat) == len(nested)
    for row, item in zip(flat, nested, strict=True):
        assert not any(isinstance(value, dict | list) for value in row.values())
        plain = {name: value for name, value in item.items() if isinstance(value, str | int | float | bool)}
        assert plain.items() <= row.items()
        for name, value in item.items():
            if isinstance(value, dict):
                assert row.get(f"{name}_id", value.get("id")) == value.get("id")


def test_a_flat_row_names_what_a_nested_field_holds(reader: TestClient) -> None:
    [row] = read(reader, "/statements?speaker=north-korean-diplomat&flat=true")["items"]

    assert (row["speaker_slug"], row["source_slug"], row["chain"]) == (
        "north-korean-diplomat",
        "the-new-american",
        "tass",
    )
    assert (row["span_start"], row["span_end"], row["said_edtf"]) == (1191, 1847, "2024-06-19")


def test_a_flat_row_lists_the_outlets_of_an_event(reader: TestClient) -> None:
    row = read(reader, "/events?min_sources=5&flat=true")["items"][0]

    assert row["sources"] == "the-new-american; real-news-india; meduza; the-final-call; naenara"
    assert (row["place_name"], row["date_edtf"]) == ("Pyongyang", "2024-06-19")


def test_a_flat_history_keeps_the_values_of_each_version(reader: TestClient) -> None:
    [row] = read(reader, "/events/1/history?flat=true")["items"]
    [version] = items(reader, "/events/1/history")

    assert json.loads(row["values"]) == version["values"]


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_json_lines_hold_the_items_of_the_list(reader: TestClient, which: List) -> None:
    response = reader.get(which.query("format=jsonl"))

    assert response.headers["Content-Type"] == "application/jsonl"
    assert lines(response.text) == items(reader, which.query("limit=500"))


@pytest.mark.parametrize("which", LISTS, ids=str)
def test_flat_json_lines_hold_the_flat_rows(reader: TestClient, which: List) -> None:
    text = reader.get(which.query("format=jsonl&flat=true")).text

    assert lines(text) == read(reader, which.query("flat=true&limit=500"))["items"]


@pytest.mark.parametrize(
    "address", ["/events?date=1900-01-01", "/search?q=nowhere", "/sources/meduza/events?to=1900-01-01"]
)
def test_an_empty_list_has_its_header_in_csv_and_no_line_in_json_lines(reader: TestClient, address: str) -> None:
    text = reader.get(f"{address}&format=csv").text

    assert len(rows(text)) == 1
    assert text.endswith("\r\n")
    assert reader.get(f"{address}&format=jsonl").text == ""


def test_csv_begins_with_a_byte_order_mark_where_that_is_asked_for(reader: TestClient) -> None:
    plain, marked = (reader.get(f"/statements?format=csv{more}") for more in ("", "&bom=true"))

    assert marked.content == "\ufeff".encode() + plain.content
    assert marked.headers["ETag"] != plain.headers["ETag"]
    assert reader.get("/statements?limit=3&bom=true&format=csv").content.startswith("\ufeffid,".encode())


def test_lines_of_csv_end_in_cr_lf(writer: TestClient) -> None:
    event(writer, title="plain")
    text = writer.get("/events?format=csv&limit=1").text

    assert text.count("\r\n") == text.count("\n") == 2


@shares_a_store
@given(title=st.sampled_from(["", " ", "  ", "'"]).flatmap(lambda lead: texts.map(lambda text: lead + text)) | texts)
@example(title="=HYPERLINK(1)")
@example(title="  @SUM(1)")
@example(title="\t=1")
@example(title="＝1")
@example(title='-1,"2"\r\n3')
@example(title="'=1")
def test_no_cell_of_text_can_be_run_and_no_other_is_touched(writer: TestClient, title: str) -> None:
    made = event(writer, title=title, summary=title, place=title, longitude=-1.5)
    header, row = rows(writer.get("/events?format=csv&limit=1").text)
    cells = dict(zip(header, row, strict=True))

    dangerous = title.lstrip(" ").startswith(FORMULA_SIGNS)
    assert cells["id"] == str(made["id"])
    for column in ("title", "summary", "place_name"):
        assert not cells[column].startswith(FORMULA_SIGNS)
        assert cells[column] == (f"'{title}" if dangerous else title)
    assert cells["place_longitude"] == "-1.5"


def test_a_list_in_a_cell_can_not_be_run_either(writer: TestClient) -> None:
    create(writer, "sources", name="=1+1", slug="formula", kind="online", aliases=["+cmd"])
    header, row = rows(writer.get("/sources?q=%2Bcmd&format=csv").text)
    cells = dict(zip(header, row, strict=True))

    assert (cells["name"], cells["aliases"]) == ("'=1+1", "'+cmd")


# Streams


@pytest.fixture(scope="module")
def crowded_store(backend: str, templates: Templates) -> Iterator[Store]:
    """A store of more events than a stream reads at once, several on each day."""
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
def test_a_stream_holds_the_whole_list_in_order(crowd: TestClient, sort: str) -> None:
    streamed = lines(crowd.get(f"/events?format=jsonl&sort={sort}").text)

    assert streamed == [item for page in pages(crowd, f"/events?sort={sort}&limit=500") for item in page]
    assert len(streamed) == CROWD


def test_a_stream_of_csv_has_one_header(crowd: TestClient) -> None:
    header, *found = rows(crowd.get("/events?format=csv").text)

    assert len(found) == CROWD
    assert header not in found
    assert {row[header.index("title")] for row in found} == {str(number) for number in range(CROWD)}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_stream_with_a_limit_is_cut_there_and_links_to_the_rest(crowd: TestClient, form: str) -> None:
    skipped, then, found = int(form == "csv"), f"/events?format={form}&limit=150&sort=date", []
    while then:
        response = crowd.get(then)
        part = response.text.splitlines()[skipped:]
        assert len(part) <= 150
        found += part
        then = response.links.get("next", {}).get("url", "")

    assert found == crowd.get(f"/events?format={form}&sort=date").text.splitlines()[skipped:]


def test_a_stream_can_begin_where_a_page_ended(crowd: TestClient) -> None:
    first = read(crowd, "/events?limit=40")
    rest = lines(crowd.get(first["next"].replace("limit=40&", "") + "&format=jsonl").text)

    assert first["items"] + rest == lines(crowd.get("/events?format=jsonl").text)


# Which of them


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("application/jsonl", "application/jsonl"),
        ("application/x-ndjson", "application/jsonl"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv"),
        ("application/json; q=0.1, application/jsonl", "application/jsonl"),
        ("text/csv;q=0, application/json;q=0.1", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("*/*, text/csv;q=0.1", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("application/*;q=0.9, text/csv;q=0.1", "application/json"),
        ("text/csv;header=present;q=0.9, application/json;q=0.1", "text/csv"),
        ("text/csv;q=high, application/json;q=0.1", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("application/atom+xml,application/rss+xml;q=0.9,application/xml;q=0.8,*/*;q=0.1", "application/atom+xml"),
        ("application/feed+json, application/json;q=0.9", "application/feed+json"),
        ("text/calendar", "text/calendar"),
        ("application/geo+json", "application/geo+json"),
        ("application/vnd.geo+json", "application/geo+json"),
        ("text/*", "text/csv"),
        ("image/png", "application/json"),
    ],
)
def test_the_client_gets_what_it_likes_best(reader: TestClient, accept: str, expected: str) -> None:
    response = reader.get("/events", headers={"Accept": accept})

    assert response.headers["Content-Type"].partition(";")[0] == expected
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize(("form", "expected"), [("json", "application/json"), ("jsonl", "application/jsonl")])
def test_a_named_format_beats_the_accept_header(reader: TestClient, form: str, expected: str) -> None:
    response = reader.get(f"/events?format={form}", headers={"Accept": "text/csv"})

    assert response.headers["Content-Type"].partition(";")[0] == expected


@given(accept=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
@shares_a_store
def test_any_accept_header_is_answered(reader: TestClient, accept: str) -> None:
    assert reader.get("/events?limit=1", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("form", ["atom", "jsonfeed", "geojson", "ics"])
@pytest.mark.parametrize("address", ["/stats/events?by=source", "/coverage", "/events/1/history"])
def test_a_format_that_does_not_fit_is_refused_by_name_and_passed_over_in_accept(
    reader: TestClient, address: str, form: str
) -> None:
    refused = reader.get(f"{address}{'&' if '?' in address else '?'}format={form}")
    preferred = f"{FORMATS[form].bare_type}, text/csv;q=0.5"

    assert refused.status_code == 422
    assert "json, csv, jsonl" in refused.json()["errors"][0]["detail"]
    assert reader.get(address, headers={"Accept": preferred}).headers["Content-Type"].startswith("text/csv")


def test_an_unknown_format_is_refused(reader: TestClient) -> None:
    response = reader.get("/events?format=xml")

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["format"]
