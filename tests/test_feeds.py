"""Feeds: how they are read, whoever wrote them, and `/feeds`, where they are kept."""

import gzip
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import strategies as st

from app.capture.feeds.document import MAX_ITEMS, FeedDocument, NotAFeed
from app.capture.feeds.parse import parse
from app.core.vocab import FeedFormat, FeedItemState, Scope
from app.database.engine import open_read_transaction, open_write_transaction
from app.database.models import FeedItem
from app.queries import lookups
from app.store.feeds import find_feed
from tests.conftest import Store
from tests.properties import for_all

HERE = "https://herald.example/feed"

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:dc="http://purl.org/dc/elements/1.1/">
 <channel><title>The Herald</title><link>https://herald.example/</link><ttl>60</ttl>
  <sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>
  <image><title>A logo</title><url>logo.png</url></image>
  <item><title>One</title><link>/1?utm_source=rss</link><guid isPermaLink="false">g1</guid>
   <pubDate>Wed, 19 Jun 2024 10:00:00 +0200</pubDate><description>&lt;b&gt;</description></item>
  <item><title>Two &amp; a half</title><guid>https://herald.example/2</guid><dc:date>2024-06-20T10:00:00Z</dc:date></item>
  <item><title>Three</title><link>javascript:alert(1)</link></item>
  <item><link>https://user:secret@herald.example/4</link></item>
 </channel>
</rss>"""
RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel rdf:about="https://herald.example/"><title>The Herald</title></channel>
<item rdf:about="https://herald.example/1"><title>One</title><link>https://herald.example/1</link></item></rdf:RDF>"""
RSS_0 = """<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://netscape.example/rss-0.91.dtd">
<rss version="0.91"><channel><title>The Herald</title><item><link>https://herald.example/1</link></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://herald.example/news/"><title>The Herald</title>
<link rel="self" href="feed.atom"/>
<entry><id>urn:1</id><link rel="edit" href="edit"/><link rel="enclosure" href="a.mp3"/><link href="1"/>
 <updated>2024-06-20T10:00:00Z</updated><published>2024-06-19T10:00:00Z</published></entry></feed>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "The Herald",
        "items": [
            {"id": 1, "url": "1", "date_published": "2024-06-19T10:00:00+02:00", "date_modified": "2024-06-20"},
            {"id": "2", "external_url": "https://elsewhere.example/2"},
            {"id": "3", "url": 3},
            "four",
        ],
    }
)

SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://herald.example/1</loc><news:news><news:publication><news:name>Herald</news:name></news:publication>
 <news:publication_date>2024-06-19</news:publication_date><news:title>One</news:title></news:news></url>
<url><loc> https://herald.example/2 </loc><lastmod>2024-06-20T10:00+02:00</lastmod></url></urlset>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://herald.example/old.xml</loc><lastmod>2023-01-01</lastmod></sitemap>
<sitemap><loc>https://herald.example/new.xml</loc><lastmod>2024-01-01</lastmod></sitemap></sitemapindex>"""


def read(text: str | bytes, content_type: str | None = None) -> FeedDocument:
    return parse(text.encode() if isinstance(text, str) else text, content_type, HERE)


def parse_items(text: str | bytes) -> list[tuple[str, str | None]]:
    return [(item.url, item.updated) for item in read(text).items]


# Reading


