"""Entity tags: what has not changed is not sent, and what has changed is not overwritten."""

import pytest
from fastapi.testclient import TestClient

from tests.test_writes import item, revision

ADDRESSES = [
    "/",
    "/docs",
    "/openapi.json",
    "/events",
    "/events?date=2024-06-19&count=exact",
    "/events?format=csv",
    "/events?format=jsonl",
    "/events?flat=true",
    "/events/1",
    "/events/1/sources",
    "/events/1/statements",
    "/events/1/history",
    "/sources",
    "/sources/meduza",
    "/sources/meduza/events",
    "/sources/meduza/documents",
    "/documents",
    "/documents/1",
    "/documents/1/statements",
    "/documents/1?as_of=1",
    "/speakers",
    "/speakers/vladimir-putin",
    "/speakers/vladimir-putin/statements",
    "/statements?speaker=putin",
    "/statements/1",
    "/reports",
    "/reports/1",
    "/utterances",
    "/utterances/1",
    "/claims",
    "/claims/1",
    "/search?q=treaty",
    "/changes",
    "/revisions",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_has_not_changed_is_not_sent_again(reader: TestClient, address: str) -> None:
    tag = reader.get(address).headers["ETag"]

    again = reader.get(address, headers={"If-None-Match": tag})

    assert tag.startswith('W/"')
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("address", ["/events", "/events/1", "/"])
def test_head_carries_the_tag_of_get(reader: TestClient, address: str) -> None:
    tag = reader.get(address).headers["ETag"]

    assert reader.head(address).headers["ETag"] == tag
    assert reader.head(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "header",
    ["{opaque}", 'W/"other", {tag}', '"a","b" , {opaque}', "{tag},{tag}"],
    ids=["strong", "list", "loose", "twice"],
)
def test_tags_are_compared_weakly_and_in_lists(reader: TestClient, header: str) -> None:
    tag = reader.get("/events").headers["ETag"]

    answer = reader.get("/events", headers={"If-None-Match": header.format(tag=tag, opaque=tag.removeprefix("W/"))})

    assert answer.status_code == 304


@pytest.mark.parametrize("header", ['W/"1-0000000000000000"', '""', "nonsense", '"', ",,", "1", "é".encode()])
def test_a_tag_that_is_not_the_one_gets_the_whole_answer(reader: TestClient, header: str | bytes) -> None:
    answer = reader.get(
        "/events/1", headers=[(b"If-None-Match", header if isinstance(header, bytes) else header.encode())]
    )

    assert (answer.status_code, answer.json()["id"]) == (200, 1)


def test_each_address_and_each_representation_has_a_tag_of_its_own(reader: TestClient) -> None:
    addresses = [
        "/events",
        "/events?limit=1",
        "/events?format=csv",
        "/events?format=jsonl",
        "/events?flat=true",
        "/sources",
    ]

    tags = [reader.get(address).headers["ETag"] for address in addresses]
    tags += [
        reader.get("/events", headers={"Accept": accept}).headers["ETag"]
        for accept in ("text/csv", "application/jsonl")
    ]

    assert len(set(tags)) == len(tags)


def test_a_tag_of_one_representation_does_not_stand_for_another(reader: TestClient) -> None:
    tag = reader.get("/events").headers["ETag"]

    answer = reader.get("/events", headers={"If-None-Match": tag, "Accept": "text/csv"})

    assert (answer.status_code, "Accept" in answer.headers["Vary"]) == (200, True)


@pytest.mark.parametrize("address", ["/events", "/sources/meduza", "/documents/1", "/changes", "/search?q=treaty"])
def test_after_a_write_everything_is_sent_again(writer: TestClient, address: str) -> None:
    tag = writer.get(address).headers["ETag"]
    writer.patch("/events/1", json={"title": "Another title"})

    answer = writer.get(address, headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


def test_a_write_that_changes_nothing_keeps_every_tag(writer: TestClient) -> None:
    tag = writer.get("/events").headers["ETag"]
    writer.patch("/events/1", json={})

    assert writer.get("/events", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("address", ["/events/999999", "/events?nonsense=1", "/nowhere"])
def test_an_error_has_no_tag(reader: TestClient, address: str) -> None:
    assert "ETag" not in reader.get(address).headers


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_record_that_has_changed_since_is_left_alone(writer: TestClient, method: str) -> None:
    stale = writer.get("/claims/1").headers["ETag"]
    writer.patch("/claims/1", json={"unit": "people"})
    changed, at = item(writer, "claims", 1), revision(writer)

    answer = writer.request(method, "/claims/1", json={"unit": "men"}, headers={"If-Match": stale})

    assert (answer.status_code, answer.json()["revision"]) == (412, at)
    assert (item(writer, "claims", 1), revision(writer)) == (changed, at)


@pytest.mark.parametrize(("part", "owner"), [("aliases", "sources/meduza"), ("chain", "statements/1")])
def test_a_changed_part_counts_as_a_change_of_its_record(writer: TestClient, part: str, owner: str) -> None:
    new = ["Another name"] if part == "aliases" else [{"speaker": "kim-jong-un"}] * 3
    stale = writer.get(f"/{owner}").headers["ETag"]
    writer.patch(f"/{owner}", json={part: new})

    answer = writer.patch(f"/{owner}", json={part: []}, headers={"If-Match": stale})

    assert answer.status_code == 412


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("header", ["{tag}", "*", '"x", {tag}', "{strong}"], ids=["tag", "any", "list", "strong"])
def test_a_record_that_has_not_changed_since_may_be_written(writer: TestClient, method: str, header: str) -> None:
    tag = writer.get("/claims/1").headers["ETag"]
    if_match = header.format(tag=tag, strong=tag.removeprefix("W/"))

    answer = writer.request(method, "/claims/1", json={"unit": "men"}, headers={"If-Match": if_match})

    assert answer.status_code in (200, 204)


def test_a_write_to_another_record_does_not_stand_in_the_way(writer: TestClient) -> None:
    tag = writer.get("/claims/1").headers["ETag"]
    writer.patch("/claims/2", json={"unit": "people"})

    assert writer.patch("/claims/1", json={"unit": "men"}, headers={"If-Match": tag}).status_code == 200


def test_the_tag_of_a_list_will_do(writer: TestClient) -> None:
    tag = writer.get("/claims").headers["ETag"]

    assert writer.patch("/claims/1", json={"unit": "men"}, headers={"If-Match": tag}).status_code == 200


def test_the_tag_of_a_write_allows_the_next(writer: TestClient) -> None:
    tag = writer.patch("/claims/1", json={"unit": "men"}).headers["ETag"]

    assert writer.patch("/claims/1", json={"unit": "women"}, headers={"If-Match": tag}).status_code == 200


@pytest.mark.parametrize("header", ["nonsense", "", '"1"', 'W/"x-0000000000000000"', "1-0000000000000000", '"', "**"])
def test_a_precondition_that_cannot_be_read_is_not_met(writer: TestClient, header: str) -> None:
    at = revision(writer)

    answer = writer.patch("/claims/1", json={"unit": "men"}, headers={"If-Match": header})

    assert answer.status_code == 412
    assert revision(writer) == at
