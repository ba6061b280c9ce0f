"""``dateline ingest``: pages of the web, and pages in files, as documents."""

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

from app.capture import web_archives
from app.capture.capture import Capture, build_capture, fetch_page, store_capture
from app.capture.web_archives import SavedPage
from app.cli.common import err, open_store, out, progress_bar
from app.core.config import get_settings
from app.core.dates import EdtfText
from app.core.errors import Busy, DatelineError, FetchFailed
from app.fetch import Fetcher
from app.schemas.common import Language, Ref, Title
from app.store import revisions

AUTHOR = "dateline ingest"

GetCapture = Callable[[], Capture]
"""Fetches or reads one page. Raises `DatelineError`."""


class PageOutcome(StrEnum):
    """The outcome of one page."""

    STORED = "stored"
    VERSION = "stored as a version"
    UNCHANGED = "there already"
    REFUSED = "refused"
    FAILED = "failed"


def _build_check(shape: Any) -> Callable[[str | None], Any]:
    """Build a callback that validates an option by the type of the field that it becomes."""
    adapter = TypeAdapter(shape)

    def check(value: str | None) -> Any:
        try:
            return None if value is None else adapter.validate_python(value)
        except ValidationError as error:
            raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    return check


def ingest(
    targets: Annotated[list[str], typer.Argument(metavar="URL|FILE...", help="Addresses; .html, .txt, .warc files.")],
    source: Annotated[str | None, typer.Option(help="Their outlet, by slug or id.", callback=_build_check(Ref))] = None,
    title: Annotated[str | None, typer.Option(help="Their headline.", callback=_build_check(Title))] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 language tag.", callback=_build_check(Language))] = None,
    published: Annotated[str | None, typer.Option(help="Date in EDTF.", callback=_build_check(EdtfText))] = None,
    extract: Annotated[bool, typer.Option(help="Have the machine read the texts.")] = True,
) -> None:
    """Store pages as documents: from addresses, HTML and text files, and web archives."""
    options = {"title": title, "language": language, "published": published}
    overrides = {name: value for name, value in options.items() if value}
    capture = partial(build_capture, extract=extract, overrides=overrides)
    counts: Counter[PageOutcome] = Counter()
    with open_store() as engine, progress_bar("pages") as progress:
        task = progress.add_task("pages", total=None)
        for outcome in _ingest(engine, targets, source, capture):
            counts[outcome] += 1
            progress.advance(task)
    table = Table("pages", "")
    for outcome in PageOutcome:
        table.add_row(outcome, str(counts[outcome]))
    out.print(table)
    if counts[PageOutcome.REFUSED] or counts[PageOutcome.FAILED]:
        raise typer.Exit(1)


def _ingest(
    engine: Engine, targets: list[str], source: str | None, capture: Callable[..., Capture]
) -> Iterator[PageOutcome]:
    """Yield the outcome of each page; one that cannot be stored stops no other."""
    for target in targets:
        try:
            for name, get_capture in _iterate_pages(target, capture):
                yield _store(engine, name, get_capture, source)
        except (DatelineError, OSError) as error:
            yield _report(target, error)


def _iterate_pages(target: str, capture: Callable[..., Capture]) -> Iterator[tuple[str, GetCapture]]:
    if target.startswith(("http://", "https://")):
        yield target, partial(anyio.run, _capture_url, target, capture)
    else:
        for page in web_archives.iterate_pages(Path(target)):
            yield page.name, partial(_capture_file, page, capture)


async def _capture_url(url: str, capture: Callable[..., Capture]) -> Capture:
    async with Fetcher.from_settings(get_settings()) as fetcher:
        return capture(*await fetch_page(fetcher, url))


def _capture_file(page: SavedPage, capture: Callable[..., Capture]) -> Capture:
    return capture(page.parse(), page.retrieved_at or dt.datetime.now(dt.UTC))


def _store(engine: Engine, name: str, get_capture: GetCapture, source: str | None) -> PageOutcome:
    try:
        capture = get_capture()
        with revisions.write(engine, author=AUTHOR, message=name) as session:
            document = store_capture(session, capture, source=source)
            if not session.has_written(document):
                return PageOutcome.UNCHANGED
            return PageOutcome.STORED if document.supersedes_id is None else PageOutcome.VERSION
    except DatelineError as error:
        return _report(name, error)


def _report(name: str, error: DatelineError | OSError) -> PageOutcome:
    """Print the error of a page. Return `FAILED` if another attempt can succeed, else `REFUSED`."""
    detail = error.detail if isinstance(error, DatelineError) else error.strerror
    err.print(f"{name}: {detail}", markup=False, soft_wrap=True)
    return PageOutcome.FAILED if isinstance(error, (FetchFailed, Busy, OSError)) else PageOutcome.REFUSED
