"""Plain claims read off texts: what is found, what is left alone, the seed's, and what the store makes of them."""

import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.dates import parse_edtf
from app.core.quantities.notation import parse_quantity
from app.core.spans import Span
from app.core.vocab import SpeakerKind, StatementKind
from app.extract.claims.claims import find_claims
from app.extract.findings import ExtractedClaim, ExtractedStatement, Extraction, Grade, Voice
from app.extract.page import layout
from tests.conftest import Store
from tests.test_cli import Dateline, dateline
from tests.test_extract_seed import SEED, load_documents
from tests.test_reading import older, put, reported

__all__ = ["dateline"]  # the fixture


def found(
    text: str, *, title: str = "", day: str = "2024-05-07", findings: tuple[ExtractedStatement, ...] = ()
) -> list[ExtractedClaim]:
    """The claims of an article; what it tells of happened on its day."""
    article = layout.parse_layout(text, None).get_spans(layout.Role.TEXT)
    return list(find_claims(text, None, article, findings, title=title, happened=day, written=day))


def told(text: str, **given_: Any) -> list[tuple[str, str, str, str]]:
    return [
        (each.property, text[each.span.start : each.span.end], each.normalized, each.unit)
        for each in found(text, **given_)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A quake killed at least 550 people in Oldland.", [("fatalities", "at least 550 people", "550..", "people")]),
        ("Seven soldiers were killed on Monday.", [("fatalities", "Seven soldiers", "7", "soldiers")]),
        ("Gunmen shot dead 12 police officers.", [("fatalities", "12 police officers", "12", "police officers")]),
        ("The death toll passes 900.", [("fatalities", "passes 900", ">900", "people")]),
        ("The death toll rose to 41, officials said.", [("fatalities", "41", "41", "people")]),
        ("The bus crash left dozens of people dead.", [("fatalities", "dozens of people", "24..99", "people")]),
        (
            "The blast killed 3 people and injured nearly 40 others.",
            [("fatalities", "3 people", "3", "people"), ("injured", "nearly 40 others", "~40", "people")],
        ),
        ("12 were injured in the fire.", [("injured", "12", "12", "people")]),
        ("Between 20 and 30 miners are missing.", [("missing", "Between 20 and 30 miners", "20..30", "miners")]),
        ("Police arrested two suspects.", [("arrested", "two suspects", "2", "suspects")]),
        ("About 1,000 residents were evacuated.", [("displaced", "About 1,000 residents", "~1000", "residents")]),
        (
            "Tens of thousands of protesters marched through Oldtown.",
            [("participants", "Tens of thousands of protesters", "20000..99999", "protesters")],
        ),
        ("He spoke to a crowd of some 5,000 people.", [("participants", "some 5,000 people", "~5000", "people")]),
        ("The talks lasted about two hours.", [("duration", "about two hours", "~2", "hours")]),
        ("They met for a two-day summit.", [("duration", "two-day", "2", "days")]),
        ("He was sentenced to 12 years in prison.", [("sentence", "12 years", "12", "years")]),
        (
            "The ministers signed a 10-year trade agreement on Monday.",
            [
                ("term", "10-year", "10", "years"),
                ("document_name", "10-year trade agreement", "agreement", "name"),
                ("signing_date", "Monday", "2024-05-06", "edtf"),
            ],
        ),
        (
            "They adopted the Treaty on Fishing and Trade today.",
            [
                ("document_name", "Treaty on Fishing and Trade", "treaty", "name"),
                ("signing_date", "today", "2024-05-07", "edtf"),
            ],
        ),
        ("It was her first visit since 2000.", [("last_visit", "2000", "2000", "edtf")]),
        ("He visited Oldland for the first time since July 2000.", [("last_visit", "July 2000", "2000-07", "edtf")]),
        ("It is his first visit in 24 years.", [("last_visit", "24 years", "2000~", "edtf")]),
        (
            "It is his first visit in over two decades.",
            [("last_visit", "over two decades", "1994-05~/2004-05~", "edtf")],
        ),
        ("The leaders met in Geneva on Monday.", [("place", "Geneva", "Geneva", "name")]),
        ("The bank was fined $4.5 million.", [("amount", "$4.5 million", "4500000", "dollars")]),
    ],
)
def test_what_is_plain_is_read(text: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert told(text, title=text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The bomb could have killed 500 people.",
        "The storm may leave 100 people dead.",
        "Nobody was killed, and no 5 people were injured.",
        "In 2011, a blast killed 40 people there.",
        "Last year 40 people were killed on this road.",
        "A flood killed 40 people ten years ago.",
        "On March 3 the police arrested 12 men.",
        "The fire kills 12 people every year.",
        "Smoking kills 480,000 people annually.",
        "Did the attack kill 12 people?",
        "The police killed two hours of traffic.",
        "He killed 19-year-old John Roe.",
        "The team killed off a 2-1 lead.",
        "About 12 percent of them were injured.",
        "In 2024 people were killed.",
        "He refused to sign the trade agreement.",
        "They plan to sign a trade agreement.",
        "The agreement says nothing of 30 soldiers.",
        "He had lasted ten years in office.",
        "She was elected for the first time since 2000.",
        "The house cost $4.5 million.",
    ],
)
def test_what_is_not_plain_or_of_another_time_is_left_alone(text: str) -> None:
    assert told(text, title=text) == []


