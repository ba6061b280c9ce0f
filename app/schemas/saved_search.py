import datetime as dt
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from app.core.spans import Text
from app.core.vocab import Noun
from app.schemas.common import Input, ListParams, Name, Slug, build_list_pattern, omittable_field

Query = Annotated[
    Text,
    Field(
        max_length=4000,
        description="The filters as in the list's address.",
        examples=["kind=direct&speaker=putin"],
    ),
]


def _to_query_value(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


Value = Annotated[Text, BeforeValidator(_to_query_value), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Filters = Annotated[
    dict[Text, Value],
    Field(description="The same by name, in place of `query`.", examples=[{"speaker": "putin", "kind": "direct"}]),
]


class SavedSearchCreate(Input):
    """Filters of a noun's list, under a name."""

    name: Name
    slug: Slug | None = Field(default=None, description="Its address; made from the name when left out.")
    noun: Noun = Field(description="The list that it searches.")
    query: Query | None = None
    filters: Filters | None = None


class SavedSearchUpdate(Input):
    name: Name = omittable_field()
    slug: Slug = omittable_field()
    noun: Noun = omittable_field()
    query: Query | None = None
    filters: Filters | None = None


class SavedSearchPublic(BaseModel):
    """A saved search with the addresses of its results."""

    id: int
    slug: str
    name: str
    noun: Noun
    query: str = Field(description="The filters as in the list's address, by name.")
    items_url: str = Field(description="Address of its results.")
    feed_url: str = Field(description="Address of its results as an Atom feed.")
    stream_url: str = Field(description="Address of its changes as they happen (server-sent events).")
    created_at: dt.datetime = Field(description="Moment of saving, in UTC.")


class SavedSearchFilter(ListParams):
    noun: Annotated[str, Field(pattern=build_list_pattern(Noun), description="Nouns, comma for OR.")] | None = None
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="id", description="Order; `-` reverses.")


# Parameters of a list that do not filter it.
SHOWING = frozenset(ListParams.model_fields) - {"sort"}


class SavedSearchItems(ListParams):
    """The parameters of the searched list, except for its filters."""

    sort: Annotated[str, Field(max_length=30)] | None = Field(  # type: ignore[assignment]
        default=None, description="Order, of those that the list has; `-` reverses."
    )
