"""The fetcher: requests to the open web within limits of time and size; its errors reveal nothing of any network."""

import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import httpcore
import httpx

from app.core.config import Settings
from app.core.errors import FetchFailed, Refused
from app.fetch.addresses import Address, Network, Policy, is_public
from app.fetch.dialing import Dialer
from app.fetch.responses import BodyReader, FetchResponse, PostResponse, get_media_type, get_retry_after
from app.fetch.targets import Target, parse_redirect, parse_target

T = TypeVar("T")

PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
"""Media types of pages with an article."""

FEED_TYPES = frozenset(
    {
        "application/atom+xml",
        "application/feed+json",
        "application/json",
        "application/rdf+xml",
        "application/rss+xml",
        "application/xml",
        "text/xml",
    }
)
"""Media types of feeds and sitemaps."""

MAX_REDIRECTS = 5
"""Redirects that one fetch follows."""

_REDIRECT_STATUSES = {301, 302, 303, 307, 308}
_REFUSAL_SECONDS = 0.5
_ALL_PORTS = range(65536)

# Limits on reading the body of a response to a POST: nobody uses it, but its sender may wait until it is read.
_DRAIN_BYTES = 65_536
_DRAIN_SECONDS = 1.0


@dataclass
class _Progress:
    """The state of a fetch: the targets that redirected, and ``connected`` once the current one accepted."""

    redirects: list[Target] = field(default_factory=list)
    connected: bool = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Receive httpcore's trace events."""
        self.connected = self.connected or event == "connection.connect_tcp.complete"


