"""The record tables as they stand, or as they stood: every query is written against one of these.

A row's past lies in ``history`` as JSON. ``build_past_tables()`` puts it back beside the rows that have not
changed since, so that the query which reads the present reads any revision just as well.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, Date, bindparam, cast, inspect, select, type_coerce, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.types import Boolean, Float, Integer
from sqlmodel.sql.sqltypes import UTCDateTime

from app.database.models import (
    Attribution,
    Claim,
    Document,
    Event,
    Extraction,
    History,
    Match,
    Report,
    Source,
    SourceAlias,
    Speaker,
    SpeakerAlias,
    Statement,
    Utterance,
)

# A mapped class or an alias of one. SQLModel types its columns as their Python values, which no query could use.
Table = Any


@dataclass(frozen=True)
class Tables:
    source: Table = Source
    source_alias: Table = SourceAlias
    speaker: Table = Speaker
    speaker_alias: Table = SpeakerAlias
    event: Table = Event
    document: Table = Document
    extraction: Table = Extraction
    report: Table = Report
    utterance: Table = Utterance
    statement: Table = Statement
    attribution: Table = Attribution
    claim: Table = Claim
    match: Table = Match
    # The speaker once more, for a query that needs both who said it and who relayed it.
    voice: Table = field(default_factory=lambda: aliased(Speaker))


NOW = Tables()

_PAST: Table = History


# The revision that the tables of ``as_of`` are of, given when the statement is executed.
AS_OF = bindparam("as_of", type_=BigInteger)


@cache
def build_past_tables(dialect: str) -> Tables:
    """The tables as the revision ``AS_OF`` left them."""
    then = {
        name: aliased(model, _then(model, dialect).subquery(f"{name}_then"), adapt_on_names=True)
        for name, model in ((name, inspect(table).mapper.class_) for name, table in vars(NOW).items())
    }
    return Tables(**then)


def _then(model: Table, dialect: str) -> CompoundSelect[Any]:
    table, past = model.__table__, _PAST
    unchanged = select(*table.columns).where(table.c.revision_id <= AS_OF)
    replaced = select(*(_from_json(column, dialect).label(column.name) for column in table.columns)).where(
        past.table_name == table.name,
        past.replaced_revision_id <= AS_OF,
        past.revision_id > AS_OF,
    )
    return union_all(unchanged, replaced)


def _from_json(column: Any, dialect: str) -> Any:
    """The value that ``column`` had, in its own type."""
    value = _PAST.values[column.name]
    if isinstance(column.type, Boolean):
        return value.as_boolean()
    if isinstance(column.type, Integer):
        return value.as_integer() if dialect == "sqlite" else cast(value.as_string(), column.type)
    if isinstance(column.type, Float):
        return value.as_float()
    text = value.as_string()
    if isinstance(column.type, (Date, UTCDateTime)):
        # SQLite keeps dates as text, which a CAST would turn into a number.
        return type_coerce(text, column.type) if dialect == "sqlite" else cast(text, column.type)
    return text
