"""How hosts are asked: what they leave open, one request at a time, and no sooner than they like."""

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
"""Seconds; the longest that a host is left alone because it asked for that."""

# Seconds between two requests that a robots.txt may ask for; what has to wait longer is put off.
_LONGEST_DELAY = 60.0

# Seconds after which a robots.txt that could not be read is tried again; one that was is good for a day.
_TRIED_AGAIN = 1800.0

# Hosts of which is known what they want; those that are not being asked are then forgotten.
_MOST_HOSTS = 200

_ASKED_TO_WAIT = "the host asks not to be asked for a while"


class Disallowed(Exception):
    """The robots.txt of the host closes the address to us."""

    detail = "the robots.txt of the host does not allow it"


class Later(Exception):
    """The host is not to be asked for so many ``seconds``."""

    def __init__(self, seconds: float, detail: str) -> None:
        super().__init__(detail)
        self.seconds = min(seconds, DAY)
        self.detail = detail


@dataclass
class _Host:
    """When a host may be asked again, in the event loop's time, and the robots.txt of its origins with their age.

    That is kept as text: rules made to be many take twenty times as much.
    """

    turn: anyio.Lock = field(default_factory=anyio.Lock)
    free_at: float = 0.0
    robots: dict[str, tuple[str | None, float]] = field(default_factory=dict)


class Manners:
    """``delay`` is the least number of seconds between two requests to one host."""

    def __init__(self, fetcher: Fetcher, *, delay: float) -> None:
        self._fetcher = fetcher
        self._delay = delay
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """The right to fetch ``url``, once: comes when it is our turn at the host.

        Raises Disallowed and Later, Refused where the host may not be asked at all, and Later in place of a FetchFailed
        inside that says when to ask again.
        """
        parts = urlsplit(url)
        host = self._host(parts.hostname or "")
        async with host.turn:
            rules = await self._rules(host, f"{parts.scheme}://{parts.netloc}")
            if not rules.opens(url):
                raise Disallowed
            async with self._request(host, rules.delay):
                yield

    def _host(self, name: str) -> _Host:
        if name not in self._hosts and len(self._hosts) >= _MOST_HOSTS:
            now = anyio.current_time()
            kept = {each: host for each, host in self._hosts.items() if host.turn.locked() or host.free_at > now}
            self._hosts = kept
        return self._hosts.setdefault(name, _Host())

    async def _rules(self, host: _Host, origin: str) -> Rules:
        text, until = host.robots.get(origin, (None, 0.0))
        if until <= anyio.current_time():
            async with self._request(host, robots.parse(text or "").delay):
                text = await robots.fetch(self._fetcher, origin)
            until = anyio.current_time() + (_TRIED_AGAIN if text is None else DAY)
            host.robots[origin] = text, until
        if text is None:
            raise Later(until - anyio.current_time(), "the robots.txt of the host cannot be read")
        return robots.parse(text)

    @asynccontextmanager
    async def _request(self, host: _Host, delay: float) -> AsyncIterator[None]:
        """One request, once the host may be asked; the next comes after ``delay`` seconds, or our own if longer."""
        wait = host.free_at - anyio.current_time()
        if wait > _LONGEST_DELAY:
            raise Later(wait, _ASKED_TO_WAIT)
        await anyio.sleep(max(wait, 0))
        pause = max(self._delay, min(delay, _LONGEST_DELAY))
        try:
            yield
        except FetchFailed as error:
            if error.retry_after:
                pause = max(pause, min(error.retry_after, DAY))
                raise Later(pause, _ASKED_TO_WAIT) from None
            raise
        finally:
            host.free_at = anyio.current_time() + pause
