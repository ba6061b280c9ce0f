"""What endpoints ask for, as ``Annotated`` aliases: addresses, the key, the store.

To read is in ``reading.py``, the right to write in ``writer.py``.
"""

import re
from collections import Counter
from collections.abc import MutableMapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote_plus

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import Field
from sqlalchemy import Engine

from app.api.web import etags
from app.api.web.openapi_index import OpenApiIndex
from app.api.web.problems import EarlyResponse
from app.core.config import Settings
from app.core.errors import Forbidden, Invalid, Unauthorized
from app.core.vocab import Scope
from app.database.read_pool import ReadPool
from app.queries.lookups import StoredKey
from app.schemas.common import MAX_ID, Digits, Id, Ref
from app.store import api_keys

# Paths that need no escaping: nearly all.
_PLAIN = re.compile("[A-Za-z0-9/_.-]*")

# A token stands in the address of what it got: that goes into no shared cache, and no page passes its address on.
_OF_TOKENS = {"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}

# What tells of the service, not of the store: not for tokens.
_OPERATIONAL = ("/metrics", "/feeds", "/imports", "/webhooks")

RecordId = Annotated[Id, Path(alias="id", description="Id of the record.")]
Address = Annotated[Ref, Path(alias="slug", description="Slug or id.")]
AsOf = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits] | None,
    Query(description="Show the record as this revision left it.", alias="as_of"),
]

IfNoneMatch = Annotated[str | None, Header(description="Answer 304 if nothing has changed since this `ETag`.")]

_bearer = HTTPBearer(auto_error=False, description="A key made by `dateline key create`.")


def parse_query(request: Request) -> dict[str, str]:
    """Return the query parameters; raise `Invalid` for one that is unknown or repeated."""
    query: dict[str, str] | None = request.scope.get("query")
    if query is None:
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = request.scope["query"] = dict(pairs)
        openapi_index: OpenApiIndex = request.app.state.openapi_index
        known = openapi_index.get_query_parameters(request.scope["route"].path, request.method)
        for name, _ in pairs:
            if name not in known:
                others = ", ".join(sorted(known)) or "none"
                raise Invalid(name, f"there is no such parameter here; those there are: {others}")
        if len(pairs) > len(query):
            raise Invalid(
                Counter(name for name, _ in pairs).most_common(1)[0][0], "given more than once; a comma means OR"
            )
    return query


def get_engine(request: Request) -> Engine:
    return get_read_pool(request).engine


EngineDep = Annotated[Engine, Depends(get_engine)]


def get_read_pool(request: Request) -> ReadPool:
    read_pool: ReadPool = request.app.state.read_pool
    return read_pool


def move_token_to_scope(scope: MutableMapping[str, Any]) -> None:
    """Take a reader's token out of the request's address, before anything else looks at it.

    Whatever is logged, answered or linked of the address, by us or by the server, then does not have it.
    """
    query: bytes = scope["query_string"]
    if b"token=" in query:
        parts = query.split(b"&")
        tokens = [part for part in parts if part.startswith(b"token=")]
        scope["query_string"] = b"&".join(part for part in parts if part not in tokens)
        if tokens:  # two of them are none that is known
            scope["token"] = unquote_plus(b"&".join(tokens)[len(b"token=") :].decode("latin-1"))


def add_token(request: Request, address: str) -> str:
    """An address of the API, with the token that the request came with, if any.

    For links to the next page, which a reader without headers could not follow otherwise; no other link has it.
    """
    token: str | None = request.scope.get("token")
    if token is None:
        return address
    return f"{address}{'&' if '?' in address else '?'}token={quote(token, safe='')}"


async def get_limited_key(request: Request) -> StoredKey | None:
    """The key that the request carries, if any; counts the request against its, or its address's, rate limit."""
    key = await _found(request)
    if request.app.state.rate_limit is not None:
        client = f"key {key.id}" if key else request.client.host if request.client else ""
        request.scope["response_headers"] |= request.app.state.rate_limit.hit(client)
    return key


