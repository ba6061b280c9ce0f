"""Pages that were saved to files: texts, HTML, and the responses of web archives (WARC, ISO 28500)."""

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

LARGEST = 5_000_000
"""Bytes of a page, inflated; of a larger one no more is read."""

_HTML, _TEXT = ("text/html", "application/xhtml+xml"), "text/plain"
_TYPES = {".html": _HTML[0], ".htm": _HTML[0], ".xhtml": _HTML[0], ".txt": _TEXT}
_ARCHIVES = (".warc", ".warc.gz")


@dataclass(frozen=True, slots=True)
class Saved:
    """One page of a file: where it was found, and when, as far as the file says so."""

    name: str
    body: bytes
    content_type: str
    url: str | None = None
    retrieved_at: dt.datetime | None = None

    def read(self) -> Page:
        """What is in it. Raises Unreadable."""
        if len(self.body) > LARGEST:
            raise Unreadable(f"The page has more than {LARGEST:,} bytes.")
        media_type = self.content_type.partition(";")[0].strip().lower()
        return pages.read(decode(self.body, self.content_type), self.url, media_type)


def pages_in(path: Path) -> Iterator[Saved]:
    """The pages of a file, read one at a time. Raises Unreadable for a file that is none of these, and OSError."""
    name = path.name.lower()
    with path.open("rb") as file:
        if name.endswith(_ARCHIVES):
            yield from _archived(file)
        elif path.suffix.lower() in _TYPES:
            yield Saved(_shown(path), file.read(LARGEST + 1), _TYPES[path.suffix.lower()])
        else:
            raise Unreadable(f"Only {', '.join((*_TYPES, *_ARCHIVES))} are read.")


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode()


def _archived(file: BinaryIO) -> Iterator[Saved]:
    try:
        for record in ArchiveIterator(file):
            if _is_page(record):
                yield _saved(record)
    except (ArchiveLoadFailed, ValueError, EOFError) as error:
        raise Unreadable("The archive is damaged: what comes after this cannot be read.") from error


def _is_page(record: ArcWarcRecord) -> bool:
    """Whether the record is a page that a server gave as asked for."""
    headers = record.http_headers
    if record.rec_type != "response" or headers is None or headers.get_statuscode() != "200":
        return False
    return str(headers.get_header("Content-Type", "")).partition(";")[0].strip().lower() in _HTML


def _saved(record: ArcWarcRecord) -> Saved:
    url = str(record.rec_headers.get_header("WARC-Target-URI", "")).strip("<>")  # which WARC 1.0 puts around it
    return Saved(
        name=url or "a response without an address",
        body=_content(record),
        content_type=str(record.http_headers.get_header("Content-Type", "")),
        url=url or None,
        retrieved_at=_moment(str(record.rec_headers.get_header("WARC-Date", ""))),
    )


def _content(record: ArcWarcRecord) -> bytes:
    """The body, without the encodings of its transfer: of what is too large, the beginning."""
    stream, body = record.content_stream(), b""
    while len(body) <= LARGEST and (piece := stream.read(LARGEST + 1 - len(body))):
        body += piece
    return body


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
