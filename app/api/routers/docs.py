"""``/openapi.json``, and ``/docs``: Swagger UI with its assets from here, not from a CDN, and links to the feeds."""

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

from app.api.web.requests import tag_by_version
from app.formats import FORMATS

router = APIRouter(include_in_schema=False, dependencies=[Depends(tag_by_version)])

_FOLLOWED = {"events": "Events", "statements": "Statements"}


class Feed(NamedTuple):
    """What a feed reader is to find."""

    href: str
    media_type: str
    title: str


def feeds(request: Request) -> Iterator[Feed]:
    """The feeds that a reader finds who is given no more than the server's address."""
    at = request.scope.get("root_path", "")
    for path, title in _FOLLOWED.items():
        for to in (FORMATS["atom"], FORMATS["jsonfeed"]):
            yield Feed(f"{at}/{path}?format={to.name}", to.bare_type, f"Dateline: {title}")


@router.get("/openapi.json")
def get_openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/docs")
def get_docs(request: Request) -> HTMLResponse:
    at = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{at}/openapi.json",
        title="Dateline API",
        swagger_js_url=f"{at}/docs/assets/swagger-ui-bundle.js",
        swagger_css_url=f"{at}/docs/assets/swagger-ui.css",
        swagger_favicon_url="data:,",
    )
    return HTMLResponse(bytes(page.body).decode().replace("</head>", f"{_links(request)}</head>", 1))


def _links(request: Request) -> str:
    return "".join(
        f'<link rel="alternate" type="{feed.media_type}" title="{feed.title}" href="{escape(feed.href)}">\n'
        for feed in feeds(request)
    )
