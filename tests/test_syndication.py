"""Feeds: Atom and JSON Feed, the newest record first, and their discovery by readers."""

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import example
from lxml import etree, html
from pydantic import BaseModel

from app.core.vocab import Scope
from app.formats import FORMATS, entries
from tests.conftest import Store
from tests.data.lists import LISTS, Item, List, items, pages, read
from tests.properties import for_all, shares_a_store
from tests.serving import live
from tests.test_cache import serving
from tests.test_formats import create, event, parse_links, texts
from tests.tools import program

ATOM = "{http://www.w3.org/2005/Atom}"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

FEED_LISTS = [list_ for list_ in LISTS if entries.has_entry(list_.shape)]
FEEDS = ("atom", "jsonfeed")


def atom(client: TestClient, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return etree.fromstring(response.content)


def texts_of(element: Any, name: str) -> list[str]:
    return [child.text or "" for child in element.findall(ATOM + name)]


def links(element: Any, rel: str) -> list[str]:
    return [link.get("href") for link in element.findall(f"{ATOM}link") if link.get("rel") == rel]


def check_atom(feed: Any) -> None:
    """Check the rules of RFC 4287 §4.1 for a feed and its entries."""
    assert feed.tag == f"{ATOM}feed"
    assert len(feed.findall(f"{ATOM}author")) == 1
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            [text] = texts_of(element, name)
            assert text
        assert all(
            RFC3339.fullmatch(moment) for moment in texts_of(element, "updated") + texts_of(element, "published")
        )
        assert len(links(element, "alternate")) == 1
        assert len(texts_of(element, "summary")) <= 1
        assert all(link.get("href").startswith("http") for link in element.findall(f"{ATOM}link"))
    ids = [texts_of(entry, "id")[0] for entry in feed.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))


