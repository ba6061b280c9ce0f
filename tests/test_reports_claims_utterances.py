"""``/reports``, ``/claims`` and ``/utterances``: who reports what, where they differ, and what was said once."""

import pytest
from fastapi.testclient import TestClient

from tests.data.lists import Item, event_id, items, read

SUMMIT = "event=seed:pyongyang-summit-2024"


def find(client: TestClient, noun: str, query: str) -> list[Item]:
    return items(client, f"/{noun}?{query}&limit=500")


FILTERS: list[tuple[str, set[str]]] = [
    (SUMMIT, {"the-new-american", "the-final-call", "real-news-india", "meduza", "naenara"}),
    ("event=seed:putin-arrival-2024&role=main", {"the-final-call"}),
    ("event=seed:putin-arrival-2024&role=background,main", {"the-final-call", "meduza"}),
    (f"{SUMMIT}&source=meduza,naenara", {"meduza", "naenara"}),
    (f"{SUMMIT},seed:kursk-2025&source=naenara", {"naenara"}),
    ("event=seed:kursk-2025", {"naenara"}),
    ("role=background&source=real-news-india", {"real-news-india"}),
]


def test_filter_selects_reports(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            assert {report["source"]["slug"] for report in find(reader, "reports", query)} == expected


def test_report_has_its_related_records(reader: TestClient) -> None:
    [report] = find(reader, "reports", "event=seed:putin-pyongyang-visit-2000&source=the-final-call")

    assert report["event"]["title"] == "Putin visits Pyongyang in 2000"
    assert report["event"]["date"]["edtf"] == "2000-07"
    assert report["date"] == {"edtf": "2000", "earliest": "2000-01-01", "latest": "2000-12-31"}
    assert (report["role"], report["claim_count"]) == ("background", 0)
    assert report["passage"]["exact"] == "This was the Russian president’s first visit since 2000."


FILTERS_2: list[tuple[str, set[str]]] = [
    (f"{SUMMIT}&property=last_visit", {"July 2000", "2000", "over two decades"}),
    (f"{SUMMIT}&property=last_visit&source=meduza", {"over two decades"}),
    ("property=duration,term", {"about two hours", "10-Year"}),
    ("event=seed:kursk-2025", {"April", "Kursk"}),
    ("event=seed:kursk-2025,seed:kim-russia-visit-2023&property=date", {"April", "September 2023"}),
    ("property=no_such", set()),
]


def test_filter_selects_claims(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS_2:
        with subtests.test(query=query):
            assert {claim["value"] for claim in find(reader, "claims", query)} == expected


def test_claims_show_different_names_side_by_side(reader: TestClient) -> None:
    claims = find(reader, "claims", f"{SUMMIT}&property=document_name")

    assert {claim["normalized"] for claim in claims} == {"agreement", "pact", "treaty"}


def test_claim_has_its_attribution(reader: TestClient) -> None:
    claims = find(reader, "claims", f"{SUMMIT}&property=article_4_wording")
    by_source = {(claim["source"]["slug"], (claim["attributed_to"] or {}).get("slug")) for claim in claims}

    assert {("meduza", "kcna"), ("naenara", "vladimir-putin"), ("the-new-american", "tass")} <= by_source


CASES: list[tuple[str, str, str]] = [
    ("reports", "role=minor", "role"),
    ("reports", "event=,", "event"),
    ("claims", "property=Last", "property"),
    ("claims", "property=,", "property"),
    ("claims", "source=nobody", "source"),
    ("utterances", "speaker=nobody", "speaker"),
    ("utterances", "sort=speaker", "sort"),
]


def test_malformed_filter_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun, query, parameter in CASES:
        with subtests.test(noun=noun, query=query):
            response = reader.get(f"/{noun}?{query}")

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [parameter]


def test_spans_equal_the_document_text(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun, field in [("reports", "passage"), ("claims", "span")]:
        with subtests.test(noun=noun, field=field):
            for record in find(reader, noun, "sort=id"):
                text = read(reader, f"/documents/{record['document']['id']}")["text"]
                start, end = record[field]["start"], record[field]["end"]
                assert record[field]["exact"] == text[start:end] == record.get("value", text[start:end])
                assert record[field]["prefix"] == text[max(start - 32, 0) : start]
                assert record[field]["suffix"] == text[end : end + 32]


def test_passages_equal_the_document_text(reader: TestClient) -> None:
    for event in items(reader, "/events"):
        for outlet in items(reader, f"/events/{event['id']}/sources"):
            for document in outlet["reporting_documents"]:
                text = read(reader, f"/documents/{document['id']}")["text"]
                passage = document["passage"]
                assert passage["exact"] == text[passage["start"] : passage["end"]]


def test_record_is_the_same_in_list_and_alone(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in ["reports", "claims", "utterances"]:
        with subtests.test(noun=noun):
            for record in items(reader, f"/{noun}?limit=500"):
                alone = read(reader, f"/{noun}/{record['id']}")
                assert {name: alone[name] for name in record} == record


def test_utterance_has_printings_and_source_count(reader: TestClient) -> None:
    [article] = find(reader, "utterances", "speaker=treaty-2024")
    printings = items(reader, f"/statements?utterance={article['id']}&sort=id")

    assert article["statement_ids"] == [statement["id"] for statement in printings]
    assert article["source_count"] == len({statement["source"]["slug"] for statement in printings}) == 3
    assert article["said"]["edtf"] == "2024-06-19"
    assert article["external_id"] == "seed:article-4"


def test_utterances_filter_by_speaker(reader: TestClient) -> None:
    utterances = find(reader, "utterances", "speaker=kim,Putin")

    assert {utterance["speaker"]["slug"] for utterance in utterances} == {"kim-jong-un", "vladimir-putin"}
    assert len(utterances) == 3


def test_unknown_record_is_404(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in ["reports", "claims", "utterances"]:
        with subtests.test(noun=noun):
            assert reader.get(f"/{noun}/999999").status_code == 404


def test_reports_filter_by_id_or_external_id(reader: TestClient) -> None:
    ident = event_id(reader, "kursk-2025")

    assert find(reader, "reports", f"event={ident}") == find(reader, "reports", "event=seed:kursk-2025")
