"""The spine: revisions, the changes that they made, and every record as any of them left it."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import Store, Templates, talking_to
from tests.test_writes import NOUNS, Body, Ids, body_of, item, make, populate, revision, wrong_fields

Place = tuple[str, int]
"""Noun and id of a record."""

State = dict[Place, Body]
"""Every live record."""


def changes(client: TestClient, since: int = 0, limit: int = 50) -> Iterator[Body]:
    """What a client sees that follows the changes page by page."""
    address: str | None = f"/changes?since={since}&limit={limit}"
    while address:
        page = client.get(address).json()
        yield from page["items"]
        address = page["next"]


# Nouns of which one record alone shows more than in a list.
FULLER = ("documents", "speakers", "utterances")


def live(client: TestClient) -> State:
    """Every record as the lists show it, or on its own where there is more of it."""
    state: State = {}
    for noun in NOUNS:
        for found in client.get(f"/{noun}?limit=500").json()["items"]:
            state[noun, found["id"]] = item(client, noun, found["id"]) if noun in FULLER else found
    return state


def replay(live_before: set[Place], seen: list[Body]) -> set[Place]:
    """The live records once ``seen`` has happened; fails where an operation makes no sense."""
    there = set(live_before)
    for change in seen:
        place = (change["noun"], change["id"])
        if change["operation"] == "create":
            assert place not in there, change
            there.add(place)
        else:
            assert place in there, change
        if change["operation"] == "delete":
            there.remove(place)
    return there


# One revision a transaction


def test_a_revision_says_when_who_and_why(empty_writer: TestClient) -> None:
    empty_writer.post("/sources?message=Found+it", json=body_of("sources", {}))

    [made] = empty_writer.get("/revisions").json()["items"]
    prefix = empty_writer.headers["Authorization"].split("_")[1]
    assert (made["author"], made["message"]) == (f"tests ({prefix})", "Found it")
    assert made["at"].endswith("Z")


def test_a_write_that_gives_no_reason_is_known_by_its_request(empty_writer: TestClient) -> None:
    make(empty_writer, "sources", {})
    empty_writer.delete("/sources/1")

    messages = [made["message"] for made in empty_writer.get("/revisions?sort=id").json()["items"]]
    assert messages == ["POST /sources", "DELETE /sources/1"]


@pytest.mark.parametrize(
    ("noun", "same"),
    [
        ("sources", {"name": "Herald 0", "aliases": ["The Herald 0", "herald0.example"]}),
        ("speakers", {"source": "herald-0", "aliases": ["Berg 0", "the envoy 0"]}),
        ("events", {"date": "2021-05-03", "latitude": 46.2, "place": "Geneva"}),
        ("utterances", {"said": "2021-05", "speaker": "anna-berg-0"}),
        ("documents", {"published_at": "2021-05-04T10:00:00+02:00", "url": "https://herald.example/talks/0"}),
        ("reports", {"passage": {"exact": "talks begin at noon” in Geneva"}, "date": "2021-05-03"}),
        ("statements", {"span": {"exact": "talks begin at noon"}, "event": "test:0", "translated": True}),
        ("statements", {"chain": [{"speaker": 1, "cue": {"exact": "the agency Rhein reported"}}]}),
        ("claims", {"normalized": "40", "confidence": 0.5}),
        *((noun, {}) for noun in NOUNS),
    ],
)
def test_a_patch_that_changes_nothing_makes_no_revision(
    untouched: TestClient, records: Ids, noun: str, same: Body
) -> None:
    was, at = item(untouched, noun, records[noun]), revision(untouched)

    # Without the coder it would be a person's reading of the same.
    answer = untouched.patch(f"/{noun}/{records[noun]}", json=same | ({"coded_by": "machine"} if same else {}))

    assert (answer.status_code, answer.json()) == (200, was)
    assert answer.headers["Dateline-Revision"] == str(revision(untouched)) == str(at)


@pytest.fixture(scope="module")
def untouched_store(backend: str, templates: Templates) -> Iterator[Store]:
    with templates.copy(backend, "migrated") as copy:
        yield copy


@pytest.fixture(scope="module")
def untouched_key(untouched_store: Store) -> dict[str, str]:
    return untouched_store.key()


@pytest.fixture
def untouched(application: FastAPI, untouched_store: Store, untouched_key: dict[str, str]) -> Iterator[TestClient]:
    """HTTP with a key to a store whose records no test changes."""
    with talking_to(application, untouched_store) as test_client:
        test_client.headers |= untouched_key
        yield test_client


@pytest.fixture(scope="module")
def records(application: FastAPI, untouched_store: Store, untouched_key: dict[str, str]) -> Ids:
    """One record of each noun in the untouched store."""
    with talking_to(application, untouched_store) as test_client:
        test_client.headers |= untouched_key
        return populate(test_client)


def test_a_cascade_is_one_revision_that_names_each_record_once(empty_writer: TestClient) -> None:
    ids = populate(empty_writer)
    at = revision(empty_writer)

    empty_writer.delete(f"/documents/{ids['documents']}")

    seen = list(changes(empty_writer, since=at))
    assert {change["revision"] for change in seen} == {at + 1}
    assert sorted((change["noun"], change["operation"]) for change in seen) == [
        ("claims", "delete"),
        ("documents", "delete"),
        ("reports", "delete"),
        ("statements", "delete"),
    ]


@pytest.mark.parametrize(("noun", "change"), [("sources", {"aliases": []}), ("statements", {"chain": []})])
def test_a_change_of_a_part_is_a_change_of_its_record(empty_writer: TestClient, noun: str, change: Body) -> None:
    ids = populate(empty_writer)
    at = revision(empty_writer)

    empty_writer.patch(f"/{noun}/{ids[noun]}", json=change)

    assert [(seen["noun"], seen["id"], seen["operation"]) for seen in changes(empty_writer, at)] == [
        (noun, ids[noun], "update")
    ]


def test_a_change_leads_to_the_record_as_it_was_left_or_found(empty_writer: TestClient) -> None:
    source = make(empty_writer, "sources", {})
    empty_writer.patch(f"/sources/{source}", json={"name": "Bote"})
    empty_writer.delete(f"/sources/{source}")

    seen = list(changes(empty_writer))

    assert [change["operation"] for change in seen] == ["create", "update", "delete"]
    assert [empty_writer.get(change["href"]).json()["name"] for change in seen] == ["Herald 0", "Bote", "Bote"]


# What once was


def test_a_deleted_record_is_gone_with_an_address_in_the_past(empty_writer: TestClient) -> None:
    ids = populate(empty_writer)
    was = item(empty_writer, "statements", ids["statements"])
    empty_writer.delete(f"/statements/{ids['statements']}")

    gone = empty_writer.get(f"/statements/{ids['statements']}")

    assert (gone.status_code, gone.headers["Content-Type"]) == (410, "application/problem+json")
    assert gone.json()["revision"] == revision(empty_writer)
    assert empty_writer.get(gone.json()["was"]).json() == was


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_deleted_record_cannot_be_changed_or_deleted_again(empty_writer: TestClient, method: str) -> None:
    source = make(empty_writer, "sources", {})
    empty_writer.delete(f"/sources/{source}")

    assert empty_writer.request(method, f"/sources/{source}", json={}).status_code == 410


def test_the_slug_of_a_deleted_record_says_where_it_was(empty_writer: TestClient) -> None:
    make(empty_writer, "sources", {})
    empty_writer.delete("/sources/herald-0")

    gone = empty_writer.get("/sources/herald-0")

    assert gone.status_code == 410
    assert empty_writer.get(gone.json()["was"]).json()["slug"] == "herald-0"


def test_a_slug_taken_again_means_the_record_that_had_it_then(empty_writer: TestClient) -> None:
    old = make(empty_writer, "sources", {})
    at = revision(empty_writer)
    empty_writer.delete("/sources/herald-0")

    new = make(empty_writer, "sources", {})

    assert empty_writer.get("/sources/herald-0").json()["id"] == new
    assert empty_writer.get(f"/sources/herald-0?as_of={at}").json()["id"] == old


@pytest.mark.parametrize("noun", NOUNS)
def test_what_never_was_is_not_found(untouched: TestClient, records: Ids, noun: str) -> None:
    answers = [untouched.get(address) for address in (f"/{noun}/999999", f"/{noun}/999999/history")]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("noun", NOUNS)
def test_before_its_creation_a_record_is_not_found(untouched: TestClient, records: Ids, noun: str) -> None:
    place = (noun, records[noun])
    [created] = [seen["revision"] for seen in changes(untouched) if (seen["noun"], seen["id"]) == place]

    assert untouched.get(f"/{noun}/{records[noun]}?as_of={created - 1}").status_code == 404


@pytest.mark.parametrize("as_of", [10**6, 2**63 - 1, 2**64, -1, "x", ""])
def test_as_of_is_a_revision_that_has_been(untouched: TestClient, records: Ids, as_of: int | str) -> None:
    assert wrong_fields(untouched.get(f"/sources/{records['sources']}?as_of={as_of}")) == ["as_of"]


def test_history_shows_every_state_with_its_author_and_reason(empty_writer: TestClient) -> None:
    source = make(empty_writer, "sources", {})
    empty_writer.patch(f"/sources/{source}?message=Renamed", json={"name": "Bote"})
    empty_writer.delete(f"/sources/{source}")

    states = empty_writer.get(f"/sources/{source}/history?sort=revision").json()["items"]

    assert [state["operation"] for state in states] == ["create", "update", "delete"]
    assert [state["values"] and state["values"]["name"] for state in states] == ["Herald 0", "Bote", None]
    assert [state["message"] for state in states] == ["POST /sources", "Renamed", "DELETE /sources/1"]


# Any sequence of writes

PATCHES: dict[str, list[Body]] = {
    "sources": [
        {"name": "Bote"},
        {"aliases": ["b", "a"]},
        {"aliases": []},
        {"state_affiliated": True},
        {"country": None},
    ],
    "speakers": [{"source": None}, {"title": "Aide"}, {"aliases": ["x"]}, {"kind": "unnamed"}],
    "events": [{"date": "1961"}, {"latitude": -33.25}, {"place": None, "confidence": None}, {"title": "Meeting"}],
    "utterances": [{"said": None}, {"speaker": None}, {"said": "2020-01-02"}],
    "documents": [{"title": None}, {"published": "2021-05"}, {"published_at": None}, {"language": "fr", "byline": "B"}],
    "reports": [{"role": "background"}, {"passage": {"exact": "Forty people"}}, {"passage": None}, {"date": "2021~"}],
    "statements": [
        {"chain": []},
        {"span": {"exact": "Talks ended,"}, "cue": {"exact": "she added"}},
        {"speaker": None, "translated": None, "language": None},
        {"event": None, "utterance": None, "said": "2021"},
    ],
    "claims": [{"normalized": None, "unit": None}, {"span": {"exact": "Geneva"}}, {"attributed_to": None}],
}

STEPS = st.tuples(
    st.sampled_from(["create", "create", "create", "patch", "patch", "delete", "carry"]),
    st.sampled_from(NOUNS),
    st.integers(0, 9),
    st.integers(0, 9),
)
Step = tuple[str, str, int, int]


def take(client: TestClient, step: Step, state: State, number: int) -> None:
    """Do one write; it may be refused, but never fail."""
    verb, noun, which, how = step
    refs = {each: _pick(state, each, which) for each in NOUNS}
    ident = _pick(state, noun, how)
    if verb == "create":
        answer = client.post(f"/{noun}", json=body_of(noun, refs, number))
    elif verb == "carry":
        carried = [{**body_of("statements", refs), "chain": [{"speaker": refs["speakers"]}] * (how % 3)}]
        del carried[0]["document"]
        answer = client.post("/documents", json=body_of("documents", refs, number) | {"statements": carried})
    elif verb == "patch":
        answer = client.patch(f"/{noun}/{ident}", json=PATCHES[noun][which % len(PATCHES[noun])])
    else:
        answer = client.delete(f"/{noun}/{ident}")
    assert answer.status_code in (200, 201, 204, 404, 409, 410, 422), answer.text


def _pick(state: State, noun: str, number: int) -> int:
    ids = sorted(ident for each, ident in state if each == noun)
    return ids[number % len(ids)] if ids else 999_999


@given(
    steps=st.lists(STEPS, min_size=4, max_size=10),
    limit=st.sampled_from([2, 7, 500]),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=4, phases=[Phase.generate])  # sequences are short as they are; shrinking one takes minutes
def test_whatever_is_written_no_change_is_missed_and_nothing_is_forgotten(
    application: FastAPI, templates: Templates, backend: str, steps: list[Step], limit: int, chance: Random
) -> None:
    with templates.copy(backend, "migrated") as store, talking_to(application, store) as client:
        client.headers |= store.key()
        states: dict[int, State] = {0: {}}
        populate(client)
        states[revision(client)] = live(client)
        for number, step in enumerate(steps, start=1):
            before = states[max(states)]
            take(client, step, before, number)
            at = revision(client)
            if at in states:
                assert live(client) == before
            else:
                states[at] = live(client)

        seen = list(changes(client, limit=limit))
        _check_order(seen)
        since = chance.choice(sorted(states))
        later = [change for change in seen if change["revision"] > since]
        assert list(changes(client, since=since, limit=limit)) == later
        assert replay(set(states[since]), later) == set(states[max(states)])
        _check_histories(client, seen)
        ever = sorted({(change["noun"], change["id"]) for change in seen})
        for place in chance.choices(ever, k=15):
            _check_past(client, place, at := chance.choice(sorted(states)), states[at].get(place))


def _check_order(seen: list[Body]) -> None:
    """Revisions rise, and each names a record once."""
    assert [change["revision"] for change in seen] == sorted(change["revision"] for change in seen)
    named = [(change["revision"], change["noun"], change["id"]) for change in seen]
    assert len(named) == len(set(named))


def _check_histories(client: TestClient, seen: list[Body]) -> None:
    """Each record's history is what the changes say of it."""
    expected: dict[Place, list[Any]] = defaultdict(list)
    for change in seen:
        expected[change["noun"], change["id"]].append((change["revision"], change["operation"]))
    for (noun, ident), states in expected.items():
        found = client.get(f"/{noun}/{ident}/history?sort=revision&limit=500").json()["items"]
        assert [(state["revision"], state["operation"]) for state in found] == states


