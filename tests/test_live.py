"""The live stream: every change once, in its order, whatever becomes of the connection in between."""

import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from app.api.web import live
from app.core.vocab import Scope
from app.database.engine import open_write_transaction
from app.schemas.event import EventCreate
from app.store import api_keys, records, revisions
from tests.conftest import Store, Templates
from tests.serving import live as over_http
from tests.test_cli import serving
from tests.test_openapi import OPERATIONS

Body = dict[str, Any]

PATH = "/changes/stream"


@dataclass
class Server:
    """The application on a store of its own, over real HTTP."""

    address: str
    application: FastAPI
    store: Store
    http: httpx.Client

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def changes(self, since: int) -> list[Body]:
        """What `/changes` shows of the revisions after ``since``, page by page."""
        found: list[Body] = []
        then: str | None = f"/changes?since={since}&limit=500"
        while then is not None:
            page = self.http.get(then).json()
            found, then = found + page["items"], page["next"]
        return found

    @property
    def revision(self) -> int:
        return int(self.http.get("/revisions?limit=1").headers["Dateline-Revision"])

    def event(self, number: int = 1, **fields: Any) -> str:
        """The address of a new event."""
        body = {"title": f"Event {number}", "date": "2024-06-19", "type": "consult"} | fields
        answer = self.http.post("/events", json=body)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def events(self, count: int) -> None:
        """New events, all in one revision."""
        body = EventCreate.model_validate({"title": "One of many", "date": "2024-06-19", "type": "consult"})
        with revisions.write(self.store.engine, author="tests", message="many") as session:
            records.add_events(session, [body] * count)

    @contextmanager
    def listening(self, query: str = "", **headers: str) -> Iterator["Listener"]:
        with self.http.stream("GET", f"{PATH}{query}", headers=headers) as response:
            assert response.status_code == 200, response.read()
            yield Listener(response)


