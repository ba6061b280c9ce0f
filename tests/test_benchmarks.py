"""A run of all benchmarks on a small store, and the page that shows the figures of a full run."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.benchmarks import results, stores
from tests.benchmarks.results import Target
from tests.benchmarks.server import ROOT
from tests.databases import postgres_server

SMALL_STORE = 1000


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all benchmarks in one pytest process of their own, and return its sections."""
    folder = tmp_path_factory.mktemp("benchmarks")
    figures = folder / "figures.json"
    options = ("-n", "0", "-s", "-rs", "-p", "no:cacheprovider", "-o", "python_files=bench_*.py")
    with postgres_server() as postgres_url:
        environment = {
            "DATELINE_BENCH_EVENTS": str(SMALL_STORE),
            "DATELINE_BENCH_LARGEST": "0",
            "DATELINE_BENCH_DIR": str(folder),
            "DATELINE_BENCH_JSON": str(figures),
            "DATELINE_TEST_DATABASE_URL": postgres_url or "",
        }
        command = [sys.executable, "-m", "pytest", "tests/benchmarks", *options]
        run = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    print(run.stdout)
    assert run.returncode == 0, run.stderr
    measured: dict[str, Any] = json.loads(figures.read_text())["sections"]
    return measured


@pytest.mark.parametrize(
    "name",
    [
        "reads, SQLite",
        "exports, SQLite",
        "growth, sqlite",
        "full text during an import",
        "import of 1,000 events, sqlite",
        "import of 15 minutes into 1,000 events, sqlite",
        "new statements, sqlite",
        "an event of 20 documents",
        "counts of a year",
    ],
)
def test_benchmark_runs_on_a_small_store(name: str, sections: dict[str, Any]) -> None:
    assert sections[name]["rows"]
    assert sections[name]["targets"]


def test_benchmarks_run_on_postgresql(postgres_url: str, sections: dict[str, Any]) -> None:
    names = {"reads, PostgreSQL", "exports, PostgreSQL", "growth, postgresql", "new statements, postgresql"}
    assert names <= sections.keys()


@pytest.mark.parametrize(("measured", "is_met"), [(0.4, False), (0.5, True)])
def test_ratio_below_its_least_misses_the_target(measured: float, is_met: bool) -> None:
    assert Target("a read", "× bare", measured, least=0.5).is_met is is_met


def test_time_above_its_most_misses_the_target() -> None:
    assert not Target("a read", "p99 ms", 101, most=100).is_met


def test_missed_target_counts_in_a_large_store_only(monkeypatch: pytest.MonkeyPatch) -> None:
    missed = Target("a read", "× bare", 0.4, least=0.5)
    monkeypatch.setattr(results, "SECTIONS", [results.Section("reads", [], [missed])])
    for is_small, expected in ((True, []), (False, [missed])):
        monkeypatch.setattr(stores, "IS_SMALL", is_small)
        assert results.list_missed() == expected