def check_json_feed(feed: Item) -> None:
    """Check the rules of JSON Feed 1.1 for a feed and its items: required fields, and types of all others."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed.keys() <= {"version", "title", "home_page_url", "feed_url", "next_url", "items"}
    assert all(isinstance(value, str) for name, value in feed.items() if name != "items")
    for item in feed["items"]:
        plain = {"id", "url", "title", "content_text", "date_published", "date_modified"}
        assert {"id", "content_text"} <= item.keys() <= plain | {"authors", "tags", "_dateline"}
        assert all(isinstance(item[name], str) for name in plain & item.keys())
        assert all(RFC3339.fullmatch(item[name]) for name in item.keys() & {"date_published", "date_modified"})
        assert all(isinstance(tag, str) for tag in item.get("tags", ()))
        assert all(author["name"] for author in item.get("authors", ()))


# Feeds of all lists


@pytest.mark.before_the_database
def test_feeds_hold_the_items_of_their_list(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in FEED_LISTS:
        with subtests.test(list_.address):
            feed = atom(reader, list_.query("format=atom&limit=500"))
            json_feed = read(reader, list_.query("format=jsonfeed&limit=500"))
            feed_entries = feed.findall(f"{ATOM}entry")

            check_atom(feed)
            check_json_feed(json_feed)
            assert [texts_of(entry, "id")[0] for entry in feed_entries] == [item["id"] for item in json_feed["items"]]
            assert len(feed_entries) == len(items(reader, list_.query("limit=500"))) > 0


@pytest.mark.before_the_database
def test_entry_id_is_the_address_of_its_record(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in FEED_LISTS:
        with subtests.test(list_.address):
            first = read(reader, list_.query("format=jsonfeed&limit=1"))["items"][0]

            assert first["id"].startswith("http://testserver/")
            assert reader.get(first["id"].removeprefix("http://testserver")).status_code == 200


@pytest.mark.before_the_database
def test_feedparser_reads_the_atom_feeds(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in FEED_LISTS:
        with subtests.test(list_.address):
            response = reader.get(list_.query("format=atom&limit=3"))
            headers = {"content-type": response.headers["Content-Type"]}
            parsed = feedparser.parse(response.content, response_headers=headers)
            feed_items = read(reader, list_.query("format=jsonfeed&limit=3"))["items"]

            assert (parsed.bozo, parsed.version) == (False, "atom10")
            assert [(entry.id, entry.link) for entry in parsed.entries] == [
                (item["id"], item["url"]) for item in feed_items
            ]
            assert all(entry.updated_parsed for entry in parsed.entries)


def test_statement_title_names_speaker_and_words(reader: TestClient) -> None:
    [entry] = atom(reader, "/statements?speaker=north-korean-diplomat&format=atom").findall(f"{ATOM}entry")
    [statement] = items(reader, "/statements?speaker=north-korean-diplomat")
    [title], [summary] = texts_of(entry, "title"), texts_of(entry, "summary")

    assert title.startswith(f"{statement['speaker']['name']}: ")
    assert summary.startswith(statement["text"])
    assert "Through TASS" in summary
    assert texts_of(entry.find(f"{ATOM}author"), "name") == [statement["speaker"]["name"]]


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", ["/review", "/matches", "/documents/1/versions"])
def test_review_and_matches_have_feeds(writer: TestClient, path: str) -> None:
    event(writer, coded_by="machine", confidence=0.4)
    feed = atom(writer, f"{path}?format=atom")

    check_atom(feed)
    assert len(feed.findall(f"{ATOM}entry")) == len(items(writer, path)) > 0


def test_hit_has_a_title_and_a_plain_snippet(reader: TestClient) -> None:
    feed_items = read(reader, "/search?q=treaty&noun=statements&format=jsonfeed")["items"]
    hits = items(reader, "/search?q=treaty&noun=statements")

    for item, hit in zip(feed_items, hits, strict=True):
        assert item["title"].startswith(hit["title"])
        assert "treaty" in item["content_text"].lower()
        assert "<mark>" not in item["content_text"]


def test_document_entry_links_to_its_web_page(writer: TestClient) -> None:
    page, moment = "https://meduza.io/en/news/2024/06/20/lavrov?a=1&b=2", "2024-06-20T08:30:00Z"
    made = create(writer, "documents", source="meduza", text="Words.", title="T", url=page, published_at=moment)
    entry = atom(writer, "/documents?format=atom&limit=1").find(f"{ATOM}entry")
    [item] = read(writer, "/documents?format=jsonfeed&limit=1")["items"]

    assert links(entry, "alternate") == [page] == [item["url"]]
    assert links(entry, "related") == [f"http://testserver/documents/{made['id']}"] == [item["_dateline"]["record"]]
    assert texts_of(entry, "published") == [moment] == [item["date_published"]]


def test_feed_title_and_id_have_only_the_filters(reader: TestClient) -> None:
    feed = atom(reader, "/statements?speaker=putin&limit=2&format=atom")

    assert texts_of(feed, "title") == ["Dateline: statements (speaker=putin)"]
    assert texts_of(feed, "id") == ["http://testserver/statements?speaker=putin"]
    assert links(feed, "self") == ["http://testserver/statements?speaker=putin&limit=2&format=atom"]


def test_public_url_is_the_address_in_feeds(store: Store) -> None:
    with serving(store, public_url="https://dateline.example/api") as client:
        feed = atom(client, "/events?format=atom&limit=1")

    assert texts_of(feed.find(f"{ATOM}entry"), "id")[0].startswith("https://dateline.example/api/events/")
    assert links(feed, "self") == ["https://dateline.example/api/events?format=atom&limit=1"]


def test_token_is_only_in_the_next_link(client: TestClient, store: Store) -> None:
    token = store.key(Scope.FEEDS)["Authorization"].removeprefix("Bearer ")
    response = client.get(f"/events?format=atom&limit=1&token={token}")
    [next_url] = links(etree.fromstring(response.content), "next")

    assert response.text.count(token) == 1
    assert client.get(next_url.removeprefix("http://testserver")).status_code == 200


# Contents and order


@pytest.mark.parametrize("form", FEEDS)
def test_newest_record_is_first_whatever_its_date(writer: TestClient, form: str) -> None:
    made = event(writer, title="The Wall goes up", date="1961-08-13")

    assert read(writer, "/events?limit=1")["items"][0]["id"] != made["id"]
    assert f"/events/{made['id']}" in writer.get(f"/events?format={form}&limit=1").text
    assert f"/events/{made['id']}" not in writer.get(f"/events?format={form}&limit=1&sort=-date").text


@pytest.mark.parametrize(
    "path",
    ["/events", "/events?from=2000-01-01&to=2025-12-31", "/sources", "/speakers", "/utterances", "/changes?since=0"],
)
def test_next_links_of_a_feed_give_each_item_once(reader: TestClient, path: str) -> None:
    # Only the first request names the format, in its header.
    list_ = List(path, BaseModel)
    address, ids = list_.query(f"limit={60 if 'changes' in path else 7}"), []
    headers = {"Accept": "application/feed+json"}
    while address:
        page = reader.get(address, headers=headers).json()
        ids += [item["id"] for item in page["items"]]
        address, headers = page.get("next_url", "").removeprefix("http://testserver"), {}

    assert len(ids) == len(set(ids)) == sum(len(page) for page in pages(reader, list_.query("limit=500")))


def test_entry_has_the_time_of_the_last_change(writer: TestClient) -> None:
    made = event(writer)
    writer.patch("/events/1", json={"title": "Renamed"}).raise_for_status()
    revision_times = {row["id"]: row["revised_at"] for row in items(writer, "/revisions?limit=500")}
    revisions = {f"http://testserver/events/{item['id']}": item["revision"] for item in items(writer, "/events")}
    feed_items = read(writer, "/events?format=jsonfeed")["items"]

    assert {item["id"]: item["date_modified"] for item in feed_items} == {
        address: revision_times[revision] for address, revision in revisions.items()
    }
    assert len({revisions[f"http://testserver/events/{number}"] for number in (1, 2, made["id"])}) == 3
    assert texts_of(atom(writer, "/events?format=atom"), "updated") == [max(revision_times.values())]


def test_entry_id_is_stable_in_every_format(writer: TestClient) -> None:
    made = event(writer)
    address = f"http://testserver/events/{made['id']}"
    for title in ("One title", "Another"):
        writer.patch(f"/events/{made['id']}", json={"title": title}).raise_for_status()

        assert texts_of(atom(writer, "/events?format=atom&limit=1").find(f"{ATOM}entry"), "id") == [address]
        assert read(writer, "/events?format=jsonfeed&limit=1")["items"][0]["id"] == address
        assert f"UID:{address}\r\n" in writer.get("/events?format=ics&limit=1").text
        assert writer.get("/events?format=geojson&limit=1").json()["features"][0]["properties"]["href"] == address


@pytest.mark.parametrize("form", FEEDS)
def test_unchanged_feed_is_304(writer: TestClient, form: str) -> None:
    address = f"/events?format={form}&speaker=putin"
    tag = writer.get(address).headers["ETag"]

    assert writer.get(address, headers={"If-None-Match": tag}).status_code == 304
    event(writer)
    assert writer.get(address, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.before_the_database
@shares_a_store
@for_all(title=texts, summary=texts)
@example(title="]]><script>alert(1)</script>", summary="\x01\ufffe\uffff\x7f&amp;<![CDATA[")
@example(title=" \r\n\t ", summary="\r")
def test_any_text_is_read_from_feeds(writer: TestClient, title: str, summary: str) -> None:
    event(writer, title=title, summary=summary)
    entry = atom(writer, "/events?format=atom&limit=1").find(f"{ATOM}entry")
    [item] = read(writer, "/events?format=jsonfeed&limit=1")["items"]

    assert texts_of(entry, "title") == [FORBIDDEN.sub("\ufffd", title)]
    assert texts_of(entry, "summary")[0].startswith(FORBIDDEN.sub("\ufffd", summary))
    assert item["title"] == title
    assert item["content_text"].startswith(summary)


# Discovery, and a feed reader


def test_feeds_are_linked_from_root_and_docs(reader: TestClient) -> None:
    page = html.fromstring(reader.get("/docs").content)
    on_page = [(link.get("href"), link.get("type")) for link in page.xpath("//head/link[@rel='alternate']")]
    in_header = [(link.url, link.type) for link in parse_links(reader.get("/")) if link.rel == "alternate"]

    assert on_page == in_header
    assert {address.partition("?")[0] for address, _ in on_page} == {"/events", "/statements"}
    for address, media_type in on_page:
        assert reader.get(address).headers["Content-Type"] == media_type == FORMATS[address.partition("=")[2]].bare_type


def unread(folder: Path, server: str) -> dict[str, str]:
    """Let newsboat poll the server; return the titles of its unread items by their ids, and mark them as read."""
    (folder / "urls").write_text(f"{server}/events?format=atom&limit=500\n")
    (folder / "config").write_text("")
    command = [program("newsboat"), "-u", "urls", "-c", "cache.db", "-C", "config", "-x", "reload"]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=60)
    with sqlite3.connect(folder / "cache.db") as cache:
        titles = dict(cache.execute("SELECT guid, title FROM rss_item WHERE unread = 1 AND deleted = 0").fetchall())
        cache.execute("UPDATE rss_item SET unread = 0")
    cache.close()
    return titles


@pytest.fixture
def server(store: Store) -> Iterator[str]:
    with live(store) as running:
        yield running.address


@pytest.mark.before_the_database
def test_newsboat_shows_only_new_events(server: str, store: Store, tmp_path: Path) -> None:
    events = httpx.get(f"{server}/events?limit=500", trust_env=False).json()["items"]
    body = {"title": "“Tom & Jerry” <b>", "date": "1961-08-13", "type": "protest"}

    assert unread(tmp_path, server) == {f"{server}/events/{event['id']}": event["title"] for event in events}
    assert unread(tmp_path, server) == {}
    made = httpx.post(f"{server}/events", json=body, headers=store.key(), trust_env=False).json()
    assert unread(tmp_path, server) == {f"{server}/events/{made['id']}": body["title"]}
