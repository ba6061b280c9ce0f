"""iCalendar: what has a date, in the calendars of those who subscribe to it."""

import datetime as dt
import re
from typing import Any

import icalendar
import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given

from app.api.routers import streams
from app.formats import entries
from tests.data.lists import LISTS, List, items
from tests.test_formats import create, event, shares_a_store, texts

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
A_DAY = dt.timedelta(days=1)

DATED = [each for each in LISTS if entries.has_date(each.shape)]


def calendar(client: TestClient, address: str) -> Any:
    response = client.get(address)
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    for line in response.content.split(b"\r\n"):
        assert len(line) <= 75, line  # RFC 5545 §3.1
        assert b"\n" not in line
        assert b"\r" not in line
    return icalendar.Calendar.from_ical(response.content)


def events(client: TestClient, address: str) -> list[Any]:
    return list(calendar(client, address).walk("VEVENT"))


def newest(client: TestClient) -> Any:
    [found] = events(client, "/events?format=ics&limit=1&sort=-id")
    return found


def stored(text: str) -> str:
    """As a calendar can hold a text."""
    return CONTROLS.sub("\ufffd", re.sub("\r\n?", "\n", text))


@pytest.mark.before_the_database
@pytest.mark.parametrize("which", DATED, ids=str)
def test_a_list_is_a_calendar_of_what_has_a_date(reader: TestClient, which: List) -> None:
    found = events(reader, which.query("format=ics"))
    name = next(name for name in ("date", "said", "published", "dated") if name in which.shape.model_fields)
    listed = items(reader, which.query("limit=500"))
    # A report that gives no date is of its event's.
    dates = [item[name] or (item["event"]["date"] if name == "dated" else None) for item in listed]
    with_date = [date for date in dates if date is not None]

    assert len(found) == len({str(each["UID"]) for each in found}) == len(with_date) > 0
    for each, date in zip(found, with_date, strict=True):
        assert each.decoded("DTSTART").isoformat() == date["earliest"]
        assert (each.decoded("DTEND") - A_DAY).isoformat() == date["latest"]
        assert {"UID", "DTSTAMP", "SUMMARY", "DESCRIPTION", "URL"} <= each.keys()
        assert (each.get("STATUS") == "CONFIRMED") == entries.is_certain(date)


@pytest.mark.parametrize("path", ["/sources", "/speakers", "/claims", "/changes"])
def test_what_has_no_date_is_no_calendar(reader: TestClient, path: str) -> None:
    response = reader.get(f"{path}?format=ics")

    assert response.status_code == 422
    assert "atom" in response.json()["errors"][0]["detail"]


def test_an_event_says_what_happened_where(reader: TestClient) -> None:
    [found] = events(reader, "/events?date=2024-06-19&min_sources=5&format=ics")
    [item] = items(reader, "/events?date=2024-06-19&min_sources=5")

    assert found.decoded("DTSTART") == dt.date(2024, 6, 19)
    assert found["DTSTART"].params["VALUE"] == "DATE"
    assert (found["SUMMARY"], found["LOCATION"]) == (item["title"], "Pyongyang, KP")
    assert found["GEO"].to_ical() == f"{item['place']['latitude']};{item['place']['longitude']}"
    assert found["CATEGORIES"].to_ical() == item["type"].encode()
    assert str(found["URL"]) == f"http://testserver/events/{item['id']}" == str(found["UID"])
    assert item["summary"] in found["DESCRIPTION"]
    assert "Reported by The New American, " in found["DESCRIPTION"]


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("edtf", "first", "after", "status", "told"),
    [
        ("2024-06-19", "2024-06-19", "2024-06-20", "CONFIRMED", "2024-06-19"),
        ("2024-06-18/2024-06-20", "2024-06-18", "2024-06-21", "CONFIRMED", "2024-06-18 to 2024-06-20"),
        ("2024-02", "2024-02-01", "2024-03-01", "TENTATIVE", "some time in 2024-02"),
        ("1961", "1961-01-01", "1962-01-01", "TENTATIVE", "some time in 1961"),
        ("2024-06-19?", "2024-06-19", "2024-06-20", "TENTATIVE", "2024-06-19, uncertain"),
        ("2024-06~", "2024-06-01", "2024-07-01", "TENTATIVE", "some time in 2024-06, approximate"),
        (
            "2023-12-31%/2024",
            "2023-12-31",
            "2025-01-01",
            "TENTATIVE",
            "2023-12-31, uncertain and approximate to some time in 2024",
        ),
        ("0001-01-01", "0001-01-01", "0001-01-02", "CONFIRMED", "0001-01-01"),
    ],
)
def test_a_date_in_doubt_takes_all_of_its_days_and_says_so(
    writer: TestClient, edtf: str, first: str, after: str, status: str, told: str
) -> None:
    event(writer, date=edtf)
    found = newest(writer)

    assert (found.decoded("DTSTART").isoformat(), found.decoded("DTEND").isoformat()) == (first, after)
    assert (str(found["STATUS"]), str(found["TRANSP"])) == (status, "TRANSPARENT")
    assert str(found["DESCRIPTION"]) == told


