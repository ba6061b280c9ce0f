"""Reads of what changes without a revision: they have no tag, and are never to be stored."""

from typing import Annotated

from fastapi import Depends, Request, Response

from app.web.deps import get_readers, may_read, strict_query
from app.web.reading import Read


async def get_fresh(
    request: Request,
    _allowed: Annotated[None, Depends(may_read)],
    _strict: Annotated[None, Depends(strict_query)],
) -> Read:
    """A read that no tag can spare."""
    return Read(request, get_readers(request), None)


FreshDep = Annotated[Read, Depends(get_fresh)]


def untagged(read: Read, response: Response) -> Response:
    """The answer to such a read."""
    headers = read.request.scope["answer_headers"]
    headers.pop("ETag", None)
    headers["Cache-Control"] = "no-store"
    return response
