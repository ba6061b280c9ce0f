"""``dateline import`` beside the databases' own loaders, which put the same rows into the same tables unchecked.

The files are in GDELT's format. What the command takes for an empty file, which is mostly Python's start, is measured
too and taken off. ``DATELINE_BENCH_GDELT`` may name a real file for the import into a large store.
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
from rich.table import Table
from sqlalchemy import Connection, make_url
from sqlmodel import SQLModel

from app.database.engine import open_write_transaction
from app.database.models import Document, Event
from app.store.bulk import rows
from tests.benchmarks import gdelt, stores
from tests.benchmarks.commands import DATELINE, Spent, run
from tests.benchmarks.generate import COLUMNS, News, Row
from tests.benchmarks.measure import Target, console, keep, print_targets
from tests.conftest import Store, Templates

ROWS = min(max(stores.EVENTS // 10, 50_000), stores.EVENTS)
ROWS_WITH_WORDS = ROWS // 2
ROUNDS = 3
BATCH = 10_000

OURS, NOTHING = "dateline import", "dateline import of an empty file"


def gdelt_file(path: Path, first: int, number: int) -> Path:
    with path.open("w") as file:
        file.writelines(gdelt.lines(first, number))
    return path


def dateline_import(url: str, file: Path) -> Spent:
    return run([DATELINE, "import", str(file)], {"DATELINE_DATABASE_URL": url})


def median(spent: Sequence[Spent]) -> Spent:
    seconds, cpu = ([getattr(each, name) for each in spent] for name in ("seconds", "cpu_seconds"))
    return Spent(statistics.median(seconds), statistics.median(cpu))


def test_import(backend: str, tmp_path: Path, templates: Templates) -> None:
    name, load, least = LOADERS[backend]
    file, empty = gdelt_file(tmp_path / "bench.export.CSV", 1, ROWS), gdelt_file(tmp_path / "empty.export.CSV", 1, 0)
    spent: dict[str, list[Spent]] = {OURS: [], NOTHING: [], name: []}
    for _ in range(ROUNDS):
        with templates.copy(backend, "migrated") as store, templates.copy(backend, "migrated") as other:
            spent[NOTHING].append(dateline_import(store.url, empty))
            spent[OURS].append(dateline_import(store.url, file))
            spent[name].append(load(store, other, tmp_path))
            assert sizes(other) == sizes(store)
    medians = {each: median(rounds) for each, rounds in spent.items()}
    net = medians[OURS].beyond(medians[NOTHING])
    targets = [Target("import", f"× {name}, time", medians[name].seconds / net.seconds, least=least)]
    if medians[name].cpu_seconds:
        targets.append(Target("import", f"× {name}, CPU", medians[name].cpu_seconds / net.cpu_seconds, least=least))
    report(f"import of {ROWS:,} events, {backend}", medians, targets)


def sizes(store: Store) -> dict[str, int]:
    """The number of rows in each table that has any."""
    with store.engine.connect() as connection:
        tables = [table.name for table in SQLModel.metadata.sorted_tables]
        counts = {name: connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for name in tables}
    return {name: count for name, count in counts.items() if count}


def load_by_sqlite3(filled: Store, empty: Store, folder: Path) -> Spent:
    """``.import`` every table's rows from CSV, all indexes but those of the words kept on the way."""
    source, target = (str(make_url(store.url).database) for store in (filled, empty))
    tables = list(sizes(filled))
    dump = [f'.output {folder / name}.csv\nSELECT * FROM "{name}";' for name in tables]
    subprocess.run(["sqlite3", "-csv", source], input="\n".join(dump), text=True, check=True)
    _drop_words(target)
    # In CSV a null is an empty text, which no check expects.
    load = ["PRAGMA ignore_check_constraints = ON;", *(f".import --csv {folder / name}.csv {name}" for name in tables)]
    script = folder / "load.sql"
    script.write_text("\n".join(load) + "\n")
    return run(["sqlite3", target, f".read {script}"])


def _drop_words(path: str) -> None:
    """Drop the triggers that index words; and indexes of what is not null, which nulls as empty texts would fill."""
    query = "SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR (type = 'index' AND sql LIKE '% WHERE %')"
    with closing(sqlite3.connect(path)) as connection:
        for kind, name in connection.execute(query).fetchall():
            connection.execute(f"DROP {kind} {name}")


def load_by_copy(filled: Store, empty: Store, folder: Path) -> Spent:
    """What psql's ``\\copy`` does for every table, all indexes kept on the way; the CPU time is the database's."""
    tables = {name: folder / f"{name}.copy" for name in sizes(filled)}
    with psycopg.connect(stores.libpq(filled.url)) as connection:
        for name, file in tables.items():
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copy:
                file.write_bytes(b"".join(copy))
    started = time.perf_counter()
    with psycopg.connect(stores.libpq(empty.url)) as connection:
        for name, file in tables.items():
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                copy.write(file.read_bytes())
    return Spent(time.perf_counter() - started, 0.0)


Loader = Callable[[Store, Store, Path], Spent]

