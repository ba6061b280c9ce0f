"""What tells from whom documents have their accounts: of the reports of events, or of the printings of utterances.

``analysis/accounts.py`` takes the rows, and names their columns.
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

from app.database.json_sql import as_text, is_one_of, json_array, json_object, span_selectors, timestamp_text
from app.database.models import Event, Provenance, Source, Utterance
from app.database.statements import PreparedSelect, ReadSession, Row
from app.database.tables import NOW, Table
from app.queries.fragments import published, source_brief, speaker_brief
from app.queries.names import Missing

_PROVENANCE: Table = Provenance
_MEDIUM: Table = aliased(Source)

# What a machine found and is less sure of is a suggestion, and counts for no event.
_SURE = 0.5


class Accounts(NamedTuple):
    """Documents in the order in which they appeared, the statements in them, and the hops of these."""

    documents: Sequence[Row]
    statements: Sequence[Row]
    hops: Sequence[Row]


class Bearers(NamedTuple):
    """Sources and speakers, each behind the key of a name that it bears."""

    sources: Sequence[Row]
    speakers: Sequence[Row]


async def get_event_rows(reads: ReadSession, event: int) -> Accounts:
    """Where the documents that report the event have it from; raises Missing where there is no such event."""
    return await _accounts(reads, _there(Event), _of_events(), event)


async def get_utterance_rows(reads: ReadSession, utterance: int) -> Accounts:
    """Where the documents that print the utterance have it from; raises Missing where there is no such utterance."""
    return await _accounts(reads, _there(Utterance), _of_utterances(), utterance)


async def _accounts(reads: ReadSession, there: PreparedSelect, parts: Sequence[PreparedSelect], ident: int) -> Accounts:
    if not await reads.fetch(there, {"ids": [ident]}):
        raise Missing(Event if there is _there(Event) else Utterance, ident)
    return Accounts(*[await reads.fetch(part, {"ids": [ident]}) for part in parts])


def get_rows_of_events(connection: Connection, events: Collection[int]) -> Accounts:
    """The same of many events at once, inside a transaction."""
    return Accounts(*(connection.execute(part.select, {"ids": events}).all() for part in _of_events()))


async def get_name_bearers(reads: ReadSession, keys: Collection[str]) -> Bearers:
    """Who is called by one of these names."""
    values = {"keys": orjson.dumps(list(keys)).decode()}
    return Bearers(*[await reads.fetch(part, values) for part in _bearers(reads.dialect)]) if keys else Bearers((), ())


def get_name_bearers_in(connection: Connection, keys: Collection[str]) -> Bearers:
    """The same, inside a transaction."""
    values, parts = {"keys": orjson.dumps(list(keys)).decode()}, _bearers(connection.dialect.name)
    return Bearers(*(connection.execute(part.select, values).all() for part in parts)) if keys else Bearers((), ())


@cache
def _there(model: Table) -> PreparedSelect:
    return PreparedSelect(select(model.id).where(is_one_of(model.id, "ids")), with_state=True)


def _source(source: Table) -> tuple[Any, ...]:
    return (source.id, source.slug, source.name, source.kind, source.country, source.state_affiliated)


def _speaker(speaker: Table) -> tuple[Any, ...]:
    """A speaker, and the source that it is."""
    return (speaker.id, speaker.slug, speaker.name, speaker.kind, speaker.country, *_source(_MEDIUM))


@cache
def _of_events() -> tuple[PreparedSelect, PreparedSelect, PreparedSelect]:
    report, statement, document = NOW.report, NOW.statement, NOW.document
    documents = _documents(report.event_id, report.start, report.end)
    documents = documents.join(report, report.document_id == document.id).where(is_one_of(report.event_id, "ids"))
    # A statement that is about the event, or one within whose words it is reported.
    tied = func.coalesce(statement.event_id == report.event_id, constant("false"))
    sure = or_(statement.confidence.is_(None), statement.confidence >= _SURE)
    within = and_(statement.start < report.end, statement.end > report.start, sure)
    said = select(report.event_id, tied).join(statement, statement.document_id == report.document_id)
    return _prepared(documents, said.where(or_(tied, within), is_one_of(report.event_id, "ids")))


@cache
def _of_utterances() -> tuple[PreparedSelect, PreparedSelect, PreparedSelect]:
    statement = NOW.statement
    of_utterance = is_one_of(statement.utterance_id, "ids")
    printing = select(statement.utterance_id, statement.document_id).where(of_utterance).distinct().subquery()
    documents = _documents(printing.c.utterance_id, null(), null())
    documents = documents.join(printing, printing.c.document_id == NOW.document.id)
    said = select(statement.utterance_id, constant("true")).select_from(statement)
    return _prepared(documents, said.where(of_utterance))


def _documents(owner: ColumnElement[Any], start: Any, end: Any) -> Select[Any]:
    document = NOW.document
    columns = (owner, document.id, start, end, _PROVENANCE.sketch, _PROVENANCE.credit_key, *_source(NOW.source))
    rows = select(*columns, *_appeared()).select_from(document)
    rows = rows.join(NOW.source, NOW.source.id == document.source_id)
    return rows.outerjoin(_PROVENANCE, _PROVENANCE.document_id == document.id)


def _appeared() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The day on which the document in hand may first have appeared, and the moment, as texts."""
    moment = timestamp_text(NOW.document.published_at)
    return func.coalesce(cast(NOW.document.published_earliest, Text), func.substr(moment, 1, 10)), moment