def _check_past(client: TestClient, place: Place, at: int, then: Body | None) -> None:
    """At that revision the record is what it was then."""
    answer = client.get(f"/{place[0]}/{place[1]}?as_of={at}")
    if then is None:
        assert answer.status_code in (404, 410)
    else:
        assert answer.json() == as_of(place, then)


def as_of(place: Place, then: Body) -> Body:
    """A record as the past shows it: of an event without the origins, which rest on the texts that are there now."""
    return then | {"origin_count": None} if place[0] == "events" else then


def test_as_of_shows_the_seed_as_it_was_before_it_was_changed(writer: TestClient) -> None:
    was, at = live(writer), revision(writer)
    some = [place for place in was if place[1] <= 3]
    writer.patch("/speakers/vladimir-putin", json={"name": "V. Putin", "aliases": ["VVP"], "title": None})
    writer.patch("/sources/meduza", json={"slug": "meduza-io", "aliases": []})
    for noun, ident in some:
        if noun == "statements":
            writer.patch(f"/statements/{ident}", json={"chain": [{"speaker": "kim-jong-un"}], "said": "2024"})
    writer.delete("/events/1")
    writer.delete("/documents/1")

    then = {place: writer.get(f"/{place[0]}/{place[1]}?as_of={at}").json() for place in some}

    assert then == {place: as_of(place, was[place]) for place in some}


# Many writers at once


def test_concurrent_writers_all_succeed_and_a_follower_misses_none(
    application: FastAPI, empty_writer: TestClient
) -> None:
    writers, writes = 8, 5
    done = Event()

    def write(name: int) -> list[int]:
        client = TestClient(application, headers=dict(empty_writer.headers))
        return [_created(client, f"{name} {number}") for number in range(writes)]

    def follow() -> list[Body]:
        client, seen = TestClient(application), list[Body]()
        while True:
            last = done.is_set()
            seen.extend(changes(client, since=seen[-1]["revision"] if seen else 0, limit=7))
            if last:
                return seen

    with ThreadPoolExecutor(writers + 1) as pool:
        follower = pool.submit(follow)
        made = [number for numbers in pool.map(write, range(writers)) for number in numbers]
        done.set()
        seen = [change["revision"] for change in follower.result()]

    assert len(made) == writers * writes
    assert seen == sorted(made)


def _created(client: TestClient, name: str) -> int:
    answer = client.post("/utterances", json={"external_id": f"test:{name.replace(' ', '-')}"})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["revision"])
