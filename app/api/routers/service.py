"""Serve the addresses about the service itself: index, health and metrics."""

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app.api.routers.docs import list_feeds
from app.api.web.access import require_read_access
from app.api.web.problems import describe_statuses
from app.api.web.requests import parse_query, tag_by_version
from app.core.errors import NotMigrated
from app.core.vocab import Noun
from app.database.engine import check_migrated
from app.schemas.service import Health, Index

router = APIRouter(tags=["service"], dependencies=[Depends(parse_query)])


@router.get("/", response_model=Index, responses=describe_statuses(304, 422), dependencies=[Depends(tag_by_version)])
def get_index(request: Request, response: Response) -> Index:
    """Return the addresses of the API."""
    root = request.scope.get("root_path", "")
    links = (
        f'<{feed.href}>; rel="alternate"; type="{feed.media_type}"; title="{feed.title}"'
        for feed in list_feeds(request)
    )
    response.headers["Link"] = ", ".join(links)
    return Index(
        name=request.app.title,
        version=request.app.version,
        documentation=f"{root}/docs",
        openapi=f"{root}/openapi.json",
        links={path.strip("/"): root + path for path in _LISTS},
        examples=[root + path for path in _EXAMPLES],
    )


_OTHER_LISTS = ("/discrepancies", "/coverage", "/search", "/searches", "/review")
_LISTS = (*(f"/{noun}" for noun in Noun), *_OTHER_LISTS, "/changes", "/revisions", "/imports", "/feeds")
_EXAMPLES = (
    "/events?date=2024-06-19",
    "/statements?speaker=putin",
    "/statements?via=tass",
    "/events/1/origins",
    "/utterances/1",
    "/events/1/discrepancies",
    "/search?q=mutual+assistance",
)


@router.get("/healthz", response_model=Health, responses=describe_statuses(422))
def get_health(response: Response) -> Health:
    """Return 200 if the process is alive."""
    response.headers["Cache-Control"] = "no-store"
    return Health(status="ok")


@router.get("/readyz", response_model=Health, responses=describe_statuses(422, 503))
def get_readiness(request: Request, response: Response) -> Health:
    """Return 200 if the store is reachable and migrated, else 503."""
    response.headers["Cache-Control"] = "no-store"
    try:
        check_migrated(request.app.state.read_pool.engine)
    except SQLAlchemyError as error:
        raise NotMigrated("The store cannot be reached.") from error
    return Health(status="ok")


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(require_read_access)],
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **describe_statuses(401, 403, 422, 429),
    },
)
def get_metrics(request: Request) -> Response:
    """Return the metrics of requests for Prometheus."""
    metrics = generate_latest(request.app.state.metrics.registry)
    return Response(metrics, headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)
