"""What the commands share: where they print, and the store that they work on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from alembic.util import CommandError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app import db
from app.config import Settings, get_settings
from app.errors import DatelineError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextmanager
def open_store(url: str | None = None, *, migrated: bool = True) -> Iterator[Engine]:
    """The store at ``url`` or that the settings name; what is wrong with it ends the command with a plain message."""
    engine = None
    try:
        engine = db.connect(get_settings() if url is None else Settings(database_url=url, replica_urls=[]))
        if migrated:
            db.check_migrated(engine)
        yield engine
    except ValidationError as error:
        fail("\n".join(f"DATELINE_{each['loc'][0]}".upper() + f": {each['msg']}" for each in error.errors()))
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
    """A bar of things done, of things there are, and of the time left; gone when it is done."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True)
