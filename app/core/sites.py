"""Which addresses a page may be known under, and which hosts are of one site."""

import re
from urllib.parse import urljoin, urlsplit

from app.core.urls import canonicalize_url, get_domain

# What stands before the domain where the same pages are served, for small screens too.
_SAME_PAGES = re.compile(r"(?:www|amp|m|mobile)\.(?=[^.]+\.[^.])")


def get_host(url: str) -> str:
    """The host of an http(s) address, without what is put before it for small screens."""
    host = get_domain(url)
    while match := _SAME_PAGES.match(host):
        host = host[match.end() :]
    return host


def list_domains(host: str) -> list[str]:
    """The host and the domains that it is in, the longest first. An IP address is in none, nor is `com` one."""
    parts = host.split(".")
    if host.startswith("[") or parts[-1].isdigit():
        return [host]
    return [".".join(parts[start:]) for start in range(max(len(parts) - 1, 1))]


def is_same_site(one: str, other: str) -> bool:
    """Whether the hosts of two addresses are the same, or one of them is a part of the other."""
    first, second = get_host(one), get_host(other)
    return first in list_domains(second) or second in list_domains(first)


def is_same_page(one: str, other: str) -> bool:
    """Whether two addresses seem to be of one page: of one site, with the same path."""
    return is_same_site(one, other) and _path(one) == _path(other)


def is_front_page(url: str) -> bool:
    """Whether the address is that of a site's front page."""
    return not _path(url)


def _path(url: str) -> str:
    return urlsplit(canonicalize_url(url)).path.rstrip("/").removesuffix("/amp")


def resolve_url(href: str, base: str | None) -> str | None:
    """The http(s) address that a page at ``base`` refers to; None for anything else."""
    try:
        url = urljoin(base or "", href.strip())
        canonicalize_url(url)
    except ValueError:
        return None
    return url


def find_canonical_url(hrefs: list[str], found_at: str | None) -> str | None:
    """The address that a page names as its own; None where it names none, or one that it can hardly have.

    That is one of another site, or the front page, under which all pages of a site would be one.
    """
    for href in hrefs:
        url = resolve_url(href, found_at)
        if url is None:
            continue
        if found_at is None or (is_same_site(url, found_at) and (is_front_page(found_at) or not is_front_page(url))):
            return url
    return None
