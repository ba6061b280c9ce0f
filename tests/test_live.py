"""The live stream: every change once and in order, even on broken connections."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from hypothesis import settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from app.api.web import live
from app.core.vocab import Scope
from app.database.engine import open_write_transaction
from app.schemas.event import EventCreate
from app.store import api_keys, records, revisions
from tests.conftest import Store, Templates
from tests.properties import for_all, shares_a_store
from tests.serving import live as over_http
from tests.test_cli import serving
from tests.test_openapi import OPERATIONS

Body = dict[str, Any]

PATH = "/changes/stream"


@dataclass
class Server:
    """The application and its store, over real HTTP."""

    address: str
    application: FastAPI
    store: Store
    http: httpx.Client

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def changes(self, since: int) -> list[Body]:
        """Return the changes after the revision ``since`` from `/changes`, page by page."""
        changes: list[Body] = []
        address: str | None = f"/changes?since={since}&limit=500"
        while address is not None:
            page = self.http.get(address).json()
            changes += page["items"]
            address = page["next"]
        return changes

    @property
    def revision(self) -> int:
        return int(self.http.get("/revisions?limit=1").headers["Dateline-Revision"])

    def create_event(self, number: int = 1, **fields: Any) -> str:
        """Create an event and return its address."""
        body = {"title": f"Event {number}", "date": "2024-06-19", "type": "consult"} | fields
        answer = self.http.post("/events", json=body)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def create_events(self, count: int) -> None:
        """Create events in one revision."""
        body = EventCreate.model_validate({"title": "One of many", "date": "2024-06-19", "type": "consult"})
        with revisions.write(self.store.engine, author="tests", message="many") as session:
            records.add_events(session, [body] * count)

    @contextmanager
    def listening(self, query: str = "", **headers: str) -> Iterator["Listener"]:
        with self.http.stream("GET", f"{PATH}{query}", headers=headers) as response:
            assert response.status_code == 200, response.read()
            yield Listener(response)


class Listener:
    """A reader of a stream of server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()
        [(_, self.last)] = self.blocks(1)

    def blocks(self, count: int) -> list[tuple[Body | None, str]]:
        """Return the next blocks: the change, or None for a keep-alive, and the id."""
        blocks = []
        for _ in range(count):
            fields: dict[str, str] = {}
            while line := next(self._lines):
                name, _, value = line.partition(":")
                assert name not in fields
                fields[name] = value.removeprefix(" ")
            assert fields.get("event", "change") == "change"
            self.last = fields["id"]
            blocks.append((orjson.loads(fields["data"]) if "data" in fields else None, self.last))
        return blocks

    def take(self, count: int) -> list[Body]:
        """Return the next changes."""
        changes: list[Body] = []
        while len(changes) < count:
            changes += [change for change, _ in self.blocks(1) if change is not None]
        return changes

    def ends(self) -> bool:
        """Tell whether the stream ends without another change."""
        return [line for line in self._lines if line.startswith("data")] == []


@contextmanager
def served(store: Store) -> Iterator[Server]:
    with (
        over_http(store) as running,
        httpx.Client(base_url=running.address, headers=store.key(), trust_env=False, timeout=60) as http,
    ):
        yield Server(running.address, running.application, store, http)


@pytest.fixture(scope="module")
def server(backend: str, templates: Templates) -> Iterator[Server]:
    with templates.copy(backend, "migrated") as store, served(store) as running:
        yield running


# Every change once


def test_listener_receives_each_change_once_committed(server: Server) -> None:
    since = server.revision
    with server.listening() as listener:
        assert listener.last == str(since)
        writer = Thread(target=lambda: [server.create_event(number) for number in range(12)])
        writer.start()
        received = listener.take(12)
        writer.join()

    assert received == server.changes(since)
    assert [change["operation"] for change in received] == ["create"] * 12


def test_stream_resumes_within_a_large_revision(server: Server) -> None:
    since = server.revision
    server.create_events(1000)
    with server.listening(f"?since={since}") as listener:
        received = listener.take(333)
    server.http.delete(f"/events/{received[5]['id']}")
    server.http.patch(f"/events/{received[-1]['id']}", json={"title": "Another"})
    server.http.patch(f"/events/{received[-1]['id'] + 1}", json={"title": "Another"})
    with server.listening(**{"Last-Event-ID": listener.last}) as listener:
        received += listener.take(1000 - 333 + 3)

    assert received == server.changes(since)


# Writes, and numbers of changes to read before the connection breaks.
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "create", "update", "delete", "many"]), st.integers(0, 9))
    | st.tuples(st.just("read"), st.integers(0, 30)),
    min_size=2,
    max_size=12,
)


def write(server: Server, operation: str, number: int) -> None:
    """Do one write; update and delete change one of the records, if there are any."""
    ids = [item["id"] for item in server.http.get("/events?limit=10").json()["items"]]
    if operation == "many":
        server.create_events(number + 2)
    elif operation == "create" or not ids:
        server.create_event(number)
    elif operation == "update":
        server.http.patch(f"/events/{ids[number % len(ids)]}", json={"title": f"Another {time.monotonic_ns()}"})
    else:
        server.http.delete(f"/events/{ids[number % len(ids)]}")


