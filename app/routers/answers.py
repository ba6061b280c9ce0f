"""How one record and a list of them are answered: JSON as the database wrote it, or a list streamed whole."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import anyio
import anyio.to_thread
from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from app.errors import Invalid
from app.formats import FORMATS, Format
from app.formats import page as json_page
from app.queries import records
from app.queries.listing import Paged, Rows, Slice
from app.queries.prepared import Reads, State
from app.readers import SessionReads, drive
from app.schemas.common import ListParams
from app.vocab import Noun
from app.web import pagination
from app.web.deps import address_of, path_of, query_of
from app.web.problems import READING, documented
from app.web.reading import Read

ONE = documented(*READING, 404, 410)
MANY: dict[int | str, dict[str, Any]] = {
    200: {"content": {each.media_type.partition(";")[0]: {"schema": {"type": "string"}} for each in FORMATS.values()}},
    **documented(*READING),
}
NESTED = MANY | documented(404, 410)

# Rows that a stream reads in one go.
_STREAMED = 500


Find = Callable[[Reads], Awaitable[Paged]]
"""Says which list is meant: looks up the names in the request, and no more."""


async def one(read: Read, noun: Noun, ref: int | str, as_of: int | None) -> Response:
    """The record, now or as a revision left it."""

    async def now(reads: Reads) -> tuple[str, State]:
        await _unless_unchanged(read, reads)
        return await records.current(reads, noun, ref), reads.state

    async def then(reads: SessionReads) -> tuple[str, State]:
        read.note(await reads.latest())
        return records.item(reads.session, noun, ref, revision=as_of), reads.state

    item, state = await (read.quick(now) if as_of is None else read.thorough(then))
    read.note(state)
    return Response(item, media_type="application/json")


async def many(
    read: Read, filters: ListParams, shape: type[BaseModel], find: Find, *, thorough: bool = False
) -> Response:
    """The list that ``find`` finds, in the format that the client wants: a page, or streamed whole.

    A list that may take long, or more than one statement that needs the other's snapshot, is read ``thorough``.
    """
    to = FORMATS.get(read.representation)
    part = Slice(filters.sort, filters.limit, _after(read, filters))
    if to is not None and "limit" not in filters.model_fields_set:
        return await _streamed(read, shape, find, Slice(part.sort, _STREAMED, part.after), to, flat=filters.flat)

    async def page(reads: Reads) -> tuple[Rows, int | None, State]:
        await _unless_unchanged(read, reads)
        found = await find(reads)
        rows = await _page(found, reads, part)
        return rows, await found.count(reads) if filters.count else None, reads.state

    long = thorough or filters.count is not None or getattr(filters, "q", None) is not None
    rows, count, state = await (read.thorough(page) if long else read.quick(page))
    read.note(state)
    here, then = address_of(read.request), _next(read, filters, rows)
    if to is not None:
        body, media_type = to.head(shape) + to.write(shape, rows.items, filters.flat), to.media_type
    else:
        body = json_page.write(shape, rows.items, flat=filters.flat, count=count, here=here, then=then)
        media_type = "application/json"
    return Response(body, headers=_link_header(here, then), media_type=media_type)


async def _unless_unchanged(read: Read, reads: Reads) -> None:
    """Read no further where the client has the answer; that is known from the state alone."""
    if read.if_none_match is not None:
        read.note(await reads.latest())


def _after(read: Read, filters: ListParams) -> tuple[Any, int] | None:
    if filters.cursor is None:
        return None
    return pagination.decode(filters.cursor, path=path_of(read.request), filters=filters)


async def _page(found: Paged, reads: Reads, part: Slice) -> Rows:
    try:
        return await found.page(reads, part)
    except ValueError:
        raise Invalid("cursor", "not a cursor of this list; follow a page's next link") from None


def _next(read: Read, filters: ListParams, rows: Rows) -> str | None:
    if rows.last is None:
        return None
    path = path_of(read.request)
    cursor = pagination.encode(rows.last, path=path, filters=filters)
    query = query_of(read.request)
    if "cursor" in query:
        return f"{path}?{urlencode({**query, 'cursor': cursor})}"
    given = str(read.request.scope["query_string"], "latin-1")
    return f"{path}?{given}&cursor={cursor}" if given else f"{path}?cursor={cursor}"


def _link_header(here: str, then: str | None) -> dict[str, str]:
    """The same links as in the body (RFC 8288)."""
    links = [f'<{here}>; rel="self"'] + ([f'<{then}>; rel="next"'] if then else [])
    return {"Link": ", ".join(links)}


async def _streamed(read: Read, shape: type[BaseModel], find: Find, part: Slice, to: Format, *, flat: bool) -> Response:
    """The whole list from ``part`` on, of one snapshot; its first rows are read at once, so that what is wrong is
    still told."""
    opened = ExitStack()

    def begin() -> tuple[SessionReads, Paged, Rows]:
        reads = opened.enter_context(read.readers.session())
        read.note(drive(reads.latest()))
        found = drive(find(reads))
        return reads, found, drive(_page(found, reads, part))

    try:
        reads, found, first = await read.explained(anyio.to_thread.run_sync(begin))
    except BaseException:
        opened.close()
        raise

    def chunks() -> Iterator[bytes]:
        rows = first
        yield to.head(shape) + to.write(shape, rows.items, flat)
        while rows.last is not None:
            rows = drive(found.page(reads, Slice(part.sort, part.limit, rows.last)))
            yield to.write(shape, rows.items, flat)

    return _Streamed(chunks(), opened, media_type=to.media_type)


class _Streamed(StreamingResponse):
    """A stream that lets go of its snapshot when it ends, however it ends."""

    def __init__(self, chunks: Iterator[bytes], opened: ExitStack, *, media_type: str) -> None:
        super().__init__(chunks, media_type=media_type)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._opened.close)
