"""Whether reads stay as quick as the store grows: wall time at each size, the servers taking turns.

The sizes are 100,000 events, ``DATELINE_BENCH_EVENTS`` and ``DATELINE_BENCH_LARGEST``.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice

import orjson
import pytest

from tests.benchmarks import stores
from tests.benchmarks.conftest import serving_dateline
from tests.benchmarks.generate import TOPICS
from tests.benchmarks.measure import REQUESTS, Case, Target, keep, print_cases, print_targets, take_turns
from tests.benchmarks.server import Client

SIZES = sorted({min(100_000, stores.EVENTS), stores.EVENTS, stores.LARGEST} - {0})
PAGE = 50
ROUNDS = 5

BY_DATE = "/events?date="
FULL_TEXT = "/statements?q=, a word in 1 %"


def by_date(client: Client, events: int) -> Iterator[str]:
    return (f"/events?date={day}" for day in stores.days(events))


def by_speaker(client: Client, events: int) -> Iterator[str]:
    return (f"/statements?speaker=speaker-{rank}" for rank in range(1, REQUESTS + 2))


def first_page(client: Client, events: int) -> Iterator[str]:
    """Of another length each time, about a page's on average."""
    return (f"/events?limit={limit}" for limit in range(1, 2 * PAGE + 1))


def thousandth_page(client: Client, events: int) -> Iterator[str]:
    """The page that begins after 1,000 others (fewer in a small store), and those that follow it."""
    path: str | None = "/events?limit=500"
    for _ in range(min(1000 * PAGE, events // 2) // 500):
        path = path and _next(client, path)
    path = path and path.replace("limit=500", f"limit={PAGE}")
    while path:
        yield path
        path = _next(client, path)


def _next(client: Client, path: str) -> str | None:
    following: str | None = orjson.loads(client.get(path).body)["next"]
    return following


def by_id(client: Client, events: int) -> Iterator[str]:
    return (f"/events/{ident}" for ident in range(events, 0, -(events // 200)))


def outlets(client: Client, events: int) -> Iterator[str]:
    return (f"{path}/sources" for path in by_id(client, events))


def full_text(client: Client, events: int) -> Iterator[str]:
    return (f"/statements?q={topic}" for topic in TOPICS)


WORK: dict[str, Callable[[Client, int], Iterator[str]]] = {
    BY_DATE: by_date,
    "/statements?speaker=": by_speaker,
    "/events, first page": first_page,
    "/events, thousandth page": thousandth_page,
    "/events/{id}": by_id,
    "/events/{id}/sources": outlets,
    FULL_TEXT: full_text,
}


def url_of(backend: str, events: int, request: pytest.FixtureRequest) -> str:
    if backend == "sqlite":
        return f"sqlite:///{stores.sqlite_store(events)}"
    return stores.postgres_store(request.getfixturevalue("postgres_url"), events)


def test_growth_of_the_store(backend: str, request: pytest.FixtureRequest) -> None:
    urls = {events: url_of(backend, events, request) for events in SIZES}
    with ExitStack() as stack:
        servers = {events: stack.enter_context(serving_dateline(url)) for events, url in urls.items()}
        clients = {events: stack.enter_context(server.client()) for events, server in servers.items()}
        cases = {
            (work, events): Case(
                work, f"{events:,}", server, clients[events], list(islice(paths(clients[events], events), REQUESTS + 1))
            )
            for work, paths in WORK.items()
            for events, server in servers.items()
        }
        take_turns(list(cases.values()), between=lambda: write_everywhere(urls.values()), rounds=ROUNDS)
    report(f"growth, {backend}", cases)


def write_everywhere(urls: Iterable[str]) -> None:
    for url in urls:
        stores.write_something(url)


def report(section: str, cases: dict[tuple[str, int], Case]) -> None:
    targets = [
        Target(
            work, f"p50 of {SIZES[0]:,}", cases[work, events].wall_us(50) / cases[work, SIZES[0]].wall_us(50), most=most
        )
        for work in WORK
        if work != FULL_TEXT
        for events, most in zip(SIZES[1:], (1.3, 2), strict=False)
    ]
    for events in SIZES:
        seen = cases[FULL_TEXT, events].wall_us(99) / cases[BY_DATE, events].wall_us(50)
        targets.append(Target(FULL_TEXT, f"p99 by the by-date p50, {events:,}", seen, most=20))
    print_cases(section, cases.values())
    print_targets(targets)
    figures = [{"work": work, "events": events} | case.figures() for (work, events), case in cases.items()]
    keep(section, {"cases": figures}, targets)
