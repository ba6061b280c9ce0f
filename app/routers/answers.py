"""How one record and a list of them are answered: JSON as the database wrote it, or a list streamed whole."""

from collections.abc import Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlmodel import Session

from app import formats
from app.db import reading
from app.errors import Invalid
from app.formats import FORMATS, Format
from app.formats import page as json_page
from app.queries import records
from app.queries.listing import Paged, Rows, Slice
from app.schemas.common import ListParams
from app.vocab import Noun
from app.web import pagination
from app.web.deps import Reader, address_of
from app.web.problems import READING, documented

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


def many(request: Request, reader: Reader, filters: ListParams, shape: type[BaseModel], found: Paged) -> Response:
    """The list ``found`` in the format that the client wants: a page, or streamed whole."""
    part = Slice(filters.sort, filters.limit, _after(request, filters))
    to = FORMATS.get(formats.negotiate(filters.format, request.headers.get("accept", "")))
    if to is not None and "limit" not in filters.model_fields_set:
        return _streamed(reader, shape, found, Slice(part.sort, _STREAMED, part.after), to, flat=filters.flat)
    rows = _read(reader.session, found, part)
    here, then = address_of(request).removesuffix("?"), _next(request, filters, rows)
    if to is not None:
        body, media_type = to.head(shape) + to.write(shape, rows.items, filters.flat), to.media_type
    else:
        count = found.count(reader.session) if filters.count == "exact" else None
        body = json_page.write(shape, rows.items, flat=filters.flat, count=count, here=here, then=then)
        media_type = "application/json"
    return Response(body, headers=_link_header(here, then), media_type=media_type)


def _after(request: Request, filters: ListParams) -> tuple[Any, int] | None:
    if filters.cursor is None:
        return None
    return pagination.decode(filters.cursor, path=request.url.path, filters=filters)


def _read(session: Session, found: Paged, part: Slice) -> Rows:
    try:
        return found.page(session, part)
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


def _streamed(reader: Reader, shape: type[BaseModel], found: Paged, part: Slice, to: Format, *, flat: bool) -> Response:
    """The whole list from ``part`` on; its first rows are read at once, so that what is wrong is still told."""
    first = _read(reader.session, found, part)

    def chunks() -> Iterator[bytes]:
        rows = first
        yield to.head(shape) + to.write(shape, rows.items, flat)
        while rows.last is not None:
            with reading(reader.engine) as session:
                rows = found.page(session, Slice(part.sort, part.limit, rows.last))
            yield to.write(shape, rows.items, flat)

    return StreamingResponse(chunks(), media_type=to.media_type)
