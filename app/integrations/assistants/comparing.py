"""Tools that compare: who reported an event, how something said was printed, and what is claimed differently."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.comparisons import discrepancies, event_coverage, origins, wordings
from app.core.errors import Invalid
from app.core.vocab import CoverageStatus, Noun
from app.integrations.assistants import questions
from app.integrations.assistants.answers import (
    Claim,
    Difference,
    Discrepancies,
    Discrepancy,
    Event,
    Origin,
    Printing,
    Reported,
    Reporting,
    Rests,
    Value,
    Wordings,
    Words,
)
from app.integrations.assistants.desk import Desk, Item, edtf, outlet, quotation, voice, words
from app.queries import records, reports
from app.schemas.coverage import EventCoverageFilter
from app.schemas.discrepancy import EventDiscrepancyFilter
from app.schemas.origin import OriginFilter
from app.schemas.report import ReportFilter

# How many are shown of what may be many: an answer has to find room in a model's context.
_DOCUMENTS, _STATEMENTS, _RESTING, _EVIDENCE = 3, 10, 5, 2
_DIFFERENCES, _VALUES, _CLAIMS = 20, 10, 3

# Code points of each of two wordings that differ.
_DIFFERING = 200


async def _event(desk: Desk, ident: int) -> Event:
    """The event; raises Missing, and Invalid where it turned out to be another."""
    item = await desk.record(Noun.EVENTS, ident)
    if item["merged_into"] is not None:
        raise Invalid("event", f"event {ident} turned out to be event {item['merged_into']}; ask for that one")
    return desk.event(item)


async def who_reported(desk: Desk, question: questions.WhoReported) -> Reported:
    event = await _event(desk, question.event)
    reported = await event_coverage.get_listing(
        desk.reads, event.id, EventCoverageFilter(status=CoverageStatus.REPORTED)
    )
    items, more = await desk.page(reported, question, "published")
    passages = await _passages(desk, items)
    rest = await event_coverage.get_listing(
        desk.reads, event.id, EventCoverageFilter(status=CoverageStatus.NO_DOCUMENT)
    )
    behind = await origins.get_event_origins(desk.reads, event.id)
    return Reported(
        event=event,
        outlet_count=await reported.count(desk.reads),
        outlets=[_reporting(desk, item, passages) for item in items],
        origin_count=await behind.count(desk.reads),
        origins=[_origin(desk, each) for each in await desk.first(behind, questions.MOST, OriginFilter().sort)],
        no_document=[outlet(each) for each in await desk.first(rest, questions.MOST, "name")],
        more=more,
    )


async def _passages(desk: Desk, items: Sequence[Item]) -> Mapping[int, Item | None]:
    """The words that each report stands on, of the documents that are shown."""
    shown = [each["report"] for item in items for each in item["documents"][:_DOCUMENTS] if each["report"]]
    if not shown:
        return {}
    found = await reports.get_listing(desk.reads, ReportFilter(id=",".join(map(str, shown))))
    return {each["id"]: each["passage"] for each in await desk.first(found, len(shown), "id")}


def _reporting(desk: Desk, item: Item, passages: Mapping[int, Item | None]) -> Reporting:
    shown = item["documents"][:_DOCUMENTS]
    return Reporting(
        outlet=outlet(item),
        kind=item["kind"],
        country=item["country"],
        state_affiliated=item["state_affiliated"],
        first=item["first"],
        first_published=item["first_published"],
        lag_days=item["lag_days"],
        documents=[desk.passage(item, each, passages.get(each["report"])) for each in shown],
        document_count=len(item["documents"]),
        statements=item["statements"][:_STATEMENTS],
    )


def _origin(desk: Desk, item: Item) -> Origin:
    return Origin(
        key=item["key"],
        name=item["name"],
        kind=item["kind"],
        outlet_count=item["source_count"],
        documents=[
            Rests(document=desk.document(each["source"], each), basis=each["basis"], evidence=_evidence(each))
            for each in item["documents"][:_RESTING]
        ],
        document_count=item["document_count"],
    )


def _evidence(item: Item) -> list[Words]:
    credit = words(item["credit"])
    return [credit] if credit else [quotation(each["exact"], each["start"]) for each in item["statements"][:_EVIDENCE]]


async def compare_wordings(desk: Desk, question: questions.CompareWordings) -> Wordings:
    if question.utterance is not None:
        return await _compared(desk, question.utterance)
    assert question.statement is not None
    item = await desk.record(Noun.STATEMENTS, question.statement)
    return _alone(desk, item) if item["utterance"] is None else await _compared(desk, item["utterance"])


async def _compared(desk: Desk, utterance: int) -> Wordings:
    shown = orjson.loads(wordings.build_utterance(await records.get_current(desk.reads, Noun.UTTERANCES, utterance)))
    fullest = next((each for each in shown["printings"] if each["fullest"]), None)
    return Wordings(
        utterance=utterance,
        speaker=voice(shown["speaker"]),
        said=edtf(shown["said"]),
        printings=[_printing(desk, each, fullest) for each in shown["printings"][: questions.MOST]],
        printing_count=shown["printing_count"],
        outlet_count=shown["source_count"],
    )


def _alone(desk: Desk, item: Item) -> Wordings:
    """Of a statement that stands alone."""
    told: Item = {"first": True, "fullest": True, "likeness": None, "differences": [], "not_compared": None}
    return Wordings(
        utterance=None,
        speaker=voice(item["speaker"]),
        said=edtf(item["said"]),
        printings=[_printing(desk, {**item, **told}, item)],
        printing_count=1,
        outlet_count=1,
    )


def _printing(desk: Desk, item: Item, fullest: Item | None) -> Printing:
    told = [each for each in item["differences"] or () if each["op"] != "equal" and not each["trivial"]]
    return Printing(
        statement=desk.statement(item),
        first=item["first"],
        fullest=item["fullest"],
        likeness=item["likeness"],
        differences=[_difference(each, item, fullest or item) for each in told[:_DIFFERENCES]],
        difference_count=len(told),
        not_compared=item["not_compared"],
    )


def _difference(item: Item, here: Item, fullest: Item) -> Difference:
    return Difference(
        op=item["op"],
        fullest=quotation(item["base_words"], fullest["span"]["start"] + item["base_start"], _DIFFERING),
        here=quotation(item["words"], here["span"]["start"] + item["start"], _DIFFERING),
    )


async def discrepancies_of(desk: Desk, question: questions.DiscrepanciesOf) -> Discrepancies:
    event = await _event(desk, question.event)
    filters = EventDiscrepancyFilter(property=question.property, all=question.all)
    found = await discrepancies.get_event_listing(desk.reads, event.id, filters)
    items, more = await desk.page(found, question, filters.sort)
    return Discrepancies(event=event, discrepancies=[_discrepancy(desk, item) for item in items], more=more)


def _discrepancy(desk: Desk, item: Item) -> Discrepancy:
    return Discrepancy(
        property=item["property"],
        verdict=item["verdict"],
        values=[_value(desk, each) for each in item["details"][:_VALUES]],
        value_count=item["value_count"],
    )


def _value(desk: Desk, item: Item) -> Value:
    return Value(
        number=item["id"],
        value=item["value"],
        unit=item["unit"],
        differs_from=item["differs"],
        origins=[each["name"] for each in item["origins"]],
        claims=[_claim(desk, each) for each in item["claims"][:_CLAIMS]],
        claim_count=len(item["claims"]),
    )


def _claim(desk: Desk, item: dict[str, Any]) -> Claim:
    return Claim(
        id=item["id"],
        passage=desk.passage(item["source"], item["document"], item["span"]),
        origin=item["origin"]["name"],
        attributed_to=voice(item["attributed_to"]),
        coded_by=item["coded_by"],
        confidence=item["confidence"],
    )
