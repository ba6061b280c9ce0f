"""The application: routers, middleware and handlers, wired in one place."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version

import anyio.to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from app import integrations
from app.api.routers import (
    claims,
    coverage,
    discrepancies,
    docs,
    documents,
    events,
    feeds,
    imports,
    live,
    matches,
    origins,
    reports,
    review,
    revisions,
    search,
    searches,
    service,
    sources,
    speakers,
    statements,
    stats,
    utterances,
    webhooks,
)
from app.api.web import problems
from app.api.web.access import RateLimit
from app.api.web.cache import RevisionCache
from app.api.web.live import Hub, run_before_signal_handlers
from app.api.web.middleware import ErrorGuard, RequestContext, RequestMetrics
from app.api.web.openapi import DESCRIPTION, TAGS, complete_openapi
from app.api.web.requests import OpenApiIndex
from app.core.config import Settings, get_settings
from app.core.logs import configure_logs
from app.database import replicas
from app.database.engine import check_migrated
from app.database.reads import ReadPool
from app.fetch import Fetcher
from app.integrations import assistants

EXPOSED_HEADERS = ["ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-ID", "Dateline-Revision"]
ALLOWED_HEADERS = [
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Protocol-Version",
    "X-Request-ID",
]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Create the application with the given settings, by default those of the environment."""
    settings = settings or get_settings()
    configure_logs(settings)
    app = FastAPI(
        title="Dateline",
        version=version("dateline"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.settings = settings
    app.state.read_pool = replicas.create_read_pool(settings)
    app.state.fetcher = Fetcher.from_settings(settings)
    app.state.metrics = RequestMetrics()
    app.state.rate_limit = RateLimit(settings.rate_limit) if settings.rate_limit else None
    app.state.openapi_index = OpenApiIndex(app)
    app.state.hub = Hub()

    _add_routers(app)
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]), name="assets")
    complete_openapi(app)

    problems.add_exception_handlers(app)
    own_limits = {f"{settings.root_path.rstrip('/')}/imports": settings.max_import_bytes}
    app.add_middleware(ErrorGuard, max_body_bytes=settings.max_body_bytes, own_limits=own_limits)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=3600,
    )
    app.add_middleware(RequestContext, metrics=app.state.metrics, root_path=settings.root_path)
    app.add_middleware(RevisionCache, settings=settings, metrics=app.state.metrics)
    return app


def _add_routers(app: FastAPI) -> None:
    nouns = (events, sources, documents, reports, speakers, statements, utterances, claims, matches)
    comparisons = (origins, discrepancies, coverage, stats)
    services = (review, search, searches, webhooks, feeds, imports, live, revisions, service)
    routers = [module.router for module in (*nouns, *comparisons, *services)]
    for router in (*routers, *integrations.ROUTERS, docs.router):
        # Not include_router(), with which each request would be matched twice, to the router and then to the route.
        app.router.routes.extend(router.routes)
        for route in router.routes:
            if isinstance(route, APIRoute):
                route.unique_id = route.operation_id = route.name


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    read_pool: ReadPool = app.state.read_pool
    check_migrated(read_pool.engine)
    app.openapi()  # takes half a second, which the first request would have to wait
    _freeze_garbage_collector()
    anyio.to_thread.current_default_thread_limiter().total_tokens = app.state.settings.threads
    await read_pool.open()
    async with app.state.fetcher, assistants.run_assistants(app):
        with run_before_signal_handlers(app.state.hub.close):
            yield
    await read_pool.close()
    read_pool.engine.dispose()


@cache
def _freeze_garbage_collector() -> None:
    """Exclude the objects that exist now from garbage collection: scanning them all blocks the process for 0.1 s."""
    gc.collect()
    gc.freeze()


def __getattr__(name: str) -> FastAPI:
    """Create ``app`` when a server imports it as ``app.main:app``."""
    if name == "app":
        return create_app()
    raise AttributeError(name)
