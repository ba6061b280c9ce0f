"""Reads of Dateline and of contenders that do the same work: CPU time a request, and wall time.

A revision is made before each round, and within a round no address comes twice, so that no response is cached, except
in the cases that measure the cache.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path

import orjson
import psycopg

from tests.benchmarks import stores
from tests.benchmarks.cases import REQUESTS, Case, take_turns
from tests.benchmarks.conftest import DatelineServers
from tests.benchmarks.results import Target, record
from tests.benchmarks.server import Client, Server, get_cpu_seconds

BY_DATE = "/events?date=, uncached"
BY_SPEAKER = "/statements?speaker=, uncached"
AGAIN = "/events?date=, cached"
NOT_MODIFIED = "/events?date=, 304"
HELLO = "hello world"

DAYS = list(islice(stores.list_days(stores.EVENTS), REQUESTS + 1))
BY_DATES = [f"/events?date={day}" for day in DAYS]
BY_SPEAKERS = [f"/statements?speaker=speaker-{rank}" for rank in range(1, REQUESTS + 2)]
DATASETTE_TEXTS = [f"/store/by_date.json?day={day}&_shape=array" for day in DAYS]
DATASETTE_LISTS = [f"{path}&_json=sources" for path in DATASETTE_TEXTS]


def test_reads_on_sqlite(
    sqlite_store: Path, dateline: Server, bare: Server, datasette: Server | None, hello: Server
) -> None:
    with ExitStack() as stack:
        dateline_client, bare_client, hello_client = (
            stack.enter_context(server.open_client()) for server in (dateline, bare, hello)
        )
        check_same_items(dateline_client, bare_client, [BY_DATES[3], BY_SPEAKERS[3]])
        cases = [
            Case(BY_DATE, "Dateline", dateline, dateline_client, BY_DATES),
            Case(BY_DATE, "bare", bare, bare_client, BY_DATES),
            Case(BY_SPEAKER, "Dateline", dateline, dateline_client, BY_SPEAKERS),
            Case(BY_SPEAKER, "bare", bare, bare_client, BY_SPEAKERS),
            Case(AGAIN, "Dateline", dateline, dateline_client, BY_DATES[:1]),
            Case(NOT_MODIFIED, "Dateline", dateline, dateline_client, BY_DATES[:1], 304),
            Case(HELLO, "ASGI function", hello, hello_client, ["/"]),
        ]
        if datasette is not None:
            datasette_client = stack.enter_context(datasette.open_client())
            check_same_events(dateline_client, datasette_client)
            cases += [
                Case(BY_DATE, "Datasette", datasette, datasette_client, DATASETTE_LISTS),
                Case(BY_DATE, "Datasette, outlets as text", datasette, datasette_client, DATASETTE_TEXTS),
            ]
        take_turns(cases, between=partial(stores.write_revision, f"sqlite:///{sqlite_store}"))
    record("reads, SQLite", [case.row() for case in cases], list_targets(cases))


def check_same_items(dateline: Client, bare: Client, paths: Sequence[str]) -> None:
    """Assert that both send the same full pages of items, apart from the spaces that PostgreSQL writes."""
    for path in paths:
        items, bare_items = (orjson.loads(client.get(path).body)["items"] for client in (dateline, bare))
        assert orjson.dumps(items) == orjson.dumps(bare_items), path
        assert len(items) == 50 or stores.IS_SMALL


def check_same_events(dateline: Client, datasette: Client) -> None:
    """Assert that Datasette sends the same events with the same outlets, whose fields it may name differently."""
    items = orjson.loads(dateline.get(BY_DATES[3]).body)["items"]
    rows = orjson.loads(datasette.get(DATASETTE_LISTS[3]).body)
    events, datasette_events = (
        [(item["id"], [list(outlet.values()) for outlet in item["sources"]]) for item in page] for page in (items, rows)
    )
    assert datasette_events == events


def list_targets(cases: Sequence[Case]) -> list[Target]:
    """Return the targets of the reads on SQLite, without Datasette if that was not measured."""
    cpu = {(case.work, case.contender): case.cpu_us for case in cases}
    by_date = cpu[BY_DATE, "Dateline"]
    targets = [
        Target(BY_DATE, "× bare", cpu[BY_DATE, "bare"] / by_date, least=0.9),
        Target(BY_SPEAKER, "× bare", cpu[BY_SPEAKER, "bare"] / cpu[BY_SPEAKER, "Dateline"], least=0.8),
        *(
            Target(work, "× hello world", cpu[HELLO, "ASGI function"] / cpu[work, "Dateline"], least=0.5)
            for work in (AGAIN, NOT_MODIFIED)
        ),
    ]
    datasette = cpu.get((BY_DATE, "Datasette"))
    if datasette is not None:
        targets += [
            Target(BY_DATE, "× Datasette", datasette / by_date, least=4),
            *(
                Target(work, "× Datasette by date", datasette / cpu[work, "Dateline"], least=25)
                for work in (AGAIN, NOT_MODIFIED)
            ),
        ]
    return targets


def test_reads_on_postgresql(
    postgres_store: str, postgres_connection: psycopg.Connection, servers: DatelineServers, bare_postgres: Server
) -> None:
    dateline = servers.get(postgres_store)
    with dateline.open_client() as dateline_client, bare_postgres.open_client() as bare_client:
        check_same_items(dateline_client, bare_client, [BY_DATES[3]])
        database_cpu = partial(get_database_cpu_seconds, postgres_connection)
        cases = [
            Case(BY_DATE, "Dateline", dateline, dateline_client, BY_DATES, database_cpu=database_cpu),
            Case(BY_DATE, "bare psycopg", bare_postgres, bare_client, BY_DATES, database_cpu=database_cpu),
        ]
        take_turns(cases, between=partial(stores.write_revision, postgres_store))
    ratio = cases[1].cpu_us / cases[0].cpu_us
    target = Target(BY_DATE, "× bare psycopg", ratio, least=0.7)
    record("reads, PostgreSQL", [case.row() for case in cases], [target])


def get_database_cpu_seconds(connection: psycopg.Connection) -> float:
    """Return the CPU time of the database's other connections so far, or 0 if the server is on another machine."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    try:
        return sum(get_cpu_seconds(pid) for (pid,) in connection.execute(query).fetchall())
    except OSError:
        return 0.0
