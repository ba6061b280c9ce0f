"""iCalendar: dated records, read by a calendar library."""

import datetime as dt
import re
from typing import Any

import icalendar
import pytest
from fastapi.testclient import TestClient
from hypothesis import example

from app.api.routers import streams
from app.formats import entries
from tests.data.lists import LISTS, List, items
from tests.properties import for_all, shares_a_store
from tests.test_formats import create, event, texts

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
A_DAY = dt.timedelta(days=1)

DATED = [list_ for list_ in LISTS if entries.has_date(list_.shape)]


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
    [vevent] = events(client, "/events?format=ics&limit=1&sort=-id")
    return vevent


def stored(text: str) -> str:
    """Return the text as a calendar can hold it."""
    return CONTROLS.sub("\ufffd", re.sub("\r\n?", "\n", text))


def list_dates(client: TestClient, list_: List) -> list[dict[str, Any]]:
    """Return the dates of the dated items; a report without a date has that of its event."""
    name = next(name for name in ("date", "said", "published") if name in list_.shape.model_fields)
    rows = items(client, list_.query("limit=500"))
    dates = [row[name] or (row.get("event", {}).get("date") if name == "date" else None) for row in rows]
    return [date for date in dates if date is not None]


@pytest.mark.before_the_database
def test_list_is_a_calendar_of_its_dated_items(reader: TestClient, subtests: pytest.Subtests) -> None:
    for list_ in DATED:
        with subtests.test(list_.address):
            vevents, dates = events(reader, list_.query("format=ics")), list_dates(reader, list_)

            assert len(vevents) == len({str(vevent["UID"]) for vevent in vevents}) == len(dates) > 0
            for vevent, date in zip(vevents, dates, strict=True):
                assert vevent.decoded("DTSTART").isoformat() == date["earliest"]
                assert (vevent.decoded("DTEND") - A_DAY).isoformat() == date["latest"]
                assert {"UID", "DTSTAMP", "SUMMARY", "DESCRIPTION", "URL"} <= vevent.keys()
                assert (vevent.get("STATUS") == "CONFIRMED") == entries.is_certain(date)


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", ["/sources", "/speakers", "/claims", "/changes"])
def test_calendar_of_undated_list_is_422(reader: TestClient, path: str) -> None:
    response = reader.get(f"{path}?format=ics")

    assert response.status_code == 422
    assert "atom" in response.json()["errors"][0]["detail"]


def test_event_has_title_place_url_and_outlets(reader: TestClient) -> None:
    [vevent] = events(reader, "/events?date=2024-06-19&min_sources=5&format=ics")
    [item] = items(reader, "/events?date=2024-06-19&min_sources=5")

    assert vevent.decoded("DTSTART") == dt.date(2024, 6, 19)
    assert vevent["DTSTART"].params["VALUE"] == "DATE"
    assert (vevent["SUMMARY"], vevent["LOCATION"]) == (item["title"], "Pyongyang, KP")
    assert vevent["GEO"].to_ical() == f"{item['place']['latitude']};{item['place']['longitude']}"
    assert vevent["CATEGORIES"].to_ical() == item["type"].encode()
    assert str(vevent["URL"]) == f"http://testserver/events/{item['id']}" == str(vevent["UID"])
    assert item["summary"] in vevent["DESCRIPTION"]
    assert "Reported by The New American, " in vevent["DESCRIPTION"]


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("edtf", "start", "end", "status", "description"),
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
def test_uncertain_date_covers_its_days_tentatively(
    writer: TestClient, edtf: str, start: str, end: str, status: str, description: str
) -> None:
    event(writer, date=edtf)
    vevent = newest(writer)

    assert (vevent.decoded("DTSTART").isoformat(), vevent.decoded("DTEND").isoformat()) == (start, end)
    assert (str(vevent["STATUS"]), str(vevent["TRANSP"])) == (status, "TRANSPARENT")
    assert str(vevent["DESCRIPTION"]) == description


def test_last_possible_day_has_no_end(writer: TestClient) -> None:
    event(writer, date="9999-12-31")
    vevent = newest(writer)

    assert vevent.decoded("DTSTART") == dt.date.max
    assert "DTEND" not in vevent


def test_change_has_same_uid_and_higher_sequence(writer: TestClient) -> None:
    made = event(writer)
    before = newest(writer)
    response = writer.patch(f"/events/{made['id']}", json={"date": "2024-06-19", "title": "Renamed"})
    after = newest(writer)

    assert (after["UID"], str(after["SUMMARY"])) == (before["UID"], "Renamed")
    assert after["SEQUENCE"] == int(response.headers["Dateline-Revision"]) > before["SEQUENCE"]


def test_calendar_has_a_name_and_a_time_stamp(reader: TestClient) -> None:
    whole = calendar(reader, "/events?country=KP&format=ics")
    newest = items(reader, "/revisions")[0]["revised_at"]

    assert str(whole["X-WR-CALNAME"]) == str(whole["NAME"]) == "Dateline: events (country=KP)"
    assert {vevent.decoded("DTSTAMP") for vevent in whole.walk("VEVENT")} == {dt.datetime.fromisoformat(newest)}


def test_query_cannot_inject_a_line(reader: TestClient) -> None:
    text = reader.get("/events?q=treaty%0D%0ABEGIN:VALARM%0D%0A&format=ics").text

    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert "\nBEGIN:VALARM" not in text


@pytest.mark.expensive("tries many random sequences")
@pytest.mark.parametrize("address", ["/events?format=ics", "/events?date=1900-01-01&format=ics"])
def test_streamed_list_is_one_calendar(reader: TestClient, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    whole = reader.get(address).text
    monkeypatch.setattr(streams, "BATCH", 4)
    # Another origin: the response cache has one entry for each.
    streamed = reader.get(address, headers={"Origin": "https://another.example"})

    assert streamed.text == whole
    assert whole.count("BEGIN:VCALENDAR\r\n") == whole.count("END:VCALENDAR\r\n") == 1
    assert whole.endswith("END:VCALENDAR\r\n")


def test_document_links_to_its_web_page(writer: TestClient) -> None:
    page = "https://meduza.io/en/feature?a=1;b=2,3"
    made = create(writer, "documents", source="meduza", text="Words.", url=page, published="2030-01-01")
    vevents = events(writer, "/documents?format=ics")
    urls = [str(vevent["URL"]) for vevent in vevents if str(vevent["UID"]).endswith(f"/{made['id']}")]

    assert urls == [page]


@pytest.mark.before_the_database
@shares_a_store
@for_all(title=texts, summary=texts, place=texts)
@example(title="a;b,c\\n\\,\\", summary="\r\nEND:VEVENT\r\n", place="\x01\x7f\x0b\u2028\x85\ufffe")
@example(title="👩🏽‍🚀" * 40, summary="é" * 200, place='"')
def test_any_text_is_read_from_a_calendar(writer: TestClient, title: str, summary: str, place: str) -> None:
    event(writer, title=title, summary=summary, place=place)
    vevent = newest(writer)

    assert str(vevent["SUMMARY"]) == stored(title)
    assert str(vevent["LOCATION"]) == stored(place)
    assert str(vevent["DESCRIPTION"]).startswith(stored(summary))
