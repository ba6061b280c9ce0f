"""What Grafana's JSON data source asks for (simpod-json-datasource), which reads by POST.

To read so changes nothing, and needs no more than to read otherwise.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.api.web.deps import get_read_pool, parse_query, require_read_access
from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRequest
from app.core.errors import Invalid
from app.database.read_pool import ThreadReadSession
from app.database.statements import ReadSession
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
from app.integrations.grafana.variables import OPTIONS, NameParams, shown
from app.integrations.reading import Item, answer

router = APIRouter(prefix="/integrations/grafana", tags=["integrations"])

_ASKED = describe_statuses(400, 401, 403, 413, 422, 429, 503)

# What ad hoc filters go by, and the variable that has their values.
_TAGS = {"source": "sources", "speaker": "speakers", "type": "types", "country": "countries"}


class Reached(BaseModel):
    """That the store can be read."""

    revision: int = Field(description="The newest revision.")


async def get_asked(
    request: Request,
    _allowed: Annotated[None, Depends(require_read_access)],
    _query: Annotated[dict[str, str], Depends(parse_query)],
) -> ReadRequest:
    """Somebody who may read, and asks by POST."""
    return ReadRequest(request, get_read_pool(request), None)


AskedDep = Annotated[ReadRequest, Depends(get_asked)]


async def _answer(read: ReadRequest, work: Callable[[ThreadReadSession], Awaitable[Any]]) -> Response:
    async def told(reads: ThreadReadSession) -> bytes:
        return orjson.dumps(await work(reads))

    return Response(await read.run_in_snapshot(told), media_type="application/json")


@router.get("", response_model=Reached, responses=describe_statuses(*READ_STATUSES))
async def get_grafana(read: ReadDep) -> Response:
    """Whether the store can be read: what “Test connection” asks for."""

    async def reached(reads: ReadSession) -> Item:
        return {"revision": (await reads.fetch_state()).revision}

    return await answer(read, reached)


@router.post("/metrics", response_model=list[MetricPublic], responses=_ASKED)
async def list_metrics(_asked: AskedDep, _body: MetricsIn | None = None) -> Response:
    """What a panel can show, and what it can be asked with."""
    return Response(orjson.dumps(panels.described()), media_type="application/json")


@router.post("/metric-payload-options", response_model=list[OptionPublic], responses=_ASKED)
async def list_metric_payload_options(asked: AskedDep, body: PayloadOptionsIn) -> Response:
    """The values that a metric can be asked with."""
    metric = panels.metric(body.metric or "", ["metric"])

    async def options(reads: ReadSession) -> list[Item]:
        found = await panels.options(reads, metric, body.name)
        return [{"label": label, "value": value} for label, value in found]

    return await _answer(asked, options)


@router.post("/query", response_model=list[SeriesPublic | TablePublic], responses=_ASKED)
async def query_panel(asked: AskedDep, body: PanelQueryIn) -> Response:
    """What the targets of a panel show: series of counts, or tables of at most 500 records."""

    async def answers(reads: ReadSession) -> list[Item]:
        return [each for place in range(len(body.targets)) for each in await panels.answered(reads, body, place)]

    return await _answer(asked, answers)


@router.post("/variable", response_model=list[VariablePublic], responses=_ASKED)
async def query_variable(asked: AskedDep, body: VariableIn) -> Response:
    """The options of a variable: sources, speakers, types or countries."""
    name = body.payload.target
    if name not in OPTIONS:
        raise Invalid("payload.target", f"there is no such variable; those there are: {', '.join(OPTIONS)}")

    async def options(reads: ReadSession) -> list[Item]:
        return shown(await OPTIONS[name](reads, NameParams(q=body.payload.q or None)))

    return await _answer(asked, options)


@router.post("/tag-keys", response_model=list[TagKeyPublic], responses=_ASKED)
async def list_tag_keys(_asked: AskedDep) -> Response:
    """What ad hoc filters can go by."""
    return Response(orjson.dumps([{"type": "string", "text": key} for key in _TAGS]), media_type="application/json")


@router.post("/tag-values", response_model=list[TagValuePublic], responses=_ASKED)
async def list_tag_values(asked: AskedDep, body: TagKeyIn) -> Response:
    """The values of an ad hoc filter."""
    if body.key not in _TAGS:
        raise Invalid("key", f"there is no such key; those there are: {', '.join(_TAGS)}")

    async def values(reads: ReadSession) -> list[Item]:
        found = await OPTIONS[_TAGS[body.key]](reads, NameParams())
        return [{"text": value} for _, value in found]

    return await _answer(asked, values)
