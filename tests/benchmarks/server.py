"""A contender: a server process of its own on loopback, what it costs, and a client that costs little.

Linux only: another process's CPU clock and peak memory are read from the kernel.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httptools

ROOT = Path(__file__).parent.parent.parent
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"

_OPTIONS = (
    *("--factory", "--loop", "uvloop", "--http", "httptools", "--ws", "none"),
    *("--no-access-log", "--log-level", "warning", "--no-server-header", "--host", "127.0.0.1"),
    *("--timeout-keep-alive", "3600"),
)
_START_SECONDS = 60
_STOP_SECONDS = 10


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[bytes, bytes]
    body: bytes
    size: int


class Client:
    """One keep-alive connection; blocking, so that next to nothing stands between the server and the clock."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, keep: bool = True) -> Answer:
        """The answer to GET ``path``; without its body, only counted, where ``keep`` is false."""
        sent = {"host": "localhost"} | dict(headers or {})
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "\r\n"]
        self._socket.sendall("\r\n".join(lines).encode())
        answer = _Arriving(keep)
        parser = httptools.HttpResponseParser(answer)
        while not answer.complete:
            data = self._socket.recv(1 << 20)
            if not data:
                raise ConnectionError(f"{path}: the server hung up")
            parser.feed_data(data)
        return Answer(parser.get_status_code(), answer.headers, b"".join(answer.chunks), answer.size)


@dataclass
class _Arriving:
    """What the parser calls as an answer comes in."""

    keep: bool
    headers: dict[bytes, bytes] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, data: bytes) -> None:
        self.size += len(data)
        if self.keep:
            self.chunks.append(data)

    def on_message_complete(self) -> None:
        self.complete = True


@dataclass(frozen=True)
class Server:
    """A running server process of one worker."""

    pid: int
    port: int

    @contextmanager
    def client(self) -> Iterator[Client]:
        with closing(Client(self.port)) as client:
            yield client

    def cpu_seconds(self) -> float:
        """CPU time of the process so far, user and system, all of its threads."""
        return cpu_seconds(self.pid)

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """The most memory that the process held since its start or ``forget_peak()``."""
        return _status(self.pid, "VmHWM")

    def resident_bytes(self) -> int:
        return _status(self.pid, "VmRSS")


def cpu_seconds(pid: int) -> float:
    """The process's CPU clock (clock_getcpuclockid(3)), in nanoseconds rather than the hundredths of /proc/PID/stat."""
    return time.clock_gettime(~pid << 3 | 2)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


@contextmanager
def serving(factory: str, environment: Mapping[str, str], *, python: Path = Path(sys.executable)) -> Iterator[Server]:
    """Serve the ASGI application that ``factory`` (``module:function``) makes, with these environment variables."""
    port = _free_port()
    command = [str(python), "-m", "uvicorn", factory, *_OPTIONS, "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | dict(environment))
    try:
        _wait_until_ready(process, port)
        yield Server(process.pid, port)
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
