"""Shapes and field types that several nouns share."""

import datetime as dt
import re
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

import langcodes
import pycountry
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from app.core.dates import Day, parse_day
from app.core.errors import Invalid
from app.core.spans import SLUG, Span, Text, is_slug
from app.core.vocab import CodedBy, DateMatch

T = TypeVar("T")

# What an id's column holds.
MAX_ID = 2**63 - 1


def _country(code: str) -> str:
    # XK is user-assigned, and what everybody uses for Kosovo.
    if code != "XK" and pycountry.countries.get(alpha_2=code) is None:
        raise ValueError("not an ISO 3166-1 alpha-2 country code")
    return code


def _language(tag: str) -> str:
    if not langcodes.tag_is_valid(tag):
        raise ValueError("not a valid BCP 47 language tag")
    return tag


def _slug(slug: str) -> str:
    if not is_slug(slug):
        raise ValueError("a slug may not be a number: numbers address records by id")
    return slug


def _digits(value: object) -> object:
    # Pydantic by itself also reads 01, +1, 1.0 and 1_0 as integers: many addresses for one record.
    if isinstance(value, str) and not re.fullmatch("-?(0|[1-9][0-9]*)", value):
        raise ValueError("write a whole number in digits")
    return value


Digits = BeforeValidator(_digits)
Id = Annotated[int, Field(ge=1, le=MAX_ID), Digits]
Slug = Annotated[str, Field(pattern=SLUG, max_length=80, examples=["meduza"]), AfterValidator(_slug)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Title = Annotated[Text, Field(min_length=1, max_length=1000)]
Country = Annotated[
    str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code.", examples=["KP"]), AfterValidator(_country)
]
Language = Annotated[
    str, Field(max_length=40, description="BCP 47 language tag.", examples=["en"]), AfterValidator(_language)
]
WikidataId = Annotated[str, Field(pattern="^Q[1-9][0-9]{0,11}$", description="Wikidata item.", examples=["Q7747"])]
ExternalId = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_-]{0,31}:[!-~]{1,200}$",
        description="The record's name elsewhere: a prefix, a colon, a key without spaces.",
        examples=["gdelt:1160434563"],
    ),
]
Ref = Annotated[Id | Slug, Field(description="Id or slug.")]
Confidence = Annotated[float, Field(ge=0, le=1, description="How sure the coder was, from 0 to 1.")]
SearchText = Annotated[
    Text, Field(min_length=1, max_length=500, description='Words, all of which must occur; "in quotes" as a phrase.')
]


def _named(text: str) -> str:
    if not split_commas(text):
        raise ValueError("there is nothing between the commas")
    return text


CommaRefs = Annotated[Text, Field(min_length=1, max_length=500), AfterValidator(_named)]


def split_commas(text: str | None) -> list[str]:
    """The parts of a filter in which a comma means OR."""
    return [part for part in (piece.strip() for piece in (text or "").split(",")) if part]


def build_list_pattern(vocabulary: type[StrEnum]) -> str:
    """The pattern of a filter that takes words of ``vocabulary``, with commas between them."""
    word = "|".join(vocabulary)
    return f"^({word})(,({word}))*$"


class Input(BaseModel):
    """A body: nothing in it is ignored."""

    model_config = ConfigDict(extra="forbid")


class SpanIn(Input):
    """Where words stand in the document: by offsets, by the words themselves, or both, which must then agree.

    Without offsets the words must stand at one place only; `prefix` and `suffix` say which
    (a W3C TextQuoteSelector).
    """

    exact: Text | None = Field(default=None, min_length=1, max_length=100_000, description="The words as they stand.")
    start: int | None = Field(default=None, ge=0, le=MAX_ID, description="First code point.")
    end: int | None = Field(default=None, ge=1, le=MAX_ID, description="Code point after the last.")
    prefix: Text = Field(default="", max_length=1000, description="The words just before.")
    suffix: Text = Field(default="", max_length=1000, description="The words just after.")

    @classmethod
    def at(cls, span: Span | None) -> Self | None:
        """The same place as a body names it."""
        return None if span is None else cls(start=span.start, end=span.end)

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end go together")
        if self.start is None and self.exact is None:
            raise ValueError("give start and end, or exact, or all three")
        return self


class Coding(Input):
    """Whose reading a record is."""

    coded_by: CodedBy = Field(default=CodedBy.HUMAN, description="Who read this: human, machine or import.")
    confidence: Confidence | None = None


def omittable_field() -> Any:
    """For a field of an Update shape that may be absent, but not null; the default is never read."""
    return Field(default_factory=lambda: None)


class CodingUpdate(Input):
    coded_by: CodedBy = omittable_field()
    confidence: Confidence | None = None


class DatePublic(BaseModel):
    """A date as it is known."""

    edtf: str = Field(description="EDTF text (ISO 8601-2).", examples=["2024-06"])
    earliest: dt.date = Field(description="First day that the text allows.")
    latest: dt.date = Field(description="Last day that the text allows.")


class SpanPublic(BaseModel):
    """Words in a document, as a W3C TextQuoteSelector and TextPositionSelector in one.

    Offsets are Unicode code points in the document's text, half-open.
    """

    exact: str = Field(description="The words.")
    prefix: str = Field(description="Up to 32 code points before them.")
    suffix: str = Field(description="Up to 32 code points after them.")
    start: int = Field(description="First code point.")
    end: int = Field(description="Code point after the last.")


class RecordPublic(BaseModel):
    id: int
    coded_by: CodedBy = Field(description="Whose reading this record is: human, machine or import.")
    confidence: float | None = Field(description="How sure the coder was, from 0 to 1, where that is known.")
    revision: int = Field(description="The revision that last changed this record.")


