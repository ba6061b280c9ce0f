"""A whole list as one stream, beside what the databases' own tools write: the same rows, columns and order.

Wall time from the request, or the start of the tool, to the last byte; CPU time of the server or the tool; for
the server also by how much its memory grew at most.
"""

import csv
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from rich.table import Table

from app.formats.flat import list_columns
from app.schemas.statement import StatementPublic
from tests.benchmarks import stores
from tests.benchmarks.commands import run
from tests.benchmarks.conftest import serving_dateline
from tests.benchmarks.measure import Target, console, keep, print_targets
from tests.benchmarks.server import Server

ROUNDS = 3
MEBIBYTE = 1 << 20

# The columns of /statements?format=csv.
STATEMENTS = """
SELECT statement.id, statement.text, statement.kind,
    speaker.id AS speaker_id, speaker.slug AS speaker_slug, speaker.name AS speaker_name,
    speaker.kind AS speaker_kind, speaker.title AS speaker_title,
    source.id AS source_id, source.slug AS source_slug, source.name AS source_name,
    document.id AS document_id, document.title AS document_title, document.url AS document_url,
    document.published AS document_published_edtf, document.published_earliest AS document_published_earliest,
    document.published_latest AS document_published_latest,
    event.id AS event_id, event.title AS event_title, event.date AS event_date_edtf,
    event.earliest AS event_date_earliest, event.latest AS event_date_latest,
    substr(document.text, start + 1, "end" - start) AS span_exact,
    substr(document.text, greatest(start - 32, 0) + 1, start - greatest(start - 32, 0)) AS span_prefix,
    substr(document.text, "end" + 1, 32) AS span_suffix, start AS span_start, "end" AS span_end,
    substr(document.text, cue_start + 1, cue_end - cue_start) AS cue_exact,
    substr(document.text, greatest(cue_start - 32, 0) + 1, cue_start - greatest(cue_start - 32, 0)) AS cue_prefix,
    substr(document.text, cue_end + 1, 32) AS cue_suffix, cue_start, cue_end,
    statement.said AS said_edtf, statement.said_earliest, statement.said_latest,
    (
        SELECT string_agg(slug, '; ') FROM (
            SELECT voice.slug FROM attribution JOIN speaker AS voice ON voice.id = attribution.speaker_id
            WHERE attribution.statement_id = statement.id ORDER BY attribution.position
        ) AS hops
    ) AS chain,
    statement.utterance_id AS utterance, coalesce(statement.language, document.language) AS language,
    statement.translated, statement.coded_by, statement.confidence, statement.revision_id AS revision
FROM statement
JOIN document ON document.id = statement.document_id
JOIN source ON source.id = document.source_id
LEFT JOIN speaker ON speaker.id = statement.speaker_id
LEFT JOIN event ON event.id = statement.event_id
ORDER BY coalesce(statement.said_earliest, '0001-01-01') DESC, statement.id DESC
"""
IN_SQLITE = STATEMENTS.replace("greatest(", "max(").replace("string_agg(", "group_concat(")


@dataclass
class Export:
    """One way to write the list, and what each round of it took."""

    name: str
    run: Callable[[], tuple[float, int]]
    """CPU seconds, and bytes written."""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    size: int = 0
    growth: int = 0

    def take_turn(self) -> None:
        started = time.perf_counter()
        cpu, self.size = self.run()
        self.wall.append(time.perf_counter() - started)
        self.cpu.append(cpu)

    @property
    def seconds(self) -> float:
        return statistics.median(self.wall)

    @property
    def cpu_seconds(self) -> float:
        return statistics.median(self.cpu)

    def figures(self) -> dict[str, Any]:
        times = {"seconds": round(self.seconds, 3), "cpu_seconds": round(self.cpu_seconds, 3)}
        return times | {"bytes": self.size, "memory_growth_bytes": self.growth}


def from_server(server: Server, path: str) -> tuple[float, int]:
    before = server.cpu_seconds()
    with server.client() as client:
        answer = client.get(path, keep=False)
    assert answer.status == 200
    return server.cpu_seconds() - before, answer.size


def from_sqlite3(store: Path, mode: str) -> tuple[float, int]:
    spent = run(["sqlite3", "-readonly", "-header", mode, str(store), IN_SQLITE])
    return spent.cpu_seconds, spent.size


