"""``/integrations/grafana/variables``: the options of a dashboard's variables."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRequest, ReadRoute
from app.core.spans import Digits, Text
from app.core.vocab import EventType, Noun
from app.database.reads import ReadSession
from app.integrations.grafana.shapes import VariablePublic
from app.integrations.labels import format_label, get_country_name
from app.integrations.lists import Item, answer_json, read_first
from app.queries import stats
from app.schemas.source import SourceFilter
from app.schemas.speaker import SpeakerFilter
from app.schemas.stats import EventStatsFilter, StatsFilter

router = APIRouter(prefix="/integrations/grafana/variables", tags=["integrations"], route_class=ReadRoute)


class Option(NamedTuple):
    """An option of a variable: the ``label`` that people see, and its ``value`` in a filter."""

    label: str
    value: str


class OptionParams(BaseModel):
    filter: bool = Field(
        default=False, description="Values that can be appended to an address, such as `&source=meduza`."
    )


class NameParams(OptionParams):
    q: Text | None = Field(default=None, min_length=1, max_length=200, description="Part of a name, taken literally.")
    limit: Annotated[int, Field(ge=1, le=5000), Digits] = Field(default=1000, description="Options at most, by name.")


async def list_sources(reads: ReadSession, params: NameParams) -> list[Option]:
    """List names and slugs of sources."""
    items = await read_first(reads, Noun.SOURCES, SourceFilter(q=params.q), params.limit)
    return [Option(item["name"], item["slug"]) for item in items]


async def list_speakers(reads: ReadSession, params: NameParams) -> list[Option]:
    """List names and slugs of speakers."""
    items = await read_first(reads, Noun.SPEAKERS, SpeakerFilter(q=params.q), params.limit)
    return [Option(item["name"], item["slug"]) for item in items]


async def list_types(_reads: ReadSession, _params: NameParams) -> list[Option]:
    """List the vocabulary of event types."""
    return [Option(format_label(word), word.value) for word in EventType]


async def list_countries(reads: ReadSession, _params: NameParams) -> list[Option]:
    """List English names and codes of the countries in which an event happened."""
    return await count_countries(reads, Noun.EVENTS, EventStatsFilter(by="country"))


async def count_countries(reads: ReadSession, noun: Noun, by_country: StatsFilter) -> list[Option]:
    """List English names and codes of the countries that a noun's counts by country have."""
    counts = await stats.get_counts(reads, noun, by_country, dt.date.min, dt.date.max)
    return sorted(Option(get_country_name(code), code) for code in {count.key for count in counts} if code)


OPTIONS: Mapping[str, Callable[[ReadSession, NameParams], Awaitable[list[Option]]]] = {
    "sources": list_sources,
    "speakers": list_speakers,
    "types": list_types,
    "countries": list_countries,
}

_DOCUMENTED = describe_statuses(*READ_STATUSES)


@router.get("/sources", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_sources(read: ReadDep, params: Annotated[NameParams, Query()]) -> Response:
    """List the sources, as options of a variable."""
    return await _answer_options(read, "sources", params, "source")


@router.get("/speakers", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_speakers(read: ReadDep, params: Annotated[NameParams, Query()]) -> Response:
    """List the speakers, as options of a variable."""
    return await _answer_options(read, "speakers", params, "speaker")


@router.get("/types", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_types(read: ReadDep, params: Annotated[OptionParams, Query()]) -> Response:
    """List the types of events, as options of a variable."""
    return await _answer_options(read, "types", params, "type")


@router.get("/countries", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_countries(read: ReadDep, params: Annotated[OptionParams, Query()]) -> Response:
    """List the countries in which an event happened, as options of a variable."""
    return await _answer_options(read, "countries", params, "country")


async def _answer_options(read: ReadRequest, name: str, params: OptionParams, parameter: str) -> Response:
    prefix = f"&{parameter}=" if params.filter else ""

    async def read_options(reads: ReadSession) -> list[Item]:
        names = params if isinstance(params, NameParams) else NameParams()
        options = await OPTIONS[name](reads, names)
        return dump_options(Option(option.label, prefix + option.value) for option in options)

    return await answer_json(read, read_options)


def dump_options(options: Iterable[Option]) -> list[Item]:
    """Return the options in the shape of ``VariablePublic``."""
    return [{"__text": option.label, "__value": option.value} for option in options]
