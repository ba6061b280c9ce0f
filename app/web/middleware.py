"""What happens to every request, whichever route it takes: pure ASGI, outermost first.

``Envelope`` gives it a name, answers HEAD with the headers of GET, adds the headers that all
responses share, and counts and logs it. ``LastResort``, behind CORS, refuses a body that is too large
and turns what nobody caught into a 500 that says nothing about the inside.
"""

import re
import time
import uuid
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import DatelineError, TooLarge
from app.web.problems import answer

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Meters:
    """Counts of requests for Prometheus, one set an application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "dateline_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "dateline_request_seconds",
            "Seconds until the answer was sent.",
            ["method", "route"],
            registry=self.registry,
        )


class Envelope:
    def __init__(self, app: ASGIApp, meters: Meters, root_path: str) -> None:
        self.app = app
        self.meters = meters
        self.root_path = root_path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, outcome = time.perf_counter(), _Outcome(scope, send)
        scope["request_id"] = _request_id(Headers(scope=scope))
        scope["answer_headers"] = {}
        structlog.contextvars.bind_contextvars(request_id=scope["request_id"])
        # A copy: the route must see GET, the client gets what HEAD deserves.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else {**scope}
        if self.root_path:  # which the proxy took away
            inner |= {"root_path": self.root_path, "path": self.root_path + scope["path"]}
        try:
            await self.app(inner, receive, outcome.send)
        except ClientDisconnect:
            pass  # nobody is listening any more
        finally:
            self._account(scope, inner, outcome.status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")

    def _account(self, scope: Scope, inner: Scope, status: int, seconds: float) -> None:
        # The route's template, not the path: a label must have few values.
        route = getattr(inner.get("route"), "path", "other")
        self.meters.requests.labels(scope["method"], route, str(status)).inc()
        self.meters.seconds.labels(scope["method"], route).observe(seconds)
        log.info("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))


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
        headers = MutableHeaders(scope=message)
        headers["X-Request-ID"] = self._scope["request_id"]
        headers["X-Content-Type-Options"] = "nosniff"
        for name, value in self._scope["answer_headers"].items():
            # Only what was read in whole, or not at all since it has not changed, has a tag.
            if name == "Vary":
                headers.add_vary_header(value)
            elif name != "ETag" or self.status in (200, 304):
                headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-cache")

    async def _end_without_body(self) -> None:
        if self._ended:
            # Tells a streaming response to stop: the rest of its rows would go nowhere.
            raise ClientDisconnect("HEAD is answered")
        self._ended = True
        await self._send({"type": "http.response.body", "body": b""})


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class LastResort:
    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, received = False, 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_body_bytes:
                raise HTTPException(413)  # which FastAPI, as it reads the body, lets pass
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            self._check_length(Headers(scope=scope))
            await self.app(scope, limited, watched)
        except TooLarge as error:
            await answer(Request(scope), error)(scope, receive, send)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("unhandled")
            if started:
                raise  # the connection breaks, so that nobody takes the part for the whole
            unknown = DatelineError("Something went wrong here. The log has it under this request id.")
            await answer(Request(scope), unknown)(scope, receive, send)

    def _check_length(self, headers: Headers) -> None:
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > self.max_body_bytes:
            raise TooLarge(f"The body may have {self.max_body_bytes} bytes at most.")
