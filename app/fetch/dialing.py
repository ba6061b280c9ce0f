"""Connections to hosts: a name is looked up once, all its addresses are checked, and one of those is connected to."""

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

_MAX_LOOKUPS = 32  # at once; a hanging one occupies its thread until the resolver gives up
_MAX_ATTEMPTS = 4  # addresses of one host
_ATTEMPT_SECONDS = 4.0


class Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed even if its TLS handshake is cancelled; httpcore's own stays open."""

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
    """A network backend that connects only to hosts whose addresses are all allowed.

    A name without an address, a forbidden address and one without a listener raise the same `Refused`.
    """

    def __init__(self, allowed: Policy) -> None:
        self._allowed = allowed
        self._backend = httpcore.AnyIOBackend()
        self._lookups = anyio.CapacityLimiter(_MAX_LOOKUPS)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._look_up(host, port)
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise Refused
        for address in addresses[:_MAX_ATTEMPTS]:
            try:
                return Stream(await self._backend.connect_tcp(str(address), port, timeout=_ATTEMPT_SECONDS))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise Refused

    async def _look_up(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host in the system's order of preference."""

        def get_addresses() -> list[str]:
            # Bytes keep Python from applying its older IDNA to the name, which is already in ASCII.
            answers = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM)
            return [str(answer[4][0]) for answer in answers]

        try:
            texts = await anyio.to_thread.run_sync(get_addresses, abandon_on_cancel=True, limiter=self._lookups)
            return [ip_address(address) for address in dict.fromkeys(texts)]
        except (OSError, ValueError):
            return []
