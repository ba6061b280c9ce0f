"""``dateline watch``."""

from functools import partial
from typing import Annotated

import typer
from sqlalchemy import Engine

from app.capture.feeds.watcher import Watcher
from app.cli.common import open_store, out
from app.cli.running import run_until_stopped
from app.core.config import get_settings
from app.database.engine import open_read_transaction
from app.store.feeds import find_feed

# In the order of the summary; the feeds themselves come before.
_ITEMS = ("new", "stored", "unchanged", "waiting", "refused", "failed")


def watch(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
    feed: Annotated[list[int] | None, typer.Option(help="Only the feed with this id; may be repeated.")] = None,
) -> None:
    """Check the feeds of the store when they are due, and fetch new items.

    Runs until interrupted.
    """
    only = feed or []
    with open_store() as engine:
        _check(engine, only)
        watcher = Watcher(engine, get_settings(), only=only, report=_print)
        run_until_stopped(partial(watcher.run, once=once))
    counts = watcher.counts
    _print(f"{counts['feeds']} feeds asked, {counts['failed to answer']} failed to answer.")
    _print("Items: " + ", ".join(f"{counts[result]} {result}" for result in _ITEMS) + ".")


def _check(engine: Engine, feeds: list[int]) -> None:
    """Raise NotFound for an id that no feed has."""
    with open_read_transaction(engine) as session:
        for ident in feeds:
            find_feed(session, ident)


def _print(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)