def from_copy(connection: psycopg.Connection) -> tuple[float, int]:
    """The CPU time is the database's and not known here."""
    with connection.cursor().copy(f"COPY ({STATEMENTS}) TO STDOUT (FORMAT csv, HEADER)".encode()) as copy:
        return 0.0, sum(map(len, copy))


def dateline_exports(server: Server) -> dict[str, Export]:
    paths = {name: f"/statements?format={name}" for name in ("jsonl", "csv")}
    return {name: Export(f"Dateline, {name}", partial(from_server, server, path)) for name, path in paths.items()}


def grow(server: Server, exports: Iterable[Export]) -> None:
    """Measure by how much the server's memory grows at most beyond what it holds before it exports anything."""
    before = server.resident_bytes()
    for export in exports:
        server.forget_peak()
        export.take_turn()
        export.growth = server.peak_bytes() - before


def test_exports_from_sqlite(sqlite_store: Path, dateline: Server) -> None:
    check_columns(sqlite_store, dateline)
    ours = dateline_exports(dateline)
    theirs = {
        "jsonl": Export("sqlite3 -json", partial(from_sqlite3, sqlite_store, "-json")),
        "csv": Export("sqlite3 -csv", partial(from_sqlite3, sqlite_store, "-csv")),
    }
    grow(dateline, ours.values())
    take_turns([*ours.values(), *theirs.values()])
    targets = [
        *faster("export as NDJSON", "× sqlite3 -json", ours["jsonl"], theirs["jsonl"], least=0.8),
        *faster("export as CSV", "× sqlite3 -csv", ours["csv"], theirs["csv"], least=0.5),
        *(Target(export.name, "MiB of growth", export.growth / MEBIBYTE, most=32) for export in ours.values()),
    ]
    report("exports, SQLite", [*ours.values(), *theirs.values()], targets)


def faster(work: str, than: str, ours: Export, theirs: Export, *, least: float) -> list[Target]:
    """By wall time, which is what is waited for, and by CPU time, which other processes on the machine disturb less."""
    return [
        Target(work, f"{than}, time", theirs.seconds / ours.seconds, least=least),
        Target(work, f"{than}, CPU", theirs.cpu_seconds / ours.cpu_seconds, least=least),
    ]


def check_columns(store: Path, server: Server) -> None:
    """Both write the same first row."""
    with server.client() as client:
        ours = list(csv.DictReader(client.get("/statements?format=csv&limit=1").body.decode().splitlines()))
    command = ["sqlite3", "-readonly", "-header", "-csv", str(store), f"{IN_SQLITE} LIMIT 1"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert ours == list(csv.DictReader(lines))
    assert list(ours[0]) == list(list_columns(StatementPublic))


def take_turns(exports: Sequence[Export]) -> None:
    for _ in range(ROUNDS):
        for export in exports:
            export.take_turn()


def test_exports_from_postgresql(postgres_store: str) -> None:
    with serving_dateline(postgres_store) as server, psycopg.connect(stores.libpq(postgres_store)) as connection:
        ours, theirs = dateline_exports(server), Export("COPY TO", partial(from_copy, connection))
        grow(server, ours.values())
        take_turns([*ours.values(), theirs])
    targets = [Target(export.name, "MiB of growth", export.growth / MEBIBYTE, most=32) for export in ours.values()]
    report("exports, PostgreSQL", [*ours.values(), theirs], targets)


def report(section: str, exports: Sequence[Export], targets: Sequence[Target]) -> None:
    table = Table("export", title=f"{section}, {stores.EVENTS:,} statements")
    for column in ("s", "CPU s", "MB", "growth MiB"):
        table.add_column(column, justify="right")
    for export in exports:
        seconds, cpu, size, growth = export.figures().values()
        grown = f"{growth / MEBIBYTE:.1f}" if growth else ""
        table.add_row(export.name, f"{seconds:.2f}", f"{cpu:.2f}", f"{size / 1e6:.1f}", grown)
    console.print(table)
    print_targets(targets)
    figures = [{"export": export.name} | export.figures() for export in exports]
    keep(section, {"statements": stores.EVENTS, "exports": figures}, targets)
