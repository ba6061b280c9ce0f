"""The body of an answer, as it comes in: never more of it than asked for, inflated or not."""

import zlib

from app.core.errors import FetchFailed

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class Body:
    """Collects at most ``limit`` bytes, counted on the wire and, should it be compressed, inflated.

    ``encoding`` is the answer's ``Content-Encoding``: none, ``identity``, ``gzip`` or ``deflate``, and one only.
    Raises FetchFailed: ``content-encoding`` for another, ``too-large``, and ``broken`` where it does not inflate.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding.strip().lower().removeprefix("x-")
        if self._encoding not in ("", "identity", "gzip", "deflate"):
            raise FetchFailed("content-encoding")
        self._limit = limit
        self._received = 0
        self._kept = bytearray()
        self._inflater: zlib._Decompress | None = None

    def add(self, chunk: bytes) -> None:
        self._received += len(chunk)
        self._kept += chunk if self._encoding in ("", "identity") else self._inflated(chunk)
        if max(self._received, len(self._kept)) > self._limit:
            raise FetchFailed("too-large")

    def whole(self) -> bytes:
        """All of it, once all has been added."""
        if self._inflater is not None and not self._inflater.eof:
            raise FetchFailed("broken")
        return bytes(self._kept)

    def _inflated(self, chunk: bytes) -> bytes:
        if not chunk:
            return b""
        if self._inflater is None:
            self._inflater = zlib.decompressobj(self._window(chunk))
        if self._inflater.eof:
            return b""
        try:
            return self._inflater.decompress(chunk, self._limit - len(self._kept) + 1)
        except zlib.error:
            raise FetchFailed("broken") from None

    def _window(self, chunk: bytes) -> int:
        if self._encoding == "gzip":
            return _GZIP
        # "deflate" means zlib's format (RFC 9110), but some servers send the bare stream.
        return _ZLIB if chunk[0] & 0x0F == zlib.DEFLATED else _RAW
