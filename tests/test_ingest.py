"""Pages on their way into the store: from addresses, from files, and as versions of what is there."""

import dataclasses
import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from app.cli import app
from app.core.config import get_settings
from app.fetch import Fetcher
from tests.conftest import Store
from tests.data.lists import Item, items, read

PARAGRAPHS = (
    "The talks in the capital will go on for another week, a spokesman for the ministry said.",
    "“We will not move,” John Miller told reporters after a long session of the committee.",
)
NEWS = {
    "@type": "NewsArticle",
    "headline": "Talks to go on",
    "author": {"name": "Ann Writer"},
    "datePublished": "2024-06-19T10:15:00+02:00",
}


def page(*paragraphs: str, head: str = "") -> str:
    story = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs or PARAGRAPHS)
    site = '<meta property="og:site_name" content="The Herald">'
    data = f'<script type="application/ld+json">{json.dumps(NEWS)}</script>'
    return f"<!doctype html><html lang=en><head>{site}{data}{head}</head><body><article>{story}</article></body></html>"


@dataclasses.dataclass
class Site:
    """A web server of a test's own."""

    port: int
    answers: dict[str, tuple[int, str, str]] = dataclasses.field(default_factory=dict)
    hits: list[str] = dataclasses.field(default_factory=list)
    delay: float = 0.0  # seconds before an answer

    def serve(self, path: str, body: str, *, status: int = 200, media_type: str = "text/html") -> str:
        """Answer with this from now on, at the address that is returned."""
        self.answers[path] = status, media_type, body
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering.hits.append(self.path)
            time.sleep(answering.delay)
            status, media_type, body = answering.answers.get(self.path, (404, "text/html", ""))
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answering = Site(server.server_port)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield answering
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web(application: FastAPI, site: Site) -> Iterator[Site]:
    """Let the application under test fetch from the site as if it were public."""
    before, application.state.fetcher = application.state.fetcher, Fetcher(allowed=lambda _: True, ports={site.port})
    yield site
    application.state.fetcher = before


def fetch(client: TestClient, url: str, status: int, *, headers: dict[str, str] | None = None, **body: Any) -> Item:
    answer = client.post("/documents/from-url", json={"extract": False, "url": url} | body, headers=headers)
    assert answer.status_code == status, answer.text
    content: Item = answer.json()
    return content


@pytest.mark.expensive("starts processes of the command")
def test_page_becomes_document_with_its_metadata(empty_writer: TestClient, web: Site) -> None:
    url = web.serve("/talks?utm_source=feed", page())

    answer = empty_writer.post("/documents/from-url", json={"url": url})

    document = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/documents/{document['id']}"
    assert empty_writer.get(answer.headers["Location"]).json() == document
    assert document["text"] == "\n\n".join(PARAGRAPHS)
    names = ("title", "byline", "language", "url", "canonical_url", "published_at", "coded_by")
    assert [document[name] for name in names] == [
        "Talks to go on", "Ann Writer", "en", url, url.partition("?")[0], "2024-06-19T08:15:00Z", "machine",
    ]  # fmt: skip
    assert document["published"]["edtf"] == "2024-06-19"
    assert document["extraction"]["statement_count"] == document["statement_count"] >= 1
    assert {item["coded_by"] for item in items(empty_writer, "/statements")} == {"machine"}


def test_the_same_page_again_is_the_document_that_is_there(empty_writer: TestClient, web: Site) -> None:
    url = web.serve("/talks", page())
    first = fetch(empty_writer, url, 201)

    assert fetch(empty_writer, f"{url}#top", 200) == first


def test_a_changed_page_supersedes_what_it_was(empty_writer: TestClient, web: Site) -> None:
    url = web.serve("/talks", page())
    first = fetch(empty_writer, url, 201)
    web.serve("/talks", page(*PARAGRAPHS, "Nobody else who was in the room wanted to speak about it."))
    second = fetch(empty_writer, url, 201)
    web.serve("/talks", page())

    assert (first["supersedes_id"], second["supersedes_id"]) == (None, first["id"])
    assert fetch(empty_writer, url, 200)["id"] == first["id"]


def test_a_request_that_is_sent_again_fetches_nothing(empty_writer: TestClient, web: Site) -> None:
    url, key = web.serve("/talks", page()), {"Idempotency-Key": "one"}
    first = fetch(empty_writer, url, 201, headers=key)
    web.serve("/talks", "gone", status=410)

    assert fetch(empty_writer, url, 201, headers=key) == first
    assert web.hits == ["/talks"]
    assert fetch(empty_writer, f"{url}?", 422, headers=key)["errors"][0]["field"] == "Idempotency-Key"


