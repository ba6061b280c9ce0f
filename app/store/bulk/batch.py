"""Records on their way into the store in bulk, under the keys by which they are known outside it.

Values are what the drivers take: dates and moments are ISO 8601 texts, moments in UTC and without an offset. Nothing
is validated here: whoever fills a batch has to.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from app.core.spans import make_match_key
from app.core.vocab import ReportRole, SourceKind

DocumentKey = tuple[str, str]
"""The key of the outlet, and the identity of the item."""
ReportKey = tuple[str, DocumentKey]
"""The external id of the event, and the document."""


class Outlet(NamedTuple):
    """What is known of an outlet, for the case that the store has none of its domain or name."""

    name: str
    kind: SourceKind
    domain: str | None = None

    @property
    def key(self) -> str:
        return make_match_key(self.domain or self.name)


class EventRow(NamedTuple):
    title: str
    date: str
    earliest: str
    latest: str
    latest_start: str | None
    earliest_end: str | None
    type: str
    place: str | None
    place_key: str | None
    country: str | None
    latitude: float | None
    longitude: float | None
    external_id: str


class DocumentRow(NamedTuple):
    """A captured text, or with the text ``""`` an item of which only the address or the title is known."""

    identity: str
    url: str | None
    canonical_url: str | None
    title: str | None
    text: str
    sha256: str
    retrieved_at: str
    language: str | None = None
    published_at: str | None = None
    published: str | None = None
    published_earliest: str | None = None
    published_latest: str | None = None
    published_latest_start: str | None = None
    published_earliest_end: str | None = None

    def merged(self, other: "DocumentRow") -> "DocumentRow":
        """The same item twice: its newer text, or where no text is known as it was seen first."""
        choose = max if self.text or other.text else min
        chosen = choose(self, other, key=lambda each: each.retrieved_at)
        return chosen._replace(language=self.language or other.language)


class ReportRow(NamedTuple):
    role: str
    confidence: float | None = None
    date: str | None = None
    earliest: str | None = None
    latest: str | None = None
    latest_start: str | None = None
    earliest_end: str | None = None

    def merged(self, other: "ReportRow") -> "ReportRow":
        """Two readings of the same report: the surer one, with the date that ``other``, else this one, gives."""
        surer = max(self, other, key=lambda each: (each.confidence or 0.0, each.role == ReportRole.MAIN))
        dated = other if other.date is not None else self
        return ReportRow(surer.role, surer.confidence, *dated[2:])


class ClaimRow(NamedTuple):
    property: str
    value: str
    normalized: str | None
    unit: str | None
    start: int
    end: int


@dataclass
class Batch:
    """What one transaction is to put into the store; reports name events that are in it, or in the store."""

    outlets: dict[str, Outlet] = field(default_factory=dict)
    events: dict[str, EventRow] = field(default_factory=dict)
    documents: dict[DocumentKey, DocumentRow] = field(default_factory=dict)
    reports: dict[ReportKey, ReportRow] = field(default_factory=dict)
    claims: dict[ReportKey, list[ClaimRow]] = field(default_factory=lambda: defaultdict(list))

    def add_document(self, outlet: Outlet, row: DocumentRow) -> DocumentKey:
        key = (outlet.key, row.identity)
        self.outlets[key[0]] = outlet
        there = self.documents.get(key)
        if there is not row:
            self.documents[key] = row if there is None else there.merged(row)
        return key

    def add_report(self, event: str, document: DocumentKey, row: ReportRow) -> ReportKey:
        key = (event, document)
        there = self.reports.get(key)
        self.reports[key] = row if there is None else there.merged(row)
        return key
