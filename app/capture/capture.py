"""Pages as they were captured, on their way into the store: fetched or given, read, and put as one document each.

``fetch()`` and ``capture()`` take their time and need no store; ``put()`` belongs into a write transaction.
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
from app.store.extractions import extractions as reading
from app.store.fields import Ref
from app.store.revisions import WriteSession
from app.store.sources_and_speakers import get_or_add_source


@dataclass(frozen=True, slots=True)
class Captured:
    """A page, when it was captured, and what the machine found in its text; None where it was not to be read."""

    page: Page
    retrieved_at: dt.datetime
    reading: Extraction | None = None


async def fetch(fetcher: Fetcher, url: str, *, extract: bool = True) -> Captured:
    """Fetch a page and read it.

    Raises Refused for an address that may not be fetched, FetchFailed, and Unreadable for a page without an article.
    """
    page, retrieved_at = await fetch_page(fetcher, url)
    return await anyio.to_thread.run_sync(capture, page, retrieved_at, extract)


async def fetch_page(fetcher: Fetcher, url: str) -> tuple[Page, dt.datetime]:
    """The page at an address, and when it was fetched; raises as ``fetch`` does.

    Both together take no longer than the fetcher may take for an address.
    """
    until = anyio.current_time() + fetcher.timeout
    fetched = await fetcher.get(url, accept=PAGE_TYPES)
    retrieved_at = dt.datetime.now(dt.UTC)
    read = partial(pages.read, seconds=until - anyio.current_time())
    page = await anyio.to_thread.run_sync(read, fetched.decode_text(), fetched.url, fetched.media_type)
    return page, retrieved_at


def capture(
    page: Page, retrieved_at: dt.datetime, extract: bool = True, said: Mapping[str, str] = MappingProxyType({})
) -> Captured:
    """The page with what the machine finds in its text; finding it takes some tenths of a second.

    ``said`` is what somebody who knows it says of the page, by the names of its fields.
    """
    changes: dict[str, Any] = {**said} | ({"published_at": None} if "published" in said else {})
    page = dataclasses.replace(page, **changes)
    return Captured(page, retrieved_at, reading.prepare(page) if extract else None)


def put(session: WriteSession, captured: Captured, *, source: Ref | None = None) -> Document:
    """The document that the page is: the one in the store if its text has not changed, else a new one.

    A changed text supersedes the one before. The outlet is ``source``, or else that of the page's host, which is added
    where the store does not know it. Raises Invalid, naming ``source``, where there is neither.
    """
    page = captured.page
    body = DocumentCreate(
        source=_outlet(session, page) if source is None else source,
        text=page.text,
        title=page.title,
        url=page.url,
        byline=page.byline,
        language=page.language,
        published=page.published,
        published_at=page.published_at,
        retrieved_at=captured.retrieved_at,
        coded_by=CodedBy.MACHINE,
    )
    return put_document(session, body, captured.reading)


def put_document(session: WriteSession, body: DocumentCreate, found: Extraction | None) -> Document:
    """As ``records.put_document``; if it is new, with what the machine found in it."""
    document = records.put_document(session, body)
    if found is not None and session.has_written(document):
        reading.put(session, document, found)
    return document


def _outlet(session: WriteSession, page: Page) -> Ref:
    if page.url is None:
        raise Invalid("source", "the page does not say where it is from: name its source")
    outlet = get_or_add_source(session, page.url, name=page.site)
    assert outlet.id is not None
    return outlet.id
