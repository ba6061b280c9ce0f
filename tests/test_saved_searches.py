"""Saved searches: filters under a name, checked as the list itself would, and read as that list."""

import csv
import io
from typing import Any
from urllib.parse import parse_qsl

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st

from app.core.vocab import Scope
from tests.conftest import Store
from tests.data.lists import items, pages, read
from tests.properties import for_all, shares_a_store
from tests.test_house_rules import assert_problem, assert_refused

# What the store of these tests has saved already.
THERE = "/searches/putin"

Body = dict[str, Any]


def save(writer: TestClient, **body: Any) -> Body:
    response = writer.post("/searches", json={"name": "A search", "noun": "statements"} | body)
    assert response.status_code == 201, response.text
    saved: Body = response.json()
    assert writer.get(response.headers["Location"]).json() == saved
    return saved


def test_search_can_be_saved_listed_changed_deleted(writer: TestClient) -> None:
    saved = save(writer, name="Kim on the treaty", query="?speaker=kim&kind=direct,mixed&from=2024-06-19")

    assert (saved["slug"], saved["query"]) == ("kim-on-the-treaty", "from=2024-06-19&kind=direct,mixed&speaker=kim")
    assert [saved[name] for name in ("items_url", "feed_url", "stream_url")] == [
        "/searches/kim-on-the-treaty/items",
        "/searches/kim-on-the-treaty/items?format=atom",
        "/changes/stream?search=kim-on-the-treaty",
    ]
    assert items(writer, "/searches?sort=-id")[0] == saved
    assert saved not in items(writer, "/searches?noun=events")
    assert writer.get(f"/searches/{saved['id']}").json() == saved

    changed = writer.patch("/searches/kim-on-the-treaty", json={"name": "Kim", "slug": "kim", "query": "speaker=kim"})
    assert changed.json() == saved | {
        "name": "Kim",
        "slug": "kim",
        "query": "speaker=kim",
        "items_url": "/searches/kim/items",
        "feed_url": "/searches/kim/items?format=atom",
        "stream_url": "/changes/stream?search=kim",
    }
    assert writer.delete("/searches/kim").status_code == 204
    assert_problem(writer.get("/searches/kim"), 404)
    assert_problem(writer.get("/searches/kim/items"), 404)
    assert_problem(writer.delete("/searches/kim"), 404)


def test_filters_may_be_an_object_and_slug_is_derived(writer: TestClient) -> None:
    by_name = {"min_sources": 2, "type": "agree,consult", "bbox": "124,33,132,43", "place": "Пхеньян & сосед"}
    first, second = (save(writer, noun="events", filters=by_name) for _ in range(2))

    assert [first["slug"], second["slug"]] == ["a-search", "a-search-2"]
    assert dict(parse_qsl(first["query"])) == by_name | {"min_sources": "2"}
    assert save(writer, noun="sources")["query"] == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"query": "colour=red"}, "query.colour"),
        ({"query": "kind=loud"}, "query.kind"),
        ({"query": "kind=direct&kind=mixed"}, "query.kind"),
        ({"query": "limit=5"}, "query.limit"),
        ({"query": "cursor=abc"}, "query.cursor"),
        ({"query": "format=csv"}, "query.format"),
        ({"query": "flat=true"}, "query.flat"),
        ({"query": "count=exact"}, "query.count"),
        ({"query": "bom=true"}, "query.bom"),
        ({"query": "sort=sources"}, "query.sort"),
        ({"query": "from_=2024-06-19"}, "query.from_"),
        ({"query": "from=2024-02-30"}, "query.from"),
        ({"query": "speaker=x", "filters": {}}, "filters"),
        ({"query": "speaker=nobody-of-this-name"}, "speaker"),
        ({"query": "from=2024-06-20&to=2024-06-19"}, "to"),
        ({"query": "id=1,x"}, "query.id"),
        ({"filters": {"kind": "loud"}}, "filters.kind"),
        ({"filters": {"kind": ["direct"]}}, "filters.kind"),
        ({"filters": {"min_sources": 2}}, "filters.min_sources"),
        ({"filters": {"translated": 2.5}}, "filters.translated"),
        ({"filters": {"place": "a\0b"}}, "filters.place"),
        ({"noun": "searches"}, "noun"),
        ({"name": ""}, "name"),
        ({"slug": "12"}, "slug"),
        ({"query": "q=" + "x" * 4001}, "query"),
    ],
)
@pytest.mark.before_the_database
def test_unknown_filter_is_422_naming_it(writer: TestClient, body: Body, field: str) -> None:
    assert_refused(writer.post("/searches", json={"name": "A search", "noun": "statements"} | body), field)
    assert len(items(writer, "/searches")) == 1


def test_change_must_fit_the_new_list(writer: TestClient) -> None:
    assert_refused(writer.patch(THERE, json={"noun": "sources"}), "noun.speaker")
    assert_refused(writer.patch(THERE, json={"query": "kind=loud"}), "query.kind")
    assert writer.patch(THERE, json={"noun": "sources", "filters": {}}).json()["query"] == ""
    assert len(items(writer, f"{THERE}/items")) == len(items(writer, "/sources"))


