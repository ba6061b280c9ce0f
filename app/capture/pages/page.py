"""A page as it was parsed."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The metadata that a page has of its article; a missing field is null.

    ``url`` is the canonical address that the page names if it is one of its own site, else the address of retrieval.
    ``published`` is EDTF: the day in the page's own time zone, or a month or year if the page has no more.
    ``published_at`` is a moment in UTC, set only if the page gives a time with its offset.
    ``language`` is a BCP 47 tag. ``site`` is the name that the site gives itself.
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
    """The article of a page, with a blank line between paragraphs, and its metadata."""

    text: str
