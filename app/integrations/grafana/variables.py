"""``/integrations/grafana/variables``: what the variables of a dashboard can be set to."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRequest, ReadRoute
from app.core.spans import Text
from app.core.vocab import EventType, Noun
from app.database.statements import ReadSession
from app.integrations.grafana.shapes import VariablePublic
from app.integrations.reading import Item, answer, first
from app.integrations.words import country_name, label
from app.queries import stats
from app.schemas.common import Digits
from app.schemas.source import SourceFilter
from app.schemas.speaker import SpeakerFilter
from app.schemas.stats import EventStatsFilter, StatsFilter

router = APIRouter(prefix="/integrations/grafana/variables", tags=["integrations"], route_class=ReadRoute)

Option = tuple[str, str]
"""What is shown, and what stands for it in a filter."""


class OptionParams(BaseModel):
    filter: bool = Field(
        default=False, description="Values that can stand behind an address as they are, such as `&source=meduza`."
    )


class NameParams(OptionParams):
    q: Text | None = Field(default=None, min_length=1, max_length=200, description="Part of a name, taken literally.")
    limit: Annotated[int, Field(ge=1, le=5000), Digits] = Field(default=1000, description="Options at most, by name.")


async def sources(reads: ReadSession, params: NameParams) -> list[Option]:
    """Names and slugs of sources."""
    found = await first(reads, Noun.SOURCES, SourceFilter(q=params.q), params.limit)
    return [(each["name"], each["slug"]) for each in found]


async def speakers(reads: ReadSession, params: NameParams) -> list[Option]:
    """Names and slugs of speakers."""
    found = await first(reads, Noun.SPEAKERS, SpeakerFilter(q=params.q), params.limit)
    return [(each["name"], each["slug"]) for each in found]


async def types(_reads: ReadSession, _params: NameParams) -> list[Option]:
    """The vocabulary of event types."""
    return [(label(each), each.value) for each in EventType]


async def countries(reads: ReadSession, _params: NameParams) -> list[Option]:
    """English names and codes of the countries in which an event happened."""
    return await countries_of(reads, Noun.EVENTS, EventStatsFilter(by="country"))


async def countries_of(reads: ReadSession, noun: Noun, by_country: StatsFilter) -> list[Option]:
    """English names and codes of the countries that records of a noun are counted by."""
    found = await stats.get_counts(reads, noun, by_country, dt.date.min, dt.date.max)
    return sorted((country_name(code), code) for code in {each.key for each in found} if code)


OPTIONS: Mapping[str, Callable[[ReadSession, NameParams], Awaitable[list[Option]]]] = {
    "sources": sources,
    "speakers": speakers,
    "types": types,
    "countries": countries,
}

_DOCUMENTED = describe_statuses(*READ_STATUSES)


@router.get("/sources", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_sources(read: ReadDep, params: Annotated[NameParams, Query()]) -> Response:
    """The sources, as options of a variable."""
    return await _variable(read, "sources", params, "source")


@router.get("/speakers", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_speakers(read: ReadDep, params: Annotated[NameParams, Query()]) -> Response:
    """The speakers, as options of a variable."""
    return await _variable(read, "speakers", params, "speaker")


@router.get("/types", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_types(read: ReadDep, params: Annotated[OptionParams, Query()]) -> Response:
    """The types of events, as options of a variable."""
    return await _variable(read, "types", params, "type")


@router.get("/countries", response_model=list[VariablePublic], responses=_DOCUMENTED)
async def list_variable_countries(read: ReadDep, params: Annotated[OptionParams, Query()]) -> Response:
    """The countries in which an event happened, as options of a variable."""
    return await _variable(read, "countries", params, "country")


async def _variable(read: ReadRequest, name: str, params: OptionParams, parameter: str) -> Response:
    before = f"&{parameter}=" if params.filter else ""

    async def options(reads: ReadSession) -> list[Item]:
        names = params if isinstance(params, NameParams) else NameParams()
        return shown((text, before + value) for text, value in await OPTIONS[name](reads, names))

    return await answer(read, options)


def shown(options: Iterable[Option]) -> list[Item]:
    """``VariablePublic``"""
    return [{"__text": text, "__value": value} for text, value in options]
