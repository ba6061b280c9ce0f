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
    """Events on a day or in a range of days (without either: the latest first), with the outlets that reported each,
    how many independent origins stand behind them, and where the first documents say so."""

    country: Countries | None = None
    type: EventTypes | None = None
    source: Sources | None = None
    q: SearchText | None = None


class WhoReported(ListQuestion):
    """Which outlets reported an event, the first to publish first: their documents with addresses, the passage that
    reports it, how far each was behind, and the independent origins whose accounts they are."""

    event: EventId


class StatementsBy(Days):
    """What a speaker said, the last first: the exact words as each outlet printed them, where they stand, through whom
    they were relayed, at which event. The days are those of saying."""

    speaker: Speakers
    event: (
        Annotated[CommaRefs, Field(description="Ids of events that it was said at or about, comma for OR.")] | None
    ) = None
    source: Sources | None = None
    q: SearchText | None = None


class CompareWordings(Question):
    """The printings of one thing said, side by side: which outlet printed it first, and which words differ from the
    fullest printing. Give the id of a statement or of an utterance."""

    statement: StatementId | None = None
    utterance: Annotated[Id, Field(description="Id of an utterance, as a statement gives it.")] | None = None

    @model_validator(mode="after")
    def _check_one_argument(self) -> Self:
        if (self.statement is None) == (self.utterance is None):
            raise ValueError("give either statement or utterance")
        return self


class DiscrepanciesOf(ListQuestion):
    """What documents say differently of one event (dates, numbers, names): each value with who claims it, on whose
    account, and where. None is declared right."""

    event: EventId
    property: Properties | None = None
    all: bool = Field(default=False, description="Also properties of which there is one value only.")


class Search(ListQuestion):
    """Events, statements and documents in which all the words occur, the newest first, each with the place."""

    q: SearchText
    noun: Literal["events", "statements", "documents"] | None = Field(default=None, description="Where to look.")


class ReadPassage(Question):
    """The text of a document from `start` to `end` (2,000 code points where `end` is left out, 4,000 at most), what
    stands around it, and which records stand on it."""

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
