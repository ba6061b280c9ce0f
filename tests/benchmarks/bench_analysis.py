"""What analysis takes while records come in and are read, in a small store and in one of ``DATELINE_BENCH_EVENTS``."""

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
from tests.benchmarks.bench_growth import url_of
from tests.benchmarks.generate import OUTLETS
from tests.benchmarks.measure import Target, console, keep, print_targets

SMALL = 10_000
PRINTINGS, FIRST = 600, 50
"""How many statements come in, and how many of them before it counts: the first find nothing prepared."""


class Undone(Exception):
    """Leaves the store as it was."""


def test_a_new_statement_joins_its_utterance(backend: str, request: pytest.FixtureRequest) -> None:
    """Others print, with other words among them, what a statement of the store prints.

    Timed are the whole insert, in which SQLite merges its index of words now and then, and the joining alone.
    """
    sizes = sorted({SMALL, stores.EVENTS})
    figures = {size: _figures(url_of(backend, size, request), size) for size in sizes}
    for size, seen in figures.items():
        told = ", ".join(f"{name} {value:.1f}" for name, value in seen.items())
        console.print(f"{backend}, a new statement joins its utterance among {size:,}: {told} ms")
    largest, small = figures[sizes[-1]], figures[sizes[0]]
    targets = [
        Target("a statement joins its utterance", f"p99 ms, {sizes[-1]:,}", largest["joining p99"], most=20),
        Target(
            "a statement joins its utterance",
            f"p50 by that of {sizes[0]:,}",
            largest["joining p50"] / small["joining p50"],
            most=2,
        ),
    ]
    print_targets(targets)
    keep(f"utterances, {backend}", {f"{size}": seen for size, seen in figures.items()}, targets)


def _figures(url: str, statements: int) -> dict[str, float]:
    """Milliseconds of wall time."""
    whole, joining = zip(*list(_inserts(url, statements))[FIRST:], strict=True)
    hundredths = {"insert": statistics.quantiles(whole, n=100), "joining": statistics.quantiles(joining, n=100)}
    return {f"{name} p{each}": values[each - 1] for name, values in hundredths.items() for each in (50, 99)}


def _inserts(url: str, statements: int) -> Iterator[tuple[float, float]]:
    """The times that each insert takes; all in one transaction that is undone."""
    draw, engine, joined = random.Random(statements), stores.engine_of(url), 0
    with suppress(Undone), revisions.write(engine, author="bench", message="") as session:
        for number in range(PRINTINGS):
            printed = session.get_one(Statement, draw.randrange(1, statements + 1))
            body = _printing(session, printed, number)
            began = time.perf_counter()
            row = records.add_statement(session, body)
            inserted = time.perf_counter()
            utterances.detach(session, row, by=CodedBy.MACHINE)
            parted = time.perf_counter()
            utterances.group(session, [row])
            yield (inserted - began) * 1000, (time.perf_counter() - parted) * 1000
            joined += row.utterance_id is not None
        assert joined > 0.95 * PRINTINGS
        raise Undone
    engine.dispose()


def _printing(session: WriteSession, printed: Statement, number: int) -> StatementCreate:
    words = printed.text.split()
    wording = " ".join([*words[:3], *words[5:-3], f"otherwise{number}", *words[-2:]])
    document = _document(session, printed, wording, number)
    refs = {"document": document.id, "speaker": printed.speaker_id, "event": printed.event_id, "said": printed.said}
    return StatementCreate.model_validate(refs | {"kind": "direct", "span": {"start": 0, "end": len(wording)}})


def _document(session: WriteSession, printed: Statement, words: str, number: int) -> Document:
    body = {"source": number % OUTLETS + 1, "url": f"https://copy.example/{number}", "published": printed.said}
    return records.put_document(session, DocumentCreate.model_validate(body | {"text": words}))
