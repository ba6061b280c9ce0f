"""Sitemaps (https://www.sitemaps.org/protocol.html), those of news, and indexes of sitemaps."""

from lxml import etree

from app.capture.feeds import document
from app.capture.feeds.document import FeedDocument
from app.capture.feeds.xml import get_local_name
from app.core.vocab import FeedFormat

# Sitemaps of an index that are followed: the newest.
MAX_SITEMAPS = 10


def parse(root: etree._Element, url: str) -> FeedDocument:
    """Parse the sitemap, or index of sitemaps, that ``url`` answered."""
    entries = []
    for element in root:  # the elements inside `news:news` count as the entry's own
        fields = {get_local_name(child.tag): (child.text or "").strip() for child in element.iter()}
        updated = fields.get("lastmod") or fields.get("publication_date")
        moment = document.parse_moment(updated)
        entries.append(document.build_item(fields.get("loc"), url, updated=updated, moment=moment))
    newest = document.select_newest(entries)
    if get_local_name(root.tag) == "sitemapindex":
        return FeedDocument(FeedFormat.SITEMAP, sitemaps=tuple(entry.url for entry in newest[:MAX_SITEMAPS]))
    return FeedDocument(FeedFormat.SITEMAP, items=newest)
