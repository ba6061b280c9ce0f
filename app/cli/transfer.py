"""``dateline export`` and ``import``: the whole store as JSON lines."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, open_store, out, progress_bar
from app.ingest import jsonl


def export_store(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output when left out.")] = None,
) -> None:
    """Write the whole store, its history included, as JSON lines."""
    with open_store() as engine:
        if file is None:
            sys.stdout.buffer.writelines(jsonl.write(engine))
        else:
            try:
                _write_whole(file, jsonl.write(engine))
            except OSError as error:
                fail(f"{file} cannot be written: {error.strerror}")


def _write_whole(file: Path, lines: Iterable[bytes]) -> None:
    """Write beside the file and put it in place when it is whole."""
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as target:
        target.writelines(lines)
        target.flush()
        os.fsync(target.fileno())
    part.replace(file)
    out.print(f"Written to {file}.", soft_wrap=True)


def import_store(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="An export; - for standard input.")],
) -> None:
    """Read an export into an empty store."""
    with open_store() as engine, progress_bar("rows") as progress:
        task = progress.add_task("rows", total=None)
        rows = 0
        for rows in jsonl.read(engine, file):
            progress.update(task, completed=rows)
    out.print(f"{rows} rows read.")
