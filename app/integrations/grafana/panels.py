"""The metrics of a panel: counts over time, and tables of records."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from app.comparisons import series
from app.core.errors import Invalid
from app.core.vocab import EventType, Interval, Noun, SeriesBy, StatementKind
from app.database.reads import ReadSession
from app.integrations.grafana.annotations import get_milliseconds
from app.integrations.grafana.shapes import PanelQueryIn, PayloadValue, TargetIn
from app.integrations.grafana.variables import NameParams, Option, count_countries, list_sources, list_speakers
from app.integrations.labels import format_label
from app.integrations.lists import Item, read_first, validate_filters
from app.queries.listing import PageRequest
from app.queries.lists import LISTS
from app.schemas.stats import DocumentStatsFilter, EventStatsFilter, StatementStatsFilter, StatsFilter

_MAX_POINTS = 20_000  # of a metric
_MAX_ROWS = 500  # of a table

_DAYS = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 30}

# Grafana's notation of a variable that has several values.
_SEVERAL_VALUES = re.compile(r"[(]([^()]*)[)]")


class Column(NamedTuple):
    """A column of a table, and the path of field names to its value in an item."""

    heading: str
    kind: str
    path: str


@dataclass(frozen=True)
class Metric:
    """Counts of a noun, if it has the filters ``stats``; otherwise a table of its records with these ``columns``.

    ``payloads`` are its options, with their words; an option without words has those of a variable.
    """

    noun: Noun
    label: str
    payloads: Mapping[str, type[StrEnum] | Sequence[StrEnum] | None]
    stats: type[StatsFilter] | None = None
    columns: Sequence[Column] = ()


_NAME_PAYLOADS = {"source": None, "speaker": None, "country": None}

METRICS: Mapping[str, Metric] = {
    "events": Metric(
        Noun.EVENTS,
        "Events",
        {"by": SeriesBy, "interval": Interval, **_NAME_PAYLOADS, "type": EventType},
        stats=EventStatsFilter,
    ),
    "statements": Metric(
        Noun.STATEMENTS,
        "Statements",
        {
            "by": [SeriesBy.SOURCE, SeriesBy.SPEAKER, SeriesBy.COUNTRY, SeriesBy.ORIGIN],
            "interval": Interval,
            **_NAME_PAYLOADS,
            "kind": StatementKind,
        },
        stats=StatementStatsFilter,
    ),
    "documents": Metric(
        Noun.DOCUMENTS,
        "Documents",
        {"by": [SeriesBy.SOURCE, SeriesBy.SPEAKER, SeriesBy.COUNTRY], "interval": Interval, **_NAME_PAYLOADS},
        stats=DocumentStatsFilter,
    ),
    "events_table": Metric(
        Noun.EVENTS,
        "Events (table)",
        {**_NAME_PAYLOADS, "type": EventType},
        columns=[
            Column("Time", "time", "date earliest"),
            Column("Event", "string", "title"),
            Column("Type", "string", "type"),
            Column("Place", "string", "place name"),
            Column("Country", "string", "place country"),
            Column("Latitude", "number", "place latitude"),
            Column("Longitude", "number", "place longitude"),
            Column("Outlets", "number", "source_count"),
            Column("Statements", "number", "statement_count"),
        ],
    ),
    "statements_table": Metric(
        Noun.STATEMENTS,
        "Statements (table)",
        {"source": None, "speaker": None, "kind": StatementKind},
        columns=[
            Column("Time", "time", "said earliest"),
            Column("Speaker", "string", "speaker name"),
            Column("Words", "string", "text"),
            Column("Kind", "string", "kind"),
            Column("Outlet", "string", "source name"),
            Column("Document", "string", "document title"),
            Column("Address", "string", "document url"),
        ],
    ),
}


def get_metric(name: str, at: Sequence[str | int]) -> Metric:
    """Return the metric of this name; raise Invalid, naming the place ``at``, if it does not exist."""
    if name not in METRICS:
        raise Invalid(at, f"there is no such metric; those there are: {', '.join(METRICS)}")
    return METRICS[name]


def describe_metrics() -> list[Item]:
    """Return all metrics and their options, in the shape of ``MetricPublic``."""
    return [
        {
            "label": metric.label,
            "value": name,
            "payloads": [_describe_payload(name, words) for name, words in metric.payloads.items()],
        }
        for name, metric in METRICS.items()
    ]


def _describe_payload(name: str, words: Iterable[StrEnum] | None) -> Item:
    kind = "select" if name in ("by", "interval") else "multi-select"
    options = [{"label": format_label(word), "value": word.value} for word in words or ()]
    return {"name": name, "label": format_label(name), "type": kind, "options": options}


async def list_options(reads: ReadSession, metric: Metric, name: str) -> list[Option]:
    """List the values of an option; raise Invalid if the metric does not have it."""
    if name not in metric.payloads:
        raise Invalid("name", f"there is no such payload; those there are: {', '.join(metric.payloads)}")
    words = metric.payloads[name]
    if words is not None:
        return [Option(format_label(word), word.value) for word in words]
    if name == "source":
        return await list_sources(reads, NameParams())
    if name == "speaker":
        return await list_speakers(reads, NameParams())
    return await count_countries(reads, metric.noun, (metric.stats or EventStatsFilter)(by="country"))


async def answer_target(reads: ReadSession, query: PanelQueryIn, position: int) -> list[Item]:
    """Answer one of the targets of a query with series (``SeriesPublic``) or a table (``TablePublic``)."""
    target = query.targets[position]
    metric = get_metric(target.target, ["targets", position, "target"])
    values: Item = {"from": query.range.from_, "to": query.range.to}
    values |= _list_filters(query, target)
    at = ("body", "targets", position, "payload")
    if metric.stats is None:
        return [await _read_table(reads, metric, target, values, at)]
    values = {"interval": _choose_interval(query), "fill": "true"} | values
    return await _read_series(reads, metric, target, validate_filters(metric.stats, values, at))


def _list_filters(query: PanelQueryIn, target: TargetIn) -> Item:
    """Join the filters of the payload and of the whole dashboard, without the empty ones: nothing is chosen there."""
    filters = {adhoc.key: _format_value(adhoc.value) for adhoc in query.adhocFilters}
    filters |= {name: _format_value(value) for name, value in (target.payload or {}).items()}
    return {name: value for name, value in filters.items() if value}


def _format_value(value: PayloadValue) -> str:
    """Return a value in the notation of a filter."""
    if isinstance(value, list):
        return ",".join(map(_format_value, value))
    if isinstance(value, str):
        several = _SEVERAL_VALUES.fullmatch(value)
        return value if several is None else several[1].replace("|", ",")
    return "" if value is None else orjson.dumps(value).decode()


def _choose_interval(query: PanelQueryIn) -> Interval:
    """Return the shortest interval that does not exceed the number of data points."""
    days = (query.range.to - query.range.from_).days + 1
    return next((interval for interval in Interval if days / _DAYS[interval] <= query.maxDataPoints), Interval.MONTH)


async def _read_series(reads: ReadSession, metric: Metric, target: TargetIn, filters: StatsFilter) -> list[Item]:
    counts = await series.get_listing(reads, metric.noun, filters)
    rows = await counts.page(reads, PageRequest("period", _MAX_POINTS))
    if rows.last is not None:
        raise Invalid("targets", f"more than {_MAX_POINTS} points: choose a longer interval, or fewer series")
    lines: dict[str | None, Item] = {}
    for item in map(orjson.loads, rows.items):
        name = item["name"] or item["key"] or ("none" if filters.by else metric.label)
        line = lines.setdefault(item["key"], {"target": name, "refId": target.refId, "datapoints": []})
        if item["period"] is not None:
            line["datapoints"].append((item["count"], get_milliseconds(item["period"])))
    return list(lines.values())


async def _read_table(
    reads: ReadSession, metric: Metric, target: TargetIn, values: Item, at: Sequence[str | int]
) -> Item:
    filters = validate_filters(LISTS[metric.noun].filters, values, at)
    items = await read_first(reads, metric.noun, filters, _MAX_ROWS)
    columns = [{"text": column.heading, "type": column.kind} for column in metric.columns]
    rows = [[_get_cell(item, column) for column in metric.columns] for item in items]
    return {"type": "table", "refId": target.refId, "columns": columns, "rows": rows}


def _get_cell(item: Item, column: Column) -> Any:
    value: Any = item
    for name in column.path.split():
        value = None if value is None else value[name]
    return get_milliseconds(value) if column.kind == "time" and value is not None else value
