"""Other people's programs, with which the tests read Dateline's output; ``tests/install`` installs them.

A test that needs a missing program is skipped, and names the program.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
NODE = Path(__file__).parent / "node"
ENVIRONMENT = ROOT / ".venv-tools"
NO_TOOL = "is not installed: tests/install, which `make test` runs, could not get it"

# Chromium for our own pages alone: without look-ups of its own, and without features that a container forbids.
_OPTIONS = (
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
    """Return the path of a program of the machine."""
    return shutil.which(name) or pytest.skip(f"{name} {NO_TOOL}")


def environment(name: str) -> str:
    """Return the path of a program of the tools' own Python environment (requirements-tools.lock)."""
    path = ENVIRONMENT / "bin" / name
    return str(path) if path.exists() else pytest.skip(f"{name} {NO_TOOL}")


def package(name: str) -> str:
    """Return the path of a program from an npm package of tests/node."""
    path = NODE / "node_modules" / ".bin" / name
    return str(path) if path.exists() else pytest.skip(f"the npm package of {name} {NO_TOOL}")


def node(script: str, *arguments: str, input: bytes = b"") -> bytes:
    """Return the output of a script of tests/node, which has the npm packages; its errors fail the test."""
    if not (NODE / "node_modules").exists():
        pytest.skip(f"a package of tests/node/package.json {NO_TOOL}")
    command = [program("node"), str(NODE / script), *arguments]
    result = subprocess.run(command, input=input, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Run the machine's own Chromium, without a screen."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("DATELINE_TEST_CHROMIUM") or program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_OPTIONS)
        yield browser
        browser.close()
