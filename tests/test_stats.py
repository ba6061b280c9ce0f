"""``/stats``: series of counts, each equal to a recount of the rows in plain Python."""

import calendar
import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app.analysis.series import UNPLACED, DayCount, build_series, first_day, last_day, list_periods
from app.core.dates import parse_edtf
from app.core.vocab import Interval
from app.database.models import Attribution, Document, Event, Origin, Report, Source, Speaker, Statement
from tests.conftest import Store, Templates, talking_to
from tests.data import flows
from tests.data.flows import Flow
from tests.data.lists import items, pages, read
from tests.properties import for_all, shares_a_store

Item = dict[str, Any]
Query = dict[str, str]


# What the seed shows


def test_months_of_the_seed(reader: TestClient) -> None:
    rows = items(reader, "/stats/events?interval=month")

    assert rows == [
        {"period": "2024-06-01", "key": None, "name": None, "count": 5},
        {"period": "2025-04-01", "key": None, "name": None, "count": 4},
        {"period": None, "key": None, "name": None, "count": 1},
    ]


def test_month_precision_is_in_no_day_or_week(reader: TestClient) -> None:
    counts = {
        interval: {
            row["period"]: row["count"]
            for row in items(reader, f"/stats/events?interval={interval}&from=2000-07-01&to=2000-07-31&source=meduza")
        }
        for interval in Interval
    }

    # One is known to the month, the other to the year.
    assert counts == {"day": {None: 2}, "week": {None: 2}, "month": {"2000-07-01": 1, None: 1}}


def test_series_of_speakers_by_week_as_csv(reader: TestClient) -> None:
    response = reader.get("/stats/statements?by=speaker&interval=week&speaker=putin,kim&format=csv")

    assert list(csv.DictReader(io.StringIO(response.text))) == [
        {"period": "2024-06-17", "key": "kim-jong-un", "name": "Kim Jong Un", "count": "5"},
        {"period": "2024-06-17", "key": "vladimir-putin", "name": "Vladimir Putin", "count": "4"},
        {"period": "2025-04-28", "key": "vladimir-putin", "name": "Vladimir Putin", "count": "2"},
        {"period": "", "key": "kim-jong-un", "name": "Kim Jong Un", "count": "3"},
        {"period": "", "key": "vladimir-putin", "name": "Vladimir Putin", "count": "3"},
    ]


ADDRESS_PARAMETER_CASES: list[tuple[str, str]] = [
    ("/stats/documents?by=type", "by"),
    ("/stats/statements?by=type", "by"),
    ("/stats/documents?by=origin", "by"),
    ("/stats/documents?kind=direct", "kind"),
    ("/stats/statements?type=agree", "type"),
    ("/stats/events?interval=year", "interval"),
    ("/stats/events?from=2024-02-01&to=2024-01-01", "to"),
    ("/stats/events?from=0001-01-01&to=9999-12-31&fill=true", "fill"),
]


def test_meaningless_parameter_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for address, parameter in ADDRESS_PARAMETER_CASES:
        with subtests.test(address=address, parameter=parameter):
            response = reader.get(address)

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [parameter]


def test_whole_calendar_is_allowed(reader: TestClient) -> None:
    for interval in Interval:
        rows = items(reader, f"/stats/events?from=0001-01-01&to=9999-12-31&interval={interval}")

        assert sum(row["count"] for row in rows) == read(reader, "/events?count=exact")["count"]


def test_empty_store_has_no_series(empty_writer: TestClient) -> None:
    for noun in ("events", "statements", "documents"):
        assert read(empty_writer, f"/stats/{noun}?fill=true&count=exact")["count"] == 0


def test_fill_adds_a_count_for_every_period(reader: TestClient) -> None:
    address = "/stats/statements?by=source&from=2024-06-15&to=2024-06-22&source=meduza"
    filled, rows = items(reader, f"{address}&fill=true&limit=500"), items(reader, f"{address}&limit=500")

    assert [row for row in filled if row["count"]] == rows
    assert [row["period"] for row in filled] == [f"2024-06-{day}" for day in range(15, 23)]
    assert {row["key"] for row in filled} == {"meduza"}


# Every count equals a recount


@pytest.fixture(scope="module")
def newsroom(backend: str, templates: Templates) -> Iterator[Store]:
    """Return a store that many examples share; each example is compared with all its rows."""
    with templates.copy(backend, "migrated") as copy:
        flows.staff(copy)
        yield copy


