"""``/openapi.json``, and ``/docs``: Swagger UI with its assets from here, not from a CDN."""

from fastapi import APIRouter, Depends, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

from app.web.deps import unchanging

router = APIRouter(include_in_schema=False, dependencies=[Depends(unchanging)])


@router.get("/openapi.json")
def get_openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/docs")
def get_docs(request: Request) -> HTMLResponse:
    at = request.scope.get("root_path", "")
    return get_swagger_ui_html(
        openapi_url=f"{at}/openapi.json",
        title="Dateline API",
        swagger_js_url=f"{at}/docs/assets/swagger-ui-bundle.js",
        swagger_css_url=f"{at}/docs/assets/swagger-ui.css",
        swagger_favicon_url="data:,",
    )
