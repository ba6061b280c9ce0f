"""Counts over time: the number of events, statements or documents that began between two days.

The database counts by days; ``analysis/series.py`` adds these up to periods.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Select, Subquery, Text, and_, case, func, literal_column, null, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import aliased

from app.core.vocab import Noun, SeriesBy
from app.database.models import Attribution, Coverage, Origin
from app.database.reads import PreparedSelect, ReadSession
from app.database.tables import NOW, Table
from app.queries.filters import date_sort_key, has_no_date
from app.queries.names import resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.stats import StatsFilter

_COVERAGE: Table = Coverage
_ORIGIN: Table = Origin
_OTHER_HOP: Table = aliased(Attribution)


class SeriesCount(NamedTuple):
    """The number of records of one series that began between two days; ``latest_start`` is None if uncertain."""

    earliest: dt.date
    latest_start: dt.date | None
    key: str | None
    name: str | None
    number: int


async def get_counts(
    reads: ReadSession, noun: Noun, filters: StatsFilter, first: dt.date, last: dt.date
) -> list[SeriesCount]:
    """Count the records that began, or may have begun, between two days, for each series of ``filters.by``."""
    ids = await resolve_names(reads, {"source": filters.source, "speaker": filters.speaker})
    shape, values = split_filters(
        source=ids.get("source"),
        speaker=ids.get("speaker"),
        coded_by=split_commas(filters.coded_by),
        **{name: split_commas(getattr(filters, name, None)) for name in ("country", "type", "kind")},
    )
    by = None if filters.by is None else SeriesBy(filters.by)
    rows = [
        row
        for query in _select_counts(noun, by, shape)
        for row in await reads.fetch(query, {**values, "first": first, "last": last})
    ]
    return [
        SeriesCount(_to_day(earliest), latest_start and _to_day(latest_start), key, name, number)
        for earliest, latest_start, key, name, number in rows
    ]


async def get_last_day(reads: ReadSession, noun: Noun) -> dt.date | None:
    """Return the last day on which any record may have begun."""
    days = [
        _to_day(day)
        for dates in _DATES[noun]
        for (day,) in await reads.fetch(_select_latest(dates), {})
        if day is not None
    ]
    last = max(days, default=dt.date.min)
    return None if last == dt.date.min else last


@lru_cache(maxsize=4096)
def _to_day(value: dt.date | str) -> dt.date:
    """Return a day, which SQLite gives as text."""
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


class _DateColumns(NamedTuple):
    """The columns of the days between which a record began; ``day`` is the first as an index has it."""

    earliest: ColumnElement[Any]
    latest: ColumnElement[Any]
    latest_start: ColumnElement[Any]
    day: ColumnElement[Any]


def _date_columns(table: Table, prefix: str = "") -> _DateColumns:
    earliest, latest, start = (getattr(table, f"{prefix}{bound}") for bound in ("earliest", "latest", "latest_start"))
    return _DateColumns(earliest, latest, start, date_sort_key(earliest) if prefix else earliest)


_HAPPENED = _date_columns(NOW.event)
_PUBLISHED = _date_columns(NOW.document, "published_")
_SAID = _date_columns(NOW.statement, "said_")
_DATES: Mapping[Noun, tuple[_DateColumns, ...]] = {
    Noun.EVENTS: (_HAPPENED,),
    Noun.DOCUMENTS: (_PUBLISHED,),
    Noun.STATEMENTS: (_SAID, _PUBLISHED),
}


@lru_cache(maxsize=8)
def _select_latest(dates: _DateColumns) -> PreparedSelect:
    return PreparedSelect(select(func.max(dates.day)), with_state=True)


@lru_cache(maxsize=256)
def _select_counts(noun: Noun, by: SeriesBy | None, shape: FilterShape) -> tuple[PreparedSelect, ...]:
    """Return selects of counts with no record in common: for each kind of date, begun in the range or before it."""
    return tuple(
        PreparedSelect(_add_names(by, _group(noun, by, shape, dates, lasting)), with_state=True)
        for dates in _DATES[noun]
        for lasting in (False, True)
    )


class _SeriesRows(NamedTuple):
    """A select of the ids to count, and the columns that identify their series.

    ``day`` is set if the index of another table than their own has them by day.
    """

    rows: Select[Any]
    keys: Mapping[str, Any]
    day: ColumnElement[Any] | None = None


def _group(noun: Noun, by: SeriesBy | None, shape: FilterShape, dates: _DateColumns, lasting: bool) -> Subquery:
    """Count the records that began between the same days, of the same series."""
    series = _SELECTS[noun](shape, by, dates)
    [counted] = series.rows.selected_columns
    several = by is SeriesBy.SPEAKER and noun is not Noun.STATEMENTS
    groups = {"earliest": dates.earliest, "latest_start": dates.latest_start, **series.keys}
    columns = [column.label(name) for name, column in groups.items()]
    number: Any = func.count(counted.distinct()) if several else func.count()
    rows: Any = series.rows.with_only_columns(*columns, number.label("number"), maintain_column_froms=True)
    if series.day is not None and not lasting:
        dates = dates._replace(day=series.day)
    rows = rows.where(*_is_in_range(shape, dates, lasting)).group_by(*groups.values())
    return cast(Subquery, rows.subquery())


def _is_in_range(shape: FilterShape, dates: _DateColumns, lasting: bool) -> list[Condition]:
    """Return the condition that a record began in the range, or with ``lasting``, that it may have but also before."""
    first, last = shape.bind("first"), shape.bind("last")
    if not lasting:
        return [dates.day >= first, dates.day <= last, dates.earliest.is_not(None)]
    return [dates.latest > dates.earliest, dates.day < first, func.coalesce(dates.latest_start, dates.latest) >= first]


def _select_events(shape: FilterShape, by: SeriesBy | None, _dates: _DateColumns) -> _SeriesRows:
    event, statement = NOW.event, NOW.statement
    conditions = [event.merged_into_id.is_(None), *shape.match(event.coded_by, "coded_by")]
    conditions += [*shape.match(event.country, "country"), *shape.match(event.type, "type")]
    rows = select(event.id).select_from(event)
    # A filter by the same column as the series applies to the rows of that series themselves.
    if by is SeriesBy.SOURCE:
        rows = rows.join(_COVERAGE, _COVERAGE.event_id == event.id)
        conditions += shape.match(_COVERAGE.source_id, "source")
    elif "source" in shape:
        covered = select(_COVERAGE.event_id).where(*shape.match(_COVERAGE.source_id, "source"))
        conditions.append(event.id.in_(covered))
    if by is SeriesBy.SPEAKER:
        rows = rows.join(statement, statement.event_id == event.id).where(statement.speaker_id.is_not(None))
        conditions += shape.match(statement.speaker_id, "speaker")
    elif "speaker" in shape:
        conditions.append(event.id.in_(_select_quoting(shape, statement.event_id)))
    if by is SeriesBy.ORIGIN:
        rows = rows.join(_ORIGIN, _ORIGIN.event_id == event.id)
    keys: Mapping[SeriesBy | None, Mapping[str, Any]] = {
        SeriesBy.SOURCE: {"source_id": _COVERAGE.source_id},
        SeriesBy.SPEAKER: {"speaker_id": statement.speaker_id},
        SeriesBy.COUNTRY: {"key": event.country},
        SeriesBy.TYPE: {"key": event.type},
        SeriesBy.ORIGIN: {"key": _ORIGIN.key, "name": _ORIGIN.name},
    }
    return _SeriesRows(rows.where(*conditions), keys.get(by, {}), _COVERAGE.earliest if by is SeriesBy.SOURCE else None)


def _select_documents(shape: FilterShape, by: SeriesBy | None, _dates: _DateColumns) -> _SeriesRows:
    document, source, statement = NOW.document, NOW.source, NOW.statement
    conditions = [*shape.match(document.coded_by, "coded_by"), *shape.match(document.source_id, "source")]
    conditions += shape.match(source.country, "country")
    rows = select(document.id).select_from(document)
    if by is SeriesBy.COUNTRY or "country" in shape:
        rows = rows.join(source, source.id == document.source_id)
    if by is SeriesBy.SPEAKER:
        rows = rows.join(statement, statement.document_id == document.id).where(statement.speaker_id.is_not(None))
        conditions += shape.match(statement.speaker_id, "speaker")
    elif "speaker" in shape:
        conditions.append(document.id.in_(_select_quoting(shape, statement.document_id)))
    keys: Mapping[SeriesBy | None, Mapping[str, Any]] = {
        SeriesBy.SOURCE: {"source_id": document.source_id},
        SeriesBy.SPEAKER: {"speaker_id": statement.speaker_id},
        SeriesBy.COUNTRY: {"key": source.country},
    }
    return _SeriesRows(rows.where(*conditions), keys.get(by, {}))


def _select_statements(shape: FilterShape, by: SeriesBy | None, dates: _DateColumns) -> _SeriesRows:
    """Select statements by the date on which they were said or, if unknown, published."""
    statement, document, source = NOW.statement, NOW.document, NOW.source
    conditions = [*shape.match(statement.coded_by, "coded_by"), *shape.match(statement.kind, "kind")]
    conditions += [*shape.match(statement.speaker_id, "speaker"), *shape.match(document.source_id, "source")]
    conditions += shape.match(source.country, "country")
    if dates is _PUBLISHED:
        conditions.append(has_no_date(_SAID.earliest))
    rows = select(statement.id).select_from(statement)
    if dates is _PUBLISHED or by in _OF_OUTLETS or "source" in shape or "country" in shape:
        rows = rows.join(document, document.id == statement.document_id)
    if by is SeriesBy.COUNTRY or "country" in shape:
        rows = rows.join(source, source.id == document.source_id)
    keys: Mapping[SeriesBy | None, Mapping[str, Any]] = {
        SeriesBy.SOURCE: {"source_id": document.source_id},
        SeriesBy.SPEAKER: {"speaker_id": statement.speaker_id},
        SeriesBy.COUNTRY: {"key": source.country},
    }
    series = _SeriesRows(rows.where(*conditions), keys.get(by, {}))
    return _by_nearest_voice(series) if by is SeriesBy.ORIGIN else series


_OF_OUTLETS = (SeriesBy.SOURCE, SeriesBy.COUNTRY, SeriesBy.ORIGIN)


def _by_nearest_voice(series: _SeriesRows) -> _SeriesRows:
    """Add the voice nearest to the speaker: the last of the chain, as its source if it has one; else the outlet."""
    statement, hop, voice = NOW.statement, NOW.attribution, NOW.voice
    last = select(func.max(_OTHER_HOP.position)).where(_OTHER_HOP.statement_id == statement.id).correlate(statement)
    nearest = and_(hop.statement_id == statement.id, hop.position == last.scalar_subquery())
    rows = series.rows.outerjoin(hop, nearest).outerjoin(voice, voice.id == hop.speaker_id)
    source_id = case((hop.id.is_(None), NOW.document.source_id), else_=voice.source_id)
    return _SeriesRows(rows, {"heard_source_id": source_id, "heard_speaker_id": case((source_id.is_(None), voice.id))})


def _select_quoting(shape: FilterShape, column: Any) -> Select[Any]:
    """Select ``column`` of the statements of the requested speakers."""
    return select(column).where(column.is_not(None), *shape.match(NOW.statement.speaker_id, "speaker"))


_SELECTS: Mapping[Noun, Callable[[FilterShape, SeriesBy | None, _DateColumns], _SeriesRows]] = {
    Noun.EVENTS: _select_events,
    Noun.DOCUMENTS: _select_documents,
    Noun.STATEMENTS: _select_statements,
}


def _add_names(by: SeriesBy | None, groups: Subquery) -> Select[Any]:
    """Select the counts with the key and name of their series."""
    source, speaker, column = NOW.source, NOW.speaker, groups.c
    rows = select(column.number).select_from(groups)
    key: Any = column.get("key", null())
    name: Any = column.get("name", null())
    if by is SeriesBy.SOURCE:
        rows, key, name = rows.join(source, source.id == column.source_id), source.slug, source.name
    elif by is SeriesBy.SPEAKER:
        rows, key, name = rows.outerjoin(speaker, speaker.id == column.speaker_id), speaker.slug, speaker.name
    elif "heard_source_id" in column:
        rows = rows.outerjoin(source, source.id == column.heard_source_id)
        rows = rows.outerjoin(speaker, speaker.id == column.heard_speaker_id)
        key = case(
            (source.id.is_(None), _origin_key(Noun.SPEAKERS, speaker.id)), else_=_origin_key(Noun.SOURCES, source.id)
        )
        name = func.coalesce(source.name, speaker.name)
    columns = (column.earliest, column.latest_start, key.label("key"), name.label("name"), column.number)
    return cast(Select[Any], rows.with_only_columns(*columns, maintain_column_froms=True))


def _origin_key(noun: Noun, ident: Any) -> ColumnElement[str]:
    """Build the key of an origin, as in the table ``origin``."""
    return literal_column(f"'{noun.singular}:'", Text) + sql_cast(ident, Text)
