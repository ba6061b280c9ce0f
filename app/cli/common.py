"""Shared by the commands: the consoles to print to, the store to work on, and progress bars."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from alembic.util import CommandError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.backup.load import Report
from app.core.config import Settings, get_settings
from app.core.errors import DatelineError
from app.database.engine import check_migrated, create_store_engine

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextmanager
def open_store(url: str | None = None, *, migrated: bool = True) -> Iterator[Engine]:
    """Open the store at ``url``, or the one of the settings.

    End the command with a plain message if the store cannot be used.
    """
    engine = None
    try:
        engine = create_store_engine(get_settings() if url is None else Settings(database_url=url, replica_urls=[]))
        if migrated:
            check_migrated(engine)
        yield engine
    except ValidationError as error:
        fail("\n".join(f"DATELINE_{item['loc'][0]}".upper() + f": {item['msg']}" for item in error.errors()))
    except SettingsError as error:
        fail(f"The settings cannot be read: {error}")
    except CommandError as error:
        fail(f"The store cannot be migrated: {error}")
    except DatelineError as error:
        fail(error.detail)
    except SQLAlchemyError as error:
        fail(f"The store cannot be used: {getattr(error, 'orig', None) or type(error).__name__}")
    finally:
        if engine is not None:
            engine.dispose()


def fail(message: str) -> NoReturn:
    """End the command with a message."""
    err.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1)


def progress_bar(what: str) -> Progress:
    """Return a progress bar with the done and total number and the time left; it disappears at the end."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True)


@contextmanager
def progress() -> Iterator[Report]:
    """Show a progress bar for each step of the work; they disappear at the end."""
    description = TextColumn("{task.description}")
    columns = (description, BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        yield _reporting(bars)


def _reporting(bars: Progress) -> Report:
    tasks: dict[str, TaskID] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what)
        bars.update(tasks[what], completed=done, total=total)

    return report


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")
