"""The metrics that a panel can show: counts over time, and tables of records."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from app.comparisons import series
from app.core.errors import Invalid
from app.core.vocab import EventType, Interval, Noun, SeriesBy, StatementKind
from app.database.statements import ReadSession
from app.integrations.grafana.annotations import milliseconds
from app.integrations.grafana.shapes import PanelQueryIn, PayloadValue, TargetIn
from app.integrations.grafana.variables import NameParams, Option, countries_of, sources, speakers
from app.integrations.reading import Item, filters_of, first
from app.integrations.words import label
from app.queries.listing import PageRequest
from app.queries.lists import LISTS
from app.schemas.stats import DocumentStatsFilter, EventStatsFilter, StatementStatsFilter, StatsFilter

# Points of one metric at most, and rows of a table.
_MOST_POINTS = 20_000
_MOST_ROWS = 500

_DAYS = {Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 30}

# How Grafana writes a variable that has several values.
_SEVERAL = re.compile(r"[(]([^()]*)[)]")


@dataclass(frozen=True)
class Metric:
    """Counts of a noun where ``stats`` are their filters; otherwise its records, as ``columns``: heading, type, and
    where the value stands."""

    noun: Noun
    label: str
    payloads: Mapping[str, type[StrEnum] | Sequence[StrEnum] | None]
    stats: type[StatsFilter] | None = None
    columns: Sequence[tuple[str, str, str]] = ()


_NAMED = {"source": None, "speaker": None, "country": None}

METRICS: Mapping[str, Metric] = {
    "events": Metric(
        Noun.EVENTS,
        "Events",
        {"by": SeriesBy, "interval": Interval, **_NAMED, "type": EventType},
        stats=EventStatsFilter,
    ),
    "statements": Metric(
        Noun.STATEMENTS,
        "Statements",
        {
            "by": [SeriesBy.SOURCE, SeriesBy.SPEAKER, SeriesBy.COUNTRY, SeriesBy.ORIGIN],
            "interval": Interval,
            **_NAMED,
            "kind": StatementKind,
        },
        stats=StatementStatsFilter,
    ),
    "documents": Metric(
        Noun.DOCUMENTS,
        "Documents",
        {"by": [SeriesBy.SOURCE, SeriesBy.SPEAKER, SeriesBy.COUNTRY], "interval": Interval, **_NAMED},
        stats=DocumentStatsFilter,
    ),
    "events_table": Metric(
        Noun.EVENTS,
        "Events (table)",
        {**_NAMED, "type": EventType},
        columns=[
            ("Time", "time", "date earliest"),
            ("Event", "string", "title"),
            ("Type", "string", "type"),
            ("Place", "string", "place name"),
            ("Country", "string", "place country"),
            ("Latitude", "number", "place latitude"),
            ("Longitude", "number", "place longitude"),
            ("Outlets", "number", "source_count"),
            ("Statements", "number", "statement_count"),
        ],
    ),
    "statements_table": Metric(
        Noun.STATEMENTS,
        "Statements (table)",
        {"source": None, "speaker": None, "kind": StatementKind},
        columns=[
            ("Time", "time", "said earliest"),
            ("Speaker", "string", "speaker name"),
            ("Words", "string", "text"),
            ("Kind", "string", "kind"),
            ("Outlet", "string", "source name"),
            ("Document", "string", "document title"),
            ("Address", "string", "document url"),
        ],
    ),
}


def metric(name: str, at: Sequence[str | int]) -> Metric:
    """The metric of this name; raises Invalid, naming the place ``at``, where there is none."""
    if name not in METRICS:
        raise Invalid(at, f"there is no such metric; those there are: {', '.join(METRICS)}")
    return METRICS[name]


def described() -> list[Item]:
    """All metrics, and what they can be asked with (``MetricPublic``)."""
    return [
        {
            "label": each.label,
            "value": name,
            "payloads": [_payload(name, words) for name, words in each.payloads.items()],
        }
        for name, each in METRICS.items()
    ]


def _payload(name: str, words: Iterable[StrEnum] | None) -> Item:
    kind = "select" if name in ("by", "interval") else "multi-select"
    options = [{"label": label(word), "value": word.value} for word in words or ()]
    return {"name": name, "label": label(name), "type": kind, "options": options}


async def options(reads: ReadSession, asked: Metric, name: str) -> list[Option]:
    """What a metric can be asked with under this name; raises Invalid where it cannot be."""
    if name not in asked.payloads:
        raise Invalid("name", f"there is no such payload; those there are: {', '.join(asked.payloads)}")
    words = asked.payloads[name]
    if words is not None:
        return [(label(word), word.value) for word in words]
    if name == "source":
        return await sources(reads, NameParams())
    if name == "speaker":
        return await speakers(reads, NameParams())
    return await countries_of(reads, asked.noun, (asked.stats or EventStatsFilter)(by="country"))


async def answered(reads: ReadSession, query: PanelQueryIn, place: int) -> list[Item]:
    """What one of the targets shows (``SeriesPublic`` or ``TablePublic``)."""
    target = query.targets[place]
    asked = metric(target.target, ["targets", place, "target"])
    given: Item = {"from": query.range.from_, "to": query.range.to}
    given |= _filters(query, target)
    at = ("body", "targets", place, "payload")
    if asked.stats is None:
        return [await _table(reads, asked, target, given, at)]
    given = {"interval": _interval(query), "fill": "true"} | given
    return await _series(reads, asked, target, filters_of(asked.stats, given, at))


def _filters(query: PanelQueryIn, target: TargetIn) -> Item:
    """What the payload asks for, and the filters of the whole dashboard; an option that is not chosen is empty."""
    given = {each.key: _words(each.value) for each in query.adhocFilters}
    given |= {name: _words(value) for name, value in (target.payload or {}).items()}
    return {name: words for name, words in given.items() if words}


def _words(value: PayloadValue) -> str:
    """A value as a filter takes it."""
    if isinstance(value, list):
        return ",".join(map(_words, value))
    if isinstance(value, str):
        several = _SEVERAL.fullmatch(value)
        return value if several is None else several[1].replace("|", ",")
    return "" if value is None else orjson.dumps(value).decode()


def _interval(query: PanelQueryIn) -> Interval:
    """The shortest of which there are not too many."""
    days = (query.range.to - query.range.from_).days + 1
    return next((each for each in Interval if days / _DAYS[each] <= query.maxDataPoints), Interval.MONTH)


async def _series(reads: ReadSession, asked: Metric, target: TargetIn, filters: StatsFilter) -> list[Item]:
    found = await series.get_listing(reads, asked.noun, filters)
    rows = await found.page(reads, PageRequest("period", _MOST_POINTS))
    if rows.last is not None:
        raise Invalid("targets", f"more than {_MOST_POINTS} points: choose a longer interval, or fewer series")
    lines: dict[str | None, Item] = {}
    for item in map(orjson.loads, rows.items):
        name = item["name"] or item["key"] or ("none" if filters.by else asked.label)
        line = lines.setdefault(item["key"], {"target": name, "refId": target.refId, "datapoints": []})
        if item["period"] is not None:
            line["datapoints"].append((item["count"], milliseconds(item["period"])))
    return list(lines.values())


async def _table(reads: ReadSession, asked: Metric, target: TargetIn, given: Item, at: Sequence[str | int]) -> Item:
    items = await first(reads, asked.noun, filters_of(LISTS[asked.noun].filters, given, at), _MOST_ROWS)
    columns = [{"text": heading, "type": kind} for heading, kind, _ in asked.columns]
    rows = [[_cell(item, kind, where.split()) for _, kind, where in asked.columns] for item in items]
    return {"type": "table", "refId": target.refId, "columns": columns, "rows": rows}


def _cell(item: Item, kind: str, where: Sequence[str]) -> Any:
    value: Any = item
    for name in where:
        value = None if value is None else value[name]
    return milliseconds(value) if kind == "time" and value is not None else value
