"""A log line and Prometheus metrics for each request."""

import logging
import os
import re

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from starlette.types import Scope

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


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
        # Prometheus looks up a metric by its labels in 2 to 4 µs; a cached response has no time for that.
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
