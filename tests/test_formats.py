"""Representations: JSON pages and their links, public shapes, and the negotiation of formats."""

import re
from typing import NamedTuple

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import example, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.formats import FORMATS, JSON, list_format_names
from app.schemas.claim import ClaimPublic
from app.schemas.document import DocumentFull
from app.schemas.event import EventPublic
from app.schemas.printing import UtteranceFull
from app.schemas.report import ReportPublic
from app.schemas.source import SourcePublic
from app.schemas.speaker import SpeakerFull
from app.schemas.statement import StatementPublic
from tests.data.lists import LISTS, ORDERS, Item, items, pages, read
from tests.properties import for_all, for_all_with_few_on_postgresql, shares_a_store

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
awkward = st.sampled_from(
    ['"', "\\", "'", "\u202e", "👩🏽‍🚀", "\x01", "\x7f", "\u2028", "\r\n", "\t", "<b>", "{}", ","]
)
texts = st.lists(storable | awkward, min_size=1, max_size=12).map("".join)


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


class Link(NamedTuple):
    url: str
    rel: str
    type: str


def parse_links(response: Response) -> list[Link]:
    """Return the links of the header; several may be alternates."""
    pattern = r'<([^>]*)>; rel="(\w+)"(?:; type="([^"]*)")?'
    return [Link(*groups) for groups in re.findall(pattern, response.headers["Link"])]


def check_shape(shape: type[BaseModel], item: Item) -> None:
    """Check that an item has exactly the fields of its shape, with valid values."""
    assert shape.model_validate(item).model_dump(mode="json", by_alias=True) == item


def create(writer: TestClient, noun: str, **fields: object) -> Item:
    response = writer.post(f"/{noun}", json=fields)
    assert response.status_code == 201, response.text
    made: Item = response.json()
    return made


def event(writer: TestClient, **fields: object) -> Item:
    return create(writer, "events", **{"title": "An event", "date": "9999-12-31", "type": "statement"} | fields)


# Pages


