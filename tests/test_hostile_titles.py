"""Ten thousand hostile titles in every format: each arrives whole, and as nothing but a text.

On SQLite only: the formats do not depend on the database.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import feedparser
import httpx
import icalendar
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import etree
from pyarrow import parquet
from pyld import jsonld

from app.core.vocab import EventType, ReportRole, SourceKind
from app.formats import FORMATS, JSON
from app.schemas.event import EventPublic
from app.store.bulk import load as bulk
from app.store.bulk import transaction
from app.store.bulk.batch import Batch, DocumentRow, EventRow, Outlet, ReportRow
from tests.conftest import Store, Templates, talking_to
from tests.data import graphs
from tests.data.graphs import SCHEMA
from tests.data.hostile import MARKUP, titles
from tests.serving import live

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Request

pytestmark = pytest.mark.before_the_database

MANY = 10_000
SOME = 300  # enough to contain each piece
DAY = "2024-06-19"
ATOM = "{http://www.w3.org/2005/Atom}"
FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")


def fill(store: Store) -> None:
    """Add an event and a report for each title, which is also the name of the event's place."""
    batch = Batch()
    outlet, item = Outlet(MARKUP[0], SourceKind.ONLINE), ("0" * 64, None, None, MARKUP[1])
    document = batch.add_document(outlet, DocumentRow(*item, "", "0" * 64, f"{DAY}T00:00:00"))
    for number, title in enumerate(titles(MANY)):
        name, place = f"test:{number}", (title, title.casefold(), None, None, None)
        batch.events[name] = EventRow(title, DAY, DAY, DAY, DAY, DAY, EventType.AID, *place, name)
        batch.add_report(name, document, ReportRow(ReportRole.MAIN))
    with transaction.begin(store.engine, "tests") as begun:
        bulk.put(begun, batch)


@pytest.fixture(scope="module")
def hostile_store(templates: Templates) -> Iterator[Store]:
    with templates.copy("sqlite", "migrated") as store:
        fill(store)
        yield store


@pytest.fixture
def hostile(application: FastAPI, hostile_store: Store) -> Iterator[TestClient]:
    with talking_to(application, hostile_store) as client:
        yield client


# The titles that a reader of each format finds.


def of_json(bodies: Sequence[bytes]) -> list[str]:
    return [item["title"] for body in bodies for item in json.loads(body)["items"]]


def of_csv(bodies: Sequence[bytes]) -> list[str]:
    [body] = bodies
    header, *rows = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA_SIGNS)]
    assert {len(row) for row in rows} == {len(header)}
    return [row[header.index("title")] for row in rows]


def of_jsonl(bodies: Sequence[bytes]) -> list[str]:
    [body] = bodies
    return [json.loads(line)["title"] for line in body.splitlines()]


def of_parquet(bodies: Sequence[bytes]) -> list[str]:
    [body] = bodies
    result: list[str] = parquet.read_table(io.BytesIO(body)).column("title").to_pylist()
    return result


def of_geojson(bodies: Sequence[bytes]) -> list[str]:
    [body] = bodies
    return [feature["properties"]["title"] for feature in json.loads(body)["features"]]


def of_atom(bodies: Sequence[bytes]) -> list[str]:
    result = []
    for body in bodies:
        feed, parsed = etree.fromstring(body), feedparser.parse(body)
        entries = feed.findall(f"{ATOM}entry")
        assert len(entries) == len(parsed.entries)
        assert not parsed.bozo
        assert {element.tag for element in feed.iter()} <= {ATOM + name for name in _ATOM_ELEMENTS}
        result += [str(entry.findtext(f"{ATOM}title")) for entry in entries]
    return result


_ATOM_ELEMENTS = (
    "author", "category", "entry", "feed", "id", "link", "name", "published", "summary", "title", "updated",
)  # fmt: skip


def of_json_feed(bodies: Sequence[bytes]) -> list[str]:
    return [item["title"] for body in bodies for item in json.loads(body)["items"]]


def of_calendar(bodies: Sequence[bytes]) -> list[str]:
    [body] = bodies
    calendar, *events = icalendar.Calendar.from_ical(body.decode()).walk()
    assert calendar.name == "VCALENDAR"
    assert {event.name for event in events} == {"VEVENT"}
    assert not [event for event in events if event.errors]
    assert len({str(event["UID"]) for event in events}) == len(events)
    assert {name for event in events for name in event} <= _EVENT_PROPERTIES
    return [str(event["SUMMARY"]) for event in events]


_EVENT_PROPERTIES = {
    "CATEGORIES", "DESCRIPTION", "DTEND", "DTSTAMP", "DTSTART", "LOCATION", "SEQUENCE", "STATUS", "SUMMARY", "TRANSP",
    "UID", "URL",
}  # fmt: skip


def of_linked_data(bodies: Sequence[bytes]) -> list[str]:
    [body] = bodies
    _, *events = jsonld.expand(json.loads(body), {"documentLoader": graphs.loader({})})
    assert {kind for event in events for kind in event["@type"]} == {f"{SCHEMA}Event"}
    return [name["@value"] for event in events for name in event[f"{SCHEMA}name"]]


def of_annotations(bodies: Sequence[bytes]) -> list[str]:
    [body] = bodies
    annotations = json.loads(body)["first"]["items"]
    texts = [part for annotation in annotations for part in annotation["body"] if part["purpose"] == "describing"]
    return [text["value"] for text in texts]


