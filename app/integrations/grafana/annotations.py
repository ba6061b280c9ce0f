"""``/integrations/grafana/annotations``: events or statements as marks on a time axis."""

import datetime as dt
import html
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.api.web.problems import READ_STATUSES, describe_statuses
from app.api.web.reads import ReadDep, ReadRoute
from app.core.spans import Digits
from app.core.vocab import Noun
from app.database.reads import ReadSession
from app.integrations.grafana.shapes import AnnotationPublic
from app.integrations.lists import Item, answer_json, dump_filters, read_first, validate_filters
from app.queries.lists import LISTS
from app.schemas.common import CommaRefs
from app.schemas.event import EventSelection
from app.schemas.speaker import Speakers
from app.schemas.statement import Coders, MinConfidence, StatementKinds

router = APIRouter(prefix="/integrations/grafana", tags=["integrations"], route_class=ReadRoute)

_EPOCH = dt.date(1970, 1, 1)
_DAY = 86_400_000


class EitherSelection(EventSelection):
    """The filters of ``/events``, and those that ``/statements`` has besides."""

    via: Speakers | None = Field(default=None, description="Speakers that relayed a statement, comma for OR.")
    event: CommaRefs | None = Field(default=None, description="Events of a statement by id, comma for OR.")
    utterance: CommaRefs | None = Field(default=None, description="Utterances of a statement by id, comma for OR.")
    kind: StatementKinds | None = Field(default=None, description="Kinds of statements, comma for OR.")
    coded_by: Coders | None = Field(default=None, description="Coders of statements, comma for OR.")
    min_confidence: MinConfidence | None = Field(
        default=None, description="No statement that its coder was less sure of; those without a confidence stay."
    )


class AnnotationParams(EitherSelection):
    noun: Literal["events", "statements"] = Field(default="events", description="The noun of the records.")
    limit: Annotated[int, Field(ge=1, le=500), Digits] = Field(
        default=100, description="Marks at most: those of the latest dates."
    )


@router.get("/annotations", response_model=list[AnnotationPublic], responses=describe_statuses(*READ_STATUSES))
async def list_annotations(read: ReadDep, params: Annotated[AnnotationParams, Query()]) -> Response:
    """Events or statements as marks on a time axis, the latest first; what has no date is left out."""
    noun = Noun(params.noun)
    filters = validate_filters(LISTS[noun].filters, dump_filters(params, exclude={"noun", "limit"}))

    async def read_annotations(reads: ReadSession) -> list[Item]:
        return build_annotations(noun, await read_first(reads, noun, filters, params.limit))

    return await answer_json(read, read_annotations)


def get_milliseconds(day: str) -> int:
    """Return the milliseconds from 1970 to the beginning of a day in UTC."""
    return (dt.date.fromisoformat(day) - _EPOCH).days * _DAY


def build_annotations(noun: Noun, items: Sequence[Item]) -> list[Item]:
    """Build an ``AnnotationPublic`` for each event or statement that has a date."""
    return list(_annotate_events(items) if noun is Noun.EVENTS else _annotate_statements(items))


def _annotate_events(items: Sequence[Item]) -> Iterator[Item]:
    for event in items:
        outlets = ", ".join(source["name"] for source in event["sources"])
        text = " ".join(filter(None, [event["summary"], f"Reported by {outlets}." if outlets else ""]))
        slugs = [source["slug"] for source in event["sources"]]
        yield _build_annotation(event["date"], event["title"], text, [event["type"], event["place"]["country"], *slugs])


def _annotate_statements(items: Sequence[Item]) -> Iterator[Item]:
    for statement in items:
        date = statement["said"] or statement["document"]["published"]
        if date is None:
            continue
        speaker, outlet = statement["speaker"] or {"name": "Unknown", "slug": None}, statement["source"]
        text = f"“{statement['text']}” ({outlet['name']})"
        yield _build_annotation(date, speaker["name"], text, [statement["kind"], speaker["slug"], outlet["slug"]])


def _build_annotation(date: Item, title: str, text: str, tags: Sequence[str | None]) -> Item:
    return {
        "time": get_milliseconds(date["earliest"]),
        "timeEnd": get_milliseconds(date["latest"]) + _DAY - 1,
        "title": html.escape(title, quote=False),
        "text": html.escape(text, quote=False),
        "tags": [tag for tag in tags if tag],
    }
