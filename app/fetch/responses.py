"""Responses of other hosts: headers parsed as far as they can be trusted, and bodies read within a limit."""

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from app.core.errors import FetchFailed
from app.fetch.charsets import decode

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


@dataclass(frozen=True)
class FetchResponse:
    """The response to a fetch: a success, or 304 to a conditional request.

    ``url`` is the address that answered in the end, ``redirects`` are the addresses that redirected to it. ``body`` is
    decompressed, and empty with 304.
    """

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    redirects: tuple[str, ...] = ()

    @property
    def is_not_modified(self) -> bool:
        return self.status == 304

    @property
    def media_type(self) -> str:
        return get_media_type(self.headers)

    def decode_text(self) -> str:
        """Return the body decoded by `decode`: safe to store, and possibly with U+FFFD in it."""
        return decode(self.body, self.headers.get("content-type"))


@dataclass(frozen=True)
class PostResponse:
    """The response to a POST: its status, and the seconds of its ``Retry-After`` header, if any."""

    status: int
    retry_after: int | None


def get_media_type(headers: httpx.Headers) -> str:
    """Return the media type of the body in lower case, without its parameters; empty if the headers name none."""
    return str(headers.get("content-type", "")).partition(";")[0].strip().lower()


def get_retry_after(headers: httpx.Headers, now: datetime | None = None) -> int | None:
    """Return the seconds of the ``Retry-After`` header (RFC 9110: a number, or a date); None without a valid one."""
    value = str(headers.get("retry-after", "")).strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return int(value)
    try:
        wait = parsedate_to_datetime(value) - (now or datetime.now(UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0, round(wait.total_seconds()))


class BodyReader:
    """A buffer for at most ``limit`` bytes of a body, counted both as received and decompressed.

    ``encoding`` is the response's ``Content-Encoding``: none, ``identity``, ``gzip`` or ``deflate``, and only one.
    Raises FetchFailed: ``content-encoding`` for any other, ``too-large``, and ``broken`` if decompression fails.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding.strip().lower().removeprefix("x-")
        if self._encoding not in ("", "identity", "gzip", "deflate"):
            raise FetchFailed("content-encoding")
        self._limit = limit
        self._received = 0
        self._body = bytearray()
        self._decompressor: zlib._Decompress | None = None

    def add(self, chunk: bytes) -> None:
        """Add a chunk as it was received."""
        self._received += len(chunk)
        self._body += chunk if self._encoding in ("", "identity") else self._decompress(chunk)
        if max(self._received, len(self._body)) > self._limit:
            raise FetchFailed("too-large")

    def finish(self) -> bytes:
        """Return the whole body, once all chunks have been added."""
        if self._decompressor is not None and not self._decompressor.eof:
            raise FetchFailed("broken")
        return bytes(self._body)

    def _decompress(self, chunk: bytes) -> bytes:
        if not chunk:
            return b""
        if self._decompressor is None:
            # "deflate" means zlib's format (RFC 9110), but some servers send the bare stream.
            deflate = _ZLIB if chunk[0] & 0x0F == zlib.DEFLATED else _RAW
            self._decompressor = zlib.decompressobj(_GZIP if self._encoding == "gzip" else deflate)
        if self._decompressor.eof:
            return b""
        try:
            return self._decompressor.decompress(chunk, self._limit - len(self._body) + 1)
        except zlib.error:
            raise FetchFailed("broken") from None
