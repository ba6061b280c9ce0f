"""A list streamed whole, from one snapshot, however long it is."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.web.cursors import Find, fetch_page
from app.api.web.reads import ReadRequest
from app.core.errors import Busy
from app.database.read_pool import run_sync
from app.database.statements import ReadSession
from app.formats import Format
from app.formats.flat import list_columns
from app.formats.list_info import ListInfo
from app.queries.listing import Paged, PageRequest

# Page that are read in one go and become a chunk: as many as a processor's cache holds.
BATCH = 500

# Streams of one process at a time. They run in threads of their own, so that slow clients keep nobody else from
# being served, and take connections that the pool may have beyond its size.
MOST = 8
# Seconds that one more waits for its turn, and between its looks.
PATIENCE = 5.0
_PAUSE = 0.05
_free = threading.BoundedSemaphore(MOST)


async def stream(read: ReadRequest, listed: ListInfo, find: Find, part: PageRequest, to: Format) -> StreamingResponse:
    """The list from ``part`` on; its first chunk is made at once, so that what is wrong is still told."""
    thread = anyio.CapacityLimiter(1)
    part = replace(part, limit=BATCH, columns=list_columns(listed.shape) if to.tabular else ())
    with ExitStack() as opened:
        await _turn_to_stream()
        opened.callback(_free.release)

        def begin() -> Iterator[bytes]:
            reads = opened.enter_context(read.read_pool.open_session())
            state = run_sync(reads.fetch_state())
            read.set_etag(state)
            told = replace(listed, updated=state.rfc3339)
            chunks = to.write(told, _batches(run_sync(find(reads)), reads, part))
            return chain([next(chunks)], chunks)

        chunks = await read.explain_missing(anyio.to_thread.run_sync(begin, limiter=thread))
        return _Streamed(chunks, opened.pop_all(), thread, media_type=to.media_type)


async def _turn_to_stream() -> None:
    """Take one of the places there are, or wait for one; raises Busy where none gets free."""
    for _ in range(max(1, round(PATIENCE / _PAUSE))):
        if _free.acquire(blocking=False):
            return
        await anyio.sleep(_PAUSE)
    raise Busy("As many lists as can be are being streamed; try again.")


def _batches(found: Paged, reads: ReadSession, part: PageRequest) -> Iterator[Any]:
    """The items of one page after the other."""
    rows = run_sync(fetch_page(found, reads, part))
    yield rows.items
    while rows.last is not None:
        rows = run_sync(found.page(reads, replace(part, after=rows.last)))
        yield rows.items


class _Streamed(StreamingResponse):
    """Chunks made and sent by one thread, the next while the last is on its way; the snapshot is let go of at the
    end, whatever ends it."""

    def __init__(
        self, chunks: Iterable[bytes], opened: ExitStack, thread: anyio.CapacityLimiter, *, media_type: str
    ) -> None:
        super().__init__((), media_type=media_type)
        self._chunks = chunks
        self._opened = opened
        self._thread = thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._opened.close, limiter=self._thread)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await anyio.to_thread.run_sync(self._send_chunks, send, limiter=self._thread)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _send_chunks(self, send: Send) -> None:
        for chunk in self._chunks:
            anyio.from_thread.check_cancelled()  # where nobody listens any more, sending waits for nothing
            anyio.from_thread.run(_send, send, chunk)


async def _send(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})
