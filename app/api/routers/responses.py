"""Build the responses of reads: a record, a page of a list as the database wrote it, or a list as a stream."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

import anyio.to_thread
import orjson
from fastapi import Response
from pydantic import BaseModel

from app.api.routers.streams import build_stream
from app.api.web import cursors
from app.api.web.access import add_token
from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import FindListing, ReadRequest, fetch_page, forbid_storing
from app.api.web.requests import get_address, get_base_url, get_path, parse_query
from app.api.web.writes import Renderer
from app.core.vocab import Noun
from app.database.reads import ReadFunction, ReadSession, StoreState, ThreadReadSession
from app.formats import FORMATS, JSON, Format, list_format_names
from app.formats.json import write_page
from app.formats.list_info import ListInfo
from app.queries import records, revisions
from app.queries.listing import Page, PageRequest, SortKey
from app.schemas.common import ListParams

RECORD = describe_statuses(*READ_STATUSES, 404, 410)
LIST: dict[int | str, dict[str, Any]] = {
    200: {"content": {written.bare_type: {"schema": written.schema} for written in FORMATS.values()}},
    **describe_statuses(*READ_STATUSES, 501),
}
NESTED_LIST = LIST | describe_statuses(404, 410)

# Responses without a tag, because their records change without a revision.
UNCACHED_RECORD = describe_statuses(401, 403, 404, 410, 422, 429, 503)
UNCACHED_LIST = {status: description for status, description in LIST.items() if status != 304}
UNCACHED_NESTED_LIST = UNCACHED_LIST | describe_statuses(404, 410)

# Parameters that do not select the items of a list.
_NO_FILTERS = {*ListParams.model_fields, "min_revision"}


class LoadedPage(NamedTuple):
    """A page of a list, read in one state of the store."""

    page: Page
    item_count: int | None
    revision_times: Mapping[int, str]
    """For feeds: the times of the revisions that last changed the items."""
    state: StoreState


async def build_record(
    read: ReadRequest, noun: Noun, ref: int | str, as_of: int | None, render: Renderer | None = None
) -> Response:
    """Return the response with one record, as it is now or as a revision left it."""

    async def load_current(reads: ReadSession) -> tuple[str, StoreState]:
        if read.if_none_match is not None:  # the store's state alone shows if nothing has changed
            read.set_etag(await reads.fetch_state())
        return await records.get_current(reads, noun, ref), reads.state

    async def load_past(reads: ThreadReadSession, revision: int) -> tuple[str, StoreState]:
        read.set_etag(await reads.fetch_state())
        return records.get_past(reads.session, noun, ref, revision), reads.state

    if as_of is None:
        item, state = await read.run(load_current)
    else:
        item, state = await read.run_in_snapshot(partial(load_past, revision=as_of))
    read.set_etag(state)
    if render is not None:
        item = await anyio.to_thread.run_sync(render, item)
    return Response(item, media_type="application/json")


async def build_list(
    read: ReadRequest, filters: ListParams, shape: type[BaseModel], find: FindListing, *, thorough: bool = False
) -> Response:
    """Return the response with the listing that ``find`` returns, in the client's format: a page, or the whole list.

    Use ``thorough`` for a list that may take long, or needs one snapshot for several statements.
    """
    read.shape = shape
    to = FORMATS.get(read.representation)
    if to is not None and to.paged:
        filters = _sort_as_feed(filters)
    path, address = get_path(read.request), get_address(read.request)
    if to is not None and to.paged:
        address = _add_format(read, to, address)
    after = None if filters.cursor is None else cursors.decode(filters.cursor, path=path, filters=filters)
    request = PageRequest(filters.sort, filters.limit, after)
    if to is not None and not to.paged and "limit" not in filters.model_fields_set:
        response = await build_stream(read, _describe_list(read, filters, address), find, request, to)
        response.headers.update(_build_link_header(read, address, None))
        return response

    async def load(reads: ReadSession) -> LoadedPage:
        if read.if_none_match is not None:  # the store's state alone shows if nothing has changed
            read.set_etag(await reads.fetch_state())
        listing = await find(reads)
        page = await fetch_page(listing, reads, request)
        revision_times: Mapping[int, str] = {}
        if to is not None and to.paged:
            revision_times = await revisions.get_times(
                reads, {orjson.loads(item).get("revision", 0) for item in page.items}
            )
        return LoadedPage(page, await listing.count(reads) if filters.count else None, revision_times, reads.state)

    is_long = thorough or filters.count is not None or getattr(filters, "q", None) is not None
    page, item_count, revision_times, state = await (read.run_in_snapshot(load) if is_long else read.run(load))
    read.set_etag(state)
    next_address = None if page.last is None else _build_next_address(read, filters, page.last, to)
    if to is not None:
        next_url = None if next_address is None else _get_url(read, next_address)
        list_info = replace(
            _describe_list(read, filters, address),
            updated=state.rfc3339,
            next_url=next_url,
            revision_times=revision_times,
        )
        chunks = to.write(list_info, [page.items])
        body, media_type = await anyio.to_thread.run_sync(b"".join, chunks), to.media_type
    else:
        body = write_page(shape, page.items, flat=filters.flat, count=item_count, url=address, next_url=next_address)
        media_type = "application/json"
    return Response(body, headers=_build_link_header(read, address, next_address), media_type=media_type)


async def build_uncached(read: ReadRequest, load: ReadFunction[str]) -> Response:
    """Return the response, without a tag, with the JSON text that ``load`` returns."""
    return forbid_storing(read, Response(await read.run(load), media_type="application/json"))


async def build_uncached_list(
    read: ReadRequest, filters: ListParams, shape: type[BaseModel], find: FindListing, *, thorough: bool = False
) -> Response:
    """Return the response with a list, without a tag."""
    return forbid_storing(read, await build_list(read, filters, shape, find, thorough=thorough))


def _sort_as_feed(filters: ListParams) -> ListParams:
    """Sort the last added items first, whatever their dates, unless the client chose an order."""
    if "sort" in filters.model_fields_set:
        return filters
    return filters.model_copy(update={"sort": _get_newest_first_sort(type(filters)) or filters.sort})


@cache
def _get_newest_first_sort(shape: type[ListParams]) -> str | None:
    pattern = shape.model_json_schema()["properties"]["sort"]["pattern"]
    return next((sort for sort in ("-id", "-revision", "-retrieved") if re.fullmatch(pattern, sort)), None)


def _add_format(read: ReadRequest, to: Format, address: str) -> str:
    """Add the format's name to the address of a feed: a reader that follows it must get the feed again."""
    if "format" in parse_query(read.request):
        return address
    return f"{address}{'&' if '?' in address else '?'}format={to.name}"