def test_what_an_article_is_not_about_is_a_suggestion_at_most() -> None:
    text = "The senator spoke of the economy.\n\nShe was cheered.\n\nShe recalled that the storm killed 40 people."

    aside, subject = found(text, title="Senator speaks"), found(text, title="Storm kills 40")

    assert [each.confidence < 0.5 for each in aside] == [True]
    assert [each.confidence >= 0.5 for each in subject] == [True]


def test_a_claim_has_the_voice_of_the_innermost_statement_around_it() -> None:
    text = "The mayor says the governor said 12 people were killed in the fire. It killed 12 people."
    mayor, governor = (Voice(name, SpeakerKind.PERSON) for name in ("mayor", "governor"))
    outer, inner = Span(text.index("the governor"), text.index(".")), Span(text.index("12"), text.index("."))
    findings = tuple(
        ExtractedStatement((span,), StatementKind.INDIRECT, grade, 0.8, "rule", voice)
        for span, grade, voice in ((outer, Grade.STRICT, mayor), (inner, Grade.STRICT, governor))
    )

    assert [each.voice for each in found(text, findings=findings)] == [governor, None]


@cache
def seed() -> tuple[tuple[dict[str, Any], Extraction], ...]:
    noted = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((SEED / "documents").glob("*.yaml"))]
    return tuple(zip(noted, (each.extraction for each in load_documents()), strict=True))


def by_hand(noted: dict[str, Any]) -> Iterator[tuple[str, int, int, str, str | None]]:
    """The claims that a person read of the summit: what stands where, as what, by whom."""
    for report in noted["reports"]:
        for claim in report.get("claims", ()):
            if report["event"] == "seed:pyongyang-summit-2024":
                span = claim["span"]
                yield (
                    claim["property"],
                    span["start"],
                    span["end"],
                    str(claim.get("normalized")),
                    claim.get("attributed_to"),
                )


def test_all_that_the_machine_claims_of_the_seed_a_person_claimed_too_and_of_the_same_event() -> None:
    number = 0
    for noted, reading in seed():
        hand = {each[:3]: each[3:] for each in by_hand(noted)}
        for claim in reading.claims:
            normalized, voice = hand[claim.property, claim.span.start, claim.span.end]
            assert claim.normalized.lstrip("~") == normalized
            assert (claim.voice is None) == (voice is None)
            number += 1

    assert number >= 19


def test_more_than_half_of_the_names_dates_and_numbers_of_the_summit_are_found() -> None:
    hand = [each for noted, _ in seed() for each in by_hand(noted) if not each[0].endswith("_wording")]
    machine = sum(len(reading.claims) for _, reading in seed())

    assert machine / len(hand) > 0.55


@given(st.text(max_size=400))
def test_no_text_is_too_much(text: str) -> None:
    for each in found(text, title=text):
        assert 0 <= each.span.start < each.span.end <= len(text)
        assert each.unit in ("edtf", "name") or parse_quantity(each.normalized)
        assert each.unit != "edtf" or parse_edtf(each.normalized)


