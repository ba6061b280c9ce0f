"""Tools that compare: the outlets of an event, the printings of an utterance, and contradictory claims."""

from collections.abc import Mapping, Sequence

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
)
from app.integrations.assistants.context import (
    Item,
    ToolContext,
    build_outlet,
    build_voice,
    get_edtf,
    quote,
)
from app.queries import records, reports
from app.schemas.coverage import EventCoverageFilter
from app.schemas.discrepancy import EventDiscrepancyFilter
from app.schemas.origin import OriginFilter
from app.schemas.report import ReportFilter

# Members of each list, at most: an answer must fit into a model's context.
_DOCUMENTS, _STATEMENTS, _ORIGIN_DOCUMENTS, _EVIDENCE = 3, 10, 5, 2
_DIFFERENCES, _VALUES, _CLAIMS = 20, 10, 3

# Code points quoted of each side of a difference, at most.
_MAX_DIFFERENCE = 200


async def _get_event(context: ToolContext, ident: int) -> Event:
    """Return the event; raise Missing, or Invalid if it was merged into another one."""
    item = await context.get_record(Noun.EVENTS, ident)
    if item["merged_into_id"] is not None:
        raise Invalid("event", f"event {ident} turned out to be event {item['merged_into_id']}; ask for that one")
    return context.build_event(item)


async def list_reporting_outlets(context: ToolContext, question: questions.WhoReported) -> Reported:
    event = await _get_event(context, question.event)
    reporting = await event_coverage.get_listing(
        context.reads, event.id, EventCoverageFilter(status=CoverageStatus.REPORTED)
    )
    items, more = await context.read_page(reporting, question, "published")
    passages = await _map_passages(context, items)
    silent = await event_coverage.get_listing(
        context.reads, event.id, EventCoverageFilter(status=CoverageStatus.NO_DOCUMENT)
    )
    independent = await origins.get_event_listing(context.reads, event.id)
    return Reported(
        event=event,
        outlet_count=await reporting.count(context.reads),
        reporting_outlets=[_build_reporting(context, item, passages) for item in items],
        origin_count=await independent.count(context.reads),
        origins=[
            _build_origin(context, item)
            for item in await context.read_first(independent, questions.MOST, OriginFilter().sort)
        ],
        outlets_without_document=[
            build_outlet(item) for item in await context.read_first(silent, questions.MOST, "name")
        ],
        next_cursor=more,
    )


async def _map_passages(context: ToolContext, items: Sequence[Item]) -> Mapping[int, Item | None]:
    """Map the reports of the quoted documents to the words that report the event."""
    documents = [document for item in items for document in item["covering_documents"][:_DOCUMENTS]]
    idents = [document["report_id"] for document in documents if document["report_id"]]
    if not idents:
        return {}
    listing = await reports.get_listing(context.reads, ReportFilter(id=",".join(map(str, idents))))
    return {report["id"]: report["passage"] for report in await context.read_first(listing, len(idents), "id")}


def _build_reporting(context: ToolContext, item: Item, passages: Mapping[int, Item | None]) -> Reporting:
    documents = item["covering_documents"][:_DOCUMENTS]
    return Reporting(
        outlet=build_outlet(item),
        kind=item["kind"],
        country=item["country"],
        state_affiliated=item["state_affiliated"],
        is_first=item["is_first"],
        first_published_on=item["first_published_on"],
        lag_days=item["lag_days"],
        covering_documents=[
            context.build_passage(item, document, passages.get(document["report_id"])) for document in documents
        ],
        document_count=len(item["covering_documents"]),
        statement_ids=item["statement_ids"][:_STATEMENTS],
    )


def _build_origin(context: ToolContext, item: Item) -> Origin:
    documents = []
    for document in item["relying_documents"][:_ORIGIN_DOCUMENTS]:
        spans = [document["credit"]] if document["credit"] else document["statements"][:_EVIDENCE]
        evidence = [quote(span["exact"], span["start"]) for span in spans]
        source = context.build_document(document["source"], document)
        documents.append(Rests(document=source, basis=document["basis"], evidence=evidence))
    return Origin(
        key=item["key"],
        name=item["name"],
        kind=item["kind"],
        outlet_count=item["source_count"],
        relying_documents=documents,
        document_count=item["document_count"],
    )


