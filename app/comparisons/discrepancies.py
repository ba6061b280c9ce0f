"""What documents say differently as a list: of one event, or of many, looked through until a page is full."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.analysis.agencies import recognize_agency
from app.analysis.discrepancies import ComparableClaim, Discrepancy, ValueGroup, ValueRelation, compare_claims
from app.analysis.origin_rows import OriginKey, OriginKeyResolver, SourceRef, SpeakerRef
from app.core.errors import Invalid
from app.core.spans import CONTEXT
from app.database.statements import ReadSession
from app.queries import discrepancies, origins
from app.queries.discrepancies import ClaimQuery, ClaimRow, ClaimSet
from app.queries.listing import BoundListing, Page, PageRequest, SortKey
from app.schemas.common import split_commas
from app.schemas.discrepancy import DiscrepancyFilter, EventDiscrepancyFilter

# Events that are looked through at a time, how often for one page, and claims that are in memory at a time: where a
# page of the list has less than its limit, its ``next`` leads on all the same.
_EVENTS, _TIMES, _CLAIMS = 500, 20, 5_000
# Pages that are looked through to count what is on all.
_PAGES = 10


async def get_event_listing(reads: ReadSession, ref: int, filters: EventDiscrepancyFilter) -> "_OfEvent":
    """The discrepancies of an event; raises Missing."""
    event, claims = await discrepancies.get_event(reads, ref, filters)
    return _OfEvent(event, claims, _Wanted(claims, filters))


async def get_listing(reads: ReadSession, filters: DiscrepancyFilter) -> "_OfEvents":
    """Those of the events that match."""
    events, claims = await discrepancies.get_events(reads, filters)
    return _OfEvents(events, claims, _Wanted(claims, filters))


_Item = dict[str, Any]
_Claim = ComparableClaim[_Item]
"""A claim, and what is told of it (``ValueClaim``, with its event)."""


class _Wanted:
    """Which discrepancies are shown."""

    def __init__(self, claims: ClaimQuery, filters: EventDiscrepancyFilter) -> None:
        self._sources = claims.sources
        self._verdicts = split_commas(filters.verdict)
        self.least = 1 if filters.all else 2

    def items(self, claims: Sequence[_Claim]) -> Iterator[_Item]:
        """What is claimed of an event, property by property."""
        for each in compare_claims(claims):
            if each.value_count >= self.least and (not self._verdicts or each.accord in self._verdicts):
                item = _item(each)
                if not self._sources or any(source["id"] in self._sources for source in item["sources"]):
                    yield item


@dataclass(frozen=True)
class _OfEvent:
    """The discrepancies of one event (``DiscrepancyPublic``)."""

    event: int
    claims: ClaimQuery
    wanted: _Wanted

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        items = await self._items(reads)
        if request.sort.startswith("-"):
            items.reverse()
        if request.after is not None:
            items = items[[each["property"] for each in items].index(request.after[0]) + 1 :]
        shown = items[: request.limit]
        last = (shown[-1]["property"], self.event) if len(items) > len(shown) else None
        return Page(_texts(shown), last)

    async def count(self, reads: ReadSession) -> int:
        return len(await self._items(reads))

    async def _items(self, reads: ReadSession) -> list[_Item]:
        return list(self.wanted.items(await _claimed(reads, await self.claims.of(reads, [self.event]))))


@dataclass(frozen=True)
class _OfEvents:
    """The discrepancies of the events that were found, in their order (``DiscrepancyPublic``)."""

    events: BoundListing
    claims: ClaimQuery
    wanted: _Wanted

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        place, done = _resumed(request)
        items: list[_Item] = []
        for _ in range(_TIMES):
            rows = await self.events.page(reads, PageRequest(request.sort, _EVENTS, place))
            numbers = await self.claims.numbers(reads, [int(each) for each in rows.items])
            for some in _portions([each for each in map(int, rows.items) if each in numbers], numbers):
                items += [item for item in await self._items(reads, some) if not _is_done(item, done)]
                if len(items) > request.limit:
                    shown = items[: request.limit]
                    return Page(_texts(shown), _place(shown[-1]))
            place = rows.last
            if place is None:
                break
        return Page(_texts(items), place)

    async def count(self, reads: ReadSession) -> int:
        number, last = 0, None
        for _ in range(_PAGES):
            rows = await self.page(reads, PageRequest("date", _EVENTS, last))
            number, last = number + len(rows.items), rows.last
            if last is None:
                return number
        raise Invalid("count", "there are too many events to look through; narrow the days")

    async def _items(self, reads: ReadSession, events: Sequence[int]) -> list[_Item]:
        """Those of some events, in the order of these."""
        of: dict[int, list[_Claim]] = defaultdict(list)
        for claim in await _claimed(reads, await self.claims.of(reads, events)):
            of[claim.payload["event"]["id"]].append(claim)
        return [item for event in events for item in self.wanted.items(of[event])]


def _portions(events: Sequence[int], numbers: Mapping[int, int]) -> Iterator[list[int]]:
    """The events, so many at a time that their claims are not too many."""
    portion: list[int] = []
    left = _CLAIMS
    for event in events:
        if portion and numbers[event] > left:
            yield portion
            portion, left = [], _CLAIMS
        portion.append(event)
        left -= numbers[event]
    if portion:
        yield portion


_Done = tuple[int, str]
"""An event and the property of it that was shown last."""


def _place(item: _Item) -> tuple[SortKey, int]:
    """Where an item stands in the list: its event's date with the property, and the event."""
    return f"{item['event']['date']['earliest']} {item['property']}", item["event"]["id"]


