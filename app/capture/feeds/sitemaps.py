"""Sitemaps (https://www.sitemaps.org/protocol.html), those of news, and indexes of sitemaps."""

from collections.abc import Iterator

from lxml import etree

from app.capture.feeds import document
from app.capture.feeds.document import FeedDocument
from app.capture.feeds.xml import local
from app.core.vocab import FeedFormat

# Sitemaps of an index that are followed: the newest.
MOST_SITEMAPS = 10


def read(root: etree._Element, url: str) -> FeedDocument:
    """The sitemap, or index of sitemaps, found at ``url``."""
    items = [
        document.item(each.get("loc"), url, updated=updated, moment=document.moment(updated))
        for each in _listed(root)
        for updated in [each.get("lastmod") or each.get("publication_date")]
    ]
    found = document.newest(item for item in items if item is not None)
    if local(root.tag) == "sitemapindex":
        return FeedDocument(FeedFormat.SITEMAP, sitemaps=tuple(item.url for item in found[:MOST_SITEMAPS]))
    return FeedDocument(FeedFormat.SITEMAP, items=found)


def _listed(root: etree._Element) -> Iterator[dict[str, str]]:
    """What each entry says, by the names of its elements, those inside `news:news` among them."""
    for entry in root:
        yield {local(each.tag): (each.text or "").strip() for each in entry.iter()}
