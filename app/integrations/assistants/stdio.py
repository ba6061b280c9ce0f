"""The tools over standard input and output, for an assistant on the same machine; needs the extra ``mcp``."""

from mcp.server.stdio import stdio_server
from sqlalchemy import Engine

from app.database.read_pool import ReadPool
from app.integrations.assistants.desk import Library
from app.integrations.assistants.server import server


async def serve(engine: Engine, base: str) -> None:
    """Answer until the input ends; ``base`` is the absolute address of the API, if there is one."""
    library = Library(ReadPool(engine), base)
    answering = server(lambda _context: library)
    async with stdio_server() as (received, sent):
        await answering.run(received, sent, answering.create_initialization_options())