READERS: dict[str, Callable[[Sequence[bytes]], list[str]]] = {
    JSON: of_json,
    "csv": of_csv,
    "jsonl": of_jsonl,
    "parquet": of_parquet,
    "geojson": of_geojson,
    "atom": of_atom,
    "jsonfeed": of_json_feed,
    "ics": of_calendar,
    "jsonld": of_linked_data,
    "annotations": of_annotations,
}

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_CALENDAR = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def quote_formula(title: str) -> str:
    return f"'{title}" if title.lstrip(" ").startswith(FORMULA_SIGNS) else title


def clean_for_calendar(title: str) -> str:
    # The calendar library takes a leading U+FEFF for a byte order mark.
    return _NO_CALENDAR.sub("\ufffd", title.replace("\r\n", "\n").replace("\r", "\n")).removeprefix("\ufeff")


# The changes of titles that a format cannot hold, or must not hold.
CHANGED: dict[str, Callable[[str], str]] = {
    "csv": quote_formula,
    "atom": lambda title: _NO_XML.sub("\ufffd", title),
    "ics": clean_for_calendar,
}


def address_in(name: str) -> str:
    """Return the address of the titles in this format: of the events, or of the reports if it has no events."""
    noun = "events" if name == JSON or FORMATS[name].can_write(EventPublic) else "reports"
    return f"/{noun}?format={name}"


def bodies(client: TestClient, name: str) -> Iterator[bytes]:
    """Yield the whole list, or its pages."""
    paged = name == JSON or FORMATS[name].paged
    address: str | None = address_in(name) + ("&limit=500" if paged else "")
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.text
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        yield response.content
        address = response.links.get("next", {}).get("url")


@pytest.mark.expensive("writes ten thousand titles in a format")
@pytest.mark.parametrize("name", [JSON, *FORMATS])
def test_format_holds_every_title_as_text(hostile: TestClient, name: str) -> None:
    received = READERS[name](list(bodies(hostile, name)))

    change = CHANGED.get(name, lambda title: title)
    lost = Counter(map(change, titles(MANY))) - Counter(received)
    assert (dict(lost), len(received)) == ({}, MANY)


# In a browser


class Watched:
    """A page, and the dialogs and forbidden requests of scripts that ran in it."""

    def __init__(self, browser: "Browser") -> None:
        self.page: Page = browser.new_page()
        self.seen: list[str] = []
        self.page.on("dialog", self._dismiss)
        self.page.on("request", self._note)

    def _dismiss(self, dialog: "Dialog") -> None:
        self.seen.append(dialog.message)
        dialog.dismiss()

    def _note(self, request: "Request") -> None:
        if request.url.endswith("/pwned"):
            self.seen.append(request.url)

    def check(self) -> None:
        self.page.wait_for_timeout(50)
        assert self.page.evaluate("window.pwned") is None
        assert self.seen == []

    def go(self, address: str) -> None:
        """Open the address; ignore that the browser saves a format which it cannot show."""
        from playwright.sync_api import Error as BrowserError

        try:
            self.page.goto(address)
        except BrowserError as error:
            if "Download is starting" not in str(error):
                raise


@pytest.fixture(scope="module")
def address(hostile_store: Store) -> Iterator[str]:
    with live(hostile_store) as server:
        yield server.address


@pytest.fixture
def watched(browser: "Browser") -> Iterator[Watched]:
    watched = Watched(browser)
    yield watched
    watched.page.close()


def test_markup_runs_when_it_is_a_page(watched: Watched) -> None:
    watched.page.set_content("".join(MARKUP))
    watched.page.wait_for_timeout(50)

    assert watched.seen
    assert watched.page.evaluate("window.pwned") == 1


def test_no_opened_address_runs_a_script(watched: Watched, address: str) -> None:
    paths = [f"{address_in(name)}&limit={SOME}" for name in (JSON, *FORMATS)]
    for path in (*paths, "/events/1", "/search?q=pwned&limit=100", "/changes?limit=100"):
        watched.go(address + path)
        watched.check()


_SHOW = """async ([atom, feed, search]) => {
    const read = async (address) => (await fetch(address)).text()
    const xml = new DOMParser().parseFromString(await read(atom), "application/xml")
    const atomTitles = [...xml.querySelectorAll("entry > title")].map((title) => title.textContent)
    const jsonTitles = JSON.parse(await read(feed)).items.map((item) => item.title)
    const add = (name) => document.body.appendChild(document.createElement(name))
    for (const title of [...atomTitles, ...jsonTitles]) add("li").textContent = title
    for (const hit of JSON.parse(await read(search)).items) add("p").innerHTML = hit.snippet
    return [atomTitles, jsonTitles, document.querySelectorAll("mark").length]
}"""


def test_page_with_titles_and_snippets_runs_no_script(watched: Watched, address: str) -> None:
    watched.go(f"{address}/healthz")
    paths = [f"/events?format={name}&limit={SOME}" for name in ("atom", "jsonfeed")] + ["/search?q=pwned&limit=500"]
    atom_titles, json_titles, mark_count = watched.page.evaluate(_SHOW, paths)

    watched.check()
    expected: list[Any] = httpx.get(f"{address}/events?limit={SOME}", trust_env=False).json()["items"]
    assert json_titles == [item["title"] for item in expected]
    assert len(atom_titles) == SOME
    assert mark_count > SOME
