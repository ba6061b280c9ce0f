"""Extractions of a document, in the store: marked as the machine's, and never in a person's way."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.extract.learning.tagger import Tagger
from tests.conftest import Store
from tests.test_cli import Dateline, dateline

__all__ = ["dateline"]  # the fixture

ARTICLE = """Bridge to be built at Oldtown

OLDTOWN, May 6 — Minister Jane Doe signed an agreement with the farmers of Oldtown on Monday.

“We will build the bridge before the winter,” Doe said on Monday. She added that the work would begin in May.

According to the Ministry of Works, the bridge will cost four million euros.

“Nobody has asked us,” said John Roe, a farmer.
"""
BODY = {"source": "meduza", "title": "Bridge to be built at Oldtown", "language": "en", "published": "2024-05-07"}


def put(writer: TestClient, text: str = ARTICLE, **fields: object) -> int:
    answer = writer.post("/documents", json=BODY | {"text": text, "extract": True} | fields)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def statements(client: TestClient, document: int) -> list[dict[str, Any]]:
    rows = client.get(f"/documents/{document}/statements", params={"sort": "id"}).json()["items"]
    return sorted(rows, key=lambda item: item["span"]["start"])


def words(client: TestClient, document: int) -> list[str]:
    return [str(statement["text"]) for statement in statements(client, document)]


def reported(client: TestClient, document: int) -> list[Any]:
    """Return the reports of a document."""
    reports = client.get("/reports", params={"limit": 500}).json()["items"]
    return [item for item in reports if item["document"]["id"] == document]


def revision(client: TestClient) -> str:
    return client.get("/events").headers["Dateline-Revision"]


def test_extracted_records_are_marked_and_have_spans(writer: TestClient) -> None:
    document = put(writer)

    rows = statements(writer, document)
    assert "We will build the bridge before the winter" in str(rows[0]["text"])
    assert rows[0]["kind"] == "direct"
    for item in rows:
        assert item["coded_by"] == "machine"
        assert 0 < item["confidence"] <= 1
    full = writer.get(f"/documents/{document}").json()
    for span in full["spans"]:
        assert 0 <= span["start"] < span["end"] <= len(ARTICLE)
    assert full["extraction"]["statement_count"] + full["extraction"]["suggestion_count"] >= 4
    assert "en_core_web_sm" in full["extraction"]["extractor_version"]
    assert writer.get("/documents/1").json()["extraction"] is None


def test_unknown_voice_becomes_one_machine_speaker(writer: TestClient) -> None:
    document = put(writer)

    named = {str(statement["text"])[:7]: statement["speaker"] for statement in statements(writer, document)}
    jane = writer.get("/speakers", params={"q": "Jane Doe"}).json()["items"]
    assert [(item["name"], item["kind"], item["coded_by"]) for item in jane] == [("Jane Doe", "person", "machine")]
    assert named["We will"]["id"] == jane[0]["id"]
    assert named["the wor"]["id"] == jane[0]["id"]


def test_existing_speaker_is_matched_by_any_name(writer: TestClient) -> None:
    text = "Vladimir Vladimirovich Putin arrived in Oldtown.\n\n“It is a fine town,” Putin said. He said it was late."
    document = put(writer, text, title="Arrival")

    assert {statement["speaker"]["slug"] for statement in statements(writer, document)} == {"vladimir-putin"}


def test_ambiguous_name_has_no_speaker(writer: TestClient) -> None:
    for slug in ("jane-smith", "joan-smith"):
        body = {"slug": slug, "name": slug.replace("-", " ").title(), "kind": "person", "aliases": ["Smith"]}
        assert writer.post("/speakers", json=body).status_code == 201
    text = "“We will not sell the mill,” Smith said."

    first, second = (put(writer, text, title=f"The mill {number}") for number in (1, 2))

    speakers = [statements(writer, document)[0]["speaker"] for document in (first, second)]
    assert speakers[0] == speakers[1]
    assert speakers[0]["name"] == "Smith"
    assert speakers[0]["slug"] not in ("jane-smith", "joan-smith")


def test_outlet_is_no_relay_in_its_own_document(writer: TestClient) -> None:
    said = "“Nobody sails today,” Ada Brook told TASS."
    own, other = (put(writer, said, title="No ships", source=source) for source in ("tass", "meduza"))

    assert statements(writer, own)[0]["chain"] == []
    assert [hop["speaker"]["name"] for hop in statements(writer, other)[0]["chain"]] == ["TASS"]


def test_description_matches_with_or_without_article(writer: TestClient) -> None:
    document = put(writer, "“We are satisfied,” a North Korean diplomat said.", title="Satisfied")

    assert statements(writer, document)[0]["speaker"]["slug"] == "north-korean-diplomat"


def test_event_is_proposed_once_per_day(writer: TestClient) -> None:
    first = put(writer)
    second = put(writer, ARTICLE + "\nMore follows.\n", source="the-new-american")

    reports = [reported(writer, item) for item in (first, second)]
    assert [len(report) for report in reports] == [1, 1]
    assert reports[0][0]["event"] == reports[1][0]["event"]
    event = writer.get(f"/events/{reports[0][0]['event']['id']}").json()
    assert (event["coded_by"], event["type"]) == ("machine", "agree")
    assert event["date"]["edtf"] == "2024-05-06"


def test_repeated_extraction_changes_nothing(writer: TestClient, store: Store, dateline: Dateline) -> None:
    put(writer)
    before = revision(writer)

    result = dateline(store.url, "extract", "--again")

    assert result.exit_code == 0, result.output
    assert "0 documents read again" in result.output
    assert revision(writer) == before


def older(store: Store, document: int) -> None:
    """Make the document one that older rules have read."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE reading SET reader = 'rules 0' WHERE document_id = {document}")


