"""The coverage of an event as a list: one item an outlet, also for outlets without a document on it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import orjson

from app.analysis.coverage import Carriage, measure
from app.analysis.first_published import PublicationOrder, PublicationTime
from app.comparisons import origins
from app.core.spans import Span
from app.core.vocab import CoverageStatus
from app.database.reads import ReadSession
from app.queries import coverage
from app.queries.coverage import CoverageSource, CoveringClaim, CoveringDocument, CoveringStatement, EventCoverage
from app.queries.listing import Page, PageRequest
from app.schemas.common import split_commas
from app.schemas.coverage import EventCoverageFilter

OriginDocuments = Mapping[str, Collection[int]]
"""The ids of the documents that rest on each origin, by its key."""

_Key = tuple[str, int]


async def get_listing(reads: ReadSession, event: int, filters: EventCoverageFilter) -> "EventCoverageListing":
    """Return the outlets that covered an event, and those that might have (``CoveragePublic``).

    Raises Missing if there is no such event.
    """
    rows = await coverage.get_event_coverage(reads, event)
    origin_listing = await origins.get_event_listing(reads, event)
    documents_by_origin = {
        origin.key.key: {evidence.document_id for evidence in origin.evidence} for origin in origin_listing.origins
    }
    return EventCoverageListing(rows, documents_by_origin, split_commas(filters.status) or list(CoverageStatus))


@dataclass(frozen=True)
class _Document:
    """A document on the event, the time of its publication, and its fields in an item."""

    id: int
    published: PublicationTime
    fields: dict[str, Any]


@dataclass(frozen=True)
class _Outlet:
    """The documents of an outlet on the event, and the ids of the statements and claims in them."""

    documents: list[_Document] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)

    @property
    def first_day(self) -> dt.date | None:
        days = [document.published.day for document in self.documents if document.published.day is not None]
        return min(days, default=None)


class EventCoverageListing:
    """The outlets with one of the statuses, and the coverage of the event by each."""

    def __init__(self, rows: EventCoverage, origins: OriginDocuments, statuses: Collection[str]) -> None:
        self._outlets = _group_by_outlet(rows)
        published = {
            document.id: document.published for outlet in self._outlets.values() for document in outlet.documents
        }
        self._order = PublicationOrder(published.values())
        self._first_of = _find_firsts(published, origins)
        self._utterances = Carriage(
            (row.source_id, row.utterance_id) for row in rows.statements if row.utterance_id is not None
        )
        self._properties = Carriage((row.source_id, row.property) for row in rows.claims)
        self._speakers = Carriage((row.source_id, row.speaker_id) for row in rows.voices)
        self._sources = [source for source in rows.sources if self._get_status(source.id) in statuses]

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        descending = request.sort.startswith("-")
        by_key = [(self._build_key(source, request.sort), source) for source in self._sources]
        by_key.sort(key=itemgetter(0), reverse=descending)
        if request.after is not None:
            after = (str(request.after[0]), request.after[1])
            by_key = [(key, source) for key, source in by_key if (key < after if descending else key > after)]
        page = by_key[: request.limit]
        unquoted = {
            source.id: self._speakers.list_left_out(source.id) for _, source in page if source.id in self._outlets
        }
        briefs = await coverage.get_speaker_briefs(reads, {ident for ids in unquoted.values() for ident in ids})
        items = [
            self._build_item(source, [briefs[ident] for ident in unquoted.get(source.id, ())]) for _, source in page
        ]
        return Page(items, page[-1][0] if len(by_key) > len(page) else None)

    async def count(self, _reads: ReadSession) -> int:
        """Return the number of outlets."""
        return len(self._sources)

    def _get_status(self, source_id: int) -> CoverageStatus:
        return CoverageStatus.REPORTED if source_id in self._outlets else CoverageStatus.NO_DOCUMENT

    def _build_key(self, source: CoverageSource, sort: str) -> _Key:
        """Return the sort key of an outlet: its name, or its first day; outlets without a document come last."""
        if sort.removeprefix("-") == "name":
            return source.name_key, source.id
        outlet = self._outlets.get(source.id)
        return f"1 {source.name_key}" if outlet is None else f"0 {outlet.first_day or 'undated'}", source.id

    def _build_item(self, source: CoverageSource, unquoted_speakers: Sequence[str]) -> str:
        outlet = self._outlets.get(source.id)
        left_out: dict[str, Any] = {"utterance_ids": [], "properties": []}
        if outlet is not None:
            left_out["utterance_ids"] = self._utterances.list_left_out(source.id)
            left_out["properties"] = self._properties.list_left_out(source.id)
        left_out["speakers"] = list(map(orjson.Fragment, unquoted_speakers))
        fields = {
            **orjson.loads(source.item),
            "coverage_status": self._get_status(source.id),
            "contemporary_document_count": source.documents_then,
            **self._build_coverage_fields(outlet or _Outlet()),
            "left_out": left_out,
        }
        return orjson.dumps(fields).decode()

    def _build_coverage_fields(self, outlet: _Outlet) -> dict[str, Any]:
        lags = [(document, self._order.get_lag(document.published)) for document in outlet.documents]
        return {
            "first_published_on": outlet.first_day,
            "lag_days": min((lag.days for _, lag in lags if lag.days is not None), default=None),
            "lag_seconds": min((lag.seconds for _, lag in lags if lag.seconds is not None), default=None),
            "is_first": any(self._order.is_first(document.published) for document in outlet.documents),
            "first_origin_keys": list(
                dict.fromkeys(key for document in outlet.documents for key in self._first_of[document.id])
            ),
            "covering_documents": [
                {**document.fields, "lag_days": lag.days, "lag_seconds": lag.seconds} for document, lag in lags
            ],
            "statement_ids": outlet.statements,
            "claim_ids": outlet.claims,
        }


def _find_firsts(published: Mapping[int, PublicationTime], origins: OriginDocuments) -> Mapping[int, list[str]]:
    """Return the keys of the origins that each document was the first to rest on."""
    firsts: dict[int, list[str]] = defaultdict(list)
    for key, documents in origins.items():
        order = PublicationOrder(published[ident] for ident in documents)
        for ident in documents:
            if order.is_first(published[ident]):
                firsts[ident].append(key)
    return firsts


def _group_by_outlet(rows: EventCoverage) -> dict[int, _Outlet]:
    outlets: dict[int, _Outlet] = defaultdict(_Outlet)
    statement_spans, claim_spans = _group_spans(rows.statements), _group_spans(rows.claims)
    for row in rows.documents:
        document = _build_document(row, statement_spans[row.id], claim_spans[row.id])
        outlets[row.source_id].documents.append(document)
    for statement in rows.statements:
        outlets[statement.source_id].statements.append(statement.id)
    for claim in rows.claims:
        outlets[claim.source_id].claims.append(claim.id)
    return dict(outlets)


def _group_spans(rows: Iterable[CoveringStatement | CoveringClaim]) -> dict[int, list[Span]]:
    """Return the spans of the rows by document."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for row in rows:
        spans[row.document_id].append(Span(row.start, row.end))
    return spans


def _build_document(row: CoveringDocument, statements: Sequence[Span], claims: Sequence[Span]) -> _Document:
    passage = None if row.start is None or row.end is None else Span(row.start, row.end)
    covered = measure(row.length, passage, statements, claims)
    day = None if row.first_day is None else dt.date.fromisoformat(str(row.first_day))
    moment = None if row.moment is None else dt.datetime.fromisoformat(row.moment)
    fields = {
        "length": covered.length,
        "passage_length": covered.passage,
        "statement_length": covered.statements,
        "claim_length": covered.claims,
        "about_length": covered.about,
        "share": round(covered.share, 4),
    }
    return _Document(row.id, PublicationTime(day, moment), orjson.loads(row.item) | fields)
