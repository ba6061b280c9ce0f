"""Utterances: the things said, each with the statements that print it."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from app.core.vocab import Noun
from app.database.json_sql import as_text, json_array, json_array_of_values, json_object, parse_json, rfc3339_time
from app.database.statements import ReadSession
from app.database.tables import NOW, Tables
from app.queries import statements
from app.queries.filters import begun_within, chosen, days, ids, lasting_into, or_no_date, references, referred
from app.queries.fragments import coding, said, speaker_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.queries.search import matches, search_values
from app.schemas.common import split_commas
from app.schemas.printing import UtteranceFilter


def _fields(t: Tables) -> dict[str, object]:
    utterance, statement, document = t.utterance, t.statement, t.document
    language = func.coalesce(statement.language, document.language)
    ids = select(statement.id.label("item")).where(statement.utterance_id == utterance.id).order_by(statement.id)
    spoken = _printings(t, language.label("item")).where(language.is_not(None)).distinct().order_by("item")
    return {
        "id": utterance.id,
        "speaker": speaker_brief(t.speaker),
        "said": said(utterance),
        "words": _fullest(t, statement.text),
        "statements": json_array_of_values(ids.correlate(utterance)),
        "printing_count": _printings(t, func.count(statement.id)).scalar_subquery(),
        "source_count": _source_count(t),
        "languages": json_array_of_values(spoken),
        "first_published": _printings(t, func.min(document.published_earliest)).scalar_subquery(),
        "external_id": utterance.external_id,
        **coding(utterance),
    }


def _printings(t: Tables, *columns: Any) -> Select[Any]:
    """``columns`` of the statements that print the utterance in hand, and of their documents."""
    rows = select(*columns).select_from(t.statement).join(t.document, t.document.id == t.statement.document_id)
    return rows.where(t.statement.utterance_id == t.utterance.id).correlate(t.utterance)


def _source_count(t: Tables) -> ScalarSelect[int]:
    return _printings(t, func.count(t.document.source_id.distinct())).scalar_subquery()


def _fullest(t: Tables, column: Any) -> ScalarSelect[Any]:
    """``column`` of the fullest printing: the longest of those in the language that most are in."""
    language = func.coalesce(t.statement.language, t.document.language)
    alike = func.count().over(partition_by=language)
    longest = func.length(t.statement.text)
    rows = _printings(t, column).order_by(alike.desc(), longest.desc(), t.statement.id)
    return rows.limit(1).scalar_subquery()


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """One JSON text an utterance (``UtterancePublic``)."""
    return _select(t, _fields(t))


@cache
def select_full(t: Tables = NOW) -> Select[str]:
    """One JSON text an utterance with the id of its ``fullest`` printing and all printings, the first published first.

    Of each printing it has the ``statement`` (``StatementPublic``) and the moment when its document was
    ``published_at``; what sets them apart is for the analysis to say (``UtteranceFull``).
    """
    statement, document = t.statement, t.document
    [item] = statements.select_items(t).selected_columns
    printing = json_object({"statement": parse_json(item), "published_at": rfc3339_time(document.published_at)})
    order = (document.published_earliest.nulls_last(), document.published_at.nulls_last(), statement.id)
    printings = statements.select_items(t).with_only_columns(printing.label("item"), maintain_column_froms=True)
    printings = printings.where(statement.utterance_id == t.utterance.id).order_by(*order).correlate(t.utterance)
    return _select(t, _fields(t) | {"fullest": _fullest(t, statement.id), "printings": json_array(printings)})


def _select(t: Tables, fields: Mapping[str, object]) -> Select[str]:
    item = select(as_text(json_object(fields))).select_from(t.utterance)
    return item.outerjoin(t.speaker, t.speaker.id == t.utterance.speaker_id)


async def get_listing(reads: ReadSession, filters: UtteranceFilter, *, within: Within | None = None) -> BoundListing:
    """The utterances that match, all or those of one speaker."""
    named = await resolve_names(reads, {"speaker": filters.speaker, "source": filters.source}, within=within)
    searched = await search_values(reads, filters.q, Noun.STATEMENTS)
    shape, values = split_filters(
        **days(filters),
        id=ids(filters.id),
        speaker=named.get("speaker"),
        within=named.get("within"),
        source=named.get("source"),
        coded_by=split_commas(filters.coded_by),
        min_sources=filters.min_sources,
        **references(filters.event, "event"),
        # Whether the words are common matters to a list of statements alone, which could be walked through in order.
        **{name: value for name, value in searched.items() if not name.startswith("common")},
    )
    return BoundListing(_build_query(shape, reads.dialect), values)


@lru_cache(maxsize=512)
def _build_query(shape: FilterShape, dialect: str) -> ListQuery:
    utterance = NOW.utterance
    conditions = [
        *chosen(utterance.id, shape),
        *shape.among(utterance.speaker_id, "speaker"),
        *shape.among(utterance.speaker_id, "within"),
        *shape.among(utterance.coded_by, "coded_by"),
        *_with_a_printing(shape, dialect),
    ]
    if "min_sources" in shape:
        conditions.append(_source_count(NOW) >= shape.value("min_sources"))
    sorts = {
        "said": (or_no_date(utterance.said_earliest), utterance.id),
        "sources": (_source_count(NOW), utterance.id),
        "id": (utterance.id, utterance.id),
    }
    found = select(utterance.id).where(*conditions)
    parts = [QueryBranch(found.where(*begun_within(shape, utterance, "said_")), sorts)]
    if "first" in shape:
        parts.append(QueryBranch(found.where(*lasting_into(shape, utterance, "said_")), sorts, few=True))
    return ListQuery(select_items(), utterance.id, parts)


def _with_a_printing(shape: FilterShape, dialect: str) -> list[Condition]:
    """Of the utterance in hand there is a printing in one of the sources, one at one of the events, one with the words;
    not necessarily the same."""
    statement, document = NOW.statement, NOW.document
    printings = select(statement.utterance_id).where(statement.utterance_id.is_not(None))
    found = []
    if "source" in shape:
        by = select(document.id).where(*shape.among(document.source_id, "source"))
        found.append(printings.where(statement.document_id.in_(by)))
    if "event" in shape:
        events = select(NOW.event.id).where(referred(NOW.event, shape, "event"))
        found.append(printings.where(statement.event_id.in_(events)))
    worded = matches(Noun.STATEMENTS, shape, dialect)
    if worded:
        found.append(printings.where(*worded))
    return [NOW.utterance.id.in_(each) for each in found]
