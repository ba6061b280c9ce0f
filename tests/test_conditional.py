"""ETags: unchanged responses are 304, and writes to changed records are 412."""

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


def test_unchanged_response_is_a_304(reader: TestClient, subtests: pytest.Subtests) -> None:
    for address in ADDRESSES:
        with subtests.test(address):
            etag = reader.get(address).headers["ETag"]

            response = reader.get(address, headers={"If-None-Match": etag})

            assert etag.startswith('W/"')
            assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize("address", ["/events", "/events/1", "/"])
def test_head_has_the_etag_of_get(reader: TestClient, address: str) -> None:
    tag = reader.get(address).headers["ETag"]

    assert reader.head(address).headers["ETag"] == tag
    assert reader.head(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "header",
    ["{opaque}", 'W/"other", {tag}', '"a","b" , {opaque}', "{tag},{tag}"],
    ids=["strong", "list", "loose", "twice"],
)
def test_if_none_match_compares_lists_weakly(reader: TestClient, header: str) -> None:
    tag = reader.get("/events").headers["ETag"]

    answer = reader.get("/events", headers={"If-None-Match": header.format(tag=tag, opaque=tag.removeprefix("W/"))})

    assert answer.status_code == 304


@pytest.mark.before_the_database
def test_other_etag_is_a_200(reader: TestClient, subtests: pytest.Subtests) -> None:
    for header in ('W/"1-0000000000000000"', '""', "nonsense", '"', ",,", "1", "é"):
        with subtests.test(header):
            answer = reader.get("/events/1", headers=[(b"If-None-Match", header.encode())])

            assert (answer.status_code, answer.json()["id"]) == (200, 1)


def test_etags_differ_by_address_and_representation(reader: TestClient) -> None:
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


def test_etag_of_another_representation_is_a_200(reader: TestClient) -> None:
    tag = reader.get("/events").headers["ETag"]

    answer = reader.get("/events", headers={"If-None-Match": tag, "Accept": "text/csv"})

    assert (answer.status_code, "Accept" in answer.headers["Vary"]) == (200, True)


def test_every_etag_is_new_after_a_write(writer: TestClient, subtests: pytest.Subtests) -> None:
    addresses = ("/events", "/sources/meduza", "/documents/1", "/changes", "/search?q=treaty")
    etags = {address: writer.get(address).headers["ETag"] for address in addresses}
    writer.patch("/events/1", json={"title": "Another title"})

    for address, etag in etags.items():
        with subtests.test(address):
            answer = writer.get(address, headers={"If-None-Match": etag})

            assert answer.status_code == 200
            assert answer.headers["ETag"] != etag


def test_write_without_a_change_keeps_etags(writer: TestClient) -> None:
    tag = writer.get("/events").headers["ETag"]
    writer.patch("/events/1", json={})

    assert writer.get("/events", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("address", ["/events/999999", "/events?nonsense=1", "/nowhere"])
def test_error_has_no_etag(reader: TestClient, address: str) -> None:
    assert "ETag" not in reader.get(address).headers


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_write_with_a_stale_etag_is_a_412(writer: TestClient, method: str) -> None:
    stale = writer.get("/claims/1").headers["ETag"]
    writer.patch("/claims/1", json={"unit": "people"})
    changed, at = item(writer, "claims", 1), revision(writer)

    answer = writer.request(method, "/claims/1", json={"unit": "men"}, headers={"If-Match": stale})

    assert (answer.status_code, answer.json()["revision"]) == (412, at)
    assert (item(writer, "claims", 1), revision(writer)) == (changed, at)


@pytest.mark.parametrize(("part", "owner"), [("aliases", "sources/meduza"), ("chain", "statements/1")])
def test_change_of_a_part_makes_the_etag_stale(writer: TestClient, part: str, owner: str) -> None:
    new = ["Another name"] if part == "aliases" else [{"speaker": "kim-jong-un"}] * 3
    stale = writer.get(f"/{owner}").headers["ETag"]
    writer.patch(f"/{owner}", json={part: new})

    answer = writer.patch(f"/{owner}", json={part: []}, headers={"If-Match": stale})

    assert answer.status_code == 412


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("header", ["{tag}", "*", '"x", {tag}', "{strong}"], ids=["tag", "any", "list", "strong"])
def test_write_with_the_current_etag_succeeds(writer: TestClient, method: str, header: str) -> None:
    tag = writer.get("/claims/1").headers["ETag"]
    if_match = header.format(tag=tag, strong=tag.removeprefix("W/"))

    answer = writer.request(method, "/claims/1", json={"unit": "men"}, headers={"If-Match": if_match})

    assert answer.status_code in (200, 204)


def test_etag_holds_after_a_write_to_another_record(writer: TestClient) -> None:
    tag = writer.get("/claims/1").headers["ETag"]
    writer.patch("/claims/2", json={"unit": "people"})

    assert writer.patch("/claims/1", json={"unit": "men"}, headers={"If-Match": tag}).status_code == 200


def test_etag_of_a_list_is_a_valid_if_match(writer: TestClient) -> None:
    tag = writer.get("/claims").headers["ETag"]

    assert writer.patch("/claims/1", json={"unit": "men"}, headers={"If-Match": tag}).status_code == 200


def test_etag_of_a_write_is_valid_for_the_next(writer: TestClient) -> None:
    tag = writer.patch("/claims/1", json={"unit": "men"}).headers["ETag"]

    assert writer.patch("/claims/1", json={"unit": "women"}, headers={"If-Match": tag}).status_code == 200


def test_unreadable_if_match_is_a_412(writer: TestClient, subtests: pytest.Subtests) -> None:
    before = revision(writer)
    for header in ("nonsense", "", '"1"', 'W/"x-0000000000000000"', "1-0000000000000000", '"', "**"):
        with subtests.test(header):
            answer = writer.patch("/claims/1", json={"unit": "men"}, headers={"If-Match": header})

            assert answer.status_code == 412
    assert revision(writer) == before