@pytest.mark.expensive("asks every list")
def test_list_is_sorted_by_its_key_and_by_id(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_, sort in ORDERS:
        with subtests.test(list=list_.address, sort=sort):
            key = list_.sorts[sort.removeprefix("-")]
            keys = [(key(item), item.get("id", 0)) for item in items(reader, list_.query(f"sort={sort}&limit=500"))]

            if "search" not in list_.address:
                assert keys == sorted(keys, reverse=sort.startswith("-"))
            assert keys


@pytest.mark.expensive("asks every list")
@settings(shares_a_store, max_examples=1)
@for_all(limits=st.lists(st.integers(2, 40), min_size=len(ORDERS), max_size=len(ORDERS)))
@example(limits=[7] * len(ORDERS))
def test_next_links_give_each_item_once_in_order(
    reader: TestClient, subtests: pytest.Subtests, limits: list[int]
) -> None:
    for (list_, sort), limit in zip(ORDERS, limits, strict=True):
        with subtests.test(list=list_.address, sort=sort, limit=limit):
            read_pages = list(pages(reader, list_.query(f"sort={sort}&limit={limit}")))

            assert [item for page in read_pages for item in page] == items(
                reader, list_.query(f"sort={sort}&limit=500")
            )
            assert {len(page) for page in read_pages[:-1]} <= {limit}
            assert 1 <= len(read_pages[-1]) <= limit


def test_page_size_may_change_between_pages(reader: TestClient) -> None:
    first = read(reader, "/claims?limit=3")
    second = read(reader, first["next"].replace("limit=3", "limit=500"))

    assert first["items"] + second["items"] == items(reader, "/claims?limit=500")


def test_link_header_equals_links_of_body(reader: TestClient, subtests: pytest.Subtests) -> None:
    for address in (address for list_ in LISTS for address in (list_.query("limit=1"), list_.address)):
        with subtests.test(address):
            response = reader.get(address)
            body = response.json()
            expected = {"self": body["self"]} | ({"next": body["next"]} if body["next"] else {})

            assert {link.rel: link.url for link in parse_links(response) if link.rel != "alternate"} == expected
            assert reader.get(body["self"]).json() == body


@pytest.mark.expensive("asks every list")
@pytest.mark.before_the_database
def test_list_links_to_its_other_formats(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in LISTS:
        with subtests.test(list_.address):
            links = [link for link in parse_links(reader.get(list_.query("limit=2"))) if link.rel == "alternate"]

            assert [link.url for link in links] == [
                f"{list_.query('limit=2')}&format={name}" for name in list_format_names(list_.shape) if name != JSON
            ]
            for link in links:
                response = reader.get(link.url)
                assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (200, link.type)


@pytest.mark.before_the_database
def test_format_links_to_itself_and_the_others(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name in (JSON, *FORMATS):
        with subtests.test(name):
            links = parse_links(reader.get(f"/statements?kind=direct&format={name}"))

            assert [link.url for link in links if link.rel == "self"] == [f"/statements?kind=direct&format={name}"]
            assert {link.url for link in links if link.rel == "alternate"} == {
                f"/statements?kind=direct&format={other}" for other in (JSON, *FORMATS) if other != name
            }


def test_next_link_has_the_filters(reader: TestClient) -> None:
    address = "/statements?speaker=Vladimir%20Putin,kim&q=%22North%20Korea%22&limit=1"
    statements = [item for page in pages(reader, address) for item in page]

    assert statements == items(reader, address.replace("limit=1", "limit=500"))
    assert len(statements) > 1


def test_list_has_a_count_only_on_request(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in LISTS:
        with subtests.test(list_.address):
            page = read(reader, list_.query("limit=1&count=exact"))

            assert page["count"] == len(items(reader, list_.query("limit=500")))
            assert set(read(reader, list_.address)) == {"items", "next", "self"}


def test_count_applies_the_filters(reader: TestClient) -> None:
    assert read(reader, "/statements?source=naenara&count=exact&limit=1")["count"] == 3


# Shapes


def test_items_of_lists_have_their_public_shape(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in LISTS:
        with subtests.test(list_.address):
            for item in items(reader, list_.query("limit=500")):
                check_shape(list_.shape, item)


def test_records_have_their_public_shape(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun, shape in SINGLES.items():
        with subtests.test(noun):
            for item in items(reader, f"/{noun}?limit=500"):
                check_shape(shape, read(reader, f"/{noun}/{item['id']}"))


@shares_a_store
@for_all(title=texts, summary=st.none() | texts, place=st.none() | texts, lat=st.none() | st.floats(-90, 90))
@example(title='"\\', summary="\x01\x1f\x7f\u2028", place="\u202eمرحبا 👩🏽‍🚀", lat=-0.0)
def test_any_event_is_read_as_it_was_written(
    writer: TestClient, title: str, summary: str | None, place: str | None, lat: float | None
) -> None:
    made = event(writer, title=title, summary=summary, place=place, latitude=lat)
    stored = read(writer, f"/events/{made['id']}")

    check_shape(EventPublic, stored)
    assert (stored["title"], stored["summary"], stored["place"]["name"]) == (title, summary, place)
    assert stored["place"]["latitude"] == (lat if lat is None else pytest.approx(lat, rel=1e-12))
    assert stored == made == read(writer, "/events?date=9999-12-31&limit=1")["items"][0]


@for_all_with_few_on_postgresql(before=texts, words=texts, after=texts, name=texts)
@example(before="\\", words='"\x01"', after="\r\n", name="👩🏽‍🚀")
def test_any_document_is_read_as_it_was_written(
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


# Negotiation


ACCEPTED = [
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
]


@pytest.mark.before_the_database
def test_accept_header_chooses_the_format(reader: TestClient, subtests: pytest.Subtests) -> None:
    for accept, expected in ACCEPTED:
        with subtests.test(accept):
            response = reader.get("/events", headers={"Accept": accept})

            assert response.headers["Content-Type"].partition(";")[0] == expected
            assert "Accept" in response.headers["Vary"]


@pytest.mark.before_the_database
@pytest.mark.parametrize(("form", "expected"), [("json", "application/json"), ("jsonl", "application/jsonl")])
def test_format_parameter_overrides_accept_header(reader: TestClient, form: str, expected: str) -> None:
    response = reader.get(f"/events?format={form}", headers={"Accept": "text/csv"})

    assert response.headers["Content-Type"].partition(";")[0] == expected


@pytest.mark.before_the_database
@shares_a_store
@for_all(accept=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_any_accept_header_is_200(reader: TestClient, accept: str) -> None:
    assert reader.get("/events?limit=1", headers={"Accept": accept}).status_code == 200


@pytest.mark.before_the_database
def test_unsuitable_format_is_422_and_skipped_in_accept(reader: TestClient, subtests: pytest.Subtests) -> None:
    for address in ("/stats/events?by=source", "/coverage", "/events/1/history"):
        for name in ("atom", "jsonfeed", "geojson", "ics"):
            with subtests.test(address=address, format=name):
                refused = reader.get(f"{address}{'&' if '?' in address else '?'}format={name}")
                accept = {"Accept": f"{FORMATS[name].bare_type}, text/csv;q=0.5"}

                assert refused.status_code == 422
                assert "json, csv, jsonl" in refused.json()["errors"][0]["detail"]
                assert reader.get(address, headers=accept).headers["Content-Type"].startswith("text/csv")


@pytest.mark.before_the_database
def test_unknown_format_is_422(reader: TestClient) -> None:
    response = reader.get("/events?format=xml")

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["format"]
