"""``/sources``: outlets and agencies, by any of their names, and what they published."""

import pytest
from fastapi.testclient import TestClient

from tests.data.lists import items, read


def slugs(client: TestClient, query: str) -> list[str]:
    return [source["slug"] for source in items(client, f"/sources?{query}&limit=500")]


FILTERS: list[tuple[str, set[str]]] = [
    ("q=final", {"the-final-call"}),
    ("q=FINALCALL.com", {"the-final-call"}),
    ("q=медуза", {"meduza"}),
    ("q=%EC%A1%B0%EC%84%A0", {"kcna"}),
    ("q=_", set()),
    ("q=%25", set()),
    ("kind=newspaper,magazine", {"the-final-call", "the-new-american"}),
    ("country=LV", {"meduza", "leta"}),
    ("country=RU,KP", {"tass", "sputnik", "kcna", "naenara"}),
    ("country=KP&kind=news_agency", {"kcna"}),
    ("q=news&country=US", {"associated-press"}),
]


def test_filter_selects_items(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            assert set(slugs(reader, query)) == expected


MALFORMED_FILTERS: list[tuple[str, str]] = [
    ("kind=paper", "kind"),
    ("country=us", "country"),
    ("country=USA", "country"),
    ("q=", "q"),
    ("sort=kind", "sort"),
]


def test_malformed_filter_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, parameter in MALFORMED_FILTERS:
        with subtests.test(query=query):
            response = reader.get(f"/sources?{query}")

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [parameter]


def test_source_has_the_documented_fields(reader: TestClient) -> None:
    naenara = read(reader, "/sources/naenara")

    assert {name: value for name, value in naenara.items() if name not in ("id", "revision")} == {
        "slug": "naenara",
        "name": "Naenara",
        "kind": "government",
        "country": "KP",
        "language": "ko",
        "homepage": "http://naenara.com.kp/",
        "state_affiliated": True,
        "wikidata_id": None,
        "aliases": ["Naenara (En)", "내나라", "naenara.com.kp"],
        "document_count": 1,
        "coded_by": "human",
        "confidence": None,
    }


def test_source_is_the_same_in_list_by_slug_and_by_id(reader: TestClient) -> None:
    for source in items(reader, "/sources?limit=500"):
        assert read(reader, f"/sources/{source['slug']}") == source
        assert read(reader, f"/sources/{source['id']}") == source


def test_filter_takes_any_name_of_a_source(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name in ["meduza", "Meduza", "MEDUZA", "медуза", "Meduza.IO", " meduza "]:
        with subtests.test(name=name):
            documents = items(reader, f"/documents?source={name}")

            assert [document["source"]["slug"] for document in documents] == ["meduza"]


def test_filter_takes_a_source_id(reader: TestClient) -> None:
    ident = read(reader, "/sources/meduza")["id"]

    assert [document["source"]["id"] for document in items(reader, f"/documents?source={ident}")] == [ident]


def test_ambiguous_source_is_422_with_candidates(writer: TestClient) -> None:
    body = {"name": "Another Meduza", "slug": "other", "kind": "online", "aliases": ["meduza.io"]}
    assert writer.post("/sources", json=body).status_code == 201

    response = writer.get("/documents?source=MEDUZA.io")

    assert response.status_code == 422
    assert response.json()["type"] == "urn:dateline:problem:ambiguous"
    assert {candidate["slug"] for candidate in response.json()["candidates"]} == {"meduza", "other"}
    assert set(response.json()["candidates"][0]) == {"id", "slug", "name"}


def test_slug_goes_before_another_sources_name(writer: TestClient) -> None:
    assert writer.post("/sources", json={"name": "Meduza", "slug": "other", "kind": "online"}).status_code == 201

    assert [document["source"]["slug"] for document in items(writer, "/documents?source=meduza")] == ["meduza"]


def test_unknown_source_in_a_filter_is_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name in ["meduz", "%", "nobody", "999999", "9" * 400]:
        with subtests.test(name=name):
            response = reader.get("/documents", params={"source": name})

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == ["source"]


def test_documents_of_a_source_equal_the_filter(reader: TestClient) -> None:
    assert items(reader, "/sources/meduza/documents") == items(reader, "/documents?source=meduza")


def test_documents_of_a_source_take_filters(reader: TestClient) -> None:
    assert items(reader, "/sources/meduza/documents?date=2024-06-19") == []


def test_unknown_source_is_404(reader: TestClient, subtests: pytest.Subtests) -> None:
    for part in ["", "/events", "/documents"]:
        for ref in ["nobody", "999999"]:
            with subtests.test(part=part, ref=ref):
                assert reader.get(f"/sources/{ref}{part}").status_code == 404
