"""Matches: two events, or two statements, that may be one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, Text, case, cast, func, literal_column, null, or_, select

from app.core.vocab import Noun
from app.database.json_sql import Json, as_text, edtf_date, json_boolean, json_object, parse_json
from app.database.statements import ReadSession
from app.database.tables import NOW, Table, Tables
from app.queries.filters import chosen, ids, references, referred
from app.queries.fragments import coding, said, source_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, Page, PageRequest, QueryBranch
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import MAX_ID, split_commas
from app.schemas.match import MatchFilter


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """One JSON text a match (``MatchPublic``)."""
    match = t.match
    fields = {
        "id": match.id,
        "noun": noun(t),
        "one": _matched(t, match.event_id, match.statement_id),
        "other": other(t),
        "same": json_boolean(match.same),
    }
    return select(as_text(json_object(fields | coding(match)))).select_from(match)


def noun(t: Tables) -> ColumnElement[str]:
    """What the two of the match in hand are."""
    return case((t.match.event_id.is_not(None), _word(Noun.EVENTS)), else_=_word(Noun.STATEMENTS))


def other(t: Tables) -> Json:
    """The second of the two of the match in hand (``Matched``)."""
    return _matched(t, t.match.other_event_id, t.match.other_statement_id)


def _word(text: str) -> Any:
    return literal_column(f"'{text}'", Text)


def _matched(t: Tables, event_id: Any, statement_id: Any) -> Json:
    """The event or the statement of these ids, of which one is null (``Matched``)."""
    return case((event_id.is_not(None), _event(t, event_id)), else_=_statement(t, statement_id))


def _event(t: Tables, ident: Any) -> Json:
    event = t.event
    date = edtf_date(event.date, event.earliest, event.latest, always=True)
    fields = _head(event, Noun.EVENTS) | {"words": event.title, "date": date, "speaker": null(), "source": null()}
    return _only(t, select(as_text(json_object(fields))).select_from(event).where(event.id == ident))


def _statement(t: Tables, ident: Any) -> Json:
    statement, document = t.statement, t.document
    fields = _head(statement, Noun.STATEMENTS) | {
        "words": statement.text,
        "date": said(statement),
        "speaker": speaker_brief(t.speaker),
        "source": source_brief(t.source, always=True),
    }
    found = (
        select(as_text(json_object(fields)))
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .join(t.source, t.source.id == document.source_id)
        .outerjoin(t.speaker, t.speaker.id == statement.speaker_id)
    )
    return _only(t, found.where(statement.id == ident))


def _head(record: Table, kind: Noun) -> dict[str, Any]:
    return {"id": record.id, "href": _word(f"/{kind}/") + cast(record.id, Text)}


def _only(t: Tables, item: Select[str]) -> Json:
    """The one item, of its own tables: a join for each of both would be more than PostgreSQL puts in order."""
    return parse_json(item.correlate(t.match).scalar_subquery())


async def get_listing(_reads: ReadSession, filters: MatchFilter) -> "Matches":
    """The matches that are asked for."""
    shape, values = split_filters(
        id=ids(filters.id),
        **{f"of_{word}": True for word in split_commas(filters.noun)},
        **{f"same_{word}": True for word in split_commas(filters.same)},
        **references(filters.event, "event"),
        statement=[min(int(word), MAX_ID) for word in split_commas(filters.statement)],
        least=filters.min_confidence,
    )
    return Matches(BoundListing(_build_query(shape), values))


@dataclass(frozen=True)
class Matches:
    """Matches, of which no database takes apart what is one of two things."""

    found: BoundListing

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        return await self.found.page(reads, replace(request, columns=()))

    async def count(self, reads: ReadSession) -> int:
        return await self.found.count(reads)


@lru_cache(maxsize=64)
def _build_query(shape: FilterShape) -> ListQuery:
    match = NOW.match
    conditions = [
        *chosen(match.id, shape),
        *_any(shape, {"of_events": match.event_id.is_not(None), "of_statements": match.event_id.is_(None)}),
        *_any(
            shape,
            {
                "same_true": match.same.is_(True),
                "same_false": match.same.is_(False),
                "same_unknown": match.same.is_(None),
            },
        ),
    ]
    if "least" in shape:
        conditions.append(func.coalesce(match.confidence, 1.0) >= shape.value("least", Float))
    found, sorts = select(match.id).where(*conditions), {"id": (match.id, match.id)}
    return ListQuery(select_items(), match.id, [QueryBranch(found.where(*way), sorts) for way in _ways(shape)])


def _any(shape: FilterShape, options: dict[str, Condition]) -> list[Condition]:
    wanted = [condition for name, condition in options.items() if name in shape]
    return [or_(*wanted)] if wanted else []


def _ways(shape: FilterShape) -> list[list[Condition]]:
    """How a match may be of the records that are asked for, no match in two ways."""
    ways: list[list[Condition]] = [[]]
    for either in _either(shape):
        ways = [[*way, *more] for way in ways for more in either]
    return ways


def _either(shape: FilterShape) -> Iterator[tuple[list[Condition], list[Condition]]]:
    """For each filter: the first of the two is asked for, or only the second; either is found in an index."""
    match = NOW.match
    if "event" in shape or "event_id" in shape:
        events = select(NOW.event.id).where(referred(NOW.event, shape, "event"))
        yield [match.event_id.in_(events)], [match.other_event_id.in_(events), match.event_id.not_in(events)]
    if "statement" in shape:
        first = shape.among(match.statement_id, "statement")
        yield first, [*shape.among(match.other_statement_id, "statement"), *(~each for each in first)]
