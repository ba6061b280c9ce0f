"""Conditions that several lists share."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, func, literal_column, or_

from app.core.errors import Invalid
from app.core.spans import escape_like, make_match_key
from app.core.vocab import DateMatch
from app.database.json_sql import is_one_of
from app.database.tables import Table
from app.queries.parameters import Condition, FilterShape
from app.schemas.common import MAX_ID, DateParams, split_commas

# Written into the SQL, so that the indexes of this expression serve it.
_NO_DATE = literal_column("'0001-01-01'", Date)


def or_no_date(column: Any) -> ColumnElement[dt.date]:
    """A date to sort by; a record without one comes before all dates."""
    return func.coalesce(column, _NO_DATE)


def without_date(column: Any) -> ColumnElement[bool]:
    """There is no date; the first condition finds it in an index, the second tells it from the calendar's first day."""
    return and_(or_no_date(column) == _NO_DATE, column.is_(None))


def contains(column: Any, shape: FilterShape, name: str) -> list[Condition]:
    """The match key ``column`` holds the value, made by ``part``, which is taken literally."""
    return [column.like(shape.value(name), escape="\\")] if name in shape else []


def part(text: str | None) -> str | None:
    """The value that ``contains`` looks for."""
    return f"%{escape_like(make_match_key(text))}%" if text else None


def days(dates: DateParams) -> dict[str, Any]:
    """The values of a date filter: ``first`` and ``last`` day, and whether what is only ``possible`` counts.

    Raises Invalid where they contradict each other.
    """
    first, last = _bounds(dates)
    return {"first": first, "last": last, "possible": dates.date_match is DateMatch.POSSIBLE}


def begun_within(shape: FilterShape, table: Table, prefix: str = "", *, day: Any = None) -> list[Condition]:
    """The date of ``table`` falls in the days asked for and begins in them, as its model of certainty says
    (``dates.py``).

    ``day`` is the column of its first day that the list is ordered by.
    """
    day = or_no_date(getattr(table, f"{prefix}earliest")) if day is None else day
    conditions = _in_range(shape, table, prefix, day)
    return [*conditions, day >= shape.value("first")] if "first" in shape else conditions


def lasting_into(shape: FilterShape, table: Table, prefix: str = "", *, day: Any = None) -> list[Condition]:
    """The date of ``table`` falls in the days asked for and began before them.

    It lasts longer than a day, then; of those there are few, in an index of their own.
    """
    earliest, latest = getattr(table, f"{prefix}earliest"), getattr(table, f"{prefix}latest")
    day = or_no_date(earliest) if day is None else day
    before = day < shape.value("first")
    return [*_in_range(shape, table, prefix, day), latest > earliest, before, latest >= shape.value("first")]


def _in_range(shape: FilterShape, table: Table, prefix: str, day: Any) -> list[Condition]:
    certain = "possible" not in shape
    begins = getattr(table, prefix + ("latest_start" if certain else "earliest"))
    ends = getattr(table, prefix + ("earliest_end" if certain else "latest"))
    conditions = []
    if "last" in shape:
        conditions += [day <= shape.value("last"), begins <= shape.value("last")]
    if "first" in shape:
        conditions.append(ends >= shape.value("first"))
    return conditions


def _bounds(dates: DateParams) -> tuple[dt.date | None, dt.date | None]:
    if dates.date is not None:
        if dates.from_ is not None or dates.to is not None:
            raise Invalid("date", "give a day, or a range with from and to, not both")
        return dates.date, dates.date
    if dates.from_ is not None and dates.to is not None and dates.from_ > dates.to:
        raise Invalid("to", "the range ends before it begins")
    return dates.from_, dates.to


def ids(text: str | None) -> frozenset[int] | None:
    """The value of a filter that names records of the list by their ids."""
    return frozenset(min(int(word), MAX_ID) for word in split_commas(text)) if text else None


def chosen(column: Any, shape: FilterShape) -> list[Condition]:
    """``column`` is one of the ids that ``ids`` gave."""
    return [is_one_of(column, "id")] if "id" in shape else []


def references(text: str | None, name: str) -> dict[str, Any]:
    """The values of a filter that names records by id or external id, with a comma for OR."""
    words = split_commas(text)
    ids = [int(word) for word in words if word.isascii() and word.isdigit() and int(word) <= MAX_ID]
    return {name: words, f"{name}_id": ids}


def referred(table: Table, shape: FilterShape, name: str) -> Condition:
    """``table`` is one of the records that ``references`` gave."""
    return or_(
        *(
            condition
            for key, column in ((f"{name}_id", table.id), (name, table.external_id))
            for condition in shape.among(column, key)
        )
    )
