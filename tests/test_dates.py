from calendar import monthrange
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.dates import EDTF, Day, EdtfText, parse_day, parse_edtf
from tests.properties import for_all

ORIGIN = date(2024, 2, 20)
edtf_text = TypeAdapter[str](EdtfText)
strict_day = TypeAdapter[date](Day)

qualifiers = st.sampled_from(["", "?", "~", "%"])
any_days = st.dates()


def shorten(day: date, length: int) -> str:
    return day.isoformat()[:length]


plain_dates = st.builds(shorten, any_days, st.sampled_from([4, 7, 10]))
near_dates = st.builds(
    shorten,
    st.dates(min_value=ORIGIN, max_value=ORIGIN + timedelta(days=80)),
    st.sampled_from([7, 10]),
)

near_days = st.dates(min_value=ORIGIN - timedelta(days=60), max_value=ORIGIN + timedelta(days=120))


def certainly_overlaps(edtf: EDTF, first: date, last: date) -> bool:
    if edtf.latest_start is None or edtf.earliest_end is None:
        return False
    return edtf.latest_start <= last and edtf.earliest_end >= first


def possibly_overlaps(edtf: EDTF, first: date, last: date) -> bool:
    return edtf.earliest <= last and edtf.latest >= first


def days_of(text: str) -> list[date]:
    """Return the days that a plain day or month can mean."""
    if len(text) == 10:
        return [date.fromisoformat(text)]
    year, month = int(text[:4]), int(text[5:])
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "latest_start", "earliest_end"),
    [
        ("2024-06-19", "2024-06-19", "2024-06-19", "2024-06-19", "2024-06-19"),
        ("2024-06", "2024-06-01", "2024-06-30", "2024-06-30", "2024-06-01"),
        ("2024-02", "2024-02-01", "2024-02-29", "2024-02-29", "2024-02-01"),
        ("1961", "1961-01-01", "1961-12-31", "1961-12-31", "1961-01-01"),
        ("2024-06-18/2024-06-20", "2024-06-18", "2024-06-20", "2024-06-18", "2024-06-20"),
        ("2023/2024-06", "2023-01-01", "2024-06-30", "2023-12-31", "2024-06-01"),
        ("2024-06-20/2024-06", "2024-06-20", "2024-06-30", "2024-06-20", "2024-06-20"),
        ("0001/9999", "0001-01-01", "9999-12-31", "0001-12-31", "9999-01-01"),
    ],
)
def test_edtf_text_has_its_bounds(text: str, earliest: str, latest: str, latest_start: str, earliest_end: str) -> None:
    expected = [date.fromisoformat(day) for day in (earliest, latest, latest_start, earliest_end)]
    assert parse_edtf(text) == EDTF(text, *expected)


@pytest.mark.parametrize("text", ["2024-06-19?", "2024-06~", "1961%", "2024-06-18?/2024-06-20", "2024-06-18/2024-06~"])
def test_doubtful_date_has_no_certain_bounds(text: str) -> None:
    edtf = parse_edtf(text)
    assert (edtf.latest_start, edtf.earliest_end) == (None, None)
    assert possibly_overlaps(edtf, edtf.earliest, edtf.latest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-06-19\n",
        " 2024-06-19",
        "２０２４-06-19",
        "٢٠٢٤",
        "0000",
        "0000-01-01",
        "10000",
        "-0044-03-15",
        "2023-02-29",
        "2024-13",
        "2024-00",
        "2024-06-31",
        "24-06-19",
        "2024-6-9",
        "20240619",
        "2024-W25-3",
        "2024-21",
        "2024-06-19T00:00:00",
        "2024-06-19?~",
        "?2024-06-19",
        "201X",
        "2024-06-XX",
        "2024-06-18/",
        "/2024-06-18",
        "2024-06-18/..",
        "2024-06-18 / 2024-06-20",
        "2024-06-18/2024-06-19/2024-06-20",
        "2024-06-20/2024-06-18",
        "2024-07/2024-06",
    ],
)
def test_text_outside_the_subset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a date of|the calendar has no|ends before it begins"):
        parse_edtf(text)


def test_error_names_the_part_not_in_the_calendar() -> None:
    with pytest.raises(ValueError, match=r"^the calendar has no 2024-13$"):
        parse_edtf("2024-06/2024-13~")


