"""Writes: one transaction and one revision for each request, and the same response again if it is repeated."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, TypeVar

import orjson
from fastapi import Depends, Header, Query, Request, Response
from sqlmodel import Session, col, delete

from app.api.web.access import KeyDep, require_scope
from app.api.web.problems import WRITE_STATUSES, describe_statuses
from app.api.web.requests import EarlyResponse, build_etag, get_address, is_unchanged_since, parse_query
from app.core.errors import Invalid, PreconditionFailed
from app.core.spans import Text
from app.core.vocab import Scope
from app.database.engine import open_read_transaction
from app.database.models import IdempotencyKey, Record
from app.database.reads import ThreadReadSession, run_sync
from app.queries import lookups, records
from app.store import revisions
from app.store.revisions import WriteSession

R = TypeVar("R", bound=Record)

Renderer = Callable[[str], str]
"""Turns the JSON text of a record that the database builds into the JSON text of the response."""

# The time for which a request can be repeated under its Idempotency-Key.
_REPEATABLE_FOR = dt.timedelta(days=7)


async def get_fingerprint(request: Request) -> str:
    """Return the hash by which a repeated request is known to be the same one."""
    line = f"{request.method} {get_address(request)}\n".encode("utf-8", "surrogateescape")
    return hashlib.sha256(line + await request.body()).hexdigest()


class WriteRequest:
    """A request that may write, with its reason, its idempotency key and its precondition."""

    def __init__(
        self,
        request: Request,
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
        self._engine = request.app.state.read_pool.engine
        self._request = request
        self._fingerprint = fingerprint
        self._message = message or f"{request.method} {request.url.path}"
        self._idempotency_key = idempotency_key
        self._if_match = if_match

    @contextmanager
    def open_transaction(self) -> Iterator[WriteSession]:
        """Open a write transaction, which makes one revision and is committed when the block ends."""
        author = f"{self._key.name} ({self._key.prefix})"
        with revisions.write(self._engine, author=author, message=self._message) as session:
            if self._idempotency_key is not None:
                self._replay(session, self._idempotency_key)
            yield session

    def replay_if_repeated(self) -> None:
        """Raise ``EarlyResponse`` if the request was answered before; for work ahead of the transaction."""
        if self._idempotency_key is not None:
            with open_read_transaction(self._engine) as session:
                self._replay(session, self._idempotency_key)

    def find_record(self, session: WriteSession, model: type[R], ref: int | str) -> R:
        """Return the row to change; raise ``PreconditionFailed``, or the errors of a GET."""
        row = records.get_row(session, model, ref)
        if self._if_match is not None and not is_unchanged_since(self._if_match, row.revision_id):
            raise PreconditionFailed(f"It was changed in revision {row.revision_id}.", revision=row.revision_id)
        return row

    def reject_if_match(self) -> None:
        """Raise ``PreconditionFailed`` for an ``If-Match``; for records without a tag."""
        if self._if_match not in (None, "*"):
            raise PreconditionFailed("It has no ETag.")

    def build_unversioned_response(self, session: WriteSession, status: int, path: str, body: str) -> Response:
        """Return the response to a write of a record that has an address but no revision and no tag."""
        state = run_sync(ThreadReadSession(session).fetch_state())
        location = f"{self._request.scope.get('root_path', '')}{path}"
        headers = {"Dateline-Revision": str(state.revision), "Location": location}
        if self._idempotency_key is not None:
            self._store_response(session, self._idempotency_key, status, headers, body)
        return _build_json_response(status, headers, body)

    def build_response(
        self,
        session: WriteSession,
        status: int,
        row: Record | None = None,
        *,
        summary: Mapping[str, object] | None = None,
        render: Renderer | None = None,
    ) -> Response:
        """Return the response to a write: the record as it is now, the ``summary`` of a write of many, or no body."""
        session.flush_counts()
        reads = ThreadReadSession(session)
        state = run_sync(reads.fetch_state())
        headers, body = {"Dateline-Revision": str(state.revision)}, ""
        if row is not None and row.noun is not None and row.id is not None:
            location = f"{self._request.scope.get('root_path', '')}/{row.noun}/{row.id}"
            headers |= {"Location": location, "ETag": build_etag(state.revision, state.at, location, "json")}
            body = run_sync(records.get_current(reads, row.noun, row.id))
            body = body if render is None else render(body)
        if summary is not None:
            body = orjson.dumps({**summary, "revision": state.revision}).decode()
        if self._idempotency_key is not None:
            self._store_response(session, self._idempotency_key, status, headers, body)
        return _build_json_response(status, headers, body)

    def _replay(self, session: Session, key: str) -> None:
        """Raise ``EarlyResponse`` with the response stored under the idempotency key, if there is one."""
        row = lookups.find_row(session, IdempotencyKey, api_key_id=self._key.id, key=key)
        if row is None:
            return
        if row.fingerprint != self._fingerprint:
            raise Invalid("Idempotency-Key", "already used with another request")
        raise EarlyResponse(_build_json_response(row.status, row.headers, row.body))

    def _store_response(self, session: WriteSession, key: str, status: int, headers: dict[str, str], body: str) -> None:
        """Store the response under the idempotency key, for a week."""
        now = dt.datetime.now(dt.UTC)
        session.execute(delete(IdempotencyKey).where(col(IdempotencyKey.created_at) < now - _REPEATABLE_FOR))
        row = IdempotencyKey(
            api_key_id=self._key.id,
            key=key,
            fingerprint=self._fingerprint,
            status=status,
            headers=headers,
            body=body,
            created_at=now,
        )
        session.add(row)


def _build_json_response(status: int, headers: dict[str, str], body: str) -> Response:
    return Response(body or None, status, headers=headers, media_type="application/json" if body else None)


WriteDep = Annotated[WriteRequest, Depends()]

CREATE = describe_statuses(*WRITE_STATUSES)
CHANGE = describe_statuses(*WRITE_STATUSES, 404, 410, 412)
