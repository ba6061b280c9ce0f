"""Addresses parsed into targets of requests; those that need no DNS lookup to be refused are refused here."""

import re
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from urllib.parse import quote, urljoin, urlsplit

import httpcore

from app.core.errors import Refused
from app.core.urls import canonicalize_url

_PORTS = {"http": 80, "https": 443}
_SAFE = "%:/?#[]@!$&'()*+,;="
# The C library and the WHATWG's URL standard accept these as IPv4 addresses: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True)
class Target:
    """The target of one request; ``host`` is in ASCII, an IPv6 address without its brackets."""

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

    def to_httpcore(self) -> httpcore.URL:
        return httpcore.URL(scheme=self.scheme, host=self.host, port=self.port, target=self.path)


def parse_target(url: str, ports: Container[int]) -> Target:
    """Parse an address; path and query stay as they are, except for characters that must be encoded.

    Raises Refused for an address that `canonicalize_url` refuses, for a port that is neither the scheme's default nor
    one of ``ports``, and for an IPv4 address in any spelling but four decimal numbers.
    """
    try:
        canonical = urlsplit(canonicalize_url(url))
        parts = urlsplit(url)
    except ValueError:
        raise Refused from None
    default_port = _PORTS[canonical.scheme]
    port = default_port if canonical.port is None else canonical.port
    if port != default_port and port not in ports:
        raise Refused
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(canonical.scheme, _parse_host(canonical.hostname or ""), port, quote(path, safe=_SAFE))


def parse_redirect(target: Target, location: str, ports: Container[int]) -> Target:
    """Parse a ``Location`` header, relative to the target that sent it; raises as `parse_target` does."""
    try:
        url = urljoin(str(target), location.strip().replace(" ", "%20"))
    except ValueError:
        raise Refused from None
    return parse_target(url, ports)


def _parse_host(host: str) -> str:
    host = host.removesuffix(".")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise Refused from None
    return host
