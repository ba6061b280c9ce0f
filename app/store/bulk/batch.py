"""Records to be written in bulk, by keys that do not depend on the store.

Values are as the drivers take them: dates and moments are ISO 8601 texts, moments in UTC and without an offset. Nothing
is validated here; the importer that fills a batch validates.
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
    """An outlet of an import, from which a source is added if the store has none of its domain or name."""

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

    def merge(self, other: "DocumentRow") -> "DocumentRow":
        """Merge two rows of one item: the newer text wins, or if neither has a text, the earlier row."""
        choose = max if self.text or other.text else min
        chosen = choose(self, other, key=lambda row: row.retrieved_at)
        return chosen._replace(language=self.language or other.language)


class ReportRow(NamedTuple):
    role: str
    confidence: float | None = None
    date: str | None = None
    earliest: str | None = None
    latest: str | None = None
    latest_start: str | None = None
    earliest_end: str | None = None

    def merge(self, other: "ReportRow") -> "ReportRow":
        """Merge two rows of one report: the surer one wins, with the date of ``other``, or else of this one."""
        surer = max(self, other, key=lambda row: (row.confidence or 0.0, row.role == ReportRole.MAIN))
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
    """The records of one transaction; its reports name events of the batch or of the store."""

    outlets: dict[str, Outlet] = field(default_factory=dict)
    events: dict[str, EventRow] = field(default_factory=dict)
    documents: dict[DocumentKey, DocumentRow] = field(default_factory=dict)
    reports: dict[ReportKey, ReportRow] = field(default_factory=dict)
    claims: dict[ReportKey, list[ClaimRow]] = field(default_factory=lambda: defaultdict(list))

    def add_document(self, outlet: Outlet, row: DocumentRow) -> DocumentKey:
        key = (outlet.key, row.identity)
        self.outlets[key[0]] = outlet
        existing = self.documents.get(key)
        if existing is not row:
            self.documents[key] = row if existing is None else existing.merge(row)
        return key

    def add_report(self, event: str, document: DocumentKey, row: ReportRow) -> ReportKey:
        key = (event, document)
        existing = self.reports.get(key)
        self.reports[key] = row if existing is None else existing.merge(row)
        return key
