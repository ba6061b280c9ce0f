"""How one record and a list of them are answered: a page as the database wrote it, or the list streamed whole."""

from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlencode

import anyio.to_thread
from fastapi import Response
from pydantic import BaseModel

from app.formats import FORMATS, JSON, fitting
from app.formats import page as json_page
from app.formats.listed import Listed
from app.queries import records
from app.queries.listing import Rows, Slice
from app.queries.prepared import Reads, State
from app.readers import SessionReads
from app.routers.streams import stream
from app.schemas.common import ListParams
from app.vocab import Noun
from app.web import pagination
from app.web.deps import address_of, base_of, path_of, query_of
from app.web.pagination import Find
from app.web.problems import READING, documented
from app.web.reading import Read
from app.web.writer import Show

ONE = documented(*READING, 404, 410)
MANY: dict[int | str, dict[str, Any]] = {
    200: {"content": {each.bare_type: {"schema": {"type": "string"}} for each in FORMATS.values()}},
    **documented(*READING, 501),
}
NESTED = MANY | documented(404, 410)


async def one(read: Read, noun: Noun, ref: int | str, as_of: int | None, show: Show | None = None) -> Response:
    """The record, now or as a revision left it."""

    async def now(reads: Reads) -> tuple[str, State]:
        await _unless_unchanged(read, reads)
        return await records.current(reads, noun, ref), reads.state

    async def then(reads: SessionReads) -> tuple[str, State]:
        read.note(await reads.latest())
        return records.item(reads.session, noun, ref, revision=as_of), reads.state

    item, state = await (read.quick(now) if as_of is None else read.thorough(then))
    read.note(state)
    if show is not None:
        item = await anyio.to_thread.run_sync(show, item)
    return Response(item, media_type="application/json")


async def many(
    read: Read, filters: ListParams, shape: type[BaseModel], find: Find, *, thorough: bool = False
) -> Response:
    """The list that ``find`` finds, in the format that the client wants: a page, or streamed whole.

    A list that may take long, or more than one statement that needs the other's snapshot, is read ``thorough``.
    """
    read.shape = shape
    to = FORMATS.get(read.representation)
    part = Slice(filters.sort, filters.limit, _after(read, filters))
    listed = _listed(read, filters)
    if to is not None and not to.paged and "limit" not in filters.model_fields_set:
        response = await stream(read, listed, find, part, to)
        response.headers.update(_link_header(read, address_of(read.request), None))
        return response

    async def page(reads: Reads) -> tuple[Rows, int | None, State]:
        await _unless_unchanged(read, reads)
        found = await find(reads)
        rows = await pagination.turn(found, reads, part)
        return rows, await found.count(reads) if filters.count else None, reads.state

    long = thorough or filters.count is not None or getattr(filters, "q", None) is not None
    rows, count, state = await (read.thorough(page) if long else read.quick(page))
    read.note(state)
    here, then = address_of(read.request), _next(read, filters, rows)
    if to is not None:
        listed = replace(listed, updated=state.rfc3339, then=then and _absolute(read, then))
        chunks = to.write(listed, [rows.items])
        body, media_type = await anyio.to_thread.run_sync(b"".join, chunks), to.media_type
    else:
        body = json_page.write(shape, rows.items, flat=filters.flat, count=count, here=here, then=then)
        media_type = "application/json"
    return Response(body, headers=_link_header(read, here, then), media_type=media_type)


async def _unless_unchanged(read: Read, reads: Reads) -> None:
    """Read no further where the client has the answer; that is known from the state alone."""
    if read.if_none_match is not None:
        read.note(await reads.latest())


def _after(read: Read, filters: ListParams) -> tuple[Any, int] | None:
    if filters.cursor is None:
        return None
    return pagination.decode(filters.cursor, path=path_of(read.request), filters=filters)


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


def _link_header(read: Read, here: str, then: str | None) -> dict[str, str]:
    """The same links as in the body, and the list's other representations (RFC 8288)."""
    links = [f'<{here}>; rel="self"'] + ([f'<{then}>; rel="next"'] if then else [])
    others = (FORMATS[name] for name in fitting(read.shape) if name not in (JSON, read.representation))
    start = _without_format(read)
    links += [f'<{start}format={each.name}>; rel="alternate"; type="{each.bare_type}"' for each in others]
    return {"Link": ", ".join(links)}


def _without_format(read: Read) -> str:
    """The address of the list, ready for ``format=`` at its end."""
    query = {name: value for name, value in query_of(read.request).items() if name not in ("format", "cursor")}
    return f"{path_of(read.request)}?{urlencode(query)}{'&' if query else ''}"


def _listed(read: Read, filters: ListParams) -> Listed:
    assert read.shape is not None
    here = address_of(read.request)
    title = unquote(here.lstrip("/").partition("?")[0])
    return Listed(
        read.shape, base_of(read.request), _absolute(read, here), title, "", flat=filters.flat, bom=filters.bom
    )


def _absolute(read: Read, address: str) -> str:
    root = str(read.request.scope.get("root_path", ""))
    return base_of(read.request) + address.removeprefix(root)
