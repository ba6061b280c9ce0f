"""Entity tags drawn from the revision: what has not changed since is known before it is read.

A tag reads ``W/"<revision>-<digest>"``. The digest is over the address, the representation, the
revision's time (a restored store may count the same numbers again) and this version of Dateline. It
is weak: it names a state of the store, not the bytes of an answer. ``If-Match`` compares the revision
alone: it asks whether the record has changed since, which RFC 9110 would leave to strong tags.
"""

import hashlib
import re
from importlib.metadata import version

_TAG = re.compile(r'(?:W/)?"(\d{1,18})-[0-9a-f]{16}"')
_VERSION = version("dateline")


def etag(revision: int, at: str, address: str, representation: str) -> str:
    seen = "\n".join((address, representation, at, _VERSION))
    return f'W/"{revision}-{hashlib.blake2b(seen.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()}"'


def matches(header: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` names the tag (weak comparison, RFC 9110 §8.8.3.2)."""
    opaque = tag.removeprefix("W/")
    return header is not None and opaque in (part.strip().removeprefix("W/") for part in header.split(","))


def unchanged_since(header: str, revision_id: int) -> bool:
    """Whether ``If-Match`` names a revision at which the record already was what it is."""
    if header.strip() == "*":
        return True
    return any(revision_id <= int(revision) for revision in _TAG.findall(header))


def newest(header: str | None) -> int:
    """The newest revision of which ``If-None-Match`` names a state; 0 where it names none."""
    return max(map(int, _TAG.findall(header)), default=0) if header else 0