async def compare_wordings(context: ToolContext, question: questions.CompareWordings) -> Wordings:
    if question.utterance is not None:
        return await _compare_printings(context, question.utterance)
    assert question.statement is not None
    item = await context.get_record(Noun.STATEMENTS, question.statement)
    if item["utterance_id"] is not None:
        return await _compare_printings(context, item["utterance_id"])
    # The only printing: it is compared with itself.
    comparison: Item = {"is_first": True, "is_fullest": True, "likeness": None, "differences": [], "not_compared": None}
    return Wordings(
        utterance_id=None,
        speaker=build_voice(item["speaker"]),
        said=get_edtf(item["said"]),
        printings=[_build_printing(context, {**item, **comparison}, item)],
        printing_count=1,
        outlet_count=1,
    )


async def _compare_printings(context: ToolContext, utterance: int) -> Wordings:
    record = await records.get_current(context.reads, Noun.UTTERANCES, utterance)
    comparison = orjson.loads(wordings.build_utterance(record))
    printings = comparison["printings"]
    fullest = next((printing for printing in printings if printing["is_fullest"]), None)
    return Wordings(
        utterance_id=utterance,
        speaker=build_voice(comparison["speaker"]),
        said=get_edtf(comparison["said"]),
        printings=[_build_printing(context, printing, fullest) for printing in printings[: questions.MOST]],
        printing_count=comparison["printing_count"],
        outlet_count=comparison["source_count"],
    )


def _build_printing(context: ToolContext, item: Item, fullest: Item | None) -> Printing:
    changes = [change for change in item["differences"] or () if change["op"] != "equal" and not change["trivial"]]
    start, base_start = item["span"]["start"], (fullest or item)["span"]["start"]
    differences = [
        Difference(
            op=change["op"],
            fullest=quote(change["base_words"], base_start + change["base_start"], _MAX_DIFFERENCE),
            printing=quote(change["words"], start + change["start"], _MAX_DIFFERENCE),
        )
        for change in changes[:_DIFFERENCES]
    ]
    return Printing(
        statement=context.build_statement(item),
        is_first=item["is_first"],
        is_fullest=item["is_fullest"],
        likeness=item["likeness"],
        differences=differences,
        difference_count=len(changes),
        not_compared=item["not_compared"],
    )


async def list_discrepancies(context: ToolContext, question: questions.DiscrepanciesOf) -> Discrepancies:
    event = await _get_event(context, question.event)
    filters = EventDiscrepancyFilter(property=question.property, all=question.all)
    listing = await discrepancies.get_event_listing(context.reads, event.id, filters)
    items, more = await context.read_page(listing, question, filters.sort)
    event_discrepancies = [
        Discrepancy(
            property=item["property"],
            agreement=item["agreement"],
            values=[_build_value(context, value) for value in item["values"][:_VALUES]],
            value_count=item["value_count"],
        )
        for item in items
    ]
    return Discrepancies(event=event, discrepancies=event_discrepancies, next_cursor=more)


def _build_value(context: ToolContext, item: Item) -> Value:
    claims = [
        Claim(
            id=claim["id"],
            passage=context.build_passage(claim["source"], claim["document"], claim["span"]),
            origin_name=claim["origin"]["name"],
            attributed_to=build_voice(claim["attributed_to"]),
            coded_by=claim["coded_by"],
            confidence=claim["confidence"],
        )
        for claim in item["claims"][:_CLAIMS]
    ]
    return Value(
        number=item["id"],
        value=item["value"],
        unit=item["unit"],
        differing_numbers=item["differing_ids"],
        origin_names=[origin["name"] for origin in item["origins"]],
        claims=claims,
        claim_count=len(item["claims"]),
    )
