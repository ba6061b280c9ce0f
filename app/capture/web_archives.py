"""Pages in files: texts, HTML, and the responses in web archives (WARC, ISO 28500)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from app.capture import pages
from app.capture.pages import Page
from app.core.errors import Unreadable
from app.fetch import decode

MAX_BYTES = 5_000_000
"""Largest size of a page, inflated; a larger one is refused."""

_HTML, _TEXT = ("text/html", "application/xhtml+xml"), "text/plain"
_TYPES = {".html": _HTML[0], ".htm": _HTML[0], ".xhtml": _HTML[0], ".txt": _TEXT}
_ARCHIVES = (".warc", ".warc.gz")


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One page of a file, with its address and the time of its retrieval if the file has them."""

    name: str
    body: bytes
    content_type: str
    url: str | None = None
    retrieved_at: dt.datetime | None = None

    def parse(self) -> Page:
        """Return the page's article. Raise `Unreadable`."""
        if len(self.body) > MAX_BYTES:
            raise Unreadable(f"The page has more than {MAX_BYTES:,} bytes.")
        media_type = self.content_type.partition(";")[0].strip().lower()
        return pages.parse_page(decode(self.body, self.content_type), self.url, media_type)


def iterate_pages(path: Path) -> Iterator[SavedPage]:
    """Yield the pages of a file. Raise `Unreadable` for a file of another type, and `OSError`."""
    file_name = path.name.lower()
    with path.open("rb") as file:
        if file_name.endswith(_ARCHIVES):
            yield from _iterate_archive(file)
        elif path.suffix.lower() in _TYPES:
            name = str(path).encode("utf-8", "replace").decode()
            yield SavedPage(name, file.read(MAX_BYTES + 1), _TYPES[path.suffix.lower()])
        else:
            raise Unreadable(f"Only {', '.join((*_TYPES, *_ARCHIVES))} are read.")


def _iterate_archive(file: BinaryIO) -> Iterator[SavedPage]:
    try:
        for record in ArchiveIterator(file):
            if _is_page(record):
                yield _build_page(record)
    except (ArchiveLoadFailed, ValueError, EOFError) as error:
        raise Unreadable("The archive is damaged: what comes after this cannot be read.") from error


def _is_page(record: ArcWarcRecord) -> bool:
    """Return True if the record is an HTML page that was answered with status 200."""
    headers = record.http_headers
    if record.rec_type != "response" or headers is None or headers.get_statuscode() != "200":
        return False
    return str(headers.get_header("Content-Type", "")).partition(";")[0].strip().lower() in _HTML


def _build_page(record: ArcWarcRecord) -> SavedPage:
    url = str(record.rec_headers.get_header("WARC-Target-URI", "")).strip("<>")  # WARC 1.0 puts them around it
    return SavedPage(
        name=url or "a response without an address",
        body=_read_content(record),
        content_type=str(record.http_headers.get_header("Content-Type", "")),
        url=url or None,
        retrieved_at=_parse_moment(str(record.rec_headers.get_header("WARC-Date", ""))),
    )


def _read_content(record: ArcWarcRecord) -> bytes:
    """Return the decoded body, or just over `MAX_BYTES` of a larger one."""
    stream, body = record.content_stream(), b""
    while len(body) <= MAX_BYTES and (piece := stream.read(MAX_BYTES + 1 - len(body))):
        body += piece
    return body


def _parse_moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
