"""What a read costs the server, beside contenders that do the same work: CPU time a request, and wall time.

Before each round something is written, and within a round no address comes twice: no answer is one kept from
before, except where that is what is measured.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import orjson
import psycopg

from tests.benchmarks import stores
from tests.benchmarks.conftest import CONTENDERS, serving_dateline
from tests.benchmarks.measure import REQUESTS, Case, Target, keep, print_cases, print_targets, take_turns
from tests.benchmarks.server import Client, Server, cpu_seconds, serving

BY_DATE = "/events?date=, no cache hit"
BY_SPEAKER = "/statements?speaker=, no cache hit"
AGAIN = "/events?date=, again and unchanged"
NOT_MODIFIED = "/events?date=, 304"

DAYS = [day for day, _ in zip(stores.days(stores.EVENTS), range(REQUESTS + 1), strict=False)]
BY_DATES = [f"/events?date={day}" for day in DAYS]
BY_SPEAKERS = [f"/statements?speaker=speaker-{rank}" for rank in range(1, REQUESTS + 2)]
DATASETTES_TEXTS = [f"/store/by_date.json?day={day}&_shape=array" for day in DAYS]
DATASETTES = [f"{path}&_json=sources" for path in DATASETTES_TEXTS]


def test_reads_on_sqlite(sqlite_store: Path, dateline: Server, bare: Server, datasette: Server, hello: Server) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for server in (dateline, bare, datasette, hello)]
        check_same_items(clients[0], clients[1], [BY_DATES[3], BY_SPEAKERS[3]])
        check_same_events(clients[0], clients[2])
        cases = [
            Case(BY_DATE, "Dateline", dateline, clients[0], BY_DATES),
            Case(BY_DATE, "bare", bare, clients[1], BY_DATES),
            Case(BY_DATE, "Datasette", datasette, clients[2], DATASETTES),
            Case(BY_DATE, "Datasette, outlets as text", datasette, clients[2], DATASETTES_TEXTS),
            Case(BY_SPEAKER, "Dateline", dateline, clients[0], BY_SPEAKERS),
            Case(BY_SPEAKER, "bare", bare, clients[1], BY_SPEAKERS),
            Case(AGAIN, "Dateline", dateline, clients[0], BY_DATES[:1]),
            Case(NOT_MODIFIED, "Dateline", dateline, clients[0], BY_DATES[:1], 304),
            Case("hello world", "raw ASGI", hello, clients[3], ["/"]),
        ]
        take_turns(cases, between=partial(stores.write_something, f"sqlite:///{sqlite_store}"))
    report_sqlite(cases)


def check_same_items(dateline: Client, bare: Client, paths: Sequence[str]) -> None:
    """The same items byte for byte, but for the spaces that PostgreSQL puts in; the links are each contender's own."""
    for path in paths:
        ours, theirs = (orjson.loads(client.get(path).body)["items"] for client in (dateline, bare))
        assert orjson.dumps(ours) == orjson.dumps(theirs), path
        assert len(ours) == 50


def check_same_events(dateline: Client, datasette: Client) -> None:
    items = orjson.loads(dateline.get(BY_DATES[3]).body)["items"]
    rows = orjson.loads(datasette.get(DATASETTES[3]).body)

    assert [(row["id"], row["sources"]) for row in rows] == [(item["id"], item["sources"]) for item in items]


def report_sqlite(cases: Sequence[Case]) -> None:
    cpu = {(case.work, case.contender): case.cpu_us for case in cases}
    hello, datasette = cpu["hello world", "raw ASGI"], cpu[BY_DATE, "Datasette"]
    targets = [
        Target(BY_DATE, "× bare", cpu[BY_DATE, "bare"] / cpu[BY_DATE, "Dateline"], least=0.9),
        Target(BY_DATE, "× Datasette", datasette / cpu[BY_DATE, "Dateline"], least=4),
        Target(BY_SPEAKER, "× bare", cpu[BY_SPEAKER, "bare"] / cpu[BY_SPEAKER, "Dateline"], least=0.8),
    ]
    for work in (AGAIN, NOT_MODIFIED):
        targets.append(Target(work, "× Datasette", datasette / cpu[work, "Dateline"], least=25))
        targets.append(Target(work, "× hello world", hello / cpu[work, "Dateline"], least=0.5))
    report("reads, SQLite", cases, targets)


def report(section: str, cases: Sequence[Case], targets: Sequence[Target]) -> None:
    print_cases(f"{section}, {stores.EVENTS:,} events", cases)
    print_targets(targets)
    figures = [{"work": case.work, "contender": case.contender} | case.figures() for case in cases]
    keep(section, {"events": stores.EVENTS, "cases": figures}, targets)


def test_reads_on_postgresql(postgres_store: str) -> None:
    bare_app = f"{CONTENDERS}.bare_postgres:create_app"
    with ExitStack() as stack:
        dateline = stack.enter_context(serving_dateline(postgres_store))
        bare = stack.enter_context(serving(bare_app, {"BENCH_STORE": stores.libpq(postgres_store)}))
        ours, theirs = (stack.enter_context(server.client()) for server in (dateline, bare))
        backends = partial(backend_cpu_seconds, stack.enter_context(psycopg.connect(stores.libpq(postgres_store))))
        check_same_items(ours, theirs, [BY_DATES[3]])
        cases = [
            Case(BY_DATE, "Dateline", dateline, ours, BY_DATES, beside=backends),
            Case(BY_DATE, "bare psycopg", bare, theirs, BY_DATES, beside=backends),
        ]
        take_turns(cases, between=partial(stores.write_something, postgres_store))
    ratio = cases[1].cpu_us / cases[0].cpu_us
    report("reads, PostgreSQL", cases, [Target(BY_DATE, "× bare psycopg", ratio, least=0.7)])


def backend_cpu_seconds(connection: psycopg.Connection) -> float:
    """CPU time of the database's other connections so far; 0 where the server is on another machine."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    try:
        return sum(cpu_seconds(pid) for (pid,) in connection.execute(query).fetchall())
    except OSError:
        return 0.0
