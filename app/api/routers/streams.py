"""Stream a whole list from one snapshot, however long it is."""

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

from app.api.web.reads import FindListing, ReadRequest, fetch_page
from app.core.errors import Busy
from app.database.reads import ReadSession, run_sync
from app.formats import Format
from app.formats.flat import list_columns
from app.formats.list_info import ListInfo
from app.queries.listing import Paged, PageRequest
from app.queries.names import Missing

# Rows that are read at once and become a chunk: as many as a processor's cache holds.
BATCH = 500

# Streams of one process at a time. They run in threads of their own, so that slow clients delay no other request, and
# take connections that the pool may have beyond its size.
MAX_STREAMS = 8
# Seconds that one more waits, and between its attempts.
PATIENCE = 5.0
_PAUSE = 0.05
_slots = threading.BoundedSemaphore(MAX_STREAMS)


async def build_stream(
    read: ReadRequest, list_info: ListInfo, find: FindListing, request: PageRequest, to: Format
) -> StreamingResponse:
    """Return the list from ``request`` on; its first chunk is made at once, so that an error still has its status."""
    thread = anyio.CapacityLimiter(1)
    request = replace(request, limit=BATCH, columns=list_columns(list_info.shape) if to.tabular else ())
    with ExitStack() as resources:
        await _acquire_slot()
        resources.callback(_slots.release)

        def begin() -> Iterator[bytes]:
            reads = resources.enter_context(read.read_pool.open_session())
            state = run_sync(reads.fetch_state())
            read.set_etag(state)
            batches = _read_batches(run_sync(find(reads)), reads, request)
            chunks = to.write(replace(list_info, updated=state.rfc3339), batches)
            return chain([next(chunks)], chunks)

        try:
            chunks = await anyio.to_thread.run_sync(begin, limiter=thread)
        except Missing as error:
            raise await read.explain_missing(error) from None
        return _ThreadResponse(chunks, resources.pop_all(), thread, media_type=to.media_type)


async def _acquire_slot() -> None:
    """Take a slot, or wait for one; raise ``Busy`` if none becomes free."""
    for _ in range(max(1, round(PATIENCE / _PAUSE))):
        if _slots.acquire(blocking=False):
            return
        await anyio.sleep(_PAUSE)
    raise Busy("As many lists as can be are being streamed; try again.")


def _read_batches(listing: Paged, reads: ReadSession, request: PageRequest) -> Iterator[Any]:
    """Yield the items of one page after another."""
    page = run_sync(fetch_page(listing, reads, request))
    yield page.items
    while page.last is not None:
        page = run_sync(listing.page(reads, replace(request, after=page.last)))
        yield page.items


class _ThreadResponse(StreamingResponse):
    """Chunks that one thread makes and sends, each while the one before is on its way.

    The snapshot is closed however the response ends.
    """

    def __init__(
        self, chunks: Iterable[bytes], resources: ExitStack, thread: anyio.CapacityLimiter, *, media_type: str
    ) -> None:
        super().__init__((), media_type=media_type)
        self._chunks = chunks
        self._resources = resources
        self._thread = thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._resources.close, limiter=self._thread)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await anyio.to_thread.run_sync(self._send_chunks, send, limiter=self._thread)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _send_chunks(self, send: Send) -> None:
        for chunk in self._chunks:
            anyio.from_thread.check_cancelled()  # without a client, sending never waits
            anyio.from_thread.run(_send_chunk, send, chunk)


async def _send_chunk(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})
