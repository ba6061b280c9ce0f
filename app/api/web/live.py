"""The live stream: who follows the store is told of each change a moment after it was committed.

One look at the store's state serves all who listen in a process, and what they are told is read once for those who
have come as far. While a listener waits, or is slow to take what it is sent, it holds no connection to the database.
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
from app.database.read_pool import ReadPool
from app.database.statements import ReadSession
from app.queries import change_feed
from app.queries.change_feed import ChangePage, ChangeSelection, Position
from app.queries.revisions import Change

# Listeners of one process.
MOST = 200
# Seconds between two looks at the store, and without a word to a listener.
PAUSE = 0.25
KEEP_ALIVE = 15.0
# Changes that are read at once, and pieces of one state of the store that are kept for others.
_PIECE = 200
_SHARED = 32
# Pieces that are read at the same time, so that they take few of the threads.
_AT_ONCE = 2
# Milliseconds after which a browser is to come back.
_RETRY = 2000


class StreamResponse(StreamingResponse):
    """Server-sent events to one of the hub's listeners, whose place is free again when it ends."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncIterator[bytes], place: ExitStack) -> None:
        # What stands between must neither keep it, nor hold it back until there is more of it.
        super().__init__(chunks, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


class Hub:
    """The listeners of one process, and what they have in common."""

    def __init__(self) -> None:
        self.closed = False
        self._listeners = 0

    def close(self) -> None:
        """Have all streams end, soon."""
        self.closed = True

    @contextmanager
    def listening(self, read_pool: ReadPool) -> Iterator[None]:
        """Count one more listener; raises Busy where there are as many as can be."""
        if self.closed or self._listeners >= MOST:
            raise Busy("As many as can are following the changes; try again.", headers={"Retry-After": "10"})
        if not self._listeners:
            self._begin(read_pool)
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._watch.cancel()

    def _begin(self, read_pool: ReadPool) -> None:
        self._read_pool = read_pool
        self._revision = 0
        self._pieces: dict[tuple[ChangeSelection, Position], ChangePage] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._moved = asyncio.Event()
        self._watch = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while not self.closed:
            with suppress(DatelineError, DBAPIError):  # it may be back at the next look
                state = self._read_pool.peek_state() or await self._read_pool.get_state()
                if state.revision != self._revision:
                    self._revision, self._pieces = state.revision, {}
                    self._wake()
            await asyncio.sleep(PAUSE)
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def news(self, position: Position, patience: float) -> bool:
        """Wait until there may be more after ``position``, or until patience (in seconds) ends; whether there may."""
        until = time.monotonic() + patience
        while not self.closed:
            if position.place is not None or self._revision > position.revision:
                return True
            try:
                await asyncio.wait_for(self._moved.wait(), until - time.monotonic())
            except TimeoutError:
                break
        return False

    async def read(self, following: ChangeSelection, position: Position) -> ChangePage:
        """The next changes; raises what ``change_feed.get_page`` does."""
        pieces, revision, key = self._pieces, self._revision, (following, position)
        async with self._turns:
            if key in pieces:
                return pieces[key]
            piece = await self._read(revision, following, position)
            if len(pieces) < _SHARED:
                pieces[key] = piece
            return piece

    async def _read(self, revision: int, following: ChangeSelection, position: Position) -> ChangePage:
        async def work(reads: ReadSession) -> ChangePage:
            return await change_feed.get_page(reads, following, position, most=_PIECE)

        try:
            return await self._read_pool.with_min_revision(revision).run_in_snapshot(work)
        except DBAPIError as error:
            if is_server_lost(error):
                raise Busy("The store cannot be reached; try again.") from error
            raise


async def events(hub: Hub, position: Position, check: Callable[[], Awaitable[ChangeSelection]]) -> AsyncIterator[bytes]:
    """What is followed from ``position`` on, as server-sent events.

    ``check`` says what is followed, or raises where the listener may not go on; then, as when the store cannot be
    reached, the stream ends, and who comes back is told why.
    """
    with suppress(DatelineError):
        yield _beat(position)
        spoke = time.monotonic()
        while not hub.closed:
            more = await hub.news(position, spoke + KEEP_ALIVE - time.monotonic())
            following = await check()
            told: list[bytes] = []
            if more:
                piece = await hub.read(following, position)
                if piece.position == position:  # another server had what is not here yet
                    await asyncio.sleep(PAUSE)
                told, position = [_event(change) for change in piece.changes], piece.position
            if not told and time.monotonic() >= spoke + KEEP_ALIVE:
                told = [_beat(position)]
            if told:
                yield b"".join(told)
                spoke = time.monotonic()


def _event(change: Change) -> bytes:
    told = change.told() | ({} if change.item is None else {"item": orjson.Fragment(change.item)})
    return format_sse_event(
        event="change", id=f"{change.revision}-{change.place}", data_str=orjson.dumps(told).decode()
    )


def _beat(position: Position) -> bytes:
    """A sign of life, which also says how far the listener has come though nothing that it follows has happened."""
    ident = str(position.revision) if position.place is None else f"{position.revision}-{position.place}"
    return format_sse_event(comment="still here", id=ident, retry=_RETRY)


@contextmanager
def run_before_signal_handlers(close: Callable[[], None]) -> Iterator[None]:
    """Call ``close`` before whatever else a server does on a signal to end: it waits for what is being answered."""
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ending(number: int, frame: FrameType | None) -> None:
        close()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, ending)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is ending:
                signal.signal(number, handler)
