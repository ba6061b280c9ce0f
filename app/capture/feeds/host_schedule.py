"""The schedule of requests to hosts: what robots.txt allows, one request at a time, with the pauses they ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio

from app.capture.feeds import robots
from app.capture.feeds.robots import Rules
from app.core.errors import FetchFailed
from app.fetch import Fetcher

DAY = 86_400.0
"""Seconds; the longest pause that a host can ask for."""

# Longest pause, in seconds, that a robots.txt can ask for, and that a request waits; longer waits are postponed.
_MAX_DELAY = 60.0

# Seconds after which a robots.txt that could not be read is fetched again; one that was read is good for a day.
_ROBOTS_RETRY = 1800.0

# Hosts remembered; beyond that, idle ones are forgotten.
_MAX_HOSTS = 200

_RETRY_AFTER_DETAIL = "the host asks to be left alone for a while"


class Disallowed(Exception):
    """Raised for an address that the robots.txt of its host closes to Dateline."""

    detail = "the robots.txt of the host does not allow it"


class Postponed(Exception):
    """Raised if the host must be left alone for so many ``seconds``."""

    def __init__(self, seconds: float, detail: str) -> None:
        super().__init__(detail)
        self.seconds = min(seconds, DAY)
        self.detail = detail


@dataclass
class _Host:
    """The state of one host: the next free moment, in the event loop's time, and the robots.txt of its origins.

    A robots.txt is kept as text, with the moment until which it is good: parsed rules can take twenty times as much.
    """

    turn: anyio.Lock = field(default_factory=anyio.Lock)
    free_at: float = 0.0
    robots: dict[str, tuple[str | None, float]] = field(default_factory=dict)


class HostSchedule:
    """The turns of requests to hosts; ``delay`` is the least number of seconds between two requests to one host."""

    def __init__(self, fetcher: Fetcher, *, delay: float) -> None:
        self._fetcher = fetcher
        self._delay = delay
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def wait_for_turn(self, url: str) -> AsyncIterator[None]:
        """Wait until ``url`` may be fetched, once.

        Raise `Disallowed`, `Postponed`, `Refused` for a forbidden host, and `Postponed` in place of a `FetchFailed`
        from the block that says when to try again.
        """
        parts = urlsplit(url)
        host = self._get_host(parts.hostname or "")
        async with host.turn:
            rules = await self._get_rules(host, f"{parts.scheme}://{parts.netloc}")
            if not rules.allows(url):
                raise Disallowed
            async with self._space_request(host, rules.delay):
                yield

    def _get_host(self, name: str) -> _Host:
        if name not in self._hosts and len(self._hosts) >= _MAX_HOSTS:
            now = anyio.current_time()
            busy = [(key, host) for key, host in self._hosts.items() if host.turn.locked() or host.free_at > now]
            self._hosts = dict(busy)
        return self._hosts.setdefault(name, _Host())

    async def _get_rules(self, host: _Host, origin: str) -> Rules:
        text, until = host.robots.get(origin, (None, 0.0))
        if until <= anyio.current_time():
            async with self._space_request(host, robots.parse(text or "").delay):
                text = await robots.fetch(self._fetcher, origin)
            until = anyio.current_time() + (_ROBOTS_RETRY if text is None else DAY)
            host.robots[origin] = text, until
        if text is None:
            raise Postponed(until - anyio.current_time(), "the robots.txt of the host cannot be read")
        return robots.parse(text)

    @asynccontextmanager
    async def _space_request(self, host: _Host, delay: float) -> AsyncIterator[None]:
        """Wait for the host's next free moment; the request is followed by ``delay`` seconds, or ours if longer."""
        wait = host.free_at - anyio.current_time()
        if wait > _MAX_DELAY:
            raise Postponed(wait, _RETRY_AFTER_DETAIL)
        await anyio.sleep(max(wait, 0))
        pause = max(self._delay, min(delay, _MAX_DELAY))
        try:
            yield
        except FetchFailed as error:
            if error.retry_after:
                pause = max(pause, min(error.retry_after, DAY))
                raise Postponed(pause, _RETRY_AFTER_DETAIL) from None
            raise
        finally:
            host.free_at = anyio.current_time() + pause
