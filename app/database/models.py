"""The tables of the store, all on this page.

Every record row carries the revision that last changed it, and whose reading it is. What the
database would do on deletion stands in ``ondelete``; ``ingest/store.py`` follows the same rules
row by row, so that each change leaves its trace in ``history``.

An EDTF date is kept as its text and as four days (see ``dates.py``): ``earliest`` and ``latest``
bound it; ``latest_start`` and ``earliest_end`` say what it certainly covers, and are null where
the text is uncertain or approximate.
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
    """SQLite's INTEGER has 64 bits; only under that name does it make ids."""
    return "INTEGER"


# SQLite hands the id of a deleted last row to the next one unless told not to; history needs ids that stay.
_KEEP_IDS = {"sqlite_autoincrement": True}

_BY_CODE_POINT = AutoString().with_variant(AutoString(collation="C"), "postgresql")

_MERGED = text("merged_into_id IS NOT NULL")
_BY_MACHINE = text("coded_by = 'machine'")
_LASTS = text("lasts")
_WAITING = text("state = 'waiting'")


def _own_id() -> Any:
    return Field(default=None, primary_key=True, sa_type=BigInteger)


def _id_of(table: str, **options: Any) -> Any:
    return Field(foreign_key=f"{table}.id", sa_type=BigInteger, **options)


def _to_review() -> Index:
    """What a machine made, the least sure first: of those alone, since most records are not its."""
    return Index(None, "confidence", "id", sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE)


def _key(**options: Any) -> Any:
    """A text to look up and to sort by: compared by its code points on either database."""
    return Field(sa_type=_BY_CODE_POINT, **options)


class Revision(SQLModel, table=True):
    """One write transaction: when, by whom, why."""

    __table_args__ = _KEEP_IDS

    id: int | None = _own_id()
    at: dt.datetime
    author: str
    message: str


class History(SQLModel, table=True):
    """The values that a row had from ``replaced_revision_id`` until ``revision_id`` replaced them."""

    __table_args__ = (
        Index(None, "table_name", "row_id", "revision_id"),
        Index(None, "replaced_revision_id"),
        Index(None, "revision_id"),
        _KEEP_IDS,
    )

    id: int | None = _own_id()
    table_name: str
    row_id: int = Field(sa_type=BigInteger)
    revision_id: int = _id_of("revision")
    replaced_revision_id: int = _id_of("revision")
    operation: Operation = Field(sa_type=AutoString)
    values: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class Record(SQLModel):
    """What every record row carries; ``noun`` is set where it has an address of its own."""

    noun: ClassVar[Noun | None] = None

    id: int | None = _own_id()
    revision_id: int = _id_of("revision", index=True)
    coded_by: CodedBy = Field(default=CodedBy.HUMAN, sa_type=AutoString)
    confidence: float | None = None

    def to_json_values(self) -> dict[str, Any]:
        """The row's columns in JSON's terms, as ``history`` keeps them."""
        return {name: to_json_value(getattr(self, name)) for name in type(self).model_fields}


def to_json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


class Dated(SQLModel):
    """When something happened."""

    date: str | None = None
    earliest: dt.date | None = None
    latest: dt.date | None = None
    latest_start: dt.date | None = None
    earliest_end: dt.date | None = None


class Said(SQLModel):
    """When something was said."""

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
    name_key: str = _key()
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

    source_id: int = _id_of("source", ondelete="CASCADE")
    name: str
    name_key: str = _key(index=True)


class Speaker(Record, table=True):
    """A voice: a person, an organization, a document, or somebody unnamed."""

    __table_args__ = (_to_review(), _KEEP_IDS)
    noun = Noun.SPEAKERS

    slug: str = Field(unique=True)
    name: str
    name_key: str = _key()
    kind: SpeakerKind = Field(sa_type=AutoString)
    title: str | None = None
    country: str | None = None
    wikidata_id: str | None = None
    source_id: int | None = _id_of("source", default=None, index=True, ondelete="SET NULL")


class SpeakerAlias(Record, table=True):
    """Another name of a speaker."""

    __tablename__ = "speaker_alias"
    __table_args__ = (UniqueConstraint("speaker_id", "name_key"), _KEEP_IDS)

    speaker_id: int = _id_of("speaker", ondelete="CASCADE")
    name: str
    name_key: str = _key(index=True)


