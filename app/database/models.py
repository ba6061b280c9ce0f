"""All tables of the store.

Every record row carries the revision that last changed it and its coder: a person, a machine or an import. The effects
of deletions are set in ``ondelete``; ``store/records.py`` applies the same rules row by row, so that each change is
recorded in ``history``.

An EDTF date is stored as its text and four days (see ``dates.py``): ``earliest`` and ``latest`` are its outer bounds;
``latest_start`` and ``earliest_end`` bound the days that it certainly covers, and are null if the date is uncertain or
approximate.
"""

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.ext.compiler import compiles
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import AutoString

from app.core.vocab import (
    CodedBy,
    DeliveryState,
    EventType,
    FeedFormat,
    FeedItemState,
    FeedResult,
    ImportState,
    Noun,
    Operation,
    ReportRole,
    SourceKind,
    SpeakerKind,
    StatementKind,
)

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


@compiles(BigInteger, "sqlite")
def _big_integer(_type: BigInteger, _compiler: Any, **_options: Any) -> str:
    """Use INTEGER, which has 64 bits on SQLite; only columns of that type generate ids."""
    return "INTEGER"


# Without AUTOINCREMENT SQLite reuses the id of a deleted last row; history needs ids that are never reused.
_KEEP_IDS = {"sqlite_autoincrement": True}

_BY_CODE_POINT = AutoString().with_variant(AutoString(collation="C"), "postgresql")

_MERGED = text("merged_into_id IS NOT NULL")
_BY_MACHINE = text("coded_by = 'machine'")
_IS_LONG = text("lasts")
_WAITING = text("state = 'waiting'")


def _id_field() -> Any:
    return Field(default=None, primary_key=True, sa_type=BigInteger)


def _foreign_key(table: str, **options: Any) -> Any:
    return Field(foreign_key=f"{table}.id", sa_type=BigInteger, **options)


def _index_for_review() -> Index:
    """Build a partial index of machine-coded rows, the least confident first; most rows are not machine-coded."""
    return Index(None, "confidence", "id", sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE)


def _key_field(**options: Any) -> Any:
    """Define a text column for lookup and sorting, compared by code points on both databases."""
    return Field(sa_type=_BY_CODE_POINT, **options)


class Revision(SQLModel, table=True):
    """One write transaction: when, by whom, why."""

    __table_args__ = _KEEP_IDS

    id: int | None = _id_field()
    at: dt.datetime
    author: str
    message: str


class History(SQLModel, table=True):
    """Replaced values of a row, valid from ``replaced_revision_id`` until ``revision_id``."""

    __table_args__ = (
        Index(None, "table_name", "row_id", "revision_id"),
        Index(None, "replaced_revision_id"),
        Index(None, "revision_id"),
        _KEEP_IDS,
    )

    id: int | None = _id_field()
    table_name: str
    row_id: int = Field(sa_type=BigInteger)
    revision_id: int = _foreign_key("revision")
    replaced_revision_id: int = _foreign_key("revision")
    operation: Operation = Field(sa_type=AutoString)
    values: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class Record(SQLModel):
    """The columns of every record; ``noun`` is set for records with an address of their own."""

    noun: ClassVar[Noun | None] = None

    id: int | None = _id_field()
    revision_id: int = _foreign_key("revision", index=True)
    coded_by: CodedBy = Field(default=CodedBy.HUMAN, sa_type=AutoString)
    confidence: float | None = None

    def to_json_values(self) -> dict[str, Any]:
        """Return the row's columns as JSON values, as stored in ``history``."""
        return {name: to_json_value(getattr(self, name)) for name in type(self).model_fields}


def to_json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


class Dated(SQLModel):
    """The columns of the date of an event."""

    date: str | None = None
    earliest: dt.date | None = None
    latest: dt.date | None = None
    latest_start: dt.date | None = None
    earliest_end: dt.date | None = None


class Said(SQLModel):
    """The columns of the date of words."""

    said: str | None = None
    said_earliest: dt.date | None = None
    said_latest: dt.date | None = None
    said_latest_start: dt.date | None = None
    said_earliest_end: dt.date | None = None


class Source(Record, table=True):
    """An outlet or agency that publishes."""

    __table_args__ = _KEEP_IDS
    noun = Noun.SOURCES

    slug: str = Field(unique=True)
    name: str
    name_key: str = _key_field()
    kind: SourceKind = Field(sa_type=AutoString)
    country: str | None = None
    language: str | None = None
    homepage: str | None = None
    state_affiliated: bool | None = None
    wikidata_id: str | None = None


