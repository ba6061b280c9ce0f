"""An application over real HTTP, in a thread of the test process: a process of its own takes seconds to start.

``serving`` of test_cli.py starts a process, for the tests of the process itself.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI

from app.main import create_app
from tests.conftest import Store, settings_for


@dataclass(frozen=True)
class Live:
    """A running server, and the application and the store behind it."""

    address: str
    application: FastAPI
    store: Store


@contextmanager
def live(store: Store, **changed: Any) -> Iterator[Live]:
    """Serve the store, with the settings ``changed``; enter when the server answers."""
    application = create_app(settings_for(store.url).model_copy(update=changed))
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="critical", ws="none"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield Live(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", application, store)
    finally:
        application.state.hub.close()
        server.should_exit = True
        thread.join()
