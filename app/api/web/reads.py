"""Reads: the request of an endpoint that reads, and a route that builds it quickly.

FastAPI takes a request apart one parameter and one dependency at a time, which for a list with twenty filters costs
more than the read itself. ``ReadRoute`` does it in one step, from the same declarations: the endpoint's signature
still makes the OpenAPI document and the validation.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_type_hints

from fastapi import Depends, Query, Request, Response, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from app import formats
from app.api.web.access import KeyDep, authorize_read, require_read_access, require_scope
from app.api.web.requests import (
    EarlyResponse,
    IfNoneMatch,
    build_etag,
    get_address,
    get_newest_revision,
    matches_etag,
    parse_query,
)
from app.core.errors import Invalid
from app.core.spans import Digits
from app.core.vocab import Scope as KeyScope
from app.database.reads import ReadFunction, ReadPool, ReadSession, StoreState, ThreadReadSession
from app.queries import records
from app.queries.listing import Page, Paged, PageRequest
from app.queries.names import Missing
from app.schemas.common import MAX_ID

T = TypeVar("T")

FindListing = Callable[[ReadSession], Awaitable[Paged]]
"""Returns the listing of a request; queries the names in the request, and nothing else."""

MinRevision = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits] | None,
    Query(description="Read no state older than this revision, such as that of a write just made."),
]


@dataclass(slots=True)
class ReadOutcome:
    """The state and the route of a read that is being answered, for the response cache."""

    state: StoreState | None = None
    route: str = "other"


@dataclass
class ReadRequest:
    """A request that may read, and the connections to read on."""

    request: Request
    read_pool: ReadPool
    if_none_match: str | None
    min_revision: int = 0
    shape: type[BaseModel] | None = None
    """The shape of the items of a list."""

    @cached_property
    def representation(self) -> str:
        """The name of the response's format."""
        name, accept = parse_query(self.request).get("format"), self.request.headers.get("accept", "")
        # The most frequent case first: clients that want JSON, or take anything.
        if name is None and accept in ("", "*/*", "application/json"):
            return formats.JSON
        return formats.negotiate_format(name, accept, self.shape)

    def set_etag(self, state: StoreState) -> None:
        """Set the headers of a response that is read from ``state``.

        Raise ``EarlyResponse`` with a 304 if the client has this response, and ``Invalid`` if the store has not reached
        the revision that the client demands.
        """
        if state.revision < self.min_revision:
            raise Invalid("min_revision", f"the store is at revision {state.revision}", revision=state.revision)
        etag = build_etag(state.revision, state.at, get_address(self.request), self.representation)
        scope = self.request.scope
        scope["response_headers"] |= {"ETag": etag, "Vary": "Accept", "Dateline-Revision": str(state.revision)}
        outcome: ReadOutcome | None = scope.get("read_outcome")
        if outcome is not None:
            outcome.state, outcome.route = state, scope["route"].path
        if self.if_none_match is not None and matches_etag(self.if_none_match, etag):
            raise EarlyResponse(Response(status_code=304))

    async def run(self, work: ReadFunction[T]) -> T:
        """Run a short read; raise ``NotFound`` or ``Gone`` if its record does not exist."""
        try:
            return await self.read_pool.run(work)
        except Missing as error:
            raise await self.explain_missing(error) from None

    async def run_in_snapshot(self, work: Callable[[ThreadReadSession], Awaitable[T]]) -> T:
        """Run a read in one snapshot; raise ``NotFound`` or ``Gone`` if its record does not exist."""
        try:
            return await self.read_pool.run_in_snapshot(work)
        except Missing as error:
            raise await self.explain_missing(error) from None

    async def explain_missing(self, error: Missing) -> Exception:
        """Return the ``NotFound`` or ``Gone`` of a record that does not exist."""

        async def build_error(reads: ThreadReadSession) -> Exception:
            self.set_etag(await reads.fetch_state())
            return records.build_missing_error(reads.session, error.model, error.ref)

        return await self.read_pool.run_in_snapshot(build_error)


async def fetch_page(listing: Paged, reads: ReadSession, request: PageRequest) -> Page:
    """Return a page of the listing; raise ``Invalid`` if the cursor's sort key does not fit the listing."""
    try:
        return await listing.page(reads, request)
    except ValueError:
        raise Invalid("cursor", "not a cursor of this list; follow a page's next link") from None


