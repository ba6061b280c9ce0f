"""Feeds: Atom and JSON Feed, which readers poll and which come with what was added last; and how they are found."""

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
from hypothesis import example, given
from lxml import etree, html
from pydantic import BaseModel

from app.core.vocab import Scope
from app.formats import FORMATS, entries
from tests.conftest import Store
from tests.data.lists import LISTS, Item, List, items, pages, read
from tests.serving import live
from tests.test_cache import serving
from tests.test_formats import create, event, linked, shares_a_store, texts
from tests.tools import program

ATOM = "{http://www.w3.org/2005/Atom}"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOT_OF_THE_FEED = {"entry", "link"}

FOLLOWED = [each for each in LISTS if entries.has_entry(each.shape)]
FEEDS = ("atom", "jsonfeed")


def atom(client: TestClient, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return etree.fromstring(response.content)


def said(element: Any, name: str) -> list[str]:
    return [each.text or "" for each in element.findall(ATOM + name)]


def links(element: Any, rel: str) -> list[str]:
    return [each.get("href") for each in element.findall(f"{ATOM}link") if each.get("rel") == rel]


def check_atom(feed: Any) -> None:
    """What RFC 4287 §4.1 asks of a feed and its entries."""
    assert feed.tag == f"{ATOM}feed"
    assert len(feed.findall(f"{ATOM}author")) == 1
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            [text] = said(element, name)
            assert text
        assert all(RFC3339.fullmatch(moment) for moment in said(element, "updated") + said(element, "published"))
        assert len(links(element, "alternate")) == 1
        assert len(said(element, "summary")) <= 1
        assert all(link.get("href").startswith("http") for link in element.findall(f"{ATOM}link"))
    ids = [said(entry, "id")[0] for entry in feed.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))


def check_json_feed(feed: Item) -> None:
    """What JSON Feed 1.1 asks of a feed and its items: required fields, and types of all others."""
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


# What feeds are


@pytest.mark.before_the_database
@pytest.mark.parametrize("which", FOLLOWED, ids=str)
def test_each_list_of_what_has_an_address_is_a_feed_of_it(reader: TestClient, which: List) -> None:
    feed = atom(reader, which.query("format=atom&limit=500"))
    other = read(reader, which.query("format=jsonfeed&limit=500"))
    listed = items(reader, which.query("limit=500"))

    check_atom(feed)
    check_json_feed(other)
    assert len(feed.findall(f"{ATOM}entry")) == len(other["items"]) == len(listed) > 0
    assert [said(entry, "id")[0] for entry in feed.findall(f"{ATOM}entry")] == [item["id"] for item in other["items"]]


@pytest.mark.before_the_database
@pytest.mark.parametrize("which", FOLLOWED, ids=str)
def test_the_id_of_an_entry_is_the_address_of_its_record(reader: TestClient, which: List) -> None:
    first = read(reader, which.query("format=jsonfeed&limit=1"))["items"][0]

    assert first["id"].startswith("http://testserver/")
    assert reader.get(first["id"].removeprefix("http://testserver")).status_code == 200


@pytest.mark.before_the_database
@pytest.mark.parametrize("which", FOLLOWED, ids=str)
def test_a_feed_is_what_a_common_reader_takes_it_for(reader: TestClient, which: List) -> None:
    response = reader.get(which.query("format=atom&limit=3"))
    parsed = feedparser.parse(response.content, response_headers={"content-type": response.headers["Content-Type"]})
    shown = read(reader, which.query("format=jsonfeed&limit=3"))["items"]

    assert (parsed.bozo, parsed.version) == (False, "atom10")
    assert [(entry.id, entry.link) for entry in parsed.entries] == [(item["id"], item["url"]) for item in shown]
    assert all(entry.updated_parsed for entry in parsed.entries)


def test_a_statement_is_titled_by_who_said_what(reader: TestClient) -> None:
    [entry] = atom(reader, "/statements?speaker=north-korean-diplomat&format=atom").findall(f"{ATOM}entry")
    [statement] = items(reader, "/statements?speaker=north-korean-diplomat")
    [title], [summary] = said(entry, "title"), said(entry, "summary")

    assert title.startswith(f"{statement['speaker']['name']}: ")
    assert summary.startswith(statement["text"])
    assert "Through TASS" in summary
    assert said(entry.find(f"{ATOM}author"), "name") == [statement["speaker"]["name"]]


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", ["/review", "/matches", "/documents/1/versions"])
def test_what_is_to_be_looked_at_can_be_followed(writer: TestClient, path: str) -> None:
    event(writer, coded_by="machine", confidence=0.4)
    feed = atom(writer, f"{path}?format=atom")

    check_atom(feed)
    assert len(feed.findall(f"{ATOM}entry")) == len(items(writer, path)) > 0