class Fetcher:
    """A client for addresses of the open web, which connects to nothing inside a private network.

    ``timeout`` is in seconds, over lookups, connections, redirects and the body together; ``max_bytes`` limits the
    decompressed body. ``networks`` are the operator's own, to which ``post`` may connect nevertheless, on any port.
    ``allowed`` tests the addresses to connect to, ``ports`` are allowed besides 80 and 443: both are for tests against
    local servers, as is ``tls``.
    """

    def __init__(
        self,
        *,
        timeout: float = 15.0,
        max_bytes: int = 5_000_000,
        user_agent: str = "",
        networks: Collection[Network] = (),
        allowed: Policy = is_public,
        ports: Collection[int] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.timeout = timeout
        self._max_bytes = max_bytes
        self._user_agent = user_agent or f"Dateline/{version('dateline')}"
        self._ports = ports

        def is_own(address: Address) -> bool:
            return any(address in network for network in networks)

        context = tls or _create_tls_context()
        self._pool = _create_pool(context, lambda address: allowed(address) or is_own(address))
        self._own_pool = _create_pool(context, is_own) if networks else None

    @classmethod
    def from_settings(cls, settings: Settings, *, networks: Collection[Network] = ()) -> Self:
        """Create the fetcher that the settings describe."""
        return cls(
            timeout=settings.fetch_timeout,
            max_bytes=settings.fetch_bytes,
            user_agent=settings.user_agent,
            networks=networks,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in filter(None, (self._pool, self._own_pool)):
            await pool.aclose()

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, accept: Collection[str] | None = None
    ) -> FetchResponse:
        """Fetch an address, following its redirects.

        ``headers`` are sent besides the fetcher's own, such as ``If-None-Match``; ``accept`` are the media types that
        the caller can read, or None for any.

        Raises Refused if the address must not or cannot be reached, the same for both, and FetchFailed if a public
        address was reached but the fetch failed.
        """
        progress = _Progress()
        return await self._limit_time(
            progress, lambda: self._follow(progress, parse_target(url, self._ports), headers or {}, accept)
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResponse:
        """Send a body to an address and return the status of the response, whatever it is; discard its body.

        No redirect is followed. ``headers`` are sent besides the fetcher's own. Raises the errors of ``get``, except
        for a status.
        """
        progress = _Progress()
        return await self._limit_time(progress, lambda: self._send(progress, url, body, headers))

    async def _limit_time(self, progress: _Progress, request: Callable[[], Awaitable[T]]) -> T:
        """Run the request within the timeout. Raises Refused or FetchFailed."""
        began = anyio.current_time()
        try:
            with anyio.fail_after(self.timeout):
                return await request()
        except Refused:
            # Every refusal takes equally long, so that its time does not tell if a name or an open port exists.
            await anyio.sleep_until(began + min(_REFUSAL_SECONDS, self.timeout))
            raise
        except (TimeoutError, httpcore.TimeoutException):
            raise (FetchFailed("timeout") if progress.connected else Refused()) from None
        except httpcore.ConnectError:
            raise FetchFailed("tls") from None  # every failure before the handshake is Refused
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError):
            raise FetchFailed("broken") from None

    async def _send(self, progress: _Progress, url: str, body: bytes, headers: Mapping[str, str]) -> PostResponse:
        target, pool = self._choose_pool(url)
        async with pool.stream(
            "POST",
            target.to_httpcore(),
            headers=self._build_headers(target, None, headers),
            content=body,
            extensions={"trace": progress.trace},
        ) as response:
            await _drain(response)
            return PostResponse(response.status, get_retry_after(httpx.Headers(response.headers)))

    def _choose_pool(self, url: str) -> tuple[Target, httpcore.AsyncConnectionPool]:
        """Return the target and a pool for it; on unusual ports, one that connects only to the operator's networks."""
        try:
            return parse_target(url, self._ports), self._pool
        except Refused:
            if self._own_pool is None:
                raise
            return parse_target(url, _ALL_PORTS), self._own_pool

    async def _follow(
        self, progress: _Progress, target: Target, headers: Mapping[str, str], accept: Collection[str] | None
    ) -> FetchResponse:
        while len(progress.redirects) <= MAX_REDIRECTS:
            progress.connected = False
            async with self._pool.stream(
                "GET",
                target.to_httpcore(),
                headers=self._build_headers(target, accept, headers),
                extensions={"trace": progress.trace},
            ) as response:
                response_headers = httpx.Headers(response.headers)
                if response.status not in _REDIRECT_STATUSES:
                    body = await self._read_body(response, response_headers, accept)
                    redirects = tuple(map(str, progress.redirects))
                    return FetchResponse(str(target), response.status, response_headers, body, redirects)
            progress.redirects.append(target)
            target = parse_redirect(target, response_headers.get("location", ""), self._ports)
        raise FetchFailed("redirects")

    def _build_headers(
        self, target: Target, accept: Collection[str] | None, extra: Mapping[str, str]
    ) -> list[tuple[bytes, bytes]]:
        own = {
            "Host": target.netloc,
            "User-Agent": self._user_agent,
            "Accept": ", ".join([*sorted(accept), "*/*;q=0.1"]) if accept else "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        return [(name.encode(), value.encode()) for name, value in {**own, **extra}.items()]

    async def _read_body(
        self, response: httpcore.Response, headers: httpx.Headers, accept: Collection[str] | None
    ) -> bytes:
        if response.status == 304:
            return b""
        if not 200 <= response.status < 300:
            raise FetchFailed("status", answered=response.status, retry_after=get_retry_after(headers))
        if accept is not None and get_media_type(headers) not in accept:
            raise FetchFailed("media-type")
        if int(headers.get("content-length", 0)) > self._max_bytes:
            raise FetchFailed("too-large")
        body = BodyReader(headers.get("content-encoding", ""), self._max_bytes)
        async for chunk in response.aiter_stream():
            body.add(chunk)
        return body.finish()


def _create_pool(context: ssl.SSLContext, allowed: Policy) -> httpcore.AsyncConnectionPool:
    # No connection is reused, so that the addresses of a host are looked up and checked for each request.
    return httpcore.AsyncConnectionPool(
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=0,
        network_backend=Dialer(allowed),
    )


async def _drain(response: httpcore.Response) -> None:
    """Read the body up to the limits, so that its sender can finish."""
    received = 0
    with anyio.move_on_after(_DRAIN_SECONDS), suppress(httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError):
        async for chunk in response.aiter_stream():
            received += len(chunk)
            if received > _DRAIN_BYTES:
                break


@cache
def _create_tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
