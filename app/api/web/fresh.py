"""Reads of what changes without a revision: they have no tag, and are never to be stored."""

from typing import Annotated

from fastapi import Depends, Request, Response

from app.api.web.deps import KeyDep, get_read_pool, may_read, require, strict_query
from app.api.web.reading import Read
from app.core.vocab import Scope


async def get_fresh(
    request: Request,
    _allowed: Annotated[None, Depends(may_read)],
    _strict: Annotated[None, Depends(strict_query)],
) -> Read:
    """A read that no tag can spare."""
    return Read(request, get_read_pool(request), None)


FreshDep = Annotated[Read, Depends(get_fresh)]


async def get_fresh_for_writers(read: FreshDep, key: KeyDep) -> Read:
    """Such a read of what only those may see who may change it."""
    require(key, Scope.WRITE)
    return read


FreshForWritersDep = Annotated[Read, Depends(get_fresh_for_writers)]


def untagged(read: Read, response: Response) -> Response:
    """The answer to such a read."""
    headers = read.request.scope["answer_headers"]
    headers.pop("ETag", None)
    headers["Cache-Control"] = "no-store"
    return response