def test_a_hit_is_titled_and_its_snippet_is_plain_text(reader: TestClient) -> None:
    shown = read(reader, "/search?q=treaty&noun=statements&format=jsonfeed")["items"]
    hits = items(reader, "/search?q=treaty&noun=statements")

    for item, hit in zip(shown, hits, strict=True):
        assert item["title"].startswith(hit["title"])
        assert "treaty" in item["content_text"].lower()
        assert "<mark>" not in item["content_text"]


def test_what_an_outlet_has_on_the_web_is_linked_there(writer: TestClient) -> None:
    page, moment = "https://meduza.io/en/news/2024/06/20/lavrov?a=1&b=2", "2024-06-20T08:30:00Z"
    made = create(writer, "documents", source="meduza", text="Words.", title="T", url=page, published_at=moment)
    entry = atom(writer, "/documents?format=atom&limit=1").find(f"{ATOM}entry")
    [shown] = read(writer, "/documents?format=jsonfeed&limit=1")["items"]

    assert links(entry, "alternate") == [page] == [shown["url"]]
    assert links(entry, "related") == [f"http://testserver/documents/{made['id']}"] == [shown["_dateline"]["record"]]
    assert said(entry, "published") == [moment] == [shown["date_published"]]


def test_a_feed_has_the_name_of_its_filters_and_none_of_how_it_is_shown(reader: TestClient) -> None:
    feed = atom(reader, "/statements?speaker=putin&limit=2&format=atom")

    assert said(feed, "title") == ["Dateline: statements (speaker=putin)"]
    assert said(feed, "id") == ["http://testserver/statements?speaker=putin"]
    assert links(feed, "self") == ["http://testserver/statements?speaker=putin&limit=2&format=atom"]


def test_an_address_that_the_operator_names_is_the_address_in_feeds(store: Store) -> None:
    with serving(store, public_url="https://dateline.example/api") as client:
        feed = atom(client, "/events?format=atom&limit=1")

    assert said(feed.find(f"{ATOM}entry"), "id")[0].startswith("https://dateline.example/api/events/")
    assert links(feed, "self") == ["https://dateline.example/api/events?format=atom&limit=1"]


def test_a_token_is_in_no_part_of_a_feed_but_the_link_onwards(client: TestClient, store: Store) -> None:
    token = store.key(Scope.FEEDS)["Authorization"].removeprefix("Bearer ")
    response = client.get(f"/events?format=atom&limit=1&token={token}")
    [then] = links(etree.fromstring(response.content), "next")

    assert response.text.count(token) == 1
    assert client.get(then.removeprefix("http://testserver")).status_code == 200


# What is in them, and in which order


@pytest.mark.parametrize("form", FEEDS)
def test_what_was_added_last_comes_first_however_long_ago_it_was(writer: TestClient, form: str) -> None:
    made = event(writer, title="The Wall goes up", date="1961-08-13")

    assert read(writer, "/events?limit=1")["items"][0]["id"] != made["id"]
    assert f"/events/{made['id']}" in writer.get(f"/events?format={form}&limit=1").text
    assert f"/events/{made['id']}" not in writer.get(f"/events?format={form}&limit=1&sort=-date").text


@pytest.mark.parametrize(
    "path",
    ["/events", "/events?from=2000-01-01&to=2025-12-31", "/sources", "/speakers", "/utterances", "/changes?since=0"],
)
def test_a_feed_read_on_from_link_to_link_holds_everything_once(reader: TestClient, path: str) -> None:
    # Only the first request says by its header which format it wants.
    which = List(path, BaseModel)
    then, found = which.query(f"limit={60 if 'changes' in path else 7}"), []
    headers = {"Accept": "application/feed+json"}
    while then:
        page = reader.get(then, headers=headers).json()
        found += [item["id"] for item in page["items"]]
        then, headers = page.get("next_url", "").removeprefix("http://testserver"), {}

    assert len(found) == len(set(found)) == sum(len(page) for page in pages(reader, which.query("limit=500")))


