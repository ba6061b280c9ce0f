"""Speakers that turn out to be one, and one that turns out to be two: what moves, and that the past stays told."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.data.lists import items, read

Body = dict[str, Any]

TEXT = (
    "“Talks begin at noon,” Anna Berg said, the agency Rhein reported, citing Agence Rhein. "
    "“We shall see,” the envoy told A. Berg. “No comment,” she said of forty people."
)


def post(client: TestClient, path: str, body: Body, status: int = 201) -> Body:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    result: Body = answer.json()
    return result


def merge(client: TestClient, into: str, *sources: object) -> Body:
    return post(client, f"/speakers/{into}/merge", {"from": sources}, 200)


def speaker(client: TestClient, name: str, slug: str, **more: Any) -> int:
    return int(post(client, "/speakers", {"name": name, "slug": slug, "kind": "person"} | more)["id"])


def said(words: str, by: str | None, *chain: str | Body) -> Body:
    hops = [{"speaker": hop} if isinstance(hop, str) else hop for hop in chain]
    return {"speaker": by, "kind": "direct", "span": {"exact": words}, "chain": hops}


@pytest.fixture
def desk(writer: TestClient) -> TestClient:
    """HTTP to a store with two who are one envoy, and two who are one agency."""
    speaker(writer, "Anna Berg", "berg", aliases=["Berg"])
    speaker(
        writer, "A. Berg", "a-berg", title="Envoy", country="CH", wikidata_id="Q42", aliases=["berg", "the envoy"],
        coded_by="machine", confidence=0.4,
    )  # fmt: skip
    speaker(writer, "Rhein", "rhein", kind="organization")
    speaker(writer, "Agence Rhein", "agence-rhein", kind="organization")
    cited = {"speaker": "agence-rhein", "cue": {"exact": "citing"}}
    statements = [
        said("Talks begin at noon,", "a-berg", "rhein", cited),
        said("We shall see,", "berg", "rhein", "a-berg"),
        said("No comment,", "rhein", "a-berg", "berg", "agence-rhein"),
    ]
    passage = {"exact": "forty people"}
    claims = [{"property": "people", "span": passage, "attributed_to": "a-berg"}]
    event = post(writer, "/events", {"title": "Talks", "date": "2024", "type": "consult"})["id"]
    reports = [{"event": event, "passage": passage, "claims": claims}]
    post(writer, "/documents", {"source": "meduza", "text": TEXT, "statements": statements, "reports": reports})
    post(writer, "/utterances", {"speaker": "a-berg", "external_id": "test:1"})
    return writer


def chains(client: TestClient) -> dict[str, list[tuple[int, str]]]:
    """Return the chains of the newest document's statements, by their words."""
    document = read(client, "/documents?sort=-id&limit=1")["items"][0]["id"]
    return {
        statement["text"]: [(hop["position"], hop["speaker"]["slug"]) for hop in statement["chain"]]
        for statement in items(client, f"/documents/{document}/statements?limit=500")
    }


def test_merge_moves_statements_names_and_facts(desk: TestClient) -> None:
    before = read(desk, "/speakers/berg")

    merged = merge(desk, "berg", "a-berg")

    assert merged == read(desk, "/speakers/berg")
    assert merged == before | {
        "title": "Envoy",
        "country": "CH",
        "wikidata_id": "Q42",
        "aliases": ["Berg", "A. Berg", "the envoy"],
        "statement_count": 2,
        "relayed_count": 1,
        "record": merged["record"],
        "revision": merged["revision"],
    }
    assert [source["statement_count"] for source in merged["record"]["by_source"]] == [2]
    assert [utterance["speaker"]["slug"] for utterance in items(desk, "/utterances?speaker=berg")] == ["berg"]
    claims = read(desk, "/claims?property=people")["items"]
    assert [claim["attributed_to"]["slug"] for claim in claims] == ["berg"]
    # By any name that either had, and by none that anybody else has.
    for name in ("Anna Berg", "a. berg", "The Envoy", "berg"):
        assert {
            statement["text"] for statement in desk.get("/statements", params={"speaker": name}).json()["items"]
        } == {
            "Talks begin at noon,",
            "We shall see,",
        }


