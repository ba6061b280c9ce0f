"""The tools over standard input and output, for an assistant on the same machine; needs the extra ``mcp``."""

from mcp.server.stdio import stdio_server
from sqlalchemy import Engine

from app.database.reads import ReadPool
from app.integrations.assistants.context import Store
from app.integrations.assistants.server import build_server


async def serve(engine: Engine, base: str) -> None:
    """Answer until the input ends; ``base`` is the absolute URL of the API, empty if it has none."""
    store = Store(ReadPool(engine), base)
    server = build_server(lambda _context: store)
    async with stdio_server() as (messages, replies):
        await server.run(messages, replies, server.create_initialization_options())
