"""Counts for the record of a speaker: its statements by outlet, form and relaying voices, and by month."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, null, select

from app.database.json_sql import Json, as_text, json_array, json_array_of_values, json_object, parse_json
from app.database.tables import Tables
from app.queries.fragments import source_brief, speaker_brief


def record_counts(t: Tables) -> Json:
    """Build the counts of the current row's speaker, from which its record is built (``SpeakerRecord``).

    Reading statements and their documents takes most of the time, and some speakers have tens of thousands: so they
    are counted in few passes, and summed up where the record is built.
    """
    utterances = select(func.count()).where(t.utterance.speaker_id == t.speaker.id).correlate(t.speaker)
    return json_object(
        {
            "printed": json_array(_printed(t)),
            "voices": json_array(_voices(t)),
            "months": json_array(_months(t)),
            "utterance_count": utterances.scalar_subquery(),
        }
    )


def _printed(t: Tables) -> Select[str]:
    """Count the statements that each outlet prints in each form, by the voices that relayed them."""
    statement, document, hop = t.statement, t.document, t.attribution
    chain = select(hop.speaker_id.label("item")).where(hop.statement_id == statement.id).order_by(hop.position)
    through = as_text(json_array_of_values(chain.correlate(statement)))
    rows = (
        select(document.source_id, statement.kind, through.label("through"))
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .where(statement.speaker_id == t.speaker.id)
        .correlate(t.speaker)
        .subquery()
    )
    group = (rows.c.source_id, rows.c.kind, rows.c.through)
    counted = select(*group, func.count().label("statements")).group_by(*group).subquery()
    fields = {
        "source": source_brief(t.source, always=True),
        "kind": counted.c.kind,
        "through": parse_json(counted.c.through),
        "statement_count": counted.c.statements,
    }
    joined = select(json_object(fields).label("item")).select_from(counted)
    return joined.join(t.source, t.source.id == counted.c.source_id)


def _voices(t: Tables) -> Select[str]:
    """Select the voices that relayed the speaker."""
    statement, hop = t.statement, t.attribution
    hops = select(hop.speaker_id).join(statement, statement.id == hop.statement_id)
    hops = hops.where(statement.speaker_id == t.speaker.id).correlate(t.speaker)
    return select(speaker_brief(t.voice).label("item")).where(t.voice.id.in_(hops))


def _months(t: Tables) -> Select[str]:
    """Count the statements said in each month, or published in it if the date of saying is unknown.

    ``first`` and ``last`` are the days between which the statements with a date were said.
    """
    statement, document = t.statement, t.document
    undated = statement.said.is_(None)
    month = case(
        (undated, _month(document.published_earliest, document.published_latest)),
        else_=_month(statement.said_earliest, statement.said_latest),
    )
    rows = (
        select(month.label("month"), statement.said_earliest, statement.said_latest)
        .select_from(statement)
        .outerjoin(document, and_(undated, document.id == statement.document_id))
        .where(statement.speaker_id == t.speaker.id)
        .correlate(t.speaker)
        .subquery()
    )
    fields = {
        "month": rows.c.month,
        "statement_count": func.count(),
        "first": func.min(rows.c.said_earliest),
        "last": func.max(rows.c.said_latest),
    }
    return select(json_object(fields).label("item")).group_by(rows.c.month).order_by(rows.c.month.nulls_last())


def _month(first: Any, last: Any) -> ColumnElement[str | None]:
    """Return ``YYYY-MM`` if both days are in one month, else null."""
    month = func.substr(cast(first, Text), 1, 7)
    return case((month == func.substr(cast(last, Text), 1, 7), month), else_=null())
