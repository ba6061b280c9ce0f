import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from app.core.spans import Digits
from app.core.vocab import Noun, Verdict
from app.schemas.claim import ClaimUpdate
from app.schemas.common import (
    MAX_ID,
    DatePublic,
    DocumentBrief,
    EventBrief,
    Id,
    Input,
    ListParams,
    SourceBrief,
    SpanPublic,
    SpeakerBrief,
)
from app.schemas.event import EventUpdate
from app.schemas.match import Matched
from app.schemas.report import ReportUpdate
from app.schemas.source import Sources
from app.schemas.speaker import SpeakerUpdate
from app.schemas.statement import HopPublic, StatementUpdate

_NOUN = "(events|reports|speakers|statements|claims|matches)"
RangeEnd = Annotated[float, Field(ge=0, le=1)]


class ReviewPublic(BaseModel):
    """A machine's record that no person has looked at, with what one needs to judge it.

    Of an event the document is the first that reports it, of a speaker the first that quotes it. Of a match, what is
    told here is the one of the two, and `other` is the other.
    """

    noun: Noun = Field(description="events, reports, speakers, statements, claims or matches.")
    id: int
    kind: str = Field(
        description="Kind of the statement or speaker, role of the report, type of the event, property of the claim; "
        "of a match, what the two are: events or statements."
    )
    confidence: float | None = Field(description="How sure the machine was, from 0 to 1, where that is known.")
    revision: int = Field(description="The revision that last changed the record: for `if_revision`.")
    span: SpanPublic | None = Field(
        description="The statement's words; the passage that reports the event; the value that is claimed."
    )
    cue: SpanPublic | None = Field(description="The words that attribute it.")
    speaker: SpeakerBrief | None = Field(description="The speaker, or who is said to have said it.")
    chain: list[HopPublic] = Field(description="The voices that relayed it, the nearest to the document first.")
    event: EventBrief | None = Field(description="The event, or the one that it was said at or reports.")
    date: DatePublic | None = Field(description="When it was said; the event's date as the document gives it.")
    normalized: str | None = Field(description="What is claimed, in a form that can be compared.")
    unit: str | None = Field(description="Unit or notation of that.")
    other: Matched | None = Field(description="What a match takes to be the same.")
    document: DocumentBrief | None
    source: SourceBrief | None
    href: str = Field(description="Address of the record.")


class ReviewFilter(ListParams):
    noun: Annotated[str, Field(pattern=f"^{_NOUN}(,{_NOUN})*$")] | None = Field(
        default=None, description="Which records, comma for OR: events, reports, speakers, statements, claims, matches."
    )
    min_confidence: RangeEnd | None = Field(
        default=None, description="Only records that the machine was at least so sure of."
    )
    max_confidence: RangeEnd | None = Field(default=None, description="Only records that it was no surer of than this.")
    source: Sources | None = None
    document: Annotated[str, Field(pattern="^[1-9][0-9]*(,[1-9][0-9]*)*$", max_length=500)] | None = Field(
        default=None, description="Ids of documents, comma for OR."
    )
    sort: Annotated[str, Field(pattern="^-?confidence$")] = Field(
        default="confidence", description="Order; `-` reverses. A record without a confidence comes after all others."
    )


class _Judged(Input):
    id: Id = Field(description="Id of the record.")
    verdict: Verdict = Field(description="confirm, correct or reject.")
    if_revision: Annotated[int, Field(ge=1, le=MAX_ID), Digits] | None = Field(
        default=None, description="Refuse with 412 if the record has changed since this revision."
    )

    @model_validator(mode="after")
    def _changes_where_corrected(self) -> Self:
        changes = getattr(self, "changes", None)
        if (changes is not None) != (self.verdict is Verdict.CORRECT):
            raise ValueError("changes go with the verdict correct, and with no other")
        return self


_CHANGES = "What is to be corrected, as in a PATCH: only with `correct`."


class StatementVerdict(_Judged):
    """What a person says of a statement that a machine found."""

    noun: Literal[Noun.STATEMENTS] = Field(description="statements")
    changes: StatementUpdate | None = Field(default=None, description=_CHANGES)


class SpeakerVerdict(_Judged):
    """What a person says of a speaker that a machine found."""

    noun: Literal[Noun.SPEAKERS] = Field(description="speakers")
    changes: SpeakerUpdate | None = Field(default=None, description=_CHANGES)


class EventVerdict(_Judged):
    """What a person says of an event that a machine proposed."""

    noun: Literal[Noun.EVENTS] = Field(description="events")
    changes: EventUpdate | None = Field(default=None, description=_CHANGES)


class ReportVerdict(_Judged):
    """What a person says of a report that a machine found."""

    noun: Literal[Noun.REPORTS] = Field(description="reports")
    changes: ReportUpdate | None = Field(default=None, description=_CHANGES)


class ClaimVerdict(_Judged):
    """What a person says of a claim that a machine found."""

    noun: Literal[Noun.CLAIMS] = Field(description="claims")
    changes: ClaimUpdate | None = Field(default=None, description=_CHANGES)


class MatchVerdict(_Judged):
    """Whether two events, or two statements, that a machine matched are one: confirm. Or two: reject."""

    noun: Literal[Noun.MATCHES] = Field(description="matches")
    verdict: Literal[Verdict.CONFIRM, Verdict.REJECT] = Field(description="confirm or reject.")


def _get_tag(body: Any) -> str | None:
    noun = body.get("noun") if isinstance(body, dict) else getattr(body, "noun", None)
    return f"of-{noun}" if isinstance(noun, str) else None


# The tags differ from all field names, so that they can be removed from the path in an error.
VerdictIn = Annotated[
    Annotated[StatementVerdict, Tag("of-statements")]
    | Annotated[SpeakerVerdict, Tag("of-speakers")]
    | Annotated[EventVerdict, Tag("of-events")]
    | Annotated[ReportVerdict, Tag("of-reports")]
    | Annotated[ClaimVerdict, Tag("of-claims")]
    | Annotated[MatchVerdict, Tag("of-matches")],
    Discriminator(
        _get_tag,
        custom_error_type="noun",
        custom_error_message="a verdict is an object whose noun is statements, speakers, events, reports, claims or "
        "matches",
    ),
]


class ReviewIn(Input):
    """Verdicts on a machine's records: all of them are done, or none."""

    verdicts: Annotated[list[VerdictIn], Field(min_length=1, max_length=500)] = Field(
        description="At most 500, and one for each record."
    )


class ReviewDone(BaseModel):
    """How many records were judged how, and where the store then stands."""

    confirmed_count: int = Field(description="Records that are a person's reading now, as they were.")
    corrected_count: int = Field(description="Records that are a person's reading now, and were changed.")
    rejected_count: int = Field(
        description="Records that were deleted, and will not be found again; matches of what is not the same."
    )
    revision: int = Field(description="The revision that did it.")


class RejectionPublic(BaseModel):
    """A finding that is not to come back."""

    id: int
    noun: Noun = Field(description="As what it was found: events, reports, speakers, statements or claims.")
    words: str = Field(description="The words, or the speaker's name, as they are compared: in lower case.")
    start: int | None = Field(description="First code point in the document.")
    end: int | None = Field(description="Code point after the last.")
    document: DocumentBrief | None = Field(description="Where it was found; null for a speaker.")
    rejected_at: dt.datetime = Field(description="When it was rejected, in UTC.")
    author: str = Field(description="Who rejected it.")


class RejectionFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
