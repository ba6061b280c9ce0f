"""Serve ``/imports``: JSON lines in bulk, committed while they are received; and the state of each import."""

from collections.abc import AsyncIterator, Callable, Iterable
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any

import anyio
import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app import formats
from app.api.routers import responses
from app.api.web.access import KeyDep, require_scope
from app.api.web.problems import WRITE_STATUSES, build_problem_response, describe_statuses
from app.api.web.reads import UncachedReadDep
from app.api.web.requests import RecordId, parse_query
from app.core.config import Settings
from app.core.errors import DatelineError, Invalid
from app.core.spans import Digits, Text
from app.core.vocab import Outcome
from app.core.vocab import Scope as KeyScope
from app.database.engine import open_read_transaction
from app.database.reads import ThreadReadSession, run_sync
from app.imports import upload
from app.imports.lines import Result
from app.imports.upload import Inflater, Intake
from app.queries import imports
from app.schemas.common import MAX_ID, Page
from app.schemas.imports import ImportFilter, ImportPublic, ImportReport, ReportFormat

router = APIRouter(prefix="/imports", tags=["imports"])

# Skipped or rejected lines that a report in JSON lists at most.
_MAX_PROBLEMS = 100

# Bytes of a report that are sent at once; and in all, beyond which it is kept on disk until the client reads it.
_CHUNK_SIZE, _MAX_IN_MEMORY = 65_536, 1_000_000

_BODY = {"required": True, "content": {name: {"schema": {"type": "string"}} for name in (
    "application/x-ndjson", "application/jsonl", "text/plain",
)}}  # fmt: skip
_REPORT: dict[int | str, dict[str, Any]] = {
    200: {"model": ImportReport, "content": {"application/jsonl": {"schema": {"type": "string"}}}},
    **describe_statuses(*WRITE_STATUSES),
}


@router.get("", response_model=Page[ImportPublic], responses=responses.UNCACHED_LIST)
async def list_imports(read: UncachedReadDep, filters: Annotated[ImportFilter, Query()]) -> Response:
    """List imports, of files and over HTTP, the latest first."""
    return await responses.build_uncached_list(read, filters, ImportPublic, imports.get_listing)


@router.get("/{id}", response_model=ImportPublic, responses=responses.UNCACHED_RECORD)
async def get_import(read: UncachedReadDep, ident: RecordId) -> Response:
    """Return the progress of an import, with the counts of its outcomes."""
    return await responses.build_uncached(read, lambda reads: imports.get_item(reads, ident))


def get_intake(
    request: Request,
    key: KeyDep,
    _query: Annotated[dict[str, str], Depends(parse_query)],
    message: Annotated[Text, Query(max_length=500, description="Why: kept with the revisions.")] = "",
    resume: Annotated[
        Annotated[int, Field(ge=1, le=MAX_ID), Digits] | None,
        Query(description="Id of an import that broke off: the body begins with the line after those committed."),
    ] = None,
    content_encoding: Annotated[str, Header(description="`gzip`, where the body is.")] = "identity",
) -> Intake:
    """Return the intake for the body of a request that may write."""
    sender, engine = require_scope(key, KeyScope.WRITE), request.app.state.read_pool.engine
    settings: Settings = request.app.state.settings
    encoding = content_encoding.strip().lower()
    if encoding not in ("gzip", "x-gzip", "identity", ""):
        raise Invalid("Content-Encoding", "only gzip is read here")
    return Intake(
        engine,
        author=f"{sender.name} ({sender.prefix})",
        message=message or "POST /imports",
        body=Inflater(gzipped=encoding.endswith("gzip"), limit=settings.max_import_bytes),
        longest=settings.max_body_bytes,
        resumed=None if resume is None else upload.get_resumable(engine, resume),
    )


@router.post("", response_model=ImportReport, responses=_REPORT, openapi_extra={"requestBody": _BODY})
async def create_import(
    request: Request,
    into: Annotated[Intake, Depends(get_intake)],
    format_name: Annotated[ReportFormat, Query(alias="format")] = None,
) -> Response:
    """Put JSON lines into the store, each the body of another POST under its noun: `{"event": {"title": …}}`.

    About 500 lines are committed at a time, as one revision. An invalid line is reported and does not stop the others.
    Lines that were sent before are recognized, so a body can be sent again.
    """
    preferred = (*formats.list_accepted_formats(request.headers.get("accept", "")), formats.JSON)
    if (format_name or preferred[0]) == "jsonl":
        return LineReports(request, into)
    problems: list[Result] = []

    def collect(results: Iterable[Result]) -> None:
        failed = (result for result in results if result.outcome in (Outcome.SKIPPED, Outcome.REJECTED))
        problems.extend(islice(failed, _MAX_PROBLEMS - len(problems)))

    await _import_body(request, into, collect)
    return await anyio.to_thread.run_sync(_build_report, request, into, problems)