def test_a_plain_text_is_stored_as_it_stands(empty_writer: TestClient, web: Site) -> None:
    text = "Line one.\n\n  Line two.\n"

    document = fetch(empty_writer, web.serve("/talks.txt", text, media_type="text/plain"), 201)

    assert (document["text"], document["title"]) == (text, None)


@pytest.mark.before_the_database
def test_fetching_and_reading_a_page_share_the_time(empty_writer: TestClient, application: FastAPI, web: Site) -> None:
    fetch(empty_writer, web.serve("/talks", page()), 201)  # what reads pages is there now
    laborious, web.delay = web.serve("/titles", page(head="<title>a</title>" * 30_000)), 1.8
    application.state.fetcher = Fetcher(allowed=lambda _: True, ports={web.port}, timeout=2)

    problem = fetch(empty_writer, laborious, 422)

    assert problem["type"] == "urn:dateline:problem:unreadable-page"


@pytest.mark.parametrize(
    ("answer", "status", "slug"),
    [
        ((200, "text/html", "<html><body><p>Please turn on JavaScript</p></body></html>"), 422, "unreadable-page"),
        ((200, "application/pdf", "%PDF"), 502, "fetch-failed"),
        ((404, "text/html", page()), 502, "fetch-failed"),
    ],
)
def test_a_page_that_gives_no_article_is_a_problem(
    empty_writer: TestClient, web: Site, answer: tuple[int, str, str], status: int, slug: str
) -> None:
    web.answers["/talks"] = answer

    problem = fetch(empty_writer, f"http://127.0.0.1:{web.port}/talks", status)

    assert problem["type"] == f"urn:dateline:problem:{slug}"
    assert [error["field"] for error in problem.get("errors", [])] == (["url"] if status == 422 else [])
    assert items(empty_writer, "/sources") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "ftp://herald.example/"}, "url"),
        ({}, "url"),
        ({"url": "https://herald.example/", "text": "…"}, "text"),
    ],
)
def test_an_address_that_cannot_be_fetched_is_named(writer: TestClient, body: Item, field: str) -> None:
    answer = writer.post("/documents/from-url", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_an_unknown_source_is_named_and_nothing_is_stored(empty_writer: TestClient, web: Site) -> None:
    problem = fetch(empty_writer, web.serve("/talks", page()), 422, source="nobody")

    assert problem["errors"][0]["field"] == "source"
    assert items(empty_writer, "/documents") == []


def test_who_may_not_write_makes_nothing_be_fetched(client: TestClient, web: Site) -> None:
    fetch(client, web.serve("/talks", page()), 401)

    assert web.hits == []


# Documents that come with their text.


def post(client: TestClient, text: str, status: int = 201, **body: Any) -> Item:
    answer = client.post("/documents", json={"source": "meduza", "text": text} | body)
    assert answer.status_code == status, answer.text
    content: Item = answer.json()
    return content


def supersedes(client: TestClient, *documents: Item) -> list[int | None]:
    return [read(client, f"/documents/{document['id']}")["supersedes_id"] for document in documents]


def test_a_text_is_read_if_one_asks_for_it(writer: TestClient) -> None:
    text = "\n\n".join(PARAGRAPHS)
    plain = post(writer, text, title="Not read")

    document = post(writer, text, title="Read", extract=True)

    assert (plain["extraction"], plain["statement_count"]) == (None, 0)
    assert document["extraction"]["statement_count"] == document["statement_count"] >= 1
    assert post(writer, text, 200, title="Not read", extract=True) == plain


@pytest.mark.parametrize("fields", [{"url": "https://meduza.io/1"}, {"title": "One"}])
def test_another_text_of_one_item_supersedes_the_last(writer: TestClient, fields: Item) -> None:
    first, second = post(writer, "One.", **fields), post(writer, "Two.", **fields)
    third, other = post(writer, "Three.", **fields), post(writer, "Three.", url="https://meduza.io/2", title="Two")

    assert supersedes(writer, first, second, third, other) == [None, first["id"], second["id"], None]


def test_what_a_document_supersedes_can_be_said(writer: TestClient) -> None:
    first, second = post(writer, "One.", title="One"), post(writer, "Two.", title="One", supersedes_id=None)
    third = post(writer, "Three.", title="One", supersedes_id=first["id"])

    assert supersedes(writer, second, third) == [None, first["id"]]


def test_a_capture_that_comes_late_is_put_in_its_place(writer: TestClient) -> None:
    def at(day: int) -> Item:
        return {"url": "https://meduza.io/1", "retrieved_at": f"2024-06-{day}T00:00:00Z"}

    third, first = post(writer, "Three.", **at(21)), post(writer, "One.", **at(19))
    second = post(writer, "Two.", **at(20))

    assert supersedes(writer, first, second, third) == [None, first["id"], second["id"]]


def test_an_import_says_that_it_reads_no_texts(writer: TestClient) -> None:
    line = json.dumps({"document": {"source": "meduza", "text": "One.", "extract": True}})

    answer = writer.post("/imports", content=line, headers={"Content-Type": "application/x-ndjson"}).json()

    assert answer["problems"][0]["field"] == "document.extract"


# Files.


Ingest = Callable[..., Result]


@pytest.fixture
def ingest(writer: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Ingest]:
    """Run the command on the seeded store, without extraction, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        get_settings.cache_clear()
        env = {"DATELINE_DATABASE_URL": store.url, "COLUMNS": "200"}
        return CliRunner().invoke(app, ["ingest", "--no-extract", *arguments], env=env)

    yield run
    get_settings.cache_clear()


def counts(result: Result) -> dict[str, int]:
    """Return the command's summary without zeros."""
    rows = [line.strip("│┃ ").split("│") for line in result.stdout.splitlines() if "│" in line]
    return {name.strip(): int(number) for name, number in rows if int(number)}


def test_a_saved_page_is_known_by_the_address_that_it_names(ingest: Ingest, writer: TestClient) -> None:
    canonical = "<link rel=canonical href='https://meduza.io/talks'>"
    Path("talks.HTML").write_text(page(head=canonical))

    first, again = ingest("talks.HTML"), ingest("talks.HTML")

    assert (first.exit_code, counts(first)) == (0, {"stored": 1})
    assert (again.exit_code, counts(again)) == (0, {"there already": 1})
    [document] = items(writer, "/documents?q=committee&source=meduza")
    assert (document["url"], document["byline"]) == ("https://meduza.io/talks", "Ann Writer")
    [change] = [revision for revision in items(writer, "/revisions") if revision["author"] == "dateline ingest"]
    assert change["message"] == "talks.HTML"


def test_one_bad_page_stops_no_other(ingest: Ingest, writer: TestClient) -> None:
    Path("one.html").write_text(page())
    Path("two.txt").write_text("Two.")
    Path("three.docx").write_text("Three.")

    result = ingest("one.html", "gone.html", "three.docx", "http://127.0.0.1/", "two.txt", "--source", "meduza")

    assert (result.exit_code, counts(result)) == (1, {"stored": 2, "refused": 2, "failed": 1})
    assert [line.partition(":")[0] for line in result.stderr.splitlines() if line] == [
        "gone.html",
        "three.docx",
        "http",
    ]


def test_a_text_needs_a_source_and_is_what_one_says_of_it(ingest: Ingest, writer: TestClient) -> None:
    Path("talks.txt").write_bytes("“Ни шагу,” he said.\n".encode("cp1251"))

    alone = ingest("talks.txt")
    said = ingest("talks.txt", "--source", "meduza", "--title", "No", "--published", "2024-06", "--language", "en")

    assert (alone.exit_code, counts(alone)) == (1, {"refused": 1})
    assert "name its source" in alone.stderr
    assert counts(said) == {"stored": 1}
    [document] = [document for document in items(writer, "/documents?source=meduza") if document["title"] == "No"]
    assert (document["published"]["edtf"], document["language"]) == ("2024-06", "en")


@pytest.mark.parametrize("option", ["--published=June", "--language=??", "--source=No Slug", "--title="])
def test_an_option_that_no_field_takes_is_refused(option: str) -> None:
    assert CliRunner().invoke(app, ["ingest", "one.html", option]).exit_code == 2


def archive(path: str, *records: tuple[str, str, str | bytes], media_type: str = "text/html", **headers: str) -> None:
    """Write a web archive of responses: address, date and body of each."""
    pieces = [record(*entry, f"Content-Type: {media_type}", *map(": ".join, headers.items())) for entry in records]
    if path.endswith(".gz"):
        pieces = [gzip.compress(piece) for piece in pieces]
    Path(path).write_bytes(b"".join(pieces))


def record(url: str, date: str, body: str | bytes, *fields: str) -> bytes:
    """Build a response record of WARC 1.1."""
    content = body.encode() if isinstance(body, str) else body
    response = "\r\n".join(["HTTP/1.1 200 OK", *fields, "", ""]).encode() + content
    head = [
        "WARC/1.1",
        "WARC-Type: response",
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid4()}>",
        f"WARC-Target-URI: {url}",
        f"WARC-Date: {date}",
        "Content-Type: application/http; msgtype=response",
        f"Content-Length: {len(response)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + response + b"\r\n\r\n"


@pytest.mark.parametrize("path", ["web.warc", "web.warc.gz"])
def test_archive_page_becomes_document_of_its_time(ingest: Ingest, writer: TestClient, path: str) -> None:
    longer = page(*PARAGRAPHS, "Nobody else who was in the room wanted to speak about it.")
    archive(
        path,
        ("https://meduza.io/talks", "2024-06-21T00:00:00Z", longer),
        ("https://meduza.io/talks", "2024-06-20T00:00:00Z", page()),
        ("https://www.tribune.example/talks", "2024-06-20T00:00:00Z", page()),
        ("dns:tribune.example", "2024-06-20T00:00:00Z", page()),
        ("https://meduza.io/large", "2024-06-20T00:00:00Z", page("word " * 1_100_000)),
    )

    result = ingest(path)

    assert (result.exit_code, counts(result)) == (1, {"stored": 3, "refused": 1})
    later, earlier = sorted(items(writer, "/documents?q=committee&source=meduza"), key=lambda item: item["id"])
    assert (later["retrieved_at"], later["supersedes_id"]) == ("2024-06-21T00:00:00Z", earlier["id"])
    assert len(items(writer, "/documents?source=the-herald")) == 1


def test_archive_inflates_a_page_but_not_a_bomb(ingest: Ingest) -> None:
    archive(
        "web.warc",
        ("https://meduza.io/talks", "2024-06-21T00:00:00Z", gzip.compress(page().encode())),
        ("https://meduza.io/bomb", "2024-06-21T00:00:00Z", gzip.compress(b"<p>" * 10_000_000, 1)),
        **{"Content-Encoding": "gzip"},
    )

    assert counts(ingest("web.warc")) == {"stored": 1, "refused": 1}


def test_only_pages_are_taken_from_an_archive(ingest: Ingest) -> None:
    archive("web.warc", ("https://meduza.io/image", "2024-06-21T00:00:00Z", page()), media_type="image/png")
    Path("broken.warc").write_bytes(b"no archive")

    assert (ingest("web.warc").exit_code, counts(ingest("web.warc"))) == (0, {})
    assert ingest("broken.warc").exit_code == 1


OUTLETS = {
    "https://meduza.io/1": "meduza",
    "https://www.meduza.io/2": "meduza",
    "https://amp.meduza.io/3": "meduza",
    "https://new.finalcall.com/1": "the-final-call",
    "https://sport.finalcall.com/1": "the-final-call",
    "https://notmeduza.io/1": "the-herald",
    "https://sub.desk.example/1": "the-desk",
    "https://deep.sub.other.desk.example/1": "the-other-desk",
    "https://desk_example/1": "desk-example",
}


def test_the_outlet_is_that_of_the_host_or_a_new_one(ingest: Ingest, writer: TestClient) -> None:
    desk = {"name": "The Desk", "kind": "online", "homepage": "http://www.desk.example/en/front"}
    other = {"name": "The Other Desk", "kind": "online", "aliases": ["Other.Desk.Example"]}
    assert [writer.post("/sources", json=body).status_code for body in (desk, other)] == [201, 201]
    archive("web.warc", *((url, "2024-06-21T00:00:00Z", page()) for url in OUTLETS))

    assert counts(ingest("web.warc")) == {"stored": len(OUTLETS)}
    slugs = {item["url"]: item["source"]["slug"] for item in items(writer, "/documents?q=committee")}
    assert {url: slugs[url] for url in OUTLETS} == OUTLETS


def test_new_source_is_added_once_as_coded_by_machine(ingest: Ingest, writer: TestClient) -> None:
    archive("one.warc", ("https://www.herald.example/1", "2024-06-21T00:00:00Z", page()))
    archive("two.warc", ("https://m.herald.example/2", "2024-06-21T00:00:00Z", page()))

    assert counts(ingest("one.warc", "two.warc")) == {"stored": 2}
    source = read(writer, "/sources/the-herald")
    names = ("name", "kind", "homepage", "aliases", "coded_by", "document_count")
    assert [source[name] for name in names] == [
        "The Herald", "online", "https://herald.example/", ["herald.example"], "machine", 2,
    ]  # fmt: skip
