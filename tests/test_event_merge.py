"""Events that turn out to be one, and one that turns out to be two: what moves, and that nothing is lost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st

from app.core.vocab import CodedBy
from app.database.models import Match
from app.store import revisions
from tests.conftest import Store, Templates, talking_to
from tests.data.gdelt import event as gdelt_event
from tests.data.gdelt import mention as gdelt_mention
from tests.data.lists import items, read
from tests.properties import for_all
from tests.test_cli import dateline
from tests.test_import_gdelt import imported

__all__ = ["dateline", "imported"]  # the fixtures

Body = dict[str, Any]

TEXT = "The bridge fell at noon. “It was old,” Anna Berg said. Forty people were hurt. The mayor spoke of fifty."


def post(client: TestClient, path: str, body: Body, status: int = 201) -> Body:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    result: Body = answer.json()
    return result


def merge(client: TestClient, into: int, *sources: object) -> Body:
    return post(client, f"/events/{into}/merge", {"from": sources}, 200)


def event(client: TestClient, title: str, **more: Any) -> int:
    return int(post(client, "/events", {"title": title, "date": "2024-05-06", "type": "assault"} | more)["id"])


def report(event: int, *claims: str, **more: Any) -> Body:
    """Return a report with a claim for each of these words."""
    claim_bodies = [{"property": "hurt", "span": {"exact": words}} for words in claims]
    return {"event": event, "claims": claim_bodies} | more


def said(event: int) -> Body:
    return {"speaker": None, "kind": "direct", "span": {"exact": "It was old,"}, "event": event}


def document(client: TestClient, outlet: str, title: str, reports: Sequence[Body], *statements: Body) -> int:
    body = {"source": outlet, "title": title, "text": TEXT, "published": "2024-05-07"}
    return int(post(client, "/documents", body | {"reports": reports, "statements": statements})["id"])


@dataclass
class Desk:
    """A store with two events that are one: each has a document of its own, and both have one in common."""

    client: TestClient
    fall: int
    collapse: int
    first: int
    second: int
    both: int


@pytest.fixture
def desk(writer: TestClient) -> Desk:
    fall = event(writer, "Bridge falls", country="CH", external_id="test:fall")
    collapse = event(
        writer, "Collapse of a bridge", summary="It was old.", external_id="test:collapse",
        place="Basel", country="CH", latitude=47.5, longitude=7.6,
    )  # fmt: skip
    first = document(writer, "meduza", "Bridge falls", [report(fall, "Forty people")])
    second = document(writer, "tass", "Collapse", [report(collapse, "Forty people")], said(collapse))
    passage, role = {"exact": "The bridge fell at noon."}, "background"
    reports = [
        report(fall, "Forty people", role=role, coded_by="machine", confidence=0.4),
        report(collapse, "Forty people", "fifty", passage=passage, date="2024-05-06"),
    ]
    both = document(writer, "tass", "Both", reports, said(collapse))
    return Desk(writer, fall, collapse, first, second, both)


def reports_of(client: TestClient, event: int) -> dict[int, int]:
    """Return the ids of the documents that report an event, with the number of their claims."""
    reports = items(client, f"/reports?event={event}&limit=500")
    counts = {item["document"]["id"]: item["claim_count"] for item in reports}
    assert len(counts) == len(reports)  # no document twice
    return counts


def counts(event: Mapping[str, Any]) -> tuple[int, int, int]:
    return event["source_count"], event["document_count"], event["statement_count"]


def test_merge_moves_reports_claims_and_statements(desk: Desk) -> None:
    merged = merge(desk.client, desk.fall, desk.collapse)

    assert merged == read(desk.client, f"/events/{desk.fall}")
    assert (merged["title"], merged["summary"], merged["coded_by"]) == ("Bridge falls", "It was old.", "human")
    assert merged["place"] == {"name": "Basel", "country": "CH", "latitude": 47.5, "longitude": 7.6}
    assert counts(merged) == (2, 3, 2)
    # Of the two reports of one document the person's remains, and each claim once.
    assert reports_of(desk.client, desk.fall) == {desk.first: 1, desk.second: 1, desk.both: 2}
    [one] = [
        report for report in items(desk.client, f"/reports?event={desk.fall}") if report["document"]["id"] == desk.both
    ]
    assert (one["coded_by"], one["role"], one["passage"]["start"]) == ("human", "main", 0)
    assert one["date"]["edtf"] == "2024-05-06"
    assert len(items(desk.client, f"/events/{desk.fall}/statements")) == 2


def test_merged_event_stays_as_record_but_not_in_lists(desk: Desk) -> None:
    client = desk.client
    before = read(client, f"/events/{desk.collapse}")
    revision = int(client.get("/events").headers["Dateline-Revision"])

    merge(client, desk.fall, "test:collapse")

    after = read(client, f"/events/{desk.collapse}")
    assert (after["merged_into_id"], after["title"], counts(after)) == (desk.fall, before["title"], (0, 0, 0))
    assert desk.collapse not in [event["id"] for event in items(client, "/events?limit=500")]
    past = read(client, f"/events/{desk.collapse}?as_of={revision}")
    assert past | {"origin_count": before["origin_count"]} == before  # of the past, origins are not counted
    changed = {(change["noun"], change["id"]) for change in items(client, f"/changes?since={revision}&limit=500")}
    assert {("events", desk.fall), ("events", desk.collapse)} < changed
    assert {noun for noun, _ in changed} == {"events", "reports", "claims", "statements"}


def test_merged_event_id_means_the_target(desk: Desk) -> None:
    third = event(desk.client, "The old bridge", external_id="test:old")
    merge(desk.client, desk.collapse, third)
    merge(desk.client, desk.fall, desk.collapse)

    for ref in (desk.collapse, "test:collapse", third, "test:old"):
        ident = document(desk.client, "naenara", f"By {ref}", [report(ref)], said(ref))  # type: ignore[arg-type]
        assert ident in reports_of(desk.client, desk.fall)
    assert counts(read(desk.client, f"/events/{desk.fall}")) == (3, 7, 6)
    assert read(desk.client, f"/events/{third}")["merged_into_id"] == desk.fall
    # Its name elsewhere stays its own.
    taken = {"title": "Another", "date": "2024", "type": "assault", "external_id": "test:old"}
    assert desk.client.post("/events", json=taken).status_code == 409


def test_invalid_merge_is_422_and_changes_nothing(desk: Desk) -> None:
    client, old = desk.client, event(desk.client, "The old bridge")
    merge(client, desk.fall, old)
    before = client.get("/events").headers["ETag"]
    wrong: list[tuple[list[Any], str]] = [
        ([desk.fall], "from.0"),
        ([desk.collapse, desk.collapse], "from.1"),
        ([desk.collapse, "test:nothing"], "from.1"),
        ([999_999], "from.0"),
        ([old], "from.0"),
        ([], "from"),
    ]

    for sources, field in wrong:
        answer = client.post(f"/events/{desk.fall}/merge", json={"from": sources})
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])

    # No circle: what was merged takes nothing, and cannot be split.
    for address, body in (("merge", {"from": [desk.fall]}), ("split", {"document_ids": [desk.first]})):
        answer = client.post(f"/events/{old}/{address}", json=body)
        assert (answer.status_code, answer.json()["merged_into_id"]) == (409, desk.fall)
    assert client.post("/events/999999/merge", json={"from": [old]}).status_code == 404
    assert client.get("/events", headers={"If-None-Match": before}).status_code == 304


def test_merge_prefers_a_persons_description(desk: Desk) -> None:
    made = event(desk.client, "Bridge news", date="2024-05", type="statement", coded_by="machine", confidence=0.3)

    merged = merge(desk.client, made, desk.collapse)

    assert (merged["title"], merged["type"], merged["date"]["edtf"]) == (
        "Collapse of a bridge",
        "assault",
        "2024-05-06",
    )
    assert (merged["place"]["name"], merged["coded_by"], merged["confidence"]) == ("Basel", "human", None)


def test_merge_does_not_overwrite_a_place(desk: Desk) -> None:
    bern = event(desk.client, "Bridge in Bern", place="Bern")

    assert merge(desk.client, bern, desk.collapse)["place"] == {
        "name": "Bern", "country": None, "latitude": None, "longitude": None,
    }  # fmt: skip


def test_merge_heeds_if_match_and_is_idempotent(desk: Desk) -> None:
    tag = desk.client.get(f"/events/{desk.fall}").headers["ETag"]
    address, body, key = f"/events/{desk.fall}/merge", {"from": [desk.collapse]}, {"Idempotency-Key": "once"}

    first, second = (desk.client.post(address, json=body, headers=key) for _ in range(2))

    assert (first.status_code, second.status_code, second.json()) == (200, 200, first.json())
    other = {"from": [event(desk.client, "Another")]}
    assert desk.client.post(address, json=other, headers={"If-Match": tag}).status_code == 412


def test_merge_moves_matches_and_confirms_its_own(desk: Desk, store: Store) -> None:
    other, apart = event(desk.client, "Bridge opens"), event(desk.client, "Bridge painted")
    pairs = {(desk.fall, desk.collapse): None, (desk.collapse, other): None, (desk.fall, other): None}
    expected: dict[tuple[int, int], bool | None] = pairs | {(desk.collapse, apart): False}
    with revisions.write(store.engine, author="tests", message="") as session:
        for (one, two), same in expected.items():
            coding = CodedBy.MACHINE if same is None else CodedBy.HUMAN
            session.add(Match(event_id=one, other_event_id=two, same=same, coded_by=coding, confidence=0.4))

    merge(desk.client, desk.fall, desk.collapse)

    assert matches(desk.client) == {
        (desk.fall, desk.collapse): (True, "human"),
        (desk.fall, other): (None, "machine"),
        (desk.fall, apart): (False, "human"),
    }


def matches(client: TestClient) -> dict[tuple[int, int], tuple[bool | None, str]]:
    """Return the matches of events that the tests have added."""
    rows = [match for match in items(client, "/matches?noun=events&limit=500") if match["id"] > 1]
    return {(item["one"]["id"], item["other"]["id"]): (item["same"], item["coded_by"]) for item in rows}


def test_split_moves_documents_with_their_records(desk: Desk) -> None:
    merge(desk.client, desk.fall, desk.collapse)

    body = {"title": "Bridge repaired", "date": "2024-06", "type": "cooperate", "document_ids": [desk.second]}
    made = post(desk.client, f"/events/{desk.fall}/split", body)

    assert made == read(desk.client, f"/events/{made['id']}")
    assert (made["title"], made["date"]["edtf"], made["type"]) == ("Bridge repaired", "2024-06", "cooperate")
    assert (made["place"]["name"], made["summary"], made["coded_by"]) == ("Basel", None, "human")
    assert counts(made) == (1, 1, 1)
    assert reports_of(desk.client, made["id"]) == {desk.second: 1}
    assert reports_of(desk.client, desk.fall) == {desk.first: 1, desk.both: 2}
    assert counts(read(desk.client, f"/events/{desk.fall}")) == (2, 2, 1)
    # The machine will not say again that they are one.
    assert matches(desk.client) == {(desk.fall, made["id"]): (False, "human")}


def test_split_of_statements_leaves_the_document_in_both(desk: Desk) -> None:
    merge(desk.client, desk.fall, desk.collapse)
    [fifty] = [claim["id"] for claim in items(desk.client, "/claims?property=hurt") if claim["value"] == "fifty"]
    spoken = {
        statement["document"]["id"]: statement["id"]
        for statement in items(desk.client, f"/events/{desk.fall}/statements")
    }

    body = {"place": "Bern", "claim_ids": [fifty], "statement_ids": [spoken[desk.second]]}
    made = post(desk.client, f"/events/{desk.fall}/split", body)

    assert (made["title"], made["place"]["name"], made["place"]["country"]) == ("Bridge falls", "Bern", None)
    assert reports_of(desk.client, made["id"]) == {desk.second: 0, desk.both: 1}
    assert reports_of(desk.client, desk.fall) == {desk.first: 1, desk.second: 1, desk.both: 1}
    assert [statement["id"] for statement in items(desk.client, f"/events/{made['id']}/statements")] == [
        spoken[desk.second]
    ]
    # To merge them again puts it back.
    assert counts(merge(desk.client, desk.fall, made["id"])) == (2, 3, 2)
    assert reports_of(desk.client, desk.fall) == {desk.first: 1, desk.second: 1, desk.both: 2}


def test_split_can_reopen_a_merged_event(desk: Desk) -> None:
    merge(desk.client, desk.fall, desk.collapse)

    body = {"event": "test:collapse", "document_ids": [desk.second], "title": "Collapse of the old bridge"}
    again = post(desk.client, f"/events/{desk.fall}/split", body)

    assert (again["id"], again["merged_into_id"], again["title"]) == (desk.collapse, None, "Collapse of the old bridge")
    assert reports_of(desk.client, desk.collapse) == {desk.second: 1}
    ident = document(desk.client, "naenara", "Later", [report("test:collapse")])  # type: ignore[arg-type]
    assert ident in reports_of(desk.client, desk.collapse)


def test_split_of_foreign_records_is_refused(desk: Desk) -> None:
    [claim] = [claim["id"] for claim in items(desk.client, f"/claims?event={desk.collapse}") if "fifty" in str(claim)]
    spoken = items(desk.client, f"/events/{desk.collapse}/statements")[0]["id"]
    before = desk.client.get("/events").headers["ETag"]
    wrong: list[tuple[Body, str]] = [
        ({"document_ids": [desk.first, desk.second]}, "document_ids.1"),
        ({"statement_ids": [spoken]}, "statement_ids.0"),
        ({"statement_ids": [999_999]}, "statement_ids.0"),
        ({"claim_ids": [claim]}, "claim_ids.0"),
        ({"event": desk.collapse}, "event"),
        ({"event": "test:nothing"}, "event"),
        ({"document_ids": [desk.first], "type": "voice"}, "type"),
        ({"document_ids": [desk.first], "title": None}, "title"),
    ]

    for body, field in wrong:
        answer = desk.client.post(f"/events/{desk.fall}/split", json=body)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])

    assert desk.client.post(f"/events/{desk.fall}/split", json={"title": "Nothing"}).status_code == 422
    assert desk.client.get("/events", headers={"If-None-Match": before}).status_code == 304


def test_import_finds_merged_event_by_external_id(imported: Any, empty_store: Store, empty_writer: TestClient) -> None:
    imported(gdelt_event(1), gdelt_event(2))
    first, second = sorted(event["id"] for event in items(empty_writer, "/events"))
    merge(empty_writer, first, second)

    address = "https://www.herald.example/news/3"
    mentions = [gdelt_mention(number, MentionIdentifier=address) for number in (1, 2)]
    outcomes = imported(*mentions, kind="mentions")
    again = imported(gdelt_event(1), gdelt_event(2))

    assert outcomes == {"taken": 1, "unchanged": 1}
    assert set(again) <= {"unchanged", "skipped as a person has read it"}, again
    assert len(reports_of(empty_writer, first)) == 3
    assert not items(empty_writer, f"/reports?event={second}")
    assert read(empty_writer, f"/events/{first}")["document_count"] == 3


def test_merge_and_split_without_key_are_401(reader: TestClient) -> None:
    assert reader.post("/events/1/merge", json={"from": [2]}).status_code == 401
    assert reader.post("/events/1/split", json={"document_ids": [1]}).status_code == 401


@pytest.mark.expensive("tries many random sequences")
@settings(max_examples=6)
@for_all(data=st.data())
def test_any_merges_and_splits_lose_no_report(
    application: FastAPI, templates: Templates, backend: str, data: st.DataObject
) -> None:
    with templates.copy(backend, "seeded") as store, talking_to(application, store) as client:
        client.headers |= store.key()
        reporting = Counter(report["document"]["id"] for report in items(client, "/reports?limit=500"))
        claims = len(items(client, "/claims?limit=500"))
        for _ in range(data.draw(st.integers(1, 3))):
            standing = [event["id"] for event in items(client, "/events?limit=500")]
            into, *sources = data.draw(st.permutations(standing))[: data.draw(st.integers(2, 4))]
            merge(client, into, *sources)
            documents = list(reports_of(client, into))
            moved = data.draw(st.lists(st.sampled_from(documents), unique=True)) if documents else []
            if moved:
                post(client, f"/events/{into}/split", {"document_ids": moved})

        now = items(client, "/reports?limit=500")
        assert {item["document"]["id"] for item in now} == reporting.keys()
        assert len({(item["event"]["id"], item["document"]["id"]) for item in now}) == len(now)
        assert len(items(client, "/claims?limit=500")) <= claims
        check_counts(client, now)


def check_counts(client: TestClient, reports: Sequence[Mapping[str, Any]]) -> None:
    """Compare the counts of all events with a recount of reports and statements."""
    statements = Counter((statement["event"] or {}).get("id") for statement in items(client, "/statements?limit=500"))
    for event in items(client, "/events?limit=500"):
        own = [report for report in reports if report["event"]["id"] == event["id"]]
        outlets = {report["source"]["slug"] for report in own}
        assert counts(event) == (len(outlets), len(own), statements[event["id"]])
        assert {outlet["slug"] for outlet in event["sources"]} == outlets


def test_search_finds_merged_event_under_its_target(empty_writer: TestClient) -> None:
    one, other = event(empty_writer, "A footbridge falls"), event(empty_writer, "A footbridge collapses")

    merge(empty_writer, one, other)

    assert [hit["id"] for hit in items(empty_writer, "/search?q=footbridge&noun=events")] == [one]
