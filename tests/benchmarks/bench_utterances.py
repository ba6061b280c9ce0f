"""The time to join a new statement with the utterance that it repeats, in a small and in a large store."""

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from app.core.vocab import CodedBy
from app.database.models import Document, Statement
from app.schemas.document import DocumentCreate
from app.schemas.statement import StatementCreate
from app.store import records, revisions, utterances
from app.store.revisions import WriteSession
from tests.benchmarks import stores
from tests.benchmarks.conftest import get_store_url
from tests.benchmarks.generate import OUTLETS
from tests.benchmarks.results import Target, record

SIZES = sorted({min(10_000, stores.EVENTS), stores.EVENTS})

# Statements to insert, and how many of them come before the measurement, while caches are empty.
STATEMENTS, WARM_UP = (30, 5) if stores.IS_SMALL else (600, 50)


class RolledBack(Exception):
    """Raised to leave the store unchanged."""


def test_a_new_statement_joins_its_utterance(backend: str, request: pytest.FixtureRequest) -> None:
    """Insert variants of the store's statements; measure the whole insert, and the joining alone.

    SQLite merges its full-text index in some of the inserts.
    """
    figures = {size: measure_inserts(get_store_url(backend, size, request), size) for size in SIZES}
    smallest, largest = figures[SIZES[0]], figures[SIZES[-1]]
    ratio = largest["joining p50 ms"] / smallest["joining p50 ms"]
    work = "a new statement joins its utterance"
    targets = [
        Target(work, f"p99 ms, {SIZES[-1]:,} statements", largest["joining p99 ms"], most=20),
        Target(work, f"p50 at {SIZES[-1]:,} / at {SIZES[0]:,}", ratio, most=2),
    ]
    rows = [{"statements": f"{size:,}"} | times for size, times in figures.items()]
    record(f"new statements, {stores.NAMES[backend]}", rows, targets)


def measure_inserts(url: str, statements: int) -> dict[str, float]:
    """Return percentiles of the wall time in milliseconds."""
    whole, joining = zip(*list(iterate_inserts(url, statements))[WARM_UP:], strict=True)
    percentiles = {
        name: statistics.quantiles(times, n=100, method="inclusive")
        for name, times in (("insert", whole), ("joining", joining))
    }
    return {
        f"{name} p{percentile} ms": round(values[percentile - 1], 2)
        for name, values in percentiles.items()
        for percentile in (50, 99)
    }


def iterate_inserts(url: str, statements: int) -> Iterator[tuple[float, float]]:
    """Yield the milliseconds of each insert and of its joining, all in one transaction that is rolled back."""
    draw, engine, joined = random.Random(statements), stores.open_engine(url), 0
    with suppress(RolledBack), revisions.write(engine, author="bench", message="") as session:
        for number in range(STATEMENTS):
            original = session.get_one(Statement, draw.randrange(1, statements + 1))
            body = build_variant(session, original, number)
            started = time.perf_counter()
            row = records.add_statement(session, body)
            inserted = time.perf_counter()
            utterances.detach(session, row, by=CodedBy.MACHINE)
            detached = time.perf_counter()
            utterances.group(session, [row])
            yield (inserted - started) * 1000, (time.perf_counter() - detached) * 1000
            joined += row.utterance_id is not None
        assert joined > 0.95 * STATEMENTS
        raise RolledBack
    engine.dispose()


def build_variant(session: WriteSession, original: Statement, number: int) -> StatementCreate:
    """Add a document that quotes the statement with other words among it; return its statement."""
    words = original.text.split()
    text = " ".join([*words[:3], *words[5:-3], f"otherwise{number}", *words[-2:]])
    document = add_document(session, original, text, number)
    fields = {
        "document": document.id,
        "speaker": original.speaker_id,
        "event": original.event_id,
        "said": original.said,
        "kind": "direct",
        "span": {"start": 0, "end": len(text)},
    }
    return StatementCreate.model_validate(fields)


def add_document(session: WriteSession, original: Statement, text: str, number: int) -> Document:
    fields = {"source": number % OUTLETS + 1, "url": f"https://copy.example/{number}", "published": original.said}
    return records.put_document(session, DocumentCreate.model_validate(fields | {"text": text}))
