"""``dateline backup``, ``restore`` and ``copy``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.backup import stores
from app.cli.common import fail, open_store, out, progress
from app.core.config import get_settings


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write; a file that is there is replaced.", dir_okay=False)],
) -> None:
    """Write the whole store, keys included, to a SQLite file.

    The API may go on reading and writing.
    """
    with _files(file), open_store(migrated=False) as engine, progress() as report:
        stores.backup(engine, file, report)
    size = file.stat().st_size / 1e6
    out.print(f"Written to {file}: a whole store as a SQLite file, {size:,.1f} MB, checked.", soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    replace: Annotated[
        bool, typer.Option("--replace", help="Even if the store holds something, which is lost.")
    ] = False,
) -> None:
    """Replace the store by what a backup holds."""
    with _files(file), open_store(migrated=False) as engine, progress() as report:
        patience = get_settings().busy_timeout
        revision = stores.restore(file, engine, replace=replace, patience=patience, report=report)
    out.print(f"The store is what {file} holds, under the new revision {revision}.", soft_wrap=True)


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of a store: sqlite:///FILE or postgresql://…")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of a database that is empty.")],
) -> None:
    """Copy a whole store, keys included, to an empty database.

    Source and target may be SQLite or PostgreSQL.
    """
    with (
        open_store(source, migrated=False) as source_engine,
        open_store(target, migrated=False) as target_engine,
        progress() as report,
    ):
        rows = stores.copy(source_engine, target_engine, patience=get_settings().busy_timeout, report=report)
    out.print(f"{rows} rows copied; counted again where they arrived.")


@contextmanager
def _files(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fail(f"{error.filename or file}: {error.strerror}")