@pytest.fixture
def desk(application: FastAPI, newsroom: Store) -> Iterator[TestClient]:
    with talking_to(application, newsroom) as client:
        yield client


class Rows:
    """All rows of a store."""

    def __init__(self, store: Store) -> None:
        with Session(store.engine) as session:
            self.events = list(session.exec(select(Event)))
            self.sources = {row.id: row for row in session.exec(select(Source))}
            self.speakers = {row.id: row for row in session.exec(select(Speaker))}
            self.documents = {row.id: row for row in session.exec(select(Document))}
            self.reports = list(session.exec(select(Report)))
            self.statements = list(session.exec(select(Statement)))
            self.hops = list(session.exec(select(Attribution)))
            self.origins = list(session.exec(select(Origin)))

    def reporting(self, event: Event) -> set[str | None]:
        """Return the slugs of the sources that reported the event."""
        documents = (self.documents[row.document_id] for row in self.reports if row.event_id == event.id)
        return {self.sources[document.source_id].slug for document in documents}


Facts = tuple[str | None, dict[str, set[str | None]]]
"""A record's date, and its values of each filter."""


def facts(rows: Rows, noun: str) -> Iterator[Facts]:
    if noun == "events":
        for event in rows.events:
            said = [row for row in rows.statements if row.event_id == event.id]
            yield (
                event.date,
                {
                    "source": rows.reporting(event),
                    "speaker": speakers(rows, said),
                    "country": {event.country},
                    "type": {event.type},
                    "origin": {row.key for row in rows.origins if row.event_id == event.id},
                },
            )
    for document in rows.documents.values():
        source = rows.sources[document.source_id]
        facts_of_document: dict[str, set[str | None]] = {"source": {source.slug}, "country": {source.country}}
        said = [row for row in rows.statements if row.document_id == document.id]
        if noun == "documents":
            yield document.published, {**facts_of_document, "speaker": speakers(rows, said)}
        for row in said if noun == "statements" else ():
            speaker = rows.speakers[row.speaker_id].slug if row.speaker_id else None
            heard = nearest(rows, row, source)
            yield (
                row.said or document.published,
                {**facts_of_document, "origin": {heard}, "kind": {row.kind}, "speaker": {speaker}},
            )


def speakers(rows: Rows, statements: Iterable[Statement]) -> set[str | None]:
    return {rows.speakers[row.speaker_id].slug for row in statements if row.speaker_id}


def nearest(rows: Rows, statement: Statement, outlet: Source) -> str:
    chain = sorted((hop for hop in rows.hops if hop.statement_id == statement.id), key=lambda hop: hop.position)
    if not chain:
        return f"source:{outlet.id}"
    voice = rows.speakers[chain[-1].speaker_id]
    return f"source:{voice.source_id}" if voice.source_id else f"speaker:{voice.id}"


def period(day: dt.date, interval: str) -> dt.date:
    if interval == "week":
        year, week, _ = day.isocalendar()
        return dt.date.fromisocalendar(year, week, 1)
    return dt.date(day.year, day.month, 1) if interval == "month" else day


def end(day: dt.date, interval: str) -> dt.date:
    if interval == "week":
        return period(day, interval) + dt.timedelta(days=6)
    return day.replace(day=calendar.monthrange(day.year, day.month)[1]) if interval == "month" else day


def recount(rows: Rows, noun: str, query: Query) -> Counter[tuple[str | None, str | None]]:
    counts: Counter[tuple[str | None, str | None]] = Counter()
    interval, by = query["interval"], query.get("by")
    first = period(dt.date.fromisoformat(query["from"]), interval)
    last = end(dt.date.fromisoformat(query["to"]), interval)
    for text, has in facts(rows, noun):
        filters = {name: set(query[name].split(",")) for name in has if name in query}
        if text is None or any(not has[name] & words for name, words in filters.items()):
            continue
        date = parse_edtf(text)
        start, latest_start = period(date.earliest, interval), date.latest_start
        surely = latest_start is not None and period(latest_start, interval) == start
        if not (date.earliest <= last and (date.earliest >= first or (date.latest_start or date.latest) >= first)):
            continue
        if surely and date.earliest < first:
            continue
        for key in has[by] & filters.get(by, has[by]) if by else [None]:
            counts[start.isoformat() if surely else None, key] += 1
    return counts


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, Query]:
    noun = draw(st.sampled_from(["events", "statements", "documents"]))
    allowed = {"events": ["type", "origin"], "statements": ["origin"], "documents": []}[noun]
    by = draw(st.none() | st.sampled_from(["source", "speaker", "country", *allowed]))
    day = st.sampled_from(["0001-01-01", "2023-12-30", "2024-01-02", "2024-01-31", "2024-12-31"])
    first, last = sorted([draw(day), draw(day)])
    query = {"interval": draw(st.sampled_from(list(Interval))), "from": first, "to": last}
    filters = {
        "source": ["herald", "courier,wire"],
        "speaker": ["anna", "boris,wire-voice"],
        "country": ["US", "RU,KP"],
    }
    filters |= {"type": ["agree"]} if noun == "events" else {}
    for name in draw(st.lists(st.sampled_from(sorted(filters)), max_size=2, unique=True)):
        query[name] = draw(st.sampled_from(filters[name]))
    return noun, query | ({"by": by} if by else {})


