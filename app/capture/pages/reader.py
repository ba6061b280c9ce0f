"""Reading pages in a process of its own, with a limit on its time and on its memory."""

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

# Seconds that a page may take: usual ones take some hundredths.
SECONDS = 8.0

_LEAST = 0.1  # seconds: no time at all would be no limit

# Seconds that the process may take besides, to start or to give a page up.
_GRACE = 5.0

_PAGE = TypeAdapter(Page | None)


class Reader:
    """A process that reads pages, one after the other; started when it is first needed, and replaced if it ends."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._worker: tuple[subprocess.Popen[bytes], Connection] | None = None

    def read(
        self, content: str, url: str | None, media_type: str = "text/html", *, seconds: float | None = None
    ) -> Page:
        """The article of a page, found at ``url`` if that is known; a plain text is one as it stands.

        ``seconds`` are those that are left for it, where they are fewer than the reader gives a page. Raises
        Unreadable, saying why, where there is no article or it cannot be read.
        """
        if media_type == "text/plain":
            return _plain(content, url)
        until = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            left = self._seconds if until is None else min(self._seconds, until - time.monotonic())
            answer = self._ask(max(left, _LEAST), (url or "").encode(), content.encode("utf-8", "replace"))
        if not answer:
            raise Unreadable("Reading the page failed, or took too much time or memory.")
        page = _PAGE.validate_json(answer)
        if page is None:
            raise Unreadable(f"No article was found in the page, or one of more than {MAX_TEXT:,} characters.")
        return page

    @property
    def pid(self) -> int | None:
        """Id of the process, if there is one."""
        return None if self._worker is None else self._worker[0].pid

    def close(self) -> None:
        """End the process; the next page starts another."""
        if self._worker is not None:
            process, connection = self._worker
            self._worker = None
            connection.close()
            process.kill()
            process.wait()

    def _ask(self, seconds: float, *question: bytes) -> bytes:
        """The worker's answer; nothing where it could give none."""
        _, connection = self._worker = self._worker or self._start()
        try:
            for message in (str(seconds).encode(), *question):
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


def _plain(text: str, url: str | None) -> Page:
    if not text.strip() or len(text) > MAX_TEXT:
        raise Unreadable(f"An article has 1 to {MAX_TEXT:,} characters.")
    return Page(text=text, url=url)


_reader = Reader()
atexit.register(_reader.close)
read = _reader.read
