"""Conditions that several lists share."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Date, func, literal, literal_column, or_

from app.errors import Invalid
from app.queries.tables import Table
from app.schemas.common import MAX_ID, DateParams, comma_list
from app.spans import like_literal, match_key
from app.vocab import DateMatch

Condition = ColumnElement[bool]

# Written into the SQL, so that the indexes of this expression serve it.
_NO_DATE = literal_column("'0001-01-01'", Date)


def or_no_date(column: Any) -> ColumnElement[dt.date]:
    """A date to sort by; a record without one comes before all dates."""
    return func.coalesce(column, _NO_DATE)


def in_list(column: Any, text: str | None) -> list[Condition]:
    """``column`` is one of the words of a filter in which a comma means OR."""
    words = comma_list(text)
    return [column.in_(words)] if words else []


def contains(column: Any, text: str | None) -> list[Condition]:
    """The match key ``column`` holds that of ``text``, which is taken literally."""
    return [column.like(f"%{like_literal(match_key(text))}%", escape="\\")] if text else []


def in_range(dates: DateParams, table: Table, prefix: str = "") -> list[Condition]:
    """The date of ``table`` falls in the day or range asked for, as its model of certainty says (``dates.py``)."""
    first, last = _bounds(dates)
    possible = dates.date_match is DateMatch.POSSIBLE
    begins = getattr(table, prefix + ("earliest" if possible else "latest_start"))
    ends = getattr(table, prefix + ("latest" if possible else "earliest_end"))
    # The widest span bounds what is certain too; it says nothing new, but its first day is what an index orders.
    earliest, latest = getattr(table, prefix + "earliest"), getattr(table, prefix + "latest")
    conditions = []
    if last is not None:
        conditions += [earliest <= literal(last), begins <= literal(last)]
    if first is not None:
        conditions += [latest >= literal(first), ends >= literal(first)]
    return conditions


def _bounds(dates: DateParams) -> tuple[dt.date | None, dt.date | None]:
    if dates.date is not None:
        if dates.from_ is not None or dates.to is not None:
            raise Invalid("date", "give a day, or a range with from and to, not both")
        return dates.date, dates.date
    if dates.from_ is not None and dates.to is not None and dates.from_ > dates.to:
        raise Invalid("to", "the range ends before it begins")
    return dates.from_, dates.to


def by_id_or_external_id(table: Table, text: str | None) -> list[Condition]:
    """``table`` is one of the ids or external ids of a filter in which a comma means OR."""
    words = comma_list(text)
    if not words:
        return []
    ids = [int(word) for word in words if word.isascii() and word.isdigit() and int(word) <= MAX_ID]
    return [or_(table.id.in_(ids), table.external_id.in_(words))]
