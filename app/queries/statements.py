"""Statements: one, or many, with their chains."""

from functools import cache
from typing import Any

from sqlalchemy import Select, func, select

from app.queries.briefs import coding, document_brief, event_brief, said, source_brief, speaker_brief
from app.queries.filters import by_id_or_external_id, in_list, in_range, or_no_date
from app.queries.listing import Listing
from app.queries.search import matches
from app.queries.sql import array, as_text, boolean, obj, span
from app.queries.tables import NOW, Tables
from app.schemas.statement import StatementFilter
from app.vocab import Noun


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text a statement (``StatementPublic``)."""
    statement, document = t.statement, t.document
    fields = {
        "id": statement.id,
        "text": statement.text,
        "kind": statement.kind,
        "speaker": speaker_brief(t.speaker),
        "source": source_brief(t.source),
        "document": document_brief(document),
        "event": event_brief(t.event),
        "span": span(document.text, statement.start, statement.end),
        "cue": span(document.text, statement.cue_start, statement.cue_end),
        "said": said(statement),
        "chain": array(_chain(t)),
        "utterance": statement.utterance_id,
        "language": func.coalesce(statement.language, document.language),
        "translated": boolean(statement.translated),
    }
    return (
        select(as_text(obj(fields | coding(statement))))
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .join(t.source, t.source.id == document.source_id)
        .outerjoin(t.speaker, t.speaker.id == statement.speaker_id)
        .outerjoin(t.event, t.event.id == statement.event_id)
    )


def _chain(t: Tables) -> Select[str]:
    """The hops of the statement in hand, the nearest to its document first (``HopPublic``)."""
    hop, voice = t.attribution, t.voice
    fields = {
        "position": hop.position,
        "speaker": speaker_brief(voice),
        "cue": span(t.document.text, hop.start, hop.end),
    }
    return (
        select(obj(fields).label("item"))
        .select_from(hop)
        .join(voice, voice.id == hop.speaker_id)
        .where(hop.statement_id == t.statement.id)
        .order_by(hop.position)
        .correlate(t.statement, t.document)
    )


def listing(filters: StatementFilter, *, ids: dict[str, list[int]], dialect: str, **of: int | None) -> Listing:
    """The statements that match; ``ids`` are the sources and speakers that the filters name.

    ``of`` narrows the list to one ``document_id``, ``event_id`` or ``speaker_id``.
    """
    t, statement = NOW, NOW.statement
    conditions = [*in_range(filters, statement, "said_"), *in_list(statement.kind, filters.kind)]
    conditions.extend(getattr(statement, column) == ident for column, ident in of.items())
    if "speaker" in ids:
        conditions.append(statement.speaker_id.in_(ids["speaker"]))
    if "source" in ids:
        conditions.append(_in_documents_of(ids["source"]))
    if "via" in ids:
        hops = select(t.attribution.statement_id).where(t.attribution.speaker_id.in_(ids["via"]))
        conditions.append(statement.id.in_(hops))
    for column, table, asked in (
        (statement.event_id, t.event, filters.event),
        (statement.utterance_id, t.utterance, filters.utterance),
    ):
        if asked:
            conditions.append(column.in_(select(table.id).where(*by_id_or_external_id(table, asked))))
    if filters.q:
        conditions.append(matches(Noun.STATEMENTS, filters.q, dialect=dialect))
    sorts = {"said": or_no_date(statement.said_earliest), "id": statement.id}
    return Listing(items(), statement.id, select(statement.id).where(*conditions), sorts)


def _in_documents_of(sources: list[int]) -> Any:
    documents = select(NOW.document.id).where(NOW.document.source_id.in_(sources))
    return NOW.statement.document_id.in_(documents)