LOADERS: dict[str, tuple[str, Loader, float]] = {
    "sqlite": ("sqlite3 .import", load_by_sqlite3, 0.6),
    "postgresql": ("\\copy", load_by_copy, 0.5),
}


def report(section: str, spent: Mapping[str, Spent], targets: Sequence[Target]) -> None:
    table = Table("work", title=section)
    for column in ("s", "CPU s"):
        table.add_column(column, justify="right")
    for name, each in spent.items():
        table.add_row(name, f"{each.seconds:.2f}", f"{each.cpu_seconds:.2f}")
    console.print(table)
    print_targets(targets)
    keep(
        section,
        {name: {"seconds": each.seconds, "cpu_seconds": each.cpu_seconds} for name, each in spent.items()},
        targets,
    )


def test_full_text_during_an_import(templates: Templates) -> None:
    """What indexing the words adds to the insertion of the same rows: by row triggers, and a batch at once."""
    ways = {"no full text": without_words, "row triggers": with_triggers, "a batch at once": rows_at_once}
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    found = set()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with templates.copy("sqlite", "migrated") as store:
                spent[name].append(insert_news(store, way))
                found.add((name != "no full text", count_word(store)))
    assert len(found) == 2, "both ways find the same"
    medians = {name: median(rounds) for name, rounds in spent.items()}
    triggers, batch = (medians[name].beyond(medians["no full text"]) for name in ("row triggers", "a batch at once"))
    ratio = triggers.cpu_seconds / batch.cpu_seconds
    report("full text during an import", medians, [Target("full text", "× row triggers", ratio, least=3)])


Way = Callable[[Connection], AbstractContextManager[None]]


def without_words(connection: Connection) -> AbstractContextManager[None]:
    for table in ("event", "document"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_fts_insert")
    return nullcontext()


def with_triggers(connection: Connection) -> AbstractContextManager[None]:
    return nullcontext()


def rows_at_once(connection: Connection) -> AbstractContextManager[None]:
    return rows.words_at_once(connection, Event, Document)


def insert_news(store: Store, way: Way) -> Spent:
    """Insert events and documents, in batches each of which is a transaction."""
    news = dict(News(ROWS_WITH_WORDS).rows())
    with open_write_transaction(store.engine) as session:
        for name in ("revision", "source"):
            _insert(session.connection(), name, list(news[name]))
    started, cpu = time.perf_counter(), time.process_time()
    while batch := {name: list(islice(news[name], BATCH)) for name in ("event", "document")}:
        if not batch["event"]:
            break
        with open_write_transaction(store.engine) as session, way(session.connection()):
            for name, made in batch.items():
                _insert(session.connection(), name, made)
    return Spent(time.perf_counter() - started, time.process_time() - cpu)


def _insert(connection: Connection, table: str, made: list[Row]) -> None:
    names = ", ".join(f'"{name}"' for name in COLUMNS[table])
    marks = ", ".join("?" * len(COLUMNS[table]))
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", made)


def count_word(store: Store) -> int:
    with store.engine.connect() as connection:
        query = "SELECT count(*) FROM document_fts WHERE document_fts MATCH 'topic07'"
        return int(connection.exec_driver_sql(query).scalar_one())


@pytest.fixture
def large_store(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a copy of the large store."""
    if backend == "sqlite":
        copy = tmp_path / "large.db"
        shutil.copy(request.getfixturevalue("sqlite_store"), copy)
        yield f"sqlite:///{copy}"
        return
    url = make_url(request.getfixturevalue("postgres_store"))
    copied = url.set(database="dateline_bench_copy")
    with psycopg.connect(stores.libpq(request.getfixturevalue("postgres_url")), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS dateline_bench_copy")
        create = sql.SQL("CREATE DATABASE dateline_bench_copy TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(str(url.database))))
        yield copied.render_as_string(hide_password=False)
        connection.execute("DROP DATABASE dateline_bench_copy")


def test_import_of_a_quarter_of_an_hour_into_a_large_store(backend: str, large_store: str, tmp_path: Path) -> None:
    empty = gdelt_file(tmp_path / "empty.export.CSV", 1, 0)
    dateline_import(large_store, empty)
    ours, nothing = list[Spent](), list[Spent]()
    for file in quarters(tmp_path):
        nothing.append(dateline_import(large_store, empty))
        ours.append(dateline_import(large_store, file))
    spent = {OURS: median(ours), NOTHING: median(nothing)}
    beyond = spent[OURS].beyond(spent[NOTHING])
    target = Target(f"GDELT file into {stores.EVENTS:,}", "s beyond an empty one's", beyond.seconds, most=1.5)
    report(f"import of a quarter of an hour into {stores.EVENTS:,} events, {backend}", spent, [target])


def quarters(folder: Path) -> list[Path]:
    """Files of as many events as GDELT has in a quarter of an hour, or the one that is named."""
    if real := os.environ.get("DATELINE_BENCH_GDELT"):
        return [Path(real)]
    number = gdelt.EVENTS_A_FILE
    return [gdelt_file(folder / f"{turn}.export.CSV", 10**9 + turn * number, number) for turn in range(ROUNDS)]
