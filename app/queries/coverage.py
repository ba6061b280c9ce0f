"""Who covered an event, and which outlets that the store follows have no document on it."""

import datetime as dt
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, Select, and_, bindparam, func, or_, select, union

from app.database.json_sql import as_text, is_one_of, json_boolean, json_object, rfc3339_time
from app.database.models import Event, Feed
from app.database.statements import PreparedSelect, ReadSession, Row
from app.database.tables import NOW, Table
from app.queries.filters import or_no_date
from app.queries.fragments import outlet, published, speaker_brief
from app.queries.names import Missing

# Days after an event on which news of it still comes.
_AFTER = dt.timedelta(days=3)

# An event that may have been on any day of more than this has no days of its own.
_VAGUE = dt.timedelta(days=31)

_FEED: Table = Feed
_EVENT = bindparam("event", type_=BigInteger, required=True)


class EventCoverage(NamedTuple):
    """What the store has on an event.

    A row of ``documents`` is: its source's id, its id, the length of its text, its first day and moment, start and end
    of the passage, and the rest as JSON. One of ``statements``: the document's source's id, its id, start, end, the
    statement's id, the utterance's. One of ``claims``: the same as far as the end, the claim's id, the
    property. One of ``sources``: its id, the key of its name, how many documents it has of the event's days (None where
    the event has none), and the rest as JSON. One of ``voices``: the source's id of a document, and the id of a speaker
    who is quoted in it, or through whom it has a statement.
    """

    documents: Sequence[Row]
    statements: Sequence[Row]
    claims: Sequence[Row]
    voices: Sequence[Row]
    sources: Sequence[Row]


async def get_event_coverage(reads: ReadSession, event: int) -> EventCoverage:
    """What the store has on an event, with all sources that have a document on it, or of its days, or a watched feed;
    raises Missing where there is no such event."""
    found = await reads.fetch(_days(), {"event": event})
    if not found:
        raise Missing(Event, event)
    documents, statements, claims, voices = [await reads.fetch(rows, {"event": event}) for rows in _printed()]
    first, last = (dt.date.fromisoformat(str(day)) for day in found[0])
    then = [] if last - first > _VAGUE else await reads.fetch(_then(), {"first": first, "last": _after(last)})
    counts: dict[int, int] = dict(then)  # type: ignore[arg-type]
    ids = {*counts, *(row[0] for row in documents)}
    sources = [
        (ident, name, None if last - first > _VAGUE else counts.get(ident, 0), item)
        for ident, name, item in await reads.fetch(_sources(), {"ids": ids})
    ]
    return EventCoverage(documents, statements, claims, voices, sources)


async def get_speaker_briefs(reads: ReadSession, ids: Collection[int]) -> dict[int, str]:
    """Speakers in short (``SpeakerBrief``), as JSON, by id."""
    return {ident: str(item) for ident, item in await reads.fetch(_speakers(), {"ids": ids})} if ids else {}


def _after(day: dt.date) -> dt.date:
    return day + min(_AFTER, dt.date.max - day)


@cache
def _days() -> PreparedSelect:
    event = NOW.event
    return PreparedSelect(select(event.earliest, event.latest).where(event.id == _EVENT), with_state=True)


@cache
def _printed() -> tuple[PreparedSelect, ...]:
    """Documents, statements, claims and voices."""
    report, document, statement, claim, hop = NOW.report, NOW.document, NOW.statement, NOW.claim, NOW.attribution
    place = (document.source_id, document.id)
    said = select(*place, statement.start, statement.end, statement.id, statement.utterance_id)
    said = said.join(statement, statement.document_id == document.id).where(statement.event_id == _EVENT)
    of_event = select(document.source_id).join(statement, statement.document_id == document.id)
    of_event = of_event.where(statement.event_id == _EVENT)
    quoted = of_event.add_columns(statement.speaker_id).where(statement.speaker_id.is_not(None))
    relaying = of_event.add_columns(hop.speaker_id).join(hop, hop.statement_id == statement.id)
    claimed = select(*place, claim.start, claim.end, claim.id, claim.property)
    claimed = claimed.join(report, report.document_id == document.id).join(claim, claim.report_id == report.id)
    return (
        PreparedSelect(_documents(), with_state=True),
        PreparedSelect(said.order_by(statement.id), with_state=True),
        PreparedSelect(claimed.where(report.event_id == _EVENT).order_by(claim.id), with_state=True),
        PreparedSelect(select(union(quoted, relaying).subquery()), with_state=True),
    )


def _documents() -> Select[Any]:
    """Documents that report the event, or print what was said at it."""
    report, document, statement = NOW.report, NOW.document, NOW.statement
    told = {
        "id": document.id,
        "report": report.id,
        "title": document.title,
        "url": document.url,
        "byline": document.byline,
        "published": published(document),
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
        as_text(json_object(told)),
    )
    reporting = select(report.document_id).where(report.event_id == _EVENT)
    printing = select(statement.document_id).where(statement.event_id == _EVENT)
    rows = select(*columns).select_from(document)
    rows = rows.outerjoin(report, and_(report.document_id == document.id, report.event_id == _EVENT))
    rows = rows.where(document.id.in_(union(reporting, printing)))
    return rows.order_by(document.published_earliest.nulls_last(), document.published_at.nulls_last(), document.id)


@cache
def _then() -> PreparedSelect:
    """How many documents sources have of some days."""
    document = NOW.document
    day = or_no_date(document.published_earliest)
    first, last = (bindparam(name, type_=Date, required=True) for name in ("first", "last"))
    known = and_(day.between(first, last), document.published_earliest.is_not(None))
    rows = select(document.source_id, func.count()).where(known).group_by(document.source_id)
    return PreparedSelect(rows, with_state=True)


@cache
def _sources() -> PreparedSelect:
    """Some sources, and all of which a feed is watched."""
    source = NOW.source
    watched = source.id.in_(select(_FEED.source_id).where(_FEED.active, _FEED.source_id.is_not(None)))
    told = {
        **outlet(source),
        "followed": json_boolean(watched),
    }
    rows = select(source.id, source.name_key, as_text(json_object(told))).where(
        or_(is_one_of(source.id, "ids"), watched)
    )
    return PreparedSelect(rows, with_state=True)


@cache
def _speakers() -> PreparedSelect:
    speaker = NOW.speaker
    return PreparedSelect(
        select(speaker.id, as_text(speaker_brief(speaker))).where(is_one_of(speaker.id, "ids")), with_state=True
    )