@settings(shares_a_store, max_examples=8)
@for_all(steps=STEPS)
def test_resumed_stream_has_every_change_once(server: Server, steps: Sequence[tuple[str, int]]) -> None:
    since = server.revision
    received: list[Body] = []
    last = str(since)
    for operation, number in [*steps, ("read", 10**6)]:
        if operation != "read":
            write(server, operation, number)
            continue
        waiting = len(server.changes(since)) - len(received)
        with server.listening(**{"Last-Event-ID": last}) as listener:
            received += listener.take(min(number, waiting))
        last = listener.last

    assert received == server.changes(since)


class BreakingProxy:
    """A proxy that breaks its connections after these numbers of bytes of the answers, and then no more."""

    def __init__(self, port: int, *limits: int) -> None:
        self._port = port
        self._limits = list(limits)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            self._open += [client, server]
            limit = self._limits.pop(0) if self._limits else None
            for source, target, most in ((client, server, None), (server, client, limit)):
                threading.Thread(target=self._forward, args=(source, target, most), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, most: int | None) -> None:
        passed = 0
        try:
            while (piece := source.recv(4096)) and (most is None or passed < most):
                target.sendall(piece[: None if most is None else most - passed])
                passed += len(piece)
        except OSError:
            pass
        for connection in (source, target):
            with closing(connection):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


@pytest.mark.before_the_database
def test_browser_misses_nothing_on_broken_connections(server: Server, browser: Browser) -> None:
    since = server.revision
    server.create_events(400)
    with closing(BreakingProxy(server.port, 20_000, 1_000)) as proxy:
        page = browser.new_page()
        page.evaluate(
            """url => {
                window.received = []
                new EventSource(url).addEventListener("change", event => received.push(event.data))
            }""",
            f"http://127.0.0.1:{proxy.port}{PATH}?since={since}",
        )
        page.wait_for_function("received.length >= 400", timeout=60_000)
        server.create_event()
        page.wait_for_function("received.length >= 401", timeout=60_000)
        received = [orjson.loads(change) for change in page.evaluate("received")]
        page.close()

    assert received == server.changes(since)
    assert proxy.connections == 3


# Filters


def test_stream_has_only_followed_nouns_and_operations(server: Server) -> None:
    since = server.revision
    address = server.create_event()
    server.http.patch(address, json={"title": "Another"})
    server.http.post("/sources", json={"name": f"Herald {since}", "kind": "newspaper"})
    server.http.delete(address)
    changes = server.changes(since)

    for query, operations in (
        ("noun=sources", ["create"]),
        ("noun=events,sources&operation=create,delete", ["create", "create", "delete"]),
        ("noun=events&operation=update", ["update"]),
    ):
        with server.listening(f"?since={since}&{query}") as listener:
            received = listener.take(len(operations))
        assert [change["operation"] for change in received] == operations
        assert all(change in changes for change in received)


def test_stream_of_a_search_has_its_current_items(server: Server) -> None:
    server.http.post("/searches", json={"name": "Korea", "noun": "events", "query": "country=KP,KR"})
    moved = server.create_event(3, country="FR")
    with server.listening("?search=korea") as listener:
        server.create_event(1, country="FR")
        server.http.post("/sources", json={"name": f"Herald {server.revision}", "kind": "newspaper"})
        matching = server.create_event(2, country="KP")
        [created] = listener.take(1)
        item = server.http.get(matching).json()
        assert (created["operation"], created["item"]) == ("create", item)

        server.http.patch(moved, json={"country": "KR"})
        server.http.delete(matching)
        updated, deleted = listener.take(2)
        assert (updated["operation"], updated["item"]["id"]) == ("update", int(moved.rpartition("/")[2]))
        assert (deleted["operation"], deleted.get("item")) == ("delete", None)

        server.http.patch("/searches/korea", json={"query": "country=FR"})
        elsewhere = server.create_event(4, country="FR")
        assert listener.take(1)[0]["item"] == server.http.get(elsewhere).json()

        server.http.delete("/searches/korea")
        assert listener.ends()
    assert_refused(server, "search", params={"search": "korea"})


def assert_refused(server: Server, field: str, **request: Any) -> None:
    """Assert that the response is a 422 with this field."""
    answer = server.http.get(PATH, **request)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


# The start of a stream


@pytest.mark.before_the_database
def test_malformed_last_event_id_is_a_422(server: Server, subtests: pytest.Subtests) -> None:
    for last in ("x", "-1", "1-", "1-x", "01", "1-2-3", "1_0", "1.5", "9" * 19, "1-" + "9" * 19, "٣"):
        with subtests.test(last):
            assert_refused(server, "last_event_id", params={"last_event_id": last})
            assert_refused(server, "Last-Event-ID", headers={b"Last-Event-ID": last.encode()})


@pytest.mark.before_the_database
def test_future_revision_is_a_422(server: Server) -> None:
    assert_refused(server, "since", params={"since": "999999999"})
    assert_refused(server, "last_event_id", params={"last_event_id": "999999999-1"})


