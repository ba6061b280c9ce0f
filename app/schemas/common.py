"""Shapes and field types of several nouns."""

import datetime as dt
import re
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

import langcodes
import pycountry
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from app.core.dates import Day, parse_day
from app.core.errors import Invalid
from app.core.spans import SLUG, Digits, Span, Text, is_slug
from app.core.vocab import CodedBy, DateMatch

T = TypeVar("T")

# The largest id, that of a 64-bit column.
MAX_ID = 2**63 - 1


def _check_country(code: str) -> str:
    # XK is user-assigned; it is in common use for Kosovo.
    if code != "XK" and pycountry.countries.get(alpha_2=code) is None:
        raise ValueError("not an ISO 3166-1 alpha-2 country code")
    return code


def _check_language(tag: str) -> str:
    if not langcodes.tag_is_valid(tag):
        raise ValueError("not a valid BCP 47 language tag")
    return tag


def _check_slug(slug: str) -> str:
    if not is_slug(slug):
        raise ValueError("a slug may not be a number: numbers address records by id")
    return slug


Id = Annotated[int, Field(ge=1, le=MAX_ID), Digits]
Slug = Annotated[str, Field(pattern=SLUG, max_length=80, examples=["meduza"]), AfterValidator(_check_slug)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Title = Annotated[Text, Field(min_length=1, max_length=1000)]
Country = Annotated[
    str,
    Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code.", examples=["KP"]),
    AfterValidator(_check_country),
]
Language = Annotated[
    str, Field(max_length=40, description="BCP 47 language tag.", examples=["en"]), AfterValidator(_check_language)
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
Confidence = Annotated[float, Field(ge=0, le=1, description="Confidence of the coder, from 0 to 1.")]
SearchText = Annotated[
    Text, Field(min_length=1, max_length=500, description='Words, all of which must occur; "in quotes" as a phrase.')
]


def _check_not_empty(text: str) -> str:
    if not split_commas(text):
        raise ValueError("there is nothing between the commas")
    return text


CommaRefs = Annotated[Text, Field(min_length=1, max_length=500), AfterValidator(_check_not_empty)]


def split_commas(text: str | None) -> list[str]:
    """Split a filter in which a comma means OR into its parts."""
    return [part for part in (item.strip() for item in (text or "").split(",")) if part]


def build_list_pattern(vocabulary: type[StrEnum]) -> str:
    """Build the pattern of a filter with words of ``vocabulary``, separated by commas."""
    word = "|".join(vocabulary)
    return f"^({word})(,({word}))*$"


class Input(BaseModel):
    """A body; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class SpanIn(Input):
    """A place in the document's text: offsets, the words themselves, or both, which must then agree.

    Without offsets the words must occur once only; `prefix` and `suffix` select one of several places
    (a W3C TextQuoteSelector).
    """

    exact: Text | None = Field(default=None, min_length=1, max_length=100_000, description="The exact words.")
    start: int | None = Field(default=None, ge=0, le=MAX_ID, description="First code point.")
    end: int | None = Field(default=None, ge=1, le=MAX_ID, description="Code point after the last.")
    prefix: Text = Field(default="", max_length=1000, description="The words just before.")
    suffix: Text = Field(default="", max_length=1000, description="The words just after.")

    @classmethod
    def from_span(cls, span: Span | None) -> Self | None:
        """Build the body for a span, or None without one."""
        return None if span is None else cls(start=span.start, end=span.end)

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end go together")
        if self.start is None and self.exact is None:
            raise ValueError("give start and end, or exact, or all three")
        return self


class Coding(Input):
    """The coder of a record, and its confidence."""

    coded_by: CodedBy = Field(default=CodedBy.HUMAN, description="The coder: human, machine or import.")
    confidence: Confidence | None = None


def omittable_field() -> Any:
    """Define a field of an Update shape that may be absent, but not null; its default is never read."""
    return Field(default_factory=lambda: None)


class CodingUpdate(Input):
    coded_by: CodedBy = omittable_field()
    confidence: Confidence | None = None


class DatePublic(BaseModel):
    """A date with its uncertainty."""

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
    coded_by: CodedBy = Field(description="The coder of the record: human, machine or import.")
    confidence: float | None = Field(description="Confidence of the coder, from 0 to 1; null if unknown.")
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
    """The parameters of every list."""

    sort: str
    limit: Annotated[int, Field(ge=1, le=500, description="Items on a page."), Digits] = 50
    cursor: str | None = Field(default=None, max_length=1000, description="Start of the page, from a `next` link.")
    count: Literal["exact"] | None = Field(default=None, description="Also count all items, which costs a query.")


Ids = Annotated[
    str,
    Field(pattern="^[1-9][0-9]{0,18}(,[1-9][0-9]{0,18})*$", max_length=2000, description="Ids, comma for OR."),
]


class RecordParams(ListParams):
    """The parameters of every list of records."""

    id: Ids | None = None


_TIME = re.compile(
    "([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}):(?:[0-5][0-9]|60)(?:[.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_TIME_HELP = "write the moment as YYYY-MM-DDThh:mm:ssZ, or with an offset, in which an address needs %2B for +"


def _parse_day_or_time(text: str) -> dt.date:
    """Parse a day, or return the day in UTC of an RFC 3339 time."""
    match = _TIME.fullmatch(text)
    if match is None and "T" in text:
        raise ValueError(_TIME_HELP)
    if match is None:
        return parse_day(text)
    day, time, offset = match.groups()
    try:
        return dt.datetime.fromisoformat(f"{day}T{time}{offset.upper()}").astimezone(dt.UTC).date()
    except (ValueError, OverflowError):
        raise ValueError(f"the calendar has no {text}") from None


def _normalize_day_range(text: str) -> str:
    """Convert the times of OGC's `a/b` to days; one end may be open."""
    if "/" not in text:
        return str(_parse_day_or_time(text))
    first, _, last = text.partition("/")
    days = [".." if end in ("", "..") else str(_parse_day_or_time(end)) for end in (first, last)]
    if days == ["..", ".."]:
        raise ValueError("one end at least must be given")
    if ".." not in days and days != sorted(days):
        raise ValueError("the range ends before it begins")
    return "/".join(days)


def range_end_field(description: str, alias: str | None = None) -> Any:
    """Define a field that is one end of a range of days."""
    kinds: list[JsonValue] = [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "null"},
    ]
    return Field(default=None, alias=alias, description=description, json_schema_extra={"anyOf": kinds})


RangeEnd = Annotated[Day, BeforeValidator(lambda end: _parse_day_or_time(end) if isinstance(end, str) else end)]
"""One end of a range of days: a day, or an RFC 3339 time, of which the day in UTC counts."""

DayRange = Annotated[
    str,
    Field(
        max_length=80,
        description="A day or a range as OGC APIs write it: `2024-06-19`, `2024-06-18/2024-06-20`, `../2024-06-20` "
        "or `2024-06-18/..`, in days or moments; in place of all other dates.",
        examples=["2024-06-18/2024-06-20"],
    ),
    AfterValidator(_normalize_day_range),
]


class RangeParams(BaseModel):
    """A range of days with both ends in it; a moment stands for its day in UTC."""

    from_: RangeEnd | None = range_end_field("First day.", "from")
    to: RangeEnd | None = range_end_field("Last day.")
    datetime: DayRange | None = None

    @model_validator(mode="after")
    def _split_datetime(self) -> Self:
        """Replace `datetime`, another way to write `from` and `to`, by these."""
        if self.datetime is None:
            return self
        for name, alias in (("date", "date"), ("from_", "from"), ("to", "to")):
            if getattr(self, name, None) is not None:
                raise Invalid("datetime", f"give datetime or {alias}, not both")
        days = self.datetime.split("/")
        self.datetime = None
        self.model_fields_set.discard("datetime")
        self.from_, self.to = (None if end == ".." else parse_day(end) for end in (days[0], days[-1]))
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
