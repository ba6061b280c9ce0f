"""What endpoints ask for, as ``Annotated`` aliases: addresses, the key, the store.

To read is in ``reading.py``, the right to write in ``writer.py``.
"""

import re
from collections import Counter
from typing import Annotated
from urllib.parse import parse_qsl, quote

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import Field
from sqlalchemy import Engine

from app import auth
from app.config import Settings
from app.errors import Forbidden, Invalid, Unauthorized
from app.queries.keys import Key
from app.readers import Readers
from app.schemas.common import MAX_ID, Digits, Id, Ref
from app.vocab import Scope
from app.web import etags
from app.web.contract import Contract
from app.web.problems import Answered

# Paths that need no escaping: nearly all.
_PLAIN = re.compile("[A-Za-z0-9/_.-]*")

RecordId = Annotated[Id, Path(alias="id", description="Id of the record.")]
Address = Annotated[Ref, Path(alias="slug", description="Slug or id.")]
AsOf = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits] | None,
    Query(description="Show the record as this revision left it.", alias="as_of"),
]

IfNoneMatch = Annotated[str | None, Header(description="Answer 304 if nothing has changed since this `ETag`.")]

_bearer = HTTPBearer(auto_error=False, description="A key made by `dateline key create`.")


def query_of(request: Request) -> dict[str, str]:
    """The query parameters; raises Invalid for one that the operation does not have, or that is given twice."""
    query: dict[str, str] | None = request.scope.get("query")
    if query is None:
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = request.scope["query"] = dict(pairs)
        contract: Contract = request.app.state.contract
        known = contract.parameters(request.scope["route"].path, request.method)
        for name, _ in pairs:
            if name not in known:
                others = ", ".join(sorted(known)) or "none"
                raise Invalid(name, f"there is no such parameter here; those there are: {others}")
        if len(pairs) > len(query):
            raise Invalid(
                Counter(name for name, _ in pairs).most_common(1)[0][0], "given more than once; a comma means OR"
            )
    return query


def strict_query(request: Request) -> None:
    """Refuse query parameters that the operation does not have, or that are given twice."""
    query_of(request)


def get_engine(request: Request) -> Engine:
    return get_readers(request).engine


EngineDep = Annotated[Engine, Depends(get_engine)]


def get_readers(request: Request) -> Readers:
    readers: Readers = request.app.state.readers
    return readers


async def identify(request: Request) -> Key | None:
    """The key that the request carries, if any; counts the request against its, or its address's, rate limit."""
    key = None
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
        key = await get_readers(request).current(lambda reads: auth.find_key(reads, given))
    if request.app.state.rate_limit is not None:
        client = f"key {key.id}" if key else request.client.host if request.client else ""
        request.scope["answer_headers"] |= request.app.state.rate_limit.hit(client)
    return key


async def get_key(request: Request, _documented: Annotated[object, Depends(_bearer)]) -> Key | None:
    return await identify(request)


KeyDep = Annotated[Key | None, Depends(get_key)]


async def admit(request: Request) -> None:
    """Let the request read, if it may; raises Unauthorized, Forbidden or TooManyRequests."""
    settings: Settings = request.app.state.settings
    # The most usual case first: nobody has to be asked for anything.
    if settings.public_reads and not settings.rate_limit and "authorization" not in request.headers:
        return
    await may_read(request, await identify(request))


async def may_read(request: Request, key: KeyDep) -> None:
    if not request.app.state.settings.public_reads:
        request.scope["answer_headers"]["Cache-Control"] = "private, no-cache"
        require(key, Scope.READ)


def require(key: Key | None, scope: Scope) -> Key:
    if key is None:
        raise Unauthorized("Send a key as Authorization: Bearer dl_…")
    if not auth.allows(key, scope):
        raise Forbidden(f"The key lacks the scope {scope}.")
    return key


async def unchanging(request: Request, if_none_match: IfNoneMatch = None) -> None:
    """For what only another version of Dateline would answer differently."""
    tag = etags.etag(0, "", address_of(request), "")
    request.scope["answer_headers"]["ETag"] = tag
    if etags.matches(if_none_match, tag):
        raise Answered(Response(status_code=304))


def address_of(request: Request) -> str:
    """Path and query as the client sent them."""
    query = request.scope["query_string"]
    return f"{path_of(request)}?{str(query, 'latin-1')}" if query else path_of(request)


def base_of(request: Request) -> str:
    """The absolute address of the API's root, without a slash at the end: as the operator says, or the client."""
    settings: Settings = request.app.state.settings
    return settings.public_url or str(request.base_url).rstrip("/")


def path_of(request: Request) -> str:
    """The path, escaped as in an address."""
    path: str = request.scope["path"]
    return path if _PLAIN.fullmatch(path) else quote(path, safe="/:~@!$&'()*+,;=%")
