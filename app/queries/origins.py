"""Rows from which the origins of events and utterances are computed: documents, their statements, and their chains.

``analysis/origin_rows.py`` names their columns.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy import literal_column as constant
from sqlalchemy.orm import aliased

from app.database.json_sql import as_text, json_array, json_object, span_selectors, timestamp_text
from app.database.models import Event, Provenance, Record, Source, Utterance
from app.database.reads import PreparedSelect, ReadSession, Row, is_one_of
from app.database.tables import NOW, Table
from app.queries.fragments import published_date, source_brief, speaker_brief
from app.queries.names import Missing

_PROVENANCE: Table = Provenance
_MEDIUM: Table = aliased(Source)

# Machine-made statements of lower confidence are suggestions, and do not count for an event.
_MIN_CONFIDENCE = 0.5


class ProvenanceRows(NamedTuple):
    """Documents in order of publication, the statements in them, and the hops of these."""

    documents: Sequence[Row]
    statements: Sequence[Row]
    hops: Sequence[Row]


class NameBearers(NamedTuple):
    """Sources and speakers, each with the key of one of its names in the first column."""

    sources: Sequence[Row]
    speakers: Sequence[Row]


async def get_event_rows(reads: ReadSession, event: int) -> ProvenanceRows:
    """Return the rows of the documents that report the event; raise Missing if there is no such event."""
    return await _fetch_rows(reads, Event, _select_of_events(), event)


async def get_utterance_rows(reads: ReadSession, utterance: int) -> ProvenanceRows:
    """Return the rows of the documents that print the utterance; raise Missing if there is no such utterance."""
    return await _fetch_rows(reads, Utterance, _select_of_utterances(), utterance)


async def _fetch_rows(
    reads: ReadSession, model: type[Record], selects: Sequence[PreparedSelect], ident: int
) -> ProvenanceRows:
    ids = {"ids": [ident]}
    if not await reads.fetch(_select_existing(model), ids):
        raise Missing(model, ident)
    documents, statements, hops = selects
    return ProvenanceRows(
        await reads.fetch(documents, ids), await reads.fetch(statements, ids), await reads.fetch(hops, ids)
    )


def get_rows_of_events(connection: Connection, events: Collection[int]) -> ProvenanceRows:
    """Return the rows of many events at once, in a transaction."""
    return ProvenanceRows(*(connection.execute(query.select, {"ids": events}).all() for query in _select_of_events()))


async def get_name_bearers(reads: ReadSession, keys: Collection[str]) -> NameBearers:
    """Return the sources and speakers with one of these names."""
    if not keys:
        return NameBearers((), ())
    values = {"keys": orjson.dumps(list(keys)).decode()}
    return NameBearers(*[await reads.fetch(query, values) for query in _select_bearers(reads.dialect)])


def get_name_bearers_in(connection: Connection, keys: Collection[str]) -> NameBearers:
    """Return the sources and speakers with one of these names, in a transaction."""
    if not keys:
        return NameBearers((), ())
    values = {"keys": orjson.dumps(list(keys)).decode()}
    selects = _select_bearers(connection.dialect.name)
    return NameBearers(*(connection.execute(query.select, values).all() for query in selects))


@cache
def _select_existing(model: Table) -> PreparedSelect:
    return PreparedSelect(select(model.id).where(is_one_of(model.id, "ids")), with_state=True)


def _source_columns(source: Table) -> tuple[Any, ...]:
    return (source.id, source.slug, source.name, source.kind, source.country, source.state_affiliated)


def _speaker_columns(speaker: Table) -> tuple[Any, ...]:
    """Return the columns of a speaker, and of the source that is the same organization, if any."""
    return (speaker.id, speaker.slug, speaker.name, speaker.kind, speaker.country, *_source_columns(_MEDIUM))


@cache
def _select_of_events() -> tuple[PreparedSelect, PreparedSelect, PreparedSelect]:
    report, statement, document = NOW.report, NOW.statement, NOW.document
    documents = _select_documents(report.event_id, report.start, report.end)
    documents = documents.join(report, report.document_id == document.id).where(is_one_of(report.event_id, "ids"))
    # A statement about the event, or one in whose words the document reports it.
    tied = func.coalesce(statement.event_id == report.event_id, constant("false"))
    is_sure = or_(statement.confidence.is_(None), statement.confidence >= _MIN_CONFIDENCE)
    in_passage = and_(statement.start < report.end, statement.end > report.start, is_sure)
    said = select(report.event_id, tied).join(statement, statement.document_id == report.document_id)
    return _prepare(documents, said.where(or_(tied, in_passage), is_one_of(report.event_id, "ids")))


@cache
def _select_of_utterances() -> tuple[PreparedSelect, PreparedSelect, PreparedSelect]:
    statement = NOW.statement
    of_utterance = is_one_of(statement.utterance_id, "ids")
    printing = select(statement.utterance_id, statement.document_id).where(of_utterance).distinct().subquery()
    documents = _select_documents(printing.c.utterance_id, null(), null())
    documents = documents.join(printing, printing.c.document_id == NOW.document.id)
    said = select(statement.utterance_id, constant("true")).select_from(statement)
    return _prepare(documents, said.where(of_utterance))


def _select_documents(owner: ColumnElement[Any], start: Any, end: Any) -> Select[Any]:
    document = NOW.document
    columns = (owner, document.id, start, end, _PROVENANCE.sketch, _PROVENANCE.credit_key, *_source_columns(NOW.source))
    rows = select(*columns, *_published_columns()).select_from(document)
    rows = rows.join(NOW.source, NOW.source.id == document.source_id)
    return rows.outerjoin(_PROVENANCE, _PROVENANCE.document_id == document.id)


def _published_columns() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return the first day on which the document may have been published, and the moment, as texts."""
    moment = timestamp_text(NOW.document.published_at)
    return func.coalesce(cast(NOW.document.published_earliest, Text), func.substr(moment, 1, 10)), moment


