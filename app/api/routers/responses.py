"""How one record and a list of them are answered: a page as the database wrote it, or the list streamed whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
import orjson
from fastapi import Response
from pydantic import BaseModel

from app.api.routers.streams import stream
from app.api.web import cursors
from app.api.web.cursors import Find
from app.api.web.deps import add_token, get_address, get_base_url, get_path, parse_query
from app.api.web.fresh import forbid_storing
from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadRequest
from app.api.web.writes import Renderer
from app.core.vocab import Noun
from app.database.read_pool import ReadFunction, ThreadReadSession
from app.database.statements import ReadSession, StoreState
from app.formats import FORMATS, JSON, Format, list_format_names
from app.formats.json import write_page
from app.formats.list_info import ListInfo
from app.queries import records, revisions
from app.queries.listing import Page, PageRequest
from app.schemas.common import ListParams

RECORD = describe_statuses(*READ_STATUSES, 404, 410)
LIST: dict[int | str, dict[str, Any]] = {
    200: {"content": {each.bare_type: {"schema": each.schema} for each in FORMATS.values()}},
    **describe_statuses(*READ_STATUSES, 501),
}
NESTED_LIST = LIST | describe_statuses(404, 410)

# Of what changes without a revision, and has no tag.
UNCACHED_RECORD = describe_statuses(401, 403, 404, 410, 422, 429, 503)
UNCACHED_LIST = {status: told for status, told in LIST.items() if status != 304}
UNCACHED_NESTED_LIST = UNCACHED_LIST | describe_statuses(404, 410)

# Parameters of a list that leave open what is in it.
_NO_FILTERS = {*ListParams.model_fields, "min_revision"}


async def build_record(
    read: ReadRequest, noun: Noun, ref: int | str, as_of: int | None, render: Renderer | None = None
) -> Response:
    """The record, now or as a revision left it."""

    async def now(reads: ReadSession) -> tuple[str, StoreState]:
        await _unless_unchanged(read, reads)
        return await records.get_current(reads, noun, ref), reads.state

    async def then(reads: ThreadReadSession) -> tuple[str, StoreState]:
        read.set_etag(await reads.fetch_state())
        return records.get_item(reads.session, noun, ref, revision=as_of), reads.state

    item, state = await (read.run(now) if as_of is None else read.run_in_snapshot(then))
    read.set_etag(state)
    if render is not None:
        item = await anyio.to_thread.run_sync(render, item)
    return Response(item, media_type="application/json")


async def build_list(
    read: ReadRequest, filters: ListParams, shape: type[BaseModel], find: Find, *, thorough: bool = False
) -> Response:
    """The list that ``find`` finds, in the format that the client wants: a page, or streamed whole.

    A list that may take long, or more than one statement that needs the other's snapshot, is read ``thorough``.
    """
    read.shape = shape
    to = FORMATS.get(read.representation)
    if to is not None and to.paged:
        filters = _as_feed(filters)
    part = PageRequest(filters.sort, filters.limit, _after(read, filters))
    here = _naming(read, to, get_address(read.request))
    listed = _listed(read, filters, here)
    if to is not None and not to.paged and "limit" not in filters.model_fields_set:
        response = await stream(read, listed, find, part, to)
        response.headers.update(_link_header(read, here, None))
        return response

    async def page(reads: ReadSession) -> tuple[Page, int | None, Mapping[int, str], StoreState]:
        await _unless_unchanged(read, reads)
        found = await find(reads)
        rows = await cursors.fetch_page(found, reads, part)
        made_at = await _moments(reads, rows) if to is not None and to.paged else {}
        return rows, await found.count(reads) if filters.count else None, made_at, reads.state

    long = thorough or filters.count is not None or getattr(filters, "q", None) is not None
    rows, count, made_at, state = await (read.run_in_snapshot(page) if long else read.run(page))
    read.set_etag(state)
    then = _next(read, filters, rows, to)
    if to is not None:
        listed = replace(listed, updated=state.rfc3339, next_url=then and _absolute(read, then), revision_times=made_at)
        chunks = to.write(listed, [rows.items])
        body, media_type = await anyio.to_thread.run_sync(b"".join, chunks), to.media_type
    else:
        body = write_page(shape, rows.items, flat=filters.flat, count=count, url=here, next_url=then)
        media_type = "application/json"
    return Response(body, headers=_link_header(read, here, then), media_type=media_type)


def _as_feed(filters: ListParams) -> ListParams:
    """As a feed is read, unless the client says otherwise: what was added last comes first, whatever its date."""
    if "sort" in filters.model_fields_set:
        return filters
    return filters.model_copy(update={"sort": _newest_first(type(filters)) or filters.sort})


@cache
def _newest_first(shape: type[ListParams]) -> str | None:
    """The order of a list by which what was added last comes first, if it has one."""
    pattern = shape.model_json_schema()["properties"]["sort"]["pattern"]
    return next((sort for sort in ("-id", "-revision", "-retrieved") if re.fullmatch(pattern, sort)), None)


async def _moments(reads: ReadSession, rows: Page) -> Mapping[int, str]:
    """When the revisions were made that last changed the items."""
    return await revisions.get_times(reads, {orjson.loads(item).get("revision", 0) for item in rows.items})


async def build_uncached(read: ReadRequest, find: ReadFunction[str]) -> Response:
    """What ``find`` gives as JSON text, which has no tag."""
    return forbid_storing(read, Response(await read.run(find), media_type="application/json"))


async def build_uncached_list(
    read: ReadRequest, filters: ListParams, shape: type[BaseModel], find: Find, *, thorough: bool = False
) -> Response:
    """A list that has no tag."""
    return forbid_storing(read, await build_list(read, filters, shape, find, thorough=thorough))


async def _unless_unchanged(read: ReadRequest, reads: ReadSession) -> None:
    """Read no further where the client has the answer; that is known from the state alone."""
    if read.if_none_match is not None:
        read.set_etag(await reads.fetch_state())


def _after(read: ReadRequest, filters: ListParams) -> tuple[Any, int] | None:
    if filters.cursor is None:
        return None
    return cursors.decode(filters.cursor, path=get_path(read.request), filters=filters)


def _naming(read: ReadRequest, to: Format | None, address: str) -> str:
    """The address with the name of the format: where a feed points to itself, whoever follows must get the feed."""
    if to is None or not to.paged or "format" in parse_query(read.request):
        return address
    return f"{address}{'&' if '?' in address else '?'}format={to.name}"


def _next(read: ReadRequest, filters: ListParams, rows: Page, to: Format | None) -> str | None:
    if rows.last is None:
        return None
    path = get_path(read.request)
    cursor = cursors.encode(rows.last, path=path, filters=filters)
    query = parse_query(read.request)
    given = str(read.request.scope["query_string"], "latin-1")
    if "cursor" in query:
        then = f"{path}?{urlencode({**query, 'cursor': cursor})}"
    else:
        then = f"{path}?{given}&cursor={cursor}" if given else f"{path}?cursor={cursor}"
    return add_token(read.request, _naming(read, to, then))


def _link_header(read: ReadRequest, here: str, then: str | None) -> dict[str, str]:
    """The same links as in the body, and the list's other representations (RFC 8288)."""
    links = [f'<{here}>; rel="self"'] + ([f'<{then}>; rel="next"'] if then else [])
    start = _without_format(read)
    for name, media_type in _others(read.shape, read.representation):
        links.append(f'<{start}format={name}>; rel="alternate"; type="{media_type}"')
    return {"Link": ", ".join(links)}


