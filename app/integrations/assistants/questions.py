"""The questions of assistants, one shape for each tool; the assistant's model reads their descriptions."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.dates import Day
from app.core.spans import Digits
from app.core.vocab import DateMatch
from app.schemas.claim import Properties
from app.schemas.common import CommaRefs, Id, SearchText
from app.schemas.event import EventTypes
from app.schemas.source import Countries, Sources
from app.schemas.speaker import Speakers

# Items in one answer, which must fit into a model's context.
MOST = 25

EventId = Annotated[Id, Field(description="Id of the event, as other tools give it.")]
StatementId = Annotated[Id, Field(description="Id of a statement.")]
DocumentId = Annotated[Id, Field(description="Id of the document, as every answer gives it.")]
Offset = Annotated[int, Field(ge=0, le=1_000_000), Digits]


class Question(BaseModel):
    """The arguments of a tool; one that the tool does not have is an error, so that no filter is ignored silently."""

    model_config = ConfigDict(extra="forbid")


class ListQuestion(Question):
    limit: Annotated[int, Field(ge=1, le=MOST), Digits] = Field(default=10, description="Items in the answer.")
    cursor: str | None = Field(
        default=None, max_length=1000, description="For the rest: the last answer's `more`, with the same arguments."
    )


class Days(ListQuestion):
    date: Day | None = Field(default=None, description="A day, as YYYY-MM-DD.")
    from_: Day | None = Field(default=None, alias="from", description="First day of a range, as YYYY-MM-DD.")
    to: Day | None = Field(default=None, description="Last day of a range, as YYYY-MM-DD.")
    date_match: DateMatch = Field(
        default=DateMatch.CERTAIN,
        description="`certain`: what surely falls in the days; `possible`: also what might, such as a whole month.",
    )


class EventsOnADate(Days):
    """Find events on a day or in a range of days (without either: the latest first).

    Each has the outlets that reported it, the number of independent origins, and the passages of the first documents.
    """

    country: Countries | None = None
    type: EventTypes | None = None
    source: Sources | None = None
    q: SearchText | None = None


class WhoReported(ListQuestion):
    """List the outlets that reported an event, the first to publish first.

    Each has its documents with addresses, the passages that report the event, and its lag behind the first outlet. The
    independent origins of the reports are listed too.
    """

    event: EventId


class StatementsBy(Days):
    """List the statements of a speaker, the last first.

    Each has the exact words as one outlet printed them, their place in the document, the voices that relayed them, and
    the event. The days are those of saying.
    """

    speaker: Speakers
    event: (
        Annotated[CommaRefs, Field(description="Ids of events that it was said at or about, comma for OR.")] | None
    ) = None
    source: Sources | None = None
    q: SearchText | None = None


class CompareWordings(Question):
    """Compare the printings of one utterance: the first outlet, and the words that differ from the fullest printing.

    Give the id of a statement or of an utterance.
    """

    statement: StatementId | None = None
    utterance: Annotated[Id, Field(description="Id of an utterance, as a statement gives it.")] | None = None

    @model_validator(mode="after")
    def _check_one_argument(self) -> Self:
        if (self.statement is None) == (self.utterance is None):
            raise ValueError("give either statement or utterance")
        return self


class DiscrepanciesOf(ListQuestion):
    """List the properties of an event (dates, numbers, names) for which documents claim different values.

    Each value has its claims with their origins and passages. No value is declared right.
    """

    event: EventId
    property: Properties | None = None
    all: bool = Field(default=False, description="Also properties with one value only.")


class Search(ListQuestion):
    """Search events, statements and documents for all the words, the newest first, each with the place."""

    q: SearchText
    noun: Literal["events", "statements", "documents"] | None = Field(default=None, description="The noun to search.")


class ReadPassage(Question):
    """Read the text of a document from `start` to `end` (2,000 code points without `end`, 4,000 at most).

    The answer has the text before and after it, and the records whose words are in it.
    """

    document: DocumentId
    start: Offset = Field(default=0, description="First code point.")
    end: Offset | None = Field(default=None, description="Code point after the last.")
    around: Annotated[int, Field(ge=0, le=2000), Digits] = Field(
        default=200, description="Code points to show before and after."
    )

    @model_validator(mode="after")
    def _check_offsets(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError("end comes after start")
        return self
