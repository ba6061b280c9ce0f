"""Which addresses a page may be known under, and which hosts are of one site."""

import re
from urllib.parse import urljoin, urlsplit

from app.core.urls import canonical_url, domain

# What stands before the domain where the same pages are served, for small screens too.
_SAME_PAGES = re.compile(r"(?:www|amp|m|mobile)\.(?=[^.]+\.[^.])")


def host_of(url: str) -> str:
    """The host of an http(s) address, without what is put before it for small screens."""
    host = domain(url)
    while match := _SAME_PAGES.match(host):
        host = host[match.end() :]
    return host


def domains(host: str) -> list[str]:
    """The host and the domains that it is in, the longest first. An IP address is in none, nor is `com` one."""
    parts = host.split(".")
    if host.startswith("[") or parts[-1].isdigit():
        return [host]
    return [".".join(parts[start:]) for start in range(max(len(parts) - 1, 1))]


def is_same_site(one: str, other: str) -> bool:
    """Whether the hosts of two addresses are the same, or one of them is a part of the other."""
    first, second = host_of(one), host_of(other)
    return first in domains(second) or second in domains(first)


def is_same_page(one: str, other: str) -> bool:
    """Whether two addresses seem to be of one page: of one site, with the same path."""
    return is_same_site(one, other) and _path(one) == _path(other)


def is_front(url: str) -> bool:
    """Whether the address is that of a site's front page."""
    return not _path(url)


def _path(url: str) -> str:
    return urlsplit(canonical_url(url)).path.rstrip("/").removesuffix("/amp")


def absolute(href: str, base: str | None) -> str | None:
    """The http(s) address that a page at ``base`` refers to; None for anything else."""
    try:
        url = urljoin(base or "", href.strip())
        canonical_url(url)
    except ValueError:
        return None
    return url


def canonical(hrefs: list[str], found_at: str | None) -> str | None:
    """The address that a page names as its own; None where it names none, or one that it can hardly have.

    That is one of another site, or the front page, under which all pages of a site would be one.
    """
    for href in hrefs:
        url = absolute(href, found_at)
        if url is None:
            continue
        if found_at is None or (is_same_site(url, found_at) and (is_front(found_at) or not is_front(url))):
            return url
    return None