@for_all(plain_dates, qualifiers)
def test_single_date_keeps_its_text_and_order(text: str, qualifier: str) -> None:
    edtf = parse_edtf(text + qualifier)
    assert edtf.text == text + qualifier
    assert edtf.earliest <= edtf.latest
    assert edtf.earliest.isoformat().startswith(text)
    assert edtf.latest.isoformat().startswith(text)


@for_all(plain_dates, qualifiers, plain_dates, qualifiers)
def test_interval_has_the_bounds_of_its_ends(head: str, doubt: str, tail: str, other_doubt: str) -> None:
    start, end = parse_edtf(head + doubt), parse_edtf(tail + other_doubt)
    text = f"{start.text}/{end.text}"
    if start.earliest > end.latest:
        with pytest.raises(ValueError, match="ends before it begins"):
            parse_edtf(text)
        return
    edtf = parse_edtf(text)
    assert (edtf.text, edtf.earliest, edtf.latest) == (text, start.earliest, end.latest)
    assert (edtf.latest_start is None) == (edtf.earliest_end is None) == bool(doubt or other_doubt)


@for_all(near_days, near_days)
def test_day_certainly_covers_exactly_itself(day: date, other: date) -> None:
    edtf = parse_edtf(day.isoformat())
    assert certainly_overlaps(edtf, day, day)
    assert certainly_overlaps(edtf, other, other) == possibly_overlaps(edtf, other, other) == (day == other)


def test_interval_certainly_covers_the_days_between() -> None:
    edtf = parse_edtf("2024-06-18/2024-06-20")
    covered = [day for day in range(1, 31) if certainly_overlaps(edtf, date(2024, 6, day), date(2024, 6, day))]
    assert covered == [18, 19, 20]


def test_month_certainly_covers_the_whole_month_only() -> None:
    edtf = parse_edtf("2024-06")
    assert certainly_overlaps(edtf, date(2024, 6, 1), date(2024, 6, 30))
    assert not certainly_overlaps(edtf, date(2024, 6, 2), date(2024, 6, 30))
    assert not any(certainly_overlaps(edtf, day, day) for day in days_of("2024-06"))


@for_all(near_dates, near_dates, near_days, st.integers(0, 60))
def test_bounds_agree_with_every_possible_interval(head: str, tail: str, first: date, length: int) -> None:
    last = first + timedelta(days=length)
    if days_of(head)[0] > days_of(tail)[-1]:
        head, tail = tail, head
    edtf = parse_edtf(f"{head}/{tail}")
    intervals = [(begin, end) for begin, end in product(days_of(head), days_of(tail)) if begin <= end]
    overlaps = [begin <= last and end >= first for begin, end in intervals]
    assert certainly_overlaps(edtf, first, last) == all(overlaps)
    assert possibly_overlaps(edtf, first, last) == any(overlaps)


@for_all(st.text() | st.text("0123456789-/?~%\n", max_size=25))
def test_arbitrary_text_raises_only_value_error(text: str) -> None:
    for parse in (parse_edtf, parse_day):
        with suppress(ValueError):
            parse(text)


@for_all(any_days)
def test_day_round_trips(day: date) -> None:
    assert parse_day(day.isoformat()) == day
    assert strict_day.validate_python(day) == strict_day.validate_python(day.isoformat()) == day


@pytest.mark.parametrize(
    "value",
    [
        1718755200,
        "1718755200",
        1718755200.0,
        "2024-06-19T00:00:00",
        datetime(2024, 6, 19),
        "20240619",
        "2024-W25-3",
        "2024-06-19\n",
        "２０２４-06-19",
        "2024-06",
        "2023-02-29",
        "0000-01-01",
        "10000-01-01",
        b"2024-06-19",
        None,
        True,
    ],
)
def test_value_that_is_no_strict_day_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match=r"YYYY-MM-DD|the calendar has no"):
        strict_day.validate_python(value)


def test_day_has_the_schema_of_a_date() -> None:
    assert strict_day.json_schema() == {"type": "string", "format": "date"}


def test_edtf_text_is_unchanged_and_has_examples() -> None:
    assert edtf_text.validate_json('"2024-06~"') == "2024-06~"
    schema = edtf_text.json_schema()
    assert (schema["type"], schema["maxLength"]) == ("string", 40)
    assert all(parse_edtf(example).text == example for example in schema["examples"])


@pytest.mark.parametrize("value", ["2024-02-30", "9" * 41, 2024, None, "\ud800"])
def test_invalid_edtf_text_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        edtf_text.validate_python(value)
