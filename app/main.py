"""All wiring on one page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio.to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from app.config import Settings, get_settings
from app.db import check_migrated, connect
from app.logs import configure_logs
from app.routers import (
    claims,
    docs,
    documents,
    events,
    reports,
    revisions,
    search,
    service,
    sources,
    speakers,
    statements,
    utterances,
)
from app.web import problems
from app.web.contract import Contract
from app.web.middleware import Envelope, LastResort, Meters
from app.web.openapi import DESCRIPTION, TAGS, describe
from app.web.ratelimit import RateLimit

EXPOSED_HEADERS = ["ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-ID", "Dateline-Revision"]
ALLOWED_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-ID"]


def create_app(settings: Settings | None = None) -> FastAPI:
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
        generate_unique_id_function=_operation_id,
    )
    app.state.settings = settings
    app.state.engine = connect(settings, query_timeout=settings.query_timeout)
    app.state.meters = Meters()
    app.state.rate_limit = RateLimit(settings.rate_limit) if settings.rate_limit else None
    app.state.contract = Contract(app)

    nouns = (events, sources, documents, reports, speakers, statements, utterances, claims)
    for module in (*nouns, search, revisions, service, docs):
        app.include_router(module.router)
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]), name="assets")
    describe(app)

    problems.install(app)
    app.add_middleware(LastResort, max_body_bytes=settings.max_body_bytes)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=3600,
    )
    app.add_middleware(Envelope, meters=app.state.meters, root_path=settings.root_path)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    check_migrated(app.state.engine)
    app.openapi()  # half a second's work, better done before the first request than during it
    anyio.to_thread.current_default_thread_limiter().total_tokens = app.state.settings.threads
    yield
    app.state.engine.dispose()


def __getattr__(name: str) -> FastAPI:
    """``app.main:app`` for servers that want a variable; made only for them."""
    if name == "app":
        return create_app()
    raise AttributeError(name)
