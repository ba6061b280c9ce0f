"""What it takes to tell who stands behind an event that 200 documents report, half of them copies of one text.

In a small store and in one of ``DATELINE_BENCH_EVENTS``, each a copy of the generated one.
"""

import random
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

from app.core.vocab import EventType
from app.database.models import Source, Speaker
from app.schemas.document import DocumentCreate
from app.schemas.event import EventCreate
from app.store import records, revisions
from app.store.revisions import WriteSession
from tests import wire
from tests.benchmarks import stores
from tests.benchmarks.conftest import serving_dateline
from tests.benchmarks.generate import OUTLETS
from tests.benchmarks.measure import Case, Target, console, keep, print_cases, print_targets, take_turns

SIZES = sorted({min(10_000, stores.EVENTS), stores.EVENTS})
DOCUMENTS, COPIES, STATEMENTS, ROUNDS = 200, 100, 5, 5
MOST_MS = 100


def test_origins_of_an_event_of_200_documents(tmp_path: Path) -> None:
    urls = {events: f"sqlite:///{copy_of(events, tmp_path)}" for events in SIZES}
    made = {events: add_event(url) for events, url in urls.items()}
    with ExitStack() as stack:
        cases = []
        for events, url in urls.items():
            server = stack.enter_context(serving_dateline(url))
            paths = [f"/events/{made[events][0]}/origins?limit={limit}" for limit in range(101, 132)]
            client = stack.enter_context(server.client())
            cases.append(Case("/events/{id}/origins", f"{events:,}", server, client, paths))
        take_turns(cases, between=lambda: write_everywhere(urls.values()), rounds=ROUNDS)
    print_cases("origins of an event of 200 documents", cases)
    targets = [
        Target(f"origins, {case.contender}", "p99 in ms", case.wall_us(99) / 1000, most=MOST_MS) for case in cases
    ]
    print_targets(targets)
    for events in SIZES:
        console.print(f"{events:,}: the last of its documents was stored in {made[events][1] * 1000:.0f} ms")
    keep("origins", {"cases": [{"events": case.contender} | case.figures() for case in cases]}, targets)


def write_everywhere(urls: Iterable[str]) -> None:
    for url in urls:
        stores.write_something(url)


def copy_of(events: int, folder: Path) -> Path:
    return Path(shutil.copy(stores.sqlite_store(events), folder / f"{events}.db"))


def add_event(url: str) -> tuple[int, float]:
    """The id of the event, and the seconds that the transaction of its last document took."""
    engine = stores.engine_of(url)
    documents = list(bodies())
    with revisions.write(engine, author="bench", message="") as session:
        event = records.add_event(session, EventCreate(title="A bridge", date="2024-12-31", type=EventType.ASSAULT))
        ident = event.id or 0
        for number, body in enumerate(documents[:-1]):
            put(session, ident, number, body)
    began = perf_counter()
    with revisions.write(engine, author="bench", message="") as session:
        put(session, ident, DOCUMENTS - 1, documents[-1])
    elapsed = perf_counter() - began
    engine.dispose()
    return ident, elapsed


def put(session: WriteSession, event: int, number: int, text: str) -> None:
    """A document of an outlet of its own; every fourth relays somebody."""
    source = session.get_one(Source, number % OUTLETS + 1)
    voice = session.get_one(Speaker, number % 50 + 1)
    said = {"kind": "direct", "speaker": voice.slug, "event": event}
    chain = [{"speaker": f"speaker-{number % 7 + 100}"}] if number % 4 == 0 else []
    spans = [{"start": 40 * each, "end": 40 * each + 30} for each in range(STATEMENTS)]
    body = {
        "source": source.slug,
        "text": text,
        "title": f"Bridge {number}",
        "published": "2024-12-31",
        "reports": [{"event": event, "role": "main", "passage": {"start": 0, "end": 60}}],
        "statements": [said | {"span": each, "chain": chain} for each in spans],
    }
    records.put_document(session, DocumentCreate.model_validate(body))


def bodies() -> Iterator[str]:
    """One text with a word in twenty changed, and as many of other words."""
    draw = random.Random(1)
    words = (wire.AGENCY + "".join(wire.OWN_REPORTS)).split()
    for number in range(DOCUMENTS):
        if number < COPIES:
            yield " ".join(draw.choice(words) if draw.random() < 0.05 else word for word in words)
        else:
            yield " ".join(f"{word}{number}" for word in draw.sample(words, len(words)))