def _prepared(documents: Select[Any], said: Select[Any]) -> tuple[PreparedSelect, PreparedSelect, PreparedSelect]:
    document, statement, hop = NOW.document, NOW.statement, NOW.attribution
    appeared = (*(each.nulls_last() for each in _appeared()), document.id)
    columns = (statement.document_id, statement.id, statement.start, statement.end, *_speaker(NOW.speaker))
    statements = said.add_columns(*columns).outerjoin(NOW.speaker, NOW.speaker.id == statement.speaker_id)
    statements = statements.outerjoin(_MEDIUM, _MEDIUM.id == NOW.speaker.source_id)
    hops = said.with_only_columns(statement.id, hop.position, *_speaker(NOW.voice), maintain_column_froms=True)
    hops = hops.join(hop, hop.statement_id == statement.id).join(NOW.voice, NOW.voice.id == hop.speaker_id)
    hops = hops.outerjoin(_MEDIUM, _MEDIUM.id == NOW.voice.source_id).distinct()
    return (
        PreparedSelect(documents.order_by(*appeared), with_state=True),
        PreparedSelect(statements.order_by(statement.start, statement.end, statement.id), with_state=True),
        PreparedSelect(hops.order_by(statement.id, hop.position), with_state=True),
    )


@cache
def _bearers(dialect: str) -> tuple[PreparedSelect, PreparedSelect]:
    keys: Any = bindparam("keys", type_=Text, required=True)
    listed = func.json_each(keys) if dialect == "sqlite" else func.json_array_elements_text(cast(keys, JSON))
    among_keys = select(listed.table_valued("value").c.value)
    source, speaker = NOW.source, NOW.speaker
    of_sources = _called(source, NOW.source_alias, NOW.source_alias.source_id, among_keys)
    of_speakers = _called(speaker, NOW.speaker_alias, NOW.speaker_alias.speaker_id, among_keys)
    sources = select(of_sources.c.key, *_source(source)).join(of_sources, of_sources.c.id == source.id)
    speakers = select(of_speakers.c.key, *_speaker(speaker)).join(of_speakers, of_speakers.c.id == speaker.id)
    speakers = speakers.outerjoin(_MEDIUM, _MEDIUM.id == speaker.source_id)
    return (
        PreparedSelect(sources.order_by(source.id), with_state=True),
        PreparedSelect(speakers.order_by(speaker.id), with_state=True),
    )


def _called(named: Table, alias: Table, owner: ColumnElement[int], keys: Select[Any]) -> Any:
    """The ids of those who bear one of the names, by their own or another."""
    own = select(named.id.label("id"), named.name_key.label("key")).where(named.name_key.in_(keys))
    other = select(owner.label("id"), alias.name_key.label("key")).where(alias.name_key.in_(keys))
    return union_all(own, other).subquery()


class Shown(NamedTuple):
    """Documents and statements as an answer shows them, by id: objects, but for what only the asker knows."""

    documents: dict[int, dict[str, Any]]
    statements: dict[int, dict[str, Any]]


async def get_items(
    reads: ReadSession, documents: Collection[int], statements: Collection[int], *, event: int | None
) -> Shown:
    """These documents (``OriginDocument``), with their reports of the event, and these statements
    (``OriginStatement``)."""
    found = await reads.fetch(_shown_documents(), {"ids": documents, "event": event or 0})
    said = await reads.fetch(_shown_statements(), {"ids": statements}) if statements else ()
    return Shown({row[0]: orjson.loads(row[1]) for row in found}, {row[0]: orjson.loads(row[1]) for row in said})


@cache
def _shown_documents() -> PreparedSelect:
    document, report = NOW.document, NOW.report
    fields = {
        "id": document.id,
        "title": document.title,
        "url": document.url,
        "published": published(document),
        "source": source_brief(NOW.source, always=True),
        "report": report.id,
        "credit": span_selectors(document.text, _PROVENANCE.credit_start, _PROVENANCE.credit_end),
    }
    event = bindparam("event", type_=BigInteger, required=True)
    rows = select(document.id, as_text(json_object(fields))).join(NOW.source, NOW.source.id == document.source_id)
    rows = rows.outerjoin(report, and_(report.document_id == document.id, report.event_id == event))
    rows = rows.outerjoin(_PROVENANCE, _PROVENANCE.document_id == document.id)
    return PreparedSelect(rows.where(is_one_of(document.id, "ids")), with_state=True)


@cache
def _shown_statements() -> PreparedSelect:
    statement, hop = NOW.statement, NOW.attribution
    chain = select(speaker_brief(NOW.voice).label("item")).select_from(hop)
    chain = chain.join(NOW.voice, NOW.voice.id == hop.speaker_id).where(hop.statement_id == statement.id)
    fields = {
        "id": statement.id,
        "speaker": speaker_brief(NOW.speaker),
        "chain": json_array(chain.order_by(hop.position).correlate(statement)),
        "exact": statement.text,
        "start": statement.start,
        "end": statement.end,
    }
    rows = select(statement.id, as_text(json_object(fields))).outerjoin(
        NOW.speaker, NOW.speaker.id == statement.speaker_id
    )
    return PreparedSelect(rows.where(is_one_of(statement.id, "ids")), with_state=True)
