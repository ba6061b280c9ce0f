"""Parsing pages in another process, with limits on its time and its memory."""

import atexit
import subprocess
import sys
import time
from multiprocessing.connection import Connection, Pipe
from threading import Lock

from pydantic import TypeAdapter

from app.capture.pages.page import Page
from app.core.errors import Unreadable
from app.schemas.document import MAX_TEXT

# Time limit for a page; a usual page takes some hundredths of a second.
SECONDS = 8.0

_MIN_SECONDS = 0.1  # a limit of zero would mean none

# Additional seconds for the process to start, or to give up a page.
_GRACE = 5.0

_PAGE = TypeAdapter(Page | None)


class Reader:
    """A process that parses pages, one after the other; started on first use, and replaced if it ends."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._worker: tuple[subprocess.Popen[bytes], Connection] | None = None

    def parse_page(
        self, content: str, url: str | None, media_type: str = "text/html", *, seconds: float | None = None
    ) -> Page:
        """Return the article of a page, or a plain text as it is; ``url`` is the address of retrieval, if known.

        ``seconds`` can shorten the reader's own time limit. Raise `Unreadable` with the reason if the page has no
        article or cannot be parsed.
        """
        if media_type == "text/plain":
            return _build_plain(content, url)
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            left = self._seconds if deadline is None else min(self._seconds, deadline - time.monotonic())
            answer = self._request(max(left, _MIN_SECONDS), (url or "").encode(), content.encode("utf-8", "replace"))
        if not answer:
            raise Unreadable("Reading the page failed, or took too much time or memory.")
        page = _PAGE.validate_json(answer)
        if page is None:
            raise Unreadable(f"No article was found in the page, or one of more than {MAX_TEXT:,} characters.")
        return page

    @property
    def pid(self) -> int | None:
        """The id of the process, if there is one."""
        return None if self._worker is None else self._worker[0].pid

    def close(self) -> None:
        """End the process; the next page starts another."""
        if self._worker is not None:
            process, connection = self._worker
            self._worker = None
            connection.close()
            process.kill()
            process.wait()

    def _request(self, seconds: float, *arguments: bytes) -> bytes:
        """Return the worker's answer, which is empty if it failed."""
        _, connection = self._worker = self._worker or self._start()
        try:
            for message in (str(seconds).encode(), *arguments):
                connection.send_bytes(message)
            if connection.poll(seconds + _GRACE):
                return connection.recv_bytes()
        except (EOFError, OSError):
            pass
        self.close()
        return b""

    def _start(self) -> tuple[subprocess.Popen[bytes], Connection]:
        ours, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-m", "app.capture.pages.worker", str(theirs.fileno())]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        return process, ours


def _build_plain(text: str, url: str | None) -> Page:
    if not text.strip() or len(text) > MAX_TEXT:
        raise Unreadable(f"An article has 1 to {MAX_TEXT:,} characters.")
    return Page(text=text, url=url)


_reader = Reader()
atexit.register(_reader.close)
parse_page = _reader.parse_page
