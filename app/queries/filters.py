"""Conditions that several lists share, and the values that they compare with."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, func, literal_column, or_

from app.core.errors import Invalid
from app.core.spans import escape_like, make_match_key
from app.core.vocab import DateMatch
from app.database.reads import is_one_of
from app.database.tables import Table
from app.queries.parameters import Condition, FilterShape
from app.schemas.common import MAX_ID, DateParams, split_commas

# Written into the SQL, so that the indexes of this expression serve it.
_NO_DATE = literal_column("'0001-01-01'", Date)


def date_sort_key(column: Any) -> ColumnElement[dt.date]:
    """Return the date to sort by; records without a date come before all others."""
    return func.coalesce(column, _NO_DATE)


def has_no_date(column: Any) -> ColumnElement[bool]:
    """Return the condition that there is no date."""
    # The first condition uses an index; the second excludes records of the calendar's first day.
    return and_(date_sort_key(column) == _NO_DATE, column.is_(None))


def match_text(column: Any, shape: FilterShape, name: str) -> list[Condition]:
    """Return the condition that the match key ``column`` contains the filter's text, given as by ``to_pattern``."""
    return [column.like(shape.bind(name), escape="\\")] if name in shape else []


def to_pattern(text: str | None) -> str | None:
    """Return the pattern for texts that contain this one literally."""
    return f"%{escape_like(make_match_key(text))}%" if text else None


def split_dates(dates: DateParams) -> dict[str, Any]:
    """Return the values of a date filter: ``first`` and ``last`` day, and ``possible`` if a possible match counts.

    Raises Invalid if they contradict each other.
    """
    possible = dates.date_match is DateMatch.POSSIBLE
    if dates.date is not None:
        if dates.from_ is not None or dates.to is not None:
            raise Invalid("date", "give a day, or a range with from and to, not both")
        return {"first": dates.date, "last": dates.date, "possible": possible}
    if dates.from_ is not None and dates.to is not None and dates.from_ > dates.to:
        raise Invalid("to", "the range ends before it begins")
    return {"first": dates.from_, "last": dates.to, "possible": possible}


def begins_in_range(shape: FilterShape, table: Table, prefix: str = "", *, day: Any = None) -> list[Condition]:
    """Return the conditions that the date of ``table`` is in the requested range and begins in it.

    ``dates.py`` explains the bounds of a date. ``day`` is the column of its first day that the list is sorted by.
    """
    day = date_sort_key(getattr(table, f"{prefix}earliest")) if day is None else day
    conditions = _is_in_range(shape, table, prefix, day)
    return [*conditions, day >= shape.bind("first")] if "first" in shape else conditions


def lasts_into_range(shape: FilterShape, table: Table, prefix: str = "", *, day: Any = None) -> list[Condition]:
    """Return the conditions that the date of ``table`` is in the requested range and began before it.

    Such a date lasts longer than a day; those are few and have an index of their own.
    """
    earliest, latest = getattr(table, f"{prefix}earliest"), getattr(table, f"{prefix}latest")
    day = date_sort_key(earliest) if day is None else day
    before = day < shape.bind("first")
    return [*_is_in_range(shape, table, prefix, day), latest > earliest, before, latest >= shape.bind("first")]


def _is_in_range(shape: FilterShape, table: Table, prefix: str, day: Any) -> list[Condition]:
    certain = "possible" not in shape
    begins = getattr(table, prefix + ("latest_start" if certain else "earliest"))
    ends = getattr(table, prefix + ("earliest_end" if certain else "latest"))
    conditions = []
    if "last" in shape:
        conditions += [day <= shape.bind("last"), begins <= shape.bind("last")]
    if "first" in shape:
        conditions.append(ends >= shape.bind("first"))
    return conditions


def parse_ids(text: str | None) -> frozenset[int] | None:
    """Return the ids in a comma-separated text, as one value."""
    return frozenset(min(int(word), MAX_ID) for word in split_commas(text)) if text else None


def match_ids(column: Any, shape: FilterShape) -> list[Condition]:
    """Return the condition that ``column`` is one of the ids of the filter ``id``, a value of ``parse_ids``."""
    return [is_one_of(column, "id")] if "id" in shape else []


def split_references(text: str | None, name: str) -> dict[str, Any]:
    """Return the values of a filter that names records by id or external id, separated by commas."""
    words = split_commas(text)
    ids = [int(word) for word in words if word.isascii() and word.isdigit() and int(word) <= MAX_ID]
    return {name: words, f"{name}_id": ids}


def match_reference(table: Table, shape: FilterShape, name: str) -> Condition:
    """Return the condition that ``table`` is one of the records of a filter of ``split_references``."""
    return or_(*shape.match(table.id, f"{name}_id"), *shape.match(table.external_id, name))