async def _import_body(request: Request, into: Intake, report: Callable[[Iterable[Result]], None]) -> None:
    """Read the body to its end; a thread stores each batch, whose results are reported when it is committed."""
    try:
        async for chunk in request.stream():
            await anyio.to_thread.run_sync(into.feed, chunk)
            report(into.drain())
        await anyio.to_thread.run_sync(into.finish)
    except Exception as error:
        committed = await anyio.to_thread.run_sync(into.break_off)
        if isinstance(error, DatelineError) and committed is not None:
            ident, lines = committed
            error.extensions |= {"import_id": ident, "line_count": lines}
            error.detail += f" The first {lines} lines are committed; resume={ident} goes on from there."
        raise
    finally:
        report(into.drain())


def _build_report(request: Request, into: Intake, problems: list[Result]) -> Response:
    with open_read_transaction(request.app.state.read_pool.engine) as session:
        reads = ThreadReadSession(session)
        item = orjson.loads(run_sync(imports.get_item(reads, into.id or 0)))
        revision = reads.state.revision
    lines = [{"line": result.line, "field": result.field, "detail": result.detail} for result in problems]
    headers = {"Dateline-Revision": str(revision), "Location": _get_location(request, into)}
    return Response(orjson.dumps(item | {"problems": lines}), headers=headers, media_type="application/json")


def _get_location(request: Request, into: Intake) -> str:
    return f"{request.scope.get('root_path', '')}/imports/{into.id}"


class LineReports(Response):
    """A report on each line, as JSON lines, sent while the body is still being read."""

    media_type = "application/jsonl"

    def __init__(self, request: Request, into: Intake) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._request = request
        self._intake = into
        self._spool = Spool()
        self._failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._spool.file:
            async with anyio.create_task_group() as group:
                group.start_soon(self._fill)
                await self._spool.wait_for_content()
                if self._spool.is_empty and isinstance(self._failure, DatelineError):
                    await build_problem_response(self._request, self._failure)(scope, receive, send)
                elif not isinstance(self._failure, ClientDisconnect):
                    await self._send(send)
        if self._failure is not None and not isinstance(self._failure, DatelineError):
            raise self._failure

    async def _fill(self) -> None:
        try:
            await _import_body(self._request, self._intake, self._report)
        except Exception as error:
            self._failure = error
        finally:
            self._spool.close()

    def _report(self, results: Iterable[Result]) -> None:
        root = self._request.scope.get("root_path", "")
        self._spool.write(b"".join(_build_line(root, result) for result in results))

    async def _send(self, send: Send) -> None:
        self.headers["Location"] = _get_location(self._request, self._intake)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for chunk in self._spool.read_chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if self._failure is not None and not isinstance(self._failure, DatelineError):
            return  # the connection breaks, so that a client does not take the part for the whole
        end = bytes(build_problem_response(self._request, self._failure).body) + b"\n" if self._failure else b""
        await send({"type": "http.response.body", "body": end})


def _build_line(root: str, result: Result) -> bytes:
    href = f"{root}/{result.noun}/{result.id}" if result.id is not None else None
    fields = {
        "line": result.line,
        "outcome": result.outcome,
        "noun": result.noun,
        "id": result.id,
        "href": href,
        "field": result.field,
        "detail": result.detail,
    }
    return orjson.dumps({name: value for name, value in fields.items() if value is not None}) + b"\n"


class Spool:
    """A buffer between a writer that may not wait and a reader that may.

    Many clients read nothing before they have sent everything: a writer that waited for them would never end.
    """

    def __init__(self) -> None:
        self.file = SpooledTemporaryFile(max_size=_MAX_IN_MEMORY)  # noqa: SIM115  # closed by its reader
        self._written = self._read = 0
        self._closed = False
        self._more = anyio.Event()

    @property
    def is_empty(self) -> bool:
        return self._written == 0

    def write(self, content: bytes) -> None:
        """Append content."""
        self.file.seek(self._written)
        self._written += self.file.write(content)
        if content:
            self._more.set()

    def close(self) -> None:
        """Mark the end of the content."""
        self._closed = True
        self._more.set()

    async def wait_for_content(self) -> None:
        """Wait until there is content to read, or the end."""
        await self._more.wait()

    async def read_chunks(self) -> AsyncIterator[bytes]:
        """Yield the content, as it comes, to its end."""
        while not self._closed or self._read < self._written:
            await self._more.wait()
            self.file.seek(self._read)
            chunk = self.file.read(_CHUNK_SIZE)
            self._read += len(chunk)
            if chunk:
                yield chunk
            elif not self._closed:
                self._more = anyio.Event()
