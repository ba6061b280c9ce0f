"""Parsing a feed of any format from the bytes that its address answered; no fetching, no store."""

import zlib

from app.capture.feeds import jsonfeed, sitemaps, syndication, xml
from app.capture.feeds.document import FeedDocument, NotAFeed
from app.fetch import decode

# Largest size of a compressed sitemap, inflated: the same as for one that is not compressed.
_MAX_BYTES = 5_000_000

_GZIP = b"\x1f\x8b"


def parse(body: bytes, content_type: str | None, url: str) -> FeedDocument:
    """Parse the feed or sitemap that ``url`` answered. Raise `NotAFeed` with the reason."""
    if body.startswith(_GZIP):
        body = _inflate(body)
    text = decode(body, content_type).lstrip()
    if text.startswith("{"):
        return jsonfeed.parse(text, url)
    root = xml.reduce(text)
    name = "" if root is None else xml.get_local_name(root.tag)
    if root is not None and name in ("rss", "RDF", "feed"):
        return syndication.parse(root, url)
    if root is not None and name in ("urlset", "sitemapindex"):
        return sitemaps.parse(root, url)
    if name.lower() == "html" or text[:14].lower() == "<!doctype html":
        raise NotAFeed("it is a web page, not a feed")
    raise NotAFeed("it is neither RSS nor Atom, JSON Feed or a sitemap")


def _inflate(body: bytes) -> bytes:
    """Inflate a sitemap that is compressed as a file, rather than for the transfer."""
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = decompressor.decompress(body, _MAX_BYTES)
    except zlib.error:
        raise NotAFeed("it is compressed, and broken") from None
    if decompressor.unconsumed_tail:
        raise NotAFeed("it is larger than what is read here")
    return content