def test_new_extractor_changes_only_machine_records(writer: TestClient, store: Store, dateline: Dateline) -> None:
    document = put(writer)
    first, second, *_, last = statements(writer, document)
    by_hand = {"kind": "indirect", "span": {"start": 0, "end": 6}, "document": document}
    made = writer.post("/statements", json=by_hand).json()
    stray = writer.post("/statements", json=by_hand | {"span": {"start": 7, "end": 9}, "coded_by": "machine"}).json()
    writer.patch(f"/statements/{first['id']}", json={"kind": "indirect", "coded_by": "machine"})
    writer.patch(f"/statements/{second['id']}", json={"kind": "mixed", "coded_by": "human"})
    older(store, document)

    result = dateline(store.url, "extract", "--again")

    assert result.exit_code == 0, result.output
    assert "1 documents read again: 0 statements new, 1 changed, 1 gone." in result.output
    after = {statement["id"]: statement for statement in statements(writer, document)}
    assert after[first["id"]]["kind"] == "direct"
    assert after[second["id"]]["kind"] == "mixed"
    assert after[last["id"]]["revision"] == last["revision"]
    assert made["id"] in after
    assert stray["id"] not in after


def test_rejected_records_are_not_extracted_again(writer: TestClient, store: Store, dateline: Dateline) -> None:
    document = put(writer)
    before = words(writer, document)
    event = reported(writer, document)[0]["event"]["id"]
    verdicts = [
        {"noun": "statements", "id": statements(writer, document)[0]["id"], "verdict": "reject"},
        {"noun": "events", "id": event, "verdict": "reject"},
    ]
    answer = writer.post("/review", json={"verdicts": verdicts})
    assert answer.status_code == 200, answer.text
    older(store, document)

    dateline(store.url, "extract", "--again")

    assert words(writer, document) == before[1:]
    assert reported(writer, document) == []


def test_command_extracts_unread_documents(writer: TestClient, store: Store, dateline: Dateline) -> None:
    document = put(writer, extract=False)
    assert statements(writer, document) == []

    first, second = (dateline(store.url, "extract", str(document)) for _ in range(2))

    assert "1 documents read for the first time" in first.output
    assert "0 documents read" in second.output
    assert len(statements(writer, document)) >= 4
    assert dateline(store.url, "extract", "999999").exit_code == 1


@pytest.mark.parametrize("language", ["de", "ru"])
def test_other_languages_yield_only_quotations(writer: TestClient, language: str) -> None:
    document = put(writer, "„Wir bauen die Brücke“, sagte Jane Doe.\n", language=language)

    note = writer.get(f"/documents/{document}").json()["extraction"]["note"]
    assert note
    assert words(writer, document) in ([], ["Wir bauen die Brücke"])


def test_own_tagger_is_used_with_the_rules(
    writer: TestClient, store: Store, dateline: Dateline, tmp_path: Path
) -> None:
    document = put(writer)
    model, broken = tmp_path / "tagger.json", tmp_path / "broken.json"
    Tagger.untrained().save(model)
    broken.write_text("{}")

    judged = dateline(store.url, "extract", "--again", DATELINE_EXTRACT_MODEL=str(model))
    refused = dateline(store.url, "extract", "--again", DATELINE_EXTRACT_MODEL=str(broken))
    missing = dateline(store.url, "extract", "--again", DATELINE_EXTRACT_MODEL=str(tmp_path / "none"))

    assert "1 documents read again" in judged.output, judged.output
    assert ", tagger " in writer.get(f"/documents/{document}").json()["extraction"]["extractor_version"]
    assert (refused.exit_code, missing.exit_code) == (1, 1)
    assert "no tagger" in refused.output
    assert "DATELINE_EXTRACT_MODEL" in missing.output
