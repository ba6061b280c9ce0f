"""The record of a speaker: every count is what a recount of the statements gives."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.lists import read

Body = dict[str, Any]

OUTLETS, VOICES = ("herald", "courier", "gazette"), ("minister", "agency", "envoy")
DATES = (None, "2023", "2024-06", "2024-06-19", "2024-06-18/2024-06-19", "2024-05-31/2024-06-01", "2024-07-01?")


class Made(NamedTuple):
    """A statement as it was sent."""

    outlet: str
    speaker: str
    kind: str
    chain: Sequence[str]
    said: str | None
    published: str | None


statements = st.builds(
    Made,
    outlet=st.sampled_from(OUTLETS),
    speaker=st.sampled_from(VOICES),
    kind=st.sampled_from(["direct", "indirect", "mixed"]),
    chain=st.lists(st.sampled_from(VOICES), max_size=3),
    said=st.sampled_from(DATES),
    published=st.sampled_from(DATES),
)
_numbers = count()


def fill(client: TestClient, made: Sequence[Made]) -> dict[str, str]:
    """Put the statements into the store; the slugs that their speakers and outlets have there."""
    slugs = {name: f"{name}-{next(_numbers)}-x" for name in (*OUTLETS, *VOICES)}
    for name in OUTLETS:
        post(client, "/sources", {"name": slugs[name], "slug": slugs[name], "kind": "online"})
    for name in VOICES:
        post(client, "/speakers", {"name": slugs[name], "slug": slugs[name], "kind": "person"})
    for each in made:
        words = f"Words {next(_numbers)}"
        chain = [{"speaker": slugs[voice]} for voice in each.chain]
        statement = {"speaker": slugs[each.speaker], "kind": each.kind, "span": {"exact": words}, "chain": chain}
        document = {"source": slugs[each.outlet], "text": words, "published": each.published}
        post(client, "/documents", document | {"statements": [statement | {"said": each.said}]})
    return slugs


def post(client: TestClient, path: str, body: Body) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text


def recount(made: Sequence[Made], speaker: str) -> Body:
    own = [each for each in made if each.speaker == speaker]
    outlets: dict[str, list[Made]] = defaultdict(list)
    for each in own:
        outlets[each.outlet].append(each)
    return {
        "sources": {outlet: _outlet(found) for outlet, found in outlets.items()},
        "relays": _relays(own),
        "months": Counter(_month(each.said or each.published) for each in own),
        "first_said": min((_days(each.said)[0] for each in own if each.said), default=None),
        "last_said": max((_days(each.said)[1] for each in own if each.said), default=None),
    }


def _outlet(found: Sequence[Made]) -> Body:
    kinds = Counter(each.kind for each in found)
    relayed = sum(bool(each.chain) for each in found)
    return {
        "statements": len(found),
        **{kind: kinds[kind] for kind in ("direct", "indirect", "mixed")},
        "relayed": relayed,
        "relays": _relays(found),
        "quotes": any(each.kind != "indirect" for each in found),
        "only_relayed": all(each.chain for each in found),
    }


def _relays(found: Sequence[Made]) -> Counter[str]:
    return Counter(voice for each in found for voice in set(each.chain))


def _days(edtf: str) -> tuple[str, str]:
    ends = {"2023": ("2023-01-01", "2023-12-31"), "2024-06": ("2024-06-01", "2024-06-30")}
    first, _, last = edtf.rstrip("?").partition("/")
    return ends.get(edtf, (first, last or first))


def _month(edtf: str | None) -> str | None:
    first, last = _days(edtf) if edtf else ("", "")
    return first[:7] if first[:7] == last[:7] and first else None


def shown(client: TestClient, slugs: dict[str, str], speaker: str) -> Body:
    """The record that the API shows, under the names that the statements were made with."""
    names = {slug: name for name, slug in slugs.items()}
    record = read(client, f"/speakers/{slugs[speaker]}")["record"]

    def relays(found: list[Body]) -> Counter[str]:
        numbers = [each["statements"] for each in found]
        assert numbers == sorted(numbers, reverse=True)
        return Counter({names[each["speaker"]["slug"]]: each["statements"] for each in found})

    sources = {
        names[each["source"]["slug"]]: {name: value for name, value in each.items() if name != "source"}
        | {"relays": relays(each["relays"])}
        for each in record["sources"]
    }
    months = {each["month"]: each["statements"] for each in record["months"]}
    assert list(months) == sorted(months, key=lambda month: month or "~")
    told = {"sources": sources, "relays": relays(record["relays"]), "months": Counter(months)}
    return {**told, "first_said": record["first_said"], "last_said": record["last_said"]}


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(statements, min_size=1, max_size=9))
def test_every_count_is_what_a_recount_gives(empty_writer: TestClient, made: list[Made]) -> None:
    slugs = fill(empty_writer, made)

    for speaker in VOICES:
        assert shown(empty_writer, slugs, speaker) == recount(made, speaker)


def test_who_quotes_who_paraphrases_and_who_has_it_from_others(empty_writer: TestClient) -> None:
    made = [
        Made("herald", "minister", "direct", (), "2024-06-19", None),
        Made("herald", "minister", "indirect", ("agency",), None, "2024-07"),
        Made("courier", "minister", "indirect", ("agency", "envoy", "agency"), "2024-06-19", None),
        Made("gazette", "minister", "indirect", (), None, None),
        Made("gazette", "envoy", "direct", (), None, None),
    ]
    slugs = fill(empty_writer, made)

    record = read(empty_writer, f"/speakers/{slugs['minister']}")["record"]

    told = {each["source"]["slug"].split("-")[0]: each for each in record["sources"]}
    assert {name: (each["quotes"], each["only_relayed"]) for name, each in told.items()} == {
        "herald": (True, False),
        "courier": (False, True),
        "gazette": (False, False),
    }
    assert [each["statements"] for each in record["sources"]] == [2, 1, 1]
    assert [(each["speaker"]["slug"].split("-")[0], each["statements"]) for each in record["relays"]] == [
        ("agency", 2),
        ("envoy", 1),
    ]
    assert (record["first_said"], record["last_said"]) == ("2024-06-19", "2024-06-19")
    assert record["months"] == [
        {"month": "2024-06", "statements": 2},
        {"month": "2024-07", "statements": 1},
        {"month": None, "statements": 1},
    ]


@pytest.mark.parametrize("speaker", ["vladimir-putin", "kim-jong-un", "treaty-2024", "tass"])
def test_the_record_of_the_seeds_speakers_agrees_with_their_lists(reader: TestClient, speaker: str) -> None:
    found = read(reader, f"/speakers/{speaker}")
    record = found["record"]
    by_outlet = Counter(each["source"]["slug"] for each in read(reader, f"/speakers/{speaker}/statements")["items"])

    assert {each["source"]["slug"]: each["statements"] for each in record["sources"]} == by_outlet
    assert by_outlet.total() == found["statement_count"] == sum(each["statements"] for each in record["months"])
    counted = read(reader, f"/speakers/{speaker}/utterances?count=exact")["count"]
    assert record["utterance_count"] == counted


def test_a_speaker_of_whom_nothing_is_printed_has_an_empty_record(empty_writer: TestClient) -> None:
    post(empty_writer, "/speakers", {"name": "Nobody", "slug": "nobody", "kind": "person"})

    assert read(empty_writer, "/speakers/nobody")["record"] == {
        "sources": [],
        "relays": [],
        "months": [],
        "first_said": None,
        "last_said": None,
        "utterance_count": 0,
    }
