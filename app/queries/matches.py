"""Matches: pairs of events, or of statements, that may be the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, Text, case, cast, func, literal_column, null, or_, select

from app.core.vocab import Noun
from app.database.json_sql import Json, as_text, edtf_date, json_boolean, json_object, parse_json
from app.database.reads import ReadSession
from app.database.tables import NOW, Table, Tables
from app.queries.filters import match_ids, match_reference, parse_ids, split_references
from app.queries.fragments import coding_fields, said_date, source_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, Page, PageRequest, QueryBranch
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import MAX_ID, split_commas
from app.schemas.match import MatchFilter


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a match (``MatchPublic``)."""
    match = t.match
    fields = {
        "id": match.id,
        "noun": match_noun(t),
        "one": _build_matched(t, match.event_id, match.statement_id),
        "other": second_record(t),
        "same": json_boolean(match.same),
    }
    return select(as_text(json_object(fields | coding_fields(match)))).select_from(match)


def match_noun(t: Tables) -> ColumnElement[str]:
    """Build the noun of the two records of the match."""
    return case((t.match.event_id.is_not(None), _text_literal(Noun.EVENTS)), else_=_text_literal(Noun.STATEMENTS))


def second_record(t: Tables) -> Json:
    """Build the second record of the match (``Matched``)."""
    return _build_matched(t, t.match.other_event_id, t.match.other_statement_id)


def _text_literal(text: str) -> Any:
    return literal_column(f"'{text}'", Text)


def _build_matched(t: Tables, event_id: Any, statement_id: Any) -> Json:
    """Build the event or the statement with these ids, of which one is null (``Matched``)."""
    return case((event_id.is_not(None), _build_event(t, event_id)), else_=_build_statement(t, statement_id))


def _build_event(t: Tables, ident: Any) -> Json:
    event = t.event
    date = edtf_date(event.date, event.earliest, event.latest, always=True)
    fields = _key_fields(event, Noun.EVENTS) | {"words": event.title, "date": date, "speaker": null(), "source": null()}
    return _as_subquery(t, select(as_text(json_object(fields))).select_from(event).where(event.id == ident))


def _build_statement(t: Tables, ident: Any) -> Json:
    statement, document = t.statement, t.document
    fields = _key_fields(statement, Noun.STATEMENTS) | {
        "words": statement.text,
        "date": said_date(statement),
        "speaker": speaker_brief(t.speaker),
        "source": source_brief(t.source, always=True),
    }
    item = (
        select(as_text(json_object(fields)))
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .join(t.source, t.source.id == document.source_id)
        .outerjoin(t.speaker, t.speaker.id == statement.speaker_id)
    )
    return _as_subquery(t, item.where(statement.id == ident))


def _key_fields(record: Table, kind: Noun) -> dict[str, Any]:
    return {"id": record.id, "href": _text_literal(f"/{kind}/") + cast(record.id, Text)}


def _as_subquery(t: Tables, item: Select[str]) -> Json:
    """Build the item in a subquery: joins for both records would be more than PostgreSQL's planner orders."""
    return parse_json(item.correlate(t.match).scalar_subquery())


async def get_listing(_reads: ReadSession, filters: MatchFilter) -> "MatchListing":
    """Return the matches that the filters select."""
    shape, values = split_filters(
        id=parse_ids(filters.id),
        **{f"of_{word}": True for word in split_commas(filters.noun)},
        **{f"same_{word}": True for word in split_commas(filters.same)},
        **split_references(filters.event, "event"),
        statement=[min(int(word), MAX_ID) for word in split_commas(filters.statement)],
        least=filters.min_confidence,
    )
    return MatchListing(BoundListing(_build_query(shape), values))


@dataclass(frozen=True)
class MatchListing:
    """A list of matches; no database can split their items into columns, since they are of two kinds."""

    listing: BoundListing

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        return await self.listing.page(reads, replace(request, columns=()))

    async def count(self, reads: ReadSession) -> int:
        """Return the number of matches on all pages."""
        return await self.listing.count(reads)


@lru_cache(maxsize=64)
def _build_query(shape: FilterShape) -> ListQuery:
    match = NOW.match
    conditions = [
        *match_ids(match.id, shape),
        *_match_any(shape, {"of_events": match.event_id.is_not(None), "of_statements": match.event_id.is_(None)}),
        *_match_any(
            shape,
            {
                "same_true": match.same.is_(True),
                "same_false": match.same.is_(False),
                "same_unknown": match.same.is_(None),
            },
        ),
    ]
    if "least" in shape:
        conditions.append(func.coalesce(match.confidence, 1.0) >= shape.bind("least", Float))
    ids, sorts = select(match.id).where(*conditions), {"id": (match.id, match.id)}
    return ListQuery(
        select_items(), match.id, [QueryBranch(ids.where(*branch), sorts) for branch in _split_branches(shape)]
    )


def _match_any(shape: FilterShape, options: dict[str, Condition]) -> list[Condition]:
    conditions = [condition for name, condition in options.items() if name in shape]
    return [or_(*conditions)] if conditions else []


def _split_branches(shape: FilterShape) -> list[list[Condition]]:
    """Return the conditions of branches that have no match in common, each of which an index serves."""
    branches: list[list[Condition]] = [[]]
    for alternatives in _alternatives(shape):
        branches = [[*branch, *conditions] for branch in branches for conditions in alternatives]
    return branches


def _alternatives(shape: FilterShape) -> Iterator[tuple[list[Condition], list[Condition]]]:
    """Yield the two alternatives of each filter: the first record matches, or only the second."""
    match = NOW.match
    if "event" in shape or "event_id" in shape:
        events = select(NOW.event.id).where(match_reference(NOW.event, shape, "event"))
        yield [match.event_id.in_(events)], [match.other_event_id.in_(events), match.event_id.not_in(events)]
    if "statement" in shape:
        first = shape.match(match.statement_id, "statement")
        yield first, [*shape.match(match.other_statement_id, "statement"), *(~condition for condition in first)]
