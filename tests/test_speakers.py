"""``/speakers``: voices, by any of their names, and what they said."""

import pytest
from fastapi.testclient import TestClient

from tests.data.lists import items, read


def slugs(client: TestClient, query: str) -> list[str]:
    return [speaker["slug"] for speaker in items(client, f"/speakers?{query}&limit=500")]


FILTERS: list[tuple[str, set[str]]] = [
    ("q=lavrov", {"sergey-lavrov"}),
    ("q=Sergei", {"sergey-lavrov"}),
    ("q=VLADIMIROVICH", {"vladimir-putin"}),
    ("q=_", set()),
    ("kind=unnamed", {"north-korean-diplomat"}),
    ("kind=document", {"treaty-1961", "treaty-2000", "treaty-2024"}),
    ("kind=person&country=RU,US", {"vladimir-putin", "sergey-lavrov", "antony-blinken"}),
    ("q=news&country=KR", {"yonhap-news-agency"}),
]


def test_filter_selects_items(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            assert set(slugs(reader, query)) == expected


MALFORMED_FILTERS: list[tuple[str, str]] = [
    ("kind=voice", "kind"),
    ("country=ru", "country"),
    ("q=", "q"),
    ("sort=kind", "sort"),
]


def test_malformed_filter_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, parameter in MALFORMED_FILTERS:
        with subtests.test(query=query):
            response = reader.get(f"/speakers?{query}")

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [parameter]


def test_speaker_has_the_documented_fields(reader: TestClient) -> None:
    tass = read(reader, "/speakers/tass")

    assert {name: value for name, value in tass.items() if name not in ("id", "revision", "record")} == {
        "slug": "tass",
        "name": "TASS",
        "kind": "organization",
        "title": None,
        "country": "RU",
        "wikidata_id": "Q223799",
        "source": {"id": read(reader, "/sources/tass")["id"], "slug": "tass", "name": "TASS"},
        "aliases": ["news agency TASS"],
        "statement_count": 1,
        "relayed_count": 6,
        "coded_by": "human",
        "confidence": None,
    }


def test_speaker_without_outlet_has_no_source(reader: TestClient) -> None:
    assert read(reader, "/speakers/vladimir-putin")["source"] is None


def test_speaker_is_the_same_in_list_by_slug_and_by_id(reader: TestClient) -> None:
    for speaker in items(reader, "/speakers?limit=500"):
        alone = read(reader, f"/speakers/{speaker['slug']}")
        assert {name: alone[name] for name in speaker} == speaker
        assert read(reader, f"/speakers/{speaker['id']}") == alone


NAME_CASES: list[str] = [
    "vladimir-putin",
    "Vladimir Putin",
    "putin",
    "PUTIN",
    "the  Russian\tpresident",
    "Ｐｕｔｉｎ",  # full-width: the same under NFKC
    "comrade vladimir vladimirovich putin",
]


def test_filter_takes_any_name_of_a_speaker(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name in NAME_CASES:
        with subtests.test(name=name):
            response = reader.get("/statements", params={"speaker": name})

            assert {item["speaker"]["slug"] for item in response.json()["items"]} == {"vladimir-putin"}


def test_filter_takes_a_speaker_id(reader: TestClient) -> None:
    ident = read(reader, "/speakers/vladimir-putin")["id"]

    assert items(reader, f"/statements?speaker={ident}") == items(reader, "/statements?speaker=putin")


@pytest.mark.parametrize("parameter", ["speaker", "via"])
def test_ambiguous_speaker_is_422_with_candidates(writer: TestClient, parameter: str) -> None:
    body = {"name": "Lyudmila Putina", "kind": "person", "aliases": ["putin"]}
    assert writer.post("/speakers", json=body).status_code == 201

    response = writer.get(f"/statements?{parameter}=Putin")

    assert response.status_code == 422
    assert response.json()["type"] == "urn:dateline:problem:ambiguous"
    assert [error["field"] for error in response.json()["errors"]] == [parameter]
    assert {candidate["slug"] for candidate in response.json()["candidates"]} == {"vladimir-putin", "lyudmila-putina"}


def test_name_twice_on_one_speaker_is_not_ambiguous(writer: TestClient) -> None:
    body = {"name": "Dmitry Peskov", "kind": "person", "aliases": ["peskov", "dmitry peskov"]}
    assert writer.post("/speakers", json=body).status_code == 201

    assert items(writer, "/statements?speaker=Dmitry Peskov") == []


def test_unknown_speaker_in_a_filter_is_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name in ["puti", "%", "nobody", "999999"]:
        with subtests.test(name=name):
            response = reader.get("/statements", params={"speaker": name})

            assert response.status_code == 422
            assert response.json()["type"] == "urn:dateline:problem:invalid"
            assert "candidates" not in response.json()


def test_path_takes_only_a_slug_or_an_id(reader: TestClient, subtests: pytest.Subtests) -> None:
    for part in ["", "/statements"]:
        for ref in ["putin", "nobody", "999999"]:
            with subtests.test(part=part, ref=ref):
                assert reader.get(f"/speakers/{ref}{part}").status_code == 404
