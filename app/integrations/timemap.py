"""``/integrations/timemap``: the files of TimeMap (Forensic Architecture's, and Bellingcat's version of it).

Its events are our events with coordinates, its sources are the documents that report them, and its associations are
the filters of events. It expects numbers as text, and dates as month/day/year.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.web import cursors
from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRequest, ReadRoute
from app.api.web.requests import get_path, parse_query
from app.core.spans import Digits
from app.core.vocab import CodedBy, Noun
from app.database.reads import ReadSession
from app.integrations.labels import format_label, get_country_name
from app.integrations.lists import Item, answer_json, dump_filters, read_all, read_page, validate_filters
from app.queries.listing import PageRequest
from app.schemas.event import EventFilter, EventSelection
from app.schemas.report import ReportFilter

router = APIRouter(prefix="/integrations/timemap", tags=["integrations"], route_class=ReadRoute)

# Events whose documents are read in one statement.
_BATCH_SIZE = 100

# The bounding box of all events that have coordinates.
_WORLD = "-180,-90,180,90"


class TimeMapParams(EventSelection):
    """The parameters of the three files, which belong together if these are equal."""

    limit: Annotated[int, Field(ge=1, le=10_000), Digits] = Field(
        default=5000, description="Number of events at most, the latest ones. `Link` leads to the rest."
    )
    cursor: str | None = Field(default=None, max_length=1000, description="Start of the next page, from `Link`.")


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
    comments: str = Field(description="Coder of the event, unless it is a person.")


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
    date: str = Field(description="Date of publication, as EDTF text.")


class TimeMapAssociation(BaseModel):
    """A filter of events: a type, an outlet or a country."""

    id: str
    title: str
    desc: str = Field(description="Empty.")
    mode: str = Field(description="CATEGORY for types, FILTER for outlets and countries.")
    filter_paths: list[str] = Field(description="Path in the tree of filters.")


_DOCUMENTED = describe_statuses(*READ_STATUSES)


@router.get("/events.json", response_model=list[TimeMapEvent], responses=_DOCUMENTED)
async def list_timemap_events(read: ReadDep, params: Annotated[TimeMapParams, Query()]) -> Response:
    """List the events that have coordinates, the latest first."""

    async def build_events(reads: ReadSession, events: Sequence[Item]) -> list[Item]:
        documents: dict[int, list[str]] = {}
        for report in await _read_reports(reads, events):
            documents.setdefault(report["event"]["id"], []).append(str(report["document"]["id"]))
        return [_build_event(event, documents.get(event["id"], [])) for event in events]

    return await _answer(read, params, build_events)


@router.get("/sources.json", response_model=dict[str, TimeMapSource], responses=_DOCUMENTED)
async def list_timemap_sources(read: ReadDep, params: Annotated[TimeMapParams, Query()]) -> Response:
    """List the documents that report these events, by their ids."""

    async def build_sources(reads: ReadSession, events: Sequence[Item]) -> dict[str, Item]:
        reports = await _read_reports(reads, events)
        return {str(report["document"]["id"]): _build_source(report) for report in reports}

    return await _answer(read, params, build_sources)


@router.get("/associations.json", response_model=list[TimeMapAssociation], responses=_DOCUMENTED)
async def list_timemap_associations(read: ReadDep, params: Annotated[TimeMapParams, Query()]) -> Response:
    """List the types, outlets and countries of these events, to filter by."""

    async def build_associations(_reads: ReadSession, events: Sequence[Item]) -> list[Item]:
        associations = {item["id"]: item for event in events for item in _list_associations(event)}
        return sorted(associations.values(), key=lambda item: item["filter_paths"])

    return await _answer(read, params, build_associations)


async def _answer(
    read: ReadRequest, params: TimeMapParams, build_file: Callable[[ReadSession, Sequence[Item]], Awaitable[Any]]
) -> Response:
    values = {"bbox": _WORLD} | dump_filters(params, exclude={"limit", "cursor"})
    filters = validate_filters(EventFilter, values)
    after = None if params.cursor is None else cursors.decode(params.cursor, path=router.prefix, filters=params)
    part = PageRequest(filters.sort, params.limit, after)
    links = {}

    async def read_file(reads: ReadSession) -> Any:
        page = await read_page(reads, Noun.EVENTS, filters, part)
        if page.last is not None:
            cursor = cursors.encode(page.last, path=router.prefix, filters=params)
            query = urlencode(parse_query(read.request) | {"cursor": cursor})
            links["Link"] = f'<{get_path(read.request)}?{query}>; rel="next"'
        return await build_file(reads, page.items)

    response = await answer_json(read, read_file)
    response.headers.update(links)
    return response


async def _read_reports(reads: ReadSession, events: Sequence[Item]) -> list[Item]:
    reports: list[Item] = []
    for start in range(0, len(events), _BATCH_SIZE):
        ids = ",".join(str(event["id"]) for event in events[start : start + _BATCH_SIZE])
        reports += await read_all(reads, Noun.REPORTS, ReportFilter().model_copy(update={"event": ids}))
    return reports


def _build_event(event: Item, documents: Sequence[str]) -> Item:
    place = event["place"]
    return {
        "id": str(event["id"]),
        "description": "\n\n".join(filter(None, [event["title"], event["summary"]])),
        "date": dt.date.fromisoformat(event["date"]["earliest"]).strftime("%m/%d/%Y"),
        "time": "",
        "time_display": event["date"]["edtf"],
        "location": place["name"] or (get_country_name(place["country"]) if place["country"] else ""),
        "latitude": f"{place['latitude']:.6f}",
        "longitude": f"{place['longitude']:.6f}",
        "category": format_label(event["type"]),
        "associations": [association["id"] for association in _list_associations(event)],
        "sources": documents,
        "comments": _describe_coding(event),
    }


def _describe_coding(event: Item) -> str:
    """Name the coder, unless it was a person: a machine's extraction must be recognizable."""
    if event["coded_by"] == CodedBy.HUMAN:
        return ""
    confidence = "" if event["confidence"] is None else f", confidence {event['confidence']:.2f}"
    return f"Coded by {event['coded_by']}{confidence}"


def _build_source(report: Item) -> Item:
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


def _list_associations(event: Item) -> list[Item]:
    # Some versions of TimeMap look a category up by its id, others by its title.
    kind = format_label(event["type"])
    associations = [_build_association(kind, kind, "CATEGORY", "Type")]
    for source in event["sources"]:
        associations.append(_build_association(f"outlet:{source['slug']}", source["name"], "FILTER", "Outlet"))
    if country := event["place"]["country"]:
        associations.append(_build_association(f"country:{country}", get_country_name(country), "FILTER", "Country"))
    return associations


def _build_association(ident: str, title: str, mode: str, branch: str) -> Item:
    # TimeMap joins a path in the tree with slashes.
    return {"id": ident, "title": title, "desc": "", "mode": mode, "filter_paths": [branch, title.replace("/", "∕")]}
