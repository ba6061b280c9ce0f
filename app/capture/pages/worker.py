"""The process that parses pages: ``python -m app.capture.pages.worker FD`` serves requests on that socket.

A request is three messages: the time limit in seconds, the address, which is empty if unknown, and the page in UTF-8.
The answer is the page's article as JSON, ``null`` if it has none, or empty if parsing took too much time or memory.
Each page is parsed in a fork of its own, which can be ended at any moment and leaves nothing behind.
"""

import logging
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from pydantic import TypeAdapter

from app.capture.pages import parse
from app.capture.pages.page import Page

# Bytes that parsing a page may take; usual pages take a third of it.
MEMORY = 30_000_000

_PAGE = TypeAdapter(Page | None)
_STATM = Path("/proc/self/statm")
_SAMPLE = (
    b"<html lang=en><head><title>A</title></head><body><article><h1>A</h1><p>B</p><p>C</p></article></body></html>"
)


def main(connection: Connection) -> None:
    """Answer requests until the socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes; the parent decides
    logging.disable()
    parse.parse(_SAMPLE, None)  # loads and compiles what all forks need
    while True:
        try:
            seconds, url, source = (connection.recv_bytes() for _ in range(3))
        except EOFError:
            return
        connection.send_bytes(_parse_in_fork(source, url.decode() or None, float(seconds)))


def _parse_in_fork(source: bytes, url: str | None, seconds: float) -> bytes:
    """Parse the page in a fork. Return the answer, which is empty if the fork ended without one."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _answer_and_exit(theirs, source, url, seconds)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return b"" if status else answer


def _answer_and_exit(pipe: int, source: bytes, url: str | None, seconds: float) -> NoReturn:
    """Write the answer to the pipe and end the process; any error ends it sooner."""
    status = 1
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM ends the process even inside a parser
        _limit_memory()
        with open(pipe, "wb") as answer:
            answer.write(_PAGE.dump_json(parse.parse(source, url)))
        status = 0
    finally:
        os._exit(status)


def _limit_memory() -> None:
    """Limit the memory that the process can take in addition, on systems that report its size."""
    if _STATM.exists():
        pages = int(_STATM.read_text().split()[5])
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + MEMORY, hard))


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
