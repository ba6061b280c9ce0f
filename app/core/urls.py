"""Web addresses: their validation, and a canonical form for comparison."""

import re
from ipaddress import IPv6Address
from typing import Annotated
from urllib.parse import quote, urlsplit

import idna
from pydantic import AfterValidator, Field

URL_LENGTH = 2048

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\s\ud800-\udfff]")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::([0-9]*))?")
# Wider than RFC 1123: names with underscores and with hyphens anywhere are in use.
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
_HOST_LENGTH = 253
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "%:/?#[]@!$&'()*+,;="  # RFC 3986 reserved, and the percent signs of encoded characters
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_TRACKING = re.compile(
    r"utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|ysclid|twclid|ttclid|mc_cid|mc_eid|igshid|igsh"
    r"|_ga|_gl|_hsenc|_hsmi|mkt_tok|ref_src|cmpid",
    re.IGNORECASE,
)


def canonicalize_url(url: str) -> str:
    """Return the canonical form of an http(s) address, for comparing documents. Idempotent.

    RFC 3986 section 6.2.2 and 6.2.3: scheme and host in lower case (an international name in its ASCII form, IDNA
    2008 with UTS 46 mapping; an IPv6 address compressed), the default port and an empty port dropped, an empty path as
    `/`, dot segments removed, percent-encoding in upper case, needless encoding undone and missing encoding added.

    House rules: the fragment, an empty query and tracking parameters (`utm_*`, `fbclid`, `gclid`, …) are dropped, and
    the rest of the query keeps its order. `http` and `https`, `www.` and a trailing slash stay: the pages may differ.

    Raises ValueError if the address is not http or https with a host, has credentials, a space, a control character or
    a lone surrogate, or is longer than 2048 characters, as received or in its canonical form.
    """
    scheme, host, port, path, query = _split_url(url)
    authority = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    path = _remove_dot_segments(_normalize_encoding(path or "/"))
    pairs = _normalize_encoding(query).split("&")
    query = "&".join(pair for pair in pairs if not _TRACKING.fullmatch(pair.partition("=")[0]))
    return _check_length(f"{scheme}://{authority}{path}{'?' if query else ''}{query}")


def get_domain(url: str) -> str:
    """Return the canonical host of an http(s) address, without a leading `www.`; `www.com` stays whole.

    Raises ValueError like `canonicalize_url`.
    """
    host = _split_url(canonicalize_url(url))[1]
    return re.sub(r"^www\.(?=[^.]+\.[^.])", "", host)


def _split_url(url: str) -> tuple[str, str, int | None, str, str]:
    """Check an address and split it into scheme, canonical host, port, path and query."""
    _check_length(url)
    # Checked before urlsplit, which removes tabs and newlines silently.
    if match := _FORBIDDEN.search(url):
        raise ValueError(f"the address holds U+{ord(match[0]):04X} at offset {match.start()}: encode or remove it")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("the address must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("the address must not carry a user name or password")
    return parts.scheme, *_split_netloc(parts.netloc), parts.path, parts.query


def _check_length(url: str) -> str:
    if len(url) > URL_LENGTH:
        raise ValueError(f"the address, in its canonical form too, must not exceed {URL_LENGTH} characters")
    return url


def _split_netloc(netloc: str) -> tuple[str, int | None]:
    # Not SplitResult.hostname, which ignores the x in "[::1]x".
    match = _AUTHORITY.fullmatch(netloc)
    if match is None:
        raise ValueError("the address must name a host, and its port in digits")
    host, port = match.groups()
    if port and int(port) > 65535:
        raise ValueError("the port must not exceed 65535")
    return _canonicalize_host(host), int(port) if port else None


def _canonicalize_host(host: str) -> str:
    if host.startswith("["):
        return f"[{IPv6Address(host[1:-1]).compressed}]"
    try:
        ascii_host = (host if host.isascii() else idna.encode(host, uts46=True).decode()).lower()
    except UnicodeError:
        raise ValueError("the address has a host that is no valid international domain name") from None
    if len(ascii_host) > _HOST_LENGTH or not _HOST.fullmatch(ascii_host):
        raise ValueError("the address has no valid host name")
    return ascii_host


def _normalize_encoding(component: str) -> str:
    return quote(re.sub(r"%([0-9A-Fa-f]{2})?", _normalize_escape, component), safe=_SAFE)


def _normalize_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return "%25"  # a bare percent sign
    char = chr(int(match[1], 16))
    return char if _UNRESERVED.fullmatch(char) else match[0].upper()


def _remove_dot_segments(path: str) -> str:
    """Apply RFC 3986 section 5.2.4 to an absolute path."""
    segments = path.split("/")[1:]
    output: list[str] = []
    for segment in segments:
        if segment == "..":
            del output[-1:]
        elif segment != ".":
            output.append(segment)
    if segments[-1] in {".", ".."}:
        output.append("")
    return "/" + "/".join(output)


def _check_url(url: str) -> str:
    canonicalize_url(url)
    return url


HttpUrl = Annotated[
    str,
    Field(max_length=URL_LENGTH, json_schema_extra={"format": "uri"}, examples=["https://example.org/news/1"]),
    AfterValidator(_check_url),
]
"""An http(s) address that `canonicalize_url` accepts, stored as received."""
