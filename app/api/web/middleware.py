"""What happens to every request, whichever route it takes: pure ASGI, outermost first.

``Envelope`` gives it a name, answers HEAD with the headers of GET, adds the headers that all
responses share, and counts and logs it. ``LastResort``, behind CORS, refuses a body that is too large
and turns what nobody caught into a 500 that says nothing about the inside.
"""

import time
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.web.metrics import RequestMetrics, choose_request_id
from app.api.web.problems import build_problem_response
from app.core.errors import DatelineError, TooLarge

log = structlog.get_logger()


class RequestContext:
    def __init__(self, app: ASGIApp, metrics: RequestMetrics, root_path: str) -> None:
        self.app = app
        self.metrics = metrics
        self.root_path = root_path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, outcome = time.perf_counter(), _Outcome(scope, send)
        scope["request_id"] = choose_request_id(dict(scope["headers"]).get(b"x-request-id"))
        scope["response_headers"] = {}
        # A copy: the route must see GET, the client gets what HEAD deserves.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else {**scope}
        if self.root_path:  # which the proxy took away
            inner |= {"root_path": self.root_path, "path": self.root_path + scope["path"]}
        try:
            await self.app(inner, receive, outcome.send)
        except ClientDisconnect:
            pass  # nobody is listening any more
        finally:
            route = getattr(inner.get("route"), "path", "other")
            seconds = time.perf_counter() - started
            self.metrics.record(scope, route, outcome.status, seconds, scope["request_id"])


class _Outcome:
    """The response on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._ended = False
        self.status = 499  # what is logged when the client left before there was an answer

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add_headers(message)
        elif self._scope["method"] == "HEAD":
            await self._end_without_body()
            return
        await self._send(message)

    def _add_headers(self, message: MutableMapping[str, Any]) -> None:
        headers: list[tuple[bytes, bytes]] = message.setdefault("headers", [])
        there = {name for name, _ in headers}
        headers += ((b"x-request-id", self._scope["request_id"].encode()), (b"x-content-type-options", b"nosniff"))
        for name, value in self._scope["response_headers"].items():
            # Only what was read in whole, or not at all since it has not changed, has a tag.
            if name == "Vary":
                MutableHeaders(raw=headers).add_vary_header(value)
            elif name != "ETag" or self.status in (200, 304):
                raw = name.lower().encode("latin-1")
                if raw not in there:
                    headers.append((raw, value.encode("latin-1")))
                    there.add(raw)
        if b"cache-control" not in there:
            headers.append((b"cache-control", b"no-cache"))

    async def _end_without_body(self) -> None:
        if self._ended:
            # Tells a streaming response to stop: the rest of its rows would go nowhere.
            raise ClientDisconnect("HEAD is answered")
        self._ended = True
        await self._send({"type": "http.response.body", "body": b""})


class ErrorGuard:
    def __init__(self, app: ASGIApp, max_body_bytes: int, own_limits: Mapping[str, int]) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.own_limits = own_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, received = False, 0
        limit = self.own_limits.get(scope["path"], self.max_body_bytes)
        counts = scope["path"] not in self.own_limits  # who has a limit of his own counts as he reads

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if counts and received > limit:
                raise HTTPException(413)  # which FastAPI, as it reads the body, lets pass
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            _check_length(Headers(scope=scope), limit)
            await self.app(scope, limited, watched)
        except TooLarge as error:
            await build_problem_response(Request(scope), error)(scope, receive, send)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("unhandled", request_id=scope["request_id"])
            if started:
                raise  # the connection breaks, so that nobody takes the part for the whole
            unknown = DatelineError("Something went wrong here. The log has it under this request id.")
            await build_problem_response(Request(scope), unknown)(scope, receive, send)


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise TooLarge(f"The body may have {limit} bytes at most.")
