"""All that the store has on one event, for its coverage: the outlets with documents on it, and those without."""

import datetime as dt
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import BigInteger, Date, and_, bindparam, func, or_, select, union

from app.database.json_sql import as_text, json_boolean, json_object, rfc3339_time
from app.database.models import Event, Feed
from app.database.reads import PreparedSelect, ReadSession, is_one_of
from app.database.tables import NOW, Table
from app.queries.filters import date_sort_key
from app.queries.fragments import outlet_fields, published_date, speaker_brief
from app.queries.names import Missing

# Days after an event on which outlets still report it.
_AFTER = dt.timedelta(days=3)

# Longest span of days on which an event may have been for documents of its days to be counted.
_MAX_DAYS = dt.timedelta(days=31)

_FEED: Table = Feed
_EVENT = bindparam("event", type_=BigInteger, required=True)


class CoveringDocument(NamedTuple):
    """A document on the event; ``item`` is the rest of it as JSON (``CoverageDocument``).

    ``start`` and ``end`` are those of the passage that reports the event, if it has one. ``first_day`` and ``moment``
    of publication are None if unknown; the database gives a day as text or as a date.
    """

    source_id: int
    id: int
    length: int
    first_day: dt.date | str | None
    moment: str | None
    start: int | None
    end: int | None
    item: str


class CoveringStatement(NamedTuple):
    """A statement at the event, or about it, in a document of the source."""

    source_id: int
    document_id: int
    start: int
    end: int
    id: int
    utterance_id: int | None


class CoveringClaim(NamedTuple):
    """A claim about the event in a document of the source."""

    source_id: int
    document_id: int
    start: int
    end: int
    id: int
    property: str


class CoveringVoice(NamedTuple):
    """A speaker who makes or relays a statement about the event in a document of the source."""

    source_id: int
    speaker_id: int


class CoverageSource(NamedTuple):
    """A source; ``item`` is the rest of it as JSON (``OutletPublic`` and ``followed``).

    ``documents_then`` counts its documents of the event's days; None if the event has no such days.
    """

    id: int
    name_key: str
    documents_then: int | None
    item: str


class EventCoverage(NamedTuple):
    """All rows on an event, and the sources that have a document on it, or of its days, or a watched feed."""

    documents: Sequence[CoveringDocument]
    statements: Sequence[CoveringStatement]
    claims: Sequence[CoveringClaim]
    voices: Sequence[CoveringVoice]
    sources: Sequence[CoverageSource]


async def get_event_coverage(reads: ReadSession, event: int) -> EventCoverage:
    """Return all that the store has on an event; raise Missing if there is no such event."""
    values = {"event": event}
    days = await reads.fetch(_select_days(), values)
    if not days:
        raise Missing(Event, event)
    documents = [CoveringDocument(*row) for row in await reads.fetch(_select_documents(), values)]
    statements = [CoveringStatement(*row) for row in await reads.fetch(_select_statements(), values)]
    claims = [CoveringClaim(*row) for row in await reads.fetch(_select_claims(), values)]
    voices = [CoveringVoice(*row) for row in await reads.fetch(_select_voices(), values)]
    first, last = (dt.date.fromisoformat(str(day)) for day in days[0])
    has_days = last - first <= _MAX_DAYS
    counts: dict[int, int] = {}
    if has_days:
        range_ = {"first": first, "last": last + min(_AFTER, dt.date.max - last)}
        counts = {int(source): int(number) for source, number in await reads.fetch(_count_documents(), range_)}
    ids = {*counts, *(row.source_id for row in documents)}
    sources = [
        CoverageSource(ident, name_key, counts.get(ident, 0) if has_days else None, item)
        for ident, name_key, item in await reads.fetch(_select_sources(), {"ids": ids})
    ]
    return EventCoverage(documents, statements, claims, voices, sources)


async def get_speaker_briefs(reads: ReadSession, ids: Collection[int]) -> dict[int, str]:
    """Return speakers as JSON texts (``SpeakerBrief``), by id."""
    return {ident: str(item) for ident, item in await reads.fetch(_select_speakers(), {"ids": ids})} if ids else {}


