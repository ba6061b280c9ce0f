"""Tools that find: events, statements, and what holds some words; and the text itself."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.errors import Invalid
from app.core.vocab import Noun
from app.integrations.assistants import questions
from app.integrations.assistants.answers import (
    Events,
    FoundEvent,
    Hit,
    Hits,
    Passage,
    Standing,
    Statements,
    Text,
    Words,
)
from app.integrations.assistants.desk import Desk, Item, outlet, quotation
from app.queries import events, reports, search, statements
from app.schemas.event import EventFilter
from app.schemas.report import ReportFilter
from app.schemas.search import SearchFilter
from app.schemas.statement import StatementFilter

# Reports that are shown of each event in a list.
_REPORTS = 3

# What stands between headline and text where a snippet has of both (``queries.search``).
_JOINT = " — "

# Code points of a text that is read on, by default and at most; and the records on it that are named.
_STRETCH, _LONGEST_STRETCH, _RECORDS = 2_000, 4_000, 50


def _days(question: questions.Days) -> dict[str, Any]:
    return {
        "date": question.date,
        "from": question.from_,
        "to": question.to,
        "date_match": question.date_match,
    }


async def events_on_a_date(desk: Desk, question: questions.EventsOnADate) -> Events:
    filters = EventFilter(
        **_days(question), country=question.country, type=question.type, source=question.source, q=question.q
    )
    items, more = await desk.page(await events.get_listing(desk.reads, filters), question, filters.sort)
    return Events(events=[await _event(desk, item) for item in items], more=more)


async def _event(desk: Desk, item: Item) -> FoundEvent:
    return FoundEvent(
        **desk.event(item).model_dump(),
        coded_by=item["coded_by"],
        confidence=item["confidence"],
        summary=item["summary"],
        type=item["type"],
        place=item["place"]["name"],
        country=item["place"]["country"],
        outlets=[outlet(each) for each in item["sources"][: questions.MOST]],
        outlet_count=item["source_count"],
        origin_count=item["origin_count"],
        statement_count=item["statement_count"],
        reports=await _reports(desk, item["id"]),
    )


async def _reports(desk: Desk, event: int) -> list[Passage]:
    filters = ReportFilter(event=str(event))
    items = await desk.first(await reports.get_listing(desk.reads, filters), _REPORTS, filters.sort)
    return [desk.passage(item["source"], item["document"], item["passage"]) for item in items]


async def statements_by(desk: Desk, question: questions.StatementsBy) -> Statements:
    filters = StatementFilter(
        **_days(question), speaker=question.speaker, event=question.event, source=question.source, q=question.q
    )
    items, more = await desk.page(await statements.get_listing(desk.reads, filters), question, filters.sort)
    return Statements(statements=[desk.statement(item) for item in items], more=more)


async def search_records(desk: Desk, question: questions.Search) -> Hits:
    filters = SearchFilter(q=question.q, noun=question.noun)
    items, more = await desk.page(await search.search(desk.reads, filters), question, filters.sort)
    said = await _statements(desk, [item["id"] for item in items if item["noun"] == Noun.STATEMENTS])
    return Hits(hits=[await _hit(desk, item, said) for item in items], more=more)


async def _statements(desk: Desk, idents: Sequence[int]) -> Mapping[int, Passage]:
    if not idents:
        return {}
    filters = StatementFilter(id=",".join(map(str, idents)))
    items = await desk.first(await statements.get_listing(desk.reads, filters), len(idents), filters.sort)
    return {item["id"]: desk.statement(item).passage for item in items}


async def _hit(desk: Desk, item: Item, said: Mapping[int, Passage]) -> Hit:
    noun, ident = Noun(item["noun"]), item["id"]
    if noun is Noun.STATEMENTS:
        passages = [said[ident]]
    elif noun is Noun.EVENTS:
        passages = await _reports(desk, ident)
    else:
        passages = [await _found(desk, ident, item["snippet"])]
    return Hit(noun=noun, id=ident, href=desk.href(noun, ident), title=item["title"], passages=passages)


async def _found(desk: Desk, ident: int, snippet: str) -> Passage:
    """The document, and where the snippet stands in its text; the words may have been found in its headline."""
    item = await desk.record(Noun.DOCUMENTS, ident)
    passage = desk.passage(item["source"], item, None)
    for part in (snippet, *snippet.split(_JOINT)):
        bare = html.unescape(re.sub("</?mark>", "", part)).strip("… \n")
        start = item["text"].find(bare)
        if "<mark>" in part and start >= 0:
            return passage.model_copy(update={"words": quotation(bare, start)})
    return passage


async def read_passage(desk: Desk, question: questions.ReadPassage) -> Text:
    item = await desk.record(Noun.DOCUMENTS, question.document)
    text, start = item["text"], question.start
    if start >= len(text):
        raise Invalid("start", f"the text has {len(text)} code points")
    end = min(question.end or start + _STRETCH, start + _LONGEST_STRETCH, len(text))
    shown = Words(start=start, end=end, words=text[start:end], whole=end == min(question.end or len(text), len(text)))
    standing = [each for each in item["spans"] if each["start"] < end and each["end"] > start]
    return Text(
        passage=Passage(document=desk.document(item["source"], item), words=shown),
        before=text[max(0, start - question.around) : start],
        after=text[end : end + question.around],
        length=len(text),
        records=[Standing(**each) for each in standing[:_RECORDS]],
    )
