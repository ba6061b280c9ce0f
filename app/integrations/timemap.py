"""``/integrations/timemap``: what TimeMap shows (Forensic Architecture's, and Bellingcat's version of it).

Its events are ours that have coordinates; its sources are our documents, which say where an event was reported; its
associations are what events can be filtered by. It takes every number for text, and dates as month/day/year.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.web import cursors
from app.api.web.deps import get_path, parse_query
from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRequest, ReadRoute
from app.core.vocab import CodedBy, Noun
from app.database.statements import ReadSession
from app.integrations.reading import Item, answer, every, filters_of, given_by, rows
from app.integrations.words import country_name, label
from app.queries.listing import PageRequest
from app.schemas.common import Digits
from app.schemas.event import EventFilter, EventSelection
from app.schemas.report import ReportFilter

router = APIRouter(prefix="/integrations/timemap", tags=["integrations"], route_class=ReadRoute)

# Events whose documents are asked for in one statement.
_AT_ONCE = 100

# All events that have coordinates.
_WORLD = "-180,-90,180,90"


class TimeMapParams(EventSelection):
    """All three files, asked with the same, belong together."""

    limit: Annotated[int, Field(ge=1, le=10_000), Digits] = Field(
        default=5000, description="Events at most: those of the latest dates. `Link` leads to the rest."
    )
    cursor: str | None = Field(default=None, max_length=1000, description="Where the rest begins: from `Link`.")


class TimeMapEvent(BaseModel):
    """An event on the map."""

    id: str
    description: str = Field(description="Title and summary.")
    date: str = Field(description="First day, as MM/DD/YYYY.", examples=["06/19/2024"])
    time: str = Field(description="Empty: only days are known.")
    time_display: str = Field(description="The date as it is known: EDTF text (ISO 8601-2).")
    location: str = Field(description="Name of the place, or else of the country.")
    latitude: str = Field(description="Decimal degrees, WGS 84.")
    longitude: str = Field(description="Decimal degrees, WGS 84.")
    category: str = Field(description="Type.")
    associations: list[str] = Field(description="Ids of associations.")
    sources: list[str] = Field(description="Ids of the documents that report it.")
    comments: str = Field(description="Who read it, where that was no person.")


class TimeMapSource(BaseModel):
    """A document that reports an event."""

    id: str
    title: str
    type: str = Field(description="Always “Report”.")
    thumbnail: str = Field(description="Empty.")
    paths: list[str] = Field(description="Its address, if it has one.")
    affil_s: list[str] = Field(description="The outlet.")
    url: str
    description: str = Field(description="Outlet and date.")
    parent: str = Field(description="Empty.")
    author: str = Field(description="The outlet.")
    date: str = Field(description="When it was published: EDTF text.")


class TimeMapAssociation(BaseModel):
    """What events can be filtered by."""

    id: str
    title: str
    desc: str = Field(description="Empty.")
    mode: str = Field(description="CATEGORY for types, FILTER for outlets and countries.")
    filter_paths: list[str] = Field(description="Where it stands in the tree of filters.")


_DOCUMENTED = describe_statuses(*READ_STATUSES)


@router.get("/events.json", response_model=list[TimeMapEvent], responses=_DOCUMENTED)
async def list_timemap_events(read: ReadDep, params: Annotated[TimeMapParams, Query()]) -> Response:
    """The events that have coordinates, the latest first."""

    async def shown(reads: ReadSession, events: Sequence[Item]) -> list[Item]:
        documents: dict[int, list[str]] = {}
        for report in await _reports(reads, events):
            documents.setdefault(report["event"]["id"], []).append(str(report["document"]["id"]))
        return [_event(each, documents.get(each["id"], [])) for each in events]

    return await _answer(read, params, shown)


@router.get("/sources.json", response_model=dict[str, TimeMapSource], responses=_DOCUMENTED)
async def list_timemap_sources(read: ReadDep, params: Annotated[TimeMapParams, Query()]) -> Response:
    """The documents that report these events, by their ids."""

    async def shown(reads: ReadSession, events: Sequence[Item]) -> dict[str, Item]:
        return {str(each["document"]["id"]): _source(each) for each in await _reports(reads, events)}

    return await _answer(read, params, shown)


@router.get("/associations.json", response_model=list[TimeMapAssociation], responses=_DOCUMENTED)
async def list_timemap_associations(read: ReadDep, params: Annotated[TimeMapParams, Query()]) -> Response:
    """The types, outlets and countries of these events, to filter by."""

    async def shown(_reads: ReadSession, events: Sequence[Item]) -> list[Item]:
        found = {each["id"]: each for event in events for each in _associations(event)}
        return sorted(found.values(), key=lambda each: each["filter_paths"])

    return await _answer(read, params, shown)


async def _answer(
    read: ReadRequest, params: TimeMapParams, shown: Callable[[ReadSession, Sequence[Item]], Awaitable[Any]]
) -> Response:
    given = {"bbox": _WORLD} | given_by(params, besides={"limit", "cursor"})
    filters = filters_of(EventFilter, given)
    after = None if params.cursor is None else cursors.decode(params.cursor, path=router.prefix, filters=params)
    part = PageRequest(filters.sort, params.limit, after)
    links = {}

    async def work(reads: ReadSession) -> Any:
        page = await rows(reads, Noun.EVENTS, filters, part)
        if page.last is not None:
            links["Link"] = _link(read, cursors.encode(page.last, path=router.prefix, filters=params))
        return await shown(reads, page.items)

    response = await answer(read, work)
    response.headers.update(links)
    return response


def _link(read: ReadRequest, cursor: str) -> str:
    query = urlencode(parse_query(read.request) | {"cursor": cursor})
    return f'<{get_path(read.request)}?{query}>; rel="next"'


async def _reports(reads: ReadSession, events: Sequence[Item]) -> list[Item]:
    """The reports of these events."""
    found: list[Item] = []
    for start in range(0, len(events), _AT_ONCE):
        ids = ",".join(str(each["id"]) for each in events[start : start + _AT_ONCE])
        found += await every(reads, Noun.REPORTS, ReportFilter().model_copy(update={"event": ids}))
    return found


def _event(event: Item, documents: Sequence[str]) -> Item:
    place = event["place"]
    return {
        "id": str(event["id"]),
        "description": "\n\n".join(filter(None, [event["title"], event["summary"]])),
        "date": dt.date.fromisoformat(event["date"]["earliest"]).strftime("%m/%d/%Y"),
        "time": "",
        "time_display": event["date"]["edtf"],
        "location": place["name"] or (country_name(place["country"]) if place["country"] else ""),
        "latitude": f"{place['latitude']:.6f}",
        "longitude": f"{place['longitude']:.6f}",
        "category": label(event["type"]),
        "associations": [each["id"] for each in _associations(event)],
        "sources": documents,
        "comments": _coding(event),
    }


def _coding(event: Item) -> str:
    """A machine's reading never passes for a person's."""
    if event["coded_by"] == CodedBy.HUMAN:
        return ""
    sure = "" if event["confidence"] is None else f", confidence {event['confidence']:.2f}"
    return f"Coded by {event['coded_by']}{sure}"


def _source(report: Item) -> Item:
    outlet, document = report["source"]["name"], report["document"]
    published = document["published"]["edtf"] if document["published"] else ""
    return {
        "id": str(document["id"]),
        "title": document["title"] or outlet,
        "type": "Report",
        "thumbnail": "",
        "paths": [document["url"]] if document["url"] else [],
        "affil_s": [outlet],
        "url": document["url"] or "",
        "description": ", ".join(filter(None, [outlet, published])),
        "parent": "",
        "author": outlet,
        "date": published,
    }


def _associations(event: Item) -> list[Item]:
    # Some versions know a category by its id, others by its title.
    kind = label(event["type"])
    found = [_association(kind, kind, "CATEGORY", "Type")]
    found += [_association(f"outlet:{each['slug']}", each["name"], "FILTER", "Outlet") for each in event["sources"]]
    if country := event["place"]["country"]:
        found.append(_association(f"country:{country}", country_name(country), "FILTER", "Country"))
    return found


def _association(ident: str, title: str, mode: str, branch: str) -> Item:
    # It writes a path in the tree with slashes between.
    return {"id": ident, "title": title, "desc": "", "mode": mode, "filter_paths": [branch, title.replace("/", "∕")]}