class SourceAlias(Record, table=True):
    """Another name or a domain of a source."""

    __tablename__ = "source_alias"
    __table_args__ = (UniqueConstraint("source_id", "name_key"), _KEEP_IDS)

    source_id: int = _foreign_key("source", ondelete="CASCADE")
    name: str
    name_key: str = _key_field(index=True)


class Speaker(Record, table=True):
    """A voice: a person, an organization, a document, or an unnamed one."""

    __table_args__ = (_index_for_review(), _KEEP_IDS)
    noun = Noun.SPEAKERS

    slug: str = Field(unique=True)
    name: str
    name_key: str = _key_field()
    kind: SpeakerKind = Field(sa_type=AutoString)
    title: str | None = None
    country: str | None = None
    wikidata_id: str | None = None
    source_id: int | None = _foreign_key("source", default=None, index=True, ondelete="SET NULL")


class SpeakerAlias(Record, table=True):
    """Another name of a speaker."""

    __tablename__ = "speaker_alias"
    __table_args__ = (UniqueConstraint("speaker_id", "name_key"), _KEEP_IDS)

    speaker_id: int = _foreign_key("speaker", ondelete="CASCADE")
    name: str
    name_key: str = _key_field(index=True)


class Document(Record, table=True):
    """One captured text of one published item of a source; the text never changes.

    ``identity`` is the SHA-256 of the canonical address, or of the title of a document without an address. Documents of
    a source with the same identity are versions of one item.
    """

    __table_args__ = (
        UniqueConstraint("source_id", "identity", "sha256"),
        _KEEP_IDS,
    )
    noun = Noun.DOCUMENTS

    source_id: int = _foreign_key("source", ondelete="RESTRICT")
    url: str | None = None
    canonical_url: str | None = None
    title: str | None = None
    byline: str | None = None
    language: str | None = None
    published: str | None = None
    published_earliest: dt.date | None = None
    published_latest: dt.date | None = None
    published_latest_start: dt.date | None = None
    published_earliest_end: dt.date | None = None
    published_at: dt.datetime | None = None
    retrieved_at: dt.datetime
    text: str
    sha256: str
    identity: str
    supersedes_id: int | None = _foreign_key("document", default=None, index=True, ondelete="SET NULL")


class Extraction(Record, table=True):
    """A run of the extractor over a document's text: its version, and how many statements and claims it extracted."""

    __tablename__ = "reading"
    __table_args__ = _KEEP_IDS

    document_id: int = _foreign_key("document", unique=True, ondelete="CASCADE")
    reader: str = Field(index=True)
    at: dt.datetime
    statements: int
    suggestions: int
    note: str | None = None


class Event(Dated, Record, table=True):
    """Something that happened, once, somewhere, on a date known to some precision."""

    __table_args__ = (
        Index(None, "earliest", "id"),
        Index(None, "latest_start", "earliest_end"),
        Index(None, "country", "earliest", "id"),
        Index(None, "type", "earliest", "id"),
        Index(None, "latitude", "longitude"),
        # Partial, of the few merged events: the planner would use a full index to search the unmerged ones.
        Index(None, "merged_into_id", sqlite_where=_MERGED, postgresql_where=_MERGED),
        _index_for_review(),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        _KEEP_IDS,
    )
    noun = Noun.EVENTS

    title: str
    summary: str | None = None
    date: str
    earliest: dt.date
    latest: dt.date
    type: EventType = Field(sa_type=AutoString)
    place: str | None = None
    place_key: str | None = _key_field(default=None)
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    external_id: str | None = Field(default=None, unique=True)
    merged_into_id: int | None = _foreign_key("event", default=None, ondelete="SET NULL")


class Report(Dated, Record, table=True):
    """A document's report of an event: the passage, and the event's date as the document gives it."""

    __table_args__ = (
        UniqueConstraint("event_id", "document_id"),
        _index_for_review(),
        CheckConstraint('"start" >= 0 AND "end" > "start"', name="span"),
        _KEEP_IDS,
    )
    noun = Noun.REPORTS

    event_id: int = _foreign_key("event", ondelete="CASCADE")
    document_id: int = _foreign_key("document", index=True, ondelete="CASCADE")
    role: ReportRole = Field(sa_type=AutoString)
    start: int | None = None
    end: int | None = None


