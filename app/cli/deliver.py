"""``dateline deliver``."""

from functools import partial
from typing import Annotated

import typer

from app.cli.common import open_store, out
from app.cli.running import run_until_stopped
from app.core.config import get_settings
from app.core.logs import configure_logs
from app.webhooks import Deliverer
from app.webhooks.deliveries import DeliveryOutcome


def deliver(once: Annotated[bool, typer.Option("--once", help="Send what is due now, and end.")] = False) -> None:
    """Send the changes of the store to its webhooks.

    Runs until interrupted.
    """
    with open_store() as engine:
        configure_logs(get_settings())
        deliverer = Deliverer(engine, get_settings(), report=_print)
        run_until_stopped(partial(deliverer.run, once=once))
    counts = deliverer.counts
    _print(f"{counts['made']} messages made.")
    _print("Sent: " + ", ".join(f"{counts[outcome]} {outcome}" for outcome in DeliveryOutcome) + ".")


def _print(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)
