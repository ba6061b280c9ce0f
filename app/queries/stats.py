"""Counts over time: how many events, statements or documents began between which days.

The database counts by the days, which any period is made of; what they come to is in ``analysis/series.py``.
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
from app.database.statements import PreparedSelect, ReadSession
from app.database.tables import NOW, Table
from app.queries.filters import or_no_date, without_date
from app.queries.names import resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.stats import StatsFilter

_COVERAGE: Table = Coverage
_ORIGIN: Table = Origin
_OTHER_HOP: Table = aliased(Attribution)


class Count(NamedTuple):
    """How many began between two days, of one key; ``latest_start`` is None where that is uncertain."""

    earliest: dt.date
    latest_start: dt.date | None
    key: str | None
    name: str | None
    number: int


async def get_counts(
    reads: ReadSession, noun: Noun, filters: StatsFilter, first: dt.date, last: dt.date
) -> list[Count]:
    """What began, or may have begun, between two days, by what ``filters`` tell series apart."""
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
        for prepared in _prepared(noun, by, shape)
        for row in await reads.fetch(prepared, {**values, "first": first, "last": last})
    ]
    return [Count(_day(row[0]), row[1] and _day(row[1]), *row[2:]) for row in rows]


async def get_last_day(reads: ReadSession, noun: Noun) -> dt.date | None:
    """The last day on which anything may have begun."""
    days = [_day(row[0]) for when in _DATES[noun] for row in await reads.fetch(_latest(when), {}) if row[0] is not None]
    last = max(days, default=dt.date.min)
    return None if last == dt.date.min else last


@lru_cache(maxsize=4096)
def _day(value: dt.date | str) -> dt.date:
    """A day as either driver gives it."""
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


class _When(NamedTuple):
    """The days between which something began, if they are known; ``day`` is the first as an index has it."""

    earliest: ColumnElement[Any]
    latest: ColumnElement[Any]
    latest_start: ColumnElement[Any]
    day: ColumnElement[Any]


def _when(table: Table, prefix: str = "") -> _When:
    earliest, latest, start = (getattr(table, f"{prefix}{bound}") for bound in ("earliest", "latest", "latest_start"))
    return _When(earliest, latest, start, or_no_date(earliest) if prefix else earliest)


_HAPPENED = _when(NOW.event)
_PUBLISHED = _when(NOW.document, "published_")
_SAID = _when(NOW.statement, "said_")
_DATES: Mapping[Noun, tuple[_When, ...]] = {
    Noun.EVENTS: (_HAPPENED,),
    Noun.DOCUMENTS: (_PUBLISHED,),
    Noun.STATEMENTS: (_SAID, _PUBLISHED),
}


@lru_cache(maxsize=8)
def _latest(when: _When) -> PreparedSelect:
    return PreparedSelect(select(func.max(when.day)), with_state=True)


@lru_cache(maxsize=256)
def _prepared(noun: Noun, by: SeriesBy | None, shape: FilterShape) -> tuple[PreparedSelect, ...]:
    """Selects of counts, no record in two of them: by each date that it may have, begun in the range or before it."""
    return tuple(
        PreparedSelect(_named(by, _grouped(noun, by, shape, when, lasting)), with_state=True)
        for when in _DATES[noun]
        for lasting in (False, True)
    )


class _SeriesRows(NamedTuple):
    """Records of a noun, and the columns that tell their series apart; ``rows`` selects what is counted.

    Where it is not their own table whose index has them by day, ``day`` is that one's.
    """

    rows: Select[Any]
    keys: Mapping[str, Any]
    day: ColumnElement[Any] | None = None


def _grouped(noun: Noun, by: SeriesBy | None, shape: FilterShape, when: _When, lasting: bool) -> Subquery:
    """How many began between the same days, of the same series."""
    found = _FINDERS[noun](shape, by, when)
    [counted] = found.rows.selected_columns
    several = by is SeriesBy.SPEAKER and noun is not Noun.STATEMENTS
    groups = {"earliest": when.earliest, "latest_start": when.latest_start, **found.keys}
    columns = [column.label(name) for name, column in groups.items()]
    number: Any = func.count(counted.distinct()) if several else func.count()
    rows: Any = found.rows.with_only_columns(*columns, number.label("number"), maintain_column_froms=True)
    if found.day is not None and not lasting:
        when = when._replace(day=found.day)
    rows = rows.where(*_between(shape, when, lasting)).group_by(*groups.values())
    return cast(Subquery, rows.subquery())


def _between(shape: FilterShape, when: _When, lasting: bool) -> list[Condition]:
    """It began in the range; or, ``lasting``, it may have, but may have before as well: of these are few."""
    first, last = shape.value("first"), shape.value("last")
    if not lasting:
        return [when.day >= first, when.day <= last, when.earliest.is_not(None)]
    return [when.latest > when.earliest, when.day < first, func.coalesce(when.latest_start, when.latest) >= first]


def _events(shape: FilterShape, by: SeriesBy | None, _when: _When) -> _SeriesRows:
    event, statement = NOW.event, NOW.statement
    conditions = [event.merged_into_id.is_(None), *_coded(event, shape)]
    conditions += [*shape.among(event.country, "country"), *shape.among(event.type, "type")]
    rows = select(event.id).select_from(event)
    # What tells series apart is itself what a filter of that name is about.
    if by is SeriesBy.SOURCE:
        rows = rows.join(_COVERAGE, _COVERAGE.event_id == event.id)
        conditions += shape.among(_COVERAGE.source_id, "source")
    elif "source" in shape:
        covered = select(_COVERAGE.event_id).where(*shape.among(_COVERAGE.source_id, "source"))
        conditions.append(event.id.in_(covered))
    if by is SeriesBy.SPEAKER:
        rows = rows.join(statement, statement.event_id == event.id).where(statement.speaker_id.is_not(None))
        conditions += shape.among(statement.speaker_id, "speaker")
    elif "speaker" in shape:
        conditions.append(event.id.in_(_quoting(shape, statement.event_id)))
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


def _documents(shape: FilterShape, by: SeriesBy | None, _when: _When) -> _SeriesRows:
    document, source, statement = NOW.document, NOW.source, NOW.statement
    conditions = [*_coded(document, shape), *shape.among(document.source_id, "source")]
    conditions += shape.among(source.country, "country")
    rows = select(document.id).select_from(document)
    if by is SeriesBy.COUNTRY or "country" in shape:
        rows = rows.join(source, source.id == document.source_id)
    if by is SeriesBy.SPEAKER:
        rows = rows.join(statement, statement.document_id == document.id).where(statement.speaker_id.is_not(None))
        conditions += shape.among(statement.speaker_id, "speaker")
    elif "speaker" in shape:
        conditions.append(document.id.in_(_quoting(shape, statement.document_id)))
    keys: Mapping[SeriesBy | None, Mapping[str, Any]] = {
        SeriesBy.SOURCE: {"source_id": document.source_id},
        SeriesBy.SPEAKER: {"speaker_id": statement.speaker_id},
        SeriesBy.COUNTRY: {"key": source.country},
    }
    return _SeriesRows(rows.where(*conditions), keys.get(by, {}))


def _statements(shape: FilterShape, by: SeriesBy | None, when: _When) -> _SeriesRows:
    """Statements by when they were said, or of those of which that is not known, by when they were published."""
    statement, document, source = NOW.statement, NOW.document, NOW.source
    conditions = [*_coded(statement, shape), *shape.among(statement.kind, "kind")]
    conditions += [*shape.among(statement.speaker_id, "speaker"), *shape.among(document.source_id, "source")]
    conditions += shape.among(source.country, "country")
    if when is _PUBLISHED:
        conditions.append(without_date(_SAID.earliest))
    rows = select(statement.id).select_from(statement)
    if when is _PUBLISHED or by in _OF_OUTLETS or "source" in shape or "country" in shape:
        rows = rows.join(document, document.id == statement.document_id)
    if by is SeriesBy.COUNTRY or "country" in shape:
        rows = rows.join(source, source.id == document.source_id)
    keys: Mapping[SeriesBy | None, Mapping[str, Any]] = {
        SeriesBy.SOURCE: {"source_id": document.source_id},
        SeriesBy.SPEAKER: {"speaker_id": statement.speaker_id},
        SeriesBy.COUNTRY: {"key": source.country},
    }
    found = _SeriesRows(rows.where(*conditions), keys.get(by, {}))
    return _heard(found) if by is SeriesBy.ORIGIN else found


_OF_OUTLETS = (SeriesBy.SOURCE, SeriesBy.COUNTRY, SeriesBy.ORIGIN)


def _heard(found: _SeriesRows) -> _SeriesRows:
    """With the voice nearest to the speaker: the last of the chain, as the source that it is, or else the outlet."""
    statement, hop, voice = NOW.statement, NOW.attribution, NOW.voice
    last = select(func.max(_OTHER_HOP.position)).where(_OTHER_HOP.statement_id == statement.id).correlate(statement)
    nearest = and_(hop.statement_id == statement.id, hop.position == last.scalar_subquery())
    rows = found.rows.outerjoin(hop, nearest).outerjoin(voice, voice.id == hop.speaker_id)
    source_id = case((hop.id.is_(None), NOW.document.source_id), else_=voice.source_id)
    return _SeriesRows(rows, {"heard_source_id": source_id, "heard_speaker_id": case((source_id.is_(None), voice.id))})


def _coded(table: Table, shape: FilterShape) -> list[Condition]:
    return shape.among(table.coded_by, "coded_by")


def _quoting(shape: FilterShape, column: Any) -> Select[Any]:
    """Where one of the speakers is quoted that are asked for."""
    return select(column).where(column.is_not(None), *shape.among(NOW.statement.speaker_id, "speaker"))


_FINDERS: Mapping[Noun, Callable[[FilterShape, SeriesBy | None, _When], _SeriesRows]] = {
    Noun.EVENTS: _events,
    Noun.DOCUMENTS: _documents,
    Noun.STATEMENTS: _statements,
}


def _named(by: SeriesBy | None, groups: Subquery) -> Select[Any]:
    """The counts, with key and name of what each stands for."""
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
        key = case((source.id.is_(None), _key(Noun.SPEAKERS, speaker.id)), else_=_key(Noun.SOURCES, source.id))
        name = func.coalesce(source.name, speaker.name)
    told = (column.earliest, column.latest_start, key.label("key"), name.label("name"), column.number)
    return cast(Select[Any], rows.with_only_columns(*told, maintain_column_froms=True))


def _key(noun: Noun, ident: Any) -> ColumnElement[str]:
    """The key of an origin, as table ``origin`` has it."""
    return literal_column(f"'{noun.singular}:'", Text) + sql_cast(ident, Text)
