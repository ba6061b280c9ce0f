"""The discrepancies between documents as a list: of one event, or of many, searched until a page is full."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.analysis.discrepancies import ComparableClaim, Discrepancy, ValueGroup, ValueRelation, compare_claims
from app.analysis.origin_rows import OriginKey, OriginKeyResolver, SourceRef, SpeakerRef, recognize_agency
from app.core.errors import Invalid
from app.core.spans import CONTEXT
from app.database.reads import ReadSession
from app.queries import discrepancies, origins
from app.queries.discrepancies import ClaimQuery, ClaimRow, ClaimSet
from app.queries.listing import BoundListing, Page, PageRequest, SortKey
from app.schemas.common import split_commas
from app.schemas.discrepancy import DiscrepancyFilter, EventDiscrepancyFilter

# Events searched at a time, rounds of one page, and claims in memory at a time. A page that ends after the last round
# has fewer items than its limit, and a ``next`` that goes on.
_EVENTS, _ROUNDS, _CLAIMS = 500, 20, 5_000
# Pages searched to count the items of all pages.
_PAGES = 10


async def get_event_listing(reads: ReadSession, ref: int, filters: EventDiscrepancyFilter) -> "_EventListing":
    """Return the discrepancies of an event; raise Missing if there is no such event."""
    event, claims = await discrepancies.resolve_event(reads, ref, filters)
    return _EventListing(event, claims, _Selection(claims, filters))


async def get_listing(reads: ReadSession, filters: DiscrepancyFilter) -> "_Listing":
    """Return the discrepancies of the events that match."""
    events, claims = await discrepancies.get_event_ids(reads, filters)
    return _Listing(events, claims, _Selection(claims, filters))


_Item = dict[str, Any]
_Claim = ComparableClaim[_Item]
"""A claim with the item that presents it (``ValueClaim``), and its event."""


class _Selection:
    """The filters of discrepancies."""

    def __init__(self, claims: ClaimQuery, filters: EventDiscrepancyFilter) -> None:
        self._sources = claims.sources
        self._verdicts = split_commas(filters.verdict)
        self._min_values = 1 if filters.all else 2

    def build_items(self, claims: Sequence[_Claim]) -> Iterator[_Item]:
        """Yield the items of the claims of one event, one a property."""
        for discrepancy in compare_claims(claims):
            has_verdict = not self._verdicts or discrepancy.accord in self._verdicts
            if discrepancy.value_count >= self._min_values and has_verdict:
                item = _build_item(discrepancy)
                if not self._sources or any(source["id"] in self._sources for source in item["claiming_sources"]):
                    yield item


@dataclass(frozen=True)
class _EventListing:
    """The discrepancies of one event (``DiscrepancyPublic``)."""

    event: int
    claims: ClaimQuery
    selection: _Selection

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        items = await self._list_items(reads)
        if request.sort.startswith("-"):
            items.reverse()
        if request.after is not None:
            items = items[[item["property"] for item in items].index(request.after[0]) + 1 :]
        page = items[: request.limit]
        last = (page[-1]["property"], self.event) if len(items) > len(page) else None
        return Page(_dump(page), last)

    async def count(self, reads: ReadSession) -> int:
        """Return the number of discrepancies."""
        return len(await self._list_items(reads))

    async def _list_items(self, reads: ReadSession) -> list[_Item]:
        claims = await _get_comparable_claims(reads, await self.claims.get_claims(reads, [self.event]))
        return list(self.selection.build_items(claims))


@dataclass(frozen=True)
class _Listing:
    """The discrepancies of several events, in the order of these (``DiscrepancyPublic``)."""

    events: BoundListing
    claims: ClaimQuery
    selection: _Selection

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        after, previous = _parse_after(request)
        items: list[_Item] = []
        for _ in range(_ROUNDS):
            events = await self.events.page(reads, PageRequest(request.sort, _EVENTS, after))
            ids = [int(ident) for ident in events.items]
            counts = await self.claims.count_by_event(reads, ids)
            for batch in _split_batches([ident for ident in ids if ident in counts], counts):
                items += [item for item in await self._list_items(reads, batch) if not _was_returned(item, previous)]
                if len(items) > request.limit:
                    page = items[: request.limit]
                    event = page[-1]["event"]
                    # The date of the last event with the property, and the event
                    return Page(_dump(page), (f"{event['date']['earliest']} {page[-1]['property']}", event["id"]))
            after = events.last
            if after is None:
                break
        return Page(_dump(items), after)

    async def count(self, reads: ReadSession) -> int:
        """Return the number of discrepancies; raise Invalid if there are too many events."""
        number, last = 0, None
        for _ in range(_PAGES):
            page = await self.page(reads, PageRequest("date", _EVENTS, last))
            number, last = number + len(page.items), page.last
            if last is None:
                return number
        raise Invalid("count", "there are too many events to look through; narrow the days")

    async def _list_items(self, reads: ReadSession, events: Sequence[int]) -> list[_Item]:
        by_event: dict[int, list[_Claim]] = defaultdict(list)
        for claim in await _get_comparable_claims(reads, await self.claims.get_claims(reads, events)):
            by_event[claim.payload["event"]["id"]].append(claim)
        return [item for event in events for item in self.selection.build_items(by_event[event])]


def _split_batches(events: Sequence[int], counts: Mapping[int, int]) -> Iterator[list[int]]:
    """Yield the events in batches that have at most ``_CLAIMS`` claims, or a single event."""
    batch: list[int] = []
    left = _CLAIMS
    for event in events:
        if batch and counts[event] > left:
            yield batch
            batch, left = [], _CLAIMS
        batch.append(event)
        left -= counts[event]
    if batch:
        yield batch


_Previous = tuple[int, str]
"""An event, and the last property of it that the previous page has."""


def _parse_after(request: PageRequest) -> tuple[tuple[SortKey, int] | None, _Previous | None]:
    """Return the key after which events are read, and the last item of the previous page if it is of the first."""
    if request.after is None:
        return None, None
    key, event = request.after
    date, _, name = str(key).partition(" ")
    before = event + 1 if request.sort.startswith("-") else event - 1
    return ((date, before), (event, name)) if name else ((date, event), None)


def _was_returned(item: _Item, previous: _Previous | None) -> bool:
    return previous is not None and item["event"]["id"] == previous[0] and item["property"] <= previous[1]


def _dump(items: Iterable[_Item]) -> list[str]:
    return [orjson.dumps(item).decode() for item in items]


async def _get_comparable_claims(reads: ReadSession, claims: ClaimSet) -> list[_Claim]:
    speakers = {ident: _build_speaker_ref(row) for ident, row in claims.speakers.items()}
    unlinked = (speaker.name for speaker in speakers.values() if speaker.source is None)
    agencies = {agency for name in unlinked if (agency := recognize_agency(name))}
    name_keys = {key for agency in agencies for key in agency.keys}
    resolver = OriginKeyResolver(*await origins.get_name_bearers(reads, name_keys))
    sources = {ident: SourceRef(**row["source"]) for ident, row in claims.documents.items()}
    by_document = {ident: resolver.resolve_source(source) for ident, source in sources.items()}
    by_speaker = {ident: resolver.resolve_speaker(speaker) for ident, speaker in speakers.items()}
    return [
        _build_claim(claim, claims, by_speaker.get(claim.speaker or 0) or by_document[claim.document])
        for claim in claims.claims
    ]


def _build_claim(claim: ClaimRow, claims: ClaimSet, origin: OriginKey) -> _Claim:
    document = claims.documents[claim.document]
    item = {
        "id": claim.id,
        "report_id": claim.report,
        "source": {name: document["source"][name] for name in ("id", "slug", "name")},
        "document": document["document"],
        "origin": {"key": origin.key, "name": origin.name},
        "attributed_to": claims.speakers[claim.speaker]["speaker"] if claim.speaker else None,
        "span": _build_span(claim),
        "coded_by": claim.coded_by,
        "confidence": claim.confidence,
    }
    payload = {"event": claims.events[claim.event], "claim": item}
    return ComparableClaim(claim.property, claim.value, claim.normalized, claim.unit, payload)


def _build_speaker_ref(row: _Item) -> SpeakerRef:
    speaker, source = row["speaker"], row["source"]
    source_ref = None if source is None else SourceRef(**source)
    return SpeakerRef(speaker["id"], speaker["slug"], speaker["name"], speaker["kind"], row["country"], source_ref)


def _build_span(claim: ClaimRow) -> _Item:
    """Build the span of the claim's words with their context (``SpanPublic``)."""
    start = min(claim.start, CONTEXT)
    end = start + claim.end - claim.start
    context = claim.context
    cuts = {"exact": context[start:end], "prefix": context[:start], "suffix": context[end:]}
    return {**cuts, "start": claim.start, "end": claim.end}


