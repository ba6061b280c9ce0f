"""``/events``: filters, dates and outlets."""

import pytest
from fastapi.testclient import TestClient

SUMMIT = "seed:pyongyang-summit-2024"


def titles(client: TestClient, query: str) -> set[str]:
    return {event["external_id"] for event in client.get(f"/events?{query}&limit=500").json()["items"]}


def test_a_days_events_name_the_summit_with_its_five_outlets(reader: TestClient) -> None:
    events = {event["external_id"]: event for event in reader.get("/events?date=2024-06-19").json()["items"]}

    assert [outlet["slug"] for outlet in events[SUMMIT]["sources"]] == [
        "the-new-american",
        "meduza",
        "real-news-india",
        "the-final-call",
        "naenara",
    ]
    assert events[SUMMIT]["source_count"] == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("date=2000-07-19", False),
        ("date=2000-07-19&date_match=possible", True),
        ("from=2000-07-01&to=2000-07-31", True),
    ],
)
def test_a_month_answers_for_a_day_only_when_asked_for_what_is_possible(
    reader: TestClient, query: str, found: bool
) -> None:
    assert ("seed:putin-pyongyang-visit-2000" in titles(reader, query)) is found