def test_slug_is_unique(writer: TestClient) -> None:
    taken = writer.post("/searches", json={"name": "Putin", "slug": "putin", "noun": "statements"})
    other = save(writer)

    assert assert_problem(taken, 409)["id"] == 1
    assert_problem(writer.patch(f"/searches/{other['slug']}", json={"slug": "putin"}), 409)
    assert writer.patch(THERE, json={"slug": "putin"}).status_code == 200


@pytest.mark.before_the_database
def test_saving_without_key_is_401(client: TestClient, store: Store) -> None:
    body = {"name": "A search", "noun": "statements"}

    assert_problem(client.post("/searches", json=body), 401)
    for method, address in (("POST", "/searches"), ("PATCH", THERE), ("DELETE", THERE)):
        assert_problem(client.request(method, address, json=body, headers=store.key(Scope.READ)), 403)


def test_search_of_a_webhook_cannot_be_deleted(writer: TestClient) -> None:
    hook = writer.post("/webhooks", json={"url": "https://hooks.example/1", "search": "putin"})
    assert hook.status_code == 201, hook.text

    problem = assert_problem(writer.delete(THERE), 409)

    assert (problem["type"].rpartition(":")[2], problem["webhooks"]) == ("in-use", [hook.json()["id"]])
    assert writer.delete(f"/webhooks/{hook.json()['id']}").status_code == 204
    assert writer.delete(THERE).status_code == 204


# Items

LIST = "/statements?speaker=putin&kind=direct"


def test_items_equal_the_list_in_every_order_and_size(reader: TestClient) -> None:
    assert len(items(reader, f"{LIST}&limit=500")) > 2
    for extra in ("limit=500", "limit=500&flat=true", "limit=500&sort=id", "limit=500&sort=-said&count=exact"):
        saved, listed = read(reader, f"{THERE}/items?{extra}"), read(reader, f"{LIST}&{extra}")
        assert (saved["items"], saved.get("count")) == (listed["items"], listed.get("count"))
    collected = [item for page in pages(reader, f"{THERE}/items?limit=2") for item in page]
    assert collected == items(reader, f"{LIST}&limit=500")


@pytest.mark.parametrize("format_", ["csv", "jsonl", "atom", "jsonfeed"])
def test_items_come_in_every_format_of_the_list(reader: TestClient, format_: str) -> None:
    saved, listed = (reader.get(address, params={"format": format_}) for address in (f"{THERE}/items", "/statements"))

    assert (saved.status_code, saved.headers["Content-Type"]) == (200, listed.headers["Content-Type"])
    if format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(saved.text)))
        assert [int(row["id"]) for row in rows] == [item["id"] for item in items(reader, f"{LIST}&limit=500")]
        assert saved.text == reader.get(f"{LIST}&format=csv").text


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("query", "field"),
    [("speaker=kim", "speaker"), ("sort=sources", "sort"), ("limit=0", "limit"), ("cursor=x", "cursor")],
)
def test_items_take_display_parameters_but_no_filters(reader: TestClient, query: str, field: str) -> None:
    assert_refused(reader.get(f"{THERE}/items?{query}"), field)


def test_cursor_is_invalid_after_the_search_changed(writer: TestClient) -> None:
    next_page = read(writer, f"{THERE}/items?limit=1")["next"]
    assert next_page is not None
    cursor = next_page.partition("cursor=")[2]

    assert_refused(writer.get(f"{LIST}&limit=1&cursor={cursor}"), "cursor")
    assert writer.get(next_page).status_code == 200
    writer.patch(THERE, json={"query": "speaker=putin"})
    assert_refused(writer.get(next_page), "cursor")


def test_changed_search_changes_the_etag(writer: TestClient) -> None:
    before = writer.get(f"{THERE}/items")
    tag = {"If-None-Match": before.headers["ETag"]}
    assert writer.get(f"{THERE}/items", headers=tag).status_code == 304

    writer.patch(THERE, json={"query": "speaker=kim"})

    after = writer.get(f"{THERE}/items", headers=tag)
    assert after.json()["items"] == items(writer, "/statements?speaker=kim")
    assert after.json()["items"] != before.json()["items"]
    writer.delete(THERE)
    assert_problem(writer.get(f"{THERE}/items"), 404)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@pytest.mark.before_the_database
@settings(shares_a_store, max_examples=25)
@for_all(text=TEXTS, by_name=st.booleans())
def test_any_text_is_saved_as_the_list_reads_it(writer: TestClient, text: str, by_name: bool) -> None:
    listed = writer.get("/events", params={"q": text})
    query = str(listed.request.url.query, "ascii")
    given_as = {"filters": {"q": text}} if by_name else {"query": query}

    saved = writer.post("/searches", json={"name": "Any", "noun": "events", **given_as})

    assert (saved.status_code == 201) == (listed.status_code == 200)
    if listed.status_code == 200:
        assert items(writer, saved.json()["items_url"]) == listed.json()["items"]
