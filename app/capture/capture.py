"""Captures of pages, on their way into the store: fetched or given, parsed, and stored as one document each.

``capture_url()`` and ``build_capture()`` take their time and need no store; ``store_capture()`` belongs into a write
transaction.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import anyio.to_thread

from app.capture import pages
from app.capture.pages import Page
from app.core.errors import Invalid
from app.core.vocab import CodedBy
from app.database.models import Document
from app.extract.findings import Extraction
from app.fetch import PAGE_TYPES, Fetcher
from app.schemas.document import DocumentCreate
from app.store import records
from app.store.extractions.documents import extract_document, save_extraction
from app.store.fields import Ref
from app.store.revisions import WriteSession
from app.store.sources_and_speakers import get_or_add_source


@dataclass(frozen=True, slots=True)
class Capture:
    """A page with the time of its retrieval, and the extraction from its text, if one was asked for."""

    page: Page
    retrieved_at: dt.datetime
    extraction: Extraction | None = None


async def capture_url(fetcher: Fetcher, url: str, *, extract: bool = True) -> Capture:
    """Fetch a page and capture it.

    Raise `Refused` for an address that may not be fetched, `FetchFailed`, and `Unreadable` for a page without an
    article.
    """
    page, retrieved_at = await fetch_page(fetcher, url)
    return await anyio.to_thread.run_sync(build_capture, page, retrieved_at, extract)


async def fetch_page(fetcher: Fetcher, url: str) -> tuple[Page, dt.datetime]:
    """Fetch and parse a page; both together take no longer than the fetcher's timeout. Raise as `capture_url` does."""
    deadline = anyio.current_time() + fetcher.timeout
    response = await fetcher.get(url, accept=PAGE_TYPES)
    retrieved_at = dt.datetime.now(dt.UTC)
    parse = partial(pages.parse_page, seconds=deadline - anyio.current_time())
    page = await anyio.to_thread.run_sync(parse, response.decode_text(), response.url, response.media_type)
    return page, retrieved_at


def build_capture(
    page: Page, retrieved_at: dt.datetime, extract: bool = True, overrides: Mapping[str, str] = MappingProxyType({})
) -> Capture:
    """Build the capture of a page; the extraction from its text takes some tenths of a second.

    ``overrides`` replace fields of the page by name.
    """
    changes: dict[str, Any] = {**overrides} | ({"published_at": None} if "published" in overrides else {})
    page = dataclasses.replace(page, **changes)
    return Capture(page, retrieved_at, extract_document(page) if extract else None)


def store_capture(session: WriteSession, capture: Capture, *, source: Ref | None = None) -> Document:
    """Return the document of the page: the one in the store if its text has not changed, else a new one.

    A new document of the same page supersedes the one before. Its source is ``source``, or else that of the page's
    host, which is added if the store does not have it. Raise `Invalid` for ``source`` if there is neither.
    """
    page = capture.page
    body = DocumentCreate(
        source=_get_source_id(session, page) if source is None else source,
        text=page.text,
        title=page.title,
        url=page.url,
        byline=page.byline,
        language=page.language,
        published=page.published,
        published_at=page.published_at,
        retrieved_at=capture.retrieved_at,
        coded_by=CodedBy.MACHINE,
    )
    document = records.put_document(session, body)
    if capture.extraction is not None and session.has_written(document):
        save_extraction(session, document, capture.extraction)
    return document


def _get_source_id(session: WriteSession, page: Page) -> int:
    if page.url is None:
        raise Invalid("source", "the page does not say where it is from: name its source")
    source = get_or_add_source(session, page.url, name=page.site)
    assert source.id is not None
    return source.id
