"""``/documents/{id}/versions``: the captures of one item, and an honest list of what moved between them."""

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import strategies as st

from app.analysis.versions import (
    CapturedStatement,
    StatementChanges,
    TextChange,
    compare_statements,
    compare_texts,
)
from tests.data.lists import items, pages, read
from tests.properties import for_all

Body = dict[str, Any]

URL = "https://example.org/talks"
FIRST = (
    "Talks in Bern\n\n“Talks begin at noon,” Putin said.\n\n"
    "“We will not move an inch from our position,” Kim said. “No comment,” he added.\n\n"
    "“It is over,” Blinken said.\n"
)
SECOND = (
    "Talks in Bern\n\nUPDATED.\n\n“Talks begin at noon,” Putin said.\n\n"
    "“We will not move from our position today,” Kim said. “No comment,” Blinken added.\n\n“A new day,” Kim said.\n"
)


def capture(client: TestClient, text: str, day: int, *said: tuple[str, str | None], **more: Any) -> int:
    """Create a capture of the article on a day of June 2024 with statements, and return its id."""
    statements = [{"kind": "direct", "span": {"exact": words}, "speaker": speaker} for words, speaker in said]
    body = {"source": "meduza", "url": URL, "retrieved_at": f"2024-06-{day}T08:00:00Z"} | more
    answer = client.post("/documents", json=body | {"text": text, "statements": statements})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@pytest.fixture
def two(writer: TestClient) -> tuple[TestClient, int, int]:
    """HTTP to a store with two captures of an article that was changed in between."""
    putin, kim, blinken = "vladimir-putin", "kim-jong-un", "antony-blinken"
    first = capture(
        writer,
        FIRST,
        19,
        ("Talks begin at noon,", putin),
        ("We will not move an inch from our position,", kim),
        ("No comment,", kim),
        ("It is over,", blinken),
    )
    second = capture(
        writer,
        SECOND,
        20,
        ("Talks begin at noon,", putin),
        ("We will not move from our position today,", kim),
        ("No comment,", blinken),
        ("A new day,", kim),
    )
    return writer, first, second


def test_versions_list_unchanged_changed_removed_and_added(two: tuple[TestClient, int, int]) -> None:
    client, first, second = two

    was, now = items(client, f"/documents/{second}/versions")

    assert (was["id"], was["comparison"], was["length"]) == (first, None, len(FIRST))
    assert now["id"] == second
    assert {name: value for name, value in now.items() if name != "comparison"} == {
        name: value for name, value in read(client, f"/documents/{second}").items() if name in now
    }
    changes = now["comparison"]
    assert (changes["previous_id"], changes["is_text_unchanged"]) == (first, False)
    ids = {row["text"]: row["id"] for row in items(client, f"/documents/{second}/statements")}
    old = {row["text"]: row["id"] for row in items(client, f"/documents/{first}/statements")}
    assert changes["unchanged_statements"] == [
        {"id": ids["Talks begin at noon,"], "previous_id": old["Talks begin at noon,"]}
    ]
    changed = [
        (row["previous"]["words"], row["current"]["words"], row["similarity"]) for row in changes["changed_statements"]
    ]
    assert changed[0] == ("No comment,", "No comment,", 1.0)
    assert changed[1][:2] == (
        "We will not move an inch from our position,",
        "We will not move from our position today,",
    )
    assert 0.6 < changed[1][2] < 1
    speakers = [
        (row["previous"]["speaker"]["slug"], row["current"]["speaker"]["slug"]) for row in changes["changed_statements"]
    ]
    assert speakers == [("kim-jong-un", "antony-blinken"), ("kim-jong-un", "kim-jong-un")]
    assert [(row["words"], row["speaker"]["slug"]) for row in changes["removed_statements"]] == [
        ("It is over,", "antony-blinken")
    ]
    assert [(row["words"], row["id"]) for row in changes["added_statements"]] == [("A new day,", ids["A new day,"])]


def test_version_has_similarity_and_edit_of_the_text(two: tuple[TestClient, int, int]) -> None:
    client, _, second = two

    changes = items(client, f"/documents/{second}/versions")[1]["comparison"]

    assert 0.7 < changes["similarity"] < 0.9
    assert len(SECOND) - len(FIRST) == changes["added_length"] - changes["removed_length"]
    assert len("UPDATED.\n\n") < changes["added_length"] < 60