class Document(Record, table=True):
    """One captured text of one published item of a source; the text never changes.

    ``identity`` is the SHA-256 of the canonical address, or of the title where there is no address:
    two captures with the same identity are versions of one item.
    """

    __table_args__ = (
        UniqueConstraint("source_id", "identity", "sha256"),
        _KEEP_IDS,
    )
    noun = Noun.DOCUMENTS

    source_id: int = _id_of("source", ondelete="RESTRICT")
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
    supersedes_id: int | None = _id_of("document", default=None, index=True, ondelete="SET NULL")


class Extraction(Record, table=True):
    """A run of the extractor over a document's text: its version, and how many statements and claims it extracted."""

    __tablename__ = "reading"
    __table_args__ = _KEEP_IDS

    document_id: int = _id_of("document", unique=True, ondelete="CASCADE")
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
        # Of the few that were merged: an index of all would be taken for a way to find the others.
        Index(None, "merged_into_id", sqlite_where=_MERGED, postgresql_where=_MERGED),
        _to_review(),
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
    place_key: str | None = _key(default=None)
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    external_id: str | None = Field(default=None, unique=True)
    merged_into_id: int | None = _id_of("event", default=None, ondelete="SET NULL")


class Report(Dated, Record, table=True):
    """A document reports an event, in a passage, with a date of its own."""

    __table_args__ = (
        UniqueConstraint("event_id", "document_id"),
        _to_review(),
        CheckConstraint('"start" >= 0 AND "end" > "start"', name="span"),
        _KEEP_IDS,
    )
    noun = Noun.REPORTS

    event_id: int = _id_of("event", ondelete="CASCADE")
    document_id: int = _id_of("document", index=True, ondelete="CASCADE")
    role: ReportRole = Field(sa_type=AutoString)
    start: int | None = None
    end: int | None = None


class Utterance(Said, Record, table=True):
    """The one thing said, of which several statements are the printings."""

    __table_args__ = _KEEP_IDS
    noun = Noun.UTTERANCES

    speaker_id: int | None = _id_of("speaker", default=None, ondelete="RESTRICT")
    external_id: str | None = Field(default=None, unique=True)


class Statement(Said, Record, table=True):
    """Words that one document attributes to a speaker; null where it does not say to whom.

    ``utterance_by`` says who put it with its utterance, or where there is none who said that it stands alone;
    ``coded_by`` speaks of all else.
    """

    __table_args__ = (
        Index(None, "document_id", "start"),
        _to_review(),
        CheckConstraint('"start" >= 0 AND "end" > "start"', name="span"),
        CheckConstraint("cue_start >= 0 AND cue_end > cue_start", name="cue_span"),
        _KEEP_IDS,
    )
    noun = Noun.STATEMENTS

    document_id: int = _id_of("document", ondelete="CASCADE")
    speaker_id: int | None = _id_of("speaker", default=None, ondelete="RESTRICT")
    event_id: int | None = _id_of("event", default=None, index=True, ondelete="SET NULL")
    utterance_id: int | None = _id_of("utterance", default=None, index=True, ondelete="SET NULL")
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

    statement_id: int = _id_of("statement", ondelete="CASCADE")
    position: int
    speaker_id: int = _id_of("speaker", index=True, ondelete="RESTRICT")
    cue: str | None = None
    start: int | None = None
    end: int | None = None


class Claim(Record, table=True):
    """What a document says of one property of an event, as printed and in a normal form."""

    __table_args__ = (
        _to_review(),
        CheckConstraint('"start" >= 0 AND "end" > "start"', name="span"),
        _KEEP_IDS,
    )
    noun = Noun.CLAIMS

    report_id: int = _id_of("report", index=True, ondelete="CASCADE")
    property: str = _key()
    value: str
    normalized: str | None = None
    unit: str | None = None
    start: int
    end: int
    attributed_to_id: int | None = _id_of("speaker", default=None, index=True, ondelete="RESTRICT")


class Match(Record, table=True):
    """Two events, or two statements, that may be one: a machine's doubt, until a person says whether they are the same.

    Of the two the one with the smaller id comes first.
    """

    __table_args__ = (
        UniqueConstraint("event_id", "other_event_id"),
        UniqueConstraint("statement_id", "other_statement_id"),
        _to_review(),
        _KEEP_IDS,
    )
    noun = Noun.MATCHES

    event_id: int | None = _id_of("event", default=None, ondelete="CASCADE")
    other_event_id: int | None = _id_of("event", default=None, index=True, ondelete="CASCADE")
    statement_id: int | None = _id_of("statement", default=None, ondelete="CASCADE")
    other_statement_id: int | None = _id_of("statement", default=None, index=True, ondelete="CASCADE")
    same: bool | None = None


