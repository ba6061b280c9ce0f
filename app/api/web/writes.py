"""The right to write: one transaction, one revision, and an answer that a repeated request gets again."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, TypeVar

import orjson
from fastapi import Depends, Header, Query, Request, Response
from sqlmodel import Session, col, delete

from app.api.web import etags
from app.api.web.deps import EngineDep, KeyDep, get_address, parse_query, require_scope
from app.api.web.problems import WRITE_STATUSES, EarlyResponse, describe_statuses
from app.core.errors import Invalid, PreconditionFailed
from app.core.spans import Text
from app.core.vocab import Scope
from app.database.engine import open_read_transaction
from app.database.models import IdempotencyKey, Record
from app.database.read_pool import ThreadReadSession, run_sync
from app.queries import lookups, records
from app.store import revisions
from app.store.revisions import WriteSession

R = TypeVar("R", bound=Record)

Renderer = Callable[[str], str]
"""Makes what is answered of a record as the database gives it, both as JSON texts."""

# How long a request can be sent again under its Idempotency-Key.
_KEPT_FOR = dt.timedelta(days=7)


async def get_fingerprint(request: Request) -> str:
    """What makes two requests with one ``Idempotency-Key`` the same request."""
    summary = f"{request.method} {get_address(request)}\n".encode("utf-8", "surrogateescape")
    return hashlib.sha256(summary + await request.body()).hexdigest()


class WriteRequest:
    """The right to write, and what the request says about how."""

    def __init__(
        self,
        request: Request,
        engine: EngineDep,
        key: KeyDep,
        fingerprint: Annotated[str, Depends(get_fingerprint)],
        _query: Annotated[dict[str, str], Depends(parse_query)],
        message: Annotated[Text, Query(max_length=500, description="Why: kept with the revision.")] = "",
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=255,
                description="Sent again with this key, the request is answered, not repeated.",
            ),
        ] = None,
        if_match: Annotated[
            str | None, Header(description="Refuse with 412 if the record has changed since this `ETag`.")
        ] = None,
    ) -> None:
        self._key = require_scope(key, Scope.WRITE)
        self._engine = engine
        self._request = request
        self._fingerprint = fingerprint
        self._message = message or f"{request.method} {request.url.path}"
        self._idempotency_key = idempotency_key
        self._if_match = if_match

    @contextmanager
    def open_transaction(self) -> Iterator[WriteSession]:
        """One write transaction, one revision; committed when the block ends."""
        author = f"{self._key.name} ({self._key.prefix})"
        with revisions.write(self._engine, author=author, message=self._message) as session:
            self._replay(session)
            yield session

    def replay_if_repeated(self) -> None:
        """Answer a request that was sent before at once, by raising Answered; before work that needs no transaction."""
        with open_read_transaction(self._engine) as session:
            self._replay(session)

    def find_record(self, session: WriteSession, model: type[R], ref: int | str) -> R:
        """The row to change; raises as a GET would, or PreconditionFailed."""
        row = records.get_row(session, model, ref)
        if self._if_match is not None and not etags.unchanged_since(self._if_match, row.revision_id):
            raise PreconditionFailed(f"It was changed in revision {row.revision_id}.", revision=row.revision_id)
        return row

    def reject_if_match(self) -> None:
        """For what has no tag: refuse a change that depends on one, as PreconditionFailed."""
        if self._if_match not in (None, "*"):
            raise PreconditionFailed("It has no ETag.")

    def build_unversioned_response(self, session: WriteSession, status: int, path: str, body: str) -> Response:
        """What the endpoint returns of what is no record: it has an address, but no tag."""
        location = f"{self._request.scope.get('root_path', '')}{path}"
        headers = {
            "Dateline-Revision": str(run_sync(ThreadReadSession(session).fetch_state()).revision),
            "Location": location,
        }
        self._keep(session, status, headers, body)
        return _response(status, headers, body)

    def build_response(
        self,
        session: WriteSession,
        status: int,
        row: Record | None = None,
        *,
        summary: Mapping[str, object] | None = None,
        render: Renderer | None = None,
    ) -> Response:
        """What the endpoint returns: the record as it now is, if any, or what is ``told`` of a write of many, with its
        revision; kept for a request that is sent again."""
        session.flush_counts()
        state = run_sync(ThreadReadSession(session).fetch_state())
        headers = {"Dateline-Revision": str(state.revision)}
        body = ""
        if row is not None and row.noun is not None and row.id is not None:
            location = f"{self._request.scope.get('root_path', '')}/{row.noun}/{row.id}"
            headers |= {"Location": location, "ETag": etags.etag(state.revision, state.at, location, "json")}
            body = records.get_item(session, row.noun, row.id)
            body = body if render is None else render(body)
        if summary is not None:
            body = orjson.dumps({**summary, "revision": state.revision}).decode()
        self._keep(session, status, headers, body)
        return _response(status, headers, body)

    def _replay(self, session: Session) -> None:
        if self._idempotency_key is None:
            return
        kept = lookups.find_row(session, IdempotencyKey, api_key_id=self._key.id, key=self._idempotency_key)
        if kept is None:
            return
        if kept.fingerprint != self._fingerprint:
            raise Invalid("Idempotency-Key", "already used with another request")
        raise EarlyResponse(_response(kept.status, kept.headers, kept.body))

    def _keep(self, session: WriteSession, status: int, headers: dict[str, str], body: str) -> None:
        if self._idempotency_key is None or self._key.id is None:
            return
        now = dt.datetime.now(dt.UTC)
        session.execute(delete(IdempotencyKey).where(col(IdempotencyKey.created_at) < now - _KEPT_FOR))
        answer = IdempotencyKey(
            api_key_id=self._key.id,
            key=self._idempotency_key,
            fingerprint=self._fingerprint,
            status=status,
            headers=headers,
            body=body,
            created_at=now,
        )
        session.add(answer)


def _response(status: int, headers: dict[str, str], body: str) -> Response:
    return Response(body or None, status, headers=headers, media_type="application/json" if body else None)


WriteDep = Annotated[WriteRequest, Depends()]

CREATE = describe_statuses(*WRITE_STATUSES)
CHANGE = describe_statuses(*WRITE_STATUSES, 404, 410, 412)
