"""Origins and coverage of an event that 200 documents report, half of them copies of one text; and counts of a year.

Measured in a small store and in one of ``DATELINE_BENCH_EVENTS``, each a copy of the generated one.
"""

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from app.core.vocab import EventType
from app.database.models import Source, Speaker
from app.schemas.document import DocumentCreate
from app.schemas.event import EventCreate
from app.store import records, revisions
from app.store.revisions import WriteSession
from tests import wire
from tests.benchmarks import stores
from tests.benchmarks.cases import Case, take_turns
from tests.benchmarks.conftest import DatelineServers
from tests.benchmarks.generate import OUTLETS
from tests.benchmarks.results import Target, record
from tests.benchmarks.server import Client, Server

SIZES = sorted({min(10_000, stores.EVENTS), stores.EVENTS})
DOCUMENTS = 20 if stores.IS_SMALL else 200
COPIES = DOCUMENTS // 2
STATEMENTS = 5
ROUNDS = 1 if stores.IS_SMALL else 5
EVENT_MS, YEAR_MS = 100, 1000

YEAR_PATHS = (
    "/stats/events?interval=week",
    "/stats/events?interval=month&by=source",
    "/stats/documents?by=source",
    "/stats/statements?interval=week",
    "/stats/statements?interval=month&by=speaker",
    "/stats/statements?interval=month&by=origin",
)


class StoreWithEvent(NamedTuple):
    """A copy of a generated store with the event, and its server."""

    events: int
    url: str
    event_id: int
    last_document_ms: float
    """Milliseconds of the transaction that stored the event's last document."""
    server: Server
    client: Client


@pytest.fixture(scope="module")
def stores_with_event(
    servers: DatelineServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[StoreWithEvent]]:
    folder = tmp_path_factory.mktemp("stores")
    with ExitStack() as stack:
        copies = []
        for events in SIZES:
            url = f"sqlite:///{shutil.copy(stores.sqlite_store(events), folder / f'{events}.db')}"
            event_id, seconds = add_event(url)
            server = servers.get(url)
            client = stack.enter_context(server.open_client())
            copies.append(StoreWithEvent(events, url, event_id, seconds * 1000, server, client))
        yield copies
    servers.stop(*(copy.url for copy in copies))


def add_event(url: str) -> tuple[int, float]:
    """Add the event; return its id, and the seconds of the transaction of its last document."""
    engine = stores.open_engine(url)
    *texts, last_text = generate_texts()
    with revisions.write(engine, author="bench", message="") as session:
        event = records.add_event(session, EventCreate(title="A bridge", date="2024-12-31", type=EventType.ASSAULT))
        event_id = event.id or 0
        for number, text in enumerate(texts):
            add_document(session, event_id, number, text)
    started = time.perf_counter()
    with revisions.write(engine, author="bench", message="") as session:
        add_document(session, event_id, DOCUMENTS - 1, last_text)
    elapsed = time.perf_counter() - started
    engine.dispose()
    return event_id, elapsed


def add_document(session: WriteSession, event_id: int, number: int, text: str) -> None:
    """Add a document of a source of its own; in every fourth, a second speaker relays the statements."""
    source = session.get_one(Source, number % OUTLETS + 1)
    speaker = session.get_one(Speaker, number % 50 + 1)
    statement = {
        "kind": "direct",
        "speaker": speaker.slug,
        "event": event_id,
        "chain": [{"speaker": f"speaker-{number % 7 + 100}"}] if number % 4 == 0 else [],
    }
    spans = [{"start": 40 * position, "end": 40 * position + 30} for position in range(STATEMENTS)]
    body = {
        "source": source.slug,
        "text": text,
        "title": f"Bridge {number}",
        "published": "2024-12-31",
        "reports": [{"event": event_id, "role": "main", "passage": {"start": 0, "end": 60}}],
        "statements": [statement | {"span": span} for span in spans],
    }
    records.put_document(session, DocumentCreate.model_validate(body))


def generate_texts() -> Iterator[str]:
    """Yield copies of one text with a word in twenty changed, and as many texts of other words."""
    draw = random.Random(1)
    words = (wire.AGENCY + "".join(wire.OWN_REPORTS)).split()
    for number in range(DOCUMENTS):
        if number < COPIES:
            yield " ".join(draw.choice(words) if draw.random() < 0.05 else word for word in words)
        else:
            yield " ".join(f"{word}{number}" for word in draw.sample(words, len(words)))


def test_origins_and_coverage(stores_with_event: list[StoreWithEvent]) -> None:
    cases = [
        Case(f"/events/{{id}}/{page}", f"Dateline, {copy.events:,} events", copy.server, copy.client, paths)
        for page, query in (("origins", "limit="), ("coverage", "status=reported&limit="))
        for copy in stores_with_event
        for paths in [[f"/events/{copy.event_id}/{page}?{query}{limit}" for limit in range(200, 231)]]
    ]
    take_turns(cases, between=lambda: stores.write_revisions(copy.url for copy in stores_with_event), rounds=ROUNDS)
    rows = [case.row() for case in cases]
    rows += [
        {"work": "storing the last document", "contender": f"Dateline, {copy.events:,} events", "p50 µs": microseconds}
        for copy in stores_with_event
        for microseconds in [round(copy.last_document_ms * 1000, 1)]
    ]
    targets = [
        Target(case.work, f"p99 ms, {copy.events:,} events", case.wall_us(99) / 1000, most=EVENT_MS)
        for case, copy in zip(cases, stores_with_event * 2, strict=True)
    ]
    record(f"an event of {DOCUMENTS} documents", rows, targets)


def test_counts_of_a_year(stores_with_event: list[StoreWithEvent]) -> None:
    cases = [
        Case(path, f"Dateline, {copy.events:,} events", copy.server, copy.client, list_year_paths(path))
        for path in YEAR_PATHS
        for copy in stores_with_event
    ]
    take_turns(cases, rounds=1)
    targets = [
        Target(case.work, f"p50 ms, {copy.events:,} events", case.wall_us(50) / 1000, most=YEAR_MS)
        for case, copy in zip(cases, stores_with_event * len(YEAR_PATHS), strict=True)
    ]
    record("counts of a year", [case.row() for case in cases], targets)


def list_year_paths(path: str) -> list[str]:
    """Return different addresses of the same counts, so that no response is cached."""
    return [f"{path}&to=2024-12-31&limit={limit}" for limit in range(100, 104)]
