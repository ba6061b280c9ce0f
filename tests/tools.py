"""Other people's programs, by which the tests read what Dateline serves; ``tests/install`` gets them.

A test that needs one that is not there is skipped, and says what is missing.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
NODE = Path(__file__).parent / "node"
ENVIRONMENT = ROOT / ".venv-tools"
NO_TOOL = "is not installed: tests/install, which `make test` runs, could not get it"

# Chromium for a page of ours alone: no look-ups of its own, and nothing that a container would refuse.
_ALONE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def program(name: str) -> str:
    """The path of a program of the machine."""
    return shutil.which(name) or pytest.skip(f"{name} {NO_TOOL}")


def environment(name: str) -> str:
    """The path of a program of the tools' own Python environment (requirements-tools.lock)."""
    path = ENVIRONMENT / "bin" / name
    return str(path) if path.exists() else pytest.skip(f"{name} {NO_TOOL}")


def package(name: str) -> str:
    """The path of a program that an npm package of tests/node brings."""
    path = NODE / "node_modules" / ".bin" / name
    return str(path) if path.exists() else pytest.skip(f"the npm package of {name} {NO_TOOL}")


def node(script: str, *arguments: str, input: bytes = b"") -> bytes:
    """What a script of tests/node prints, which finds the packages there; its errors fail the test."""
    if not (NODE / "node_modules").exists():
        pytest.skip(f"what tests/node/package.json names {NO_TOOL}")
    command = [program("node"), str(NODE / script), *arguments]
    done = subprocess.run(command, input=input, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, without a screen."""
    path = os.environ.get("DATELINE_TEST_CHROMIUM") or program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ALONE)
        yield browser
        browser.close()
