"""Utterances with the statements that print them."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from app.core.vocab import Noun
from app.database.json_sql import as_text, json_array, json_array_of_values, json_object, parse_json, rfc3339_time
from app.database.reads import ReadSession
from app.database.tables import NOW, Tables
from app.queries import statements
from app.queries.filters import (
    begins_in_range,
    date_sort_key,
    lasts_into_range,
    match_ids,
    match_reference,
    parse_ids,
    split_dates,
    split_references,
)
from app.queries.fragments import coding_fields, said_date, speaker_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.queries.search import get_search_values, match_words
from app.schemas.common import split_commas
from app.schemas.printing import UtteranceFilter


def _fields(t: Tables) -> dict[str, object]:
    utterance, statement, document = t.utterance, t.statement, t.document
    language = func.coalesce(statement.language, document.language)
    ids = select(statement.id.label("item")).where(statement.utterance_id == utterance.id).order_by(statement.id)
    languages = _select_printings(t, language.label("item")).where(language.is_not(None)).distinct().order_by("item")
    return {
        "id": utterance.id,
        "speaker": speaker_brief(t.speaker),
        "said": said_date(utterance),
        "words": _select_fullest(t, statement.text),
        "statement_ids": json_array_of_values(ids.correlate(utterance)),
        "printing_count": _select_printings(t, func.count(statement.id)).scalar_subquery(),
        "source_count": _count_sources(t),
        "languages": json_array_of_values(languages),
        "first_published_on": _select_printings(t, func.min(document.published_earliest)).scalar_subquery(),
        "external_id": utterance.external_id,
        **coding_fields(utterance),
    }


def _select_printings(t: Tables, *columns: Any) -> Select[Any]:
    """Select ``columns`` of the statements that print the utterance, and of their documents."""
    rows = select(*columns).select_from(t.statement).join(t.document, t.document.id == t.statement.document_id)
    return rows.where(t.statement.utterance_id == t.utterance.id).correlate(t.utterance)


def _count_sources(t: Tables) -> ScalarSelect[int]:
    return _select_printings(t, func.count(t.document.source_id.distinct())).scalar_subquery()


def _select_fullest(t: Tables, column: Any) -> ScalarSelect[Any]:
    """Select ``column`` of the fullest printing: the longest in the most frequent language."""
    language = func.coalesce(t.statement.language, t.document.language)
    in_language = func.count().over(partition_by=language)
    longest = func.length(t.statement.text)
    rows = _select_printings(t, column).order_by(in_language.desc(), longest.desc(), t.statement.id)
    return rows.limit(1).scalar_subquery()


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text an utterance (``UtterancePublic``)."""
    return _select(t, _fields(t))


@cache
def select_full(t: Tables = NOW) -> Select[str]:
    """Select one JSON text an utterance, with the id of its ``fullest`` printing, and all in order of publication.

    A printing has its ``statement`` (``StatementPublic``) and the time ``published_at`` of its document; the
    comparisons in ``UtteranceFull`` are computed from these.
    """
    statement, document = t.statement, t.document
    [item] = statements.select_items(t).selected_columns
    printing = json_object({"statement": parse_json(item), "published_at": rfc3339_time(document.published_at)})
    order = (document.published_earliest.nulls_last(), document.published_at.nulls_last(), statement.id)
    printings = statements.select_items(t).with_only_columns(printing.label("item"), maintain_column_froms=True)
    printings = printings.where(statement.utterance_id == t.utterance.id).order_by(*order).correlate(t.utterance)
    return _select(
        t, _fields(t) | {"fullest_statement_id": _select_fullest(t, statement.id), "printings": json_array(printings)}
    )


def _select(t: Tables, fields: Mapping[str, object]) -> Select[str]:
    item = select(as_text(json_object(fields))).select_from(t.utterance)
    return item.outerjoin(t.speaker, t.speaker.id == t.utterance.speaker_id)


async def get_listing(reads: ReadSession, filters: UtteranceFilter, *, within: Within | None = None) -> BoundListing:
    """Return the utterances that match, all or those of one speaker."""
    ids = await resolve_names(reads, {"speaker": filters.speaker, "source": filters.source}, within=within)
    search_values = await get_search_values(reads, filters.q, Noun.STATEMENTS)
    shape, values = split_filters(
        **split_dates(filters),
        id=parse_ids(filters.id),
        speaker=ids.get("speaker"),
        within=ids.get("within"),
        source=ids.get("source"),
        coded_by=split_commas(filters.coded_by),
        min_sources=filters.min_sources,
        **split_references(filters.event, "event"),
        # Only a list of statements can be walked through in order, which is better for common words.
        **{name: value for name, value in search_values.items() if not name.startswith("common")},
    )
    return BoundListing(_build_query(shape, reads.dialect), values)


@lru_cache(maxsize=512)
def _build_query(shape: FilterShape, dialect: str) -> ListQuery:
    utterance = NOW.utterance
    conditions = [
        *match_ids(utterance.id, shape),
        *shape.match(utterance.speaker_id, "speaker"),
        *shape.match(utterance.speaker_id, "within"),
        *shape.match(utterance.coded_by, "coded_by"),
        *_match_printings(shape, dialect),
    ]
    if "min_sources" in shape:
        conditions.append(_count_sources(NOW) >= shape.bind("min_sources"))
    sorts = {
        "said": (date_sort_key(utterance.said_earliest), utterance.id),
        "sources": (_count_sources(NOW), utterance.id),
        "id": (utterance.id, utterance.id),
    }
    ids = select(utterance.id).where(*conditions)
    branches = [QueryBranch(ids.where(*begins_in_range(shape, utterance, "said_")), sorts)]
    if "first" in shape:
        branches.append(QueryBranch(ids.where(*lasts_into_range(shape, utterance, "said_")), sorts, few=True))
    return ListQuery(select_items(), utterance.id, branches)


def _match_printings(shape: FilterShape, dialect: str) -> list[Condition]:
    """Return the conditions that printings of the utterance match the sources, the events and the words.

    They need not be the same printing.
    """
    statement, document = NOW.statement, NOW.document
    printings = select(statement.utterance_id).where(statement.utterance_id.is_not(None))
    matching = []
    if "source" in shape:
        documents = select(document.id).where(*shape.match(document.source_id, "source"))
        matching.append(printings.where(statement.document_id.in_(documents)))
    if "event" in shape:
        events = select(NOW.event.id).where(match_reference(NOW.event, shape, "event"))
        matching.append(printings.where(statement.event_id.in_(events)))
    conditions = match_words(Noun.STATEMENTS, shape, dialect)
    if conditions:
        matching.append(printings.where(*conditions))
    return [NOW.utterance.id.in_(ids) for ids in matching]
