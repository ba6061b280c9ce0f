"""``dateline serve``."""

from typing import Annotated

import typer
import uvicorn

from app.cli.common import open_store, out
from app.cli.seed import load_seed
from app.core.config import get_settings
from app.database.engine import migrate_store


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; DATELINE_HOST by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; DATELINE_PORT by default.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes.")] = 1,
    seed: Annotated[
        bool, typer.Option("--seed", help="First create or migrate the store, and load the five seed documents.")
    ] = False,
) -> None:
    """Serve the API."""
    with open_store(migrated=not seed) as engine:
        if seed:
            migrate_store(engine)
            load_seed(engine)
    settings = get_settings()
    host, port = host or settings.host, settings.port if port is None else port
    out.print("Dateline is serving. Open one of these:", soft_wrap=True)
    for path in ("/events?date=2024-06-19", "/statements?speaker=putin", "/docs"):
        out.print(f"  http://{host}:{port}{path}", soft_wrap=True)
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
