"""``/events``: filters, dates, outlets, and what hangs on one event."""

import pytest
from fastapi.testclient import TestClient

from tests.data.lists import event_id, items, read

SUMMIT = "seed:pyongyang-summit-2024"
IN_2024 = {"blinken-press-conference", "kcna-publishes-treaty", "lavrov-on-article-4", "pyongyang-summit"}
IN_2024 |= {"putin-arrival", "us-ukraine-security-agreement"}
IN_2024 = {f"{name}-2024" for name in IN_2024}
OF_JUNE_19 = {"pyongyang-summit-2024", "putin-arrival-2024", "lavrov-on-article-4-2024"}
IN_PYONGYANG = {"pyongyang-summit-2024", "putin-arrival-2024", "putin-pyongyang-visit-2000", "youth-gathering-2025"}
OF_NAENARA = {
    "pyongyang-summit-2024",
    "kursk-2025",
    "putin-kursk-statement-2025",
    "youth-gathering-2025",
    "rason-khasan-groundbreaking-2025",
}


def names(client: TestClient, query: str, address: str = "/events") -> list[str]:
    """Return the seed names of the events of a list, in its order."""
    return [event["external_id"].removeprefix("seed:") for event in items(client, f"{address}?{query}&limit=500")]


def create(writer: TestClient, **fields: object) -> int:
    response = writer.post("/events", json={"title": "An event", "date": "2024-01-01", "type": "statement"} | fields)
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


def find_ids(client: TestClient, query: str) -> set[int]:
    return {event["id"] for event in items(client, f"/events?{query}&limit=500")}


def test_events_of_a_day_have_their_outlets(reader: TestClient) -> None:
    events = {event["external_id"]: event for event in items(reader, "/events?date=2024-06-19")}

    assert [outlet["slug"] for outlet in events[SUMMIT]["sources"]] == [
        "the-new-american",
        "real-news-india",
        "meduza",
        "the-final-call",
        "naenara",
    ]
    assert events[SUMMIT]["source_count"] == 5


def test_outlet_has_document_count_and_first_day(reader: TestClient) -> None:
    [meduza] = [o for o in read(reader, "/events/1")["sources"] if o["slug"] == "meduza"]

    assert meduza == {"slug": "meduza", "name": "Meduza", "document_count": 1, "first_published_on": "2024-06-20"}


FILTERS: list[tuple[str, set[str]]] = [
    ("date=2024-06-19", OF_JUNE_19),
    ("date=1950-01-01", set()),
    ("from=2024-06-18&to=2024-06-20", OF_JUNE_19 | {"blinken-press-conference-2024", "kcna-publishes-treaty-2024"}),
    ("from=2025-04-30", {"rason-khasan-groundbreaking-2025"}),
    ("to=1961-12-31", {"treaty-1961-signing"}),
    ("from=2024-01-01&to=2024-12-31&date_match=possible", IN_2024),
    ("source=naenara", OF_NAENARA),
    ("source=Naenara (En)", OF_NAENARA),
    ("source=naenara&from=2025-04-21", {"putin-kursk-statement-2025", "rason-khasan-groundbreaking-2025"}),
    ("speaker=lavrov", {"lavrov-on-article-4-2024"}),
    ("speaker=LAVROV,Blinken", {"lavrov-on-article-4-2024", "blinken-press-conference-2024"}),
    ("speaker=putin&source=meduza", {"pyongyang-summit-2024"}),
    ("country=RU", {"kim-russia-visit-2023", "kursk-2025"}),
    ("country=RU,KP&type=assault,cooperate", {"kursk-2025", "rason-khasan-groundbreaking-2025"}),
    ("place=PYONG", IN_PYONGYANG),
    ("place=Pyongyang&min_sources=2", IN_PYONGYANG - {"youth-gathering-2025"}),
    ("place=%", set()),
    ("place=P_ongyang", set()),
    ("min_sources=5", {"pyongyang-summit-2024"}),
    ("min_sources=6", set()),
    ("q=kursk", {"kursk-2025", "putin-kursk-statement-2025"}),
    ("q=kursk&type=statement", {"putin-kursk-statement-2025"}),
    ('q="exchange notes"', {"notes-exchange-1996"}),
    ("bbox=125,39,126,40", IN_PYONGYANG),
    ("bbox=36,51,37,52", {"kursk-2025"}),
    ("bbox=125.7625,39.0392,125.7625,39.0392", IN_PYONGYANG),
    ("bbox=130,42,37,52", {"rason-khasan-groundbreaking-2025", "kursk-2025"}),
]


