"""``dateline import`` of GDELT 2.0's events and mentions."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.imports import gdelt_lines
from app.imports.fips import ISO
from app.imports.importer import Rejected
from app.imports.progress import Counts
from app.schemas.common import Country
from app.schemas.document import DocumentFull
from app.schemas.event import EventCreate, EventPublic
from app.schemas.report import ReportPublic
from tests.conftest import Store, Templates, talking_to
from tests.data.gdelt import EVENT, MENTION, event, mention, write
from tests.properties import for_all
from tests.test_cli import Dateline, dateline

__all__ = ["dateline"]  # the fixture

Item = dict[str, Any]


@pytest.fixture
def imported(dateline: Dateline, empty_store: Store, tmp_path: Path) -> Callable[..., dict[str, int]]:
    """Import lines into the empty store as a file of this kind, and return the summary."""
    files = iter(range(1000))

    def run(*lines: str, kind: str = "export", store: Store = empty_store) -> dict[str, int]:
        path = write(tmp_path / f"{next(files)}.{kind}.CSV", lines)
        done = dateline(store.url, "import", str(path))
        assert done.exit_code == 0, done.output
        return summary(done.stdout)

    return run


def summary(output: str) -> dict[str, int]:
    """Return the outcomes and reasons of a summary that are not 0."""
    rows = re.findall(r"^│ +(.+?) +│ +([\d,]+) +│$", output, re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in rows if number != "0"}


def items(client: TestClient, address: str) -> list[Item]:
    loaded: list[Item] = client.get(address).json()["items"]
    return loaded


def only(client: TestClient, address: str) -> Item:
    [item] = items(client, address)
    return item


Imported = Callable[..., dict[str, int]]


def test_event_adds_source_document_and_report(
    imported: Imported, empty_writer: TestClient, dateline: Dateline, empty_store: Store
) -> None:
    assert imported(event(7)) == {"taken": 1}

    loaded = only(empty_writer, "/events")
    EventPublic.model_validate(loaded)
    assert loaded["external_id"] == "gdelt:7"
    assert loaded["title"] == "Russia – North Korea: sign an agreement (CAMEO 057)"
    assert (loaded["type"], loaded["date"]["edtf"], loaded["coded_by"]) == ("support", "2024-06-19", "import")
    assert loaded["place"] == {
        "name": "Pyongyang, P'yongyang-si, North Korea",
        "country": "KP",
        "latitude": 39.0194,
        "longitude": 125.755,
    }
    assert [(outlet["slug"], outlet["document_count"]) for outlet in loaded["sources"]] == [("herald-example", 1)]

    source = only(empty_writer, "/sources")
    assert (source["name"], source["kind"], source["aliases"]) == ("herald.example", "online", ["herald.example"])
    assert source["homepage"] == "https://herald.example/"

    report = only(empty_writer, "/reports")
    ReportPublic.model_validate(report)
    assert (report["role"], report["date"]["edtf"]) == ("main", "2024-06-19")

    document = empty_writer.get(f"/documents/{report['document']['id']}").json()
    DocumentFull.model_validate(document)
    assert (document["url"], document["text"], document["length"]) == ("https://www.herald.example/news/7", "", 0)
    assert (document["published_at"], document["retrieved_at"]) == ("2024-06-19T10:15:00Z", "2024-06-19T10:15:00Z")
    assert dateline(empty_store.url, "verify").exit_code == 0


DATES = [
    ("20240619", "2024-06-19", "2024-06-19", "2024-06-19", None),
    ("20240618", "2024-06-18", "2024-06-18", "2024-06-18", None),
    ("20240612", "2024-06-10~/2024-06-16~", "2024-06-10", "2024-06-16", "last week"),
    ("20240520", "2024-05~", "2024-05-01", "2024-05-31", "last month"),
    ("20230620", "2023~", "2023-01-01", "2023-12-31", "last year"),
    ("20240601", "2024-06-01?", "2024-06-01", "2024-06-01", "far from"),
    ("20240620", "2024-06-20?", "2024-06-20", "2024-06-20", "far from"),
    ("20240500", "2024-05", "2024-05-01", "2024-05-31", "no day"),
    ("2023", "2023", "2023-01-01", "2023-12-31", "no day"),
]


@pytest.mark.parametrize(("coded", "edtf", "earliest", "latest", "noted"), DATES)
def test_coded_offset_becomes_week_month_or_year(
    coded: str, edtf: str, earliest: str, latest: str, noted: str | None
) -> None:
    counts = Counts()

    row = gdelt_lines.parse_event(event(SQLDATE=coded).encode(), counts).row

    assert (row.date, row.earliest, row.latest) == (edtf, earliest, latest)
    assert [noted in reason for reason in counts.reasons if noted] == [True] * (noted is not None)


def test_month_or_year_extends_to_coded_day() -> None:
    month = event(SQLDATE="20241001", DATEADDED="20241031000000")
    year = event(SQLDATE="20200101", DATEADDED="20201231000000")

    dates = [gdelt_lines.parse_event(line.encode(), Counts()).row.date for line in (month, year)]

    assert dates == ["2024-09~/2024-10~", "2019~/2020~"]


def test_doubtful_dates_are_counted_and_certain_of_no_day(imported: Imported, empty_writer: TestClient) -> None:
    done = imported(event(1), event(2, SQLDATE="20230620"), event(3, SQLDATE="20230620"))

    assert done == {"taken": 3, 'noted: SQLDATE means "last year"; dated to a year': 2}
    assert len(items(empty_writer, "/events?date=2024-06-19")) == 1
    assert items(empty_writer, "/events?date=2023-06-20") == []
    assert len(items(empty_writer, "/events?date=2023-06-20&date_match=possible")) == 2


COUNTRIES = {"RS": "RU", "UP": "UA", "SF": "ZA", "GM": "DE", "KN": "KP", "GZ": "PS", "KV": "XK", "US": "US", "OS": None}


@pytest.mark.parametrize(("fips", "iso"), COUNTRIES.items())
def test_countries_are_told_in_iso_codes(fips: str, iso: str | None) -> None:
    counts = Counts()

    assert gdelt_lines.parse_event(event(ActionGeo_CountryCode=fips).encode(), counts).row.country == iso
    assert not counts.reasons


def test_countries_are_iso_and_unknown_codes_are_counted(imported: Imported) -> None:
    for code in ISO.values():
        TypeAdapter(Country | None).validate_python(code)

    done = imported(event(1, ActionGeo_CountryCode="Q9"))

    assert done == {"taken": 1, "noted: unknown FIPS country code; taken without a country": 1}


TYPES = {
    "010": "statement",
    "0214": "request",
    "036": "agree",
    "042": "consult",
    "0831": "concede",
    "0841": "retreat",
    "0814": "retreat",
    "094": "accuse",
    "1053": "request",
    "112": "accuse",
    "129": "reject",
    "163": "coerce",
    "1621": "sanction",
    "1711": "coerce",
    "1712": "assault",
    "175": "assault",
    "191": "coerce",
    "190": "assault",
    "2042": "assault",
}


@pytest.mark.parametrize(("code", "kind"), TYPES.items())
def test_types_are_plovers_and_the_code_stands_in_the_title(code: str, kind: str) -> None:
    row = gdelt_lines.parse_event(event(EventCode=code).encode(), Counts()).row

    assert row.type == kind
    assert row.title.endswith(f" (CAMEO {code})")


@pytest.mark.parametrize(
    ("actors", "title"),
    [
        (("RUSSIA", ""), "Russia: "),
        (("", "THE EU"), "Unnamed – The EU: "),
        (("", ""), "Unnamed: "),
        (("CÔTE D'IVOIRE", "U.S."), "Côte D'ivoire – U.S.: "),
    ],
)
def test_a_title_names_the_actors(actors: tuple[str, str], title: str) -> None:
    line = event(Actor1Name=actors[0], Actor2Name=actors[1])

    assert gdelt_lines.parse_event(line.encode(), Counts()).row.title.startswith(title)


BAD_EVENTS = {
    "not 61 columns": event(1) + "\t",
    "GLOBALEVENTID is no number": event(1, GLOBALEVENTID=""),
    "SQLDATE is no date": event(1, SQLDATE="20240231"),
    "no CAMEO code": event(1, EventCode="---"),
    "the coordinates are no decimal degrees": event(1, ActionGeo_Lat="46#.7"),
    "the coordinates are not on earth": event(1, ActionGeo_Long="181"),
    "the time of recording is no YYYYMMDDHHMMSS": event(1, DATEADDED="20240619"),
    "holds NUL, which cannot be stored": event(1, Actor1Name="A\0B"),
}
BAD_MENTIONS = {
    "not 16 columns": mention(1) + "\t",
    "MentionIdentifier is no web address": mention(1, MentionIdentifier="the herald, page 3"),
    "unknown MentionType": mention(1, MentionType="9"),
    "Confidence is above 100": mention(1, Confidence="101"),
    "SentenceID is no number": mention(1, SentenceID="-1"),
}


@pytest.mark.parametrize(("kind", "bad"), [("export", BAD_EVENTS), ("mentions", BAD_MENTIONS)])
def test_bad_line_is_rejected_with_reason_others_stored(
    dateline: Dateline, empty_store: Store, tmp_path: Path, kind: str, bad: dict[str, str]
) -> None:
    write(tmp_path / "0.export.CSV", [event(2)])
    good = {"export": event(3), "mentions": mention(2)}[kind]
    path = write(tmp_path / f"1.{kind}.CSV", [*bad.values(), good])
    path.write_bytes(path.read_bytes() + b"\xff\t\n")

    done = dateline(empty_store.url, "import", "0.export.CSV", path.name)

    assert done.exit_code == 0
    assert summary(done.stdout)["rejected"] == len(bad) + 1
    assert f"{len(bad) + 1} lines were refused: see {path.name}.rejects" in done.stdout
    entries = [json.loads(line) for line in (tmp_path / f"{path.name}.rejects").read_text().splitlines()]
    assert [entry["reason"] for entry in entries] == [*bad, "not UTF-8"]
    assert [entry["record"] for entry in entries[:-1]] == list(bad.values())
    assert [entry["line"] for entry in entries] == [*range(1, len(bad) + 1), len(bad) + 2]


def test_a_refused_line_can_be_mended_and_read(imported: Imported, tmp_path: Path, empty_writer: TestClient) -> None:
    imported(event(1, ActionGeo_Lat="46#.7"))
    [entry] = map(json.loads, (tmp_path / "0.export.CSV.rejects").read_text().splitlines())

    assert imported(entry["record"].replace("46#.7", "46.7")) == {"taken": 1}
    assert only(empty_writer, "/events")["place"]["latitude"] == 46.7


def test_event_without_web_report_is_stored_without_it(imported: Imported, empty_writer: TestClient) -> None:
    done = imported(event(1, SOURCEURL="BBC Monitoring"))

    assert done == {"taken": 1, "noted: SOURCEURL is no web address; taken without a report": 1}
    assert only(empty_writer, "/events")["sources"] == []


def test_a_mention_is_a_report_with_the_surety_of_the_coder(imported: Imported, empty_writer: TestClient) -> None:
    imported(event(1))
    elsewhere = {"MentionIdentifier": "http://daily.example/a?utm_source=x", "SentenceID": "12", "Confidence": "20"}
    spanish = {"MentionDocTranslationInfo": "srclc:spa;eng:GT-SPA 1.0", "MentionTimeDate": "20240620000000"}

    assert imported(mention(1), mention(1, **elsewhere, **spanish), kind="mentions") == {"changed": 1, "taken": 1}

    first, second = items(empty_writer, "/reports")
    assert (first["role"], first["confidence"], first["date"]["edtf"]) == ("main", 0.8, "2024-06-19")
    assert (second["role"], second["confidence"], second["date"]) == ("background", 0.2, None)
    document = empty_writer.get(f"/documents/{second['document']['id']}").json()
    assert (document["canonical_url"], document["language"]) == ("http://daily.example/a", "es")
    assert document["published_at"] == "2024-06-20T00:00:00Z"
    assert [outlet["slug"] for outlet in only(empty_writer, "/events")["sources"]] == [
        "herald-example",
        "daily-example",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "identifier", "expected"),
    [
        ("2", "BBC Monitoring", "Voice of Nowhere, 19 June", ("bbc-monitoring", "organization", None)),
        ("5", "JSTOR", "10.2307/12345", ("jstor", "organization", None)),
        ("6", "Channel 9", "https://tv.example/9", ("channel-9", "broadcaster", "https://tv.example/9")),
    ],
)
def test_a_mention_in_print_or_on_the_air_is_its_outlets(
    imported: Imported, empty_writer: TestClient, kind: str, name: str, identifier: str, expected: tuple[str, str, str]
) -> None:
    imported(event(1, SOURCEURL=""))

    done = imported(mention(1, MentionType=kind, MentionSourceName=name, MentionIdentifier=identifier), kind="mentions")

    assert done == {"taken": 1}
    source, document = only(empty_writer, "/sources"), only(empty_writer, "/documents")
    assert (source["slug"], source["kind"], document["url"]) == expected
    assert document["title"] == (None if expected[2] else identifier)


LATE = "20240619103000"
EXPORT = [event(1), event(2, IsRootEvent="0"), event(3, SOURCEURL="")]
MENTIONS = [
    mention(1),
    mention(1, MentionIdentifier="https://daily.example/1", Confidence="40", SentenceID="9"),
    mention(1, MentionIdentifier="https://daily.example/1", Confidence="60", SentenceID="3", MentionTimeDate=LATE),
    mention(2, SentenceID="20", Confidence="100", MentionDocTranslationInfo="srclc:fra;eng:GT-FRA 1.0"),
    mention(3, MentionIdentifier="https://www.herald.example/news/1", Confidence="10"),
    mention(99),
]


def state(client: TestClient) -> dict[str, list[str]]:
    """All that the API tells of events, outlets, documents and reports, but for ids, revisions and their order."""
    return {
        noun: sorted(map(bare, items(client, f"/{noun}"))) for noun in ("events", "sources", "documents", "reports")
    }


def bare(item: Item) -> str:
    if "sources" in item:
        item["sources"].sort(key=lambda outlet: outlet["slug"])
    return re.sub(r'"(id|revision)": \d+', r'"\1": 0', json.dumps(item))


def test_files_may_come_in_any_order_and_again(
    application: FastAPI, backend: str, templates: Templates, imported: Imported, dateline: Dateline, tmp_path: Path
) -> None:
    write(tmp_path / "a.export.CSV", EXPORT[:1])
    write(tmp_path / "b.export.CSV", EXPORT[1:])
    write(tmp_path / "c.mentions.CSV", MENTIONS[:3])
    write(tmp_path / "d.mentions.CSV", MENTIONS[3:])
    states = []
    for order in ("abcd", "dcba", "cadb"):
        with templates.copy(backend, "migrated") as store:
            names = [next(path.name for path in tmp_path.glob(f"{letter}.*")) for letter in order]
            done = dateline(store.url, "import", *names)
            assert done.exit_code == 0, done.output
            assert "1 mentions wait for events that no file has brought yet." in done.stdout
            with talking_to(application, store) as client:
                states.append(state(client))
                revisions = len(items(client, "/revisions"))
                again = dateline(store.url, "import", "--again", *names)
                assert set(summary(again.stdout)) <= {"unchanged", "waiting"} | {
                    name for name in summary(again.stdout) if name.startswith("noted")
                }
                assert (len(items(client, "/revisions")), state(client)) == (revisions, states[0])

    assert states[1:] == states[:1] * 2


def test_a_mention_waits_for_its_event(imported: Imported, empty_writer: TestClient) -> None:
    assert imported(mention(5), mention(5), mention(6), kind="mentions") == {"waiting": 3}
    assert items(empty_writer, "/documents") == []

    assert imported(event(5)) == {"taken": 1, "noted: mentions that had waited for their event": 1}

    report = only(empty_writer, "/reports")
    assert (report["document"]["url"], report["confidence"]) == ("https://www.herald.example/news/5", 0.8)


def test_outlets_that_are_there_are_found(imported: Imported, writer: TestClient, store: Store) -> None:
    before = len(items(writer, "/sources?limit=500"))
    writer.post("/sources", json={"name": "The Daily", "kind": "newspaper", "aliases": ["Daily.example"]})
    writer.post("/sources", json={"name": "Slug", "kind": "newspaper", "slug": "slug-example"})
    urls = ["https://meduza.io/a", "http://www.meduza.io/b", "https://www.daily.example/", "https://slug.example/1"]

    imported(*(event(number, SOURCEURL=url) for number, url in enumerate(urls, 1)), store=store)

    assert len(items(writer, "/sources?limit=500")) == before + 2
    slugs = {item["url"]: item["source"]["slug"] for item in items(writer, "/documents")}
    assert [slugs[url] for url in urls] == ["meduza", "meduza", "the-daily", "slug-example"]


def test_outlets_with_one_slug_are_two(imported: Imported, empty_writer: TestClient) -> None:
    imported(event(1, SOURCEURL="https://a-b.example/1"))
    imported(event(2, SOURCEURL="https://a.b.example/1"), event(3, SOURCEURL="https://a--b.example/1"))

    assert {item["name"]: item["slug"] for item in items(empty_writer, "/sources")} == {
        "a-b.example": "a-b-example",
        "a.b.example": "a-b-example-2",
        "a--b.example": "a-b-example-3",
    }


def test_a_captured_text_is_the_document_of_its_address(imported: Imported, empty_writer: TestClient) -> None:
    empty_writer.post(
        "/sources", json={"name": "The Herald", "slug": "herald", "kind": "newspaper", "aliases": ["herald.example"]}
    )
    body = {"source": "herald", "url": "https://www.herald.example/news/1", "text": "They signed."}
    document = empty_writer.post("/documents", json=body).json()

    imported(event(1))
    imported(mention(1), kind="mentions")

    report = only(empty_writer, "/reports")
    assert (report["document"]["id"], report["confidence"]) == (document["id"], 0.8)
    assert only(empty_writer, "/documents")["revision"] == document["revision"]


def test_changed_event_is_updated_and_keeps_history(imported: Imported, empty_writer: TestClient) -> None:
    imported(event(1), event(2))

    assert imported(event(1, EventCode="190", ActionGeo_Lat=""), event(2, EventCode="190")) == {
        "changed": 1,
        "rejected": 1,
        "rejected: the coordinates are no decimal degrees": 1,
    }

    second = next(item for item in items(empty_writer, "/events") if item["external_id"] == "gdelt:2")
    now, past = items(empty_writer, f"/events/{second['id']}/history")
    assert (past["snapshot"]["type"], now["snapshot"]["type"]) == ("support", "assault")
    assert (past["operation"], now["operation"], now["author"]) == ("create", "update", "dateline import")
    assert now["message"] == "Import of 1.export.CSV"
    assert past["snapshot"].keys() == now["snapshot"].keys()
    assert items(empty_writer, "/search?q=conventional")[0]["id"] == second["id"]
    assert [hit["id"] for hit in items(empty_writer, "/search?q=agreement")] == [1]


def test_what_a_person_has_read_stays(imported: Imported, empty_writer: TestClient) -> None:
    imported(event(1))
    loaded = only(empty_writer, "/events")
    empty_writer.patch(f"/events/{loaded['id']}", json={"title": "A treaty is signed", "coded_by": "human"})

    assert imported(event(1, EventCode="190")) == {
        "skipped": 1,
        "skipped: read or corrected by a person": 1,
    }
    assert only(empty_writer, "/events")["title"] == "A treaty is signed"


FIELDS = st.text(max_size=12) | st.sampled_from(
    ["", "0", "-1", "999999999999999999999", "20240230", "1e5", "nan", "\t"]
)


@for_all(columns=st.dictionaries(st.sampled_from(EVENT), FIELDS, max_size=3))
def test_what_is_taken_the_api_would_take(columns: dict[str, str]) -> None:
    try:
        row = gdelt_lines.parse_event(event(1, **columns).encode(errors="surrogatepass"), Counts()).row
    except Rejected:
        return

    names = EventCreate.model_fields.keys() & row._fields
    EventCreate.model_validate({name: getattr(row, name) for name in names})


@for_all(columns=st.dictionaries(st.sampled_from(MENTION), FIELDS, max_size=3))
def test_a_mention_is_read_or_rejected(columns: dict[str, str]) -> None:
    try:
        parsed = gdelt_lines.parse_mention(mention(1, **columns).encode(errors="surrogatepass"), Counts())
    except Rejected:
        return

    assert parsed.outlet.name
    assert parsed.document.canonical_url or parsed.document.title
    assert 0 <= (parsed.report.confidence or 0) <= 1
