"""The fetcher: a page or a feed from the open web, within bounds, or a problem that gives nothing away.

What is sent to the open web goes the same way.
"""

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
from app.fetch.bodies import Body
from app.fetch.charsets import decode
from app.fetch.dialing import Dialer
from app.fetch.headers import media_type, retry_after
from app.fetch.targets import Target, redirected, target_of

T = TypeVar("T")

PAGES = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
"""Media types of pages that hold an article."""

FEEDS = frozenset(
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

REDIRECTS = 5
"""Redirects that one fetch follows."""

_REDIRECTING = {301, 302, 303, 307, 308}
_REFUSAL_SECONDS = 0.5
_ALL_PORTS = range(65536)

# How much is read, and for how long, of an answer that nobody is interested in but whose sender may wait for it.
_HEARD_BYTES = 65_536
_HEARD_SECONDS = 1.0


@dataclass(frozen=True)
class Fetched:
    """What an address answered: a success, or 304 to a conditional request.

    ``url`` is the address that answered in the end, ``redirects`` those that led there. ``body`` is inflated, and
    empty with 304.
    """

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    redirects: tuple[str, ...] = ()

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    @property
    def media_type(self) -> str:
        return media_type(self.headers)

    def text(self) -> str:
        """The body decoded by `decode`: safe to store, and possibly with U+FFFD in it."""
        return decode(self.body, self.headers.get("content-type"))


@dataclass(frozen=True)
class Posted:
    """What an address made of what was sent to it: its status, and the seconds after which it wants to be asked again,
    where it said so."""

    status: int
    retry_after: int | None


@dataclass
class _Visit:
    """How far a fetch has come: the targets that redirected, and whether the present one was reached."""

    passed: list[Target] = field(default_factory=list)
    reached: bool = False

    async def notice(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow httpcore's trace of events."""
        self.reached = self.reached or event == "connection.connect_tcp.complete"


class Fetcher:
    """Fetches addresses of the open web, and nothing inside any network.

    ``timeout`` is in seconds, over lookups, connections, redirects and the body together; ``max_bytes`` bounds the
    body, inflated. ``networks`` are those of the operator's own that may be reached all the same, on any port.
    ``allowed`` says which internet addresses may be dialled and ``ports`` which besides 80 and 443: both are for tests
    against servers of their own, as is ``tls``.
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

        def inside(address: Address) -> bool:
            return any(address in network for network in networks)

        authorities = tls or _public_authorities()
        self._pool = _pool(authorities, lambda address: allowed(address) or inside(address))
        self._inside = _pool(authorities, inside) if networks else None

    @classmethod
    def of(cls, settings: Settings, *, networks: Collection[Network] = ()) -> Self:
        """The fetcher that an operator has set up."""
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
        for pool in filter(None, (self._pool, self._inside)):
            await pool.aclose()

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, accept: Collection[str] | None = None
    ) -> Fetched:
        """Fetch an address, following its redirects.

        ``headers`` are sent besides the fetcher's own, such as ``If-None-Match``; ``accept`` are the media types that
        the caller can read, any where it is None.

        Raises Refused where the address may not or cannot be reached, without a word on which of them it is, and
        FetchFailed where something public was reached that did not give what was asked for.
        """
        visit = _Visit()
        return await self._guarded(
            visit, lambda: self._follow(visit, target_of(url, self._ports), headers or {}, accept)
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send a body to an address; whatever status it answers is returned, and what else it answers thrown away.

        No redirect is followed. ``headers`` are sent besides the fetcher's own. Raises what ``get`` raises, but for a
        status.
        """
        visit = _Visit()
        return await self._guarded(visit, lambda: self._send(visit, url, body, headers))

    async def _guarded(self, visit: _Visit, work: Callable[[], Awaitable[T]]) -> T:
        """What the work gives within the time that it has; raises Refused or FetchFailed."""
        began = anyio.current_time()
        try:
            with anyio.fail_after(self.timeout):
                return await work()
        except Refused:
            await self._even_out(began)
            raise
        except (TimeoutError, httpcore.TimeoutException):
            raise (FetchFailed("timeout") if visit.reached else Refused()) from None
        except httpcore.ConnectError:
            raise FetchFailed("tls") from None  # all that can go wrong before the handshake is Refused
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError):
            raise FetchFailed("broken") from None

    async def _send(self, visit: _Visit, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        target, pool = self._way(url)
        async with pool.stream(
            "POST",
            target.for_httpcore(),
            headers=self._headers(target, None, headers),
            content=body,
            extensions={"trace": visit.notice},
        ) as response:
            await _hear_out(response)
            return Posted(response.status, retry_after(httpx.Headers(response.headers)))

    def _way(self, url: str) -> tuple[Target, httpcore.AsyncConnectionPool]:
        """Where to go, and who may dial there: on other ports than usual, only addresses of the operator's own."""
        try:
            return target_of(url, self._ports), self._pool
        except Refused:
            if self._inside is None:
                raise
            return target_of(url, _ALL_PORTS), self._inside

    async def _follow(
        self, visit: _Visit, target: Target, headers: Mapping[str, str], accept: Collection[str] | None
    ) -> Fetched:
        while len(visit.passed) <= REDIRECTS:
            visit.reached = False
            async with self._pool.stream(
                "GET",
                target.for_httpcore(),
                headers=self._headers(target, accept, headers),
                extensions={"trace": visit.notice},
            ) as response:
                answered = httpx.Headers(response.headers)
                if response.status not in _REDIRECTING:
                    body = await self._body(response, answered, accept)
                    return Fetched(str(target), response.status, answered, body, tuple(map(str, visit.passed)))
            visit.passed.append(target)
            target = redirected(target, answered.get("location", ""), self._ports)
        raise FetchFailed("redirects")

    def _headers(
        self, target: Target, accept: Collection[str] | None, more: Mapping[str, str]
    ) -> list[tuple[bytes, bytes]]:
        own = {
            "Host": target.netloc,
            "User-Agent": self._user_agent,
            "Accept": ", ".join([*sorted(accept), "*/*;q=0.1"]) if accept else "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        return [(name.encode(), value.encode()) for name, value in {**own, **more}.items()]

    async def _body(self, response: httpcore.Response, headers: httpx.Headers, accept: Collection[str] | None) -> bytes:
        if response.status == 304:
            return b""
        if not 200 <= response.status < 300:
            raise FetchFailed("status", answered=response.status, retry_after=retry_after(headers))
        if accept is not None and media_type(headers) not in accept:
            raise FetchFailed("media-type")
        if int(headers.get("content-length", 0)) > self._max_bytes:
            raise FetchFailed("too-large")
        body = Body(headers.get("content-encoding", ""), self._max_bytes)
        async for chunk in response.aiter_stream():
            body.add(chunk)
        return body.whole()

    async def _even_out(self, began: float) -> None:
        """Let time tell little of what was refused: neither whether a name was found nor whether a port was open."""
        await anyio.sleep_until(began + min(_REFUSAL_SECONDS, self.timeout))


def _pool(authorities: ssl.SSLContext, allowed: Policy) -> httpcore.AsyncConnectionPool:
    # A connection serves one request: a later one looks the host up, and is checked, anew.
    return httpcore.AsyncConnectionPool(
        ssl_context=authorities,
        max_connections=None,
        max_keepalive_connections=0,
        network_backend=Dialer(allowed),
    )


async def _hear_out(response: httpcore.Response) -> None:
    """Read so much of an answer that its sender comes to its end, if it comes to it soon."""
    heard = 0
    with anyio.move_on_after(_HEARD_SECONDS), suppress(httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError):
        async for chunk in response.aiter_stream():
            heard += len(chunk)
            if heard > _HEARD_BYTES:
                break


@cache
def _public_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
