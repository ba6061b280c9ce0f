import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from app.core.dates import EdtfText
from app.core.spans import Text
from app.core.urls import HttpUrl
from app.schemas.common import (
    Coding,
    CodingUpdate,
    DateParams,
    DatePublic,
    Id,
    Input,
    Language,
    Name,
    RecordParams,
    RecordPublic,
    Ref,
    SearchText,
    SourceBrief,
    Title,
)
from app.schemas.report import ReportIn
from app.schemas.source import Sources
from app.schemas.statement import StatementIn

MAX_TEXT = 1_000_000


def _to_utc(time: dt.datetime) -> dt.datetime:
    try:
        return time.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, Field(description="RFC 3339 with an offset."), AfterValidator(_to_utc)]


class DocumentCreate(Coding):
    """One captured text of one published item, with everything it carries: one transaction, or nothing.

    The same document again (same source, same address or title, same text) returns the one in the store,
    and changes nothing. With another text it supersedes the capture before it.
    """

    source: Ref
    text: Text = Field(min_length=1, max_length=MAX_TEXT, description="As captured; never changed, never normalized.")
    title: Title | None = Field(default=None, description="Headline as printed.")
    url: HttpUrl | None = None
    byline: Name | None = None
    language: Language | None = None
    published: EdtfText | None = Field(default=None, description="Date of publication.")
    published_at: Moment | None = Field(default=None, description="Moment of publication, if known.")
    retrieved_at: Moment | None = Field(default=None, description="Moment of capture; now by default.")
    supersedes_id: Id | None = Field(
        default=None,
        description="Id of the earlier capture that this one replaces; when left out, the last one of the same source "
        "and address, or title.",
    )
    reports: Annotated[list[ReportIn], Field(max_length=1000)] = []
    statements: Annotated[list[StatementIn], Field(max_length=10_000)] = []
    extract: bool = Field(
        default=False, description="Extract statements, claims and the event from the text too, marked as machine-made."
    )


class DocumentFromUrl(Input):
    """A page to fetch, whose article becomes a document."""

    url: HttpUrl
    source: Ref | None = Field(default=None, description="Its outlet: id or slug; by default that of the page's host.")
    extract: bool = Field(
        default=True, description="Extract statements, claims and the event from the text too, marked as machine-made."
    )


class DocumentUpdate(CodingUpdate):
    """Fields of a document except its text: a changed article is a new document that supersedes the old one."""

    title: Title | None = None
    url: HttpUrl | None = None
    byline: Name | None = None
    language: Language | None = None
    published: EdtfText | None = None
    published_at: Moment | None = None
    supersedes_id: Id | None = Field(default=None, description="Id of the earlier capture that this one replaces.")


class DocumentPublic(RecordPublic):
    source: SourceBrief
    title: str | None = Field(description="Headline as printed.")
    url: str | None = Field(description="Address as received.")
    canonical_url: str | None = Field(description="Address in its normal form.")
    byline: str | None
    language: str | None = Field(description="BCP 47 language tag.")
    published: DatePublic | None
    published_at: dt.datetime | None = Field(description="Moment of publication, in UTC; null if unknown.")
    retrieved_at: dt.datetime = Field(description="Moment of capture, in UTC.")
    sha256: str = Field(description="SHA-256 of the text in UTF-8.")
    length: int = Field(description="Length of the text in Unicode code points.")
    report_count: int = Field(description="Events that it reports.")
    statement_count: int = Field(description="Statements that it carries.")
    supersedes_id: int | None = Field(description="Id of the earlier capture that this one replaces.")


class DocumentSpan(BaseModel):
    """The place of a record's words in the text."""

    noun: str = Field(description="`statements`, `cues`, `attributions`, `passages` or `claims`.")
    id: int = Field(description="Id of the statement, report or claim.")
    start: int = Field(description="First code point.")
    end: int = Field(description="Code point after the last.")


class ExtractionPublic(BaseModel):
    """The last extraction of statements from a document."""

    extractor_version: str = Field(description="The rules and the model, with their versions.")
    extracted_at: dt.datetime = Field(description="Moment of the extraction, in UTC.")
    statement_count: int = Field(description="Statements found by strict rules.")
    suggestion_count: int = Field(description="Statements found by wide rules, with a confidence below 0.5.")
    note: str | None = Field(description="Gaps of the extraction, with their reasons.")


class DocumentFull(DocumentPublic):
    text: str = Field(description="As captured.")
    extraction: ExtractionPublic | None = Field(description="Null if the document has had no extraction.")
    spans: list[DocumentSpan] = Field(description="The places of all records' words, in the order of the text.")


class DocumentFilter(DateParams, RecordParams):
    source: Sources | None = None
    q: SearchText | None = None
    sort: Annotated[str, Field(pattern="^-?(published|id)$")] = Field(
        default="-published", description="Order; `-` reverses. A document without a date sorts before all dates."
    )
