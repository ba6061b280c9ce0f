"""The middleware around every request, and the log line and metrics of each: pure ASGI.

``RequestContext`` is the outer one; ``ErrorGuard`` is inside of CORS.
"""

import logging
import os
import re
import time
from collections.abc import Mapping

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.web.problems import build_problem_response
from app.core.errors import DatelineError, TooLarge

log = structlog.get_logger()

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")

# The status that is logged if the client left before there was a response, as nginx does.
_CLIENT_LEFT = 499


class RequestMetrics:
    """Counts, times and logs the requests of one application."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.cached_responses = Counter(
            "dateline_kept_answers", "Requests answered from the response cache.", registry=self.registry
        )
        self.cached_bytes = Gauge("dateline_kept_bytes", "Bytes in the response cache.", registry=self.registry)
        self._requests = Counter(
            "dateline_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "dateline_request_seconds",
            "Seconds until the answer was sent.",
            ["method", "route"],
            registry=self.registry,
        )
        # Prometheus takes 2 to 4 µs to find a metric by its labels, which is much for a cached response.
        self._labelled: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._log = structlog.get_logger().bind()
        self._is_logging = self._log.is_enabled_for(logging.INFO)

    def record(self, scope: Scope, route: str, status: int, seconds: float, request_id: str) -> None:
        """Record one request; ``route`` is the template of its path, because a label must have few values."""
        method = scope["method"]
        metrics = self._labelled.get((method, route, status))
        if metrics is None:
            metrics = self._requests.labels(method, route, status), self._seconds.labels(method, route)
            self._labelled[method, route, status] = metrics
        requests, times = metrics
        requests.inc()
        times.observe(seconds)
        if self._is_logging:
            milliseconds = round(seconds * 1000, 1)
            self._log.info(
                "request", method=method, path=scope["path"], status=status, ms=milliseconds, request_id=request_id
            )


def choose_request_id(header: bytes | None) -> str:
    """Return the client's request id if it is a plain one, else a new one."""
    return str(header, "ascii") if header is not None and _REQUEST_ID.fullmatch(header) else os.urandom(16).hex()


class RequestContext:
    """Gives each request an id and its log line, answers HEAD, and adds the headers that all responses share."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, root_path: str) -> None:
        self.app = app
        self.metrics = metrics
        self.root_path = root_path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, has_ended = time.perf_counter(), _CLIENT_LEFT, False
        is_head = scope["method"] == "HEAD"
        scope["request_id"] = choose_request_id(dict(scope["headers"]).get(b"x-request-id"))
        scope["response_headers"] = {}
        # A copy: the route sees GET, and the client gets the response that HEAD asks for.
        inner = {**scope, "method": "GET"} if is_head else {**scope}
        if self.root_path:  # which the proxy took away
            inner |= {"root_path": self.root_path, "path": self.root_path + scope["path"]}

        async def send_with_headers(message: Message) -> None:
            nonlocal status, has_ended
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope)
            elif is_head:
                if has_ended:
                    # Stops a streaming response: the rest of its rows would go nowhere.
                    raise ClientDisconnect("HEAD is answered")
                has_ended, message = True, {"type": "http.response.body", "body": b""}
            await send(message)

        try:
            await self.app(inner, receive, send_with_headers)
        except ClientDisconnect:
            pass
        finally:
            route = getattr(inner.get("route"), "path", "other")
            self.metrics.record(scope, route, status, time.perf_counter() - started, scope["request_id"])


def _add_headers(message: Message, scope: Scope) -> None:
    headers: list[tuple[bytes, bytes]] = message.setdefault("headers", [])
    present = dict(headers)
    headers += ((b"x-request-id", scope["request_id"].encode()), (b"x-content-type-options", b"nosniff"))
    for name, value in scope["response_headers"].items():
        if name == "Vary":
            MutableHeaders(raw=headers).add_vary_header(value)
        # Errors have no tag: only a response that was read whole, or has not changed.
        elif name != "ETag" or message["status"] in (200, 304):
            raw = name.lower().encode("latin-1")
            if raw not in present:
                headers.append((raw, value.encode("latin-1")))
                present[raw] = b""
    if b"cache-control" not in present:
        headers.append((b"cache-control", b"no-cache"))


class ErrorGuard:
    """Refuses a body that is too large, and turns an unexpected error into a 500 that shows nothing internal."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, own_limits: Mapping[str, int]) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.own_limits = own_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_started, received = False, 0
        limit = self.own_limits.get(scope["path"], self.max_body_bytes)
        is_counted = scope["path"] not in self.own_limits  # an endpoint with its own limit counts while it reads

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if is_counted and received > limit:
                raise HTTPException(413)  # the one error that FastAPI lets pass while it reads the body
            return message

        async def send_watched(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            length = Headers(scope=scope).get("content-length", "")
            if length.isascii() and length.isdigit() and int(length[:20]) > limit:
                raise TooLarge(f"The body may have {limit} bytes at most.")
            await self.app(scope, receive_limited, send_watched)
        except TooLarge as error:
            await build_problem_response(Request(scope), error)(scope, receive, send)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("unhandled", request_id=scope["request_id"])
            if has_started:
                raise  # the connection breaks, so that a client does not take the part for the whole
            unknown = DatelineError("Something went wrong here. The log has it under this request id.")
            await build_problem_response(Request(scope), unknown)(scope, receive, send)
