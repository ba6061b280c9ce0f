"""``dateline import`` of ACLED's export."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import strategies as st

from app.imports.acled import Acled
from app.imports.progress import Counts
from app.schemas.claim import ClaimPublic
from app.schemas.document import DocumentFull
from app.schemas.event import EventCreate, EventPublic
from tests.conftest import Store
from tests.data.acled import COLUMNS, Row, row, text, write
from tests.properties import for_all
from tests.test_cli import Dateline, dateline
from tests.test_import_gdelt import items, only, summary

__all__ = ["dateline"]  # the fixture

NEWER, OLDER = "1718900000", "1718700000"

Imported = Callable[..., dict[str, int]]


@pytest.fixture
def imported(dateline: Dateline, empty_store: Store, tmp_path: Path) -> Imported:
    """Import rows into the empty store, and return the summary."""
    files = iter(range(1000))

    def run(*rows: Row) -> dict[str, int]:
        done = dateline(empty_store.url, "import", str(write(tmp_path / f"{next(files)}.csv", rows)))
        assert done.exit_code == 0, done.output
        return summary(done.stdout)

    return run


def test_event_adds_acled_account_and_named_sources(
    imported: Imported, empty_writer: TestClient, dateline: Dateline, empty_store: Store
) -> None:
    assert imported(row(7)) == {"taken": 1}

    loaded = only(empty_writer, "/events")
    EventPublic.model_validate(loaded)
    assert (loaded["external_id"], loaded["type"], loaded["date"]["edtf"]) == ("acled:KEN7", "assault", "2024-06-18")
    assert loaded["title"] == "Militia of the North – Police Forces of Kenya: Armed clash"
    assert loaded["place"] == {"name": "Lokori", "country": "KE", "latitude": 1.95, "longitude": 36.02}
    assert {outlet["slug"] for outlet in loaded["sources"]} == {"acled", "daily-nation-kenya", "star-radio"}

    claim = only(empty_writer, "/claims")
    ClaimPublic.model_validate(claim)
    assert (claim["property"], claim["value"], claim["normalized"], claim["unit"]) == (
        "fatalities",
        "3",
        "3",
        "persons",
    )
    account = empty_writer.get(f"/documents/{claim['document']['id']}").json()
    DocumentFull.model_validate(account)
    assert account["text"] == f"{row()['notes']}\n\nFatalities: 3"
    assert (account["title"], account["published_at"]) == ("ACLED KEN7", "2024-06-19T12:26:40Z")
    assert dateline(empty_store.url, "verify").exit_code == 0


@pytest.mark.parametrize(
    ("columns", "edtf"),
    [
        ({"time_precision": "1"}, "2024-06-18"),
        ({"event_date": "18 June 2024"}, "2024-06-18"),
        ({"time_precision": "2"}, "2024-06-17~/2024-06-23~"),
        ({"time_precision": "3"}, "2024-06"),
    ],
)
def test_a_date_is_as_precise_as_it_is_said_to_be(
    imported: Imported, empty_writer: TestClient, columns: dict[str, str], edtf: str
) -> None:
    imported(row(1, **columns))

    assert only(empty_writer, "/events")["date"]["edtf"] == edtf


TYPES = {
    ("Protests", "Peaceful protest"): "protest",
    ("Riots", "Mob violence"): "protest",
    ("Explosions/Remote violence", "Air/drone strike"): "assault",
    ("Violence against civilians", "Abduction/forced disappearance"): "assault",
    ("Strategic developments", "Agreement"): "agree",
    ("Strategic developments", "Arrests"): "coerce",
    ("Strategic developments", "Non-violent transfer of territory"): "retreat",
    ("Strategic developments", "Headquarters or base established"): "mobilize",
    ("Strategic developments", "Other"): "coerce",
}
COUNTRIES = {("404", "Kenya"): "KE", ("", "Kenya"): "KE", ("0", "Kosovo"): "XK", ("999", "Nowhere"): None}


def test_types_and_countries_are_those_of_the_store(imported: Imported, empty_writer: TestClient) -> None:
    kinds = [row(number, event_type=kind, sub_event_type=sub) for number, (kind, sub) in enumerate(TYPES)]
    places = [row(100 + number, iso=iso, country=name) for number, (iso, name) in enumerate(COUNTRIES)]

    done = imported(*kinds, *places)

    assert done == {"taken": len(kinds) + len(places), "noted: unknown country; taken without": 1}
    loaded = {item["external_id"]: item for item in items(empty_writer, "/events")}
    assert [loaded[f"acled:KEN{number}"]["type"] for number, _ in enumerate(TYPES)] == [*TYPES.values()]
    assert [loaded[f"acled:KEN{100 + number}"]["place"]["country"] for number, _ in enumerate(COUNTRIES)] == [
        *COUNTRIES.values()
    ]


def test_correction_updates_event_and_account_with_history(imported: Imported, empty_writer: TestClient) -> None:
    imported(row(1), row(2))

    assert imported(row(1, fatalities="5", location="Lodwar", timestamp=NEWER), row(2)) == {
        "changed": 1,
        "unchanged": 1,
    }

    first = next(item for item in items(empty_writer, "/events") if item["external_id"] == "acled:KEN1")
    now, past = items(empty_writer, f"/events/{first['id']}/history")
    assert (past["snapshot"]["place"], now["snapshot"]["place"]) == ("Lokori", "Lodwar")
    claims = items(empty_writer, f"/claims?event={first['id']}")
    assert [claim["value"] for claim in claims] == ["3", "5"]
    earlier, later = (empty_writer.get(f"/documents/{claim['document']['id']}").json() for claim in claims)
    assert (earlier["supersedes_id"], later["supersedes_id"]) == (None, earlier["id"])


def test_a_row_older_than_what_the_store_holds_is_skipped(imported: Imported, empty_writer: TestClient) -> None:
    imported(row(1))
    imported(row(1, location="Lodwar", timestamp=NEWER))

    assert imported(row(1, location="Nairobi", timestamp=OLDER), row(1, timestamp=OLDER)) == {
        "skipped": 2,
        "skipped: older than what the store holds": 2,
    }
    assert imported(row(1, location="Nairobi")) == {"skipped": 1, "skipped: older than what the store holds": 1}
    assert only(empty_writer, "/events")["place"]["name"] == "Lodwar"


def test_of_two_rows_of_one_event_the_newer_counts(imported: Imported, empty_writer: TestClient) -> None:
    done = imported(row(1, fatalities="5", timestamp=NEWER), row(1), row(1, fatalities="9", timestamp=NEWER))

    assert done == {"taken": 1, "unchanged": 1, "skipped": 1, "skipped: older than what the store holds": 1}
    assert only(empty_writer, "/claims")["value"] == "9"


def test_a_later_capture_of_the_same_is_remembered(imported: Imported, empty_writer: TestClient) -> None:
    imported(row(1))

    assert imported(row(1, timestamp=NEWER)) == {"changed": 1}

    account = only(empty_writer, "/documents?source=acled")
    assert account["retrieved_at"] == "2024-06-20T16:13:20Z"
    assert account["published_at"] == account["retrieved_at"]


BAD = {
    "event_id_cnty is no id": {"event_id_cnty": ""},
    "event_date is no date": {"event_date": "June 2024"},
    "event_date is no date ": {"event_date": "0024-06-18", "time_precision": "3"},
    "time_precision is not 1, 2 or 3": {"time_precision": "4"},
    "unknown event_type": {"event_type": "Picnics", "sub_event_type": ""},
    "the coordinates are no decimal degrees": {"latitude": "north"},
    "fatalities is no number": {"fatalities": "several"},
    "timestamp is no number of seconds": {"timestamp": "yesterday"},
}


def test_bad_multiline_row_is_rejected_others_stored(
    dateline: Dateline, empty_store: Store, empty_writer: TestClient, tmp_path: Path
) -> None:
    rows = [row(number, notes="One line,\nand another.", **columns) for number, columns in enumerate(BAD.values())]
    path = tmp_path / "acled.csv"
    content = text([*rows, row(100, notes="Told on\ntwo lines.")]) + "KEN101,2024-06-18\n"
    path.write_text(f"\ufeff{content}", encoding="utf-8", newline="")

    done = dateline(empty_store.url, "import", path.name)

    assert done.exit_code == 0
    assert summary(done.stdout)["taken"] == 1
    entries = [json.loads(line) for line in (tmp_path / "acled.csv.rejects").read_text().splitlines()]
    assert [entry["reason"] for entry in entries] == [*map(str.strip, BAD), "not as many columns as the header"]
    assert [entry["line"] for entry in entries] == [*range(1, len(BAD) + 1), len(BAD) + 2]
    mended = tmp_path / "mended.csv"
    mended.write_text(content.splitlines()[0] + "\n" + entries[0]["record"].replace(",2024", "KEN1,2024", 1) + "\n")
    assert summary(dateline(empty_store.url, "import", mended.name).stdout) == {"taken": 1}
    assert "One line,\nand another." in empty_writer.get("/documents/4").json()["text"]


def test_header_variants_are_read_missing_column_is_named(
    dateline: Dateline, empty_store: Store, tmp_path: Path
) -> None:
    header, rest = text([row(1)], delimiter=";").split("\n", 1)
    (tmp_path / "old.csv").write_text(f"{header.upper()}\n{rest}", newline="")
    (tmp_path / "cut.csv").write_text(text([row(2)], columns=COLUMNS[:-1]), newline="")

    done = dateline(empty_store.url, "import", "old.csv", "cut.csv")

    assert summary(done.stdout) == {"taken": 1}
    assert (done.exit_code, "no column timestamp" in done.stderr) == (1, True)


FIELDS = st.text(max_size=12) | st.sampled_from(
    ["", "0", "-1", "99999999999", "2024-02-30", "9999-12-31", "nan", '"', "a;b;;a", "\n"]
)


@for_all(columns=st.dictionaries(st.sampled_from(COLUMNS), FIELDS, max_size=3))
def test_what_is_taken_the_api_would_take(columns: dict[str, str]) -> None:
    reader, counts, taken = Acled(), Counts(), []
    lines = text([row(1, **columns)]).encode(errors="surrogatepass").splitlines(keepends=True)
    records = list(enumerate(reader.records(iter(lines)), start=1))
    rejected: list[str] = []

    taken = list(reader.parse_rows(records, counts, lambda _number, _record, reason: rejected.append(reason)))

    assert len(taken) + len(rejected) == len(records)
    for parsed in taken:
        names = EventCreate.model_fields.keys() & parsed.event._fields
        EventCreate.model_validate({name: getattr(parsed.event, name) for name in names})
        assert parsed.account.text[parsed.fatalities.start : parsed.fatalities.end] == parsed.fatalities.value
