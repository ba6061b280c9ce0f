"""Whole lists as streams: of one revision, as Parquet, and for clients that leave or are too many."""

import datetime as dt
import io
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pyarrow import Table, parquet, types

from app.api.routers import streams
from app.core.vocab import EventType
from app.schemas.event import EventCreate
from app.store import records, revisions
from tests.conftest import Store, Templates, talking_to
from tests.data.lists import LISTS, read

CROWD = streams.BATCH + 40
EVENTS = "/events?format=jsonl&sort=date"


class Listener:
    """A client that reads the first chunk of a stream and then pauses."""

    def __init__(self, client: TestClient, address: str) -> None:
        assert client.portal is not None
        self._portal: BlockingPortal = client.portal
        self._goes_on, self._leaves = (self._portal.call(anyio.Event) for _ in range(2))
        self._began = threading.Event()
        self._body: list[bytes] = []
        self.headers: dict[str, str] = {}
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [],
            "client": ("localhost", 1),
            "server": ("localhost", 80),
        }
        self._answered: Future[Any] = self._portal.start_task_soon(client.app, scope, self._receive, self._send)
        assert self._began.wait(60)

    async def _receive(self) -> dict[str, Any]:
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self._body.append(message["body"])
            self._began.set()
            with anyio.CancelScope(shield=True):  # like the send of a server, which cannot be cancelled
                await self._goes_on.wait()

    def rest(self) -> bytes:
        """Resume, and return the whole body."""
        self._portal.call(self._goes_on.set)
        self._answered.result(60)
        return b"".join(self._body)

    def leave(self) -> bytes:
        """Disconnect, and return the body received until now."""
        self._portal.call(self._leaves.set)
        return self.rest()


@pytest.fixture(scope="module")
def crowded_store(backend: str, templates: Templates) -> Iterator[Store]:
    """Yield a store with more events than a batch of a stream."""
    with templates.copy(backend, "migrated") as store:
        with revisions.write(store.engine, author="tests", message="") as session:
            for number in range(CROWD):
                records.add_event(session, EventCreate(title=f"{number}", date="2024-01-01", type=EventType.PROTEST))
        yield store


@pytest.fixture
def crowd(application: FastAPI, crowded_store: Store) -> Iterator[TestClient]:
    with talking_to(application, crowded_store) as client:
        client.headers |= crowded_store.key()
        yield client


@contextmanager
def listening(client: TestClient, number: int) -> Iterator[list[Listener]]:
    listeners = [Listener(client, EVENTS) for _ in range(number)]
    yield listeners
    for listener in listeners:
        assert len(listener.leave().splitlines()) == streams.BATCH


def read_table(client: TestClient, address: str) -> Table:
    response = client.get(address)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/vnd.apache.parquet"
    return parquet.read_table(io.BytesIO(response.content))


def test_stream_lacks_records_created_during_it(crowd: TestClient) -> None:
    before = read(crowd, "/events?sort=date&limit=1&count=exact")["count"]
    listener = Listener(crowd, EVENTS)
    made = crowd.post("/events", json={"title": "Late", "date": "2030-01-01", "type": "protest"})
    late = crowd.get(EVENTS)
    streamed = listener.rest().splitlines()

    assert made.status_code == 201
    assert len(streamed) == before >= CROWD
    assert len(late.content.splitlines()) == before + 1
    assert listener.headers["dateline-revision"] < late.headers["Dateline-Revision"]
    assert listener.headers["etag"] != late.headers["ETag"]


def test_client_that_leaves_frees_its_connection(crowd: TestClient, crowded_store: Store) -> None:
    with listening(crowd, 2):
        during = crowded_store.engine.pool.checkedout()  # type: ignore[attr-defined]
    after = crowded_store.engine.pool.checkedout()  # type: ignore[attr-defined]

    assert during - after == 2


def test_stream_above_the_limit_is_a_503(crowd: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 0.2)
    with listening(crowd, streams.MAX_STREAMS):
        refused = crowd.get(EVENTS)
        page = crowd.get("/events?format=csv&limit=1")
    after = crowd.get(EVENTS)

    assert (refused.status_code, refused.json()["type"]) == (503, "urn:dateline:problem:busy")
    assert refused.headers["Retry-After"]
    assert (page.status_code, after.status_code) == (200, 200)


@pytest.mark.expensive("asks every list")
def test_parquet_has_the_flat_rows(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in LISTS:
        with subtests.test(list_.address):
            table = read_table(reader, list_.query("format=parquet"))
            rows = read(reader, list_.query("flat=true&limit=500"))["items"]

            assert table.num_rows == len(rows) > 0
            for actual, row in zip(table.to_pylist(), rows, strict=True):
                assert list(actual) == list(row)
                assert {name: as_json(value) for name, value in actual.items()} == row


def as_json(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, dt.date) else value


def test_parquet_columns_have_the_types_of_the_fields(reader: TestClient) -> None:
    events = read_table(reader, "/events?format=parquet").schema
    revisions = read_table(reader, "/revisions?format=parquet").schema
    statements = read_table(reader, "/statements?format=parquet").schema

    assert types.is_int64(events.field("id").type)
    assert types.is_float64(events.field("place_latitude").type)
    assert types.is_date32(events.field("date_earliest").type)
    assert types.is_string(events.field("date_edtf").type)
    assert types.is_string(events.field("sources").type)
    assert types.is_boolean(statements.field("translated").type)
    assert revisions.field("revised_at").type.tz == "UTC"


def test_parquet_of_an_empty_list_has_its_columns(reader: TestClient) -> None:
    empty, full = (read_table(reader, f"/events?format=parquet{more}") for more in ("&date=1900-01-01", ""))

    assert empty.num_rows == 0
    assert empty.schema == full.schema


def test_parquet_with_a_limit_links_to_the_next_page(reader: TestClient) -> None:
    response = reader.get("/events?format=parquet&limit=2")
    second = read_table(reader, response.links["next"]["url"])
    both = read_table(reader, "/events?format=parquet&limit=4")

    assert parquet.read_table(io.BytesIO(response.content)).to_pylist() + second.to_pylist() == both.to_pylist()


def test_parquet_of_several_batches_has_all_rows(crowd: TestClient) -> None:
    ids = read_table(crowd, "/events?format=parquet&sort=date").column("id").to_pylist()

    assert ids == [item["id"] for item in map(json.loads, crowd.get(EVENTS).text.splitlines())]


@pytest.mark.parametrize("text", ["=1+1", "\t@x", 'a "b", c\r\nd', "\u202eمرحبا 👩🏽‍🚀", "\x01\x1f;"])
def test_parquet_keeps_texts_unchanged(crowd: TestClient, text: str) -> None:
    made = crowd.post("/events", json={"title": text, "summary": text, "date": "2031-01-01", "type": "protest"})
    [row] = read_table(crowd, "/events?format=parquet&sort=-date&limit=1").to_pylist()

    assert (made.status_code, row["title"], row["summary"]) == (201, text, text)


def test_accept_header_selects_parquet(reader: TestClient) -> None:
    response = reader.get("/sources", headers={"Accept": "application/vnd.apache.parquet, application/json;q=0.5"})

    assert response.headers["Content-Type"] == "application/vnd.apache.parquet"


@pytest.mark.parametrize("limit", ["", "&limit=1"])
def test_parquet_without_its_library_is_a_501(reader: TestClient, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    response = reader.get(f"/sources?format=parquet{limit}")

    assert (response.status_code, response.json()["type"]) == (501, "urn:dateline:problem:not-installed")
    assert "ETag" not in response.headers
