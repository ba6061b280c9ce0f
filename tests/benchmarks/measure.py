"""Cases that take turns, their figures as a table, and all figures of a run as one JSON document.

A machine that is busy, or whose clock runs slower for a while, then slows all contenders alike: ratios within
one run say more than microseconds.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.server import Client, Server

ROUNDS = 7
REQUESTS = 100  # of each case in a round

# Wide enough for the tables where the output goes to a file.
console = Console(width=None if sys.stdout.isatty() else 120)


@dataclass
class Case:
    """Requests to one contender: another at each turn, unless there is only one.

    Where ``status`` is 304, they carry the tag of the turn's first answer.
    """

    work: str
    contender: str
    server: Server
    client: Client
    paths: Sequence[str]
    status: int = 200
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    beside: Callable[[], float] = lambda: 0.0
    cpu_beside: list[float] = field(default_factory=list)

    def take_turn(self) -> None:
        """Ask for every path once; the first, which finds things as the last writer left them, is not counted."""
        first, *others = self.paths if len(self.paths) > 1 else [self.paths[0]] * (REQUESTS + 1)
        tag = self.client.get(first).headers.get(b"etag", b"").decode()
        headers = {"If-None-Match": tag} if self.status == 304 else {}
        cpu, beside = self.server.cpu_seconds(), self.beside()
        self.wall += [self._request(path, headers) for path in others]
        self.cpu.append((self.server.cpu_seconds() - cpu) / len(others))
        self.cpu_beside.append((self.beside() - beside) / len(others))

    def _request(self, path: str, headers: Mapping[str, str]) -> float:
        started = time.perf_counter()
        answer = self.client.get(path, headers)
        elapsed = time.perf_counter() - started
        if answer.status != self.status:
            raise AssertionError(f"{self.contender}, {path}: {answer.status} {answer.body[:500]!r}")
        return elapsed

    @property
    def cpu_us(self) -> float:
        """Server CPU a request, in microseconds: the median of the rounds."""
        return statistics.median(self.cpu) * 1e6

    def wall_us(self, hundredth: int) -> float:
        """A percentile of the requests' wall time, in microseconds."""
        return statistics.quantiles(self.wall, n=100, method="inclusive")[hundredth - 1] * 1e6

    def figures(self) -> dict[str, float]:
        figures = {"cpu_us": self.cpu_us, "p50_us": self.wall_us(50), "p99_us": self.wall_us(99)}
        if any(self.cpu_beside):
            figures["database_cpu_us"] = statistics.median(self.cpu_beside) * 1e6
        return {name: round(value, 1) for name, value in figures.items()}


def take_turns(cases: Sequence[Case], *, between: Callable[[], None] = lambda: None, rounds: int = ROUNDS) -> None:
    """Let each case have its turn, ``rounds`` times; ``between`` is called before every round."""
    for _ in range(rounds):
        between()
        for case in cases:
            case.take_turn()


@dataclass(frozen=True)
class Target:
    """A figure that is wanted, and the one that was seen; a ratio of speeds unless ``most`` is given."""

    work: str
    than: str
    seen: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        return (self.least is None or self.seen >= self.least) and (self.most is None or self.seen <= self.most)

    @property
    def wanted(self) -> str:
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


def print_cases(title: str, cases: Iterable[Case]) -> None:
    table = Table("work", "contender", title=title)
    for column in ("CPU µs", "p50 µs", "p99 µs", "database CPU µs"):
        table.add_column(column, justify="right")
    for case in cases:
        figures = [f"{value:,.0f}" for value in case.figures().values()]
        table.add_row(case.work, case.contender, *figures)
    console.print(table)


def print_targets(targets: Iterable[Target]) -> None:
    table = Table("work", "figure", "wanted", "seen", "")
    for target in targets:
        table.add_row(target.work, target.than, target.wanted, f"{target.seen:.3g}", "met" if target.met else "MISSED")
    console.print(table)


def keep(section: str, figures: Mapping[str, Any], targets: Iterable[Target] = ()) -> None:
    """Put the figures of a section into the file that ``DATELINE_BENCH_JSON`` names, beside those that it has."""
    file = os.environ.get("DATELINE_BENCH_JSON")
    if not file:
        return
    path = Path(file)
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept["machine"] = {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()}
    kept[section] = dict(figures) | {"targets": [_as_json(target) for target in targets]}
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def _as_json(target: Target) -> dict[str, Any]:
    seen = {"work": target.work, "figure": target.than, "wanted": target.wanted}
    return seen | {"seen": round(target.seen, 3), "met": target.met}
