"""Pages that try to exhaust or confuse their reader, and the reason with which fetching each must fail."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from itertools import count

Page = Callable[[asyncio.StreamWriter], Awaitable[None]]

_HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
_CHUNKED = _HTML + b"Transfer-Encoding: chunked\r\n\r\n"


def raw(answer: bytes) -> Page:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return send


def page(body: bytes, *headers: bytes) -> Page:
    return raw(b"".join((_HTML, *(header + b"\r\n" for header in headers), b"\r\n", body)))


def endless(start: bytes, more: bytes, pause: float = 0, times: int | None = None) -> Page:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        for _ in count() if times is None else range(times):
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(pause)

    return send


def bomb(encoding: bytes, window: int) -> Page:
    """Compress 300 MB of zeros to some 300 kB; after a full flush, the same megabyte gives the same bytes."""
    compressor = zlib.compressobj(9, wbits=window)
    megabyte = bytes(2**20)
    start, more = (compressor.compress(megabyte) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return page(start + more * 299 + compressor.flush(), b"Content-Encoding: " + encoding)


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(1.5)


_ZIPPED = gzip.compress(b"<p>zipped</p>")

PAGES: dict[str, Page] = {
    # Harmless ones.
    "zipped": page(_ZIPPED, b"Content-Encoding: gzip"),
    "deflated": page(zlib.compress(b"<p>deflated</p>"), b"Content-Encoding: deflate"),
    "deflated-raw": page(zlib.compress(b"<p>raw</p>", wbits=-15), b"Content-Encoding: deflate"),
    "in-full": page(b"x" * 5_000_000, b"Content-Length: 5000000"),
    "koi8": raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=KOI8-R\r\n\r\n" + "Слово".encode("koi8-r")),
    "base64": raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=base64\r\n\r\nPGI+"),
    "length-twice": page(b"0123456789", b"Content-Length: 10", b"Content-Length: 10"),
    "etag": page(b"first", b'ETag: "one"'),
    "longer": page(b"0123456789beyond", b"Content-Length: 10"),
    # Hostile ones, by the reason of their failure.
    "bomb-gzip": bomb(b"gzip", 31),
    "bomb-zlib": bomb(b"deflate", 15),
    "bomb-raw": bomb(b"deflate", -15),
    "bomb-empty": endless(_HTML + b"Content-Encoding: deflate\r\n\r\n", b"\0\0\0\xff\xff" * 10_000),
    "a-byte-more": page(b"x" * 5_000_001),
    "length-10GB": page(b"", b"Content-Length: 10000000000"),
    "endless": endless(_HTML + b"\r\n", b"x" * 65536),
    "endless-chunks": endless(_CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "drip": endless(_HTML + b"\r\n", b"x", pause=0.3, times=20),
    "drip-gzip": endless(_HTML + b"Content-Encoding: gzip\r\n\r\n" + _ZIPPED[:10], b"\0", pause=0.3, times=20),
    "drip-head": endless(_HTML, b"A: b\r\n", pause=0.3, times=20),
    "early-hints": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    "silence": silence,
    "endless-head": endless(_HTML, b"A: b\r\n" * 1000),
    "endless-line": endless(_HTML + b"A: ", b"x" * 65536),
    "30000-headers": raw(_HTML + b"A: b\r\n" * 30_000 + b"\r\n"),
    "length-lies": page(b"short", b"Content-Length: 1000"),
    "lengths-differ": page(b"short", b"Content-Length: 5", b"Content-Length: 6"),
    "length-of-5000-digits": page(b"short", b"Content-Length: " + b"9" * 5000),
    "length-negative": page(b"short", b"Content-Length: -5"),
    "chunk-garbage": raw(_CHUNKED + b"zz\r\nbody"),
    "chunk-cut": raw(_CHUNKED + b"ff\r\nbody"),
    "no-http": raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "nothing": raw(b""),
    "zipped-cut": page(_ZIPPED[:-9], b"Content-Encoding: gzip"),
    "zipped-not": page(b"<p>plain</p>", b"Content-Encoding: gzip"),
    "br": page(b"\x0b\x02\x80", b"Content-Encoding: br"),
    "zstd": page(b"\x28\xb5\x2f\xfd", b"Content-Encoding: zstd"),
    "zipped-twice": page(gzip.compress(_ZIPPED), b"Content-Encoding: gzip, gzip"),
    "picture": raw(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"),
    "no-type": raw(b"HTTP/1.1 200 OK\r\n\r\n<p>"),
    "loop": raw(b"HTTP/1.1 302 Found\r\nLocation: /loop\r\n\r\n"),
    "nowhere": raw(b"HTTP/1.1 302 Found\r\n\r\n"),
    "404": raw(b"HTTP/1.1 404 Not Found\r\n\r\n"),
    "429": raw(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\n\r\n"),
    "503": raw(b"HTTP/1.1 503 No\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n"),
    "503-odd": raw(b"HTTP/1.1 503 No\r\nRetry-After: " + b"9" * 5000 + b"\r\n\r\n"),
}

SLOW = ("drip", "drip-gzip", "drip-head", "early-hints", "silence")
ENDS = {
    **dict.fromkeys(SLOW, "timeout"),
    **dict.fromkeys(("bomb-gzip", "bomb-zlib", "bomb-raw", "bomb-empty"), "too-large"),
    **dict.fromkeys(("a-byte-more", "length-10GB", "endless", "endless-chunks"), "too-large"),
    **dict.fromkeys(("endless-head", "endless-line", "30000-headers", "no-http", "nothing"), "broken"),
    **dict.fromkeys(("length-lies", "lengths-differ", "length-negative", "chunk-garbage", "chunk-cut"), "broken"),
    **dict.fromkeys(("length-of-5000-digits", "zipped-cut", "zipped-not"), "broken"),
    **dict.fromkeys(("br", "zstd", "zipped-twice"), "content-encoding"),
    **dict.fromkeys(("picture", "no-type"), "media-type"),
    **dict.fromkeys(("loop", "nowhere"), "redirects"),
    **dict.fromkeys(("404", "429", "503", "503-odd"), "status"),
}
"""The reason with which fetching each hostile page fails."""
