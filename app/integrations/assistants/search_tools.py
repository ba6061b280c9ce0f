"""Tools that search for events, statements or words, and the tool that reads a text."""

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
from app.integrations.assistants.context import Item, ToolContext, build_outlet, quote
from app.queries import events, reports, search, statements
from app.schemas.event import EventFilter
from app.schemas.report import ReportFilter
from app.schemas.search import SearchFilter
from app.schemas.statement import StatementFilter

# Reports of each event in a list, at most.
_REPORTS = 3

# Stands between headline and text in a snippet that has both (``queries.search``).
_SEPARATOR = " — "

# Code points of a passage, by default and at most, and records on it, at most.
_PASSAGE, _MAX_PASSAGE, _RECORDS = 2_000, 4_000, 50


async def find_events(context: ToolContext, question: questions.EventsOnADate) -> Events:
    filters = EventFilter(
        **_get_days(question), country=question.country, type=question.type, source=question.source, q=question.q
    )
    items, more = await context.read_page(await events.get_listing(context.reads, filters), question, filters.sort)
    page_events = [
        FoundEvent(
            **context.build_event(item).model_dump(),
            coded_by=item["coded_by"],
            confidence=item["confidence"],
            summary=item["summary"],
            type=item["type"],
            place=item["place"]["name"],
            country=item["place"]["country"],
            outlets=[build_outlet(source) for source in item["sources"][: questions.MOST]],
            outlet_count=item["source_count"],
            origin_count=item["origin_count"],
            statement_count=item["statement_count"],
            reports=await _list_reports(context, item["id"]),
        )
        for item in items
    ]
    return Events(events=page_events, next_cursor=more)


def _get_days(question: questions.Days) -> dict[str, Any]:
    return {"date": question.date, "from": question.from_, "to": question.to, "date_match": question.date_match}


async def _list_reports(context: ToolContext, event: int) -> list[Passage]:
    filters = ReportFilter(event=str(event))
    items = await context.read_first(await reports.get_listing(context.reads, filters), _REPORTS, filters.sort)
    return [context.build_passage(item["source"], item["document"], item["passage"]) for item in items]


async def find_statements(context: ToolContext, question: questions.StatementsBy) -> Statements:
    filters = StatementFilter(
        **_get_days(question), speaker=question.speaker, event=question.event, source=question.source, q=question.q
    )
    items, more = await context.read_page(await statements.get_listing(context.reads, filters), question, filters.sort)
    return Statements(statements=[context.build_statement(item) for item in items], next_cursor=more)


async def find_records(context: ToolContext, question: questions.Search) -> Hits:
    filters = SearchFilter(q=question.q, noun=question.noun)
    items, more = await context.read_page(await search.search(context.reads, filters), question, filters.sort)
    passages = await _map_passages(context, [item["id"] for item in items if item["noun"] == Noun.STATEMENTS])
    return Hits(hits=[await _build_hit(context, item, passages) for item in items], next_cursor=more)


async def _map_passages(context: ToolContext, idents: Sequence[int]) -> Mapping[int, Passage]:
    """Map statements to the passages they stand in."""
    if not idents:
        return {}
    filters = StatementFilter(id=",".join(map(str, idents)))
    items = await context.read_first(await statements.get_listing(context.reads, filters), len(idents), filters.sort)
    return {item["id"]: context.build_statement(item).passage for item in items}


async def _build_hit(context: ToolContext, item: Item, statement_passages: Mapping[int, Passage]) -> Hit:
    noun, ident = Noun(item["noun"]), item["id"]
    if noun is Noun.STATEMENTS:
        passages = [statement_passages[ident]]
    elif noun is Noun.EVENTS:
        passages = await _list_reports(context, ident)
    else:
        passages = [await _find_snippet(context, ident, item["snippet"])]
    return Hit(noun=noun, id=ident, href=context.build_href(noun, ident), title=item["title"], passages=passages)


async def _find_snippet(context: ToolContext, ident: int, snippet: str) -> Passage:
    """Return the document and the place of the snippet in its text, or no place if the headline has the words."""
    item = await context.get_record(Noun.DOCUMENTS, ident)
    passage = context.build_passage(item["source"], item, None)
    for part in (snippet, *snippet.split(_SEPARATOR)):
        bare = html.unescape(re.sub("</?mark>", "", part)).strip("… \n")
        start = item["text"].find(bare)
        if "<mark>" in part and start >= 0:
            return passage.model_copy(update={"words": quote(bare, start)})
    return passage


async def read_passage(context: ToolContext, question: questions.ReadPassage) -> Text:
    item = await context.get_record(Noun.DOCUMENTS, question.document)
    text, start = item["text"], question.start
    if start >= len(text):
        raise Invalid("start", f"the text has {len(text)} code points")
    end = min(question.end or start + _PASSAGE, start + _MAX_PASSAGE, len(text))
    words = Words(start=start, end=end, exact=text[start:end], whole=end == min(question.end or len(text), len(text)))
    spans = [span for span in item["spans"] if span["start"] < end and span["end"] > start]
    return Text(
        passage=Passage(document=context.build_document(item["source"], item), words=words),
        before=text[max(0, start - question.around) : start],
        after=text[end : end + question.around],
        length=len(text),
        records=[Standing(**span) for span in spans[:_RECORDS]],
    )
