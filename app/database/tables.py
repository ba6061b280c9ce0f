"""The record tables as they are, or as a revision left them; every query reads from one of these sets.

Replaced rows are kept in ``history`` as JSON. ``build_past_tables()`` joins them with the rows that have not changed
since, so that the query for the present also reads any past revision.
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

# A mapped class or an alias of one; SQLModel types their columns as Python values, which queries cannot use.
Table = Any


@dataclass(frozen=True)
class Tables:
    """The record tables, by the name of the record."""

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
    # A second alias of the speaker table, for queries with both the speaker and the voice that relayed the words.
    voice: Table = field(default_factory=lambda: aliased(Speaker))


NOW = Tables()

_HISTORY: Table = History

# The revision of past tables, a parameter of the statement.
AS_OF = bindparam("as_of", type_=BigInteger)


@cache
def build_past_tables(dialect: str) -> Tables:
    """Build the tables as the revision ``AS_OF`` left them."""
    models = {name: inspect(table).mapper.class_ for name, table in vars(NOW).items()}
    return Tables(
        **{
            name: aliased(model, _select_past_rows(model, dialect).subquery(f"past_{name}"), adapt_on_names=True)
            for name, model in models.items()
        }
    )


def _select_past_rows(model: Table, dialect: str) -> CompoundSelect[Any]:
    table = model.__table__
    unchanged = select(*table.columns).where(table.c.revision_id <= AS_OF)
    replaced = select(*(_read_json_value(column, dialect).label(column.name) for column in table.columns)).where(
        _HISTORY.table_name == table.name,
        _HISTORY.replaced_revision_id <= AS_OF,
        _HISTORY.revision_id > AS_OF,
    )
    return union_all(unchanged, replaced)


def _read_json_value(column: Any, dialect: str) -> Any:
    """Build the past value of ``column``, in its own type."""
    value = _HISTORY.values[column.name]
    if isinstance(column.type, Boolean):
        return value.as_boolean()
    if isinstance(column.type, Integer):
        return value.as_integer() if dialect == "sqlite" else cast(value.as_string(), column.type)
    if isinstance(column.type, Float):
        return value.as_float()
    text = value.as_string()
    if isinstance(column.type, (Date, UTCDateTime)):
        # SQLite stores dates as text, which a CAST would turn into a number.
        return type_coerce(text, column.type) if dialect == "sqlite" else cast(text, column.type)
    return text
