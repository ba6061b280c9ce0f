"""``dateline export`` and ``import``: the whole store as JSON lines, and files of others into it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Engine

from app.cli.common import err, fail, open_store, out, progress_bar
from app.core.vocab import ImportState, Outcome
from app.imports import export as jsonl
from app.imports import files as imports
from app.imports import gdelt
from app.imports.files import Source
from app.imports.progress import Counts

STDIN = Path("-")


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


def _check_format(name: str | None) -> str | None:
    if name is not None and name not in (*imports.FORMATS, imports.STORE):
        raise typer.BadParameter(f"one of {', '.join((*imports.FORMATS, imports.STORE))}")
    return name


def import_store(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="GDELT's, ACLED's or Dateline's own files; - for standard input."),
    ],
    format: Annotated[
        str | None, typer.Option(help="Their format, where it cannot be told.", callback=_check_format)
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where refused lines are written; otherwise beside each file, as FILE.rejects.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read files anew that have been read to their end.")] = False,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Lines that are committed at once.")] = None,
) -> None:
    """Read files into the store: GDELT 2.0, ACLED, JSON lines, or a whole export.

    A whole export is read into an empty store only.
    """
    with open_store() as engine:
        for file in files:
            with _open_source(file, rejects) as source:
                kind = format or source.detect_format()
                if kind == imports.STORE:
                    _import_export(engine, source)
                else:
                    _import(engine, source, kind, again=again, batch_size=batch_size)
        if pending := gdelt.count_pending(engine):
            out.print(f"{pending} mentions wait for events that no file has brought yet.")


@contextmanager
def _open_source(file: Path, rejects: Path | None) -> Iterator[Source]:
    """Open the file, or a copy of standard input, since a source is read more than once."""
    try:
        if file != STDIN:
            yield Source(file, file.name, rejects or file.with_name(f"{file.name}.rejects"))
            return
        with tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.flush()
            yield Source(Path(copy.name), "standard input", rejects or Path("stdin.rejects"))
    except OSError as error:
        fail(f"{error.filename or file}: {error.strerror}")


def _import_export(engine: Engine, source: Source) -> None:
    with source.lines() as (lines, _), progress_bar("rows") as progress:
        task = progress.add_task("rows", total=None)
        rows = 0
        for rows in jsonl.read(engine, lines):
            progress.update(task, completed=rows)
    out.print(f"{rows} rows read.")


def _import(engine: Engine, source: Source, kind: str, *, again: bool, batch_size: int | None) -> None:
    done = imports.begin(engine, source, format=kind, again=again)
    if done.state is ImportState.FINISHED:
        out.print(f"{source.name} has been read before: nothing to do. (--again reads it anew.)", soft_wrap=True)
        return
    if done.lines:
        out.print(f"{source.name} was read up to line {done.lines}: going on from there.", soft_wrap=True)
    first, rate = done.lines, TextColumn("{task.fields[rate]:,.0f} lines/s")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(source.name, total=source.size, rate=0)
        for position in imports.read(engine, source, done, format=kind, batch_size=batch_size):
            elapsed = bar.tasks[task].elapsed or 1
            bar.update(task, completed=position, rate=(done.lines - first) / elapsed)
    _summarize(source, done.counts)


def _summarize(source: Source, counts: Counts) -> None:
    """Print a table of the lines by outcome, and of the reasons for each outcome."""
    table = Table(source.name, "lines")
    for outcome in (*Outcome, "noted"):
        if outcome != "noted":
            table.add_row(outcome, f"{counts.outcomes[outcome]:,}")
        for reason, number in sorted(counts.reasons.items()):
            if reason.startswith(f"{outcome}: "):
                table.add_row(f"  {reason}", f"{number:,}")
    out.print(table)
    if refused := counts.outcomes[Outcome.REJECTED]:
        out.print(f"{refused} lines were refused: see {source.rejects}.", soft_wrap=True)
