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
    """A record that a machine made and no person has reviewed, with the context to judge it.

    The document of an event is the first that reports it, that of a speaker the first that quotes it. The fields of
    a match are those of one record, and `other` is the other one.
    """

    noun: Noun = Field(description="events, reports, speakers, statements, claims or matches.")
    id: int
    kind: str = Field(
        description="Kind of the statement or speaker, role of the report, type of the event, property of the claim; "
        "of a match, the noun of the two: events or statements."
    )
    confidence: float | None = Field(description="Confidence of the machine, from 0 to 1; null if unknown.")
    revision: int = Field(description="The revision that last changed the record: for `if_revision`.")
    span: SpanPublic | None = Field(
        description="The statement's words; the passage that reports the event; the value that is claimed."
    )
    cue: SpanPublic | None = Field(description="The words that attribute it.")
    speaker: SpeakerBrief | None = Field(
        description="The speaker, or the one to whom the words or the claim are attributed."
    )
    chain: list[HopPublic] = Field(description="The voices that relayed it, the nearest to the document first.")
    event: EventBrief | None = Field(description="The event, or that of the statement, report or claim.")
    date: DatePublic | None = Field(description="Date of saying, or the event's date as the document gives it.")
    normalized: str | None = Field(description="The claimed value in a form that can be compared.")
    unit: str | None = Field(description="Unit or notation of that.")
    other: Matched | None = Field(description="The other record of a match.")
    document: DocumentBrief | None
    source: SourceBrief | None
    href: str = Field(description="Address of the record.")


class ReviewFilter(ListParams):
    noun: Annotated[str, Field(pattern=f"^{_NOUN}(,{_NOUN})*$")] | None = Field(
        default=None, description="Nouns, comma for OR: events, reports, speakers, statements, claims, matches."
    )
    min_confidence: RangeEnd | None = Field(default=None, description="Least confidence.")
    max_confidence: RangeEnd | None = Field(default=None, description="Greatest confidence.")
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


_CHANGES = "The corrections, as in a PATCH: only with `correct`."


class StatementVerdict(_Judged):
    """A verdict on a statement that a machine found."""

    noun: Literal[Noun.STATEMENTS] = Field(description="statements")
    changes: StatementUpdate | None = Field(default=None, description=_CHANGES)


class SpeakerVerdict(_Judged):
    """A verdict on a speaker that a machine found."""

    noun: Literal[Noun.SPEAKERS] = Field(description="speakers")
    changes: SpeakerUpdate | None = Field(default=None, description=_CHANGES)


class EventVerdict(_Judged):
    """A verdict on an event that a machine proposed."""

    noun: Literal[Noun.EVENTS] = Field(description="events")
    changes: EventUpdate | None = Field(default=None, description=_CHANGES)


class ReportVerdict(_Judged):
    """A verdict on a report that a machine found."""

    noun: Literal[Noun.REPORTS] = Field(description="reports")
    changes: ReportUpdate | None = Field(default=None, description=_CHANGES)


class ClaimVerdict(_Judged):
    """A verdict on a claim that a machine found."""

    noun: Literal[Noun.CLAIMS] = Field(description="claims")
    changes: ClaimUpdate | None = Field(default=None, description=_CHANGES)


class MatchVerdict(_Judged):
    """A verdict on a match: confirm if the two are the same, reject if they are not."""

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
    """Verdicts on a machine's records: all of them take effect, or none."""

    verdicts: Annotated[list[VerdictIn], Field(min_length=1, max_length=500)] = Field(
        description="At most 500, and one for each record."
    )


class ReviewDone(BaseModel):
    """The numbers of verdicts, and the revision that they made."""

    confirmed_count: int = Field(description="Records that were confirmed unchanged.")
    corrected_count: int = Field(description="Records that were changed and confirmed.")
    rejected_count: int = Field(
        description="Records that were deleted and will not be found again, and matches of different records."
    )
    revision: int = Field(description="The revision of these changes.")


class RejectionPublic(BaseModel):
    """A rejected finding, which extraction does not repeat."""

    id: int
    noun: Noun = Field(description="Noun of the finding: events, reports, speakers, statements or claims.")
    words: str = Field(description="The words, or the speaker's name, in lower case for comparison.")
    start: int | None = Field(description="First code point in the document.")
    end: int | None = Field(description="Code point after the last.")
    document: DocumentBrief | None = Field(description="Document of the finding; null for a speaker.")
    rejected_at: dt.datetime = Field(description="Moment of the rejection, in UTC.")
    author: str = Field(description="The key that rejected it.")


class RejectionFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