def test_last_event_id_header_precedes_the_query(server: Server) -> None:
    first = server.create_event(1)
    since = server.revision
    server.create_event(2)

    for query, headers in (
        ("?since=0", {"Last-Event-ID": str(since)}),
        (f"?since=0&last_event_id={since}", {}),
        (f"?since={since}", {}),
    ):
        with server.listening(query, **headers) as listener:
            assert listener.take(1) == server.changes(since)[:1]
    assert first not in str(server.changes(since))


# Keys, limits and the end of a stream


@pytest.mark.before_the_database
def test_revoked_key_ends_its_stream(server: Server) -> None:
    with open_write_transaction(server.store.engine) as session:
        _, key = api_keys.create_key(session, name="reader", scopes=[Scope.READ])
    with server.listening(Authorization=f"Bearer {key}") as listener:
        server.create_event()
        assert len(listener.take(1)) == 1
        with open_write_transaction(server.store.engine) as session:
            api_keys.revoke_key(session, key.split("_")[1])
        server.create_event()
        assert listener.ends()


@pytest.mark.before_the_database
def test_private_stream_without_a_key_is_a_401(server: Server, private: None) -> None:
    with open_write_transaction(server.store.engine) as session:
        _, token = api_keys.create_key(session, name="reader", scopes=[Scope.FEEDS])

    with httpx.Client(base_url=server.address, trust_env=False) as anybody:
        assert anybody.get(PATH).status_code == 401
        assert anybody.head(PATH, params={"token": token}).status_code == 200
        assert anybody.head(PATH, headers=server.store.key(Scope.READ)).status_code == 200


@pytest.mark.before_the_database
def test_token_without_access_to_a_search_is_a_403(server: Server, private: None) -> None:
    assert server.http.post("/searches", json={"name": "Everything", "noun": "events", "query": ""}).status_code == 201

    for paths, plain, search in (
        (["/changes/stream"], 200, 403),
        (["/searches/everything"], 403, 403),
        (["/changes/stream", "/searches/everything"], 200, 200),
    ):
        with open_write_transaction(server.store.engine) as session:
            _, token = api_keys.create_key(session, name="reader", scopes=[Scope.FEEDS], paths=paths)
        with httpx.Client(base_url=server.address, params={"token": token}, trust_env=False) as reader:
            assert reader.head(PATH).status_code == plain
            assert reader.head(PATH, params={"search": "everything"}).status_code == search


@pytest.fixture
def private(server: Server) -> Iterator[None]:
    """Make reads private on the running server, which is quicker than a new one."""
    state = server.application.state
    before, state.settings = state.settings, state.settings.model_copy(update={"public_reads": False})
    yield
    state.settings = before


@pytest.mark.before_the_database
def test_keep_alive_has_the_latest_revision(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE", 0.3)
    with server.listening("?noun=sources") as listener:
        began = int(listener.last)
        server.create_event()
        while listener.last == str(began):
            [(change, _)] = listener.blocks(1)
            assert change is None
        assert listener.last == str(began + 1)


def test_listener_above_the_limit_is_a_503(server: Server) -> None:
    connections: list[socket.socket] = []
    try:
        for _ in range(live.MAX_LISTENERS):
            connections.append(socket.create_connection(("127.0.0.1", server.port)))
            connections[-1].sendall(b"GET /changes/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for connection in connections:
            assert b"200 OK" in connection.recv(4096)
        refused = server.http.get(PATH)

        assert (refused.status_code, refused.json()["type"]) == (503, "urn:dateline:problem:busy")
        assert refused.headers["Retry-After"] == "10"
        time.sleep(2 * live.POLL_INTERVAL)
        assert server.application.state.read_pool.engine.pool.checkedout() == 0
    finally:
        for connection in connections:
            connection.close()
    assert wait_until(lambda: server.http.head(PATH).status_code == 200), "closed connections still count"


def wait_until(condition: Callable[[], bool]) -> bool:
    """Wait until the condition holds, for 60 s at most, and tell whether it does."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.before_the_database
def test_stream_has_cors_and_no_store_headers(server: Server) -> None:
    with server.listening(Origin="https://example.org") as listener:
        headers = listener.response.headers

    assert headers["Content-Type"].startswith("text/event-stream")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert "ETag" not in headers
    assert server.http.head(PATH).headers["Content-Type"] == headers["Content-Type"]
    assert "text/event-stream" in OPERATIONS[f"GET {PATH}"]["responses"]["200"]["content"]


@pytest.mark.expensive("starts processes of the command")
@pytest.mark.before_the_database
def test_terminated_server_ends_its_streams(empty_store: Store) -> None:
    """Read the stream to its last chunk: a server that waits for its listeners cuts them off without one."""
    with (
        serving(empty_store.url) as running,
        httpx.Client(base_url=running.address, trust_env=False, timeout=60) as http,
        http.stream("GET", PATH) as response,
    ):
        listener = Listener(response)
        running.process.send_signal(signal.SIGTERM)
        assert listener.ends()
        running.process.wait(60)
        assert "graceful shutdown exceeded" not in running.output
        assert "Traceback" not in running.output
