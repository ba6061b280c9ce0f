"""Answer every error as an RFC 9457 problem, ``application/problem+json``, never with an exception's own text."""

import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from app.api.web.requests import EarlyResponse, OpenApiIndex
from app.core.errors import (
    BadRequest,
    Busy,
    Conflict,
    DatelineError,
    Forbidden,
    Gone,
    Invalid,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthorized,
)
from app.database.engine import is_server_lost

MEDIA_TYPE = "application/problem+json"

_ERRORS_BY_STATUS = {error.status: error for error in (BadRequest, Unauthorized, Forbidden, NotFound, Gone, TooLarge)}
_FIELD_NAME = re.compile(r"[A-Za-z_]\w*")


class FieldError(BaseModel):
    field: str = Field(description="Name of the parameter, or path of the field in the body.")
    detail: str


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Identifies the kind of problem; `docs/api.md` lists them.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="Path of the request.")
    request_id: str = Field(description="As in the `X-Request-ID` header.")
    errors: list[FieldError] = Field(default=[], description="The wrong fields, for 422.")


_DESCRIPTIONS = {
    304: "Not changed since the `ETag` in `If-None-Match`.",
    400: "The request cannot be read.",
    401: "A valid key is needed.",
    403: "The key's scope does not cover this.",
    404: "There is no such record.",
    405: "The address has no such method; `Allow` lists those it has.",
    409: "It conflicts with the records in the store.",
    410: "It was deleted; `was` is its last address in the past.",
    412: "It has changed since the revision in `If-Match`.",
    413: "The body is too large.",
    422: "A parameter or field is wrong; `errors` names it.",
    429: "The rate limit is used up; `Retry-After` says for how long.",
    501: "This server lacks a part that this needs, such as a library for the format.",
    502: "The fetch of the address failed; `reason` says why.",
    503: "The store is busy; `Retry-After` says when to try again.",
}


def describe_statuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of an operation's responses with these statuses."""
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _DESCRIPTIONS[status]} | ({} if status == 304 else {"content": problem})
        for status in sorted(statuses)
    }


READ_STATUSES = (304, 401, 403, 422, 429, 503)
WRITE_STATUSES = (400, 401, 403, 409, 413, 422, 429, 503)


def build_problem_response(
    request: Request, error: DatelineError, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response that reports an error."""
    body = {
        "type": f"urn:dateline:problem:{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.url.path,
        "request_id": request.scope.get("request_id", ""),
        **error.extensions,
    }
    extra = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(error.status, {})
    # Escaped to ASCII: a lone surrogate in what is quoted would otherwise fail to encode.
    content = json.dumps(body, ensure_ascii=True)
    return Response(content, error.status, headers={**extra, **(headers or {})}, media_type=MEDIA_TYPE)


def add_exception_handlers(app: FastAPI) -> None:
    """Have the application answer every error as a problem."""
    app.add_exception_handler(EarlyResponse, _send_early_response)
    app.add_exception_handler(DatelineError, _handle_dateline_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_error)
    app.add_exception_handler(DBAPIError, _handle_database_error)


async def _send_early_response(_request: Request, error: Exception) -> Response:
    assert isinstance(error, EarlyResponse)
    return error.response


async def _handle_dateline_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DatelineError)
    return build_problem_response(request, error, error.headers)


async def _handle_database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    if isinstance(error, IntegrityError):
        conflict = Conflict("Another record already has what must be unique, or a record it needs is gone.")
        return build_problem_response(request, conflict)
    if is_server_lost(error):
        return build_problem_response(request, Busy("The store cannot be reached; try again."))
    raise error


async def _handle_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if errors[0]["type"] == "json_invalid":
        return build_problem_response(request, BadRequest("The body is not valid JSON."))
    details_by_field: dict[str, list[str]] = {}
    for item in errors:
        # Without the place of the field, and without pydantic's names for the parts of a union.
        parts = [part for part in item["loc"][1:] if isinstance(part, int) or _FIELD_NAME.fullmatch(part)]
        field = ".".join(str(part) for part in parts) or str(item["loc"][0])
        details = details_by_field.setdefault(field, [])
        details.extend({item["msg"].removeprefix("Value error, ")} - set(details))
    fields = [{"field": name, "detail": " Or: ".join(details)} for name, details in details_by_field.items()]
    return build_problem_response(request, Invalid(fields[0]["field"], fields[0]["detail"], errors=fields))


async def _handle_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _answer_wrong_method(request)
    error_class = _ERRORS_BY_STATUS.get(error.status_code, BadRequest)
    details = {404: "There is nothing at this address.", 413: "The body is larger than this server takes."}
    detail = details.get(error.status_code, "The request cannot be read.")
    return build_problem_response(request, error_class(detail), error.headers)


def _answer_wrong_method(request: Request) -> Response:
    """Return the methods that the address has, as the answer to OPTIONS or in a 405."""
    index: OpenApiIndex = request.app.state.openapi_index
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    allow = {"Allow": ", ".join(index.list_methods(path))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allow)
    return build_problem_response(request, MethodNotAllowed(f"{request.method} is not possible here."), allow)