def test_filter_selects_items(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            assert set(names(reader, query)) == expected


MALFORMED_FILTERS: list[tuple[str, str]] = [
    ("date=2024-06-19&from=2024-06-18", "date"),
    ("from=2024-06-20&to=2024-06-19", "to"),
    ("date_match=maybe", "date_match"),
    ("source=nobody", "source"),
    ("source=,", "source"),
    ("speaker=nobody", "speaker"),
    ("speaker=putin,nobody", "speaker"),
    ("country=kp", "country"),
    ("country=KP,", "country"),
    ("type=party", "type"),
    ("min_sources=0", "min_sources"),
    ("bbox=1,2,3", "bbox"),
    ("bbox=1,50,3,40", "bbox"),
    ("bbox=nan,nan,nan,nan", "bbox"),
    ("bbox=-181,0,0,0", "bbox"),
    ("sort=title", "sort"),
    ("limit=0", "limit"),
    ("limit=501", "limit"),
    ("count=about", "count"),
]


def test_malformed_filter_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, parameter in MALFORMED_FILTERS:
        with subtests.test(query=query):
            response = reader.get(f"/events?{query}")

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [parameter]


FILTERS_2: list[tuple[str, bool]] = [
    ("date=2000-07-19", False),
    ("date=2000-07-19&date_match=possible", True),
    ("date=2000-08-01&date_match=possible", False),
    ("from=2000-07-01&to=2000-07-31", True),
    ("from=2000-07-02&to=2000-07-31", False),
    ("from=2000-07-02&to=2000-07-31&date_match=possible", True),
    ("from=2000-07-01", True),
    ("to=2000-07-30", False),
]


def test_month_matches_a_day_only_if_possible(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS_2:
        with subtests.test(query=query):
            assert ("putin-pyongyang-visit-2000" in names(reader, query)) is expected


@pytest.mark.parametrize(
    ("date", "query", "expected"),
    [
        ("2031-06-18/2031-06-20", "date=2031-06-19", True),
        ("2031-06-18/2031-06-20", "date=2031-06-21", False),
        ("2031-06-19?", "date=2031-06-19", False),
        ("2031-06-19?", "date=2031-06-19&date_match=possible", True),
        ("2031-06-19~", "from=2031-01-01&to=2031-12-31", False),
        ("2031", "date=2031-06-19", False),
        ("2031", "date=2031-06-19&date_match=possible", True),
        ("2031", "from=2031-01-01&to=2031-12-31", True),
        ("2031-06/2031-08", "date=2031-07-15", True),
        ("2031-06/2031-08", "date=2031-06-15", False),
        ("0001-01-01", "date=0001-01-01", True),
        ("9999-12-31", "date=9999-12-31", True),
    ],
)
def test_date_matches_certainly_or_possibly(writer: TestClient, date: str, query: str, expected: bool) -> None:
    assert (create(writer, date=date) in find_ids(writer, query)) is expected


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ("170,-20,-170,-10", {"fiji", "samoa"}),
        ("170,-20,180,-10", {"fiji"}),
        ("-180,-20,-170,-10", {"samoa"}),
        ("-170,-20,170,-10", {"zambia"}),
        ("-180,-90,180,90", {"fiji", "samoa", "zambia"}),
        ("179,-20,-179,0", set()),
    ],
)
def test_bbox_may_cross_the_antimeridian(empty_writer: TestClient, bbox: str, expected: set[str]) -> None:
    ids = {
        create(empty_writer, latitude=-18, longitude=178): "fiji",
        create(empty_writer, latitude=-14, longitude=-172): "samoa",
        create(empty_writer, latitude=-15, longitude=28): "zambia",
        create(empty_writer): "nowhere",
    }

    assert {ids[event] for event in find_ids(empty_writer, f"bbox={bbox}")} == expected


