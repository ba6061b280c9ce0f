"""Revisions, their changes, and every record as of each revision."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import Phase, settings
from hypothesis import strategies as st

from tests.conftest import Store, Templates, talking_to
from tests.properties import for_all
from tests.test_writes import NOUNS, Body, Ids, body_of, item, make, populate, revision, wrong_fields

Place = tuple[str, int]
"""Noun and id of a record."""

State = dict[Place, Body]
"""All live records."""


def changes(client: TestClient, since: int = 0, limit: int = 50) -> Iterator[Body]:
    """Yield the changes after a revision, page by page."""
    address: str | None = f"/changes?since={since}&limit={limit}"
    while address:
        page = client.get(address).json()
        yield from page["items"]
        address = page["next"]


# Nouns whose records have more fields at their own address than in a list.
FULLER = ("documents", "speakers", "utterances")


def read_records(client: TestClient) -> State:
    """Return every live record: from its list, or from its own address if that has more."""
    state: State = {}
    for noun in NOUNS:
        for record in client.get(f"/{noun}?limit=500").json()["items"]:
            state[noun, record["id"]] = item(client, noun, record["id"]) if noun in FULLER else record
    return state


def replay(before: set[Place], changes: list[Body]) -> set[Place]:
    """Return the live records after ``changes``; fail if an operation contradicts the records."""
    places = set(before)
    for change in changes:
        place = (change["noun"], change["id"])
        if change["operation"] == "create":
            assert place not in places, change
            places.add(place)
        else:
            assert place in places, change
        if change["operation"] == "delete":
            places.remove(place)
    return places


# One revision a transaction


def test_revision_has_its_time_author_and_message(empty_writer: TestClient) -> None:
    empty_writer.post("/sources?message=Found+it", json=body_of("sources", {}))

    [made] = empty_writer.get("/revisions").json()["items"]
    prefix = empty_writer.headers["Authorization"].split("_")[1]
    assert (made["author"], made["message"]) == (f"tests ({prefix})", "Found it")
    assert made["revised_at"].endswith("Z")


def test_write_without_a_message_has_its_request_as_one(empty_writer: TestClient) -> None:
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
def test_patch_without_a_change_makes_no_revision(untouched: TestClient, records: Ids, noun: str, same: Body) -> None:
    was, at = item(untouched, noun, records[noun]), revision(untouched)

    # Without the coder the record would become one coded by a person.
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
    """Yield a client with a key for writes, on a store whose records no test changes."""
    with talking_to(application, untouched_store) as test_client:
        test_client.headers |= untouched_key
        yield test_client


@pytest.fixture(scope="module")
def records(application: FastAPI, untouched_store: Store, untouched_key: dict[str, str]) -> Ids:
    """Make one record of each noun in the untouched store."""
    with talking_to(application, untouched_store) as test_client:
        test_client.headers |= untouched_key
        return populate(test_client)


def test_cascade_is_one_revision_with_each_record_once(empty_writer: TestClient) -> None:
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
def test_change_of_a_part_is_a_change_of_its_record(empty_writer: TestClient, noun: str, change: Body) -> None:
    ids = populate(empty_writer)
    at = revision(empty_writer)

    empty_writer.patch(f"/{noun}/{ids[noun]}", json=change)

    assert [(seen["noun"], seen["id"], seen["operation"]) for seen in changes(empty_writer, at)] == [
        (noun, ids[noun], "update")
    ]


def test_change_links_to_the_record_at_that_revision(empty_writer: TestClient) -> None:
    source = make(empty_writer, "sources", {})
    empty_writer.patch(f"/sources/{source}", json={"name": "Bote"})
    empty_writer.delete(f"/sources/{source}")

    seen = list(changes(empty_writer))

    assert [change["operation"] for change in seen] == ["create", "update", "delete"]
    assert [empty_writer.get(change["href"]).json()["name"] for change in seen] == ["Herald 0", "Bote", "Bote"]


# Past states


def test_deleted_record_is_a_410_with_its_past_address(empty_writer: TestClient) -> None:
    ids = populate(empty_writer)
    was = item(empty_writer, "statements", ids["statements"])
    empty_writer.delete(f"/statements/{ids['statements']}")

    gone = empty_writer.get(f"/statements/{ids['statements']}")

    assert (gone.status_code, gone.headers["Content-Type"]) == (410, "application/problem+json")
    assert gone.json()["revision"] == revision(empty_writer)
    assert empty_writer.get(gone.json()["was"]).json() == was


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_write_to_a_deleted_record_is_a_410(empty_writer: TestClient, method: str) -> None:
    source = make(empty_writer, "sources", {})
    empty_writer.delete(f"/sources/{source}")

    assert empty_writer.request(method, f"/sources/{source}", json={}).status_code == 410


def test_slug_of_a_deleted_record_is_a_410(empty_writer: TestClient) -> None:
    make(empty_writer, "sources", {})
    empty_writer.delete("/sources/herald-0")

    gone = empty_writer.get("/sources/herald-0")

    assert gone.status_code == 410
    assert empty_writer.get(gone.json()["was"]).json()["slug"] == "herald-0"


def test_reused_slug_as_of_a_revision_is_the_former_record(empty_writer: TestClient) -> None:
    old = make(empty_writer, "sources", {})
    at = revision(empty_writer)
    empty_writer.delete("/sources/herald-0")

    new = make(empty_writer, "sources", {})

    assert empty_writer.get("/sources/herald-0").json()["id"] == new
    assert empty_writer.get(f"/sources/herald-0?as_of={at}").json()["id"] == old


def test_unknown_record_and_its_history_are_404(untouched: TestClient, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            answers = [untouched.get(address) for address in (f"/{noun}/999999", f"/{noun}/999999/history")]

            assert [answer.status_code for answer in answers] == [404, 404]


def test_record_before_its_creation_is_a_404(untouched: TestClient, records: Ids, subtests: pytest.Subtests) -> None:
    seen = list(changes(untouched))
    for noun in NOUNS:
        with subtests.test(noun):
            place = (noun, records[noun])
            [created] = [change["revision"] for change in seen if (change["noun"], change["id"]) == place]

            assert untouched.get(f"/{noun}/{records[noun]}?as_of={created - 1}").status_code == 404


def test_as_of_beyond_the_revisions_is_a_422(untouched: TestClient, records: Ids, subtests: pytest.Subtests) -> None:
    for as_of in (10**6, 2**63 - 1, 2**64, -1, "x", ""):
        with subtests.test(as_of=as_of):
            assert wrong_fields(untouched.get(f"/sources/{records['sources']}?as_of={as_of}")) == ["as_of"]


def test_history_has_every_state_with_its_message(empty_writer: TestClient) -> None:
    source = make(empty_writer, "sources", {})
    empty_writer.patch(f"/sources/{source}?message=Renamed", json={"name": "Bote"})
    empty_writer.delete(f"/sources/{source}")

    states = empty_writer.get(f"/sources/{source}/history?sort=revision").json()["items"]

    assert [state["operation"] for state in states] == ["create", "update", "delete"]
    assert [state["snapshot"] and state["snapshot"]["name"] for state in states] == ["Herald 0", "Bote", None]
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


def write(client: TestClient, step: Step, state: State, number: int) -> None:
    """Do one write, which may be refused but must not fail."""
    verb, noun, first, second = step
    refs = {name: pick_id(state, name, first) for name in NOUNS}
    ident = pick_id(state, noun, second)
    if verb == "create":
        answer = client.post(f"/{noun}", json=body_of(noun, refs, number))
    elif verb == "carry":
        carried = [{**body_of("statements", refs), "chain": [{"speaker": refs["speakers"]}] * (second % 3)}]
        del carried[0]["document"]
        answer = client.post("/documents", json=body_of("documents", refs, number) | {"statements": carried})
    elif verb == "patch":
        answer = client.patch(f"/{noun}/{ident}", json=PATCHES[noun][first % len(PATCHES[noun])])
    else:
        answer = client.delete(f"/{noun}/{ident}")
    assert answer.status_code in (200, 201, 204, 404, 409, 410, 422), answer.text


def pick_id(state: State, noun: str, number: int) -> int:
    ids = sorted(ident for name, ident in state if name == noun)
    return ids[number % len(ids)] if ids else 999_999


@pytest.mark.expensive("tries many random sequences")
@for_all(
    steps=st.lists(STEPS, min_size=4, max_size=10),
    limit=st.sampled_from([2, 7, 500]),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=4, phases=[Phase.generate])  # sequences are short, and shrinking one takes minutes
def test_any_writes_have_all_changes_and_past_states(
    application: FastAPI, templates: Templates, backend: str, steps: list[Step], limit: int, chance: Random
) -> None:
    with templates.copy(backend, "migrated") as store, talking_to(application, store) as client:
        client.headers |= store.key()
        states: dict[int, State] = {0: {}}
        populate(client)
        states[revision(client)] = read_records(client)
        for number, step in enumerate(steps, start=1):
            before = states[max(states)]
            write(client, step, before, number)
            at = revision(client)
            if at in states:
                assert read_records(client) == before
            else:
                states[at] = read_records(client)

        seen = list(changes(client, limit=limit))
        assert_order(seen)
        since = chance.choice(sorted(states))
        later = [change for change in seen if change["revision"] > since]
        assert list(changes(client, since=since, limit=limit)) == later
        assert replay(set(states[since]), later) == set(states[max(states)])
        assert_histories(client, seen)
        ever = sorted({(change["noun"], change["id"]) for change in seen})
        for place in chance.choices(ever, k=15):
            assert_past(client, place, at := chance.choice(sorted(states)), states[at].get(place))


def assert_order(seen: list[Body]) -> None:
    """Assert that revisions rise, and that each has a record at most once."""
    assert [change["revision"] for change in seen] == sorted(change["revision"] for change in seen)
    places = [(change["revision"], change["noun"], change["id"]) for change in seen]
    assert len(places) == len(set(places))


def assert_histories(client: TestClient, seen: list[Body]) -> None:
    """Assert that the history of each record equals its changes."""
    expected: dict[Place, list[Any]] = defaultdict(list)
    for change in seen:
        expected[change["noun"], change["id"]].append((change["revision"], change["operation"]))
    for (noun, ident), states in expected.items():
        history = client.get(f"/{noun}/{ident}/history?sort=revision&limit=500").json()["items"]
        assert [(state["revision"], state["operation"]) for state in history] == states


def assert_past(client: TestClient, place: Place, at: int, record: Body | None) -> None:
    """Assert that the record at that revision equals ``record``, or is missing if that is None."""
    answer = client.get(f"/{place[0]}/{place[1]}?as_of={at}")
    if record is None:
        assert answer.status_code in (404, 410)
    else:
        assert answer.json() == as_of(place, record)


def as_of(place: Place, record: Body) -> Body:
    """Return a record as a past revision shows it: an event without the number of origins, which is current only."""
    return record | {"origin_count": None} if place[0] == "events" else record


@pytest.mark.expensive("tries many random sequences")
def test_as_of_returns_the_seed_before_its_changes(writer: TestClient) -> None:
    before, at = read_records(writer), revision(writer)
    places = [place for place in before if place[1] <= 3]
    writer.patch("/speakers/vladimir-putin", json={"name": "V. Putin", "aliases": ["VVP"], "title": None})
    writer.patch("/sources/meduza", json={"slug": "meduza-io", "aliases": []})
    for noun, ident in places:
        if noun == "statements":
            writer.patch(f"/statements/{ident}", json={"chain": [{"speaker": "kim-jong-un"}], "said": "2024"})
    writer.delete("/events/1")
    writer.delete("/documents/1")

    past = {place: writer.get(f"/{place[0]}/{place[1]}?as_of={at}").json() for place in places}

    assert past == {place: as_of(place, before[place]) for place in places}


# Many writers at once


def test_concurrent_writes_succeed_and_all_are_followed(application: FastAPI, empty_writer: TestClient) -> None:
    writers, writes = 8, 5
    done = Event()

    def create(name: int) -> list[int]:
        client = TestClient(application, headers=dict(empty_writer.headers))
        return [create_utterance(client, f"{name} {number}") for number in range(writes)]

    def follow() -> list[Body]:
        client, seen = TestClient(application), list[Body]()
        while True:
            last = done.is_set()
            seen.extend(changes(client, since=seen[-1]["revision"] if seen else 0, limit=7))
            if last:
                return seen

    with ThreadPoolExecutor(writers + 1) as pool:
        follower = pool.submit(follow)
        made = [number for numbers in pool.map(create, range(writers)) for number in numbers]
        done.set()
        seen = [change["revision"] for change in follower.result()]

    assert len(made) == writers * writes
    assert seen == sorted(made)


def create_utterance(client: TestClient, name: str) -> int:
    """Create an utterance and return its revision."""
    answer = client.post("/utterances", json={"external_id": f"test:{name.replace(' ', '-')}"})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["revision"])
