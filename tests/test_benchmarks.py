"""Test the benchmarks on a small store, their targets, and the page that shows the figures of a full run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import report, results, stores
from tests.benchmarks.results import Target
from tests.benchmarks.server import ROOT
from tests.databases import postgres_server

# Sections of a run; the others are the same on PostgreSQL.
SECTIONS = (
    "an event of 20 documents",
    "counts of a year",
    "exports, SQLite",
    "full text during an import",
    "growth, SQLite",
    "import of 1,000 events, SQLite",
    "import of 15 minutes into 1,000 events, SQLite",
    "new statements, SQLite",
    "reads, SQLite",
)
NEED_SQLITE3 = ("exports, SQLite", "import of 1,000 events, SQLite")
POSTGRES_SECTIONS = ("exports, PostgreSQL", "growth, PostgreSQL", "new statements, PostgreSQL", "reads, PostgreSQL")


def run_benchmarks(folder: Path, postgres_url: str | None) -> dict[str, Any]:
    """Run all benchmarks in one process of pytest; return the sections of their figures."""
    figures = folder / "figures.json"
    environment = {
        "DATELINE_BENCH_EVENTS": "1000",
        "DATELINE_BENCH_LARGEST": "0",
        "DATELINE_BENCH_DIR": str(folder),
        "DATELINE_BENCH_JSON": str(figures),
    } | ({"DATELINE_TEST_DATABASE_URL": postgres_url} if postgres_url else {})
    options = ("-n", "0", "-s", "-rs", "-p", "no:cacheprovider", "-o", "python_files=bench_*.py")
    command = [sys.executable, "-m", "pytest", "tests/benchmarks", *options]
    # The CPU limit of CI is for this test alone, not for the benchmarks in it.
    inherited = {name: value for name, value in os.environ.items() if name != "CI"}
    run = subprocess.run(command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    sections: dict[str, Any] = json.loads(figures.read_text())["sections"]
    return sections


# One test, so that the workers of pytest-xdist do not run the benchmarks several times.
@pytest.mark.expensive("runs all benchmarks on a small store")
def test_benchmarks_run_on_a_small_store(tmp_path: Path, subtests: pytest.Subtests) -> None:
    with postgres_server() as postgres_url:
        sections = run_benchmarks(tmp_path, postgres_url)
    for name in SECTIONS + (POSTGRES_SECTIONS if postgres_url else ()):
        if shutil.which("sqlite3") or name not in NEED_SQLITE3:
            with subtests.test(section=name):
                assert sections[name]["rows"]


def test_page_shows_the_committed_figures() -> None:
    page = report.PAGE.read_text(encoding="utf-8")

    assert report.update_page(page, report.read_figures()) == page


def test_ratio_below_its_least_misses_the_target() -> None:
    assert [Target("a read", "× bare", measured, least=0.5).is_met for measured in (0.4, 0.5)] == [False, True]


def test_time_above_its_most_misses_the_target() -> None:
    assert [Target("a read", "p99 ms", measured, most=100).is_met for measured in (100, 101)] == [True, False]


def test_missed_targets_count_in_a_large_store_only(monkeypatch: pytest.MonkeyPatch) -> None:
    missed = Target("a read", "× bare", 0.4, least=0.5)
    monkeypatch.setattr(results, "SECTIONS", [results.Section("reads", [], [missed])])
    for is_small, expected in ((True, []), (False, [missed])):
        monkeypatch.setattr(stores, "IS_SMALL", is_small)
        assert results.list_missed() == expected
