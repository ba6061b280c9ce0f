"""The record of a speaker: every count is what a recount of the statements gives."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st

from tests.data.lists import read
from tests.properties import for_all, shares_a_store

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
    for item in made:
        words = f"Words {next(_numbers)}"
        chain = [{"speaker": slugs[voice]} for voice in item.chain]
        statement = {"speaker": slugs[item.speaker], "kind": item.kind, "span": {"exact": words}, "chain": chain}
        document = {"source": slugs[item.outlet], "text": words, "published": item.published}
        post(client, "/documents", document | {"statements": [statement | {"said": item.said}]})
    return slugs


def post(client: TestClient, path: str, body: Body) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text


def recount(made: Sequence[Made], speaker: str) -> Body:
    own = [statement for statement in made if statement.speaker == speaker]
    outlets: dict[str, list[Made]] = defaultdict(list)
    for row in own:
        outlets[row.outlet].append(row)
    return {
        "by_source": {outlet: _outlet(of_outlet) for outlet, of_outlet in outlets.items()},
        "by_relay": _relays(own),
        "by_month": Counter(_month(item.said or item.published) for item in own),
        "first_said_on": min((_days(item.said)[0] for item in own if item.said), default=None),
        "last_said_on": max((_days(item.said)[1] for item in own if item.said), default=None),
    }


def _outlet(of_outlet: Sequence[Made]) -> Body:
    kinds = Counter(item.kind for item in of_outlet)
    relayed = sum(bool(item.chain) for item in of_outlet)
    return {
        "statement_count": len(of_outlet),
        **{f"{kind}_count": kinds[kind] for kind in ("direct", "indirect", "mixed")},
        "relayed_count": relayed,
        "by_relay": _relays(of_outlet),
        "has_quotes": any(item.kind != "indirect" for item in of_outlet),
        "only_relayed": all(item.chain for item in of_outlet),
    }


def _relays(statements: Sequence[Made]) -> Counter[str]:
    return Counter(voice for item in statements for voice in set(item.chain))


def _days(edtf: str) -> tuple[str, str]:
    ends = {"2023": ("2023-01-01", "2023-12-31"), "2024-06": ("2024-06-01", "2024-06-30")}
    first, _, last = edtf.rstrip("?").partition("/")
    return ends.get(edtf, (first, last or first))


def _month(edtf: str | None) -> str | None:
    first, last = _days(edtf) if edtf else ("", "")
    return first[:7] if first[:7] == last[:7] and first else None


def read_record(client: TestClient, slugs: dict[str, str], speaker: str) -> Body:
    """Return a speaker's record from the API, with the names that the statements were made with."""
    names = {slug: name for name, slug in slugs.items()}
    record = read(client, f"/speakers/{slugs[speaker]}")["record"]

    def relays(rows: list[Body]) -> Counter[str]:
        numbers = [item["statement_count"] for item in rows]
        assert numbers == sorted(numbers, reverse=True)
        return Counter({names[item["speaker"]["slug"]]: item["statement_count"] for item in rows})

    sources = {
        names[source["source"]["slug"]]: {name: value for name, value in source.items() if name != "source"}
        | {"by_relay": relays(source["by_relay"])}
        for source in record["by_source"]
    }
    months = {month["month"]: month["statement_count"] for month in record["by_month"]}
    assert list(months) == sorted(months, key=lambda month: month or "~")
    read_back = {"by_source": sources, "by_relay": relays(record["by_relay"]), "by_month": Counter(months)}
    return {**read_back, "first_said_on": record["first_said_on"], "last_said_on": record["last_said_on"]}


@settings(shares_a_store, max_examples=4)
@for_all(made=st.lists(statements, min_size=1, max_size=9))
def test_record_counts_equal_a_recount(empty_writer: TestClient, made: list[Made]) -> None:
    slugs = fill(empty_writer, made)

    for speaker in VOICES:
        assert read_record(empty_writer, slugs, speaker) == recount(made, speaker)


def test_record_separates_quotes_paraphrases_and_relays(empty_writer: TestClient) -> None:
    made = [
        Made("herald", "minister", "direct", (), "2024-06-19", None),
        Made("herald", "minister", "indirect", ("agency",), None, "2024-07"),
        Made("courier", "minister", "indirect", ("agency", "envoy", "agency"), "2024-06-19", None),
        Made("gazette", "minister", "indirect", (), None, None),
        Made("gazette", "envoy", "direct", (), None, None),
    ]
    slugs = fill(empty_writer, made)

    record = read(empty_writer, f"/speakers/{slugs['minister']}")["record"]

    by_outlet = {source["source"]["slug"].split("-")[0]: source for source in record["by_source"]}
    assert {name: (item["has_quotes"], item["only_relayed"]) for name, item in by_outlet.items()} == {
        "herald": (True, False),
        "courier": (False, True),
        "gazette": (False, False),
    }
    assert [source["statement_count"] for source in record["by_source"]] == [2, 1, 1]
    assert [(relay["speaker"]["slug"].split("-")[0], relay["statement_count"]) for relay in record["by_relay"]] == [
        ("agency", 2),
        ("envoy", 1),
    ]
    assert (record["first_said_on"], record["last_said_on"]) == ("2024-06-19", "2024-06-19")
    assert record["by_month"] == [
        {"month": "2024-06", "statement_count": 2},
        {"month": "2024-07", "statement_count": 1},
        {"month": None, "statement_count": 1},
    ]


@pytest.mark.parametrize("speaker", ["vladimir-putin", "kim-jong-un", "treaty-2024", "tass"])
def test_record_of_seed_speakers_agrees_with_lists(reader: TestClient, speaker: str) -> None:
    shape = read(reader, f"/speakers/{speaker}")
    record = shape["record"]
    by_outlet = Counter(
        statement["source"]["slug"] for statement in read(reader, f"/speakers/{speaker}/statements")["items"]
    )

    assert {source["source"]["slug"]: source["statement_count"] for source in record["by_source"]} == by_outlet
    assert (
        by_outlet.total() == shape["statement_count"] == sum(month["statement_count"] for month in record["by_month"])
    )
    counted = read(reader, f"/speakers/{speaker}/utterances?count=exact")["count"]
    assert record["utterance_count"] == counted


def test_speaker_without_statements_has_an_empty_record(empty_writer: TestClient) -> None:
    post(empty_writer, "/speakers", {"name": "Nobody", "slug": "nobody", "kind": "person"})

    assert read(empty_writer, "/speakers/nobody")["record"] == {
        "by_source": [],
        "by_relay": [],
        "by_month": [],
        "first_said_on": None,
        "last_said_on": None,
        "utterance_count": 0,
    }