def _resumed(request: PageRequest) -> tuple[tuple[SortKey, int] | None, _Done | None]:
    """The place after which events are looked through, and what is done of the first of them."""
    if request.after is None:
        return None, None
    key, event = request.after
    date, _, name = str(key).partition(" ")
    before = event + 1 if request.sort.startswith("-") else event - 1
    return ((date, before), (event, name)) if name else ((date, event), None)


def _is_done(item: _Item, done: _Done | None) -> bool:
    return done is not None and item["event"]["id"] == done[0] and item["property"] <= done[1]


def _texts(items: Iterable[_Item]) -> list[str]:
    return [orjson.dumps(item).decode() for item in items]


async def _claimed(reads: ReadSession, found: ClaimSet) -> list[_Claim]:
    """The claims, each with its event and what is told of it."""
    voices = {ident: _voice(row) for ident, row in found.speakers.items()}
    agencies = {
        agency for voice in voices.values() if voice.source is None and (agency := recognize_agency(voice.name))
    }
    who = OriginKeyResolver(*await origins.get_name_bearers(reads, {key for agency in agencies for key in agency.keys}))
    outlets = {ident: who.resolve_source(SourceRef(**row["source"])) for ident, row in found.documents.items()}
    speakers = {ident: who.resolve_speaker(voice) for ident, voice in voices.items()}
    return [_told(claim, found, speakers.get(claim.speaker or 0) or outlets[claim.document]) for claim in found.claims]


def _told(claim: ClaimRow, found: ClaimSet, party: OriginKey) -> _Claim:
    of = found.documents[claim.document]
    told = {
        "id": claim.id,
        "report": claim.report,
        "source": {name: of["source"][name] for name in ("id", "slug", "name")},
        "document": of["document"],
        "origin": {"key": party.key, "name": party.name},
        "attributed_to": found.speakers[claim.speaker]["speaker"] if claim.speaker else None,
        "span": _span(claim),
        "coded_by": claim.coded_by,
        "confidence": claim.confidence,
    }
    about = {"event": found.events[claim.event], "claim": told}
    return ComparableClaim(claim.property, claim.value, claim.normalized, claim.unit, about)


def _voice(row: _Item) -> SpeakerRef:
    of, source = row["speaker"], row["source"]
    medium = None if source is None else SourceRef(**source)
    return SpeakerRef(of["id"], of["slug"], of["name"], of["kind"], row["country"], medium)


def _span(claim: ClaimRow) -> _Item:
    """The claim's words in the text (``SpanPublic``)."""
    first = min(claim.start, CONTEXT)
    last = first + claim.end - claim.start
    around = claim.around
    cuts = {"exact": around[first:last], "prefix": around[:first], "suffix": around[last:]}
    return {**cuts, "start": claim.start, "end": claim.end}


def _item(found: Discrepancy[_Item]) -> _Item:
    claims = [claim for group in found.groups for claim in group.claims]
    sources = _distinct((claim.payload["claim"]["source"] for claim in claims), "id")
    return {
        "event": claims[0].payload["event"],
        "property": found.property,
        "verdict": found.accord,
        "values": [group.value.label for group in found.groups],
        "value_count": found.value_count,
        "claim_count": found.claim_count,
        "source_count": len(sources),
        "origin_count": len(_distinct((claim.payload["claim"]["origin"] for claim in claims), "key")),
        "sources": sources,
        "details": [_detail(number, group) for number, group in enumerate(found.groups, start=1)],
    }


def _detail(number: int, group: ValueGroup[_Item]) -> _Item:
    told = [claim.payload["claim"] for claim in group.claims]
    return {
        "id": number,
        "value": group.value.text,
        "unit": group.value.unit,
        "printed": list(dict.fromkeys(claim.value for claim in group.claims)),
        **{says.value: [place + 1 for place in group.related.get(says, ())] for says in _SAID},
        "sources": _distinct((each["source"] for each in told), "id"),
        "origins": _distinct((each["origin"] for each in told), "key"),
        "claims": told,
    }


_SAID = (ValueRelation.AGREES, ValueRelation.UNCLEAR, ValueRelation.DIFFERS)


def _distinct(items: Iterable[_Item], key: str) -> list[_Item]:
    return list({each[key]: each for each in items}.values())