def test_merge_removes_repeated_hops_from_chains(desk: TestClient) -> None:
    merge(desk, "berg", "a-berg")
    merge(desk, "rhein", "agence-rhein")

    assert chains(desk) == {
        "Talks begin at noon,": [(0, "rhein")],  # one agency, not two
        "We shall see,": [(0, "rhein")],  # nobody relays his own words
        "No comment,": [(0, "berg")],
    }
    [noon] = [
        statement for statement in items(desk, "/statements?speaker=berg") if statement["text"].startswith("Talks")
    ]
    assert noon["chain"][0]["cue"]["exact"] == "citing"  # of two hops that are one, the cue stays


def test_many_speakers_are_merged_at_once(desk: TestClient) -> None:
    third = speaker(desk, "Berg, Anna", "berg-anna", country="DE")

    merged = merge(desk, "berg", third, "a-berg")

    assert merged["country"] == "DE"
    assert merged["aliases"] == ["Berg", "Berg, Anna", "A. Berg", "the envoy"]


def test_merged_speaker_is_410_naming_the_target(desk: TestClient) -> None:
    before = int(desk.get("/speakers/a-berg").headers["Dateline-Revision"])
    old, new = read(desk, "/speakers/a-berg"), read(desk, "/speakers/berg")["id"]
    [noon] = items(desk, "/statements?speaker=a-berg")

    now = merge(desk, "berg", "a-berg")["revision"]

    for address in ("/speakers/a-berg", f"/speakers/{old['id']}", "/speakers/a-berg/statements"):
        gone = desk.get(address)
        assert (gone.status_code, gone.json()["merged_into_id"], gone.json()["revision"]) == (410, new, now)
        assert read(desk, gone.json()["was"]) == old
    assert desk.get("/statements?speaker=a-berg").status_code == 422
    assert desk.patch("/speakers/a-berg", json={"title": None}).status_code == 410
    assert desk.post("/speakers/a-berg/merge", json={"from": ["berg"]}).status_code == 410
    # The past is told as it was, and the changes as they were made.
    assert read(desk, f"/statements/{noon['id']}?as_of={before}") == noon
    states = items(desk, f"/statements/{noon['id']}/history")
    assert [(state["revision"], state["snapshot"]["speaker_id"]) for state in states] == [
        (now, new),
        (noon["revision"], old["id"]),
    ]
    changed = {
        (change["noun"], change["id"], change["operation"]) for change in items(desk, f"/changes?since={before}")
    }
    assert {("speakers", old["id"], "delete"), ("speakers", new, "update")} < changed
    assert ("statements", noon["id"], "update") in changed
    assert {noun for noun, _, _ in changed} == {"speakers", "statements", "utterances", "claims"}
    # One that is merely deleted was merged into nothing.
    desk.delete(f"/speakers/{speaker(desk, 'Nobody', 'nobody')}")
    assert "merged_into_id" not in desk.get("/speakers/nobody").json()


def test_invalid_merge_is_422_and_changes_nothing(desk: TestClient) -> None:
    speaker(desk, "Another", "another", wikidata_id="Q1")
    speaker(desk, "One more", "one-more", wikidata_id="Q2")
    before = desk.get("/speakers").headers["ETag"]
    wrong: list[tuple[str, list[Any], str]] = [
        ("berg", ["berg"], "from.0"),
        ("berg", ["a-berg", "a-berg"], "from.1"),
        ("berg", ["a-berg", "nobody"], "from.1"),
        ("berg", ["a-berg", "rhein"], "from.1"),  # a person and an organization, as people said
        ("another", ["one-more"], "from.0"),  # two items of Wikidata
        ("berg", [], "from"),
    ]

    for into, sources, field in wrong:
        answer = desk.post(f"/speakers/{into}/merge", json={"from": sources})
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])

    assert desk.post("/speakers/nobody/merge", json={"from": ["berg"]}).status_code == 404
    assert desk.get("/speakers", headers={"If-None-Match": before}).status_code == 304


def test_merge_prefers_a_persons_values(desk: TestClient) -> None:
    speaker(desk, "The Rhein", "machine", kind="unnamed", coded_by="machine", confidence=0.2, title="Spokesman")

    merged = merge(desk, "machine", "rhein")

    assert (merged["kind"], merged["title"], merged["coded_by"], merged["confidence"]) == (
        "organization",
        "Spokesman",
        "human",
        None,
    )


