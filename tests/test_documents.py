"""``/documents``: texts as captured, and what stands where in them."""

import hashlib

import pytest
from fastapi.testclient import TestClient

from seed.load import HERE
from tests.data.lists import Item, items, read

DOCUMENTS = ["the-new-american", "the-final-call", "real-news-india", "meduza", "naenara"]


def outlets(client: TestClient, query: str) -> list[str]:
    return [document["source"]["slug"] for document in items(client, f"/documents?{query}&limit=500")]


def full(client: TestClient, outlet: str) -> Item:
    [document] = items(client, f"/documents?source={outlet}")
    result: Item = read(client, f"/documents/{document['id']}")
    return result


FILTERS: list[tuple[str, set[str]]] = [
    ("source=meduza,naenara", {"meduza", "naenara"}),
    ("date=2024-06-20", {"meduza", "real-news-india"}),
    ("from=2024-06-20&to=2024-06-25", {"meduza", "real-news-india", "the-final-call"}),
    ("from=2025-01-01", set()),
    ("from=2025-01-01&date_match=possible", {"naenara"}),
    ("date=2025-06-20&date_match=possible", {"naenara"}),
    ("q=kursk", {"naenara"}),
    ('q="fiery friendship"', {"real-news-india"}),
    ('q="Putin, Kim sign"', {"the-final-call"}),
    ("q=treaty&date=2024-06-20", {"meduza", "real-news-india"}),
    ("q=treaty&source=meduza", {"meduza"}),
]


def test_filter_selects_items(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            assert set(outlets(reader, query)) == expected


def test_documents_are_newest_first(reader: TestClient) -> None:
    assert outlets(reader, "count=exact")[0] == "naenara"
    assert outlets(reader, "sort=published")[0] == "the-new-american"


def test_list_has_no_texts(reader: TestClient) -> None:
    for document in items(reader, "/documents"):
        alone = read(reader, f"/documents/{document['id']}")
        assert set(alone) - set(document) == {"text", "spans", "extraction"}
        assert document == {name: alone[name] for name in document}


def test_text_is_stored_unchanged(reader: TestClient, subtests: pytest.Subtests) -> None:
    for place, outlet in enumerate(DOCUMENTS):
        with subtests.test(place=place, outlet=outlet):
            [path] = (HERE / "documents").glob(f"{place:03}_*.txt")
            document = full(reader, outlet)

            assert document["text"].encode() == path.read_bytes()
            assert document["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            assert document["length"] == len(document["text"])


def test_spans_list_all_records_in_text_order(reader: TestClient, subtests: pytest.Subtests) -> None:
    for outlet in DOCUMENTS:
        with subtests.test(outlet=outlet):
            document = full(reader, outlet)
            expected = set()
            for statement in items(reader, f"/documents/{document['id']}/statements?limit=500"):
                parts = [("statements", statement["span"]), ("cues", statement["cue"])]
                parts += [("attributions", hop["cue"]) for hop in statement["chain"]]
                expected |= {(span["start"], span["end"], noun, statement["id"]) for noun, span in parts if span}
            for noun, name in (("passages", "passage"), ("claims", "span")):
                for record in items(
                    reader, f"/{'reports' if noun == 'passages' else 'claims'}?source={outlet}&limit=500"
                ):
                    expected.add((record[name]["start"], record[name]["end"], noun, record["id"]))

            spans = [(span["start"], span["end"], span["noun"], span["id"]) for span in document["spans"]]

            assert set(spans) == expected
            assert spans == sorted(spans)


def test_document_has_counts_of_reports_and_statements(reader: TestClient) -> None:
    document = full(reader, "meduza")

    assert document["report_count"] == len(items(reader, "/reports?source=meduza"))
    assert document["statement_count"] == len(items(reader, f"/documents/{document['id']}/statements"))


def test_document_has_the_documented_fields(reader: TestClient) -> None:
    document = full(reader, "naenara")

    assert (document["title"], document["url"], document["canonical_url"]) == (None, None, None)
    assert (document["byline"], document["language"]) == ("Yang Ryon Hui", "en")
    assert document["published"] == {"edtf": "2025-06~", "earliest": "2025-06-01", "latest": "2025-06-30"}
    assert (document["published_at"], document["supersedes_id"]) == (None, None)
    assert document["retrieved_at"].endswith("Z")


def test_undated_document_sorts_before_dated(writer: TestClient) -> None:
    assert writer.post("/documents", json={"source": "leta", "text": "Undated."}).status_code == 201

    assert outlets(writer, "sort=published")[0] == "leta"
    assert outlets(writer, "sort=-published")[-1] == "leta"


MALFORMED_FILTERS: list[tuple[str, str]] = [
    ("source=nobody", "source"),
    ("date=20240620", "date"),
    ("q=", "q"),
    ("sort=title", "sort"),
]


def test_malformed_filter_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, parameter in MALFORMED_FILTERS:
        with subtests.test(query=query):
            response = reader.get(f"/documents?{query}")

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [parameter]


def test_unknown_document_is_404(reader: TestClient, subtests: pytest.Subtests) -> None:
    for part in ["", "/statements"]:
        with subtests.test(part=part):
            assert reader.get(f"/documents/999999{part}").status_code == 404
