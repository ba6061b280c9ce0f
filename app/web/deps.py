"""What endpoints ask for, as ``Annotated`` aliases: addresses, the key, and a snapshot to read.

The right to write is in ``writer.py``.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field
from sqlalchemy import Engine
from sqlmodel import Session

from app import auth, formats
from app.db import reading
from app.errors import Forbidden, Invalid, Unauthorized
from app.models import ApiKey
from app.queries.revisions import latest
from app.schemas.common import MAX_ID, Digits, Id, Ref
from app.vocab import Scope
from app.web import etags
from app.web.contract import Contract
from app.web.problems import Answered

RecordId = Annotated[Id, Path(alias="id", description="Id of the record.")]
Address = Annotated[Ref, Path(alias="slug", description="Slug or id.")]
AsOf = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits] | None,
    Query(description="Show the record as this revision left it.", alias="as_of"),
]

IfNoneMatch = Annotated[str | None, Header(description="Answer 304 if nothing has changed since this `ETag`.")]

_bearer = HTTPBearer(auto_error=False, description="A key made by `dateline key create`.")


def strict_query(request: Request) -> None:
    """Refuse query parameters that the operation does not have, or that are given twice."""
    contract: Contract = request.app.state.contract
    known = contract.parameters(request.scope["route"].path, request.method)
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            raise Invalid(
                name, f"there is no such parameter here; those there are: {', '.join(sorted(known)) or 'none'}"
            )
        if times > 1:
            raise Invalid(name, "given more than once; a comma means OR")


def get_engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


EngineDep = Annotated[Engine, Depends(get_engine)]


def get_key(
    request: Request, engine: EngineDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> ApiKey | None:
    """The key that the request carries, if any; counts the request against its, or its address's, rate limit."""
    key = None
    if "authorization" in request.headers:
        with reading(engine) as session:
            key = auth.find_key(session, credentials.credentials if credentials else "")
            session.expunge(key)
    if request.app.state.rate_limit is not None:
        client = f"key {key.id}" if key else request.client.host if request.client else ""
        request.scope["answer_headers"] |= request.app.state.rate_limit.hit(client)
    return key


KeyDep = Annotated[ApiKey | None, Depends(get_key)]


def may_read(request: Request, key: KeyDep) -> None:
    if not request.app.state.settings.public_reads:
        request.scope["answer_headers"]["Cache-Control"] = "private, no-cache"
        require(key, Scope.READ)


def require(key: ApiKey | None, scope: Scope) -> ApiKey:
    if key is None:
        raise Unauthorized("Send a key as Authorization: Bearer dl_…")
    if not auth.allows(key, scope):
        raise Forbidden(f"The key lacks the scope {scope}.")
    return key


@dataclass(frozen=True)
class Reader:
    """One snapshot of the store, and where it stands."""

    session: Session
    engine: Engine
    revision: int

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name


def get_reader(
    request: Request,
    engine: EngineDep,
    _allowed: Annotated[None, Depends(may_read)],
    _strict: Annotated[None, Depends(strict_query)],
    if_none_match: IfNoneMatch = None,
) -> Iterator[Reader]:
    """A read session for the time of the endpoint, unless the client has the answer already."""
    with reading(engine) as session:
        number, at = latest(session)
        request.scope["answer_headers"] |= {"Vary": "Accept", "Dateline-Revision": str(number)}
        _tag(request, etags.etag(number, at, address_of(request), _representation(request)), if_none_match)
        yield Reader(session, engine, number)


def unchanging(request: Request, if_none_match: IfNoneMatch = None) -> None:
    """For what only another version of Dateline would answer differently."""
    _tag(request, etags.etag(0, dt.datetime.min, address_of(request), ""), if_none_match)


def _tag(request: Request, tag: str, if_none_match: str | None) -> None:
    """Name the state that is about to be read, unless the client has it already."""
    request.scope["answer_headers"]["ETag"] = tag
    if etags.matches(if_none_match, tag):
        raise Answered(Response(status_code=304))


def address_of(request: Request) -> str:
    """Path and query as the client sent them."""
    return f"{request.url.path}?{request.url.query}"


def _representation(request: Request) -> str:
    return formats.negotiate(request.query_params.get("format"), request.headers.get("accept", ""))


ReaderDep = Annotated[Reader, Depends(get_reader, scope="function")]
