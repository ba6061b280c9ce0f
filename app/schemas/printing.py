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
    str, Field(pattern=build_list_pattern(WordEdit), description="Kinds of differences, comma for OR.")
]


class Difference(BaseModel):
    """A difference of a printing from the base. Offsets are code points of each printing's own text."""

    op: WordEdit = Field(
        description="`equal`, `insert`, `delete`, `replace`; `cut` for the words that an excerpt leaves out before and "
        "after it."
    )
    trivial: bool = Field(description="True if only case, punctuation, quotation marks or spaces differ.")
    base_start: int = Field(description="First code point in the base.")
    base_end: int = Field(description="Code point after the last in the base.")
    base_words: str = Field(description="The words of the base.")
    start: int = Field(description="First code point in this printing.")
    end: int = Field(description="Code point after the last in this printing.")
    words: str = Field(description="The words of this printing.")


class Cut(BaseModel):
    """Words of the base that a printing leaves out."""

    start: int = Field(description="First code point in the base.")
    end: int = Field(description="Code point after the last in the base.")
    words: str = Field(description="The words of the base.")


class Printing(StatementPublic):
    """A statement that prints an utterance, with its differences from the fullest printing, the base."""

    published_at: dt.datetime | None = Field(
        description="Moment of the document's publication, in UTC; null if unknown."
    )
    is_first: bool = Field(description="True if no other is known to be published before it.")
    is_fullest: bool = Field(description="True if it is the base.")
    likeness: float | None = Field(
        description="Share of equal words among those not cut, from 0 to 1; null if not compared."
    )
    differences: list[Difference] | None = Field(
        description="Its whole text compared with that of the base, in order; null if not compared."
    )
    cuts: list[Cut] | None = Field(description="Words of the base that it leaves out; null if not compared.")
    not_compared: Literal["language", "length"] | None = Field(
        description="The reason: another language than the base, or too long."
    )


class UtteranceFull(UtterancePublic):
    """An utterance with all its printings."""

    first_statement_ids: list[int] = Field(
        description="Ids of the statements published first: several if the dates do not decide, none without dates."
    )
    fullest_statement_id: int | None = Field(description="Id of the statement that the others are compared with.")
    printings: list[Printing] = Field(description="The first published first, those without a date last.")


class _OfPrinting(BaseModel):
    statement_id: int = Field(description="Id of the printing.")
    source_slug: str = Field(description="Slug of its outlet.")
    base_statement_id: int = Field(description="Id of the printing that it is compared with.")
    base_source_slug: str = Field(description="Slug of the outlet of that printing.")


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
