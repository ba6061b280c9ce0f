"""The endpoints of Grafana's JSON data source (simpod-json-datasource), which reads by POST.

These requests change nothing, and need the same permissions as other reads.
"""

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.api.web.access import require_read_access
from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRequest
from app.api.web.requests import parse_query
from app.core.errors import Invalid
from app.database.reads import ReadSession, ThreadReadSession
from app.integrations.grafana import panels
from app.integrations.grafana.shapes import (
    MetricPublic,
    MetricsIn,
    OptionPublic,
    PanelQueryIn,
    PayloadOptionsIn,
    SeriesPublic,
    TablePublic,
    TagKeyIn,
    TagKeyPublic,
    TagValuePublic,
    VariableIn,
    VariablePublic,
)
from app.integrations.grafana.variables import OPTIONS, NameParams, dump_options
from app.integrations.lists import Item, answer_json

router = APIRouter(prefix="/integrations/grafana", tags=["integrations"])

_POST_RESPONSES = describe_statuses(400, 401, 403, 413, 422, 429, 503)

# The keys of ad hoc filters, and the variables that have their values.
_TAG_VARIABLES = {"source": "sources", "speaker": "speakers", "type": "types", "country": "countries"}


class Reached(BaseModel):
    """The state of the store."""

    revision: int = Field(description="The newest revision.")


async def get_read(
    request: Request,
    _allowed: Annotated[None, Depends(require_read_access)],
    _query: Annotated[dict[str, str], Depends(parse_query)],
) -> ReadRequest:
    """Return a permitted read that was sent by POST."""
    return ReadRequest(request, request.app.state.read_pool, None)


PostDep = Annotated[ReadRequest, Depends(get_read)]


async def _answer_post(read: ReadRequest, work: Callable[[ThreadReadSession], Awaitable[Any]]) -> Response:
    async def build_body(reads: ThreadReadSession) -> bytes:
        return orjson.dumps(await work(reads))

    return Response(await read.run_in_snapshot(build_body), media_type="application/json")


@router.get("", response_model=Reached, responses=describe_statuses(*READ_STATUSES))
async def get_grafana(read: ReadDep) -> Response:
    """Return 200 if the store can be read; the button “Test connection” calls this."""

    async def read_revision(reads: ReadSession) -> Item:
        return {"revision": (await reads.fetch_state()).revision}

    return await answer_json(read, read_revision)


@router.post("/metrics", response_model=list[MetricPublic], responses=_POST_RESPONSES)
async def list_metrics(_read: PostDep, _body: MetricsIn | None = None) -> Response:
    """List the metrics of panels, with their options."""
    return Response(orjson.dumps(panels.describe_metrics()), media_type="application/json")


@router.post("/metric-payload-options", response_model=list[OptionPublic], responses=_POST_RESPONSES)
async def list_metric_payload_options(read: PostDep, body: PayloadOptionsIn) -> Response:
    """List the values of an option of a metric."""
    metric = panels.get_metric(body.metric or "", ["metric"])

    async def read_options(reads: ReadSession) -> list[Item]:
        options = await panels.list_options(reads, metric, body.name)
        return [option._asdict() for option in options]

    return await _answer_post(read, read_options)


@router.post("/query", response_model=list[SeriesPublic | TablePublic], responses=_POST_RESPONSES)
async def query_panel(read: PostDep, body: PanelQueryIn) -> Response:
    """Answer the targets of a panel with series of counts, or tables of at most 500 records."""

    async def read_targets(reads: ReadSession) -> list[Item]:
        answers = [await panels.answer_target(reads, body, position) for position in range(len(body.targets))]
        return list(chain.from_iterable(answers))

    return await _answer_post(read, read_targets)


@router.post("/variable", response_model=list[VariablePublic], responses=_POST_RESPONSES)
async def query_variable(read: PostDep, body: VariableIn) -> Response:
    """List the options of a variable: sources, speakers, types or countries."""
    name = body.payload.target
    if name not in OPTIONS:
        raise Invalid("payload.target", f"there is no such variable; those there are: {', '.join(OPTIONS)}")

    async def read_options(reads: ReadSession) -> list[Item]:
        return dump_options(await OPTIONS[name](reads, NameParams(q=body.payload.q or None)))

    return await _answer_post(read, read_options)


@router.post("/tag-keys", response_model=list[TagKeyPublic], responses=_POST_RESPONSES)
async def list_tag_keys(_read: PostDep) -> Response:
    """List the keys of ad hoc filters."""
    return Response(
        orjson.dumps([{"type": "string", "text": key} for key in _TAG_VARIABLES]), media_type="application/json"
    )


@router.post("/tag-values", response_model=list[TagValuePublic], responses=_POST_RESPONSES)
async def list_tag_values(read: PostDep, body: TagKeyIn) -> Response:
    """List the values of an ad hoc filter."""
    if body.key not in _TAG_VARIABLES:
        raise Invalid("key", f"there is no such key; those there are: {', '.join(_TAG_VARIABLES)}")

    async def read_values(reads: ReadSession) -> list[Item]:
        options = await OPTIONS[_TAG_VARIABLES[body.key]](reads, NameParams())
        return [{"text": option.value} for option in options]

    return await _answer_post(read, read_values)
