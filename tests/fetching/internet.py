"""The servers of the fake internet: a resolver, and one web server for all hosts that records connections."""

import asyncio
import socket
import ssl
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from urllib.parse import unquote

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.fetching import hostile
from tests.fetching.namespace import RESOLVER

PUBLIC, PUBLIC_6, PUBLIC_64 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"
CLOSED = "93.184.216.35"  # no listener on 443
TARPIT = "93.184.216.36"  # accepts connections on 443 and sends nothing

# Addresses and ports that may be connected to; all others are inside.
OPEN = {(address, port) for address in (PUBLIC, PUBLIC_6, PUBLIC_64) for port in (80, 443)}
PORTS = (22, 80, 6379, 8080)
TLS_AT = 443

ZONE: dict[str, list[tuple[str, ...]]] = {
    # Each name has the records of its first query, of its second, and so on; the last set stays.
    "public.test": [(f"A {PUBLIC}", f"AAAA {PUBLIC_6}")],
    "six.test": [(f"AAAA {PUBLIC_6}",)],
    "dns64.test": [(f"AAAA {PUBLIC_64}",)],
    "closed.test": [(f"A {CLOSED}",)],
    "tarpit.test": [(f"A {TARPIT}",)],
    "alias.test": [("CNAME public.test",)],
    "half.test": [("AAAA 2606:2800:dead::1", f"A {PUBLIC}")],
    "empty.test": [()],
    "rebind.test": [(f"A {PUBLIC}",), ("A 10.0.0.5",)],
    "rebind-back.test": [(f"A {PUBLIC}",), ("A 127.0.0.1",)],
    "loopback.test": [("A 127.0.0.1",)],
    "private10.test": [("A 10.0.0.5",)],
    "private172.test": [("A 172.16.0.5",)],
    "private192.test": [("A 192.168.1.1",)],
    "metadata.test": [("A 169.254.169.254",)],
    "wireserver.test": [("A 168.63.129.16",)],
    "shared.test": [("A 100.64.0.1",)],
    "zero.test": [("A 0.0.0.0",)],
    "reserved.test": [("A 240.0.0.1",)],
    "loopback6.test": [("AAAA ::1",)],
    "unspecified6.test": [("AAAA ::",)],
    "local6.test": [("AAAA fd00:ec2::254",)],
    "site6.test": [("AAAA fec0::1",)],
    "mapped6.test": [("AAAA ::ffff:10.0.0.5",)],
    "compatible6.test": [("AAAA ::10.0.0.5",)],
    "translated6.test": [("AAAA 64:ff9b::a00:5",)],
    "translated-local6.test": [("AAAA 64:ff9b:1::a00:5",)],
    "sixtofour.test": [("AAAA 2002:a00:5::1",)],
    "teredo.test": [("AAAA 2001:0:a00:5::1",)],
    "mixed.test": [(f"A {PUBLIC}", "A 10.0.0.5")],
    "mixed-first.test": [("A 10.0.0.5", f"A {PUBLIC}")],
    "mixed-six.test": [(f"A {PUBLIC}", "AAAA ::1")],
    "mixed-last.test": [(*(f"A 93.184.216.{n}" for n in range(34, 54)), "A 192.168.1.1")],
    "alias-inside.test": [("CNAME private10.test",)],
    "alias-alias-inside.test": [("CNAME alias-inside.test",)],
    "alias-localhost.test": [("CNAME loopback.test",)],
}


class Resolver:
    """A resolver for ZONE; ``servfail.test`` fails, ``silent.test`` gets no response, all other names do not exist.

    It runs in its own thread, since the C library gives up on a busy one.
    """

    def __init__(self) -> None:
        self._queries: Counter[tuple[str, str]] = Counter()

    def forget(self) -> None:
        self._queries.clear()

    @contextmanager
    def up(self) -> Iterator[None]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind((RESOLVER, 53))
            threading.Thread(target=self._serve, args=[server], daemon=True).start()
            yield

    def _serve(self, server: socket.socket) -> None:
        with suppress(OSError):  # until the socket is closed
            while True:
                query, sender = server.recvfrom(512)
                if answer := self._answer(dns.message.from_wire(query)):
                    server.sendto(answer.to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        if name == "silent.test":
            return None
        answer = dns.message.make_response(query)
        if name == "servfail.test":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in ZONE:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            self._add(answer, name, dns.rdatatype.to_text(query.question[0].rdtype))
        return answer

    def _add(self, answer: dns.message.Message, name: str, kind: str) -> None:
        sets = ZONE[name]
        records = sets[min(self._queries[name, kind], len(sets) - 1)]
        self._queries[name, kind] += 1
        for record, value in (record.split() for record in records):
            if record in (kind, "CNAME"):
                value += "." if record == "CNAME" else ""
                answer.answer.append(dns.rrset.from_text(f"{name}.", 0, "IN", record, value))
            if record == "CNAME":
                self._add(answer, value.removesuffix("."), kind)


class Internet:
    """The web server for all hosts.

    ``hits`` are the addresses and ports that were reached, ``heads`` the request heads to public hosts, ``names`` the
    hosts of TLS handshakes, and ``left`` counts the connections that clients closed on the tarpit.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.hits: list[tuple[str, int]] = []
        self.heads: list[str] = []
        self.names: list[str] = []
        self.left = 0
        self.resolver = Resolver()
        self._tls = tls
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name or "")

    def inside(self) -> list[tuple[str, int]]:
        return sorted({hit for hit in self.hits if hit not in OPEN})

    def forget(self) -> None:
        self.hits.clear()
        self.heads.clear()
        self.resolver.forget()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        servers = [await asyncio.start_server(self._serve, host, port) for host in ("0.0.0.0", "::") for port in PORTS]
        for inside in ("127.0.0.1", "10.0.0.5", "::1"):
            servers.append(await asyncio.start_server(self._serve, inside, TLS_AT))
        servers.append(await asyncio.start_server(self._hold, TARPIT, TLS_AT))
        if self._tls is not None:
            servers.append(await asyncio.start_server(self._serve, PUBLIC, TLS_AT, ssl=self._tls))
        with self.resolver.up():
            yield
        for server in servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door: tuple[str, int] = writer.get_extra_info("sockname")[:2]
        self.hits.append(door)
        try:
            if (start := await reader.read(1)) == b"\x16":
                return  # a TLS handshake on a port without TLS
            head = start + await reader.readuntil(b"\r\n\r\n")
            await (self._answer(head.decode("latin-1"), writer) if door in OPEN else hostile.page(b"inside")(writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has closed the connection, or the test is over
        finally:
            writer.close()

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        self.left += 1
        writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        self.heads.append(head)
        path, _, query = head.split(" ")[1].partition("?")
        await self._page(path.strip("/"), unquote(query), head)(writer)

    def _page(self, path: str, query: str, head: str) -> hostile.Page:
        if path == "to":
            return hostile.raw(f"HTTP/1.1 302 Found\r\nLocation: {query}\r\nSet-Cookie: a=b\r\n\r\n".encode())
        if path == "hops":
            return hostile.page(b"arrived") if query == "0" else self._page("to", f"/hops?{int(query) - 1}", head)
        if path == "etag" and 'if-none-match: "one"' in head.lower():
            return hostile.raw(b'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\n\r\n')
        return hostile.PAGES.get(path, hostile.page(b"outside"))
