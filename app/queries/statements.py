"""Statements with their chains of attributions."""

from functools import cache, lru_cache

from sqlalchemy import Float, Select, func, select

from app.core.vocab import Noun
from app.database.json_sql import as_text, json_array, json_boolean, json_object, span_selectors
from app.database.reads import ReadSession
from app.database.tables import NOW, Tables
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
from app.queries.fragments import coding_fields, document_brief, event_brief, said_date, source_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names
from app.queries.parameters import FilterShape, split_filters
from app.queries.search import get_search_values, match_words
from app.schemas.common import split_commas
from app.schemas.statement import StatementFilter


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a statement (``StatementPublic``)."""
    statement, document = t.statement, t.document
    fields = {
        "id": statement.id,
        "text": statement.text,
        "kind": statement.kind,
        "speaker": speaker_brief(t.speaker),
        "source": source_brief(t.source, always=True),
        "document": document_brief(document),
        "event": event_brief(t.event),
        "span": span_selectors(document.text, statement.start, statement.end, always=True),
        "cue": span_selectors(document.text, statement.cue_start, statement.cue_end),
        "said": said_date(statement),
        "chain": json_array(select_chain(t)),
        "utterance_id": statement.utterance_id,
        "utterance_by": statement.utterance_by,
        "utterance_confidence": statement.utterance_confidence,
        "language": func.coalesce(statement.language, document.language),
        "translated": json_boolean(statement.translated),
    }
    return (
        select(as_text(json_object(fields | coding_fields(statement))))
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .join(t.source, t.source.id == document.source_id)
        .outerjoin(t.speaker, t.speaker.id == statement.speaker_id)
        .outerjoin(t.event, t.event.id == statement.event_id)
    )


def select_chain(t: Tables) -> Select[str]:
    """Select the hops of the statement, the nearest to its document first (``HopPublic``)."""
    hop, voice = t.attribution, t.voice
    fields = {
        "position": hop.position,
        "speaker": speaker_brief(voice),
        "cue": span_selectors(t.document.text, hop.start, hop.end),
    }
    return (
        select(json_object(fields).label("item"))
        .select_from(hop)
        .join(voice, voice.id == hop.speaker_id)
        .where(hop.statement_id == t.statement.id)
        .order_by(hop.position)
        .correlate(t.statement, t.document)
    )


async def get_listing(reads: ReadSession, filters: StatementFilter, *, within: Within | None = None) -> BoundListing:
    """Return the statements that match, all or those of one document, event or speaker."""
    names = {"speaker": filters.speaker, "source": filters.source, "via": filters.via}
    ids = await resolve_names(reads, names, within=within)
    shape, values = split_filters(
        **split_dates(filters),
        id=parse_ids(filters.id),
        kind=split_commas(filters.kind),
        coded_by=split_commas(filters.coded_by),
        least=filters.min_confidence,
        speaker=ids.get("speaker"),
        source=ids.get("source"),
        via=ids.get("via"),
        **split_references(filters.event, "event"),
        **split_references(filters.utterance, "utterance"),
        **await get_search_values(reads, filters.q, Noun.STATEMENTS),
        **({f"of_{within[0].__tablename__}": ids["within"]} if within else {}),
    )
    return BoundListing(_build_query(shape, reads.dialect), values)


@lru_cache(maxsize=1024)
def _build_query(shape: FilterShape, dialect: str) -> ListQuery:
    t, statement = NOW, NOW.statement
    conditions = [
        *match_ids(statement.id, shape),
        *shape.match(statement.kind, "kind"),
        *shape.match(statement.coded_by, "coded_by"),
        *shape.match(statement.speaker_id, "speaker"),
        *shape.match(statement.document_id, "of_document"),
        *shape.match(statement.event_id, "of_event"),
        *shape.match(statement.speaker_id, "of_speaker"),
        *match_words(Noun.STATEMENTS, shape, dialect),
    ]
    if "least" in shape:
        conditions.append(func.coalesce(statement.confidence, 1.0) >= shape.bind("least", Float))
    if "source" in shape:
        documents = select(t.document.id).where(*shape.match(t.document.source_id, "source"))
        conditions.append(statement.document_id.in_(documents))
    if "via" in shape:
        hops = select(t.attribution.statement_id).where(*shape.match(t.attribution.speaker_id, "via"))
        conditions.append(statement.id.in_(hops))
    for name, column, table in (
        ("event", statement.event_id, t.event),
        ("utterance", statement.utterance_id, t.utterance),
    ):
        if name in shape or f"{name}_id" in shape:
            conditions.append(column.in_(select(table.id).where(match_reference(table, shape, name))))
    sorts = {"said": (date_sort_key(statement.said_earliest), statement.id), "id": (statement.id, statement.id)}
    ids = select(statement.id).where(*conditions)
    branches = [QueryBranch(ids.where(*begins_in_range(shape, statement, "said_")), sorts)]
    if "first" in shape:
        branches.append(QueryBranch(ids.where(*lasts_into_range(shape, statement, "said_")), sorts, few=True))
    return ListQuery(select_items(), statement.id, branches)
