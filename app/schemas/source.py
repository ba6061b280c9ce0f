from typing import Annotated

from pydantic import Field

from app.core.spans import Text
from app.core.urls import HttpUrl
from app.core.vocab import SourceKind
from app.schemas.common import (
    Coding,
    CodingUpdate,
    CommaRefs,
    Country,
    Language,
    Name,
    RecordParams,
    RecordPublic,
    Slug,
    WikidataId,
    build_list_pattern,
    omittable_field,
)

Aliases = Annotated[list[Name], Field(max_length=100, description="Other names; for a source also its domains.")]

Homepage = Annotated[HttpUrl, Field(description="Address of its front page.")]
SourceKinds = Annotated[str, Field(pattern=build_list_pattern(SourceKind), description="Kinds, comma for OR.")]
Countries = Annotated[
    str,
    Field(
        pattern="^[A-Z]{2}(,[A-Z]{2})*$",
        max_length=500,
        description="ISO 3166-1 alpha-2 codes, comma for OR.",
        examples=["US,IN"],
    ),
]
Sources = Annotated[CommaRefs, Field(description="Sources by slug, id or name, comma for OR.", examples=["meduza"])]


class SourceCreate(Coding):
    """An outlet or agency that publishes."""

    name: Name = Field(examples=["Meduza"])
    slug: Slug | None = Field(default=None, description="Made from the name when left out.")
    kind: SourceKind
    country: Country | None = None
    language: Language | None = None
    homepage: Homepage | None = None
    state_affiliated: bool | None = Field(default=None, description="Owned or run by a state, where that is known.")
    wikidata_id: WikidataId | None = None
    aliases: Aliases = []


class SourceUpdate(CodingUpdate):
    name: Name = omittable_field()
    slug: Slug = omittable_field()
    kind: SourceKind = omittable_field()
    country: Country | None = None
    language: Language | None = None
    homepage: Homepage | None = None
    state_affiliated: bool | None = Field(default=None, description="Owned or run by a state, where that is known.")
    wikidata_id: WikidataId | None = None
    aliases: Aliases = omittable_field()


class SourcePublic(RecordPublic):
    slug: str
    name: str
    kind: SourceKind
    country: str | None = Field(description="ISO 3166-1 alpha-2 code.")
    language: str | None = Field(description="BCP 47 language tag.")
    homepage: str | None = Field(description="Address of its front page.")
    state_affiliated: bool | None = Field(description="Owned or run by a state, where that is known.")
    wikidata_id: str | None = Field(description="Wikidata item.")
    aliases: list[str] = Field(description="Other names and domains.")
    document_count: int = Field(description="Documents of this source in the store.")


class SourceFilter(RecordParams):
    q: Text | None = Field(default=None, min_length=1, max_length=200, description="Part of a name, taken literally.")
    kind: SourceKinds | None = None
    country: Countries | None = None
    sort: Annotated[str, Field(pattern="^-?(name|documents|id)$")] = Field(
        default="name", description="Order; `-` reverses."
    )
