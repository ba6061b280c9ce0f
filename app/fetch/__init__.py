"""The only room that connects to other hosts, and never to those inside the operator's network."""

from app.fetch.charsets import decode
from app.fetch.fetcher import FEED_TYPES, PAGE_TYPES, Fetcher
from app.fetch.responses import FetchResponse, PostResponse

__all__ = ["FEED_TYPES", "PAGE_TYPES", "FetchResponse", "Fetcher", "PostResponse", "decode"]