def test_merge_heeds_if_match_and_is_idempotent(desk: TestClient) -> None:
    tag = desk.get("/speakers/berg").headers["ETag"]
    key = {"Idempotency-Key": "once"}
    body = {"from": ["a-berg"]}

    first, second = (desk.post("/speakers/berg/merge", json=body, headers=key) for _ in range(2))

    assert (first.status_code, second.status_code, second.json()) == (200, 200, first.json())
    assert desk.post("/speakers/berg/merge", json={"from": ["rhein"]}, headers={"If-Match": tag}).status_code == 412


def test_split_moves_statements_to_a_new_speaker(desk: TestClient) -> None:
    merge(desk, "berg", "a-berg")
    document = read(desk, "/documents?sort=-id&limit=1")["items"][0]["id"]
    ids = {
        statement["text"]: statement["id"] for statement in items(desk, f"/documents/{document}/statements?limit=500")
    }
    [utterance] = items(desk, "/utterances?speaker=berg")
    [claim] = read(desk, "/claims?property=people")["items"]
    desk.patch(f"/statements/{ids['Talks begin at noon,']}", json={"utterance": utterance["id"]})

    body = {
        "name": "the envoy",
        "slug": "envoy",
        "kind": "unnamed",
        "aliases": ["A. BERG"],
        "statement_ids": [ids["Talks begin at noon,"], ids["No comment,"]],
        "claim_ids": [claim["id"]],
    }
    made = post(desk, "/speakers/berg/split", body)

    assert made == read(desk, "/speakers/envoy")
    assert (made["kind"], made["aliases"], made["coded_by"]) == ("unnamed", ["A. BERG"], "human")
    assert (made["statement_count"], made["relayed_count"]) == (1, 1)
    remaining = read(desk, "/speakers/berg")
    assert (remaining["aliases"], remaining["statement_count"], remaining["relayed_count"]) == (["Berg"], 1, 0)
    assert chains(desk)["No comment,"] == [(0, "envoy"), (1, "agence-rhein")]
    assert read(desk, f"/utterances/{utterance['id']}")["speaker"]["slug"] == "envoy"
    assert read(desk, f"/claims/{claim['id']}")["attributed_to"]["slug"] == "envoy"
    assert {statement["text"] for statement in items(desk, "/statements?speaker=a.+berg")} == {"Talks begin at noon,"}


def test_split_leaves_an_utterance_still_in_use(desk: TestClient) -> None:
    both = [statement["id"] for statement in items(desk, "/statements?speaker=berg,a-berg")]
    merge(desk, "berg", "a-berg")
    [utterance] = items(desk, "/utterances?speaker=berg")
    for ident in both:
        desk.patch(f"/statements/{ident}", json={"utterance": utterance["id"]})

    post(desk, "/speakers/berg/split", {"name": "Another Berg", "statement_ids": both[:1]})

    assert read(desk, f"/utterances/{utterance['id']}")["speaker"]["slug"] == "berg"


def test_split_of_foreign_statements_is_refused(desk: TestClient) -> None:
    [theirs] = items(desk, "/statements?speaker=a-berg")
    [claim] = read(desk, "/claims?property=people")["items"]
    before = desk.get("/speakers").headers["ETag"]
    wrong: list[tuple[Body, int, str | None]] = [
        ({"aliases": ["the envoy"]}, 422, "aliases.0"),
        ({"statement_ids": [theirs["id"]]}, 422, "statement_ids.0"),
        ({"statement_ids": [999_999]}, 422, "statement_ids.0"),
        ({"claim_ids": [claim["id"]]}, 422, "claim_ids.0"),
        ({"slug": "rhein"}, 409, None),
        ({"kind": "voice"}, 422, "kind"),
        ({"name": ""}, 422, "name"),
    ]

    for body, status, field in wrong:
        answer = desk.post("/speakers/berg/split", json={"name": "Another"} | body)
        fields = [error["field"] for error in answer.json().get("errors", [])]
        assert (answer.status_code, fields) == (status, [field] if field else [])

    assert desk.get("/speakers", headers={"If-None-Match": before}).status_code == 304


def test_merge_and_split_without_key_are_401(reader: TestClient) -> None:
    assert reader.post("/speakers/tass/merge", json={"from": ["kcna"]}).status_code == 401
    assert reader.post("/speakers/tass/split", json={"name": "Another"}).status_code == 401