def _prepare(documents: Select[Any], said: Select[Any]) -> tuple[PreparedSelect, PreparedSelect, PreparedSelect]:
    document, statement, hop = NOW.document, NOW.statement, NOW.attribution
    order = (*(column.nulls_last() for column in _published_columns()), document.id)
    columns = (statement.document_id, statement.id, statement.start, statement.end, *_speaker_columns(NOW.speaker))
    statements = said.add_columns(*columns).outerjoin(NOW.speaker, NOW.speaker.id == statement.speaker_id)
    statements = statements.outerjoin(_MEDIUM, _MEDIUM.id == NOW.speaker.source_id)
    hops = said.with_only_columns(statement.id, hop.position, *_speaker_columns(NOW.voice), maintain_column_froms=True)
    hops = hops.join(hop, hop.statement_id == statement.id).join(NOW.voice, NOW.voice.id == hop.speaker_id)
    hops = hops.outerjoin(_MEDIUM, _MEDIUM.id == NOW.voice.source_id).distinct()
    return (
        PreparedSelect(documents.order_by(*order), with_state=True),
        PreparedSelect(statements.order_by(statement.start, statement.end, statement.id), with_state=True),
        PreparedSelect(hops.order_by(statement.id, hop.position), with_state=True),
    )


@cache
def _select_bearers(dialect: str) -> tuple[PreparedSelect, PreparedSelect]:
    keys: Any = bindparam("keys", type_=Text, required=True)
    listed = func.json_each(keys) if dialect == "sqlite" else func.json_array_elements_text(cast(keys, JSON))
    among_keys = select(listed.table_valued("value").c.value)
    source, speaker = NOW.source, NOW.speaker
    of_sources = _select_named(source, NOW.source_alias, NOW.source_alias.source_id, among_keys)
    of_speakers = _select_named(speaker, NOW.speaker_alias, NOW.speaker_alias.speaker_id, among_keys)
    sources = select(of_sources.c.key, *_source_columns(source)).join(of_sources, of_sources.c.id == source.id)
    speakers = select(of_speakers.c.key, *_speaker_columns(speaker)).join(of_speakers, of_speakers.c.id == speaker.id)
    speakers = speakers.outerjoin(_MEDIUM, _MEDIUM.id == speaker.source_id)
    return (
        PreparedSelect(sources.order_by(source.id), with_state=True),
        PreparedSelect(speakers.order_by(speaker.id), with_state=True),
    )


def _select_named(table: Table, alias: Table, owner: ColumnElement[int], keys: Select[Any]) -> Any:
    """Select the ids of the rows with one of the keys as that of their name or an alias."""
    own = select(table.id.label("id"), table.name_key.label("key")).where(table.name_key.in_(keys))
    by_alias = select(owner.label("id"), alias.name_key.label("key")).where(alias.name_key.in_(keys))
    return union_all(own, by_alias).subquery()


class OriginItems(NamedTuple):
    """Documents (``OriginDocument``) and statements (``OriginStatement``) as objects by id.

    The documents lack the fields that are computed.
    """

    documents: dict[int, dict[str, Any]]
    statements: dict[int, dict[str, Any]]


async def get_items(
    reads: ReadSession, documents: Collection[int], statements: Collection[int], *, event: int | None
) -> OriginItems:
    """Return these documents, with their reports of the event if it is given, and these statements."""
    document_rows = await reads.fetch(_select_document_items(), {"ids": documents, "event": event or 0})
    statement_rows = await reads.fetch(_select_statement_items(), {"ids": statements}) if statements else ()
    return OriginItems(
        {ident: orjson.loads(item) for ident, item in document_rows},
        {ident: orjson.loads(item) for ident, item in statement_rows},
    )


@cache
def _select_document_items() -> PreparedSelect:
    document, report = NOW.document, NOW.report
    fields = {
        "id": document.id,
        "title": document.title,
        "url": document.url,
        "published": published_date(document),
        "source": source_brief(NOW.source, always=True),
        "report_id": report.id,
        "credit": span_selectors(document.text, _PROVENANCE.credit_start, _PROVENANCE.credit_end),
    }
    event = bindparam("event", type_=BigInteger, required=True)
    rows = select(document.id, as_text(json_object(fields))).join(NOW.source, NOW.source.id == document.source_id)
    rows = rows.outerjoin(report, and_(report.document_id == document.id, report.event_id == event))
    rows = rows.outerjoin(_PROVENANCE, _PROVENANCE.document_id == document.id)
    return PreparedSelect(rows.where(is_one_of(document.id, "ids")), with_state=True)


@cache
def _select_statement_items() -> PreparedSelect:
    statement, hop = NOW.statement, NOW.attribution
    chain = select(speaker_brief(NOW.voice).label("item")).select_from(hop)
    chain = chain.join(NOW.voice, NOW.voice.id == hop.speaker_id).where(hop.statement_id == statement.id)
    fields = {
        "id": statement.id,
        "speaker": speaker_brief(NOW.speaker),
        "relaying_speakers": json_array(chain.order_by(hop.position).correlate(statement)),
        "exact": statement.text,
        "start": statement.start,
        "end": statement.end,
    }
    rows = select(statement.id, as_text(json_object(fields))).outerjoin(
        NOW.speaker, NOW.speaker.id == statement.speaker_id
    )
    return PreparedSelect(rows.where(is_one_of(statement.id, "ids")), with_state=True)
