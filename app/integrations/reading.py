"""What tools that have no use for pages are answered from: the lists of the nouns, read at once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import orjson
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from app.api.web.reads import ReadRequest
from app.core.errors import Invalid
from app.core.vocab import Noun
from app.database.read_pool import ThreadReadSession
from app.database.statements import ReadSession
from app.queries.listing import Page, PageRequest
from app.queries.lists import LISTS
from app.schemas.common import ListParams, RecordParams

Item = dict[str, Any]
F = TypeVar("F", bound=ListParams)

# Items that are read in one statement where all are wanted.
_AT_ONCE = 2000

Work = Callable[[ThreadReadSession], Awaitable[Any]]


async def answer(read: ReadRequest, work: Work) -> Response:
    """What ``work`` reads, as JSON; it is not done where the client has its result already."""

    async def told(reads: ThreadReadSession) -> bytes:
        read.set_etag(await reads.fetch_state())
        return orjson.dumps(await work(reads))

    return Response(await read.run_in_snapshot(told), media_type="application/json")


def filters_of(shape: type[F], given: Mapping[str, Any], at: Sequence[str | int] = ("query",)) -> F:
    """These values as the filters of a list.

    Raises Invalid for one that the list does not have, RequestValidationError for one that is malformed: both name
    the place, ``at`` and then the filter.
    """
    known = {field.alias or name for name, field in shape.model_fields.items()} - set(ListParams.model_fields)
    for name in given:
        if name not in known:
            raise Invalid([*at[1:], name], f"there is no such filter here; those there are: {', '.join(sorted(known))}")
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        errors = [{**each, "loc": (*at, *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(errors) from None


def given_by(params: BaseModel, *, besides: set[str]) -> Item:
    """The filters that a query gives, by their names in it."""
    return params.model_dump(by_alias=True, exclude_unset=True, exclude_none=True, exclude=besides)


async def rows(reads: ReadSession, noun: Noun, filters: RecordParams, part: PageRequest) -> Page:
    """The items of this part of a noun's list, as they are shown there."""
    found = await LISTS[noun].find(reads, filters)
    page = await found.page(reads, part)
    return Page([orjson.loads(item) for item in page.items], page.last)


async def first(reads: ReadSession, noun: Noun, filters: RecordParams, most: int) -> Sequence[Item]:
    """At most so many items of a noun's list, in its own order."""
    return (await rows(reads, noun, filters, PageRequest(filters.sort, most))).items


async def every(reads: ReadSession, noun: Noun, filters: RecordParams) -> Sequence[Item]:
    """All items of a noun's list."""
    items: list[Item] = []
    part = PageRequest(filters.sort, _AT_ONCE)
    while True:
        page = await rows(reads, noun, filters, part)
        items += page.items
        if page.last is None:
            return items
        part = replace(part, after=page.last)