def _build_next_address(read: ReadRequest, filters: ListParams, last: tuple[SortKey, int], to: Format | None) -> str:
    """Return the address of the page after the item with the key ``last``."""
    path = get_path(read.request)
    cursor = cursors.encode(last, path=path, filters=filters)
    query, query_string = parse_query(read.request), str(read.request.scope["query_string"], "latin-1")
    if "cursor" in query:
        query_string = urlencode({**query, "cursor": cursor})
    else:
        query_string = f"{query_string}&cursor={cursor}" if query_string else f"cursor={cursor}"
    address = f"{path}?{query_string}"
    if to is not None and to.paged:
        address = _add_format(read, to, address)
    return add_token(read.request, address)


def _build_link_header(read: ReadRequest, address: str, next_address: str | None) -> dict[str, str]:
    """Return the links of the body, and those to the list's other formats (RFC 8288)."""
    links = [f'<{address}>; rel="self"'] + ([f'<{next_address}>; rel="next"'] if next_address else [])
    query = {name: value for name, value in parse_query(read.request).items() if name not in ("format", "cursor")}
    start = f"{get_path(read.request)}?{urlencode(query)}{'&' if query else ''}"
    for name, media_type in _list_alternates(read.shape, read.representation):
        links.append(f'<{start}format={name}>; rel="alternate"; type="{media_type}"')
    return {"Link": ", ".join(links)}


@lru_cache(maxsize=1024)
def _list_alternates(shape: type[BaseModel] | None, representation: str) -> Sequence[tuple[str, str]]:
    """Return the names and media types of the other formats of items of this shape."""
    names = (name for name in list_format_names(shape) if name != representation)
    return [(name, "application/json" if name == JSON else FORMATS[name].bare_type) for name in names]


def _describe_list(read: ReadRequest, filters: ListParams, address: str) -> ListInfo:
    """Return the description of the list; its title has the path, and the filters that tell one feed from another."""
    assert read.shape is not None
    root = str(read.request.scope.get("root_path", ""))
    path = str(read.request.scope["path"]).removeprefix(root).strip("/")
    criteria = [f"{name}={value}" for name, value in parse_query(read.request).items() if name not in _NO_FILTERS]
    title = f"Dateline: {path}" + (f" ({', '.join(criteria)})" if criteria else "")
    base, url = get_base_url(read.request), _get_url(read, address)
    return ListInfo(read.shape, base, url, title, "", flat=filters.flat, bom=filters.bom)


def _get_url(read: ReadRequest, address: str) -> str:
    """Return the absolute URL of an address of the API."""
    root = str(read.request.scope.get("root_path", ""))
    return get_base_url(read.request) + address.removeprefix(root)
