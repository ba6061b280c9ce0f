"""What is read off a page."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a page says of its article; null is what it does not say.

    ``url`` is the canonical address that the page names where that is one of its own site, else the address it was
    found at. ``published`` is EDTF: the day in the page's own time zone, or a month or year where it says no more.
    ``published_at`` is a moment in UTC, known only where the page gives a time with its offset.
    ``language`` is a BCP 47 tag. ``site`` is how the site calls itself.
    """

    title: str | None = None
    byline: str | None = None
    language: str | None = None
    url: str | None = None
    site: str | None = None
    published: str | None = None
    published_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Metadata):
    """The article of a page, with a blank line between paragraphs, and what the page says of it."""

    text: str
