"""What a command costs, from its start to its end."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.server import ROOT

DATELINE = str(Path(sys.executable).with_name("dateline"))


@dataclass(frozen=True)
class Spent:
    """Wall time and CPU time in seconds, and the bytes that were written to standard output."""

    seconds: float
    cpu_seconds: float
    size: int = 0

    def beyond(self, fixed: "Spent") -> "Spent":
        return Spent(self.seconds - fixed.seconds, self.cpu_seconds - fixed.cpu_seconds, self.size)


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Spent:
    """Run the command, whose output is only counted; an error where it fails."""
    started, cpu = time.perf_counter(), _children()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | dict(environment or {})
    ) as process:
        assert process.stdout is not None
        size = sum(map(len, iter(partial(process.stdout.read, 1 << 20), b"")))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Spent(time.perf_counter() - started, _children() - cpu, size)


def _children() -> float:
    """CPU time of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