def test_the_last_of_all_days_ends_with_itself(writer: TestClient) -> None:
    event(writer, date="9999-12-31")
    found = newest(writer)

    assert found.decoded("DTSTART") == dt.date.max
    assert "DTEND" not in found


def test_a_change_leaves_the_uid_and_moves_the_sequence(writer: TestClient) -> None:
    made = event(writer)
    before = newest(writer)
    response = writer.patch(f"/events/{made['id']}", json={"date": "2024-06-19", "title": "Renamed"})
    after = newest(writer)

    assert (after["UID"], str(after["SUMMARY"])) == (before["UID"], "Renamed")
    assert after["SEQUENCE"] == int(response.headers["Dateline-Revision"]) > before["SEQUENCE"]


def test_a_calendar_has_a_name_and_a_moment(reader: TestClient) -> None:
    found = calendar(reader, "/events?country=KP&format=ics")
    newest = items(reader, "/revisions")[0]["at"]

    assert str(found["X-WR-CALNAME"]) == str(found["NAME"]) == "Dateline: events (country=KP)"
    assert {each.decoded("DTSTAMP") for each in found.walk("VEVENT")} == {dt.datetime.fromisoformat(newest)}


def test_what_is_asked_for_cannot_add_a_line(reader: TestClient) -> None:
    text = reader.get("/events?q=treaty%0D%0ABEGIN:VALARM%0D%0A&format=ics").text

    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert "\nBEGIN:VALARM" not in text


@pytest.mark.parametrize("address", ["/events?format=ics", "/events?date=1900-01-01&format=ics"])
def test_a_long_list_is_one_calendar(reader: TestClient, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    whole = reader.get(address).text
    monkeypatch.setattr(streams, "BATCH", 4)
    # What is kept is kept by the page that asks.
    streamed = reader.get(address, headers={"Origin": "https://another.example"})

    assert streamed.text == whole
    assert whole.count("BEGIN:VCALENDAR\r\n") == whole.count("END:VCALENDAR\r\n") == 1
    assert whole.endswith("END:VCALENDAR\r\n")


def test_what_an_outlet_has_on_the_web_is_where_a_document_leads(writer: TestClient) -> None:
    page = "https://meduza.io/en/feature?a=1;b=2,3"
    made = create(writer, "documents", source="meduza", text="Words.", url=page, published="2030-01-01")
    [found] = [each for each in events(writer, "/documents?format=ics") if str(each["UID"]).endswith(f"/{made['id']}")]

    assert str(found["URL"]) == page


@pytest.mark.before_the_database
@shares_a_store
@given(title=texts, summary=texts, place=texts)
@example(title="a;b,c\\n\\,\\", summary="\r\nEND:VEVENT\r\n", place="\x01\x7f\x0b\u2028\x85\ufffe")
@example(title="👩🏽‍🚀" * 40, summary="é" * 200, place='"')
def test_any_title_comes_back_from_a_calendar(writer: TestClient, title: str, summary: str, place: str) -> None:
    event(writer, title=title, summary=summary, place=place)
    found = newest(writer)

    assert str(found["SUMMARY"]) == stored(title)
    assert str(found["LOCATION"]) == stored(place)
    assert str(found["DESCRIPTION"]).startswith(stored(summary))