class ApiKey(SQLModel, table=True):
    """A key to write (or, where reading is not public, to read); only its hash is kept."""

    __tablename__ = "api_key"
    __table_args__ = _KEEP_IDS

    id: int | None = _own_id()
    name: str
    prefix: str = Field(unique=True)
    sha256: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    # The addresses that it reads, with all below them; null for all.
    paths: list[str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    created_at: dt.datetime
    revoked_at: dt.datetime | None = None


class IdempotencyKey(SQLModel, table=True):
    """The answer once given to a write that carried an ``Idempotency-Key``, committed with that write."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("api_key_id", "key"), _KEEP_IDS)

    id: int | None = _own_id()
    api_key_id: int = _id_of("api_key", ondelete="CASCADE")
    key: str
    fingerprint: str
    status: int
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    body: str
    created_at: dt.datetime = Field(index=True)


class Tally(SQLModel, table=True):
    """How much hangs on an event: kept, so that lists can be sorted by it; never a record of its own."""

    __table_args__ = (
        Index(None, "sources", "event_id"),
        Index(None, "statements", "event_id"),
        Index(None, "origins", "event_id"),
    )

    event_id: int = _id_of("event", primary_key=True, ondelete="CASCADE")
    sources: int
    documents: int
    statements: int
    origins: int
    # What a list shows of the sources, as JSON: to gather it for each page took most of the page's time.
    outlets: str


class Coverage(SQLModel, table=True):
    """A source reported an event: kept beside reports and documents, so that neither has to be read to know it."""

    __table_args__ = (Index(None, "source_id", "earliest", "event_id"), {"sqlite_with_rowid": False})

    event_id: int = _id_of("event", primary_key=True, ondelete="CASCADE")
    source_id: int = _id_of("source", primary_key=True, ondelete="CASCADE")
    earliest: dt.date
    documents: int
    first_published: dt.date | None = None


class Origin(SQLModel, table=True):
    """Somebody whose account stands behind reports of an event, independent of the others: kept beside the records.

    ``key`` tells who, as in ``source:7`` or ``state:KP``; ``documents`` is how many rest on it.
    """

    __table_args__ = (Index(None, "key", "event_id"), {"sqlite_with_rowid": False})

    event_id: int = _id_of("event", primary_key=True, ondelete="CASCADE")
    key: str = _key(primary_key=True)
    name: str
    documents: int


class Provenance(SQLModel, table=True):
    """What a document's text and byline show of where it comes from: kept, since it follows from them alone.

    ``sketch`` tells which other texts have its words; ``credit`` is the agency that it credits, and where it does so in
    the text (nowhere, if the byline does).
    """

    __table_args__ = (
        Index(
            None,
            "credit_key",
            sqlite_where=text("credit_key IS NOT NULL"),
            postgresql_where=text("credit_key IS NOT NULL"),
        ),
    )

    document_id: int = _id_of("document", primary_key=True, ondelete="CASCADE")
    sketch: bytes
    credit: str | None = None
    credit_key: str | None = _key(default=None)
    credit_start: int | None = None
    credit_end: int | None = None


class Voicing(SQLModel, table=True):
    """A statement under each voice that made or relayed it, with the days on which it may have been said.

    Kept beside the records, so that what prints the same utterance is found.
    """

    __table_args__ = (
        Index(None, "statement_id"),
        Index(None, "speaker_id", "last", sqlite_where=_LASTS, postgresql_where=_LASTS),
        {"sqlite_with_rowid": False},
    )

    speaker_id: int = _id_of("speaker", primary_key=True, ondelete="CASCADE")
    first: dt.date = Field(primary_key=True)
    statement_id: int = _id_of("statement", primary_key=True, ondelete="CASCADE")
    last: dt.date
    # Whether it may have been said on days so far apart that to look a month back does not find it.
    lasts: bool


class Import(SQLModel, table=True):
    """One import, of a file or over HTTP: how many of its lines are committed, and what became of them."""

    __table_args__ = (UniqueConstraint("format", "fingerprint"), _KEEP_IDS)

    id: int | None = _own_id()
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
    revision_id: int | None = _id_of("revision", default=None)


class Rejection(SQLModel, table=True):
    """A finding that a person rejected: words of a document that are not to be found in it again.

    ``noun`` says as what. ``words_key`` matches the same words in other versions of the document. A rejected speaker
    is a name that no document is to make a speaker of again.
    """

    __table_args__ = (Index(None, "document_id", "noun"), Index(None, "noun", "words_key"), _KEEP_IDS)

    id: int | None = _own_id()
    document_id: int | None = _id_of("document", default=None, ondelete="CASCADE")
    noun: Noun = Field(sa_type=AutoString)
    start: int | None = None
    end: int | None = None
    words_key: str = _key()
    at: dt.datetime
    author: str


class Feed(SQLModel, table=True):
    """An address that is asked for new items again and again, and what it last answered."""

    __table_args__ = (Index(None, "active", "due_at"), _KEEP_IDS)

    id: int | None = _own_id()
    url: str = Field(unique=True)
    source_id: int | None = _id_of("source", default=None, index=True, ondelete="SET NULL")
    format: FeedFormat | None = Field(default=None, sa_type=AutoString)
    title: str | None = None
    active: bool = True
    interval: int
    extract: bool = True
    created_at: dt.datetime
    # What it last answered.
    etag: str | None = None
    last_modified: str | None = None
    ttl: int = 0  # seconds that it wants to be left alone after each check
    result: FeedResult | None = Field(default=None, sa_type=AutoString)
    detail: str | None = None
    checked_at: dt.datetime | None = None
    changed_at: dt.datetime | None = None
    due_at: dt.datetime
    failures: int = 0
    items: int = 0
    documents: int = 0


class FeedItem(SQLModel, table=True):
    """An item of a feed that was seen: it is fetched again only when the feed says that it changed."""

    __tablename__ = "feed_item"
    __table_args__ = (UniqueConstraint("feed_id", "key"), Index(None, "feed_id", "id"), _KEEP_IDS)

    id: int | None = _own_id()
    feed_id: int = _id_of("feed", ondelete="CASCADE")
    key: str = _key()  # SHA-256 of the item's id or address
    url: str
    updated: str | None = None  # as the feed says it, to be compared only
    state: FeedItemState = Field(sa_type=AutoString)
    detail: str | None = None
    failures: int = 0
    seen_at: dt.datetime
    document_id: int | None = _id_of("document", default=None, index=True, ondelete="SET NULL")


class SavedSearch(SQLModel, table=True):
    """The filters of a noun's list under a name: to be read as that list, followed as a stream, or sent to webhooks."""

    __tablename__ = "saved_search"
    __table_args__ = _KEEP_IDS

    id: int | None = _own_id()
    slug: str = Field(unique=True)
    name: str
    noun: Noun = Field(sa_type=AutoString)
    query: str  # as in the list's address, its parameters in alphabetical order
    created_at: dt.datetime


class Webhook(SQLModel, table=True):
    """An address that is told of changes: all after ``position``, the last revision of which messages were made."""

    __table_args__ = _KEEP_IDS

    id: int | None = _own_id()
    url: str
    description: str | None = None
    secret: str
    # Signs too until then, so that a receiver can change over.
    old_secret: str | None = None
    old_secret_until: dt.datetime | None = None
    search_id: int | None = _id_of("saved_search", default=None, index=True, ondelete="RESTRICT")
    nouns: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    operations: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    position: int = Field(sa_type=BigInteger)
    active: bool = True
    # Why it is not any more, where that was not a person's wish.
    disabled_at: dt.datetime | None = None
    disabled_reason: str | None = None
    created_at: dt.datetime


class Delivery(SQLModel, table=True):
    """A message to a webhook, and what came of sending it last: kept until it is delivered, and some time after."""

    __table_args__ = (
        Index(None, "webhook_id", "id"),
        Index(None, "webhook_id", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        _KEEP_IDS,
    )

    id: int | None = _own_id()
    webhook_id: int = _id_of("webhook", ondelete="CASCADE")
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
    """A line of a file of mentions that names an event which the store does not hold yet."""

    __tablename__ = "pending_mention"
    __table_args__ = {"sqlite_with_rowid": False}

    external_id: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    line: str


# In the order in which foreign keys allow them to be filled.
RECORDS: tuple[type[Record], ...] = (
    Source, SourceAlias, Speaker, SpeakerAlias, Event, Document, Extraction, Report, Utterance, Statement, Attribution,
    Claim, Match,
)  # fmt: skip

NOUNS: dict[Noun, type[Record]] = {model.noun: model for model in RECORDS if model.noun is not None}

# A change of a part is a change of the record it belongs to, under the key that names its owner.
PARTS: dict[type[Record], tuple[type[Record], str]] = {
    SourceAlias: (Source, "source_id"),
    SpeakerAlias: (Speaker, "speaker_id"),
    Attribution: (Statement, "statement_id"),
}
