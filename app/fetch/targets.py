"""The address asked for, taken apart: refused here is what needs no lookup to be refused."""

import re
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from urllib.parse import quote, urljoin, urlsplit

import httpcore

from app.core.errors import Refused
from app.core.urls import canonicalize_url

_PORTS = {"http": 80, "https": 443}
_KEPT = "%:/?#[]@!$&'()*+,;="
# What the C library, as the WHATWG's URL standard, takes for an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True)
class Target:
    """Where one request goes: ``host`` in ASCII, an IPv6 address without its brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    def for_httpcore(self) -> httpcore.URL:
        return httpcore.URL(scheme=self.scheme, host=self.host, port=self.port, target=self.path)


def target_of(url: str, ports: Container[int]) -> Target:
    """Take an address apart; path and query stay as they are, but for characters that must be encoded.

    Raises Refused for what `canonical_url` refuses, for a port that is neither its scheme's own nor one of ``ports``,
    and for an IPv4 address in any spelling but four decimal numbers.
    """
    try:
        canonical = urlsplit(canonicalize_url(url))
        given = urlsplit(url)
    except ValueError:
        raise Refused from None
    own = _PORTS[canonical.scheme]
    port = own if canonical.port is None else canonical.port
    if port != own and port not in ports:
        raise Refused
    path = (given.path or "/") + (f"?{given.query}" if given.query else "")
    return Target(canonical.scheme, _host(canonical.hostname or ""), port, quote(path, safe=_KEPT))


def redirected(target: Target, location: str, ports: Container[int]) -> Target:
    """The target that a ``Location`` header names, relative to the one that sent it; raises as `target_of` does."""
    try:
        url = urljoin(str(target), location.strip().replace(" ", "%20"))
    except ValueError:
        raise Refused from None
    return target_of(url, ports)


def _host(host: str) -> str:
    host = host.removesuffix(".")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise Refused from None
    return host
