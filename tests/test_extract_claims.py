"""Test the plain claims of texts: extracted ones, ignored ones, those of the seed, and those in the store."""

import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from hypothesis import strategies as st

from app.core.dates import parse_edtf
from app.core.quantities.notation import parse_quantity
from app.core.spans import Span
from app.core.vocab import SpeakerKind, StatementKind
from app.extract.claims.claims import find_claims
from app.extract.findings import ExtractedClaim, ExtractedStatement, Extraction, Grade, Voice
from app.extract.page import layout
from tests.conftest import Store
from tests.properties import for_all
from tests.test_cli import Dateline, dateline
from tests.test_extract_seed import SEED, load_documents
from tests.test_reading import older, put, reported

__all__ = ["dateline"]  # the fixture


def find(
    text: str, *, title: str = "", day: str = "2024-05-07", findings: tuple[ExtractedStatement, ...] = ()
) -> list[ExtractedClaim]:
    """Return the claims of an article about an event of its day."""
    article = layout.parse_layout(text, None).get_spans(layout.Role.TEXT)
    return list(find_claims(text, None, article, findings, title=title, happened=day, written=day))


def list_claims(text: str, **context: Any) -> list[tuple[str, str, str, str]]:
    return [
        (claim.property, text[claim.span.start : claim.span.end], claim.normalized, claim.unit)
        for claim in find(text, **context)
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
def test_plain_claims_are_extracted(text: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert list_claims(text, title=text) == expected


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
def test_claims_not_plain_or_of_another_time_are_ignored(text: str) -> None:
    assert list_claims(text, title=text) == []


def test_off_topic_claims_are_only_suggestions() -> None:
    text = "The senator spoke of the economy.\n\nShe was cheered.\n\nShe recalled that the storm killed 40 people."

    aside, subject = find(text, title="Senator speaks"), find(text, title="Storm kills 40")

    assert [claim.confidence < 0.5 for claim in aside] == [True]
    assert [claim.confidence >= 0.5 for claim in subject] == [True]


def test_claim_has_the_voice_of_the_innermost_statement() -> None:
    text = "The mayor says the governor said 12 people were killed in the fire. It killed 12 people."
    mayor, governor = (Voice(name, SpeakerKind.PERSON) for name in ("mayor", "governor"))
    outer, inner = Span(text.index("the governor"), text.index(".")), Span(text.index("12"), text.index("."))
    findings = tuple(
        ExtractedStatement((span,), StatementKind.INDIRECT, grade, 0.8, "rule", voice)
        for span, grade, voice in ((outer, Grade.STRICT, mayor), (inner, Grade.STRICT, governor))
    )

    assert [claim.voice for claim in find(text, findings=findings)] == [governor, None]


@cache
def seed() -> tuple[tuple[dict[str, Any], Extraction], ...]:
    noted = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((SEED / "documents").glob("*.yaml"))]
    return tuple(zip(noted, (claim.extraction for claim in load_documents()), strict=True))


def by_hand(noted: dict[str, Any]) -> Iterator[tuple[str, int, int, str, str | None]]:
    """Return the claims that a person coded of the summit, with their words, values and voices."""
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


def test_claims_extracted_from_the_seed_match_coded_ones() -> None:
    number = 0
    for noted, reading in seed():
        hand = {claim[:3]: claim[3:] for claim in by_hand(noted)}
        for claim in reading.claims:
            normalized, voice = hand[claim.property, claim.span.start, claim.span.end]
            assert claim.normalized.lstrip("~") == normalized
            assert (claim.voice is None) == (voice is None)
            number += 1

    assert number >= 19


def test_over_half_of_the_summits_coded_claims_are_extracted() -> None:
    hand = [claim for noted, _ in seed() for claim in by_hand(noted) if not claim[0].endswith("_wording")]
    machine = sum(len(reading.claims) for _, reading in seed())

    assert machine / len(hand) > 0.55


@for_all(st.text(max_size=400))
def test_any_text_yields_only_valid_claims(text: str) -> None:
    for claim in find(text, title=text):
        assert 0 <= claim.span.start < claim.span.end <= len(text)
        assert claim.unit in ("edtf", "name") or parse_quantity(claim.normalized)
        assert claim.unit != "edtf" or parse_edtf(claim.normalized)


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
def test_hostile_text_takes_limited_time(text: str) -> None:
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
    """Return the claims of a document, by property and words."""
    some = client.get("/claims", params={"limit": 500}).json()["items"]
    return {f"{claim['property']}: {claim['value']}": claim for claim in some if claim["document"]["id"] == document}


def test_extracted_claims_belong_to_the_events_report(writer: TestClient) -> None:
    document = put(writer, QUAKE, title="Quake kills dozens in Oldland")

    claims_by_name = of_document(writer, document)

    read_back = {
        name: (claim["normalized"], claim["unit"], claim["coded_by"]) for name, claim in claims_by_name.items()
    }
    assert read_back == {
        "fatalities: dozens": ("24..99", "people", "machine"),
        "fatalities: at least 24 people": ("24..", "people", "machine"),
        "injured: about 100": ("~100", "people", "machine"),
        "missing: Two children": ("2", "children", "machine"),
    }
    assert {claim["report_id"] for claim in claims_by_name.values()} == {reported(writer, document)[0]["id"]}
    assert claims_by_name["missing: Two children"]["attributed_to"]["name"] == "Jane Doe"
    assert all(claim["span"]["exact"] == claim["value"] for claim in claims_by_name.values())


def test_new_extraction_keeps_ids_and_removes_lost_claims(writer: TestClient, store: Store, dateline: Dateline) -> None:
    document = put(writer, QUAKE, title="Quake kills dozens in Oldland")
    before = of_document(writer, document)
    killed, injured = before["fatalities: at least 24 people"], before["injured: about 100"]
    stray = {"report": killed["report_id"], "property": "cost", "span": {"exact": "Oldland on"}, "coded_by": "machine"}
    assert writer.post("/claims", json=stray).status_code == 201
    writer.patch(f"/claims/{killed['id']}", json={"normalized": "20..", "coded_by": "machine"})
    writer.patch(f"/claims/{injured['id']}", json={"normalized": "~99"})
    older(store, document)

    dateline(store.url, "extract", "--again")

    after = of_document(writer, document)
    assert after.keys() == before.keys()
    assert {name: claim["id"] for name, claim in after.items()} == {name: claim["id"] for name, claim in before.items()}
    assert after["fatalities: at least 24 people"]["normalized"] == "24.."
    assert (after["injured: about 100"]["normalized"], after["injured: about 100"]["coded_by"]) == ("~99", "human")
    assert after["missing: Two children"]["revision"] == before["missing: Two children"]["revision"]


def test_rejected_claim_is_not_extracted_again(writer: TestClient, store: Store, dateline: Dateline) -> None:
    document = put(writer, QUAKE, title="Quake kills dozens in Oldland")
    before = of_document(writer, document)
    verdict = {"noun": "claims", "id": before.pop("fatalities: dozens")["id"], "verdict": "reject"}
    answer = writer.post("/review", json={"verdicts": [verdict]})
    assert answer.status_code == 200, answer.text
    older(store, document)

    dateline(store.url, "extract", "--again")

    assert of_document(writer, document).keys() == before.keys()


def test_persons_report_gets_claims_beside_the_persons_own(
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
    claims_by_name = {name: claim["coded_by"] for name, claim in of_document(writer, one).items()}
    assert claims_by_name.pop("fatalities: 24 people") == "human"
    assert "fatalities: at least 24 people" not in claims_by_name
    assert set(claims_by_name.values()) == {"machine"}
    assert "injured: about 100" in claims_by_name


def test_different_counts_of_two_outlets_are_a_discrepancy(writer: TestClient) -> None:
    put(writer, QUAKE, title="Quake kills dozens in Oldland")
    other = QUAKE.replace("at least 24", "fewer than 20").replace("about 100", "140")
    second = put(writer, other, title="Quake kills dozens in Oldland", source="naenara")
    event = reported(writer, second)[0]["event"]["id"]

    find = {claim["property"]: claim for claim in writer.get(f"/events/{event}/discrepancies").json()["items"]}

    assert find["fatalities"]["agreement"] == "conflict"
    assert find["fatalities"]["value_labels"] == ["<20 people", "24.. people", "24..99 people"]
    assert (find["injured"]["agreement"], find["injured"]["value_labels"]) == ("unclear", ["~100 people", "140 people"])
