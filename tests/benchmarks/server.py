"""Server processes on loopback, their CPU time and memory, and a client that takes little time itself.

Linux only: the kernel tells the CPU time and the memory of another process.
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
class ClientResponse:
    """A response as the client received it."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes
    size: int


class Client:
    """A client with one keep-alive connection; it blocks, which is the fastest way to wait."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, keep_body: bool = True) -> ClientResponse:
        """Return the response to GET ``path``, whose body is only counted unless ``keep_body`` is True."""
        all_headers = {"host": "localhost"} | dict(headers or {})
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items()), "\r\n"]
        self._socket.sendall("\r\n".join(lines).encode())
        events = _ParserEvents(keep_body)
        parser = httptools.HttpResponseParser(events)
        while not events.is_complete:
            data = self._socket.recv(1 << 20)
            if not data:
                raise ConnectionError(f"{path}: the server hung up")
            parser.feed_data(data)
        return ClientResponse(parser.get_status_code(), events.headers, b"".join(events.chunks), events.size)


@dataclass
class _ParserEvents:
    """Collects a response as the parser reads it."""

    keep_body: bool
    headers: dict[bytes, bytes] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    is_complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, data: bytes) -> None:
        self.size += len(data)
        if self.keep_body:
            self.chunks.append(data)

    def on_message_complete(self) -> None:
        self.is_complete = True


@dataclass(frozen=True)
class Server:
    """A running server process of one worker."""

    pid: int
    port: int

    @contextmanager
    def open_client(self) -> Iterator[Client]:
        """Open a client of this server."""
        with closing(Client(self.port)) as client:
            yield client

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process so far, user and system, of all threads."""
        return get_cpu_seconds(self.pid)

    def reset_peak(self) -> None:
        """Begin to measure the peak of the process's memory anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """Return the peak of the process's memory since its start or ``reset_peak()``."""
        return _status(self.pid, "VmHWM")

    def resident_bytes(self) -> int:
        """Return the memory that the process has now."""
        return _status(self.pid, "VmRSS")


def get_cpu_seconds(pid: int) -> float:
    """Return the time of a process's CPU clock (clock_getcpuclockid(3)), which is finer than /proc/PID/stat."""
    return time.clock_gettime(~pid << 3 | 2)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


@contextmanager
def serve_app(factory: str, environment: Mapping[str, str], *, python: Path = Path(sys.executable)) -> Iterator[Server]:
    """Serve the ASGI application that ``factory`` (``module:function``) creates, with these environment variables."""
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
