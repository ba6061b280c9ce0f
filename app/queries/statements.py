"""Statements: one, or many, with their chains."""

from functools import cache, lru_cache

from sqlalchemy import Float, Select, func, select

from app.core.vocab import Noun
from app.database.json_sql import as_text, json_array, json_boolean, json_object, span_selectors
from app.database.statements import ReadSession
from app.database.tables import NOW, Tables
from app.queries.filters import begun_within, chosen, days, ids, lasting_into, or_no_date, references, referred
from app.queries.fragments import coding, document_brief, event_brief, said, source_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names
from app.queries.parameters import FilterShape, split_filters
from app.queries.search import matches, search_values
from app.schemas.common import split_commas
from app.schemas.statement import StatementFilter


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """One JSON text a statement (``StatementPublic``)."""
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
        "said": said(statement),
        "chain": json_array(chain(t)),
        "utterance": statement.utterance_id,
        "utterance_by": statement.utterance_by,
        "utterance_confidence": statement.utterance_confidence,
        "language": func.coalesce(statement.language, document.language),
        "translated": json_boolean(statement.translated),
    }
    return (
        select(as_text(json_object(fields | coding(statement))))
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .join(t.source, t.source.id == document.source_id)
        .outerjoin(t.speaker, t.speaker.id == statement.speaker_id)
        .outerjoin(t.event, t.event.id == statement.event_id)
    )


def chain(t: Tables) -> Select[str]:
    """The hops of the statement in hand, the nearest to its document first (``HopPublic``)."""
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
    """The statements that match, all or those of one document, event or speaker."""
    names = {"speaker": filters.speaker, "source": filters.source, "via": filters.via}
    named = await resolve_names(reads, names, within=within)
    shape, values = split_filters(
        **days(filters),
        id=ids(filters.id),
        kind=split_commas(filters.kind),
        coded_by=split_commas(filters.coded_by),
        least=filters.min_confidence,
        speaker=named.get("speaker"),
        source=named.get("source"),
        via=named.get("via"),
        **references(filters.event, "event"),
        **references(filters.utterance, "utterance"),
        **await search_values(reads, filters.q, Noun.STATEMENTS),
        **({f"of_{within[0].__tablename__}": named["within"]} if within else {}),
    )
    return BoundListing(_build_query(shape, reads.dialect), values)


@lru_cache(maxsize=1024)
def _build_query(shape: FilterShape, dialect: str) -> ListQuery:
    t, statement = NOW, NOW.statement
    conditions = [
        *chosen(statement.id, shape),
        *shape.among(statement.kind, "kind"),
        *shape.among(statement.coded_by, "coded_by"),
        *shape.among(statement.speaker_id, "speaker"),
        *(each for of in _OWNERS for each in shape.among(getattr(statement, f"{of}_id"), f"of_{of}")),
        *matches(Noun.STATEMENTS, shape, dialect),
    ]
    if "least" in shape:
        conditions.append(func.coalesce(statement.confidence, 1.0) >= shape.value("least", Float))
    if "source" in shape:
        documents = select(t.document.id).where(*shape.among(t.document.source_id, "source"))
        conditions.append(statement.document_id.in_(documents))
    if "via" in shape:
        hops = select(t.attribution.statement_id).where(*shape.among(t.attribution.speaker_id, "via"))
        conditions.append(statement.id.in_(hops))
    for name, column, table in (
        ("event", statement.event_id, t.event),
        ("utterance", statement.utterance_id, t.utterance),
    ):
        if name in shape or f"{name}_id" in shape:
            conditions.append(column.in_(select(table.id).where(referred(table, shape, name))))
    sorts = {"said": (or_no_date(statement.said_earliest), statement.id), "id": (statement.id, statement.id)}
    found = select(statement.id).where(*conditions)
    parts = [QueryBranch(found.where(*begun_within(shape, statement, "said_")), sorts)]
    if "first" in shape:
        parts.append(QueryBranch(found.where(*lasting_into(shape, statement, "said_")), sorts, few=True))
    return ListQuery(select_items(), statement.id, parts)


_OWNERS = ("document", "event", "speaker")