@cache
def _select_days() -> PreparedSelect:
    event = NOW.event
    return PreparedSelect(select(event.earliest, event.latest).where(event.id == _EVENT), with_state=True)


@cache
def _select_documents() -> PreparedSelect:
    """Select documents that report the event, or print a statement at it (``CoveringDocument``)."""
    report, document, statement = NOW.report, NOW.document, NOW.statement
    fields = {
        "id": document.id,
        "report_id": report.id,
        "title": document.title,
        "url": document.url,
        "byline": document.byline,
        "published": published_date(document),
        "published_at": rfc3339_time(document.published_at),
        "role": report.role,
    }
    columns = (
        document.source_id,
        document.id,
        func.length(document.text),
        document.published_earliest,
        rfc3339_time(document.published_at),
        report.start,
        report.end,
        as_text(json_object(fields)),
    )
    reporting = select(report.document_id).where(report.event_id == _EVENT)
    printing = select(statement.document_id).where(statement.event_id == _EVENT)
    rows = select(*columns).select_from(document)
    rows = rows.outerjoin(report, and_(report.document_id == document.id, report.event_id == _EVENT))
    rows = rows.where(document.id.in_(union(reporting, printing)))
    order = (document.published_earliest.nulls_last(), document.published_at.nulls_last(), document.id)
    return PreparedSelect(rows.order_by(*order), with_state=True)


@cache
def _select_statements() -> PreparedSelect:
    document, statement = NOW.document, NOW.statement
    columns = (statement.start, statement.end, statement.id, statement.utterance_id)
    rows = select(document.source_id, document.id, *columns)
    rows = rows.join(statement, statement.document_id == document.id).where(statement.event_id == _EVENT)
    return PreparedSelect(rows.order_by(statement.id), with_state=True)


@cache
def _select_claims() -> PreparedSelect:
    report, document, claim = NOW.report, NOW.document, NOW.claim
    rows = select(document.source_id, document.id, claim.start, claim.end, claim.id, claim.property)
    rows = rows.join(report, report.document_id == document.id).join(claim, claim.report_id == report.id)
    return PreparedSelect(rows.where(report.event_id == _EVENT).order_by(claim.id), with_state=True)


@cache
def _select_voices() -> PreparedSelect:
    document, statement, hop = NOW.document, NOW.statement, NOW.attribution
    of_event = select(document.source_id).join(statement, statement.document_id == document.id)
    of_event = of_event.where(statement.event_id == _EVENT)
    quoted = of_event.add_columns(statement.speaker_id).where(statement.speaker_id.is_not(None))
    relaying = of_event.add_columns(hop.speaker_id).join(hop, hop.statement_id == statement.id)
    return PreparedSelect(select(union(quoted, relaying).subquery()), with_state=True)


@cache
def _count_documents() -> PreparedSelect:
    """Count the documents of each source that has any between two days."""
    document = NOW.document
    day = date_sort_key(document.published_earliest)
    first, last = (bindparam(name, type_=Date, required=True) for name in ("first", "last"))
    is_between = and_(day.between(first, last), document.published_earliest.is_not(None))
    rows = select(document.source_id, func.count()).where(is_between).group_by(document.source_id)
    return PreparedSelect(rows, with_state=True)


@cache
def _select_sources() -> PreparedSelect:
    """Select the sources with these ids, and all with a watched feed."""
    source = NOW.source
    watched = source.id.in_(select(_FEED.source_id).where(_FEED.active, _FEED.source_id.is_not(None)))
    item = as_text(json_object({**outlet_fields(source), "followed": json_boolean(watched)}))
    rows = select(source.id, source.name_key, item).where(or_(is_one_of(source.id, "ids"), watched))
    return PreparedSelect(rows, with_state=True)


@cache
def _select_speakers() -> PreparedSelect:
    speaker = NOW.speaker
    rows = select(speaker.id, as_text(speaker_brief(speaker))).where(is_one_of(speaker.id, "ids"))
    return PreparedSelect(rows, with_state=True)
