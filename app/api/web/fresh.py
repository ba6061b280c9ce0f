"""Reads of what changes without a revision: they have no tag, and are never to be stored."""

from typing import Annotated

from fastapi import Depends, Request, Response

from app.api.web.deps import KeyDep, get_read_pool, parse_query, require_read_access, require_scope
from app.api.web.reads import ReadRequest
from app.core.vocab import Scope


async def get_uncached_read(
    request: Request,
    _allowed: Annotated[None, Depends(require_read_access)],
    _query: Annotated[dict[str, str], Depends(parse_query)],
) -> ReadRequest:
    """A read that no tag can spare."""
    return ReadRequest(request, get_read_pool(request), None)


UncachedReadDep = Annotated[ReadRequest, Depends(get_uncached_read)]


async def get_writer_read(read: UncachedReadDep, key: KeyDep) -> ReadRequest:
    """Such a read of what only those may see who may change it."""
    require_scope(key, Scope.WRITE)
    return read


WriterReadDep = Annotated[ReadRequest, Depends(get_writer_read)]


def forbid_storing(read: ReadRequest, response: Response) -> Response:
    """The answer to such a read."""
    headers = read.request.scope["response_headers"]
    headers.pop("ETag", None)
    headers["Cache-Control"] = "no-store"
    return response
