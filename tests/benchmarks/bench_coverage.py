"""What it takes to tell how 200 documents cover an event, and to count a year of the store.

In a small store and in one of ``DATELINE_BENCH_EVENTS``, each a copy of the generated one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.benchmarks import stores
from tests.benchmarks.bench_origins import SIZES, add_event, copy_of
from tests.benchmarks.conftest import serving_dateline
from tests.benchmarks.measure import Case, Target, keep, print_cases, print_targets, take_turns
from tests.benchmarks.server import Client, Server

ROUNDS = 5
COVERAGE_MS, YEAR_MS = 100, 1000

YEARS = (
    "/stats/events?interval=week",
    "/stats/events?interval=month&by=source",
    "/stats/documents?by=source",
    "/stats/statements?interval=week",
    "/stats/statements?interval=month&by=speaker",
    "/stats/statements?interval=month&by=origin",
)


def test_coverage_of_an_event_of_200_documents_and_a_year_of_counts(tmp_path: Path) -> None:
    urls = {events: f"sqlite:///{copy_of(events, tmp_path)}" for events in SIZES}
    made = {events: add_event(url)[0] for events, url in urls.items()}
    with ExitStack() as stack:
        servers = {events: stack.enter_context(serving_dateline(url)) for events, url in urls.items()}
        clients = {events: stack.enter_context(server.client()) for events, server in servers.items()}
        coverage = [covering(events, servers[events], clients[events], made[events]) for events in SIZES]
        years = [case for events in SIZES for case in counting(events, servers[events], clients[events])]
        for url in urls.values():
            take_turns(coverage, between=partial(stores.write_something, url), rounds=ROUNDS)
        take_turns(years, rounds=1)
    print_cases("coverage of an event of 200 documents, and a year of counts", [*coverage, *years])
    targets = [
        Target(f"{case.work}, {case.contender}", "p50 in ms", case.wall_us(50) / 1000, most=most)
        for cases, most in ((coverage, COVERAGE_MS), (years, YEAR_MS))
        for case in cases
    ]
    print_targets(targets)
    figures = [{"work": case.work, "events": case.contender} | case.figures() for case in (*coverage, *years)]
    keep("coverage", {"cases": figures}, targets)


def covering(events: int, server: Server, client: Client, event: int) -> Case:
    paths = [f"/events/{event}/coverage?status=reported&limit={limit}" for limit in range(200, 231)]
    return Case("/events/{id}/coverage", f"{events:,}", server, client, paths)


def counting(events: int, server: Server, client: Client) -> Iterator[Case]:
    """No address twice, so that no answer is one kept from before."""
    for work in YEARS:
        paths = [f"{work}&to=2024-12-31&limit={limit}" for limit in range(100, 104)]
        yield Case(work, f"{events:,}", server, client, paths)
