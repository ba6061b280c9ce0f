import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field

from app.core.spans import Text
from app.core.vocab import SpeakerKind
from app.schemas.common import (
    Coding,
    CodingUpdate,
    CommaRefs,
    Country,
    Id,
    Input,
    Name,
    RecordParams,
    RecordPublic,
    Ref,
    Slug,
    SourceBrief,
    SpeakerBrief,
    WikidataId,
    build_list_pattern,
    omittable_field,
)
from app.schemas.source import Aliases, Countries

SpeakerKinds = Annotated[str, Field(pattern=build_list_pattern(SpeakerKind), description="Kinds, comma for OR.")]
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
    name: Name = omittable_field()
    slug: Slug = omittable_field()
    kind: SpeakerKind = omittable_field()
    title: Name | None = None
    country: Country | None = None
    wikidata_id: WikidataId | None = None
    source: Ref | None = None
    aliases: Aliases = omittable_field()


class SpeakerMerge(Input):
    """Other speakers to merge into this one."""

    refs: Annotated[list[Ref], Field(min_length=1, max_length=100)] = Field(
        alias="from", description="Slugs or ids of the speakers to merge.", examples=[["putin-2"]]
    )


class SpeakerSplit(Input):
    """Another speaker to split off from this one."""

    name: Name = Field(description="The other's name.", examples=["Kim Il Sung"])
    slug: Slug | None = Field(default=None, description="Made from the name when left out.")
    kind: SpeakerKind | None = Field(default=None, description="By default the kind of this speaker.")
    aliases: Annotated[list[Name], Field(max_length=100, description="Other names that move.")] = []
    statement_ids: Annotated[
        list[Id], Field(max_length=10_000, description="Ids of statements that the other made or relayed.")
    ] = []
    claim_ids: Annotated[
        list[Id], Field(max_length=10_000, description="Ids of claims to attribute to the other.")
    ] = []


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


class SpeakerRelay(BaseModel):
    """A voice through which statements of the speaker reached documents."""

    speaker: SpeakerBrief
    statement_count: int = Field(description="Statements that it relayed.")


class SpeakerOutlet(BaseModel):
    """Counts of a speaker's statements in one outlet."""

    source: SourceBrief
    statement_count: int = Field(description="Statements of the speaker that it prints.")
    direct_count: int = Field(description="Of these, those verbatim.")
    indirect_count: int = Field(description="Of these, those in paraphrase.")
    mixed_count: int = Field(description="Of these, those that are both in one.")
    relayed_count: int = Field(description="Of these, those relayed by others.")
    by_relay: list[SpeakerRelay] = Field(description="The relaying voices, the most statements first.")
    has_quotes: bool = Field(description="True if it prints the speaker's own words, and not only paraphrase.")
    only_relayed: bool = Field(description="True if others relayed all of its statements.")


class SpeakerMonth(BaseModel):
    """Statements of one month."""

    month: str | None = Field(
        description="Year and month of saying, or of publication where no date of saying is known; null where the date "
        "is of no one month, or unknown.",
        examples=["2024-06"],
    )
    statement_count: int = Field(description="Statements of that month.")


class SpeakerRecord(BaseModel):
    """Counts of a speaker's statements by outlet, relay and month."""

    by_source: list[SpeakerOutlet] = Field(description="By outlet, the most statements first.")
    by_relay: list[SpeakerRelay] = Field(description="By relaying voice, the most statements first.")
    by_month: list[SpeakerMonth] = Field(description="By month, in order.")
    first_said_on: dt.date | None = Field(
        description="First day on which a statement may have been said, of those with a date of saying."
    )
    last_said_on: dt.date | None = Field(description="Last day on which one of these may have been said.")
    utterance_count: int = Field(description="Utterances of this speaker.")


class SpeakerFull(SpeakerPublic):
    """A speaker with counts of its statements."""

    record: SpeakerRecord


class SpeakerFilter(RecordParams):
    q: Text | None = Field(default=None, min_length=1, max_length=200, description="Part of a name, taken literally.")
    kind: SpeakerKinds | None = None
    country: Countries | None = None
    sort: Annotated[str, Field(pattern="^-?(name|statements|id)$")] = Field(
        default="name", description="Order; `-` reverses."
    )
