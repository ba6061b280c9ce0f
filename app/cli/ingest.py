"""``dateline ingest``: pages of the web, and pages that were saved to files, as documents."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from pydantic import TypeAdapter, ValidationError
from rich.table import Table
from sqlalchemy import Engine

from app.capture import capture as captured
from app.capture import web_archives as saved
from app.capture.capture import Captured
from app.capture.web_archives import Saved
from app.cli.common import err, open_store, out, progress_bar
from app.core.config import get_settings
from app.core.dates import EdtfText
from app.core.errors import Busy, DatelineError, FetchFailed
from app.database.models import Document
from app.fetch import Fetcher
from app.schemas.common import Language, Ref, Title
from app.store import revisions
from app.store.revisions import WriteSession

AUTHOR = "dateline ingest"

Get = Callable[[], Captured]
"""Fetches or reads one page. Raises DatelineError."""


class Became(StrEnum):
    """What became of a page."""

    STORED = "stored"
    VERSION = "stored as a version"
    THERE = "there already"
    REFUSED = "refused"
    FAILED = "failed"


def _checked(shape: Any) -> Callable[[str | None], Any]:
    """A callback that holds an option against the shape of the field that it becomes."""
    adapter = TypeAdapter(shape)

    def check(value: str | None) -> Any:
        try:
            return None if value is None else adapter.validate_python(value)
        except ValidationError as error:
            raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    return check


def ingest(
    targets: Annotated[list[str], typer.Argument(metavar="URL|FILE...", help="Addresses; .html, .txt, .warc files.")],
    source: Annotated[str | None, typer.Option(help="Their outlet, by slug or id.", callback=_checked(Ref))] = None,
    title: Annotated[str | None, typer.Option(help="Their headline.", callback=_checked(Title))] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 language tag.", callback=_checked(Language))] = None,
    published: Annotated[str | None, typer.Option(help="Date in EDTF.", callback=_checked(EdtfText))] = None,
    extract: Annotated[bool, typer.Option(help="Have the machine read the texts.")] = True,
) -> None:
    """Store pages as documents: from addresses, HTML and text files, and web archives."""
    said = {"title": title, "language": language, "published": published}
    capture = partial(captured.capture, extract=extract, said={name: each for name, each in said.items() if each})
    counts: Counter[Became] = Counter()
    with open_store() as engine, progress_bar("pages") as progress:
        task = progress.add_task("pages", total=None)
        for became in _ingest(engine, targets, source, capture):
            counts[became] += 1
            progress.advance(task)
    table = Table("pages", "")
    for each in Became:
        table.add_row(each, str(counts[each]))
    out.print(table)
    if counts[Became.REFUSED] or counts[Became.FAILED]:
        raise typer.Exit(1)


def _ingest(
    engine: Engine, targets: list[str], source: str | None, capture: Callable[..., Captured]
) -> Iterator[Became]:
    """What becomes of each page; one that cannot be stored stops no other."""
    for target in targets:
        try:
            for name, get in _pages(target, capture):
                yield _put(engine, name, get, source)
        except (DatelineError, OSError) as error:
            yield _told(target, error)


def _pages(target: str, capture: Callable[..., Captured]) -> Iterator[tuple[str, Get]]:
    if target.startswith(("http://", "https://")):
        yield target, partial(anyio.run, _fetched, target, capture)
    else:
        for page in saved.pages_in(Path(target)):
            yield page.name, partial(_read, page, capture)


async def _fetched(url: str, capture: Callable[..., Captured]) -> Captured:
    async with Fetcher.from_settings(get_settings()) as fetcher:
        return capture(*await captured.fetch_page(fetcher, url))


def _read(page: Saved, capture: Callable[..., Captured]) -> Captured:
    return capture(page.read(), page.retrieved_at or dt.datetime.now(dt.UTC))


def _put(engine: Engine, name: str, get: Get, source: str | None) -> Became:
    try:
        page = get()
        with revisions.write(engine, author=AUTHOR, message=name) as session:
            return _became(session, captured.put(session, page, source=source))
    except DatelineError as error:
        return _told(name, error)


def _became(session: WriteSession, document: Document) -> Became:
    if not session.has_written(document):
        return Became.THERE
    return Became.STORED if document.supersedes_id is None else Became.VERSION


def _told(name: str, error: DatelineError | OSError) -> Became:
    """Say what is wrong with a page; it failed where another time it might do."""
    detail = error.detail if isinstance(error, DatelineError) else error.strerror
    err.print(f"{name}: {detail}", markup=False, soft_wrap=True)
    return Became.FAILED if isinstance(error, (FetchFailed, Busy, OSError)) else Became.REFUSED
