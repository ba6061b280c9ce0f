"""What a read costs the server: CPU seconds a request, in process, beside those of a raw "hello world".

``make bench`` runs it. The cases take turns, so that a busy machine slows all of them alike; the least of
the rounds counts. ``DATELINE_BENCH_EVENTS`` sets the size of the store; the figures go to the file that
``DATELINE_BENCH_JSON`` names.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import create_app
from tests.benchmarks.generate import LAST_DAY, fill
from tests.conftest import Store, Templates, settings_for

EVENTS = int(os.environ.get("DATELINE_BENCH_EVENTS", "3000"))
ROUNDS = 7
REQUESTS = 20  # of each case in a round


async def hello_world(scope: Scope, receive: Receive, send: Send) -> None:
    """The least that an ASGI application can do."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Hello, world!"})


@dataclass
class Case:
    """One request, and what it cost in each round."""

    name: str
    app: ASGIApp
    address: str
    status: int
    tag: bytes | None = None
    seconds: list[float] = field(default_factory=list)

    async def request(self) -> tuple[int, dict[bytes, bytes], int]:
        """Status, headers and size of the answer."""
        path, _, query = self.address.partition("?")
        headers = [(b"host", b"localhost")] + ([(b"if-none-match", self.tag)] if self.tag else [])
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
        }
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        size = sum(len(message.get("body", b"")) for message in messages[1:])
        return messages[0]["status"], dict(messages[0]["headers"]), size

    async def measure(self) -> None:
        """One round: CPU seconds of the whole process, its worker threads included."""
        started = time.process_time()
        for _ in range(REQUESTS):
            status, _, _ = await self.request()
            assert status == self.status
        self.seconds.append((time.process_time() - started) / REQUESTS)

    @property
    def least(self) -> float:
        return min(self.seconds)


@pytest.fixture(scope="module")
def filled_store(backend: str, templates: Templates) -> Iterator[Store]:
    with templates.copy(backend, "migrated") as copy:
        fill(copy.engine, EVENTS)
        yield copy


@asynccontextmanager
async def cases_of(store: Store) -> AsyncIterator[list[Case]]:
    app = create_app(settings_for(store.url))
    day = Case("a day's events, a page of 50", app, f"/events?date={LAST_DAY.isoformat()}", 200)
    said = Case("a speaker's statements, a page of 50", app, "/statements?speaker=speaker-1", 200)
    again = Case("the day's events, not changed", app, day.address, 304)
    again.tag = (await day.request())[1][b"etag"]
    try:
        yield [Case("hello world, raw ASGI", hello_world, "/", 200), day, said, again]
    finally:
        app.state.engine.dispose()


async def measured(store: Store) -> list[Case]:
    async with cases_of(store) as cases:
        for case in cases:  # the first requests fill caches that the others find full
            await case.request()
        for _ in range(ROUNDS):
            for case in cases:
                await case.measure()
        return cases


def report(backend: str, cases: list[Case]) -> None:
    hello = cases[0].least
    table = Table("request", "CPU ms", "times hello world", title=f"{EVENTS} events on {backend}")
    for case in cases:
        table.add_row(case.name, f"{case.least * 1000:.3f}", f"{case.least / hello:.0f}")
    Console().print(table)
    if file := os.environ.get("DATELINE_BENCH_JSON"):
        kept = json.loads(Path(file).read_text()) if Path(file).exists() else {}
        figures = {case.name: {"cpu_seconds": case.least, "times_hello": case.least / hello} for case in cases}
        Path(file).write_text(json.dumps(kept | {backend: {"events": EVENTS, "requests": figures}}, indent=2) + "\n")


def test_what_a_read_costs(backend: str, filled_store: Store) -> None:
    cases = asyncio.run(measured(filled_store))
    report(backend, cases)
    _, day, _, again = cases

    assert again.least < day.least
