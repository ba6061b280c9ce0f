"""How one record and a list of them are answered: JSON as the database wrote it, or a list streamed whole."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlmodel import Session

from app import formats, pagination
from app.db import reading
from app.deps import Reader, address_of
from app.errors import Invalid
from app.formats import FORMATS, Format
from app.formats import page as json_page
from app.problems import READING, documented
from app.queries import listing as listings
from app.queries import records
from app.queries.listing import Listing, Rows, Slice
from app.schemas.common import ListParams
from app.vocab import Noun

Fetch = Callable[[Session, Slice], Rows]

ONE = documented(*READING, 404, 410)
MANY: dict[int | str, dict[str, Any]] = {
    200: {"content": {each.media_type.partition(";")[0]: {"schema": {"type": "string"}} for each in FORMATS.values()}},
    **documented(*READING),
}
NESTED = MANY | documented(404, 410)

# Rows that a stream reads in one go, each with a short session of its own: a slow client holds nobody up.
_STREAMED = 200


def one(reader: Reader, noun: Noun, ref: int | str, as_of: int | None) -> Response:
    """The record, now or as a revision left it."""
    return Response(records.item(reader.session, noun, ref, revision=as_of), media_type="application/json")


def many(
    request: Request,
    reader: Reader,
    filters: ListParams,
    shape: type[BaseModel],
    found: Listing | Fetch,
) -> Response:
    """The list ``found`` in the format that the client wants."""
    fetch, count = _page(found), None
    if isinstance(found, Listing) and filters.count == "exact":
        count = listings.count(reader.session, found)
    part = Slice(filters.sort, filters.limit, _after(request, filters))
    wanted = formats.negotiate(filters.format, request.headers.get("accept", ""))
    if wanted in FORMATS:
        return _streamed(request, reader, filters, shape, fetch, part, FORMATS[wanted])
    rows = _read(reader.session, fetch, part)
    here, then = address_of(request).removesuffix("?"), _next(request, filters, rows)
    body = json_page.write(shape, rows.items, flat=filters.flat, count=count, here=here, then=then)
    return Response(body, headers=_link_header(here, then), media_type="application/json")


def _page(found: Listing | Fetch) -> Fetch:
    if isinstance(found, Listing):
        return lambda session, part: listings.page(session, found, part)
    return found


def _after(request: Request, filters: ListParams) -> tuple[Any, int] | None:
    if filters.cursor is None:
        return None
    return pagination.decode(filters.cursor, path=request.url.path, filters=filters)


def _read(session: Session, fetch: Fetch, part: Slice) -> Rows:
    try:
        return fetch(session, part)
    except ValueError:
        raise Invalid("cursor", "not a cursor of this list; follow a page's next link") from None


def _next(request: Request, filters: ListParams, rows: Rows) -> str | None:
    if rows.last is None:
        return None
    cursor = pagination.encode(rows.last, path=request.url.path, filters=filters)
    url = request.url.include_query_params(cursor=cursor)
    return f"{url.path}?{url.query}"


def _link_header(here: str, then: str | None) -> dict[str, str]:
    """The same links as in the body (RFC 8288)."""
    links = [f'<{here}>; rel="self"'] + ([f'<{then}>; rel="next"'] if then else [])
    return {"Link": ", ".join(links)}


def _streamed(
    request: Request,
    reader: Reader,
    filters: ListParams,
    shape: type[BaseModel],
    fetch: Fetch,
    part: Slice,
    to: Format,
) -> Response:
    """The whole list from ``part`` on; where the client sets a limit, so much of it and a link to the rest."""
    if "limit" in filters.model_fields_set:
        rows = _read(reader.session, fetch, part)
        links = _link_header(address_of(request), _next(request, filters, rows))
        return Response(
            to.head(shape) + to.write(shape, rows.items, filters.flat), headers=links, media_type=to.media_type
        )
    part = Slice(part.sort, _STREAMED, part.after)
    first = _read(reader.session, fetch, part)
    chunks = _chunks(reader.engine, shape, fetch, part, first, to, flat=filters.flat)
    return StreamingResponse(chunks, media_type=to.media_type)


def _chunks(
    engine: Engine, shape: type[BaseModel], fetch: Fetch, part: Slice, rows: Rows, to: Format, *, flat: bool
) -> Iterator[bytes]:
    yield to.head(shape) + to.write(shape, rows.items, flat)
    while rows.last is not None:
        with reading(engine) as session:
            rows = fetch(session, Slice(part.sort, part.limit, rows.last))
        yield to.write(shape, rows.items, flat)
