"""Answers kept as long as the store does not change: ahead of everything else, for clients that ask again and again.

An answer is kept as it was sent, under its address, its representation, the page that asks, the token, and the
state of the store that it was read in. Before it is given again, the store is asked for its state, so that a
write by whatever process is seen by the next read; and the client for its key, where one is needed.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.web import etags
from app.api.web.deps import authorize_read, move_token_to_scope
from app.api.web.metrics import RequestMetrics, choose_request_id
from app.core.config import Settings
from app.core.errors import DatelineError
from app.database.read_pool import ReadPool
from app.database.statements import StoreState
from app.formats import list_accepted_formats

Header = tuple[bytes, bytes]
Key = tuple[str, bytes, tuple[str, ...], bytes, bytes, str | None]

# What an entry takes beside its body, about.
_OVERHEAD = 2_000

# Headers of one request, not of its answer.
_PASSING = (b"x-request-id", b"ratelimit", b"ratelimit-policy")

# Headers that whoever may read gets, and which are kept with the answer.
_KEPT = ("Cache-Control", "Referrer-Policy")

# Headers that tell what an answer is of, which a 304 repeats (RFC 9110 §15.4.5), and those for the client's browser.
_NOT_OF_304 = (b"content-length", b"content-type", b"link")


@dataclass(slots=True)
class ReadOutcome:
    """What a read tells of itself while it is answered."""

    state: StoreState | None = None
    route: str = "other"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and what it was read from."""

    read_pool: ReadPool
    state: StoreState
    route: str
    tag: str
    headers: list[Header]
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD


class RevisionCache:
    """Keeps answers in at most ``cache_bytes``; the one that was asked for longest ago goes first."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: RequestMetrics) -> None:
        self.app = app
        self._metrics = metrics
        self._free = settings.public_reads and not settings.rate_limit
        self._max_bytes = settings.cache_bytes
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            move_token_to_scope(scope)
        if scope["type"] != "http" or scope["method"] != "GET" or not self._max_bytes:
            await self.app(scope, receive, send)
            return
        started, asked = time.perf_counter(), dict(scope["headers"])
        accept, origin = asked.get(b"accept", b""), asked.get(b"origin", b"")
        # Feeds and the like give whole addresses, which begin as the client's did.
        host = asked.get(b"host", b"")
        formats, token = list_accepted_formats(accept.decode("latin-1")), scope.get("token")
        key = scope["path"], scope["query_string"], formats, origin, host, token
        kept = self._kept.get(key)
        if kept is not None:
            tag = asked.get(b"if-none-match")
            free = self._free and token is None and b"authorization" not in asked
            extra = await self._granted(scope, key, kept, tag, free=free)
            if extra is not None:
                if key in self._kept:  # another request may have dropped it while this one waited
                    self._kept.move_to_end(key)
                name = choose_request_id(asked.get(b"x-request-id"))
                status = await _give(kept, tag, [*extra, (b"x-request-id", name.encode())], send)
                self._metrics.cached_responses.inc()
                self._metrics.record(scope, kept.route, status, time.perf_counter() - started, name)
                return
        read_outcome = scope["read_outcome"] = ReadOutcome()
        await self.app(scope, receive, _Recorder(self, key, read_outcome, scope["app"].state.read_pool, send).send)

    async def _granted(
        self, scope: Scope, key: Key, kept: Kept, tag: bytes | None, *, free: bool
    ) -> list[Header] | None:
        """Headers to add, if the answer is still right and the client may have it; what is wrong, the route says."""
        read_pool: ReadPool = scope["app"].state.read_pool
        if kept.read_pool is not read_pool or kept.state != (read_pool.peek_state() or await _state(read_pool, tag)):
            if self._kept.get(key) is kept:
                self.drop(key)
            return None
        if free:
            return []
        scope["response_headers"] = told = dict[str, str]()
        try:
            await authorize_read(Request(scope), kept.route)
        except DatelineError:
            return None
        return [(name.lower().encode(), value.encode()) for name, value in told.items() if name not in _KEPT]

    def keep(self, key: Key, kept: Kept) -> None:
        self.drop(key)
        if kept.size > self._max_bytes // 4:
            return
        self._kept[key] = kept
        self._add_bytes(kept.size)
        while self._bytes > self._max_bytes:
            self.drop(next(iter(self._kept)))

    def drop(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._add_bytes(-dropped.size)

    def _add_bytes(self, size: int) -> None:
        self._bytes += size
        self._metrics.cached_bytes.set(self._bytes)


async def _state(read_pool: ReadPool, tag: bytes | None) -> StoreState:
    """The state of the store, and none older than the client has seen."""
    return await read_pool.with_min_revision(etags.newest(None if tag is None else tag.decode("latin-1"))).get_state()


async def _give(kept: Kept, tag: bytes | None, extra: list[Header], send: Send) -> int:
    if tag is not None and etags.matches(tag.decode("latin-1"), kept.tag):
        told = [header for header in kept.headers if header[0] not in _NOT_OF_304]
        await send({"type": "http.response.start", "status": 304, "headers": told + extra})
        await send({"type": "http.response.body", "body": b""})
        return 304
    await send({"type": "http.response.start", "status": 200, "headers": kept.headers + extra})
    await send({"type": "http.response.body", "body": kept.body})
    return 200


class _Recorder:
    """Lets an answer pass, and keeps it where it is whole and of one state of the store."""

    def __init__(
        self, cache: RevisionCache, key: Key, read_outcome: ReadOutcome, read_pool: ReadPool, send: Send
    ) -> None:
        self._cache = cache
        self._key = key
        self._noted = read_outcome
        self._read_pool = read_pool
        self._send = send
        self._start: dict[str, Any] | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = dict(message) if message["status"] == 200 and self._noted.state is not None else None
        elif self._start is not None:
            if not message.get("more_body"):
                self._keep(self._start["headers"], message.get("body", b""))
            self._start = None
        await self._send(message)

    def _keep(self, headers: list[Header], body: bytes) -> None:
        tag, state = dict(headers).get(b"etag"), self._noted.state
        if tag is None or state is None:  # it tells of more than the store's state
            return
        lasting = [header for header in headers if header[0] not in _PASSING]
        self._cache.keep(
            self._key, Kept(self._read_pool, state, self._noted.route, tag.decode("latin-1"), lasting, body)
        )
