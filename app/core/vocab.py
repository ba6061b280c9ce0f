"""The closed vocabularies of the store."""

from enum import StrEnum


class SourceKind(StrEnum):
    """The sort of publisher that a source is."""

    NEWSPAPER = "newspaper"
    MAGAZINE = "magazine"
    NEWS_AGENCY = "news_agency"
    BROADCASTER = "broadcaster"
    ONLINE = "online"
    GOVERNMENT = "government"
    ORGANIZATION = "organization"


class SpeakerKind(StrEnum):
    """The sort of voice that a speaker is; ``document`` is a text, such as a treaty."""

    PERSON = "person"
    ORGANIZATION = "organization"
    DOCUMENT = "document"
    UNNAMED = "unnamed"


class EventType(StrEnum):
    """PLOVER's event categories (openeventdata/PLOVER, 2021), and ``statement``, which PLOVER lacks."""

    AGREE = "agree"
    CONSULT = "consult"
    SUPPORT = "support"
    CONCEDE = "concede"
    COOPERATE = "cooperate"
    AID = "aid"
    RETREAT = "retreat"
    REQUEST = "request"
    ACCUSE = "accuse"
    REJECT = "reject"
    THREATEN = "threaten"
    PROTEST = "protest"
    SANCTION = "sanction"
    MOBILIZE = "mobilize"
    COERCE = "coerce"
    ASSAULT = "assault"
    STATEMENT = "statement"


class ReportRole(StrEnum):
    """The role of an event in a document: its subject, or background."""

    MAIN = "main"
    BACKGROUND = "background"


class StatementKind(StrEnum):
    """The form of a statement's words (Citron, PolNeAR): verbatim, paraphrased, or both."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    MIXED = "mixed"


class WordEdit(StrEnum):
    """The difference between the words of two printings; ``cut`` words stand before or after an excerpt."""

    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"
    REPLACE = "replace"
    CUT = "cut"


class CodedBy(StrEnum):
    """The coder of a record, so that a machine's reading never passes for a person's."""

    HUMAN = "human"
    MACHINE = "machine"
    IMPORT = "import"


class DateMatch(StrEnum):
    """The certainty that a date filter asks for: certainly in the range, or possibly."""

    CERTAIN = "certain"
    POSSIBLE = "possible"


class Operation(StrEnum):
    """The change that a revision made to a record."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Outcome(StrEnum):
    """The outcome of one line of an import."""

    TAKEN = "taken"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    SKIPPED = "skipped"
    REJECTED = "rejected"


class ImportState(StrEnum):
    """The progress of an import."""

    RUNNING = "running"
    FINISHED = "finished"
    BROKEN_OFF = "broken_off"


class DeliveryState(StrEnum):
    """The state of a message to a webhook."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class FeedFormat(StrEnum):
    """The format of a feed."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"
    SITEMAP = "sitemap"


class FeedResult(StrEnum):
    """The result of checking a feed for new items."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"


class FeedItemState(StrEnum):
    """The state of an item of a feed."""

    WAITING = "waiting"
    STORED = "stored"
    REFUSED = "refused"
    FAILED = "failed"


class Verdict(StrEnum):
    """A person's verdict on a machine's reading."""

    CONFIRM = "confirm"
    CORRECT = "correct"
    REJECT = "reject"


class Accord(StrEnum):
    """The agreement of the values that documents give of one property of an event."""

    AGREEMENT = "agreement"
    UNCLEAR = "unclear"
    CONFLICT = "conflict"


class CoverageStatus(StrEnum):
    """The coverage of an event by a source: with or without a document on it."""

    REPORTED = "reported"
    NO_DOCUMENT = "no_document"


class Interval(StrEnum):
    """The length of each period in a series of counts; weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class SeriesBy(StrEnum):
    """The property by which counts are split into series."""

    SOURCE = "source"
    SPEAKER = "speaker"
    COUNTRY = "country"
    TYPE = "type"
    ORIGIN = "origin"


class Scope(StrEnum):
    """A permission of an API key; each includes those before it.

    ``feeds`` is for clients that cannot send headers: it reads lists, and its key may be part of an address.
    """

    FEEDS = "feeds"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Noun(StrEnum):
    """The records that have an address of their own; also the first part of that address."""

    SOURCES = "sources"
    DOCUMENTS = "documents"
    EVENTS = "events"
    REPORTS = "reports"
    SPEAKERS = "speakers"
    STATEMENTS = "statements"
    UTTERANCES = "utterances"
    CLAIMS = "claims"
    MATCHES = "matches"

    @property
    def singular(self) -> str:
        """The singular form of the noun."""
        return self.removesuffix("es" if self is Noun.MATCHES else "s")
