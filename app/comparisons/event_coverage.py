"""The coverage of an event as a list: one item an outlet, also for those that have no document on it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.analysis.coverage import Carriage, measure
from app.analysis.first_published import PublicationOrder, PublicationTime
from app.analysis.origin_rows import OriginKeyResolver, OriginRows
from app.analysis.origins import find_event_origins
from app.core.spans import Span
from app.core.vocab import CoverageStatus
from app.database.statements import ReadSession, Row
from app.queries import coverage
from app.queries import origins as stored
from app.queries.coverage import EventCoverage
from app.queries.listing import Page, PageRequest
from app.schemas.common import split_commas
from app.schemas.coverage import EventCoverageFilter

Origins = Mapping[str, Collection[int]]
"""By its key, the documents that rest on each origin, by their ids."""

_Key = tuple[str, int]


async def get_listing(reads: ReadSession, event: int, filters: EventCoverageFilter) -> "Outlets":
    """The outlets that covered an event, and those that might have (``CoveragePublic``); raises Missing."""
    found = await coverage.get_event_coverage(reads, event)
    return Outlets(found, await _origins(reads, event), split_commas(filters.status) or list(CoverageStatus))


async def _origins(reads: ReadSession, event: int) -> Origins:
    found = OriginRows(*await stored.get_event_rows(reads, event))
    who = OriginKeyResolver(*await stored.get_name_bearers(reads, found.list_agency_keys()))
    return {
        origin.key.key: {each.document_id for each in origin.evidence}
        for origin in find_event_origins(found.documents[event], who)
    }


@dataclass(frozen=True)
class _Document:
    """A document on the event: when it appeared, and the item that tells of it."""

    id: int
    published: PublicationTime
    item: dict[str, Any]


@dataclass(frozen=True)
class _Outlet:
    """What an outlet has on the event."""

    documents: list[_Document] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)


class Outlets:
    """Outlets of these statuses, and what each has of an event."""

    def __init__(self, found: EventCoverage, rests: Origins, statuses: Collection[str]) -> None:
        self._outlets = _outlets(found)
        published = {each.id: each.published for outlet in self._outlets.values() for each in outlet.documents}
        self._order = PublicationOrder(published.values())
        self._first_of = _firsts(published, rests)
        self._utterances = Carriage((row[0], row[5]) for row in found.statements if row[5] is not None)
        self._properties = Carriage((row[0], row[5]) for row in found.claims)
        self._speakers = Carriage((source, speaker) for source, speaker in found.voices)
        self._sources = [row for row in found.sources if self._status(row[0]) in statuses]

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        down = request.sort.startswith("-")
        rows = sorted(((self._key(row, request.sort), row) for row in self._sources), key=_first, reverse=down)
        if request.after is not None:
            after = (str(request.after[0]), request.after[1])
            rows = [(key, row) for key, row in rows if (key < after if down else key > after)]
        shown = rows[: request.limit]
        quoted = {row[0]: self._speakers.list_left_out(row[0]) for _, row in shown if row[0] in self._outlets}
        briefs = await coverage.get_speaker_briefs(reads, {ident for idents in quoted.values() for ident in idents})
        items = [self._item(row, [briefs[ident] for ident in quoted.get(row[0], ())]) for _, row in shown]
        return Page(items, shown[-1][0] if len(rows) > len(shown) else None)

    async def count(self, _reads: ReadSession) -> int:
        return len(self._sources)

    def _status(self, source: int) -> CoverageStatus:
        return CoverageStatus.REPORTED if source in self._outlets else CoverageStatus.NO_DOCUMENT

    def _key(self, row: Row, sort: str) -> _Key:
        """What an outlet is sorted by: its name; or its first day, and after all that have a document, its name."""
        source, name = int(row[0]), str(row[1])
        if sort.removeprefix("-") == "name":
            return name, source
        outlet = self._outlets.get(source)
        return (f"1 {name}" if outlet is None else f"0 {_first_day(outlet) or 'undated'}"), source

    def _item(self, row: Row, speakers: Sequence[str]) -> str:
        source, _, documents_then, item = row
        outlet = self._outlets.get(source, _NOTHING)
        told = {"status": self._status(source), "documents_then": documents_then, **self._when(outlet)}
        told |= {"documents": self._dated(outlet.documents), "statements": outlet.statements, "claims": outlet.claims}
        others = (self._utterances, self._properties)
        utterances, properties = [[] if outlet is _NOTHING else each.list_left_out(source) for each in others]
        left_out = {
            "utterances": utterances,
            "properties": properties,
            "speakers": list(map(orjson.Fragment, speakers)),
        }
        return orjson.dumps({**orjson.loads(item), **told, "left_out": left_out}).decode()

    def _when(self, outlet: _Outlet) -> dict[str, Any]:
        lags = [self._order.get_lag(each.published) for each in outlet.documents]
        return {
            "first_published": _first_day(outlet),
            "lag_days": min((lag.days for lag in lags if lag.days is not None), default=None),
            "lag_seconds": min((lag.seconds for lag in lags if lag.seconds is not None), default=None),
            "first": any(self._order.is_first(each.published) for each in outlet.documents),
            "first_of": list(dict.fromkeys(key for each in outlet.documents for key in self._first_of[each.id])),
        }

    def _dated(self, documents: Iterable[_Document]) -> list[dict[str, Any]]:
        lags = [(each, self._order.get_lag(each.published)) for each in documents]
        return [{**each.item, "lag_days": lag.days, "lag_seconds": lag.seconds} for each, lag in lags]


_NOTHING = _Outlet()


def _first(pair: tuple[_Key, Row]) -> _Key:
    return pair[0]


def _firsts(published: Mapping[int, PublicationTime], rests: Origins) -> Mapping[int, list[str]]:
    """The origins, by key, that each document was the first to rest on."""
    firsts: dict[int, list[str]] = defaultdict(list)
    for key, documents in rests.items():
        order = PublicationOrder(published[ident] for ident in documents)
        for ident in documents:
            if order.is_first(published[ident]):
                firsts[ident].append(key)
    return firsts


def _first_day(outlet: _Outlet) -> dt.date | None:
    days = [each.published.day for each in outlet.documents if each.published.day is not None]
    return min(days, default=None)


def _outlets(found: EventCoverage) -> dict[int, _Outlet]:
    """What each source has on the event."""
    outlets: dict[int, _Outlet] = defaultdict(_Outlet)
    statements, claims = _spans(found.statements), _spans(found.claims)
    for source, ident, *row in found.documents:
        outlets[source].documents.append(_document(ident, row, statements[ident], claims[ident]))
    for source, _, _, _, ident, *_ in found.statements:
        outlets[source].statements.append(ident)
    for source, _, _, _, ident, *_ in found.claims:
        outlets[source].claims.append(ident)
    return dict(outlets)


def _spans(rows: Iterable[Row]) -> dict[int, list[Span]]:
    """Where in each document something stands."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for _, document, start, end, *_ in rows:
        spans[document].append(Span(start, end))
    return spans


def _document(ident: int, row: Sequence[Any], statements: Sequence[Span], claims: Sequence[Span]) -> _Document:
    length, day, moment, start, end, item = row
    about = measure(length, None if start is None else Span(start, end), statements, claims)
    published = PublicationTime(day and dt.date.fromisoformat(str(day)), moment and dt.datetime.fromisoformat(moment))
    told = {
        "length": about.length,
        "passage_length": about.passage,
        "statement_length": about.statements,
        "claim_length": about.claims,
        "about_length": about.about,
        "share": round(about.share, 4),
    }
    return _Document(ident, published, orjson.loads(item) | told)