class Utterance(Said, Record, table=True):
    """Words said once, printed by several statements."""

    __table_args__ = _KEEP_IDS
    noun = Noun.UTTERANCES

    speaker_id: int | None = _foreign_key("speaker", default=None, ondelete="RESTRICT")
    external_id: str | None = Field(default=None, unique=True)


class Statement(Said, Record, table=True):
    """Words that one document attributes to a speaker; ``speaker_id`` is null if it names none.

    ``utterance_by`` is the coder of ``utterance_id``, also if it is null because the statement stands alone;
    ``coded_by`` is the coder of the other columns.
    """

    __table_args__ = (
        Index(None, "document_id", "start"),
        _index_for_review(),
        CheckConstraint('"start" >= 0 AND "end" > "start"', name="span"),
        CheckConstraint("cue_start >= 0 AND cue_end > cue_start", name="cue_span"),
        _KEEP_IDS,
    )
    noun = Noun.STATEMENTS

    document_id: int = _foreign_key("document", ondelete="CASCADE")
    speaker_id: int | None = _foreign_key("speaker", default=None, ondelete="RESTRICT")
    event_id: int | None = _foreign_key("event", default=None, index=True, ondelete="SET NULL")
    utterance_id: int | None = _foreign_key("utterance", default=None, index=True, ondelete="SET NULL")
    utterance_by: CodedBy | None = Field(default=None, sa_type=AutoString)
    utterance_confidence: float | None = None
    kind: StatementKind = Field(sa_type=AutoString)
    text: str
    start: int
    end: int
    cue: str | None = None
    cue_start: int | None = None
    cue_end: int | None = None
    language: str | None = None
    translated: bool | None = None


class Attribution(Record, table=True):
    """One hop of a statement's chain; position 0 is nearest to the document."""

    __table_args__ = (
        UniqueConstraint("statement_id", "position"),
        CheckConstraint('"start" >= 0 AND "end" > "start"', name="span"),
        _KEEP_IDS,
    )

    statement_id: int = _foreign_key("statement", ondelete="CASCADE")
    position: int
    speaker_id: int = _foreign_key("speaker", index=True, ondelete="RESTRICT")
    cue: str | None = None
    start: int | None = None
    end: int | None = None


class Claim(Record, table=True):
    """A document's value for one property of an event, as printed and normalized."""

    __table_args__ = (
        _index_for_review(),
        CheckConstraint('"start" >= 0 AND "end" > "start"', name="span"),
        _KEEP_IDS,
    )
    noun = Noun.CLAIMS

    report_id: int = _foreign_key("report", index=True, ondelete="CASCADE")
    property: str = _key_field()
    value: str
    normalized: str | None = None
    unit: str | None = None
    start: int
    end: int
    attributed_to_id: int | None = _foreign_key("speaker", default=None, index=True, ondelete="RESTRICT")


class Match(Record, table=True):
    """Two events, or two statements, that a machine considers possibly the same, and a person's decision, if any.

    The one with the smaller id comes first.
    """

    __table_args__ = (
        UniqueConstraint("event_id", "other_event_id"),
        UniqueConstraint("statement_id", "other_statement_id"),
        _index_for_review(),
        _KEEP_IDS,
    )
    noun = Noun.MATCHES

    event_id: int | None = _foreign_key("event", default=None, ondelete="CASCADE")
    other_event_id: int | None = _foreign_key("event", default=None, index=True, ondelete="CASCADE")
    statement_id: int | None = _foreign_key("statement", default=None, ondelete="CASCADE")
    other_statement_id: int | None = _foreign_key("statement", default=None, index=True, ondelete="CASCADE")
    same: bool | None = None