def test_event_has_the_documented_fields(reader: TestClient) -> None:
    event = read(reader, f"/events/{event_id(reader, 'kursk-2025')}")

    assert {name: event[name] for name in ("title", "date", "type", "place", "source_count", "statement_count")} == {
        "title": "North Korean units fight in Russia's Kursk region",
        "date": {"edtf": "2025-04", "earliest": "2025-04-01", "latest": "2025-04-30"},
        "type": "assault",
        "place": {"name": "Kursk", "country": "RU", "latitude": 51.7304, "longitude": 36.1926},
        "source_count": 1,
        "statement_count": 0,
    }
    assert event["sources"] == [
        {"slug": "naenara", "name": "Naenara", "document_count": 1, "first_published_on": "2025-06-01"},
    ]
    assert (event["coded_by"], event["confidence"], event["merged_into_id"]) == ("human", None, None)


def test_event_is_the_same_in_list_and_alone(reader: TestClient) -> None:
    for event in items(reader, "/events?limit=500"):
        assert read(reader, f"/events/{event['id']}") == event


def test_events_of_a_source_are_its_reported_events(reader: TestClient) -> None:
    assert set(names(reader, "sort=date", "/sources/naenara/events")) == OF_NAENARA


def test_events_of_a_source_filter_by_a_second_source(reader: TestClient) -> None:
    assert names(reader, "source=meduza", "/sources/naenara/events") == ["pyongyang-summit-2024"]


def test_event_sources_are_in_publication_order_with_lag(reader: TestClient) -> None:
    outlets = items(reader, f"/events/{event_id(reader, 'pyongyang-summit-2024')}/sources")

    assert [(outlet["slug"], outlet["first_published_on"], outlet["lag_days"]) for outlet in outlets] == [
        ("the-new-american", "2024-06-19", 0),
        ("real-news-india", "2024-06-20", 1),
        ("meduza", "2024-06-20", 1),
        ("the-final-call", "2024-06-25", 6),
        ("naenara", "2025-06-01", 347),
    ]


def test_event_source_has_documents_with_passages(reader: TestClient) -> None:
    outlets = items(reader, f"/events/{event_id(reader, 'putin-pyongyang-visit-2000')}/sources")
    [american] = [outlet for outlet in outlets if outlet["slug"] == "the-new-american"]
    [document] = american["reporting_documents"]
    text = read(reader, f"/documents/{document['id']}")["text"]

    assert document["title"] == "Russia and North Korea Sign Mutual Defense Agreement"
    assert document["byline"] == "D. Michael DeRidder"
    assert document["published"]["edtf"] == "2024-06-19"
    assert (document["role"], document["date"]["edtf"], document["lag_days"]) == ("background", "2000-07", 0)
    assert document["passage"] == {
        "exact": "for the first time since July 2000",
        "prefix": text[148:180],
        "suffix": text[214:246],
        "start": 180,
        "end": 214,
    }


def test_undated_document_has_no_lag_and_is_last(writer: TestClient) -> None:
    body = {"source": "sputnik", "text": "Undated.", "reports": [{"event": SUMMIT}]}
    assert writer.post("/documents", json=body).status_code == 201

    event = event_id(writer, "pyongyang-summit-2024")
    outlets = {item["slug"]: item for item in items(writer, f"/events/{event}/sources")}

    assert (outlets["sputnik"]["first_published_on"], outlets["sputnik"]["lag_days"]) == (None, None)
    assert read(writer, f"/events/{event}")["sources"][-1]["slug"] == "sputnik"


def test_outlet_with_two_documents_is_listed_once(writer: TestClient) -> None:
    body = {"source": "meduza", "text": "Once more.", "published": "2024-06-18", "reports": [{"event": SUMMIT}]}
    assert writer.post("/documents", json=body).status_code == 201

    event = read(writer, f"/events/{event_id(writer, 'pyongyang-summit-2024')}")

    assert event["sources"][0] == {
        "slug": "meduza",
        "name": "Meduza",
        "document_count": 2,
        "first_published_on": "2024-06-18",
    }
    assert (event["source_count"], event["document_count"]) == (5, 6)


def test_event_statements_are_those_of_the_filter(reader: TestClient) -> None:
    statements = items(reader, f"/events/{event_id(reader, 'lavrov-on-article-4-2024')}/statements")

    assert {statement["speaker"]["slug"] for statement in statements} == {"sergey-lavrov"}
    assert len(statements) == 2


def test_unknown_event_is_404(reader: TestClient, subtests: pytest.Subtests) -> None:
    for part in ["", "/sources", "/statements"]:
        with subtests.test(part=part):
            assert reader.get(f"/events/999999{part}").status_code == 404
