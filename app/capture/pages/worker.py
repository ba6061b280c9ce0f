"""The process that reads pages: ``python -m app.capture.pages.worker FD``, asked over that socket.

A question is three messages: the seconds it may take, the address, empty where it is not known, and the page in UTF-8.
The answer is the page's article as JSON, ``null`` where there is none, or nothing where reading it took too much time
or memory. Each page is read in a fork, which can be given up at any moment and leaves nothing behind.
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

# Bytes that reading a page may take; usual ones take a third of it.
MEMORY = 30_000_000

_PAGE = TypeAdapter(Page | None)
_STATM = Path("/proc/self/statm")
_SAMPLE = (
    b"<html lang=en><head><title>A</title></head><body><article><h1>A</h1><p>B</p><p>C</p></article></body></html>"
)


def main(connection: Connection) -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the one who asks decides
    logging.disable()
    parse.read(_SAMPLE, None)  # what is loaded and compiled on first use is then there for all forks
    while True:
        try:
            seconds, url, source = (connection.recv_bytes() for _ in range(3))
        except EOFError:
            return
        connection.send_bytes(_in_a_fork(source, url.decode() or None, float(seconds)))


def _in_a_fork(source: bytes, url: str | None, seconds: float) -> bytes:
    """The answer of a process that reads this page alone; nothing where it ended without one."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(theirs, source, url, seconds)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return b"" if status else answer


def _answer(pipe: int, source: bytes, url: str | None, seconds: float) -> NoReturn:
    """Answer and end the process; whatever goes wrong ends it sooner."""
    status = 1
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM ends it even in the depths of a parser
        _limit_memory()
        with open(pipe, "wb") as answer:
            answer.write(_PAGE.dump_json(parse.read(source, url)))
        status = 0
    finally:
        os._exit(status)


def _limit_memory() -> None:
    """Let the process have so much more than it has; where the system does not tell how much, there is no limit."""
    if _STATM.exists():
        pages = int(_STATM.read_text().split()[5])
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + MEMORY, hard))


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