def _build_item(discrepancy: Discrepancy[_Item]) -> _Item:
    claims = [claim.payload["claim"] for group in discrepancy.groups for claim in group.claims]
    sources = _distinct((claim["source"] for claim in claims), "id")
    return {
        "event": discrepancy.groups[0].claims[0].payload["event"],
        "property": discrepancy.property,
        "agreement": discrepancy.accord,
        "value_labels": [group.value.label for group in discrepancy.groups],
        "value_count": discrepancy.value_count,
        "claim_count": discrepancy.claim_count,
        "source_count": len(sources),
        "origin_count": len(_distinct((claim["origin"] for claim in claims), "key")),
        "claiming_sources": sources,
        "values": [_build_value(number, group) for number, group in enumerate(discrepancy.groups, start=1)],
    }


_RELATIONS = {
    "agreeing_ids": ValueRelation.AGREES,
    "unclear_ids": ValueRelation.UNCLEAR,
    "differing_ids": ValueRelation.DIFFERS,
}


def _build_value(number: int, group: ValueGroup[_Item]) -> _Item:
    claims = [claim.payload["claim"] for claim in group.claims]
    related = {name: [place + 1 for place in group.related.get(relation, ())] for name, relation in _RELATIONS.items()}
    return {
        "id": number,
        "value": group.value.text,
        "unit": group.value.unit,
        "printed_forms": list(dict.fromkeys(claim.value for claim in group.claims)),
        **related,
        "claiming_sources": _distinct((claim["source"] for claim in claims), "id"),
        "origins": _distinct((claim["origin"] for claim in claims), "key"),
        "claims": claims,
    }


def _distinct(items: Iterable[_Item], key: str) -> list[_Item]:
    return list({item[key]: item for item in items}.values())
