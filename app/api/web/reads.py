"""Reads: what a request asks for, and the shortest way from there to the endpoint.

FastAPI takes a request apart one parameter and one dependency at a time, which for a list with twenty
filters costs more than to read it. ``ReadRoute`` does the same in one step, from the same declarations:
the endpoint's signature is what the OpenAPI document is made of, and what is validated.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from fastapi import Depends, Query, Request, Response, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from app import formats
from app.api.web import etags
from app.api.web.deps import IfNoneMatch, authorize_read, get_address, get_read_pool, parse_query, require_read_access
from app.api.web.problems import EarlyResponse
from app.core.errors import Invalid
from app.database.read_pool import ReadFunction, ReadPool, ThreadReadSession
from app.database.statements import StoreState
from app.queries import records
from app.queries.names import Missing
from app.schemas.common import MAX_ID, Digits

T = TypeVar("T")

MinRevision = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits] | None,
    Query(description="Read no state older than this revision, such as that of a write just made."),
]


@dataclass
class ReadRequest:
    """A request to read, by somebody who may."""

    request: Request
    read_pool: ReadPool
    if_none_match: str | None
    min_revision: int = 0
    shape: type[BaseModel] | None = None
    """Of the items, where a list is answered."""

    @cached_property
    def representation(self) -> str:
        """The name of the format to answer in."""
        asked = parse_query(self.request).get("format")
        return formats.negotiate_format(asked, self.request.headers.get("accept", ""), self.shape)

    def set_etag(self, state: StoreState) -> None:
        """Tell the client which state it is answered from; raises Answered where it has that answer already.

        Raises Invalid where the store has not come to the revision that was asked for.
        """
        if state.revision < self.min_revision:
            raise Invalid("min_revision", f"the store is at revision {state.revision}", revision=state.revision)
        tag = etags.etag(state.revision, state.at, get_address(self.request), self.representation)
        scope = self.request.scope
        scope["response_headers"] |= {"ETag": tag, "Vary": "Accept", "Dateline-Revision": str(state.revision)}
        read_outcome = scope.get("read_outcome")
        if read_outcome is not None:
            read_outcome.state, read_outcome.route = state, scope["route"].path
        if etags.matches(self.if_none_match, tag):
            raise EarlyResponse(Response(status_code=304))

    async def run(self, work: ReadFunction[T]) -> T:
        """Do some short reading."""
        return await self.explain_missing(self.read_pool.run(work))

    async def run_in_snapshot(self, work: Callable[[ThreadReadSession], Awaitable[T]]) -> T:
        """Do some reading in one snapshot."""
        return await self.explain_missing(self.read_pool.run_in_snapshot(work))

    async def explain_missing(self, reading: Awaitable[T]) -> T:
        """What is being read; raises NotFound or Gone for a record that is missing."""
        try:
            return await reading
        except Missing as error:
            model, ref = error.model, error.ref

        async def explain(reads: ThreadReadSession) -> Exception:
            self.set_etag(await reads.fetch_state())
            return records.build_missing_error(reads.session, model, ref)

        raise await self.read_pool.run_in_snapshot(explain)


async def get_read_request(
    request: Request,
    _allowed: Annotated[None, Depends(require_read_access)],
    _query: Annotated[dict[str, str], Depends(parse_query)],
    if_none_match: IfNoneMatch = None,
    min_revision: MinRevision = None,
) -> ReadRequest:
    """What an endpoint gets that reads; asked for as a dependency, so that the OpenAPI document knows what it takes."""
    return build_read_request(request, if_none_match, min_revision)


def build_read_request(request: Request, if_none_match: str | None, min_revision: int | None) -> ReadRequest:
    """To read nothing older than what the client asks for, or has seen already."""
    seen = max(min_revision or 0, etags.newest(if_none_match))
    return ReadRequest(request, get_read_pool(request).with_min_revision(seen), if_none_match, min_revision or 0)


ReadDep = Annotated[ReadRequest, Depends(get_read_request)]


class ReadRoute(APIRoute):
    """A route to an endpoint that takes a ``ReadDep``, path parameters, and a model of its query or single parameters
    of it; of other endpoints, FastAPI's own."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        reads, taken = _parameters(endpoint)
        if reads is None:
            return

        # No stacks of things to close, no body: what a read raises, the application's own handlers answer.
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive, send)
            await authorize_read(request, path)
            query, places = parse_query(request), request.path_params
            values = {name: parse(places if place == "path" else query) for name, place, parse in taken}
            read = build_read_request(request, request.headers.get("if-none-match"), _min_revision(query))
            response: Response = await endpoint(**values, **{reads: read})
            await response(scope, receive, send)

        self.app = answer


Parse = Callable[[Mapping[str, Any]], Any]


def _parameters(endpoint: Callable[..., Any]) -> tuple[str | None, list[tuple[str, str, Parse]]]:
    """The name of the endpoint's ``ReadDep``, if it has one; and how its other parameters are read, and from where."""
    hints = get_type_hints(endpoint, include_extras=True)
    reads = next((name for name in signature(endpoint).parameters if hints[name] == ReadDep), None)
    taken = []
    for name, parameter in signature(endpoint).parameters.items():
        if name == reads or reads is None:
            continue
        told = next((each for each in get_args(hints[name]) if isinstance(each, params.Param)), params.Path())
        place = "path" if isinstance(told, params.Path) else "query"
        adapter: TypeAdapter[Any] = TypeAdapter(hints[name])
        single = place == "path" or parameter.default is not parameter.empty
        taken.append(
            (name, place, _single(adapter, told.alias or name, place, parameter.default) if single else _whole(adapter))
        )
    return reads, taken


def _single(adapter: TypeAdapter[Any], alias: str, place: str, default: Any) -> Parse:
    return lambda given: _parsed(adapter, given[alias], (place, alias)) if alias in given else default


_min_revision = _single(TypeAdapter(MinRevision), "min_revision", "query", None)


def _whole(adapter: TypeAdapter[Any]) -> Parse:
    return lambda given: _parsed(adapter, given, ("query",))


def _parsed(adapter: TypeAdapter[Any], value: Any, at: tuple[str, ...]) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        errors = [{**each, "loc": (*at, *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(errors) from None
