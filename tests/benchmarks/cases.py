"""Requests to servers that take turns, and their times.

If the machine is busy, or its clock runs slower for a while, all contenders are slower alike: ratios within one run are
more reliable than microseconds.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks import stores
from tests.benchmarks.server import Client, Server

ROUNDS = 1 if stores.IS_SMALL else 7

# Requests of each case in a round.
REQUESTS = 5 if stores.IS_SMALL else 100


@dataclass
class Case:
    """Requests to one contender, for each of ``paths`` in turn, or for the only one again and again.

    If ``status`` is 304, they carry the ETag of the first response.
    """

    work: str
    contender: str
    server: Server
    client: Client
    paths: Sequence[str]
    status: int = 200
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    database_cpu: Callable[[], float] = lambda: 0.0
    """Returns the CPU seconds of the contender's database so far, if that is a process of its own."""
    database_cpu_spent: list[float] = field(default_factory=list)

    def take_turn(self) -> None:
        """Request every path once; the first request, which follows a write, is not measured."""
        first, *measured = self.paths if len(self.paths) > 1 else [self.paths[0]] * (REQUESTS + 1)
        tag = self.client.get(first).headers.get(b"etag", b"").decode()
        headers = {"If-None-Match": tag} if self.status == 304 else {}
        cpu, database_cpu = self.server.cpu_seconds(), self.database_cpu()
        self.wall += [self._request(path, headers) for path in measured]
        self.cpu.append((self.server.cpu_seconds() - cpu) / len(measured))
        self.database_cpu_spent.append((self.database_cpu() - database_cpu) / len(measured))

    def _request(self, path: str, headers: Mapping[str, str]) -> float:
        started = time.perf_counter()
        response = self.client.get(path, headers)
        elapsed = time.perf_counter() - started
        if response.status != self.status:
            raise AssertionError(f"{self.contender}, {path}: {response.status} {response.body[:500]!r}")
        return elapsed

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's CPU time a request, as the median of the rounds."""
        return statistics.median(self.cpu) * 1e6

    def wall_us(self, percentile: int) -> float:
        """Return a percentile of the requests' wall time, in microseconds."""
        return statistics.quantiles(self.wall, n=100, method="inclusive")[percentile - 1] * 1e6

    def row(self) -> dict[str, str | float]:
        """Return the case as a row of a table."""
        figures = {"CPU µs": self.cpu_us, "p50 µs": self.wall_us(50), "p99 µs": self.wall_us(99)}
        if any(self.database_cpu_spent):
            figures["database CPU µs"] = statistics.median(self.database_cpu_spent) * 1e6
        times = {heading: round(value, 1) for heading, value in figures.items()}
        return {"work": self.work, "contender": self.contender, **times}


def take_turns(cases: Sequence[Case], *, between: Callable[[], None] = lambda: None, rounds: int = ROUNDS) -> None:
    """Let each case take its turn, ``rounds`` times; call ``between`` before every round."""
    for _ in range(rounds):
        between()
        for case in cases:
            case.take_turn()