HOSTILE = [
    "killed 5 people. " * 20_000,
    "signed a " * 30_000,
    "signed a treaty " * 20_000,
    "first visit " * 30_000,
    "death toll from " * 20_000,
    "the " * 100_000,
    "the treaty of A " * 20_000,
    "visit to " * 40_000,
    "1" * 300_000,
    "first visit in 9999999999999 years. " * 2_000,
    "killed " + "a" * 200_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_a_hostile_text_is_read_in_good_time(text: str) -> None:
    started = time.process_time()
    some = find_claims(text, None, [Span(0, len(text))], (), title=text[:500], happened="2024", written="2024")

    assert len(some) <= 210
    assert time.process_time() - started < 5


# The store


QUAKE = """Quake kills dozens in Oldland

OLDTOWN, May 6 — An earthquake killed at least 24 people and injured about 100 in Oldland on Monday.

“Two children are missing,” said Mayor Jane Doe.
"""


def of_document(client: TestClient, document: int) -> dict[str, Any]:
    """The claims of a document, by property and words."""
    some = client.get("/claims", params={"limit": 500}).json()["items"]
    return {f"{each['property']}: {each['value']}": each for each in some if each["document"]["id"] == document}


def test_what_is_read_stands_on_the_report_of_the_event_and_is_the_machines(writer: TestClient) -> None:
    document = put(writer, QUAKE, title="Quake kills dozens in Oldland")

    there = of_document(writer, document)

    shown = {name: (each["normalized"], each["unit"], each["coded_by"]) for name, each in there.items()}
    assert shown == {
        "fatalities: dozens": ("24..99", "people", "machine"),
        "fatalities: at least 24 people": ("24..", "people", "machine"),
        "injured: about 100": ("~100", "people", "machine"),
        "missing: Two children": ("2", "children", "machine"),
    }
    assert {each["report"] for each in there.values()} == {reported(writer, document)[0]["id"]}
    assert there["missing: Two children"]["attributed_to"]["name"] == "Jane Doe"
    assert all(each["span"]["exact"] == each["value"] for each in there.values())


def test_read_again_a_claim_keeps_its_id_and_what_is_found_no_more_goes(
    writer: TestClient, store: Store, dateline: Dateline
) -> None:
    document = put(writer, QUAKE, title="Quake kills dozens in Oldland")
    before = of_document(writer, document)
    killed, injured = before["fatalities: at least 24 people"], before["injured: about 100"]
    stray = {"report": killed["report"], "property": "cost", "span": {"exact": "Oldland on"}, "coded_by": "machine"}
    assert writer.post("/claims", json=stray).status_code == 201
    writer.patch(f"/claims/{killed['id']}", json={"normalized": "20..", "coded_by": "machine"})
    writer.patch(f"/claims/{injured['id']}", json={"normalized": "~99"})
    older(store, document)

    dateline(store.url, "extract", "--again")

    after = of_document(writer, document)
    assert after.keys() == before.keys()
    assert {name: each["id"] for name, each in after.items()} == {name: each["id"] for name, each in before.items()}
    assert after["fatalities: at least 24 people"]["normalized"] == "24.."
    assert (after["injured: about 100"]["normalized"], after["injured: about 100"]["coded_by"]) == ("~99", "human")
    assert after["missing: Two children"]["revision"] == before["missing: Two children"]["revision"]


def test_a_claim_that_a_person_rejected_does_not_come_back(
    writer: TestClient, store: Store, dateline: Dateline
) -> None:
    document = put(writer, QUAKE, title="Quake kills dozens in Oldland")
    before = of_document(writer, document)
    verdict = {"noun": "claims", "id": before.pop("fatalities: dozens")["id"], "verdict": "reject"}
    answer = writer.post("/review", json={"verdicts": [verdict]})
    assert answer.status_code == 200, answer.text
    older(store, document)

    dateline(store.url, "extract", "--again")

    assert of_document(writer, document).keys() == before.keys()


def test_a_persons_report_gets_the_machines_claims_where_no_claim_of_the_person_stands(
    writer: TestClient, store: Store, dateline: Dateline
) -> None:
    event = writer.post("/events", json={"title": "Quake", "date": "2024-05-06", "type": "aid"}).json()["id"]
    hand = {"property": "fatalities", "span": {"exact": "24 people"}, "normalized": "24..", "unit": "people"}
    one, several = (
        put(writer, QUAKE, title=f"Quake {number}", extract=False, reports=reports)
        for number, reports in enumerate(
            [[{"event": event, "claims": [hand]}], [{"event": event}, {"event": "seed:kursk-2025"}]]
        )
    )

    dateline(store.url, "extract", str(one), str(several))

    assert of_document(writer, several) == {}
    there = {name: each["coded_by"] for name, each in of_document(writer, one).items()}
    assert there.pop("fatalities: 24 people") == "human"
    assert "fatalities: at least 24 people" not in there
    assert set(there.values()) == {"machine"}
    assert "injured: about 100" in there


def test_two_outlets_that_count_differently_are_seen_side_by_side(writer: TestClient) -> None:
    put(writer, QUAKE, title="Quake kills dozens in Oldland")
    other = QUAKE.replace("at least 24", "fewer than 20").replace("about 100", "140")
    second = put(writer, other, title="Quake kills dozens in Oldland", source="naenara")
    event = reported(writer, second)[0]["event"]["id"]

    found = {each["property"]: each for each in writer.get(f"/events/{event}/discrepancies").json()["items"]}

    assert found["fatalities"]["verdict"] == "conflict"
    assert found["fatalities"]["values"] == ["<20 people", "24.. people", "24..99 people"]
    assert (found["injured"]["verdict"], found["injured"]["values"]) == ("unclear", ["~100 people", "140 people"])
