"""The lists of the nouns, read as a whole, for tools that do not follow pages."""

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
from app.database.reads import ReadSession, ThreadReadSession
from app.queries.listing import Page, PageRequest
from app.queries.lists import LISTS
from app.schemas.common import ListParams, RecordParams

Item = dict[str, Any]
F = TypeVar("F", bound=ListParams)

# Items of one statement, when a whole list is read.
_PAGE_SIZE = 2000

Work = Callable[[ThreadReadSession], Awaitable[Any]]


async def answer_json(read: ReadRequest, work: Work) -> Response:
    """Answer with the JSON of what ``work`` reads; skip it if the client's ETag matches."""

    async def build_body(reads: ThreadReadSession) -> bytes:
        read.set_etag(await reads.fetch_state())
        return orjson.dumps(await work(reads))

    return Response(await read.run_in_snapshot(build_body), media_type="application/json")


def validate_filters(shape: type[F], values: Mapping[str, Any], at: Sequence[str | int] = ("query",)) -> F:
    """Return these values as the filters of a list.

    Raise Invalid for a filter that the list does not have, RequestValidationError for a malformed value. Both name
    the place: ``at``, followed by the filter.
    """
    names = {field.alias or name for name, field in shape.model_fields.items()} - set(ListParams.model_fields)
    for name in values:
        if name not in names:
            raise Invalid([*at[1:], name], f"there is no such filter here; those there are: {', '.join(sorted(names))}")
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        errors = [{**problem, "loc": (*at, *problem["loc"])} for problem in error.errors(include_url=False)]
        raise RequestValidationError(errors) from None


def dump_filters(params: BaseModel, *, exclude: set[str]) -> Item:
    """Return the parameters that a query sets, by their names in the query."""
    return params.model_dump(by_alias=True, exclude_unset=True, exclude_none=True, exclude=exclude)


async def read_page(reads: ReadSession, noun: Noun, filters: RecordParams, part: PageRequest) -> Page:
    """Read a page of a noun's list."""
    listing = await LISTS[noun].get_listing(reads, filters)
    page = await listing.page(reads, part)
    return Page([orjson.loads(item) for item in page.items], page.last)


async def read_first(reads: ReadSession, noun: Noun, filters: RecordParams, limit: int) -> Sequence[Item]:
    """Read the first items of a noun's list, in its default order."""
    return (await read_page(reads, noun, filters, PageRequest(filters.sort, limit))).items


async def read_all(reads: ReadSession, noun: Noun, filters: RecordParams) -> Sequence[Item]:
    """Read all items of a noun's list."""
    items: list[Item] = []
    part = PageRequest(filters.sort, _PAGE_SIZE)
    while True:
        page = await read_page(reads, noun, filters, part)
        items += page.items
        if page.last is None:
            return items
        part = replace(part, after=page.last)
