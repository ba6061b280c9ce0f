"""The one place that reaches out to other hosts, and never to those inside one's own network."""

from app.fetch.charsets import decode
from app.fetch.fetcher import FEEDS, PAGES, Fetched, Fetcher, Posted

__all__ = ["FEEDS", "PAGES", "Fetched", "Fetcher", "Posted", "decode"]
