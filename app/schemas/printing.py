"""Comparisons of the printings of an utterance; a file of its own, since statements import ``utterance.py``."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.spans import Digits
from app.core.vocab import WordEdit
from app.schemas.common import CommaRefs, DateParams, Id, ListParams, RecordParams, SearchText, build_list_pattern
from app.schemas.source import Sources
from app.schemas.speaker import Speakers
from app.schemas.statement import Coders, StatementPublic
from app.schemas.utterance import UtterancePublic

WordEdits = Annotated[
    str, Field(pattern=build_list_pattern(WordEdit), description="What became of the words, comma for OR.")
]


class Difference(BaseModel):
    """What became of a stretch of the base in another printing. Offsets are code points of each printing's own text."""

    op: WordEdit = Field(
        description="`equal`, `insert`, `delete`, `replace`; `cut` is what an excerpt leaves out before and after it."
    )
    trivial: bool = Field(description="Whether nothing but case, punctuation, quotation marks or spaces differ.")
    base_start: int = Field(description="First code point in the base.")
    base_end: int = Field(description="Code point after the last in the base.")
    base_words: str = Field(description="What the base has there.")
    start: int = Field(description="First code point in this printing.")
    end: int = Field(description="Code point after the last in this printing.")
    words: str = Field(description="What this printing has there.")


class Cut(BaseModel):
    """Words of the base that a printing leaves out."""

    start: int = Field(description="First code point in the base.")
    end: int = Field(description="Code point after the last in the base.")
    words: str = Field(description="What the base has there.")


class Printing(StatementPublic):
    """A statement that prints an utterance, and how its words differ from those of the fullest printing, the base."""

    published_at: dt.datetime | None = Field(
        description="When its document was published, in UTC, where that is known."
    )
    is_first: bool = Field(description="Whether, as far as dates tell, no other was published before it.")
    is_fullest: bool = Field(description="Whether it is the base.")
    likeness: float | None = Field(
        description="How many of the words agree that are not cut, from 0 to 1; null where they are not compared."
    )
    differences: list[Difference] | None = Field(
        description="All of its text against all of the base's, in order; null where they are not compared."
    )
    cuts: list[Cut] | None = Field(description="What it leaves out of the base; null where they are not compared.")
    not_compared: Literal["language", "length"] | None = Field(
        description="Why not: it is in another language than the base, or too long."
    )


class UtteranceFull(UtterancePublic):
    """An utterance with its printings side by side."""

    first_statement_ids: list[int] = Field(
        description="Ids of the statements that printed it first; several where dates do not tell, none without dates."
    )
    fullest_statement_id: int | None = Field(description="Id of the statement that the others are compared with.")
    printings: list[Printing] = Field(description="The first published first, those without a date last.")


class _OfPrinting(BaseModel):
    statement_id: int = Field(description="Id of the printing.")
    source_slug: str = Field(description="Slug of its outlet.")
    base_statement_id: int = Field(description="Id of the printing that it is compared with.")
    base_source_slug: str = Field(description="Slug of that one's outlet.")


class UtteranceDifference(Difference, _OfPrinting):
    """One difference of one printing."""


class UtteranceFilter(DateParams, RecordParams):
    """The dates are those on which it was said."""

    speaker: Speakers | None = None
    source: Sources | None = None
    event: CommaRefs | None = Field(default=None, description="Ids or external ids of events, comma for OR.")
    min_sources: Annotated[int, Field(ge=1, le=10_000), Digits] | None = Field(
        default=None, description="Least number of outlets that print it."
    )
    coded_by: Coders | None = None
    q: SearchText | None = None
    sort: Annotated[str, Field(pattern="^-?(said|sources|id)$")] = Field(
        default="-said",
        description="Order; `-` reverses. An utterance without a date of saying sorts before all dates.",
    )


class DifferenceFilter(ListParams):
    base: Id | None = Field(default=None, description="Id of the printing to compare with; the fullest by default.")
    op: WordEdits | None = None
    sort: Annotated[str, Field(pattern="^-?statement$")] = Field(
        default="statement", description="Order, by the ids of the printings; `-` reverses."
    )
