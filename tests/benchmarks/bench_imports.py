"""``dateline import``, and the databases' own loaders, which insert the same rows into the same tables unchecked.

The files are in GDELT's format. The times are those of whole commands, with the start of Python.
``DATELINE_BENCH_GDELT`` may name a real file for the import into a large store.
"""

import os
import shutil
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, make_url
from sqlmodel import SQLModel

from app.database.engine import open_write_transaction
from app.database.models import Document, Event
from app.store.bulk import rows
from tests.benchmarks import gdelt, stores
from tests.benchmarks.commands import DATELINE, Cost, require_sqlite3, run
from tests.benchmarks.conftest import DatelineServers
from tests.benchmarks.generate import COLUMNS, News, StoreRow
from tests.benchmarks.results import Row, Target, record
from tests.conftest import Store, Templates

ROWS = min(max(stores.EVENTS // 10, 50_000), stores.EVENTS)
ROWS_WITH_WORDS = ROWS // 2
ROUNDS = 1 if stores.IS_SMALL else 3
BATCH = 10_000

IMPORT, EMPTY_IMPORT = "dateline import", "dateline import of an empty file"


def write_gdelt_file(path: Path, first: int, number: int) -> Path:
    with path.open("w") as file:
        file.writelines(gdelt.generate_lines(first, number))
    return path


def run_import(url: str, file: Path) -> Cost:
    return run([DATELINE, "import", str(file)], {"DATELINE_DATABASE_URL": url})


def get_median(costs: Sequence[Cost]) -> Cost:
    seconds, cpu = ([getattr(cost, name) for cost in costs] for name in ("seconds", "cpu_seconds"))
    return Cost(statistics.median(seconds), statistics.median(cpu))


def test_import(backend: str, tmp_path: Path, templates: Templates) -> None:
    loader, load, least = LOADERS[backend]
    file = write_gdelt_file(tmp_path / "bench.export.CSV", 1, ROWS)
    costs: dict[str, list[Cost]] = {IMPORT: [], loader: []}
    for _ in range(ROUNDS):
        with templates.copy(backend, "migrated") as store, templates.copy(backend, "migrated") as other:
            costs[IMPORT].append(run_import(store.url, file))
            costs[loader].append(load(store, other, tmp_path))
            assert count_rows(other) == count_rows(store)
    medians = {name: get_median(rounds) for name, rounds in costs.items()}
    targets = compare(IMPORT, medians[IMPORT], loader, medians[loader], least=least)
    record(f"import of {ROWS:,} events, {stores.NAMES[backend]}", list_rows(medians), targets)


def compare(work: str, cost: Cost, other_name: str, other: Cost, *, least: float) -> list[Target]:
    """Return the targets for wall time, and for CPU time if it is known."""
    targets = [Target(work, f"× {other_name}, time", other.seconds / cost.seconds, least=least)]
    if other.cpu_seconds:
        targets.append(Target(work, f"× {other_name}, CPU", other.cpu_seconds / cost.cpu_seconds, least=least))
    return targets


def list_rows(costs: Mapping[str, Cost]) -> list[Row]:
    """Return the rows of a table, without CPU times that are unknown."""
    rows: list[dict[str, str | float]] = [{"work": work, "s": round(cost.seconds, 3)} for work, cost in costs.items()]
    for row, cost in zip(rows, costs.values(), strict=True):
        if cost.cpu_seconds:
            row["CPU s"] = round(cost.cpu_seconds, 3)
    return [*rows]


def count_rows(store: Store) -> dict[str, int]:
    """Return the number of rows in each table that is not empty."""
    with store.engine.connect() as connection:
        tables = [table.name for table in SQLModel.metadata.sorted_tables]
        counts = {name: connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for name in tables}
    return {name: count for name, count in counts.items() if count}


def load_by_sqlite3(filled: Store, empty: Store, folder: Path) -> Cost:
    """Load every table from CSV with ``.import``; all indexes exist during it, except those of the words."""
    require_sqlite3()
    source, target = (str(make_url(store.url).database) for store in (filled, empty))
    tables = list(count_rows(filled))
    dump = [f'.output {folder / name}.csv\nSELECT * FROM "{name}";' for name in tables]
    subprocess.run(["sqlite3", "-csv", source], input="\n".join(dump), text=True, check=True)
    _drop_words(target)
    # A null is an empty text in CSV, which violates checks.
    load = ["PRAGMA ignore_check_constraints = ON;", *(f".import --csv {folder / name}.csv {name}" for name in tables)]
    script = folder / "load.sql"
    script.write_text("\n".join(load) + "\n")
    return run(["sqlite3", target, f".read {script}"])


def _drop_words(path: str) -> None:
    """Drop the triggers that index words, and partial indexes, because nulls are loaded as empty texts."""
    query = "SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' AND sql LIKE '% WHERE %')"
    with closing(sqlite3.connect(path)) as connection:
        for kind, name in connection.execute(query).fetchall():
            connection.execute(f"DROP {kind} {name}")


def load_by_copy(filled: Store, empty: Store, folder: Path) -> Cost:
    """Load every table as psql's ``\\copy`` does, while all indexes exist; the CPU time is unknown."""
    tables = {name: folder / f"{name}.copy" for name in count_rows(filled)}
    with psycopg.connect(stores.to_libpq(filled.url)) as connection:
        for name, file in tables.items():
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copy:
                file.write_bytes(b"".join(copy))
    started = time.perf_counter()
    with psycopg.connect(stores.to_libpq(empty.url)) as connection:
        for name, file in tables.items():
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                copy.write(file.read_bytes())
    return Cost(time.perf_counter() - started, 0.0)


Loader = Callable[[Store, Store, Path], Cost]

LOADERS: dict[str, tuple[str, Loader, float]] = {
    "sqlite": ("sqlite3 .import", load_by_sqlite3, 0.6),
    "postgresql": ("\\copy", load_by_copy, 0.5),
}


def test_full_text_during_an_import(templates: Templates) -> None:
    """Compare insertions of the same rows whose words are indexed by row triggers, and in batches."""
    ways = {"no full text": without_words, "row triggers": with_triggers, "batches": in_batches}
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    counts: dict[str, int] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with templates.copy("sqlite", "migrated") as store:
                costs[name].append(insert_news(store, way))
                counts[name] = count_word(store)
    assert counts["row triggers"] == counts["batches"] > counts["no full text"] == 0
    medians = {name: get_median(rounds) for name, rounds in costs.items()}
    ratio = medians["row triggers"].cpu_seconds / medians["batches"].cpu_seconds
    target = Target("insertion with full text, in batches", "× row triggers, CPU", ratio, least=3)
    record("full text during an import", list_rows(medians), [target])


Way = Callable[[Connection], AbstractContextManager[None]]


def without_words(connection: Connection) -> AbstractContextManager[None]:
    for table in ("event", "document"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_fts_insert")
    return nullcontext()


def with_triggers(connection: Connection) -> AbstractContextManager[None]:
    return nullcontext()


def in_batches(connection: Connection) -> AbstractContextManager[None]:
    return rows.words_at_once(connection, Event, Document)


def insert_news(store: Store, way: Way) -> Cost:
    """Insert events and documents, in one transaction a batch."""
    news = dict(News(ROWS_WITH_WORDS).rows())
    with open_write_transaction(store.engine) as session:
        for name in ("revision", "source"):
            _insert(session.connection(), name, list(news[name]))
    started, cpu = time.perf_counter(), time.process_time()
    while batch := {name: list(islice(news[name], BATCH)) for name in ("event", "document")}:
        if not batch["event"]:
            break
        with open_write_transaction(store.engine) as session, way(session.connection()):
            for name, batch_rows in batch.items():
                _insert(session.connection(), name, batch_rows)
    return Cost(time.perf_counter() - started, time.process_time() - cpu)


def _insert(connection: Connection, table: str, table_rows: list[StoreRow]) -> None:
    names = ", ".join(f'"{name}"' for name in COLUMNS[table])
    marks = ", ".join("?" * len(COLUMNS[table]))
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", table_rows)


def count_word(store: Store) -> int:
    with store.engine.connect() as connection:
        query = "SELECT count(*) FROM document_fts WHERE document_fts MATCH 'topic07'"
        return int(connection.exec_driver_sql(query).scalar_one())


@pytest.fixture
def large_store(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, servers: DatelineServers
) -> Iterator[str]:
    """Copy the large store; return the URL of the copy."""
    if backend == "sqlite":
        copy = tmp_path / "large.db"
        shutil.copy(request.getfixturevalue("sqlite_store"), copy)
        yield f"sqlite:///{copy}"
        return
    url = make_url(request.getfixturevalue("postgres_store"))
    servers.stop(request.getfixturevalue("postgres_store"))  # nothing may be connected to a database that is copied
    copied = url.set(database="dateline_bench_copy")
    with psycopg.connect(stores.to_libpq(request.getfixturevalue("postgres_url")), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS dateline_bench_copy")
        create = sql.SQL("CREATE DATABASE dateline_bench_copy TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(str(url.database))))
        yield copied.render_as_string(hide_password=False)
        connection.execute("DROP DATABASE dateline_bench_copy")


def test_import_of_15_minutes_into_a_large_store(backend: str, large_store: str, tmp_path: Path) -> None:
    empty = write_gdelt_file(tmp_path / "empty.export.CSV", 1, 0)
    if not stores.IS_SMALL:
        run_import(large_store, empty)  # reads the copied store into memory
    costs: dict[str, list[Cost]] = {IMPORT: [], EMPTY_IMPORT: []}
    for file in list_gdelt_files(tmp_path):
        costs[EMPTY_IMPORT].append(run_import(large_store, empty))
        costs[IMPORT].append(run_import(large_store, file))
    medians = {name: get_median(rounds) for name, rounds in costs.items()}
    seconds = medians[IMPORT].seconds - medians[EMPTY_IMPORT].seconds
    target = Target("import of 15 minutes of GDELT", "s more than an empty file", seconds, most=1.5)
    record(f"import of 15 minutes into {stores.EVENTS:,} events, {stores.NAMES[backend]}", list_rows(medians), [target])


def list_gdelt_files(folder: Path) -> list[Path]:
    """Return files of as many events as GDELT has in 15 minutes, or the file that the user names."""
    if path := os.environ.get("DATELINE_BENCH_GDELT"):
        return [Path(path)]
    number = gdelt.EVENTS_A_FILE
    return [write_gdelt_file(folder / f"{turn}.export.CSV", 10**9 + turn * number, number) for turn in range(ROUNDS)]
