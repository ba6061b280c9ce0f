from typing import Annotated

from pydantic import Field

from app.schemas.common import (
    Coding,
    CodingUpdate,
    CommaRefs,
    Country,
    Id,
    Input,
    ListParams,
    Name,
    RecordPublic,
    Ref,
    Slug,
    SourceBrief,
    WikidataId,
    may_be_left_out,
    words,
)
from app.schemas.source import Aliases, Countries
from app.spans import Text
from app.vocab import SpeakerKind

SpeakerKinds = Annotated[str, Field(pattern=words(SpeakerKind), description="Kinds, comma for OR.")]
Speakers = Annotated[
    CommaRefs,
    Field(description="Speakers by slug, id or any of their names, comma for OR.", examples=["putin"]),
]


class SpeakerCreate(Coding):
    """A voice: a person, an organization, a document such as a treaty, or somebody unnamed."""

    name: Name = Field(examples=["Vladimir Putin"])
    slug: Slug | None = Field(default=None, description="Made from the name when left out.")
    kind: SpeakerKind
    title: Name | None = Field(default=None, description="Office or role.", examples=["President of Russia"])
    country: Country | None = None
    wikidata_id: WikidataId | None = None
    source: Ref | None = Field(default=None, description="The source that this voice is, as with TASS or KCNA.")
    aliases: Aliases = []


class SpeakerUpdate(CodingUpdate):
    name: Name = may_be_left_out()
    slug: Slug = may_be_left_out()
    kind: SpeakerKind = may_be_left_out()
    title: Name | None = None
    country: Country | None = None
    wikidata_id: WikidataId | None = None
    source: Ref | None = None
    aliases: Aliases = may_be_left_out()


class SpeakerMerge(Input):
    """Other speakers that turn out to be this one."""

    others: Annotated[list[Ref], Field(min_length=1, max_length=100)] = Field(
        alias="from", description="Slugs or ids of those who are to be merged into it.", examples=[["putin-2"]]
    )


class SpeakerSplit(Input):
    """Another speaker, who was taken for this one."""

    name: Name = Field(description="The other's name.", examples=["Kim Il Sung"])
    slug: Slug | None = Field(default=None, description="Made from the name when left out.")
    kind: SpeakerKind | None = Field(default=None, description="That of the speaker when left out.")
    aliases: Annotated[list[Name], Field(max_length=100, description="Other names of the speaker that go over.")] = []
    statements: Annotated[
        list[Id], Field(max_length=10_000, description="Ids of statements that the other made or relayed.")
    ] = []
    claims: Annotated[list[Id], Field(max_length=10_000, description="Ids of claims to attribute to the other.")] = []


class SpeakerPublic(RecordPublic):
    slug: str
    name: str
    kind: SpeakerKind
    title: str | None = Field(description="Office or role.")
    country: str | None = Field(description="ISO 3166-1 alpha-2 code.")
    wikidata_id: str | None = Field(description="Wikidata item.")
    source: SourceBrief | None = Field(description="The source that this voice is, as with TASS or KCNA.")
    aliases: list[str] = Field(description="Other names.")
    statement_count: int = Field(description="Statements attributed to this speaker.")
    relayed_count: int = Field(description="Statements of others that reached a document through this speaker.")


class SpeakerFilter(ListParams):
    q: Text | None = Field(default=None, min_length=1, max_length=200, description="Part of a name, taken literally.")
    kind: SpeakerKinds | None = None
    country: Countries | None = None
    sort: Annotated[str, Field(pattern="^-?(name|statements)$")] = Field(
        default="name", description="Order; `-` reverses."
    )