def test_every_capture_lists_the_same_versions(two: tuple[TestClient, int, int]) -> None:
    client, first, second = two
    third = capture(client, SECOND, 21, source="tass", url=None, title="Taken over", supersedes_id=second)
    early = capture(client, f"{FIRST}Soon more.", 18)
    capture(client, FIRST, 22, url="https://example.org/other")

    listed = {
        ident: [row["id"] for row in items(client, f"/documents/{ident}/versions")]
        for ident in (first, second, third, early)
    }

    assert listed == {ident: [early, first, second, third] for ident in listed}
    same = items(client, f"/documents/{first}/versions")[3]["comparison"]
    assert (same["is_text_unchanged"], same["similarity"], same["added_length"], same["removed_length"]) == (
        True,
        1,
        0,
        0,
    )
    newest = [
        [row["id"] for row in page] for page in pages(client, f"/documents/{first}/versions?sort=-retrieved&limit=3")
    ]
    assert newest == [[third, second, first], [early]]
    paged = [row for page in pages(client, f"/documents/{first}/versions?limit=1&count=exact") for row in page]
    assert paged == items(client, f"/documents/{first}/versions")
    assert read(client, f"/documents/{first}/versions?limit=1&count=exact")["count"] == 4
    assert client.get(f"/documents/{first}/versions?format=csv").text.count("\r\n") == 5


def test_item_with_one_capture_has_one_version(reader: TestClient) -> None:
    [only] = items(reader, "/documents/1/versions")

    assert (only["id"], only["comparison"]) == (1, None)


def test_versions_of_an_unknown_document_are_404(two: tuple[TestClient, int, int]) -> None:
    client, first, second = two
    client.delete(f"/documents/{first}")

    assert client.get("/documents/999999/versions").status_code == 404
    assert client.get(f"/documents/{first}/versions").status_code == 410
    assert [row["comparison"] for row in items(client, f"/documents/{second}/versions")] == [None]


def test_cursor_of_another_order_is_rejected(two: tuple[TestClient, int, int]) -> None:
    client, first, _ = two
    later = read(client, f"/documents/{first}/versions?limit=1")["next"]

    assert client.get(f"{later}&sort=-retrieved").status_code == 422


printed = st.lists(st.tuples(st.integers(0, 2), st.text("ab ", min_size=1, max_size=6)), max_size=8)


def _moves(
    before: list[tuple[int, str]], after: list[tuple[int, str]]
) -> tuple[StatementChanges, list[CapturedStatement], list[CapturedStatement]]:
    old = [CapturedStatement(place, *row) for place, row in enumerate(before)]
    new = [CapturedStatement(place, *row) for place, row in enumerate(after)]
    return compare_statements(old, new), old, new


@for_all(before=printed, after=printed)
def test_every_statement_is_in_exactly_one_list(before: list[tuple[int, str]], after: list[tuple[int, str]]) -> None:
    moves, old, new = _moves(before, after)
    pairs = [*moves.unchanged, *moves.changed]

    assert sorted([*(pair.before.id for pair in pairs), *(row.id for row in moves.removed)]) == [o.id for o in old]
    assert sorted([*(pair.after.id for pair in pairs), *(row.id for row in moves.added)]) == [n.id for n in new]
    assert all(pair.before.words == pair.after.words for pair in moves.unchanged)
    assert all(pair.before.speaker == pair.after.speaker for pair in moves.unchanged)
    assert not {(row.speaker, row.words) for row in moves.removed} & {(row.speaker, row.words) for row in moves.added}


@for_all(before=printed)
def test_equal_versions_have_no_changes(before: list[tuple[int, str]]) -> None:
    moves, old, _ = _moves(before, before)

    assert (len(moves.unchanged), moves.changed, moves.removed, moves.added) == (len(old), [], [], [])


lines = st.lists(st.sampled_from(["a\n", "bb\n", "ccc\n", "\n", "é\r\n", "last"]), max_size=8).map("".join)


@for_all(before=lines, after=lines)
def test_added_and_removed_add_up_to_the_difference(before: str, after: str) -> None:
    edit = compare_texts(before, after)

    assert edit.added - edit.removed == len(after) - len(before)
    assert 0 <= edit.similarity <= 1
    assert 0 <= edit.removed <= len(before)
    assert compare_texts(after, before) == TextChange(edit.similarity, edit.removed, edit.added)
    assert compare_texts(before, before) == TextChange(1.0, 0, 0)


def test_large_versions_are_compared_in_limited_time() -> None:
    began = time.process_time()

    edit = compare_texts("a b " * 250_000, "b c " * 250_000)
    crowd = [CapturedStatement(place, place % 7, f"{place:06} words " * 100) for place in range(10_000)]
    moves = compare_statements(crowd, [CapturedStatement(row.id, row.speaker, row.words[1:]) for row in crowd])

    assert (edit.added, edit.removed) == (1_000_000, 1_000_000)
    assert len(moves.removed) == len(moves.added) == 10_000
    assert time.process_time() - began < 5
