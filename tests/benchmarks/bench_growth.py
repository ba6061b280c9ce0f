"""Reads in stores of several sizes: wall time, the servers taking turns.

The sizes are 100,000 events, ``DATELINE_BENCH_EVENTS`` and ``DATELINE_BENCH_LARGEST``.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice

import orjson
import pytest

from tests.benchmarks import stores
from tests.benchmarks.cases import REQUESTS, Case, take_turns
from tests.benchmarks.conftest import DatelineServers, get_store_url
from tests.benchmarks.generate import TOPICS
from tests.benchmarks.results import Target, record
from tests.benchmarks.server import Client

SIZES = sorted({min(100_000, stores.EVENTS), stores.EVENTS, stores.LARGEST} - {0})
PAGE = 50
ROUNDS = 1 if stores.IS_SMALL else 5

BY_DATE = "/events?date="
FULL_TEXT = "/statements?q=, a word in 1 %"


def list_pages_by_date(client: Client, events: int) -> Iterator[str]:
    return (f"/events?date={day}" for day in stores.list_days(events))


def list_pages_by_speaker(client: Client, events: int) -> Iterator[str]:
    return (f"/statements?speaker=speaker-{rank}" for rank in range(1, REQUESTS + 2))


def list_first_pages(client: Client, events: int) -> Iterator[str]:
    """Yield first pages of different lengths, which are a default page's on average."""
    return (f"/events?limit={limit}" for limit in range(1, 2 * PAGE + 1))


def list_thousandth_pages(client: Client, events: int) -> Iterator[str]:
    """Yield the page after 1,000 others, or after fewer in a small store, and those that follow it."""
    path: str | None = "/events?limit=500"
    for _ in range(min(1000 * PAGE, events // 2) // 500):
        path = path and _get_next(client, path)
    path = path and path.replace("limit=500", f"limit={PAGE}")
    while path:
        yield path
        path = _get_next(client, path)


def _get_next(client: Client, path: str) -> str | None:
    next_path: str | None = orjson.loads(client.get(path).body)["next"]
    return next_path


def list_events(client: Client, events: int) -> Iterator[str]:
    return (f"/events/{ident}" for ident in range(events, 0, -(events // 200)))


def list_outlets(client: Client, events: int) -> Iterator[str]:
    return (f"{path}/sources" for path in list_events(client, events))


def list_searches(client: Client, events: int) -> Iterator[str]:
    return (f"/statements?q={topic}" for topic in TOPICS)


PATHS: dict[str, Callable[[Client, int], Iterator[str]]] = {
    BY_DATE: list_pages_by_date,
    "/statements?speaker=": list_pages_by_speaker,
    "/events, first page": list_first_pages,
    "/events, thousandth page": list_thousandth_pages,
    "/events/{id}": list_events,
    "/events/{id}/sources": list_outlets,
    FULL_TEXT: list_searches,
}


def test_growth_of_the_store(backend: str, servers: DatelineServers, request: pytest.FixtureRequest) -> None:
    urls = {events: get_store_url(backend, events, request) for events in SIZES}
    with ExitStack() as stack:
        clients = {events: stack.enter_context(servers.get(url).open_client()) for events, url in urls.items()}
        cases = {
            (work, events): Case(
                work,
                f"Dateline, {events:,} events",
                servers.get(urls[events]),
                client,
                list(islice(list_paths(client, events), REQUESTS + 1)),
            )
            for work, list_paths in PATHS.items()
            for events, client in clients.items()
        }
        take_turns(list(cases.values()), between=lambda: stores.write_revisions(urls.values()), rounds=ROUNDS)
    record(f"growth, {stores.NAMES[backend]}", [case.row() for case in cases.values()], list_targets(cases))


def list_targets(cases: dict[tuple[str, int], Case]) -> list[Target]:
    """Return the targets: larger stores against the smallest, and searches against pages by date."""
    targets = [
        Target(
            work,
            f"p50 at {events:,} / at {SIZES[0]:,}",
            cases[work, events].wall_us(50) / cases[work, SIZES[0]].wall_us(50),
            most=most,
        )
        for work in PATHS
        if work != FULL_TEXT
        for events, most in zip(SIZES[1:], (1.3, 2), strict=False)
    ]
    for events in SIZES:
        ratio = cases[FULL_TEXT, events].wall_us(99) / cases[BY_DATE, events].wall_us(50)
        targets.append(Target(FULL_TEXT, f"p99 / p50 by date, at {events:,}", ratio, most=20))
    return targets