class ApiKey(SQLModel, table=True):
    """A key for writing, or for reading a store that is not public; only its hash is stored."""

    __tablename__ = "api_key"
    __table_args__ = _KEEP_IDS

    id: int | None = _id_field()
    name: str
    prefix: str = Field(unique=True)
    sha256: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    # The path prefixes that it may read; null for all.
    paths: list[str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    created_at: dt.datetime
    revoked_at: dt.datetime | None = None


class IdempotencyKey(SQLModel, table=True):
    """The stored response to a write with an ``Idempotency-Key``, committed together with the write."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("api_key_id", "key"), _KEEP_IDS)

    id: int | None = _id_field()
    api_key_id: int = _foreign_key("api_key", ondelete="CASCADE")
    key: str
    fingerprint: str
    status: int
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    body: str
    created_at: dt.datetime = Field(index=True)


class Tally(SQLModel, table=True):
    """Counts of an event, denormalized so that lists can be sorted by them."""

    __table_args__ = (
        Index(None, "sources", "event_id"),
        Index(None, "statements", "event_id"),
        Index(None, "origins", "event_id"),
    )

    event_id: int = _foreign_key("event", primary_key=True, ondelete="CASCADE")
    sources: int
    documents: int
    statements: int
    origins: int
    # The sources of the event in lists, as JSON: building it for each page took most of the page's time.
    outlets: str


class Coverage(SQLModel, table=True):
    """A source's coverage of an event, denormalized from reports and documents."""

    __table_args__ = (Index(None, "source_id", "earliest", "event_id"), {"sqlite_with_rowid": False})

    event_id: int = _foreign_key("event", primary_key=True, ondelete="CASCADE")
    source_id: int = _foreign_key("source", primary_key=True, ondelete="CASCADE")
    earliest: dt.date
    documents: int
    first_published: dt.date | None = None


class Origin(SQLModel, table=True):
    """An independent origin of reports of an event, denormalized.

    ``key`` identifies it, as in ``source:7`` or ``state:KP``; ``documents`` is the number of documents based on it.
    """

    __table_args__ = (Index(None, "key", "event_id"), {"sqlite_with_rowid": False})

    event_id: int = _foreign_key("event", primary_key=True, ondelete="CASCADE")
    key: str = _key_field(primary_key=True)
    name: str
    documents: int


class Provenance(SQLModel, table=True):
    """Evidence of a document's provenance, derived from its text and byline.

    ``sketch`` finds other texts with the same words. ``credit`` is the agency that the document credits; the offsets
    are its place in the text, null if the byline has it.
    """

    __table_args__ = (
        Index(
            None,
            "credit_key",
            sqlite_where=text("credit_key IS NOT NULL"),
            postgresql_where=text("credit_key IS NOT NULL"),
        ),
    )

    document_id: int = _foreign_key("document", primary_key=True, ondelete="CASCADE")
    sketch: bytes
    credit: str | None = None
    credit_key: str | None = _key_field(default=None)
    credit_start: int | None = None
    credit_end: int | None = None


class Voicing(SQLModel, table=True):
    """A statement indexed by each voice that made or relayed it, with the days on which it may have been said.

    Denormalized, to find statements that print the same utterance.
    """

    __table_args__ = (
        Index(None, "statement_id"),
        Index(None, "speaker_id", "last", sqlite_where=_IS_LONG, postgresql_where=_IS_LONG),
        {"sqlite_with_rowid": False},
    )

    speaker_id: int = _foreign_key("speaker", primary_key=True, ondelete="CASCADE")
    first: dt.date = Field(primary_key=True)
    statement_id: int = _foreign_key("statement", primary_key=True, ondelete="CASCADE")
    last: dt.date
    # The days are so far apart that a search one month back misses the statement.
    lasts: bool


class Import(SQLModel, table=True):
    """An import of a file or over HTTP: the number of committed lines, and their outcomes."""

    __table_args__ = (UniqueConstraint("format", "fingerprint"), _KEEP_IDS)

    id: int | None = _id_field()
    format: str
    fingerprint: str | None = None
    name: str
    author: str
    state: ImportState = Field(sa_type=AutoString)
    lines: int = Field(sa_type=BigInteger)
    outcomes: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    reasons: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    began_at: dt.datetime
    changed_at: dt.datetime
    revision_id: int | None = _foreign_key("revision", default=None)


class Rejection(SQLModel, table=True):
    """A finding that a person rejected, which the extractor must not repeat.

    ``noun`` is the kind of the finding. ``words_key`` matches the same words in other versions of the document. A
    rejected speaker is a name that must not become a speaker again, in any document.
    """

    __table_args__ = (Index(None, "document_id", "noun"), Index(None, "noun", "words_key"), _KEEP_IDS)

    id: int | None = _id_field()
    document_id: int | None = _foreign_key("document", default=None, ondelete="CASCADE")
    noun: Noun = Field(sa_type=AutoString)
    start: int | None = None
    end: int | None = None
    words_key: str = _key_field()
    at: dt.datetime
    author: str


class Feed(SQLModel, table=True):
    """A feed that is polled for new items, and its last response."""

    __table_args__ = (Index(None, "active", "due_at"), _KEEP_IDS)

    id: int | None = _id_field()
    url: str = Field(unique=True)
    source_id: int | None = _foreign_key("source", default=None, index=True, ondelete="SET NULL")
    format: FeedFormat | None = Field(default=None, sa_type=AutoString)
    title: str | None = None
    active: bool = True
    interval: int
    extract: bool = True
    created_at: dt.datetime
    # The last response.
    etag: str | None = None
    last_modified: str | None = None
    ttl: int = 0  # seconds that the feed asks to wait between checks
    result: FeedResult | None = Field(default=None, sa_type=AutoString)
    detail: str | None = None
    checked_at: dt.datetime | None = None
    changed_at: dt.datetime | None = None
    due_at: dt.datetime
    failures: int = 0
    items: int = 0
    documents: int = 0


class FeedItem(SQLModel, table=True):
    """An item of a feed; it is fetched again only if the feed says that it changed."""

    __tablename__ = "feed_item"
    __table_args__ = (UniqueConstraint("feed_id", "key"), Index(None, "feed_id", "id"), _KEEP_IDS)

    id: int | None = _id_field()
    feed_id: int = _foreign_key("feed", ondelete="CASCADE")
    key: str = _key_field()  # SHA-256 of the item's id or address
    url: str
    updated: str | None = None  # as printed in the feed, only for comparison
    state: FeedItemState = Field(sa_type=AutoString)
    detail: str | None = None
    failures: int = 0
    seen_at: dt.datetime
    document_id: int | None = _foreign_key("document", default=None, index=True, ondelete="SET NULL")


class SavedSearch(SQLModel, table=True):
    """A named set of filters of a noun's list, which can be read, followed as a stream, or sent to webhooks."""

    __tablename__ = "saved_search"
    __table_args__ = _KEEP_IDS

    id: int | None = _id_field()
    slug: str = Field(unique=True)
    name: str
    noun: Noun = Field(sa_type=AutoString)
    query: str  # the query string of the list, its parameters in alphabetical order
    created_at: dt.datetime


class Webhook(SQLModel, table=True):
    """A URL that receives change notifications; ``position`` is the last revision that messages were created for."""

    __table_args__ = _KEEP_IDS

    id: int | None = _id_field()
    url: str
    description: str | None = None
    secret: str
    # Also signs until ``old_secret_until``, so that a receiver can change over.
    old_secret: str | None = None
    old_secret_until: dt.datetime | None = None
    search_id: int | None = _foreign_key("saved_search", default=None, index=True, ondelete="RESTRICT")
    nouns: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    operations: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    position: int = Field(sa_type=BigInteger)
    active: bool = True
    # Set if the deliverer, and not a person, deactivated the webhook.
    disabled_at: dt.datetime | None = None
    disabled_reason: str | None = None
    created_at: dt.datetime


class Delivery(SQLModel, table=True):
    """A message to a webhook and the result of its last attempt; kept for some time after delivery."""

    __table_args__ = (
        Index(None, "webhook_id", "id"),
        Index(None, "webhook_id", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        _KEEP_IDS,
    )

    id: int | None = _id_field()
    webhook_id: int = _foreign_key("webhook", ondelete="CASCADE")
    message_id: str = Field(unique=True)
    body: str
    changes: int
    state: DeliveryState = Field(default=DeliveryState.WAITING, sa_type=AutoString)
    attempts: int = 0
    created_at: dt.datetime
    due_at: dt.datetime
    tried_at: dt.datetime | None = None
    status: int | None = None
    detail: str | None = None


class PendingMention(SQLModel, table=True):
    """A line of a file of mentions whose event is not in the store yet."""

    __tablename__ = "pending_mention"
    __table_args__ = {"sqlite_with_rowid": False}

    external_id: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    line: str


# In an order of insertion that foreign keys allow.
RECORDS: tuple[type[Record], ...] = (
    Source, SourceAlias, Speaker, SpeakerAlias, Event, Document, Extraction, Report, Utterance, Statement, Attribution,
    Claim, Match,
)  # fmt: skip

NOUNS: dict[Noun, type[Record]] = {model.noun: model for model in RECORDS if model.noun is not None}

# Parts of records, with their record and the column of its id: a change of a part counts as a change of the record.
PARTS: dict[type[Record], tuple[type[Record], str]] = {
    SourceAlias: (Source, "source_id"),
    SpeakerAlias: (Speaker, "speaker_id"),
    Attribution: (Statement, "statement_id"),
}