class SourceBrief(BaseModel):
    """The outlet or agency."""

    id: int
    slug: str
    name: str


class SpeakerBrief(BaseModel):
    """The voice."""

    id: int
    slug: str
    name: str
    kind: str = Field(description="person, organization, document or unnamed.")
    title: str | None = Field(description="Office or role, such as President of Russia.")


class DocumentBrief(BaseModel):
    """The document."""

    id: int
    title: str | None = Field(description="Headline as printed, where the document has one.")
    url: str | None
    published: DatePublic | None


class EventBrief(BaseModel):
    """The event."""

    id: int
    title: str
    date: DatePublic


Cell = str | int | float | bool | None


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T] | list[dict[str, Cell]] = Field(description="The items; with `flat=true` rows without nesting.")
    count: int | None = Field(default=None, description="Number of all items, only with `count=exact`.")
    next: str | None = Field(description="Address of the next page; null on the last.")
    self: str = Field(description="Address of this page.")


class FormatParams(BaseModel):
    format: Annotated[str, Field(max_length=30)] | None = Field(
        default=None,
        description="Representation, such as `csv` or `atom`; otherwise `Accept` decides. All but `json` and the feeds "
        "(`atom`, `jsonfeed`) stream the whole list.",
    )
    flat: bool = Field(default=False, description="Rows without nesting, for dashboards and spreadsheets.")
    bom: bool = Field(default=False, description="Begin CSV with the mark by which Excel knows UTF-8.")


class ListParams(FormatParams):
    """What every list takes."""

    sort: str
    limit: Annotated[int, Field(ge=1, le=500, description="Items on a page."), Digits] = 50
    cursor: str | None = Field(default=None, max_length=1000, description="Where the page begins: from a `next` link.")
    count: Literal["exact"] | None = Field(default=None, description="Also count all items, which costs a query.")


Ids = Annotated[
    str,
    Field(pattern="^[1-9][0-9]{0,18}(,[1-9][0-9]{0,18})*$", max_length=2000, description="Ids, comma for OR."),
]


class RecordParams(ListParams):
    """What every list of records takes, besides."""

    id: Ids | None = None


_MOMENT = re.compile(
    "([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}):(?:[0-5][0-9]|60)(?:[.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_MOMENT_HELP = "write the moment as YYYY-MM-DDThh:mm:ssZ, or with an offset, in which an address needs %2B for +"


def _day_of(text: str) -> dt.date:
    """A day, or the day in UTC on which an RFC 3339 moment falls."""
    moment = _MOMENT.fullmatch(text)
    if moment is None and "T" in text:
        raise ValueError(_MOMENT_HELP)
    if moment is None:
        return parse_day(text)
    day, time, offset = moment.groups()
    try:
        return dt.datetime.fromisoformat(f"{day}T{time}{offset.upper()}").astimezone(dt.UTC).date()
    except (ValueError, OverflowError):
        raise ValueError(f"the calendar has no {text}") from None


def _bound(value: object) -> object:
    return _day_of(value) if isinstance(value, str) else value


def _span_of_days(text: str) -> str:
    """OGC's `a/b`, in days: one end may be open."""
    if "/" not in text:
        return str(_day_of(text))
    first, _, last = text.partition("/")
    days = [".." if each in ("", "..") else str(_day_of(each)) for each in (first, last)]
    if days == ["..", ".."]:
        raise ValueError("one end at least must be given")
    if ".." not in days and days != sorted(days):
        raise ValueError("the range ends before it begins")
    return "/".join(days)


def range_end_field(description: str, alias: str | None = None) -> Any:
    """For a field that is one end of a range of days."""
    kinds: list[JsonValue] = [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "null"},
    ]
    return Field(default=None, alias=alias, description=description, json_schema_extra={"anyOf": kinds})


RangeEnd = Annotated[Day, BeforeValidator(_bound)]
"""One end of a range of days: a day, or a moment (RFC 3339) that stands for its day in UTC."""

SpanOfDays = Annotated[
    str,
    Field(
        max_length=80,
        description="A day or a range as OGC APIs write it: `2024-06-19`, `2024-06-18/2024-06-20`, `../2024-06-20` "
        "or `2024-06-18/..`, in days or moments; in place of all other dates.",
        examples=["2024-06-18/2024-06-20"],
    ),
    AfterValidator(_span_of_days),
]


class RangeParams(BaseModel):
    """A range of days with both ends in it; a moment stands for its day in UTC."""

    from_: RangeEnd | None = range_end_field("First day.", "from")
    to: RangeEnd | None = range_end_field("Last day.")
    datetime: SpanOfDays | None = None

    @model_validator(mode="after")
    def _as_from_and_to(self) -> Self:
        """`datetime` is another way to write `from` and `to`, and is kept as these."""
        if self.datetime is None:
            return self
        for name, alias in (("date", "date"), ("from_", "from"), ("to", "to")):
            if getattr(self, name, None) is not None:
                raise Invalid("datetime", f"give datetime or {alias}, not both")
        days = self.datetime.split("/")
        self.datetime = None
        self.model_fields_set.discard("datetime")
        self.from_, self.to = (None if each == ".." else parse_day(each) for each in (days[0], days[-1]))
        return self


class DateParams(RangeParams):
    """A day, or a range of days with both ends in it."""

    date: Day | None = Field(default=None, description="A day, as YYYY-MM-DD.")
    from_: RangeEnd | None = range_end_field("First day of a range.", "from")
    to: RangeEnd | None = range_end_field("Last day of a range.")
    date_match: DateMatch = Field(
        default=DateMatch.CERTAIN,
        description="`certain`: what surely falls in the range; `possible`: also what might, such as a whole month.",
    )
