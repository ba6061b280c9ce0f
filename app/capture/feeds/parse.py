"""Reading a feed of whatever kind off the bytes that its address answered; no fetching, no store."""

import zlib

from app.capture.feeds import jsonfeed, sitemaps, syndication, xml
from app.capture.feeds.document import FeedDocument, NotAFeed
from app.fetch import decode

# Bytes of a compressed sitemap, inflated, that are read: as many as of one that is not.
_MOST_BYTES = 5_000_000

_GZIP = b"\x1f\x8b"


def parse(body: bytes, content_type: str | None, url: str) -> FeedDocument:
    """The feed or sitemap found at ``url``. Raises NotAFeed, saying why."""
    if body.startswith(_GZIP):
        body = _inflated(body)
    text = decode(body, content_type).lstrip()
    if text.startswith("{"):
        return jsonfeed.read(text, url)
    root = xml.reduced(text)
    name = "" if root is None else xml.local(root.tag)
    if root is not None and name in ("rss", "RDF", "feed"):
        return syndication.read(root, url)
    if root is not None and name in ("urlset", "sitemapindex"):
        return sitemaps.read(root, url)
    if name.lower() == "html" or text[:14].lower() == "<!doctype html":
        raise NotAFeed("it is a web page, not a feed")
    raise NotAFeed("it is neither RSS nor Atom, JSON Feed or a sitemap")


def _inflated(body: bytes) -> bytes:
    """What a sitemap holds that is compressed as a file, not on the way."""
    inflating = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = inflating.decompress(body, _MOST_BYTES)
    except zlib.error:
        raise NotAFeed("it is compressed, and broken") from None
    if inflating.unconsumed_tail:
        raise NotAFeed("it is larger than what is read here")
    return content
