"""From a host's name to a connection: looked up once, every answer checked, and that very answer dialled."""

import socket
import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import anyio
import anyio.to_thread
import httpcore

from app.core.errors import Refused
from app.fetch.addresses import Address, Policy

_LOOKUPS = 32  # at once; one that hangs holds its thread until the resolver gives up
_ATTEMPTS = 4  # addresses of one host
_ATTEMPT_SECONDS = 4.0


class Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed even when the deadline cuts its TLS handshake short; httpcore's own is not."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Dialer(httpcore.AsyncNetworkBackend):
    """Connects to hosts of which every address is allowed.

    A name that has no address, an address that is not allowed and one that nobody answers at are the same `Refused`.
    """

    def __init__(self, allowed: Policy) -> None:
        self._allowed = allowed
        self._plain = httpcore.AnyIOBackend()
        self._lookups = anyio.CapacityLimiter(_LOOKUPS)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._addresses(host, port)
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise Refused
        for address in addresses[:_ATTEMPTS]:
            try:
                return Stream(await self._plain.connect_tcp(str(address), port, timeout=_ATTEMPT_SECONDS))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise Refused

    async def _addresses(self, host: str, port: int) -> list[Address]:
        """The host's addresses, in the order in which the system prefers them."""

        def look_up() -> list[str]:
            # As bytes, so that Python does not apply its older IDNA to a name that is in ASCII already.
            answers = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM)
            return [str(answer[4][0]) for answer in answers]

        try:
            found = await anyio.to_thread.run_sync(look_up, abandon_on_cancel=True, limiter=self._lookups)
            return [ip_address(address) for address in dict.fromkeys(found)]
        except (OSError, ValueError):
            return []
