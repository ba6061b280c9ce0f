"""The ``dateline`` command."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
from alembic import command
from alembic.util import CommandError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app import auth, db
from app.config import get_settings
from app.errors import DatelineError
from app.ingest import jsonl
from app.models import ApiKey
from app.queries import integrity, lookups
from app.vocab import Scope

app = typer.Typer(help="Dateline: a source-attributed event store and its API.", no_args_is_help=True)
keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
app.add_typer(keys, name="key")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextmanager
def _store(*, migrated: bool = True) -> Iterator[Engine]:
    """The store that the settings name; whatever is wrong with it ends the command with a plain message."""
    engine = None
    try:
        engine = db.connect(get_settings())
        if migrated:
            db.check_migrated(engine)
        yield engine
    except ValidationError as error:
        _fail("\n".join(f"DATELINE_{each['loc'][0]}".upper() + f": {each['msg']}" for each in error.errors()))
    except SettingsError as error:
        _fail(f"The settings cannot be read: {error}")
    except CommandError as error:
        _fail(f"The store cannot be migrated: {error}")
    except DatelineError as error:
        _fail(error.detail)
    except SQLAlchemyError as error:
        _fail(f"The store cannot be used: {getattr(error, 'orig', None) or type(error).__name__}")
    finally:
        if engine is not None:
            engine.dispose()


def _fail(message: str) -> NoReturn:
    err.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; DATELINE_HOST by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; DATELINE_PORT by default.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes.")] = 1,
) -> None:
    """Serve the API."""
    with _store():
        pass
    settings = get_settings()
    host, port = host or settings.host, settings.port if port is None else port
    _greet(f"http://{host}:{port}")
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=10,
    )


def _greet(url: str) -> None:
    out.print("Dateline is serving. Worth opening:", soft_wrap=True)
    for path in ("/events?date=2024-06-19", "/statements?speaker=putin", "/docs"):
        out.print(f"  {url}{path}", soft_wrap=True)


@app.command()
def migrate() -> None:
    """Bring the store's tables to those of this version."""
    with _store(migrated=False) as engine:
        before = db.current_migration(engine)
        command.upgrade(db.migrations(engine), "head")
        after = db.current_migration(engine)
        out.print(f"The store is at migration {after}" + (", as before." if before == after else "."))


@app.command()
def seed() -> None:
    """Load the five seed documents with their annotation; what is there already stays as it is."""
    from seed.load import SeedError, load

    with _store() as engine:
        try:
            loaded = load(engine)
        except SeedError as error:
            _fail(str(error))
        table = Table("table", "new", "already there")
        for name, counts in loaded.items():
            table.add_row(name, str(counts["new"]), str(counts["there"]))
        out.print(table)


@app.command()
def verify() -> None:
    """Check every span of the store against its document's text; fails when one is broken."""
    broken = checked = 0
    with _store() as engine, db.reading(engine) as session, _progress("documents") as progress:
        for document in progress.track(integrity.documents(session), integrity.document_count(session)):
            for check in integrity.checks(session, document):
                checked += 1
                if check.broken is not None:
                    broken += 1
                    message = f"{check.record} {check.id} in document {document.id}: {check.broken}"
                    err.print(message, markup=False, soft_wrap=True)
    out.print(f"{checked} spans checked, {broken} broken.")
    if broken:
        raise typer.Exit(1)


@app.command("export")
def export_store(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output when left out.")] = None,
) -> None:
    """Write the whole store, its history included, as JSON lines."""
    with _store() as engine:
        if file is None:
            sys.stdout.buffer.writelines(jsonl.write(engine))
        else:
            try:
                _write_whole(file, jsonl.write(engine))
            except OSError as error:
                _fail(f"{file} cannot be written: {error.strerror}")


def _write_whole(file: Path, lines: Iterable[bytes]) -> None:
    """Write beside the file and put it in place when it is whole."""
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as target:
        target.writelines(lines)
        target.flush()
        os.fsync(target.fileno())
    part.replace(file)
    out.print(f"Written to {file}.", soft_wrap=True)


@app.command("import")
def import_store(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="An export; - for standard input.")],
) -> None:
    """Read an export into an empty store."""
    with _store() as engine, _progress("rows") as progress:
        task = progress.add_task("rows", total=None)
        rows = 0
        for rows in jsonl.read(engine, file):
            progress.update(task, completed=rows)
    out.print(f"{rows} rows read.")


def _progress(what: str) -> Progress:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; write includes read, admin both.")],
) -> None:
    """Make a key and show it, once."""
    with _store() as engine, db.writing(engine) as session:
        _, key = auth.create_key(session, name=name, scopes=scope)
    out.print(key)
    err.print("Keep it: it is not stored and cannot be shown again.")


@keys.command("list")
def list_keys() -> None:
    """Show the keys, without their secrets."""
    table = Table("prefix", "name", "scopes", "created", "revoked")
    with _store() as engine, db.reading(engine) as session:
        for key in lookups.every(session, ApiKey):
            revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
            table.add_row(key.prefix, key.name, " ".join(key.scopes), f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
    out.print(table)


@keys.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="The key's prefix, as `key list` shows it.")]) -> None:
    """Make a key invalid from now on."""
    with _store() as engine, db.writing(engine) as session:
        auth.revoke_key(session, prefix)
    out.print(f"The key {prefix} is revoked.")
