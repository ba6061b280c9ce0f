"""What is kept of each request: a line in the log, and a count for Prometheus."""

import logging
import os
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")

# Upper bounds in seconds, those of Prometheus's own clients.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_BOUNDS = (*(str(bound) for bound in _BUCKETS), "+Inf")


class _Times:
    """How often requests of one kind took how long."""

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.sum = 0.0

    def buckets(self) -> Iterator[tuple[str, int]]:
        total = 0
        for bound, count in zip(_BOUNDS, self.counts, strict=True):
            total += count
            yield bound, total


class Journal(Collector):
    """The requests of one application.

    Its counts are plain numbers, made into Prometheus's terms when they are asked for: a request that is
    answered in microseconds cannot wait for meters that are locked for each.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self.kept_answers = 0
        self.kept_bytes = 0
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[tuple[str, str], _Times] = {}
        self._log = structlog.get_logger().bind()
        self._logs = self._log.is_enabled_for(logging.INFO)

    def note(self, scope: Scope, route: str, status: int, seconds: float, request_id: str) -> None:
        """``route`` is the template of the path, not the path: a label must have few values."""
        method = scope["method"]
        self._requests[method, route, status] = self._requests.get((method, route, status), 0) + 1
        times = self._seconds.get((method, route))
        if times is None:
            times = self._seconds[method, route] = _Times()
        times.counts[bisect_left(_BUCKETS, seconds)] += 1
        times.sum += seconds
        if self._logs:
            milliseconds = round(seconds * 1000, 1)
            self._log.info(
                "request", method=method, path=scope["path"], status=status, ms=milliseconds, request_id=request_id
            )

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily("dateline_requests", "Requests answered.", labels=["method", "route", "status"])
        for (method, route, status), count in self._requests.items():
            requests.add_metric([method, route, str(status)], count)
        seconds = HistogramMetricFamily(
            "dateline_request_seconds", "Seconds until the answer was sent.", labels=["method", "route"]
        )
        for labels, times in self._seconds.items():
            seconds.add_metric(labels, list(times.buckets()), times.sum)
        again = CounterMetricFamily("dateline_kept_answers", "Requests answered again with what was kept.")
        again.add_metric([], self.kept_answers)
        kept = GaugeMetricFamily("dateline_kept_bytes", "Bytes of answers that are kept.", value=self.kept_bytes)
        return requests, seconds, again, kept


def request_id(given: bytes | None) -> str:
    """The request's name: the client's, where it gave a plain one."""
    return str(given, "ascii") if given is not None and _REQUEST_ID.fullmatch(given) else os.urandom(16).hex()