class Listener:
    """One who reads a stream of server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()
        [(_, self.last)] = self.blocks(1)

    def blocks(self, count: int) -> list[tuple[Body | None, str]]:
        """The next blocks: what each tells, if it is no sign of life, and its id."""
        found = []
        for _ in range(count):
            fields: dict[str, str] = {}
            while line := next(self._lines):
                name, _, value = line.partition(":")
                assert name not in fields
                fields[name] = value.removeprefix(" ")
            assert fields.get("event", "change") == "change"
            self.last = fields["id"]
            found.append((orjson.loads(fields["data"]) if "data" in fields else None, self.last))
        return found

    def take(self, count: int) -> list[Body]:
        """The next changes."""
        found: list[Body] = []
        while len(found) < count:
            found += [told for told, _ in self.blocks(1) if told is not None]
        return found

    def ends(self) -> bool:
        """Whether the stream ends, in good order, with nothing more told."""
        return [line for line in self._lines if line.startswith("data")] == []


@contextmanager
def served(store: Store) -> Iterator[Server]:
    with (
        over_http(store) as running,
        httpx.Client(base_url=running.address, headers=store.key(), trust_env=False, timeout=20) as http,
    ):
        yield Server(running.address, running.application, store, http)


@pytest.fixture(scope="module")
def server(backend: str, templates: Templates) -> Iterator[Server]:
    with templates.copy(backend, "migrated") as store, served(store) as running:
        yield running


# Nothing is lost, nothing comes twice


def test_who_listens_is_told_of_each_change_as_it_is_committed(server: Server) -> None:
    since = server.revision
    with server.listening() as listener:
        assert listener.last == str(since)
        writer = Thread(target=lambda: [server.event(number) for number in range(12)])
        writer.start()
        told = listener.take(12)
        writer.join()

    assert told == server.changes(since)
    assert [change["operation"] for change in told] == ["create"] * 12


def test_a_revision_of_a_thousand_changes_is_resumed_in_its_midst(server: Server) -> None:
    since = server.revision
    server.events(1000)
    with server.listening(f"?since={since}") as listener:
        told = listener.take(333)
    server.http.delete(f"/events/{told[5]['id']}")
    server.http.patch(f"/events/{told[-1]['id']}", json={"title": "Another"})
    server.http.patch(f"/events/{told[-1]['id'] + 1}", json={"title": "Another"})
    with server.listening(**{"Last-Event-ID": listener.last}) as listener:
        told += listener.take(1000 - 333 + 3)

    assert told == server.changes(since)


# What is written, and how many changes are read before the connection breaks.
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "create", "update", "delete", "many"]), st.integers(0, 9))
    | st.tuples(st.just("read"), st.integers(0, 30)),
    min_size=2,
    max_size=12,
)


def write(server: Server, what: str, number: int) -> None:
    """One write; of a record that is there, if it changes or deletes one."""
    there = [item["id"] for item in server.http.get("/events?limit=10").json()["items"]]
    if what == "many":
        server.events(number + 2)
    elif what == "create" or not there:
        server.event(number)
    elif what == "update":
        server.http.patch(f"/events/{there[number % len(there)]}", json={"title": f"Another {time.monotonic_ns()}"})
    else:
        server.http.delete(f"/events/{there[number % len(there)]}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(steps=STEPS)
def test_whatever_is_written_and_however_often_the_connection_breaks(
    server: Server, steps: Sequence[tuple[str, int]]
) -> None:
    since = server.revision
    told: list[Body] = []
    last = str(since)
    for what, number in [*steps, ("read", 10**6)]:
        if what != "read":
            write(server, what, number)
            continue
        waiting = len(server.changes(since)) - len(told)
        with server.listening(**{"Last-Event-ID": last}) as listener:
            told += listener.take(min(number, waiting))
        last = listener.last

    assert told == server.changes(since)


class Breaking:
    """A proxy whose connections break: each after as many bytes of the answer as are named, the last never."""

    def __init__(self, port: int, *after: int) -> None:
        self._port = port
        self._after = list(after)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            inside = socket.create_connection(("127.0.0.1", self._port))
            self._open += [client, inside]
            after = self._after.pop(0) if self._after else None
            for one, other, most in ((client, inside, None), (inside, client, after)):
                threading.Thread(target=self._pass_on, args=(one, other, most), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, most: int | None) -> None:
        passed = 0
        try:
            while (piece := one.recv(4096)) and (most is None or passed < most):
                other.sendall(piece[: None if most is None else most - passed])
                passed += len(piece)
        except OSError:
            pass
        for each in (one, other):
            with closing(each):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


@pytest.mark.before_the_database
def test_a_browser_misses_nothing_through_broken_connections(server: Server, browser: Browser) -> None:
    since = server.revision
    server.events(400)
    with closing(Breaking(server.port, 20_000, 1_000)) as proxy:
        page = browser.new_page()
        page.evaluate(
            """url => {
                window.told = []
                new EventSource(url).addEventListener("change", event => told.push(event.data))
            }""",
            f"http://127.0.0.1:{proxy.port}{PATH}?since={since}",
        )
        page.wait_for_function("told.length >= 400")
        server.event()
        page.wait_for_function("told.length >= 401")
        told = [orjson.loads(each) for each in page.evaluate("told")]
        page.close()

    assert told == server.changes(since)
    assert proxy.connections == 3


# What is followed


def test_only_what_is_followed_is_told(server: Server) -> None:
    since = server.revision
    made = server.event()
    server.http.patch(made, json={"title": "Another"})
    server.http.post("/sources", json={"name": f"Herald {since}", "kind": "newspaper"})
    server.http.delete(made)
    there = server.changes(since)

    for query, followed in (
        ("noun=sources", ["create"]),
        ("noun=events,sources&operation=create,delete", ["create", "create", "delete"]),
        ("noun=events&operation=update", ["update"]),
    ):
        with server.listening(f"?since={since}&{query}") as listener:
            told = listener.take(len(followed))
        assert [each["operation"] for each in told] == followed
        assert all(each in there for each in told)


def test_a_search_is_followed_with_what_it_finds_as_that_is_now(server: Server) -> None:
    server.http.post("/searches", json={"name": "Korea", "noun": "events", "query": "country=KP,KR"})
    moved = server.event(3, country="FR")
    with server.listening("?search=korea") as listener:
        server.event(1, country="FR")
        server.http.post("/sources", json={"name": f"Herald {server.revision}", "kind": "newspaper"})
        found = server.event(2, country="KP")
        [created] = listener.take(1)
        item = server.http.get(found).json()
        assert (created["operation"], created["item"]) == ("create", item)

        server.http.patch(moved, json={"country": "KR"})
        server.http.delete(found)
        updated, deleted = listener.take(2)
        assert (updated["operation"], updated["item"]["id"]) == ("update", int(moved.rpartition("/")[2]))
        assert (deleted["operation"], deleted.get("item")) == ("delete", None)

        server.http.patch("/searches/korea", json={"query": "country=FR"})
        elsewhere = server.event(4, country="FR")
        assert listener.take(1)[0]["item"] == server.http.get(elsewhere).json()

        server.http.delete("/searches/korea")
        assert listener.ends()
    assert_refused(server, "search", params={"search": "korea"})


def assert_refused(server: Server, field: str, **request: Any) -> None:
    """A 422, and no stream, that names what is wrong."""
    answer = server.http.get(PATH, **request)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


# Where it begins


@pytest.mark.before_the_database
@pytest.mark.parametrize("last", ["x", "-1", "1-", "1-x", "01", "1-2-3", "1_0", "1.5", "9" * 19, "1-" + "9" * 19, "٣"])
def test_an_id_that_was_never_given_is_refused(server: Server, last: str) -> None:
    assert_refused(server, "last_event_id", params={"last_event_id": last})
    assert_refused(server, "Last-Event-ID", headers={b"Last-Event-ID": last.encode()})


@pytest.mark.before_the_database
def test_what_this_store_has_not_come_to_is_refused(server: Server) -> None:
    assert_refused(server, "since", params={"since": "999999999"})
    assert_refused(server, "last_event_id", params={"last_event_id": "999999999-1"})


def test_the_header_beats_the_address_which_a_browser_repeats(server: Server) -> None:
    first = server.event(1)
    since = server.revision
    server.event(2)

    for query, headers in (
        ("?since=0", {"Last-Event-ID": str(since)}),
        (f"?since=0&last_event_id={since}", {}),
        (f"?since={since}", {}),
    ):
        with server.listening(query, **headers) as listener:
            assert listener.take(1) == server.changes(since)[:1]
    assert first not in str(server.changes(since))


# Who may listen, and how it ends


@pytest.mark.before_the_database
def test_a_key_that_is_revoked_ends_its_stream(server: Server) -> None:
    with open_write_transaction(server.store.engine) as session:
        _, key = api_keys.create_key(session, name="reader", scopes=[Scope.READ])
    with server.listening(Authorization=f"Bearer {key}") as listener:
        server.event()
        assert len(listener.take(1)) == 1
        with open_write_transaction(server.store.engine) as session:
            api_keys.revoke_key(session, key.split("_")[1])
        server.event()
        assert listener.ends()


@pytest.mark.before_the_database
def test_where_reads_need_a_key_so_does_the_stream(server: Server, private: None) -> None:
    with open_write_transaction(server.store.engine) as session:
        _, token = api_keys.create_key(session, name="reader", scopes=[Scope.FEEDS])

    with httpx.Client(base_url=server.address, trust_env=False) as anybody:
        assert anybody.get(PATH).status_code == 401
        assert anybody.head(PATH, params={"token": token}).status_code == 200
        assert anybody.head(PATH, headers=server.store.key(Scope.READ)).status_code == 200


@pytest.mark.before_the_database
def test_a_token_follows_a_search_only_if_it_may_read_the_search(server: Server, private: None) -> None:
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
    """Nobody may read without a key: said to a server that runs, since to make another takes longer."""
    state = server.application.state
    before, state.settings = state.settings, state.settings.model_copy(update={"public_reads": False})
    yield
    state.settings = before


@pytest.mark.before_the_database
def test_who_waits_gets_a_sign_of_life_and_how_far_it_has_come(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE", 0.3)
    with server.listening("?noun=sources") as listener:
        began = int(listener.last)
        server.event()
        while listener.last == str(began):
            [(told, _)] = listener.blocks(1)
            assert told is None
        assert listener.last == str(began + 1)


def test_as_many_listen_as_can_and_none_of_them_holds_a_connection(server: Server) -> None:
    opened: list[socket.socket] = []
    try:
        for _ in range(live.MAX_LISTENERS):
            opened.append(socket.create_connection(("127.0.0.1", server.port)))
            opened[-1].sendall(b"GET /changes/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for each in opened:
            assert b"200 OK" in each.recv(4096)
        refused = server.http.get(PATH)

        assert (refused.status_code, refused.json()["type"]) == (503, "urn:dateline:problem:busy")
        assert refused.headers["Retry-After"] == "10"
        time.sleep(2 * live.POLL_INTERVAL)
        assert server.application.state.read_pool.engine.pool.checkedout() == 0
    finally:
        for each in opened:
            each.close()
    for _ in range(100):
        if server.http.head(PATH).status_code == 200:
            return
        time.sleep(0.05)
    pytest.fail("the places of those who left are not free again")


@pytest.mark.before_the_database
def test_it_may_be_read_from_any_page_and_is_kept_nowhere(server: Server) -> None:
    with server.listening(Origin="https://example.org") as listener:
        headers = listener.response.headers

    assert headers["Content-Type"].startswith("text/event-stream")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert "ETag" not in headers
    assert server.http.head(PATH).headers["Content-Type"] == headers["Content-Type"]
    assert "text/event-stream" in OPERATIONS[f"GET {PATH}"]["responses"]["200"]["content"]


@pytest.mark.before_the_database
def test_a_server_that_is_to_end_does_not_wait_for_streams(empty_store: Store) -> None:
    with (
        serving(empty_store.url) as running,
        httpx.Client(base_url=running.address, trust_env=False, timeout=20) as http,
        http.stream("GET", PATH) as response,
    ):
        listener = Listener(response)
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert listener.ends()
        running.process.wait(10)

        assert time.monotonic() - began < 5  # it would wait for ten
        assert "Traceback" not in running.output
