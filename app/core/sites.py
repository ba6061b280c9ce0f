"""Comparison of addresses by their sites, and the canonical address of a page."""

import re
from urllib.parse import urljoin, urlsplit

from app.core.urls import canonicalize_url, get_domain

# Prefixes of hosts that serve the same pages as the domain itself, such as those for small screens.
_PREFIX = re.compile(r"(?:www|amp|m|mobile)\.(?=[^.]+\.[^.])")


def get_host(url: str) -> str:
    """Return the host of an http(s) address without prefixes such as `www.` and `m.`."""
    host = get_domain(url)
    while match := _PREFIX.match(host):
        host = host[match.end() :]
    return host


def list_domains(host: str) -> list[str]:
    """Return the host and its parent domains, the longest first, without the top-level one. An IP address has none."""
    parts = host.split(".")
    if host.startswith("[") or parts[-1].isdigit():
        return [host]
    return [".".join(parts[start:]) for start in range(max(len(parts) - 1, 1))]


def is_same_site(url: str, other_url: str) -> bool:
    """Return True if both addresses have the same host, or one host is a subdomain of the other."""
    host, other_host = get_host(url), get_host(other_url)
    return host in list_domains(other_host) or other_host in list_domains(host)


def is_same_page(url: str, other_url: str) -> bool:
    """Return True if both addresses seem to lead to one page: they have the same site and path."""
    return is_same_site(url, other_url) and _get_path(url) == _get_path(other_url)


def is_front_page(url: str) -> bool:
    """Return True if the address is a site's front page."""
    return not _get_path(url)


def _get_path(url: str) -> str:
    return urlsplit(canonicalize_url(url)).path.rstrip("/").removesuffix("/amp")


def resolve_url(href: str, base: str | None) -> str | None:
    """Resolve a link of a page at ``base``. Return None unless the result is an http(s) address."""
    try:
        url = urljoin(base or "", href.strip())
        canonicalize_url(url)
    except ValueError:
        return None
    return url


def find_canonical_url(hrefs: list[str], page_url: str | None) -> str | None:
    """Return the first plausible address that a page declares as its own; None without one.

    Addresses of another site are implausible, and so is the front page, to which some sites point all their pages.
    """
    for href in hrefs:
        url = resolve_url(href, page_url)
        if url is None:
            continue
        if page_url is None or (is_same_site(url, page_url) and (is_front_page(page_url) or not is_front_page(url))):
            return url
    return None