def test_an_entry_says_when_its_record_was_changed(writer: TestClient) -> None:
    made = event(writer)
    writer.patch("/events/1", json={"title": "Renamed"}).raise_for_status()
    made_at = {each["id"]: each["at"] for each in items(writer, "/revisions?limit=500")}
    revisions = {f"http://testserver/events/{item['id']}": item["revision"] for item in items(writer, "/events")}
    shown = read(writer, "/events?format=jsonfeed")["items"]

    assert {item["id"]: item["date_modified"] for item in shown} == {
        address: made_at[revision] for address, revision in revisions.items()
    }
    assert len({revisions[f"http://testserver/events/{number}"] for number in (1, 2, made["id"])}) == 3
    assert said(atom(writer, "/events?format=atom"), "updated") == [max(made_at.values())]


def test_a_record_keeps_its_id_in_each_format_and_when_it_is_changed(writer: TestClient) -> None:
    made = event(writer)
    address = f"http://testserver/events/{made['id']}"
    for title in ("One title", "Another"):
        writer.patch(f"/events/{made['id']}", json={"title": title}).raise_for_status()

        assert said(atom(writer, "/events?format=atom&limit=1").find(f"{ATOM}entry"), "id") == [address]
        assert read(writer, "/events?format=jsonfeed&limit=1")["items"][0]["id"] == address
        assert f"UID:{address}\r\n" in writer.get("/events?format=ics&limit=1").text
        assert writer.get("/events?format=geojson&limit=1").json()["features"][0]["properties"]["href"] == address


@pytest.mark.parametrize("form", FEEDS)
def test_a_feed_is_not_sent_again_while_nothing_has_changed(writer: TestClient, form: str) -> None:
    address = f"/events?format={form}&speaker=putin"
    tag = writer.get(address).headers["ETag"]

    assert writer.get(address, headers={"If-None-Match": tag}).status_code == 304
    event(writer)
    assert writer.get(address, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.before_the_database
@shares_a_store
@given(title=texts, summary=texts)
@example(title="]]><script>alert(1)</script>", summary="\x01\ufffe\uffff\x7f&amp;<![CDATA[")
@example(title=" \r\n\t ", summary="\r")
def test_any_title_makes_a_feed_that_says_it(writer: TestClient, title: str, summary: str) -> None:
    event(writer, title=title, summary=summary)
    entry = atom(writer, "/events?format=atom&limit=1").find(f"{ATOM}entry")
    [shown] = read(writer, "/events?format=jsonfeed&limit=1")["items"]

    assert said(entry, "title") == [FORBIDDEN.sub("\ufffd", title)]
    assert said(entry, "summary")[0].startswith(FORBIDDEN.sub("\ufffd", summary))
    assert shown["title"] == title
    assert shown["content_text"].startswith(summary)


# How they are found, and read


def test_a_reader_that_knows_the_server_only_finds_its_feeds(reader: TestClient) -> None:
    page = html.fromstring(reader.get("/docs").content)
    on_page = [(link.get("href"), link.get("type")) for link in page.xpath("//head/link[@rel='alternate']")]
    in_header = [(link.url, link.type) for link in linked(reader.get("/")) if link.rel == "alternate"]

    assert on_page == in_header
    assert {address.partition("?")[0] for address, _ in on_page} == {"/events", "/statements"}
    for address, media_type in on_page:
        assert reader.get(address).headers["Content-Type"] == media_type == FORMATS[address.partition("=")[2]].bare_type


def unread(folder: Path, server: str) -> dict[str, str]:
    """The title of each item that newsboat keeps as unread, by its id, after it has asked the server again."""
    (folder / "urls").write_text(f"{server}/events?format=atom&limit=500\n")
    (folder / "config").write_text("")
    command = [program("newsboat"), "-u", "urls", "-c", "cache.db", "-C", "config", "-x", "reload"]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=60)
    with sqlite3.connect(folder / "cache.db") as cache:
        found = dict(cache.execute("SELECT guid, title FROM rss_item WHERE unread = 1 AND deleted = 0").fetchall())
        cache.execute("UPDATE rss_item SET unread = 0")
    cache.close()
    return found


@pytest.fixture
def server(store: Store) -> Iterator[str]:
    with live(store) as running:
        yield running.address


@pytest.mark.before_the_database
def test_newsboat_shows_what_is_new_and_only_that(server: str, store: Store, tmp_path: Path) -> None:
    events = httpx.get(f"{server}/events?limit=500", trust_env=False).json()["items"]
    body = {"title": "“Tom & Jerry” <b>", "date": "1961-08-13", "type": "protest"}

    assert unread(tmp_path, server) == {f"{server}/events/{each['id']}": each["title"] for each in events}
    assert unread(tmp_path, server) == {}
    made = httpx.post(f"{server}/events", json=body, headers=store.key(), trust_env=False).json()
    assert unread(tmp_path, server) == {f"{server}/events/{made['id']}": body["title"]}
