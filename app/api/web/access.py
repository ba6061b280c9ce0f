"""Decide what a request may do: its key or token, the key's scope and paths, and the rate limit."""

import time
from collections.abc import MutableMapping
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, unquote_plus

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from app.core.config import Settings
from app.core.errors import Forbidden, TooManyRequests, Unauthorized
from app.core.vocab import Scope
from app.database.reads import ReadPool
from app.queries.lookups import StoredKey
from app.store import api_keys

# A token is part of the address: no shared cache may store the response, and no page may pass its address on.
_TOKEN_HEADERS = {"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}

# Paths about the service, not the store: tokens do not open them.
_SERVICE_PATHS = ("/metrics", "/feeds", "/imports", "/webhooks")

_bearer = HTTPBearer(auto_error=False, description="A key made by `dateline key create`.")


class RateLimit:
    """The limit on the requests of one client that ``DATELINE_RATE_LIMIT`` sets; each process counts for itself."""

    def __init__(self, rate: str) -> None:
        self.item: RateLimitItem = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count_request(self, client: str) -> dict[str, str]:
        """Count one request; return the headers with the quota left (draft-ietf-httpapi-ratelimit-headers).

        Raise ``TooManyRequests``, with the same headers and ``Retry-After``, if none is left.
        """
        is_allowed = self._limiter.hit(self.item, client)
        window = self._limiter.get_window_stats(self.item, client)
        quota, seconds = self.item.amount, self.item.get_expiry()
        reset = max(1, round(window.reset_time - time.time()))
        headers = {
            "RateLimit-Policy": f'"default";q={quota};w={seconds}',
            "RateLimit": f'"default";r={window.remaining};t={reset}',
        }
        if not is_allowed:
            headers["Retry-After"] = str(reset)
            raise TooManyRequests(f"{quota} requests in {seconds} seconds are allowed.", headers=headers)
        return headers


def move_token_to_scope(scope: MutableMapping[str, Any]) -> None:
    """Take a reader's token out of the request's address, before anything else looks at it.

    No log line, response or link that has the address, ours or the server's, then shows the token.
    """
    query: bytes = scope["query_string"]
    if b"token=" in query:
        parts = query.split(b"&")
        tokens = [part for part in parts if part.startswith(b"token=")]
        scope["query_string"] = b"&".join(part for part in parts if part not in tokens)
        if tokens:  # several are joined into one that matches no key
            scope["token"] = unquote_plus(b"&".join(tokens)[len(b"token=") :].decode("latin-1"))


def add_token(request: Request, address: str) -> str:
    """Return the address with the request's token, if it has one.

    Only for links to the next page, which a reader that cannot send headers could not follow otherwise.
    """
    token: str | None = request.scope.get("token")
    if token is None:
        return address
    return f"{address}{'&' if '?' in address else '?'}token={quote(token, safe='')}"


async def find_key(request: Request) -> StoredKey | None:
    """Return the key of the request's header or address, or None; raise ``Unauthorized`` if it is not valid."""
    authorization, token = request.headers.get("authorization"), request.scope.get("token")
    if token is not None:
        request.scope["response_headers"] |= _TOKEN_HEADERS
        if authorization is not None:
            raise Unauthorized("Send a key as Authorization, or a token in the address, but not both.")
        api_keys.check_in_address(token)
    elif authorization is None:
        return None
    else:
        scheme, _, credentials = authorization.partition(" ")
        token = credentials.strip() if scheme.lower() == "bearer" else ""
    read_pool: ReadPool = request.app.state.read_pool
    return await read_pool.run_on_primary(partial(api_keys.find_key, token=token))


async def get_key(request: Request, _documented: Annotated[object, Depends(_bearer)] = None) -> StoredKey | None:
    """Return the request's key, if any, and count the request against the rate limit of the key or the address.

    Raise ``Unauthorized`` or ``TooManyRequests``.
    """
    key = await find_key(request)
    rate_limit: RateLimit | None = request.app.state.rate_limit
    if rate_limit is not None:
        client = f"key {key.id}" if key else request.client.host if request.client else ""
        request.scope["response_headers"] |= rate_limit.count_request(client)
    return key


KeyDep = Annotated[StoredKey | None, Depends(get_key)]


async def authorize_read(request: Request, template: str) -> None:
    """Raise ``Unauthorized``, ``Forbidden`` or ``TooManyRequests`` if the request may not read this path template."""
    settings: Settings = request.app.state.settings
    # The most frequent case first: nothing to look up.
    has_credentials = "authorization" in request.headers or "token" in request.scope
    if not settings.public_reads or settings.rate_limit or has_credentials:
        _check_read(request, await get_key(request), template)


async def require_read_access(request: Request, key: KeyDep) -> None:
    """Raise ``Unauthorized`` or ``Forbidden`` if the request may not read at its route."""
    _check_read(request, key, request.scope["route"].path)


async def recheck_read_access(request: Request, second_path: str | None) -> None:
    """Raise ``Unauthorized`` or ``Forbidden`` if a long response may not go on.

    The response may also show the content of a second path, which a key with paths must then cover.
    """
    key = await find_key(request)
    _check_read(request, key, request.scope["route"].path)
    if key is not None and second_path is not None:
        _check_paths(key, second_path)


def _check_read(request: Request, key: StoredKey | None, template: str) -> None:
    is_public: bool = request.app.state.settings.public_reads
    if not is_public:
        request.scope["response_headers"]["Cache-Control"] = "private, no-cache"
    if key is not None or not is_public:  # the paths of a key hold even if reads are public
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        _check_paths(require_scope(key, get_read_scope(template)), path)


def _check_paths(key: StoredKey, path: str) -> None:
    if not api_keys.covers(key, path):
        raise Forbidden("The key is bound to other addresses.")


def get_read_scope(template: str) -> Scope:
    """Return the scope that reads this path: tokens open lists, streams and integrations only."""
    if template.startswith("/integrations/"):
        return Scope.FEEDS
    return Scope.READ if template.startswith(_SERVICE_PATHS) or template.endswith("}") else Scope.FEEDS


def require_scope(key: StoredKey | None, scope: Scope) -> StoredKey:
    """Return the key; raise ``Unauthorized`` if there is none and ``Forbidden`` if it lacks the scope."""
    if key is None:
        raise Unauthorized("Send a key as Authorization: Bearer dl_…")
    if not api_keys.allows(key, scope):
        raise Forbidden(f"The key lacks the scope {scope}.")
    return key
