"""``/mcp``: the tools over HTTP (MCP's streamable transport, without sessions), for clients that may read."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import structlog
from anyio.abc import TaskGroup, TaskStatus
from fastapi import FastAPI, Request
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from app.api.web.access import get_key, require_scope
from app.api.web.requests import get_base_url
from app.core.config import Settings
from app.core.errors import Forbidden, MethodNotAllowed, NotInstalled
from app.core.vocab import Scope
from app.integrations.assistants.context import Store

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

log = structlog.get_logger()

_OWN_MACHINE = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")


class Assistants:
    """The MCP session manager of one application.

    It is built at the first request, since it takes half a second and 25 MB, and few applications need it.
    """

    def __init__(self, settings: Settings, tasks: TaskGroup) -> None:
        self._max_body_bytes = settings.max_body_bytes
        self._tasks = tasks
        self._lock = anyio.Lock()
        self._manager: StreamableHTTPSessionManager | None = None

    async def get_manager(self) -> "StreamableHTTPSessionManager":
        """Return the manager; raise NotInstalled without the package ``mcp``."""
        async with self._lock:
            if self._manager is None:
                if find_spec("mcp") is None:
                    raise NotInstalled(
                        "This server talks to no assistants: its operator would have to install the extra `mcp`."
                    )
                manager = await anyio.to_thread.run_sync(_build_manager, self._max_body_bytes)
                await self._tasks.start(self._run, manager)
                self._manager = manager
            return self._manager

    async def _run(self, manager: "StreamableHTTPSessionManager", *, task_status: TaskStatus[None]) -> None:
        try:
            async with manager.run():
                task_status.started()
                await anyio.sleep_forever()
        except Exception:  # ends the current requests, not the application; the next request builds a new manager
            log.exception("assistants")
        finally:
            self._manager = None


def _build_manager(max_body_bytes: int) -> "StreamableHTTPSessionManager":
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from app.integrations.assistants.server import build_server

    def get_store(context: Any) -> Store:
        request: Request = context.request
        return Store(request.app.state.read_pool, get_base_url(request))

    # The application has already refused a larger body, by the same limit.
    return StreamableHTTPSessionManager(
        build_server(get_store), stateless=True, json_response=True, max_request_body_size=max_body_bytes
    )


@asynccontextmanager
async def run_assistants(app: FastAPI) -> AsyncIterator[None]:
    """Answer assistants during the application's lifespan."""
    async with anyio.create_task_group() as tasks:
        app.state.assistants = Assistants(app.state.settings, tasks)
        yield
        tasks.cancel_scope.cancel()


class Endpoint:
    """An ASGI application that passes permitted requests to the protocol."""

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        scope["route"] = ROUTE  # the metrics count requests by their route
        request = Request(scope, receive, send)
        if request.method != "POST":
            # The specification's GET is for messages that the server sends unasked: it has none.
            raise MethodNotAllowed("Messages are posted here.", {"Allow": "POST, OPTIONS"})
        _check_origin(request)
        await _check_key(request)
        assistants: Assistants = request.app.state.assistants
        manager = await assistants.get_manager()
        await manager.handle_request(scope, receive, send)


def _check_origin(request: Request) -> None:
    """Raise Forbidden for a web page of a foreign origin.

    The specification demands it against DNS rebinding: a page whose name was made to lead to this machine still sends
    its own origin. ``*`` in the setting allows pages to read lists, not to speak as an assistant.
    """
    origin, settings = request.headers.get("origin"), request.app.state.settings
    own_origin = "/".join(settings.public_url.split("/")[:3])
    named = {own_origin, *settings.cors_origins} - {"", "*"}
    if origin is None or _OWN_MACHINE.fullmatch(origin) or origin in named:
        return
    raise Forbidden("Pages of this origin may not ask; DATELINE_CORS_ORIGINS can name it, and `*` does not.")


async def _check_key(request: Request) -> None:
    """Raise Unauthorized, Forbidden or TooManyRequests; a token in the URL is not enough."""
    key = await get_key(request)
    if key is not None or not request.app.state.settings.public_reads:
        require_scope(key, Scope.READ)


ROUTE = Route("/mcp", Endpoint(), name="mcp", include_in_schema=False)
