"""Answers kept as long as the store does not change: ahead of the routing, for clients that ask again and again.

An answer is kept under its address, its representation and the state of the store that it was read in.
Before it is given again, the store is asked for its state, so that a write by whatever process is seen by the
next read; and the client for its key, where one is needed.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import DatelineError
from app.formats import preferred
from app.queries.prepared import State
from app.readers import Readers
from app.web import etags
from app.web.deps import admit

Key = tuple[str, bytes, str]

# What an entry takes beside its body, about.
_OVERHEAD = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and what it was read from."""

    readers: Readers
    state: State
    told: dict[str, str]
    start: Message
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD


class RevisionCache:
    """Keeps answers in at most ``max_bytes``; the one that was asked for longest ago goes first."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not self.max_bytes:
            await self.app(scope, receive, send)
            return
        accept, tag = _asked(scope)
        key = scope["path"], scope["query_string"], preferred(accept)
        kept = self._kept.get(key)
        if kept is not None and await self._may_have(scope, key, kept, tag):
            self._kept.move_to_end(key)
            await _give(kept, tag, scope, send)
            return
        await self.app(scope, receive, _Recorder(self, key, scope, send).send)

    async def _may_have(self, scope: Scope, key: Key, kept: Kept, tag: str | None) -> bool:
        """Whether the answer is still right, and the client may have it; whatever is in the way, the route says."""
        readers: Readers = scope["app"].state.readers
        if kept.readers is not readers or kept.state != await readers.since(etags.newest(tag)).state():
            self._drop(key)
            return False
        try:
            await admit(Request(scope))
        except DatelineError:
            return False
        return True

    def keep(self, key: Key, kept: Kept) -> None:
        self._drop(key)
        if kept.size > self.max_bytes // 4:
            return
        self._kept[key] = kept
        self._size += kept.size
        while self._size > self.max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._size -= dropped.size


def _asked(scope: Scope) -> tuple[str, str | None]:
    """``Accept`` and ``If-None-Match``."""
    accept, tag = "", None
    for name, value in scope["headers"]:
        if name == b"accept":
            accept = value.decode("latin-1")
        elif name == b"if-none-match":
            tag = value.decode("latin-1")
    return accept, tag


async def _give(kept: Kept, tag: str | None, scope: Scope, send: Send) -> None:
    scope["answer_headers"] |= kept.told
    scope["route"] = kept.start["route"]
    if etags.matches(tag, kept.told["ETag"]):
        await send({"type": "http.response.start", "status": 304, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [*kept.start["headers"]]})
    await send({"type": "http.response.body", "body": kept.body})


class _Recorder:
    """Lets an answer pass, and keeps it where it is whole and of one state of the store."""

    def __init__(self, cache: RevisionCache, key: Key, scope: Scope, send: Send) -> None:
        self._cache = cache
        self._key = key
        self._scope = scope
        self._send = send
        self._start: dict[str, Any] | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            # A copy: the headers that every answer gets anew are added on its way out.
            self._start = {**message, "headers": [*message["headers"]], "route": self._scope.get("route")}
        elif self._start is not None and self._start["status"] == 200 and not message.get("more_body"):
            self._keep(self._start, message.get("body", b""))
            self._start = None
        else:
            self._start = None
        await self._send(message)

    def _keep(self, start: dict[str, Any], body: bytes) -> None:
        told, state = self._scope.get("told"), self._scope.get("state_read")
        if told is None or state is None or "ETag" not in self._scope["answer_headers"]:
            return  # it says more than the store does
        kept = Kept(self._scope["app"].state.readers, state, told, start, body)
        self._cache.keep(self._key, kept)
