"""The response cache: in front of everything else, for clients that send the same request again.

A response is kept as it was sent, by its address, representation, origin, host and token, with the state of the store
that it was read in. Before each use the store's state is read again, so that the next read sees every write, whichever
process made it; and the client's key is checked if one is needed.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.web.access import authorize_read, move_token_to_scope
from app.api.web.middleware import RequestMetrics, choose_request_id
from app.api.web.reads import ReadOutcome
from app.api.web.requests import get_newest_revision, matches_etag
from app.core.config import Settings
from app.core.errors import DatelineError
from app.database.reads import ReadPool, StoreState
from app.formats import list_accepted_formats

RawHeader = tuple[bytes, bytes]
CacheKey = tuple[str, bytes, tuple[str, ...], bytes, bytes, str | None]

# Bytes that an entry takes besides its body, approximately.
_OVERHEAD = 2_000

# Headers that belong to one request.
_REQUEST_HEADERS = (b"x-request-id", b"ratelimit", b"ratelimit-policy")

# Headers of the access check that are the same for every client, and part of the cached response.
_CACHED_ACCESS_HEADERS = ("Cache-Control", "Referrer-Policy")

# Headers that describe a body, which a 304 has not (RFC 9110 §15.4.5), and those for the client's browser.
_BODY_HEADERS = (b"content-length", b"content-type", b"link")


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A response and the state of the store that it was read from."""

    read_pool: ReadPool
    state: StoreState
    route: str
    etag: str
    headers: list[RawHeader]
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD

    async def send(self, if_none_match: str | None, headers: list[RawHeader], send: Send) -> int:
        """Send the response with these headers too, or a 304 if the client has it; return the status."""
        status, own_headers, body = 200, self.headers, self.body
        if if_none_match is not None and matches_etag(if_none_match, self.etag):
            status, body = 304, b""
            own_headers = [header for header in self.headers if header[0] not in _BODY_HEADERS]
        await send({"type": "http.response.start", "status": status, "headers": own_headers + headers})
        await send({"type": "http.response.body", "body": body})
        return status


class RevisionCache:
    """Middleware that keeps responses in at most ``cache_bytes``, and drops the one that was used longest ago first."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: RequestMetrics) -> None:
        self.app = app
        self._metrics = metrics
        self._is_open = settings.public_reads and not settings.rate_limit
        self._max_bytes = settings.cache_bytes
        self._responses: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            move_token_to_scope(scope)
        if scope["type"] != "http" or scope["method"] != "GET" or not self._max_bytes:
            await self.app(scope, receive, send)
            return
        started, headers = time.perf_counter(), dict(scope["headers"])
        formats, token = list_accepted_formats(headers.get(b"accept", b"").decode("latin-1")), scope.get("token")
        # Feeds and other formats contain absolute URLs, which begin with the client's host.
        origin, host = headers.get(b"origin", b""), headers.get(b"host", b"")
        key = scope["path"], scope["query_string"], formats, origin, host, token
        cached = self._responses.get(key)
        if cached is not None:
            if_none_match = headers[b"if-none-match"].decode("latin-1") if b"if-none-match" in headers else None
            is_open = self._is_open and token is None and b"authorization" not in headers
            access_headers = await self._check(scope, key, cached, if_none_match, is_open=is_open)
            if access_headers is not None:
                if key in self._responses:  # another request may have dropped it in the meantime
                    self._responses.move_to_end(key)
                request_id = choose_request_id(headers.get(b"x-request-id"))
                access_headers.append((b"x-request-id", request_id.encode()))
                status = await cached.send(if_none_match, access_headers, send)
                self._metrics.cached_responses.inc()
                self._metrics.record(scope, cached.route, status, time.perf_counter() - started, request_id)
                return
        outcome = scope["read_outcome"] = ReadOutcome()
        await self.app(scope, receive, _Recorder(self, key, outcome, scope["app"].state.read_pool, send).send)

    async def _check(
        self, scope: Scope, key: CacheKey, cached: CachedResponse, if_none_match: str | None, *, is_open: bool
    ) -> list[RawHeader] | None:
        """Return the headers to add, or None if the response is outdated or the client may not have it.

        The route then answers the request, with the right error if there is one.
        """
        read_pool: ReadPool = scope["app"].state.read_pool
        state = None
        if cached.read_pool is read_pool:
            state = read_pool.peek_state()
            if state is None:  # it needs a connection, to a server that has what the client has seen
                state = await read_pool.with_min_revision(get_newest_revision(if_none_match or "")).get_state()
        if cached.state != state:
            if self._responses.get(key) is cached:
                self.drop(key)
            return None
        if is_open:
            return []
        scope["response_headers"] = headers = dict[str, str]()
        try:
            await authorize_read(Request(scope), cached.route)
        except DatelineError:
            return None
        return [
            (name.lower().encode(), value.encode())
            for name, value in headers.items()
            if name not in _CACHED_ACCESS_HEADERS
        ]

    def add(self, key: CacheKey, response: CachedResponse) -> None:
        """Keep a response, if it takes no more than a quarter of the cache."""
        self.drop(key)
        if response.size > self._max_bytes // 4:
            return
        self._responses[key] = response
        self._add_bytes(response.size)
        while self._bytes > self._max_bytes:
            self.drop(next(iter(self._responses)))

    def drop(self, key: CacheKey) -> None:
        """Forget a response."""
        dropped = self._responses.pop(key, None)
        if dropped is not None:
            self._add_bytes(-dropped.size)

    def _add_bytes(self, size: int) -> None:
        self._bytes += size
        self._metrics.cached_bytes.set(self._bytes)


class _Recorder:
    """Passes a response on, and adds it to the cache if it is whole and of one state of the store."""

    def __init__(
        self, cache: RevisionCache, key: CacheKey, outcome: ReadOutcome, read_pool: ReadPool, send: Send
    ) -> None:
        self._cache = cache
        self._key = key
        self._outcome = outcome
        self._read_pool = read_pool
        self._send = send
        self._headers: list[RawHeader] | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            is_read = message["status"] == 200 and self._outcome.state is not None
            self._headers = list(message["headers"]) if is_read else None
        elif self._headers is not None:
            if not message.get("more_body"):
                self._add(self._headers, message.get("body", b""))
            self._headers = None
        await self._send(message)

    def _add(self, headers: list[RawHeader], body: bytes) -> None:
        etag, state = dict(headers).get(b"etag"), self._outcome.state
        if etag is None or state is None:  # the response depends on more than the store's state
            return
        lasting = [header for header in headers if header[0] not in _REQUEST_HEADERS]
        response = CachedResponse(self._read_pool, state, self._outcome.route, etag.decode("latin-1"), lasting, body)
        self._cache.add(self._key, response)
