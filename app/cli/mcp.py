"""``dateline mcp``."""

import signal
import sqlite3
from importlib.util import find_spec
from typing import Any

import anyio
from sqlalchemy import Engine, event

from app.cli.common import fail, open_store
from app.core.config import Settings, get_settings
from app.core.logs import configure_logs
from app.database.engine import create_store_engine


def mcp() -> None:
    """Answer an AI assistant's questions over standard input and output (Model Context Protocol).

    Only reads the store.
    """
    if find_spec("mcp") is None:
        fail("This needs the extra `mcp`. In Dateline's folder: pip install '.[mcp]'")
    with open_store():
        settings = get_settings()
    configure_logs(settings)
    # Here, since it takes half a second, and may not be installed.
    from app.integrations.assistants import stdio

    # There is nothing to put in order; and what waits for a line of input would not hear of the end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(stdio.serve, read_only(settings), settings.public_url)


def read_only(settings: Settings) -> Engine:
    """Return an engine on which the database itself refuses to write."""
    engine = create_store_engine(settings, query_timeout=settings.query_timeout)
    event.listen(engine, "connect", _only_read)
    return engine


def _only_read(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.read_only = True
