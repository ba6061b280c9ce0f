"""The ``dateline`` command, as its users meet it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from app.cli import app
from app.core.config import get_settings
from tests.conftest import Store, Templates

COMMAND = shutil.which("dateline", path=str(Path(sys.executable).parent)) or "dateline"

Dateline = Callable[..., Result]


@pytest.fixture
def dateline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Dateline]:
    """Return a function that runs the command on the store at a URL, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(url: str, *arguments: str, stdin: bytes | None = None, **settings: str) -> Result:
        get_settings.cache_clear()
        env = {"DATELINE_DATABASE_URL": url, "COLUMNS": "200"} | settings
        return CliRunner().invoke(app, list(arguments), input=stdin, env=env)

    yield run
    get_settings.cache_clear()


@pytest.fixture
def nothing(backend: str, templates: Templates) -> Iterator[str]:
    """Return the URL of a database without any table."""
    url = templates.new_database(backend)
    yield url
    templates.drop(url)


def environment(url: str, **settings: str) -> dict[str, str]:
    paths = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parent.parent)}  # the code beside the tests
    return {"DATELINE_DATABASE_URL": url, "COLUMNS": "200"} | paths | settings


@dataclass
class Server:
    address: str
    process: subprocess.Popen[str]
    lines: list[str]

    @property
    def output(self) -> str:
        """The output and log lines so far."""
        return "".join(self.lines)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def serving(
    url: str, *arguments: str, command: str | Path = COMMAND, folder: Path | None = None, **settings: str
) -> Iterator[Server]:
    """Run ``dateline serve`` as a process of its own, and yield it when it answers."""
    port = _free_port()
    with subprocess.Popen(
        [command, "serve", "--port", str(port), *arguments],
        cwd=folder,
        env=environment(url, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        server = Server(f"http://127.0.0.1:{port}", process, [])
        assert process.stdout is not None
        reading = Thread(target=server.lines.extend, args=(iter(process.stdout.readline, ""),))
        reading.start()
        try:
            _wait_for(server)
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its workers, too
            process.wait()
            reading.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + 180
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{server.address}/healthz", timeout=5, trust_env=False).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"The server did not start: {server.output}")


# serve


@pytest.mark.expensive("starts processes of the command")
@pytest.mark.before_the_database
def test_serve_answers_greets_and_stops_on_sigterm(store: Store) -> None:
    with serving(store.url) as server:
        answer = httpx.get(f"{server.address}/events?date=2024-06-19", trust_env=False)
        status = server.stop()

    assert answer.status_code == 200
    assert re.findall(rf"{server.address}(\S+)", server.output) == [
        "/events?date=2024-06-19",
        "/statements?speaker=putin",
        "/docs",
    ]
    assert status in (0, -signal.SIGTERM)
    assert "Traceback" not in server.output


def test_serve_without_tables_fails_and_names_the_remedy(dateline: Dateline, nothing: str) -> None:
    done = dateline(nothing, "serve", "--port", "0")

    assert done.exit_code == 1
    assert "dateline migrate" in done.stderr
    assert "Traceback" not in done.output


# migrate and seed


def test_second_migrate_changes_nothing(dateline: Dateline, nothing: str) -> None:
    first, second = dateline(nothing, "migrate"), dateline(nothing, "migrate")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "as before" not in first.stdout
    assert "as before" in second.stdout


def test_migrate_refuses_a_store_of_another_version(dateline: Dateline, empty_store: Store) -> None:
    with empty_store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    done = dateline(empty_store.url, "migrate")

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "9999" in done.stderr


def test_seed_prints_counts_of_new_and_existing_records(dateline: Dateline, empty_store: Store) -> None:
    loaded = [_counts(dateline(empty_store.url, "seed")) for _ in range(2)]

    assert set(loaded[0]) == {
        *("source", "speaker", "event", "utterance", "document", "report", "claim", "statement", "attribution")
    }
    assert loaded[0]["document"] == (5, 0)
    assert loaded[1] == {name: (0, new) for name, (new, _) in loaded[0].items()}


def _counts(done: Result) -> dict[str, tuple[int, int]]:
    assert done.exit_code == 0, done.output
    rows = re.findall(r"(\w+)\W+(\d+)\W+(\d+)", done.stdout)
    return {name: (int(new), int(existing)) for name, new, existing in rows}


@pytest.mark.expensive("starts processes of the command")
def test_seed_package_is_a_command(empty_store: Store, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "seed"], env=environment(empty_store.url), cwd=tmp_path, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"document\W+5\W+0", done.stdout)


# verify


def test_verify_passes_on_the_seed(dateline: Dateline, store: Store) -> None:
    done = dateline(store.url, "verify")

    assert done.exit_code == 0
    assert re.search(r"^[1-9]\d+ spans checked, 0 broken\.$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE statement SET text = 'Other words' WHERE id = 2", "statement 2 in document"),
        ('UPDATE statement SET "end" = 10000000 WHERE id = 2', "statement 2 in document"),
        (
            "UPDATE statement SET cue = 'sang' WHERE id = (SELECT min(id) FROM statement WHERE cue IS NOT NULL)",
            "cue of",
        ),
        (
            "UPDATE attribution SET cue = 'sang' WHERE id = (SELECT min(id) FROM attribution WHERE cue IS NOT NULL)",
            "attr",
        ),
        ('UPDATE report SET "end" = 10000000 WHERE id = 1', "report 1 in document"),
        ("UPDATE claim SET value = 'Other words' WHERE id = 3", "claim 3 in document"),
    ],
)
def test_verify_names_the_record_with_a_broken_span(dateline: Dateline, store: Store, damage: str, named: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(damage))

    done = dateline(store.url, "verify")

    assert done.exit_code == 1
    assert named in done.stderr
    assert "1 broken" in done.stdout


# Settings

SETTINGS = [
    ("DATABASE_URL", "mysql://localhost/dateline"),
    ("DATABASE_URL", "not a url"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite+aiosqlite:///file.db"),
    ("DATABASE_URL", "postgresql://localhost:port/dateline"),
    ("PORT", "eighty"),
    ("PORT", "70000"),
    ("BUSY_TIMEOUT", "0"),
    ("THREADS", "0"),
    ("PUBLIC_READS", "perhaps"),
    ("LOG_LEVEL", "LOUD"),
    ("LOG_FORMAT", "xml"),
    ("RATE_LIMIT", "often"),
    ("CORS_ORIGINS", "everybody"),
]


@pytest.mark.parametrize(("setting", "value"), SETTINGS)
def test_invalid_setting_is_named_without_a_traceback(
    dateline: Dateline, tmp_path: Path, setting: str, value: str
) -> None:
    done = dateline(f"sqlite:///{tmp_path}/store.db", "serve", **{f"DATELINE_{setting}": value})

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert setting.lower() in done.stderr.lower()


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all/store.db", "postgresql://dateline@127.0.0.1:1/dateline?connect_timeout=1"]
)
def test_unreachable_store_is_reported_without_a_traceback(dateline: Dateline, url: str) -> None:
    done = dateline(url, "migrate")

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "The store cannot be used" in done.stderr


@pytest.mark.parametrize("command", ["seed", "verify", "export", "key list"])
def test_command_without_tables_names_the_remedy(dateline: Dateline, tmp_path: Path, command: str) -> None:
    done = dateline(f"sqlite:///{tmp_path}/store.db", *command.split())

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "dateline migrate" in done.stderr
