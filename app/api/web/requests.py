"""Read a request: its address, its query parameters and its entity tags.

An entity tag reads ``W/"<revision>-<digest>"``. The digest covers the address, the representation, the revision's time
(a restored store may count the same numbers again) and this version of Dateline. The tag is weak: it names a state of
the store, not the bytes of a response. ``If-Match`` compares the revision alone: it asks only if the record has changed
since, for which RFC 9110 would demand strong tags.
"""

import hashlib
import re
from collections import Counter
from functools import cached_property
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote

from fastapi import FastAPI, Header, Path, Query, Request, Response
from pydantic import Field
from starlette.routing import compile_path

from app.core.config import Settings
from app.core.errors import Invalid
from app.core.spans import Digits
from app.schemas.common import MAX_ID, Id, Ref

# Paths that need no escaping: nearly all.
_PLAIN_PATH = re.compile("[A-Za-z0-9/_.-]*")

_METHODS = ("GET", "POST", "PATCH", "DELETE")

_ETAG = re.compile(r'(?:W/)?"(\d{1,18})-[0-9a-f]{16}"')
_VERSION = version("dateline")

RecordId = Annotated[Id, Path(alias="id", description="Id of the record.")]
SlugOrId = Annotated[Ref, Path(alias="slug", description="Slug or id.")]
AsOf = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits] | None,
    Query(description="Show the record as this revision left it.", alias="as_of"),
]

IfNoneMatch = Annotated[str | None, Header(description="Answer 304 if nothing has changed since this `ETag`.")]


class EarlyResponse(Exception):
    """A response that is ready before the endpoint has run: nothing has changed, or the write was done before."""

    def __init__(self, response: Response) -> None:
        self.response = response


class OpenApiIndex:
    """The methods and query parameters that the OpenAPI document of an application has."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def list_methods(self, path: str) -> list[str]:
        """Return the methods of an address for ``Allow``; those of a plain page if it is not documented."""
        # One like /documents/from-url, which /documents/{id} matches too.
        operations = self._app.openapi()["paths"].get(path)
        matches = [operations] if operations else [item for pattern, item in self._patterns if pattern.match(path)]
        documented = {method.upper() for item in matches for method in item}
        methods = [method for method in _METHODS if method in documented] or ["GET"]
        return [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]

    @cached_property
    def query_parameters(self) -> dict[tuple[str, str], frozenset[str]]:
        """The names of the query parameters of each operation, by its path template and method."""
        return {
            (path, method.upper()): frozenset(
                parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"
            )
            for path, operations in self._app.openapi()["paths"].items()
            for method, operation in operations.items()
        }

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
        return [(compile_path(path)[0], operations) for path, operations in self._app.openapi()["paths"].items()]


def parse_query(request: Request) -> dict[str, str]:
    """Return the query parameters; raise ``Invalid`` for one that is unknown or repeated."""
    query: dict[str, str] | None = request.scope.get("query")
    if query is None:
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = request.scope["query"] = dict(pairs)
        index: OpenApiIndex = request.app.state.openapi_index
        names = index.query_parameters.get((request.scope["route"].path, request.method), frozenset())
        for name in query:
            if name not in names:
                listed = ", ".join(sorted(names)) or "none"
                raise Invalid(name, f"there is no such parameter here; those there are: {listed}")
        if len(pairs) > len(query):
            repeated = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise Invalid(repeated, "given more than once; a comma means OR")
    return query


def get_path(request: Request) -> str:
    """Return the path, escaped as in an address."""
    path: str = request.scope["path"]
    return path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/:~@!$&'()*+,;=%")


def get_address(request: Request) -> str:
    """Return path and query as the client sent them, without a token."""
    query = request.scope["query_string"]
    return f"{get_path(request)}?{str(query, 'latin-1')}" if query else get_path(request)


def get_base_url(request: Request) -> str:
    """Return the absolute URL of the API's root without a final slash: the operator's setting, or the client's."""
    settings: Settings = request.app.state.settings
    return settings.public_url or str(request.base_url).rstrip("/")


def build_etag(revision: int, at: str, address: str, representation: str) -> str:
    """Return the tag of what the store holds at an address at a revision, made at the time ``at``."""
    content = "\n".join((address, representation, at, _VERSION)).encode("utf-8", "surrogateescape")
    return f'W/"{revision}-{hashlib.blake2b(content, digest_size=8).hexdigest()}"'


def matches_etag(if_none_match: str, etag: str) -> bool:
    """Return True if ``If-None-Match`` names the tag (weak comparison, RFC 9110 §8.8.3.2)."""
    opaque = etag.removeprefix("W/")
    return opaque in (part.strip().removeprefix("W/") for part in if_none_match.split(","))


def is_unchanged_since(if_match: str, revision_id: int) -> bool:
    """Return True if ``If-Match`` names a state of the store in which the record's last revision was this one."""
    if if_match.strip() == "*":
        return True
    return any(revision_id <= int(revision) for revision in _ETAG.findall(if_match))


def get_newest_revision(if_none_match: str) -> int:
    """Return the newest revision of which ``If-None-Match`` names a state, or 0."""
    return max(map(int, _ETAG.findall(if_none_match)), default=0)


async def tag_by_version(request: Request, if_none_match: IfNoneMatch = None) -> None:
    """Set the ``ETag`` of a response that depends on nothing but Dateline's version."""
    etag = build_etag(0, "", get_address(request), "")
    request.scope["response_headers"]["ETag"] = etag
    if if_none_match is not None and matches_etag(if_none_match, etag):
        raise EarlyResponse(Response(status_code=304))
