"""Discrepancies between documents, over HTTP: the seed's disagreements, and lists looked through page by page."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

Detail = dict[str, Any]
SUMMIT = "/events/1/discrepancies"


def items(client: TestClient, address: str) -> list[Any]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    result: list[Any] = answer.json()["items"]
    return result


def of_summit(client: TestClient, name: str) -> Any:
    [discrepancy] = items(client, f"{SUMMIT}?property={name}")
    return discrepancy


def detail(discrepancy: Any, value: str) -> Detail:
    return next(detail for detail in discrepancy["values"] if detail["value"] == value)


def test_dates_within_their_precision_agree(reader: TestClient) -> None:
    discrepancy = of_summit(reader, "last_visit")

    assert discrepancy["agreement"] == "agreement"
    july, year, decades = (detail(discrepancy, value) for value in ("2000-07", "2000", "1994-06~/2004-06~"))
    assert [item["printed_forms"] for item in (july, year, decades)] == [["July 2000"], ["2000"], ["over two decades"]]
    assert year["id"] in july["agreeing_ids"]
    assert july["differing_ids"] == year["differing_ids"] == decades["differing_ids"] == []
    assert [item["claiming_sources"][0]["slug"] for item in (july, year, decades)] == [
        "the-new-american",
        "the-final-call",
        "meduza",
    ]
    assert july["claims"][0]["span"]["prefix"].endswith("for the first time since ")


def test_different_names_conflict(reader: TestClient) -> None:
    discrepancy = of_summit(reader, "document_name")

    assert (discrepancy["agreement"], discrepancy["value_labels"]) == ("conflict", ["agreement", "pact", "treaty"])
    assert [detail["differing_ids"] for detail in discrepancy["values"]] == [[2, 3], [1, 3], [1, 2]]
    assert (discrepancy["value_count"], discrepancy["source_count"]) == (3, 5)
    assert discrepancy["claim_count"] == sum(len(detail["claims"]) for detail in discrepancy["values"])


def test_origin_is_the_attributed_speaker_or_the_outlet(reader: TestClient) -> None:
    treaty = detail(of_summit(reader, "document_name"), "treaty")

    origins = {origin["name"]: origin["key"].partition(":")[0] for origin in treaty["origins"]}
    assert origins["Vladimir Putin"] == "speaker"
    assert origins["State media of Russia"] == "state"
    assert {claim["origin"]["name"] for claim in treaty["claims"] if claim["attributed_to"] is None} == {
        "State media of North Korea",
        "The New American",
    }
    event_origins = {origin["key"] for origin in items(reader, "/events/1/origins")}
    assert {origin["key"] for origin in treaty["origins"]} & event_origins == {"state:RU", "state:KP"}


def test_wordings_are_unclear(reader: TestClient) -> None:
    discrepancy = of_summit(reader, "article_4_wording")

    assert discrepancy["agreement"] == "unclear"
    assert discrepancy["value_count"] == 7


def test_single_values_are_listed_only_with_all(reader: TestClient) -> None:
    listed = {row["property"] for row in items(reader, SUMMIT)}
    verdicts = {row["property"]: row["agreement"] for row in items(reader, f"{SUMMIT}?all=true")}

    assert listed == {"article_4_wording", "document_name", "last_visit"}
    assert verdicts.keys() - listed == {"duration", "place", "signing_date"}
    assert {verdicts[name] for name in verdicts.keys() - listed} == {"agreement"}
    assert of_all(reader, "duration")["value_labels"] == ["2 hours"]


def of_all(client: TestClient, name: str) -> Any:
    return next(row for row in items(client, f"{SUMMIT}?all=true") if row["property"] == name)


def test_claims_have_their_spans(reader: TestClient) -> None:
    spans = {claim["id"]: claim["span"] for claim in items(reader, "/claims?event=1&limit=500")}

    claims = [
        claim for row in items(reader, f"{SUMMIT}?all=true") for value in row["values"] for claim in value["claims"]
    ]

    assert {claim["id"]: claim["span"] for claim in claims} == spans


def test_list_is_the_same_with_any_page_size(reader: TestClient, subtests: pytest.Subtests) -> None:
    for order in ["", "-"]:
        for limit in [2, 500]:
            with subtests.test(order=order, limit=limit):
                keys, address = [], f"/discrepancies?all=true&sort={order}date&limit={limit}&count=exact"
                while address:
                    page = reader.get(address).json()
                    keys += [
                        (item["event"]["date"]["earliest"], item["event"]["id"], item["property"])
                        for item in page["items"]
                    ]
                    address = page["next"]

                assert len(set(keys)) == len(keys) == page["count"]
                by_event = list(dict.fromkeys(item[:2] for item in keys))
                assert by_event == sorted(by_event, reverse=bool(order))
                claimed = {(claim["event"]["id"], claim["property"]) for claim in items(reader, "/claims?limit=500")}
                assert {item[1:] for item in keys} == claimed


FILTERS: list[tuple[str, set[tuple[int, str]]]] = [
    ("from=2024-06-19&to=2024-06-19", {(1, "article_4_wording"), (1, "document_name"), (1, "last_visit")}),
    ("property=document_name", {(1, "document_name"), (9, "document_name"), (10, "document_name")}),
    ("to=1999-12-31&verdict=conflict", {(9, "document_name")}),
    ("source=naenara", {(1, "article_4_wording"), (1, "document_name")}),
    ("source=naenara,the-final-call&property=last_visit", {(1, "last_visit")}),
    ("source=tass", set()),
    ("property=no_such", set()),
]


def test_list_filters_by_days_property_source_verdict(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            assert {
                (row["event"]["id"], row["property"]) for row in items(reader, f"/discrepancies?{query}")
            } == expected


def test_discrepancies_as_flat_rows(reader: TestClient) -> None:
    rows = reader.get("/discrepancies?property=document_name&verdict=conflict&format=csv").text.splitlines()

    assert rows[0].startswith("event_id,event_title,event_date_edtf")
    assert "conflict,agreement; pact; treaty,3,17,5," in rows[1]


def test_discrepancies_of_unknown_event_are_404(reader: TestClient, subtests: pytest.Subtests) -> None:
    for address in ["/events/999999/discrepancies", "/events/0/discrepancies"]:
        with subtests.test(address=address):
            assert reader.get(address).status_code in (404, 422)


QUERY_CASES: list[str] = ["verdict=right", "property=Killed", "min_confidence=2", "source=nobody", "sort=value"]


def test_invalid_filter_is_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query in QUERY_CASES:
        with subtests.test(query=query):
            assert reader.get(f"{SUMMIT}?{query}").status_code == 422


TEXT = "At least 550 people were killed. The death toll passes 900. Some say dozens. Others say 600."


@pytest.fixture
def claim(writer: TestClient) -> Callable[..., int]:
    """Return a function that adds a claim to a report of an event of its own."""
    event: int = writer.post("/events", json={"title": "Quake", "date": "2024-05-07", "type": "aid"}).json()["id"]
    reports = {}
    for source in ("meduza", "naenara"):
        body = {"source": source, "title": "Quake", "text": TEXT, "reports": [{"event": event}]}
        document = writer.post("/documents", json=body).json()["id"]
        reports[source] = next(
            report["id"] for report in items(writer, f"/reports?event={event}") if report["document"]["id"] == document
        )

    def put(words: str, normalized: str | None, source: str = "meduza", **fields: object) -> int:
        body = {"report": reports[source], "property": "killed", "span": {"exact": words}, "normalized": normalized}
        answer = writer.post("/claims", json=body | {"unit": "people"} | fields)
        assert answer.status_code == 201, answer.text
        return event

    return put


def test_bounds_agree_only_with_values_within(writer: TestClient, claim: Callable[..., int]) -> None:
    claim("At least 550 people", "550..")
    claim("passes 900", ">900", "naenara")
    claim("600", "600", "naenara", unit="persons")
    event = claim("dozens", "24..99")

    [discrepancy] = items(writer, f"/events/{event}/discrepancies")

    assert (discrepancy["agreement"], discrepancy["source_count"]) == ("conflict", 2)
    assert discrepancy["value_labels"] == ["24..99 people", "550.. people", "600 people", ">900 people"]
    said = {detail["value"]: (detail["agreeing_ids"], detail["differing_ids"]) for detail in discrepancy["values"]}
    assert said == {"24..99": ([], [2, 3, 4]), "550..": ([3, 4], [1]), "600": ([2], [1, 4]), ">900": ([2], [1, 3])}


def test_machine_claims_count_only_with_min_confidence(writer: TestClient, claim: Callable[..., int]) -> None:
    claim("At least 550 people", "550..")
    event = claim("dozens", "24..99", coded_by="machine", confidence=0.3)

    assert items(writer, f"/events/{event}/discrepancies") == []
    assert len(items(writer, f"/events/{event}/discrepancies?min_confidence=0.3")) == 1
    assert [
        row["agreement"] for row in items(writer, "/discrepancies?min_confidence=0&from=2024-05-07&to=2024-05-07")
    ] == ["conflict"]