@lru_cache(maxsize=1024)
def _others(shape: type[BaseModel] | None, representation: str) -> Sequence[tuple[str, str]]:
    """The names and media types of the other formats that items of this shape can be written in."""
    names = (name for name in list_format_names(shape) if name != representation)
    return [(name, "application/json" if name == JSON else FORMATS[name].bare_type) for name in names]


def _without_format(read: ReadRequest) -> str:
    """The address of the list, ready for ``format=`` at its end."""
    query = {name: value for name, value in parse_query(read.request).items() if name not in ("format", "cursor")}
    return f"{get_path(read.request)}?{urlencode(query)}{'&' if query else ''}"


def _listed(read: ReadRequest, filters: ListParams, here: str) -> ListInfo:
    assert read.shape is not None
    base, title = get_base_url(read.request), _title(read)
    return ListInfo(read.shape, base, _absolute(read, here), title, "", flat=filters.flat, bom=filters.bom)


def _title(read: ReadRequest) -> str:
    """What is listed: its path, and the filters by which one feed differs from another."""
    root = str(read.request.scope.get("root_path", ""))
    path = str(read.request.scope["path"]).removeprefix(root).strip("/")
    query = parse_query(read.request)
    filters = [f"{name}={value}" for name, value in query.items() if name not in _NO_FILTERS]
    return f"Dateline: {path}" + (f" ({', '.join(filters)})" if filters else "")


def _absolute(read: ReadRequest, address: str) -> str:
    root = str(read.request.scope.get("root_path", ""))
    return get_base_url(read.request) + address.removeprefix(root)