def test_rss_items_are_web_pages_newest_first() -> None:
    feed = read(RSS)

    assert (feed.format, feed.title, feed.ttl) == (FeedFormat.RSS, "The Herald", 86_400 // 4)
    assert [(item.url, item.updated) for item in feed.items] == [
        ("https://herald.example/2", "2024-06-20T10:00:00Z"),
        ("https://herald.example/1", "Wed, 19 Jun 2024 10:00:00 +0200"),
    ]


@pytest.mark.parametrize(
    ("text", "format_", "items"),
    [
        (RSS_0, FeedFormat.RSS, [("https://herald.example/1", None)]),
        (RSS_1, FeedFormat.RSS, [("https://herald.example/1", None)]),
        (ATOM, FeedFormat.ATOM, [("https://herald.example/news/1", "2024-06-20T10:00:00Z")]),
        (JSON, FeedFormat.JSON, [("https://herald.example/1", "2024-06-20"), ("https://elsewhere.example/2", None)]),
    ],
    ids=["0.91", "1.0", "Atom", "JSON"],
)
def test_each_kind_of_feed_is_read(text: str, format_: FeedFormat, items: list[tuple[str, str | None]]) -> None:
    feed = read(text)

    assert (feed.format, feed.title) == (format_, "The Herald")
    assert parse_items(text) == items


def test_news_and_compressed_sitemaps_are_parsed() -> None:
    items = [("https://herald.example/2", "2024-06-20T10:00+02:00"), ("https://herald.example/1", "2024-06-19")]

    assert read(SITEMAP).format is FeedFormat.SITEMAP
    assert parse_items(SITEMAP) == parse_items(gzip.compress(SITEMAP.encode())) == items
    assert read(INDEX).sitemaps == ("https://herald.example/new.xml", "https://herald.example/old.xml")


def test_the_encoding_is_what_the_feed_or_its_server_says() -> None:
    text = "<rss version='2.0'><channel><title>Вестник</title></channel></rss>"
    declared = f"<?xml version='1.0' encoding='windows-1251'?>{text}".encode("cp1251")

    assert read(declared).title == read(text.encode("koi8-r"), "text/xml; charset=koi8-r").title == "Вестник"


def test_an_item_is_known_by_its_id_wherever_it_moves() -> None:
    moved = read(RSS.replace("/1?utm_source=rss", "/one")).items[1]

    assert (moved.key, moved.url) == (read(RSS).items[1].key, "https://herald.example/one")


def test_what_is_broken_is_read_as_far_as_it_goes() -> None:
    assert parse_items(RSS.replace("Two &amp; a half", "Two & a &nbsp; half")) == parse_items(RSS)
    assert len(read(RSS[: RSS.index("<title>Three")]).items) == 2


def test_of_a_long_feed_the_newest_items_are_taken() -> None:
    item = "<item><link>/{0}</link><pubDate>{0:02} Jun 2024 10:00:00 GMT</pubDate></item>"
    days = "".join(item.format(day) for day in range(1, 31))
    undated = "".join(f"<item><link>/u{number}</link></item>" for number in range(MAX_ITEMS))

    items = read(f"<rss version='2.0'><channel>{undated}{days}</channel></rss>").items

    assert len(items) == MAX_ITEMS
    assert [item.url.rpartition("/")[2] for item in (*items[:2], *items[29:31])] == ["30", "29", "1", "u0"]


ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
MANY = 100_000
HOSTILE: dict[str, str | bytes] = {
    "laughs": f"<!DOCTYPE r [<!ENTITY l0 'l'>{ENTITIES}]><rss><channel><title>&l9;</title></channel></rss>",
    "file": "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><channel><title>&x;</title></channel></rss>",
    "page": "<!DOCTYPE html><html><head><title>A page</title></head></html>",
    "other": "<opml version='2.0'><body/></opml>",
    "empty": "",
    "json": '{"title": "no feed"}',
    "deep json": '{"items": ' + "[" * MANY,
    "surrogate": JSON.replace("The Herald", r"\ud800"),
    "no gzip": b"\x1f\x8b nonsense",
    "bomb": gzip.compress(bytes(20_000_000)),
}
LARGE: dict[str, str] = {
    "deep": "<rss version='2.0'><channel>" + "<a>" * MANY,
    "deep items": "<rss version='2.0'><channel>" + "<item>" * MANY,
    "many parts": "<rss version='2.0'><channel><item>" + "<pubDate>1</pubDate>" * MANY,
    "many attributes": "<rss version='2.0'><channel " + " ".join(f"a{n}='1'" for n in range(MANY)) + "/></rss>",
    "long title": "<rss version='2.0'><channel><title>" + "&amp;#xD800;&lt;![CDATA[" * MANY,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_feed_is_refused_saying_why(text: str | bytes) -> None:
    with pytest.raises(NotAFeed, match=r"^it is \w"):
        read(text)


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_what_is_made_to_be_slow_is_not(text: str) -> None:
    began = time.process_time()

    assert read(text).items == ()
    assert time.process_time() - began < 5


TAGS = st.sampled_from(
    ["<rss>", "<item>", "</item>", "<link>", "<pubDate>", "<feed>", "<url>", "<loc>", "&", "<![CDATA["]
)


@for_all(st.sampled_from(["<rss version='2.0'><channel>", "<feed>", "<urlset>", '{"version": "', ""]), st.data())
def test_whatever_is_sent_it_is_a_feed_or_no_feed(start: str, data: st.DataObject) -> None:
    text = start + "".join(data.draw(st.lists(TAGS | st.text(max_size=10), max_size=20)))
    try:
        feed = parse(text.encode("utf-8", "surrogatepass"), data.draw(st.none() | st.text(max_size=30)), HERE)
    except NotAFeed:
        return
    assert all(item.url.startswith(("http://", "https://")) for item in feed.items)


# /feeds

URL = "https://herald.example/rss.xml"


def put(writer: TestClient, **fields: Any) -> dict[str, Any]:
    answer = writer.post("/feeds", json={"url": URL, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_feed_is_added_and_due_at_once(writer: TestClient) -> None:
    answer = writer.post("/feeds", json={"url": "https://HERALD.example/rss.xml#x", "source": "meduza"})
    made = answer.json()

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/feeds/{made['id']}"
    assert made["url"] == URL
    assert made["source"]["slug"] == "meduza"
    assert (made["interval"], made["active"], made["extract"]) == (900, True, True)
    assert (made["result"], made["checked_at"], made["item_count"]) == (None, None, 0)
    assert made["due_at"] == made["created_at"]
    assert writer.get(answer.headers["Location"]).json() == made


def test_the_feed_of_the_page_on_feeds_can_be_posted(writer: TestClient) -> None:
    text = (Path(__file__).parent.parent / "docs" / "feeds.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    writer.delete("/feeds/1")

    assert put(writer, **json.loads(example))["interval"] == 1800


def test_an_address_is_watched_once(writer: TestClient) -> None:
    made = put(writer)
    twice = writer.post("/feeds", json={"url": f"{URL}?utm_source=x"})

    assert (twice.status_code, twice.json()["id"]) == (409, made["id"])
    assert writer.patch("/feeds/1", json={"url": URL}).status_code == 409
    assert writer.patch(f"/feeds/{made['id']}", json={"url": URL}).status_code == 200


WRONG: list[tuple[str, Any]] = [
    ("url", "ftp://herald.example/"),
    ("url", None),
    ("source", "nobody"),
    ("source", 999_999),
    ("interval", 59),
    ("interval", 2_592_001),
    ("title", "a\0b"),
    ("title", ""),
    ("active", None),
    ("due_at", "2024-06-19T00:00:00Z"),
]


def test_a_feed_that_makes_no_sense_is_refused_by_field(writer: TestClient) -> None:
    for field, value in WRONG:
        for method, path in (("POST", "/feeds"), ("PATCH", "/feeds/1")):
            answer = writer.request(method, path, json={"url": URL, field: value})
            assert answer.status_code == 422, (method, field, value)
            assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_changed_feed_is_due_and_new_address_starts_afresh(writer: TestClient, store: Store) -> None:
    made = put(writer, source="meduza")
    _note(store, made["id"], failures=3, etag='"x"', result="failed", detail="it did not answer")

    changed = writer.patch(f"/feeds/{made['id']}", json={"interval": 3600, "source": None}).json()
    moved = writer.patch(f"/feeds/{made['id']}", json={"url": f"{URL}2"}).json()

    assert (changed["interval"], changed["source"], changed["failure_count"]) == (3600, None, 0)
    assert changed["detail"] == "it did not answer"
    assert changed["due_at"] < "2030"
    assert (moved["url"], moved["result"], moved["detail"]) == (f"{URL}2", None, None)
    with open_read_transaction(store.engine) as session:
        assert find_feed(session, made["id"]).etag is None


def _note(store: Store, ident: int, **values: Any) -> None:
    """Set columns of a feed as the watcher would."""
    with open_write_transaction(store.engine) as session:
        feed = find_feed(session, ident)
        for name, value in values.items():
            setattr(feed, name, value)


def test_a_feed_is_forgotten_with_its_items(writer: TestClient, store: Store) -> None:
    assert writer.delete("/feeds/1").status_code == 204

    assert writer.get("/feeds/1").status_code == writer.get("/feeds/1/items").status_code == 404
    assert writer.delete("/feeds/1").status_code == writer.patch("/feeds/1", json={}).status_code == 404
    with open_read_transaction(store.engine) as session:
        assert lookups.list_rows(session, FeedItem) == []


def test_feeds_are_listed_page_by_page_and_never_stored(writer: TestClient) -> None:
    for number in range(4):
        put(writer, url=f"{URL}{number}")

    first = writer.get("/feeds?limit=3&sort=-id")
    second = writer.get(first.json()["next"])

    assert [item["id"] for item in (*first.json()["items"], *second.json()["items"])] == [5, 4, 3, 2, 1]
    assert second.json()["next"] is None
    assert first.headers["Cache-Control"] == "no-store"
    assert "ETag" not in first.headers
    assert "ETag" not in writer.get("/feeds/1").headers


def test_feeds_are_found_by_source_state_and_result(writer: TestClient, store: Store) -> None:
    made = put(writer, source="naenara")
    _note(store, made["id"], result="failed")

    def list_ids(query: str) -> list[int]:
        return [item["id"] for item in writer.get(f"/feeds?{query}").json()["items"]]

    assert (list_ids("source=naenara"), list_ids("source=meduza")) == ([made["id"]], [1])
    assert (list_ids("active=true"), list_ids("active=false")) == ([made["id"]], [1])
    assert (list_ids("result=new,failed"), list_ids("result=new")) == ([made["id"]], [])
    assert writer.get("/feeds?source=nobody").status_code == 422


def test_feed_items_are_listed_with_state(writer: TestClient, store: Store) -> None:
    with open_write_transaction(store.engine) as session:
        [item] = lookups.list_rows(session, FeedItem, feed_id=1)
        item.state, item.document_id = FeedItemState.STORED, 1
    page = writer.get("/feeds/1/items").json()

    assert [(item["url"], item["state"], item["document_id"]) for item in page["items"]] == [
        ("https://example.org/1", "stored", 1)
    ]
    assert writer.get("/feeds/1/items?state=failed,waiting").json()["items"] == []
    writer.delete("/documents/1")
    assert writer.get("/feeds/1/items").json()["items"][0]["document_id"] is None


def test_to_change_feeds_takes_a_key_that_may_write(client: TestClient, store: Store) -> None:
    for headers, status in (({}, 401), (store.key(Scope.READ), 403)):
        for method, path in (("POST", "/feeds"), ("PATCH", "/feeds/1"), ("DELETE", "/feeds/1")):
            assert client.request(method, path, json={"url": URL}, headers=headers).status_code == status


def test_a_feed_that_is_sent_again_is_added_once(writer: TestClient) -> None:
    first, again = (writer.post("/feeds", json={"url": URL}, headers={"Idempotency-Key": "a"}) for _ in range(2))

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["Location"] == first.headers["Location"]


def test_if_match_on_feed_is_412(writer: TestClient) -> None:
    assert writer.patch("/feeds/1", json={"title": "x"}, headers={"If-Match": 'W/"1-x"'}).status_code == 412
    assert writer.delete("/feeds/1", headers={"If-Match": 'W/"1-x"'}).status_code == 412
    assert writer.patch("/feeds/1", json={"title": "x"}, headers={"If-Match": "*"}).json()["title"] == "x"
