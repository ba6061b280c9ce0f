"""Serve ``/openapi.json``, and ``/docs``: Swagger UI with local assets, and links to the feeds."""

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

from app.api.web.requests import tag_by_version
from app.formats import FORMATS

router = APIRouter(include_in_schema=False, dependencies=[Depends(tag_by_version)])

_FEEDS = {"events": "Events", "statements": "Statements"}


class FeedLink(NamedTuple):
    """A link to a feed."""

    href: str
    media_type: str
    title: str


def list_feeds(request: Request) -> Iterator[FeedLink]:
    """Yield the feeds that a feed reader discovers at the server's address."""
    root = request.scope.get("root_path", "")
    for path, title in _FEEDS.items():
        for to in (FORMATS["atom"], FORMATS["jsonfeed"]):
            yield FeedLink(f"{root}/{path}?format={to.name}", to.bare_type, f"Dateline: {title}")


@router.get("/openapi.json")
def get_openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/docs")
def get_docs(request: Request) -> HTMLResponse:
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title="Dateline API",
        swagger_js_url=f"{root}/docs/assets/swagger-ui-bundle.js",
        swagger_css_url=f"{root}/docs/assets/swagger-ui.css",
        swagger_favicon_url="data:,",
    )
    links = "".join(
        f'<link rel="alternate" type="{feed.media_type}" title="{feed.title}" href="{escape(feed.href)}">\n'
        for feed in list_feeds(request)
    )
    return HTMLResponse(bytes(page.body).decode().replace("</head>", f"{links}</head>", 1))
