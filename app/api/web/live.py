"""The live stream: listeners receive each change a moment after it was committed.

One poll of the store's state serves all listeners of a process, and each page of changes is read once for all that have
reached the same position. A listener that waits, or reads slowly, holds no connection to the database.
"""

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

import orjson
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from sqlalchemy.exc import DBAPIError
from starlette.types import Receive, Scope, Send

from app.core.errors import Busy, DatelineError
from app.database.engine import is_server_lost
from app.database.reads import ReadPool, ReadSession
from app.queries import change_feed
from app.queries.change_feed import ChangePage, ChangeSelection, Position
from app.queries.revisions import Change

# Listeners of one process at most.
MAX_LISTENERS = 200
# Seconds between two polls of the store.
POLL_INTERVAL = 0.25
# Seconds without an event after which a listener receives a comment.
KEEP_ALIVE = 15.0
# Changes that are read at once.
_PAGE_SIZE = 200
# Pages of one state of the store that are kept for other listeners.
_MAX_SHARED_PAGES = 32
# Pages that are read at the same time, so that they take few of the threads.
_MAX_READS = 2
# Milliseconds after which a browser reconnects.
_RETRY = 2000


class StreamResponse(StreamingResponse):
    """Server-sent events to one listener of the hub, which is unregistered when they end."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncIterator[bytes], registration: ExitStack) -> None:
        # No proxy may store the events, or hold them back until there are more.
        super().__init__(chunks, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._registration = registration

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._registration:
            await super().__call__(scope, receive, send)


class Hub:
    """The listeners of one process, the poll of the store and the pages that they share."""

    def __init__(self) -> None:
        self.closed = False
        self._listeners = 0

    def close(self) -> None:
        """Make all streams end soon."""
        self.closed = True

    @contextmanager
    def register_listener(self, read_pool: ReadPool) -> Iterator[None]:
        """Count one more listener; raise ``Busy`` if there are too many."""
        if self.closed or self._listeners >= MAX_LISTENERS:
            raise Busy("As many as can are following the changes; try again.", headers={"Retry-After": "10"})
        if not self._listeners:
            self._start_polling(read_pool)
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._polling.cancel()

    def _start_polling(self, read_pool: ReadPool) -> None:
        self._read_pool = read_pool
        self._revision = 0
        self._pages: dict[tuple[ChangeSelection, Position], ChangePage] = {}
        self._read_slots = asyncio.Semaphore(_MAX_READS)
        self._changed = asyncio.Event()
        self._polling = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        while not self.closed:
            with suppress(DatelineError, DBAPIError):  # the store may be reachable at the next poll
                state = self._read_pool.peek_state() or await self._read_pool.get_state()
                if state.revision != self._revision:
                    self._revision, self._pages = state.revision, {}
                    self._wake_listeners()
            await asyncio.sleep(POLL_INTERVAL)
        self._wake_listeners()

    def _wake_listeners(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_for_changes(self, position: Position, timeout: float) -> bool:
        """Return True as soon as there may be changes after ``position``, or False after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while not self.closed:
            if position.place is not None or self._revision > position.revision:
                return True
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - time.monotonic())
            except TimeoutError:
                break
        return False

    async def read_page(self, selection: ChangeSelection, position: Position) -> ChangePage:
        """Return the next changes; raise the errors of ``change_feed.get_page``, or ``Busy``."""
        pages, revision, key = self._pages, self._revision, (selection, position)

        async def get_page(reads: ReadSession) -> ChangePage:
            return await change_feed.get_page(reads, selection, position, limit=_PAGE_SIZE)

        async with self._read_slots:
            if key in pages:
                return pages[key]
            try:
                page = await self._read_pool.with_min_revision(revision).run_in_snapshot(get_page)
            except DBAPIError as error:
                if is_server_lost(error):
                    raise Busy("The store cannot be reached; try again.") from error
                raise
            if len(pages) < _MAX_SHARED_PAGES:
                pages[key] = page
            return page


async def stream_events(
    hub: Hub, position: Position, authorize: Callable[[], Awaitable[ChangeSelection]]
) -> AsyncIterator[bytes]:
    """Yield the changes after ``position`` as server-sent events.

    ``authorize`` returns the selection of the listener, or raises if it may not go on. The stream then ends, as it does
    if the store cannot be reached; a client that comes back receives the error.
    """
    with suppress(DatelineError):
        yield _build_comment(position)
        last_sent = time.monotonic()
        while not hub.closed:
            has_changes = await hub.wait_for_changes(position, last_sent + KEEP_ALIVE - time.monotonic())
            selection = await authorize()
            events: list[bytes] = []
            if has_changes:
                page = await hub.read_page(selection, position)
                if page.position == position:  # another server has a revision that this one lacks
                    await asyncio.sleep(POLL_INTERVAL)
                events, position = [_build_event(change) for change in page.changes], page.position
            if not events and time.monotonic() >= last_sent + KEEP_ALIVE:
                events = [_build_comment(position)]
            if events:
                yield b"".join(events)
                last_sent = time.monotonic()


def _build_event(change: Change) -> bytes:
    data = change.to_item() | ({} if change.item is None else {"item": orjson.Fragment(change.item)})
    ident = f"{change.revision}-{change.place}"
    return format_sse_event(event="change", id=ident, data_str=orjson.dumps(data).decode())


def _build_comment(position: Position) -> bytes:
    """Return a sign of life, which moves the listener's position on if none of the changes was selected."""
    ident = str(position.revision) if position.place is None else f"{position.revision}-{position.place}"
    return format_sse_event(comment="still here", id=ident, retry=_RETRY)


@contextmanager
def run_before_signal_handlers(close: Callable[[], None]) -> Iterator[None]:
    """Call ``close`` before the server's own handlers of SIGINT and SIGTERM, which wait for open responses."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        close()
        handler = handlers[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)
