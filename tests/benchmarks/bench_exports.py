"""Exports of a whole list, and the same rows, columns and order written by the databases' own tools.

Wall time from the request, or the start of the tool, to the last byte; CPU time of the server or the tool; and for the
server the growth of its memory.
"""

import csv
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg

from tests.benchmarks import stores
from tests.benchmarks.commands import require_sqlite3, run
from tests.benchmarks.conftest import DatelineServers
from tests.benchmarks.results import Target, record
from tests.benchmarks.server import Server

ROUNDS = 1 if stores.IS_SMALL else 3
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
    statement.utterance_id, statement.utterance_by, statement.utterance_confidence,
    coalesce(statement.language, document.language) AS language, statement.translated,
    statement.coded_by, statement.confidence, statement.revision_id AS revision
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
    """A way to write the list, and its times in all rounds."""

    name: str
    run: Callable[[], tuple[float, int]]
    """Returns the CPU seconds and the bytes written."""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    size: int = 0
    growth: int = 0

    def take_turn(self) -> None:
        """Write the list once."""
        started = time.perf_counter()
        cpu, self.size = self.run()
        self.wall.append(time.perf_counter() - started)
        self.cpu.append(cpu)

    @property
    def seconds(self) -> float:
        """The wall time, as the median of the rounds."""
        return statistics.median(self.wall)

    @property
    def cpu_seconds(self) -> float:
        """The CPU time, as the median of the rounds; 0 if it is unknown."""
        return statistics.median(self.cpu)

    def row(self) -> dict[str, str | float]:
        """Return the export as a row of a table."""
        row: dict[str, str | float] = {"export": self.name, "s": round(self.seconds, 3)}
        if self.cpu_seconds:
            row["CPU s"] = round(self.cpu_seconds, 3)
        row["MB"] = round(self.size / 1e6, 1)
        return row | ({"growth MiB": round(self.growth / MEBIBYTE, 1)} if self.growth else {})


def export_from_server(server: Server, path: str) -> tuple[float, int]:
    before = server.cpu_seconds()
    with server.open_client() as client:
        response = client.get(path, keep_body=False)
    assert response.status == 200
    return server.cpu_seconds() - before, response.size


def export_with_sqlite3(store: Path, mode: str) -> tuple[float, int]:
    cost = run(["sqlite3", "-readonly", "-header", mode, str(store), IN_SQLITE])
    return cost.cpu_seconds, cost.size


def export_with_copy(connection: psycopg.Connection) -> tuple[float, int]:
    """Return 0 for the CPU time, which is the database's and unknown here."""
    with connection.cursor().copy(f"COPY ({STATEMENTS}) TO STDOUT (FORMAT csv, HEADER)".encode()) as copy:
        return 0.0, sum(map(len, copy))


def build_exports(server: Server) -> dict[str, Export]:
    """Return Dateline's exports by format."""
    paths = {name: f"/statements?format={name}" for name in ("jsonl", "csv")}
    return {
        name: Export(f"Dateline, {name}", partial(export_from_server, server, path)) for name, path in paths.items()
    }


def measure_growth(server: Server, exports: Iterable[Export]) -> None:
    """Measure the growth of the server's memory beyond its size before the first export."""
    before = server.resident_bytes()
    for export in exports:
        server.reset_peak()
        export.take_turn()
        export.growth = server.peak_bytes() - before


def test_exports_from_sqlite(sqlite_store: Path, dateline: Server) -> None:
    require_sqlite3()
    check_first_row(sqlite_store, dateline)
    exports = build_exports(dateline)
    as_json = Export("sqlite3 -json", partial(export_with_sqlite3, sqlite_store, "-json"))
    as_csv = Export("sqlite3 -csv", partial(export_with_sqlite3, sqlite_store, "-csv"))
    measure_growth(dateline, exports.values())
    take_turns([*exports.values(), as_json, as_csv])
    targets = [
        *compare(exports["jsonl"], as_json, least=0.8),
        *compare(exports["csv"], as_csv, least=0.5),
        *map(limit_growth, exports.values()),
    ]
    record("exports, SQLite", [export.row() for export in (*exports.values(), as_json, as_csv)], targets)


def compare(export: Export, other: Export, *, least: float) -> list[Target]:
    """Return the targets for wall time, which users notice, and for CPU time, which other processes disturb less."""
    return [
        Target(export.name, f"× {other.name}, time", other.seconds / export.seconds, least=least),
        Target(export.name, f"× {other.name}, CPU", other.cpu_seconds / export.cpu_seconds, least=least),
    ]


def limit_growth(export: Export) -> Target:
    return Target(export.name, "growth of memory, MiB", export.growth / MEBIBYTE, most=32)


def check_first_row(store: Path, server: Server) -> None:
    """Assert that both ways write the same first row; the names of the columns may differ."""
    with server.open_client() as client:
        exported = client.get("/statements?format=csv&limit=1").body.decode().splitlines()
    command = ["sqlite3", "-readonly", "-header", "-csv", str(store), f"{IN_SQLITE} LIMIT 1"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert list(csv.reader(exported[1:])) == list(csv.reader(lines[1:]))


def take_turns(exports: Sequence[Export]) -> None:
    for _ in range(ROUNDS):
        for export in exports:
            export.take_turn()


def test_exports_from_postgresql(
    postgres_store: str, postgres_connection: psycopg.Connection, servers: DatelineServers
) -> None:
    server = servers.get(postgres_store)
    exports, copy = build_exports(server), Export("COPY TO", partial(export_with_copy, postgres_connection))
    measure_growth(server, exports.values())
    take_turns([*exports.values(), copy])
    targets = [limit_growth(export) for export in exports.values()]
    record("exports, PostgreSQL", [export.row() for export in (*exports.values(), copy)], targets)
