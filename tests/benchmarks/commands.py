"""Run commands and measure their time."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.benchmarks.server import ROOT

DATELINE = str(Path(sys.executable).with_name("dateline"))


@dataclass(frozen=True)
class Cost:
    """The wall time and CPU time of a command in seconds, and the bytes that it wrote to standard output."""

    seconds: float
    cpu_seconds: float
    size: int = 0


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command and count its output; raise ``CalledProcessError`` if it fails."""
    started, cpu = time.perf_counter(), _get_children_cpu_seconds()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | dict(environment or {})
    ) as process:
        assert process.stdout is not None
        size = sum(map(len, iter(partial(process.stdout.read, 1 << 20), b"")))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.perf_counter() - started, _get_children_cpu_seconds() - cpu, size)


def require_sqlite3() -> None:
    """Skip the benchmark if the command ``sqlite3`` is not installed."""
    if shutil.which("sqlite3") is None:
        pytest.skip("the command sqlite3 is not installed")


def _get_children_cpu_seconds() -> float:
    """Return the CPU time of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