shared = settings(shares_a_store, max_examples=12)


@pytest.mark.expensive("tries many random sequences")
@shared
@for_all(flow=flows.flows(), requests=st.lists(queries(), min_size=3, max_size=3), limit=st.integers(3, 9))
def test_series_equal_a_recount(
    newsroom: Store, desk: TestClient, flow: Flow, requests: list[tuple[str, Query]], limit: int
) -> None:
    flows.put(newsroom, flow)
    rows = Rows(newsroom)
    for noun, query in requests:
        address = f"/stats/{noun}?{urlencode(query)}"
        cells = items(desk, f"{address}&limit=500")
        counts = {(cell["period"], cell["key"]): cell["count"] for cell in cells}
        order = [(cell["period"] or "later", cell["key"] or "") for cell in cells]

        assert counts == recount(rows, noun, query), address
        assert order == sorted(order)
        assert [cell for page in pages(desk, f"{address}&limit={limit}") for cell in page] == cells
        assert items(desk, f"{address}&limit=500&sort=-period") == cells[::-1]
        assert read(desk, f"{address}&limit=1&count=exact")["count"] == len(cells)


# Periods


days = st.dates(dt.date.min, dt.date.max)
intervals = st.sampled_from(list(Interval))


@for_all(day=days, interval=intervals)
def test_day_is_in_exactly_one_period(day: dt.date, interval: Interval) -> None:
    first, last = first_day(day, interval), last_day(day, interval)

    assert first <= day <= last
    assert {first_day(first, interval), first_day(last, interval)} == {first}
    assert first == dt.date.min or first_day(first - dt.timedelta(days=1), interval) < first
    assert last == dt.date.max or first_day(last + dt.timedelta(days=1), interval) > last


@for_all(first=days, length=st.integers(0, 400), interval=intervals)
def test_list_periods_covers_the_range(first: dt.date, length: int, interval: Interval) -> None:
    last = first + min(dt.timedelta(days=length), dt.date.max - first)
    expected = {first_day(dt.date.fromordinal(day), interval) for day in range(first.toordinal(), last.toordinal() + 1)}

    assert [dt.date.fromisoformat(item) for item in list_periods(first, last, interval)] == sorted(expected)


begun = st.lists(
    st.builds(
        lambda day, more, key, number: DayCount(
            day, None if more is None else day + dt.timedelta(days=more), key, number
        ),
        st.dates(dt.date(2024, 1, 1), dt.date(2024, 2, 20)),
        st.none() | st.integers(0, 40),
        st.sampled_from(["", "a", "b"]),
        st.integers(1, 5),
    ),
    max_size=12,
)


@for_all(begun=begun, interval=intervals, reverse=st.booleans(), fill=st.booleans(), data=st.data())
def test_series_continues_after_any_cell(
    begun: list[DayCount], interval: Interval, reverse: bool, fill: bool, data: st.DataObject
) -> None:
    filled = list(list_periods(dt.date(2024, 1, 1), dt.date(2024, 3, 1), interval)) if fill else None
    series = build_series(begun, interval, fill=filled, always=[""])
    places = list(series.list_cells(reverse=reverse))
    after = data.draw(st.sampled_from(places)) if places else ("2024", "a")

    assert places == sorted(places, reverse=reverse)
    assert len(places) == len(series) == len(set(places))
    assert list(series.list_cells(after=after, reverse=reverse)) == places[places.index(after) + 1 if places else 0 :]
    assert sum(series.counts.values()) == sum(item.number for item in begun)
    if filled is not None:
        keys = {"", *(item.key for item in begun)}
        assert {place for place in places if place[0] != UNPLACED} == {(item, key) for item in filled for key in keys}
