"""``/integrations/grafana/annotations``: events or statements as marks on a time axis."""

import datetime as dt
import html
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRoute
from app.core.vocab import Noun
from app.database.statements import ReadSession
from app.integrations.filters import EitherSelection
from app.integrations.grafana.shapes import AnnotationPublic
from app.integrations.reading import Item, answer, filters_of, first, given_by
from app.queries.lists import LISTS
from app.schemas.common import Digits

router = APIRouter(prefix="/integrations/grafana", tags=["integrations"], route_class=ReadRoute)

_EPOCH = dt.date(1970, 1, 1)
_DAY = 86_400_000


class AnnotationParams(EitherSelection):
    noun: Literal["events", "statements"] = Field(default="events", description="What to show.")
    limit: Annotated[int, Field(ge=1, le=500), Digits] = Field(
        default=100, description="Marks at most: those of the latest dates."
    )


@router.get("/annotations", response_model=list[AnnotationPublic], responses=describe_statuses(*READ_STATUSES))
async def list_annotations(read: ReadDep, params: Annotated[AnnotationParams, Query()]) -> Response:
    """Events or statements as marks on a time axis, the latest first; what has no date is left out."""
    noun = Noun(params.noun)
    filters = filters_of(LISTS[noun].filters, given_by(params, besides={"noun", "limit"}))

    async def marks(reads: ReadSession) -> list[Item]:
        return annotations(noun, await first(reads, noun, filters, params.limit))

    return await answer(read, marks)


def milliseconds(day: str) -> int:
    """The beginning of a day in UTC, since 1970."""
    return (dt.date.fromisoformat(day) - _EPOCH).days * _DAY


def annotations(noun: Noun, items: Sequence[Item]) -> list[Item]:
    """Those of the events or statements that have a date (``AnnotationPublic``)."""
    return list(_events(items) if noun is Noun.EVENTS else _statements(items))


def _events(items: Sequence[Item]) -> Iterator[Item]:
    for event in items:
        outlets = ", ".join(each["name"] for each in event["sources"])
        text = " ".join(filter(None, [event["summary"], f"Reported by {outlets}." if outlets else ""]))
        slugs = [each["slug"] for each in event["sources"]]
        yield _mark(event["date"], event["title"], text, [event["type"], event["place"]["country"], *slugs])


def _statements(items: Sequence[Item]) -> Iterator[Item]:
    for statement in items:
        date = statement["said"] or statement["document"]["published"]
        if date is None:
            continue
        speaker, outlet = statement["speaker"] or {"name": "Unknown", "slug": None}, statement["source"]
        text = f"“{statement['text']}” ({outlet['name']})"
        yield _mark(date, speaker["name"], text, [statement["kind"], speaker["slug"], outlet["slug"]])


def _mark(date: Item, title: str, text: str, tags: Sequence[str | None]) -> Item:
    return {
        "time": milliseconds(date["earliest"]),
        "timeEnd": milliseconds(date["latest"]) + _DAY - 1,
        "title": html.escape(title, quote=False),
        "text": html.escape(text, quote=False),
        "tags": [tag for tag in tags if tag],
    }
