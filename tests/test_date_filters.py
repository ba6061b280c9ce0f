"""Date filters as dashboards send them: days, moments that stand for their day in UTC, and OGC's ``datetime``."""

import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core.errors import Invalid
from app.schemas.event import EventFilter
from tests.data.lists import read
from tests.properties import for_all
from tests.test_openapi import OPERATIONS

# Every list with a range, and a filter that leaves something of it on the days of the seed.
RANGED = [
    name.removeprefix("GET ")
    for name, operation in OPERATIONS.items()
    if {"from", "to"} <= {parameter["name"] for parameter in operation.get("parameters", [])}
]
LISTS = [path for path in RANGED if "{" not in path and "integrations" not in path]

days = st.dates()
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
moments = st.datetimes(dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29), timezones=offsets)


def bounds(**values: str) -> tuple[dt.date | None, dt.date | None]:
    """Return the first and last day of a filter of these values."""
    filters = EventFilter.model_validate({name.rstrip("_"): value for name, value in values.items()})
    return filters.from_, filters.to


def written(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


# What a bound means


@for_all(moment=moments)
def test_moment_means_its_day_in_utc(moment: dt.datetime) -> None:
    day = moment.astimezone(dt.UTC).date()

    assert bounds(from_=written(moment)) == (day, None)
    assert bounds(to=written(moment).replace("T", "t").replace("Z", "z")) == (None, day)


@for_all(first=days | moments, last=days | moments)
def test_datetime_equals_from_and_to(first: dt.date, last: dt.date) -> None:
    begin, end = (item.astimezone(dt.UTC).date() if isinstance(item, dt.datetime) else item for item in (first, last))
    a, b = (written(item) if isinstance(item, dt.datetime) else str(item) for item in (first, last))

    assert bounds(datetime=a) == (begin, begin)
    assert bounds(datetime=f"{a}/..") == bounds(datetime=f"{a}/") == (begin, None)
    assert bounds(datetime=f"../{b}") == bounds(datetime=f"/{b}") == (None, end)
    if begin <= end:
        assert bounds(datetime=f"{a}/{b}") == (begin, end)
    else:
        with pytest.raises(ValidationError, match="ends before it begins"):
            bounds(datetime=f"{a}/{b}")


@for_all(text=st.text() | st.text("0123456789-T:Z+./", max_size=40), name=st.sampled_from(["from", "to", "datetime"]))
def test_any_other_text_is_refused(text: str, name: str) -> None:
    assert places_of_errors({name: text}) in ([], [(name,)])


def places_of_errors(values: dict[str, str]) -> list[tuple[str | int, ...]]:
    try:
        EventFilter.model_validate(values)
    except ValidationError as error:
        return [item["loc"] for item in error.errors()]
    return []


TEXT_CASES: list[str] = [
    "2024-06-19T12:00:00",
    "2024-06-19 12:00:00Z",
    "2024-06-19T12:00Z",
    "2024-06-19T24:00:00Z",
    "2024-06-19T12:60:00Z",
    "2024-06-19T12:00:61Z",
    "2024-02-30T12:00:00Z",
    "2024-06-19T12:00:00+24:00",
    "2024-06-19T12:00:00 02:00",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:00:00-01:00",
    "20240619T120000Z",
    "1718755200000",
    "now-6h",
]


def test_moment_not_in_rfc_3339_is_refused(subtests: pytest.Subtests) -> None:
    for text in TEXT_CASES:
        for name in ["from", "to", "datetime"]:
            with subtests.test(text=text, name=name), pytest.raises(ValidationError):
                EventFilter.model_validate({name: text})


def test_leap_seconds_and_fractions_are_accepted(subtests: pytest.Subtests) -> None:
    for text in ["2016-12-31T23:59:60Z", "2016-12-31T23:59:59.123456789012Z"]:
        with subtests.test(text=text):
            assert bounds(from_=text) == (dt.date(2016, 12, 31), None)


def test_datetime_with_another_date_is_refused(subtests: pytest.Subtests) -> None:
    for other in ["date", "from", "to"]:
        with subtests.test(other=other), pytest.raises(Invalid, match="datetime: give datetime or " + other):
            EventFilter.model_validate({"datetime": "2024-06-19", other: "2024-06-19"})


TEXT_CASES_2: list[str] = ["..", "../..", "/", "", "2024-06-18/2024-06-19/2024-06-20", "2024-06", "../2024-06"]


def test_datetime_without_a_bound_is_refused(subtests: pytest.Subtests) -> None:
    for text in TEXT_CASES_2:
        with subtests.test(text=text), pytest.raises(ValidationError):
            bounds(datetime=text)


# What lists make of it


def test_every_list_with_a_range_takes_datetime() -> None:
    assert {"/events", "/documents", "/statements", "/coverage", "/stats/events", "/discrepancies"} <= set(LISTS)
    for path in RANGED:
        assert "datetime" in {parameter["name"] for parameter in OPERATIONS[f"GET {path}"]["parameters"]}, path


@pytest.mark.parametrize("path", LISTS)
def test_moments_and_datetime_select_the_same_as_days(reader: TestClient, path: str) -> None:
    def list_items(query: str) -> Any:
        return read(reader, f"{path}?limit=500&{query}")["items"]

    plain = list_items("from=2024-06-18&to=2024-06-19")
    grafana = list_items("from=2024-06-18T09:30:12.345Z&to=2024-06-19T23:59:59.999Z")
    elsewhere = list_items(f"from={quote('2024-06-17T20:00:00-05:00')}&to={quote('2024-06-20T05:00:00+09:00')}")
    ogc = list_items("datetime=2024-06-18T00:00:00Z/2024-06-19T00:00:00Z")

    assert plain
    assert grafana == elsewhere == ogc == plain
    assert list_items("datetime=../2024-06-19") == list_items("to=2024-06-19")
    assert list_items("datetime=2024-06-19") == list_items("from=2024-06-19&to=2024-06-19")


@pytest.mark.before_the_database
def test_malformed_bound_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in LISTS:
        with subtests.test(path=path):
            for name in ("from", "to", "datetime"):
                response = reader.get(path, params={name: "2024-06-19T12:00"})

                assert response.status_code == 422
                assert [error["field"] for error in response.json()["errors"]] == [name]


QUERY_CASES: list[str] = [
    "datetime=2024-06-19&from=2024-06-19",
    "datetime=2024-06-19&date=2024-06-19",
    "datetime=2024-07/2024-06",
]


@pytest.mark.before_the_database
def test_contradicting_dates_are_422_naming_datetime(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query in QUERY_CASES:
        with subtests.test(query=query):
            response = reader.get(f"/events?{query}")

            assert [error["field"] for error in response.json()["errors"]] == ["datetime"]


@pytest.mark.before_the_database
def test_date_with_a_time_is_422(reader: TestClient) -> None:
    assert reader.get("/events?date=2024-06-19T00:00:00Z").status_code == 422


def test_cursor_is_valid_for_any_spelling_of_its_days(reader: TestClient) -> None:
    page = read(reader, "/events?limit=1&from=2024-06-18T12:00:00Z&to=2024-06-20")
    cursor = page["next"].partition("cursor=")[2]
    second = read(reader, page["next"])["items"]

    assert second != page["items"]
    for same in ("from=2024-06-18&to=2024-06-20", "datetime=2024-06-18/2024-06-20T23:00:00Z"):
        assert read(reader, f"/events?limit=1&{same}&cursor={cursor}")["items"] == second
    refused = reader.get(f"/events?limit=1&datetime=2024-06-17/2024-06-20&cursor={cursor}")
    assert [error["field"] for error in refused.json()["errors"]] == ["cursor"]


def test_moments_of_one_day_have_the_same_answer_and_etags(reader: TestClient) -> None:
    addresses = [f"/events?from=2024-06-18&to=2024-06-19T{hour}:00:00.000Z" for hour in ("00", "12", "23")]
    responses = [reader.get(address) for address in addresses]

    assert len({str(response.json()["items"]) for response in responses}) == 1
    for address, response in zip(addresses, responses, strict=True):
        assert reader.get(address, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
