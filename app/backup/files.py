"""Stores in SQLite files: copied page by page from one snapshot, checked, and renamed when they are complete."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine

from app.backup.load import Report
from app.core.config import Settings
from app.core.errors import BadRequest, Busy, Conflict
from app.database.engine import create_store_engine

# Pages copied between two looks at the time.
_PAGES = 5_000


@contextmanager
def create_folder(beside: Path) -> Iterator[Path]:
    """Create a temporary folder on the file system of ``beside``, for an unfinished file and its journal."""
    with tempfile.TemporaryDirectory(prefix=f".{beside.name}-", dir=beside.parent) as folder:
        yield Path(folder)


@contextmanager
def open_store(file: Path) -> Iterator[Engine]:
    """Open the engine of a store in a file."""
    url = URL.create("sqlite", database=str(file.absolute()))
    engine = create_store_engine(Settings(database_url=url.render_as_string(), replica_urls=[]))
    try:
        yield engine
    finally:
        engine.dispose()


def copy_out(engine: Engine, file: Path, report: Report) -> None:
    """Copy a snapshot of the SQLite store into a new file, while others read and write."""
    with _driver(engine) as source:
        _copy_snapshot(source, file, report)


def copy_file(file: Path, to: Path, report: Report) -> None:
    """Copy the store in a file into a new file."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
        _copy_snapshot(source, to, report)


def _copy_snapshot(source: sqlite3.Connection, file: Path, report: Report) -> None:
    with closing(sqlite3.connect(file)) as target:
        # A snapshot that is held: a copy between whose steps others write would begin again with each write.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        try:
            _copy_pages(source, target, _Steps(report, patience=0))
        finally:
            source.execute("ROLLBACK")


def copy_in(file: Path, engine: Engine, patience: float, report: Report) -> None:
    """Replace the whole SQLite store by the store in the file, in one transaction.

    ``report`` is called at least once while the store is locked. Raise Busy if another writer holds the store for more
    than ``patience`` seconds.
    """
    with _driver(engine) as target, closing(sqlite3.connect(file)) as source:
        if _pragma(source, "page_size") != _pragma(target, "page_size"):
            raise Conflict("The store's file has pages of another size; restore into a new file.")
        _copy_pages(source, target, _Steps(report, patience))


def _copy_pages(source: sqlite3.Connection, target: sqlite3.Connection, steps: "_Steps") -> None:
    # In two steps at least: the last one commits.
    pages = min(_PAGES, _pragma(source, "page_count") // 2)
    source.backup(target, pages=pages, progress=steps, sleep=0.05)


class _Steps:
    """Reports the progress of a copy, and gives it up if its target stays locked."""

    def __init__(self, report: Report, patience: float) -> None:
        self._report = report
        self._until = time.monotonic() + patience

    def __call__(self, status: int, remaining: int, total: int) -> None:
        if status == sqlite3.SQLITE_OK:
            self._report("pages", total - remaining, total)
        elif status != sqlite3.SQLITE_DONE and time.monotonic() > self._until:
            raise Busy("Another writer holds the store; try again.")


@contextmanager
def _driver(engine: Engine) -> Iterator[sqlite3.Connection]:
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        yield driver
    finally:
        connection.close()


def complete(file: Path) -> None:
    """Merge the journal into the file, and write all of it to the disk; raise BadRequest if the file is damaged."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        _check_whole(connection, file)
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def publish(file: Path, at: Path) -> None:
    """Give a complete file its name, durably."""
    file.replace(at)
    if hasattr(os, "O_DIRECTORY"):  # Windows can neither open a folder nor need it
        folder = os.open(at.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def check(file: Path) -> str:
    """Return the migration of the store in the file; raise BadRequest if it is no store, or is damaged."""
    with file.open("rb") as handle:  # SQLite would make a file that is not there
        if handle.read(16) != b"SQLite format 3\0":
            raise BadRequest(f"{file} is no backup of Dateline's.")
    with closing(sqlite3.connect(file)) as connection:
        try:
            _check_whole(connection, file)
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise BadRequest(f"{file} is no store of Dateline's: {error}.") from error
    if row is None:
        raise BadRequest(f"{file} is a store without tables.")
    return str(row[0])


def _check_whole(connection: sqlite3.Connection, file: Path) -> None:
    result = _pragma(connection, "integrity_check(1)")
    if result != "ok":
        raise BadRequest(f"{file} is damaged: {result}")


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
