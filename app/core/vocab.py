"""The closed vocabularies of the store."""

from enum import StrEnum


class SourceKind(StrEnum):
    """What sort of publisher a source is."""

    NEWSPAPER = "newspaper"
    MAGAZINE = "magazine"
    NEWS_AGENCY = "news_agency"
    BROADCASTER = "broadcaster"
    ONLINE = "online"
    GOVERNMENT = "government"
    ORGANIZATION = "organization"


class SpeakerKind(StrEnum):
    """What sort of voice a speaker is; ``document`` is a text that speaks, such as a treaty."""

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
    """What a document makes of an event: its subject, or background to it."""

    MAIN = "main"
    BACKGROUND = "background"


class StatementKind(StrEnum):
    """How the words are given (Citron, PolNeAR): verbatim, paraphrased, or both in one."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    MIXED = "mixed"


class WordEdit(StrEnum):
    """What became of words of one printing in another; ``cut`` is what an excerpt leaves out before and after it."""

    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"
    REPLACE = "replace"
    CUT = "cut"


class CodedBy(StrEnum):
    """Whose reading a record is, so that a machine's never passes for a person's."""

    HUMAN = "human"
    MACHINE = "machine"
    IMPORT = "import"


class DateMatch(StrEnum):
    """Whether a date filter takes only what certainly falls in its range, or also what possibly does."""

    CERTAIN = "certain"
    POSSIBLE = "possible"


class Operation(StrEnum):
    """What a revision did to a record."""

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
    """Whether an import has been read to its end."""

    RUNNING = "running"
    FINISHED = "finished"
    BROKEN_OFF = "broken_off"


class DeliveryState(StrEnum):
    """What became of a message to a webhook."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class FeedFormat(StrEnum):
    """What an address that is watched answers with."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"
    SITEMAP = "sitemap"


class FeedResult(StrEnum):
    """What came of asking a feed for new items."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"


class FeedItemState(StrEnum):
    """What became of an item of a feed."""

    WAITING = "waiting"
    STORED = "stored"
    REFUSED = "refused"
    FAILED = "failed"


class Verdict(StrEnum):
    """What a person says of a machine's finding."""

    CONFIRM = "confirm"
    CORRECT = "correct"
    REJECT = "reject"


class Accord(StrEnum):
    """Whether what documents say of one property of an event can all be true at once."""

    AGREEMENT = "agreement"
    UNCLEAR = "unclear"
    CONFLICT = "conflict"


class CoverageStatus(StrEnum):
    """Whether an outlet that the store follows has a document on an event there."""

    REPORTED = "reported"
    NO_DOCUMENT = "no_document"


class Interval(StrEnum):
    """How long each period of a series of counts is; weeks are those of ISO 8601, which begin on Monday."""

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