async def _found(request: Request) -> StoredKey | None:
    given = _given(request)
    return (
        None
        if given is None
        else await get_read_pool(request).run_on_primary(lambda reads: api_keys.find_key(reads, given))
    )


def _given(request: Request) -> str | None:
    """What is to be a key: in the header, or in the address; raises Unauthorized for what may not be there."""
    authorization, token = request.headers.get("authorization"), request.scope.get("token")
    if token is None:
        scheme, _, given = (authorization or "").partition(" ")
        return None if authorization is None else given.strip() if scheme.lower() == "bearer" else ""
    request.scope["response_headers"] |= _OF_TOKENS
    if authorization is not None:
        raise Unauthorized("Send a key as Authorization, or a token in the address, but not both.")
    api_keys.check_in_address(token)
    return str(token)


async def get_key(request: Request, _documented: Annotated[object, Depends(_bearer)]) -> StoredKey | None:
    return await get_limited_key(request)


KeyDep = Annotated[StoredKey | None, Depends(get_key)]


async def authorize_read(request: Request, template: str) -> None:
    """Let the request read what is at ``template``, a path as the route has it, if it may.

    Raises Unauthorized, Forbidden or TooManyRequests.
    """
    settings: Settings = request.app.state.settings
    # The most usual case first: nobody has to be asked for anything.
    known = "authorization" in request.headers or "token" in request.scope
    if settings.public_reads and not settings.rate_limit and not known:
        return
    _check_reading(request, await get_limited_key(request), template)


async def require_read_access(request: Request, key: KeyDep) -> None:
    _check_reading(request, key, request.scope["route"].path)


async def recheck_read_access(request: Request, also: str | None) -> None:
    """Whether an answer that lasts may go on; raises what ``may_read`` would, but for TooManyRequests.

    It may also tell what stands at another address, which a key that is bound to some must then cover.
    """
    key = await _found(request)
    _check_reading(request, key, request.scope["route"].path)
    if key is not None and also is not None:
        _check_bounds(key, also)


def _check_reading(request: Request, key: StoredKey | None, template: str) -> None:
    public: bool = request.app.state.settings.public_reads
    if not public:
        request.scope["response_headers"]["Cache-Control"] = "private, no-cache"
    if key is not None or not public:  # what a key is bound to holds even where everybody may read
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        _check_bounds(require_scope(key, get_read_scope(template)), path)


def _check_bounds(key: StoredKey, path: str) -> None:
    if not api_keys.covers(key, path):
        raise Forbidden("The key is bound to other addresses.")


def get_read_scope(template: str) -> Scope:
    """Lists, streams and what is made for other tools are for tokens, too: not single records, nor the service."""
    if template.startswith("/integrations/"):
        return Scope.FEEDS
    return Scope.READ if template.startswith(_OPERATIONAL) or template.endswith("}") else Scope.FEEDS


def require_scope(key: StoredKey | None, scope: Scope) -> StoredKey:
    if key is None:
        raise Unauthorized("Send a key as Authorization: Bearer dl_…")
    if not api_keys.allows(key, scope):
        raise Forbidden(f"The key lacks the scope {scope}.")
    return key


async def tag_by_version(request: Request, if_none_match: IfNoneMatch = None) -> None:
    """For what only another version of Dateline would answer differently."""
    tag = etags.etag(0, "", get_address(request), "")
    request.scope["response_headers"]["ETag"] = tag
    if etags.matches(if_none_match, tag):
        raise EarlyResponse(Response(status_code=304))


def get_address(request: Request) -> str:
    """Path and query as the client sent them, but for a token."""
    query = request.scope["query_string"]
    return f"{get_path(request)}?{str(query, 'latin-1')}" if query else get_path(request)


def get_base_url(request: Request) -> str:
    """The absolute address of the API's root, without a slash at the end: as the operator says, or the client."""
    settings: Settings = request.app.state.settings
    return settings.public_url or str(request.base_url).rstrip("/")


def get_path(request: Request) -> str:
    """The path, escaped as in an address."""
    path: str = request.scope["path"]
    return path if _PLAIN.fullmatch(path) else quote(path, safe="/:~@!$&'()*+,;=%")
