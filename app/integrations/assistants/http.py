"""``/mcp``: the tools over HTTP (MCP's streamable transport, without sessions), for whoever may read."""

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

from app.api.web.deps import get_base_url, get_limited_key, get_read_pool, require_scope
from app.core.config import Settings
from app.core.errors import Forbidden, MethodNotAllowed, NotInstalled
from app.core.vocab import Scope
from app.integrations.assistants.desk import Library

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

log = structlog.get_logger()

_OWN_MACHINE = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")


class Assistants:
    """What answers assistants in one application; made when the first of them asks, since it takes half a second and
    25 MB that few need."""

    def __init__(self, settings: Settings, tasks: TaskGroup) -> None:
        self._max_body_bytes = settings.max_body_bytes
        self._tasks = tasks
        self._making = anyio.Lock()
        self._manager: StreamableHTTPSessionManager | None = None

    async def manager(self) -> "StreamableHTTPSessionManager":
        """Raises NotInstalled where the package is not."""
        async with self._making:
            if self._manager is None:
                if find_spec("mcp") is None:
                    raise NotInstalled(
                        "This server talks to no assistants: its operator would have to install the extra `mcp`."
                    )
                manager = await anyio.to_thread.run_sync(_made, self._max_body_bytes)
                await self._tasks.start(self._run, manager)
                self._manager = manager
            return self._manager

    async def _run(self, manager: "StreamableHTTPSessionManager", *, task_status: TaskStatus[None]) -> None:
        try:
            async with manager.run():
                task_status.started()
                await anyio.sleep_forever()
        except Exception:  # ends what assistants ask just now, not the application; the next to ask has a new one
            log.exception("assistants")
        finally:
            self._manager = None


def _made(max_body_bytes: int) -> "StreamableHTTPSessionManager":
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from app.integrations.assistants.server import server

    # A body that is too large never gets there: the application refuses it, by the same limit.
    return StreamableHTTPSessionManager(
        server(_library), stateless=True, json_response=True, max_request_body_size=max_body_bytes
    )


def _library(context: Any) -> Library:
    request: Request = context.request
    return Library(get_read_pool(request), get_base_url(request))


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[None]:
    """For the application's lifespan: what answers assistants ends with it."""
    async with anyio.create_task_group() as tasks:
        app.state.assistants = Assistants(app.state.settings, tasks)
        yield
        tasks.cancel_scope.cancel()


class Endpoint:
    """Lets pass to the protocol what may; an ASGI application, behind the shell that all requests share."""

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        scope["route"] = ROUTE  # by this its requests are counted
        request = Request(scope, receive, send)
        if request.method != "POST":
            # What the specification's GET is for, messages that nobody has asked for, there are none of.
            raise MethodNotAllowed("Messages are posted here.", {"Allow": "POST, OPTIONS"})
        _check_origin(request)
        await _admit(request)
        assistants: Assistants = request.app.state.assistants
        manager = await assistants.manager()
        await manager.handle_request(scope, receive, send)


def _check_origin(request: Request) -> None:
    """Raise Forbidden for a page that may not ask.

    The specification wants it against DNS rebinding: a page whose name has been made to lead to this machine still says
    its own origin. ``*`` in the setting is for reading lists; it lets no page speak as an assistant.
    """
    origin, settings = request.headers.get("origin"), request.app.state.settings
    if origin is None or _OWN_MACHINE.fullmatch(origin) or origin in _named(settings):
        return
    raise Forbidden("Pages of this origin may not ask; DATELINE_CORS_ORIGINS can name it, and `*` does not.")


def _named(settings: Settings) -> set[str]:
    """The origins that the operator names: of the API itself, and those whose pages may read it."""
    own = "/".join(settings.public_url.split("/")[:3])
    return {own, *settings.cors_origins} - {"", "*"}


async def _admit(request: Request) -> None:
    """Raises Unauthorized, Forbidden or TooManyRequests; a token for addresses is not enough."""
    key = await get_limited_key(request)
    if key is not None or not request.app.state.settings.public_reads:
        require_scope(key, Scope.READ)


ROUTE = Route("/mcp", Endpoint(), name="mcp", include_in_schema=False)