def build_read_request(request: Request, if_none_match: str | None, min_revision: int | None) -> ReadRequest:
    """Return a request that reads no state older than the client demands or has seen."""
    read_pool: ReadPool = request.app.state.read_pool
    revision = min_revision or 0
    if if_none_match is not None:
        revision = max(revision, get_newest_revision(if_none_match))
    if revision:
        read_pool = read_pool.with_min_revision(revision)
    return ReadRequest(request, read_pool, if_none_match, min_revision or 0)


async def get_read_request(
    request: Request,
    _allowed: Annotated[None, Depends(require_read_access)],
    _query: Annotated[dict[str, str], Depends(parse_query)],
    if_none_match: IfNoneMatch = None,
    min_revision: MinRevision = None,
) -> ReadRequest:
    """Return the request of an endpoint; as a dependency, it also adds its parameters to the OpenAPI document."""
    return build_read_request(request, if_none_match, min_revision)


ReadDep = Annotated[ReadRequest, Depends(get_read_request)]


async def get_uncached_read(
    request: Request,
    _allowed: Annotated[None, Depends(require_read_access)],
    _query: Annotated[dict[str, str], Depends(parse_query)],
) -> ReadRequest:
    """Return the request of an endpoint whose records change without a revision: it has no tag."""
    return ReadRequest(request, request.app.state.read_pool, None)


UncachedReadDep = Annotated[ReadRequest, Depends(get_uncached_read)]


async def get_writer_read(read: UncachedReadDep, key: KeyDep) -> ReadRequest:
    """Return an uncached request for records that only a key with the scope ``write`` may read."""
    require_scope(key, KeyScope.WRITE)
    return read


WriterReadDep = Annotated[ReadRequest, Depends(get_writer_read)]


def forbid_storing(read: ReadRequest, response: Response) -> Response:
    """Return the response to an uncached read."""
    headers = read.request.scope["response_headers"]
    headers.pop("ETag", None)
    headers["Cache-Control"] = "no-store"
    return response


class Parameter(NamedTuple):
    """A parameter of an endpoint, and the place of its value in the request."""

    name: str
    adapter: TypeAdapter[Any]
    place: str
    """``path`` or ``query``."""
    alias: str | None = None
    """The name in the request; None for a model of the whole query."""
    default: Any = None

    def parse(self, values: Mapping[str, Any]) -> Any:
        """Return the validated value; raise ``RequestValidationError``."""
        if self.alias is not None and self.alias not in values:
            return self.default
        try:
            return self.adapter.validate_python(values if self.alias is None else values[self.alias])
        except ValidationError as error:
            location = (self.place,) if self.alias is None else (self.place, self.alias)
            errors = [{**item, "loc": (*location, *item["loc"])} for item in error.errors(include_url=False)]
            raise RequestValidationError(errors) from None


_MIN_REVISION = Parameter("min_revision", TypeAdapter(MinRevision), "query", "min_revision")


class ReadRoute(APIRoute):
    """A quick route to an endpoint that takes a ``ReadDep``; other endpoints are left to FastAPI.

    The endpoint's other parameters are path parameters, and a model of its query or single query parameters.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        hints = get_type_hints(endpoint, include_extras=True)
        declared = inspect.signature(endpoint).parameters
        read_name = next((name for name in declared if hints[name] == ReadDep), None)
        if read_name is None:
            return
        parameters = [
            _build_parameter(name, hints[name], parameter.default)
            for name, parameter in declared.items()
            if name != read_name
        ]

        # No exit stacks and no body: the application's exception handlers answer every error of a read.
        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive, send)
            await authorize_read(request, path)
            places = {"path": request.path_params, "query": parse_query(request)}
            arguments = {parameter.name: parameter.parse(places[parameter.place]) for parameter in parameters}
            min_revision = _MIN_REVISION.parse(places["query"])
            arguments[read_name] = build_read_request(request, request.headers.get("if-none-match"), min_revision)
            response: Response = await endpoint(**arguments)
            await response(scope, receive, send)

        self.app = handle


def _build_parameter(name: str, hint: Any, default: Any) -> Parameter:
    declared = next((item for item in get_args(hint) if isinstance(item, params.Param)), params.Path())
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    if isinstance(declared, params.Path):
        return Parameter(name, adapter, "path", declared.alias or name, default)
    if default is inspect.Parameter.empty:
        return Parameter(name, adapter, "query")
    return Parameter(name, adapter, "query", declared.alias or name, default)
