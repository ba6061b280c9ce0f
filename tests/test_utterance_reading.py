"""``/utterances``: the one thing said, and its printings side by side."""

import csv
import io
from collections import defaultdict
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.analysis.wording import MOST_CHARS, MOST_WORDS
from tests.data.lists import id_of, items, read

Body = dict[str, Any]

NEW = ("insert", "delete", "replace", "cut")


def utterance(client: TestClient, name: str) -> Body:
    result: Body = read(client, f"/utterances/{id_of(client, '/utterances?limit=500', external_id=f'seed:{name}')}")
    return result


def post(client: TestClient, path: str, **body: Any) -> Body:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    result: Body = answer.json()
    return result


def printing(client: TestClient, words: str, source: str = "meduza", *, of: str = "test:u", **document: Any) -> int:
    """Post a document that prints the utterance in these words, and return the id of its statement."""
    statement = {"kind": "direct", "span": {"exact": words}, "utterance": of}
    for name in ("translated", "event"):
        if name in document:
            statement[name] = document.pop(name)
    made = post(client, "/documents", source=source, text=f"He said: {words}", statements=[statement], **document)
    [created] = items(client, f"/documents/{made['id']}/statements")
    return int(created["id"])


@pytest.fixture
def said(writer: TestClient) -> TestClient:
    """HTTP to a store with an utterance that nobody prints yet."""
    post(writer, "/utterances", speaker="vladimir-putin", said="2024-06-18", external_id="test:u")
    return writer


def full(client: TestClient) -> Body:
    result: Body = read(client, f"/utterances/{id_of(client, '/utterances?limit=500', external_id='test:u')}")
    return result


def replaced(one: Body) -> set[tuple[str, str]]:
    return {
        (item["base_words"], item["words"])
        for item in one["differences"]
        if item["op"] == "replace" and not item["trivial"]
    }


def test_utterance_shows_two_english_versions(reader: TestClient) -> None:
    shape = utterance(reader, "putin-mutual-assistance")
    by_id = {printing["id"]: printing for printing in shape["printings"]}
    base = by_id[shape["fullest_statement_id"]]
    [other] = [
        printing
        for printing in shape["printings"]
        if printing["text"].startswith("The comprehensive partnership treaty")
    ]

    assert shape["printing_count"] == len(by_id) >= 3
    assert (base["source"]["slug"], base["is_fullest"], base["likeness"]) == ("the-new-american", True, 1)
    assert shape["words"] == base["text"]
    assert (other["source"]["slug"], other["is_fullest"], other["cuts"]) == ("the-final-call", False, [])
    assert replaced(other) == {("agreement", "treaty"), ("the event", "case")}
    assert 0.8 < other["likeness"] < 1


def test_article_four_has_printings_of_three_outlets(reader: TestClient) -> None:
    shape = utterance(reader, "article-4")

    assert {printing["source"]["slug"] for printing in shape["printings"]} == {"real-news-india", "meduza", "naenara"}
    assert "treaty-1961" not in {(printing["speaker"] or {}).get("slug") for printing in shape["printings"]}
    assert [printing["document"]["published"]["edtf"] for printing in shape["printings"]][-1] == "2025-06~"
    assert {printing["source"]["slug"] for printing in shape["printings"] if printing["is_first"]} == {
        "real-news-india",
        "meduza",
    }


def test_printing_includes_its_statement(reader: TestClient) -> None:
    for printing in utterance(reader, "article-4")["printings"]:
        statement = read(reader, f"/statements/{printing['id']}")
        assert {name: printing[name] for name in statement} == statement


def test_differences_reproduce_both_texts(reader: TestClient) -> None:
    for short in items(reader, "/utterances?limit=500"):
        shape = read(reader, f"/utterances/{short['id']}")
        for printing in shape["printings"]:
            edits = printing["differences"]
            assert "".join(edit["base_words"] for edit in edits) == shape["words"]
            assert "".join(edit["words"] for edit in edits) == printing["text"]
            for edit in edits:
                assert shape["words"][edit["base_start"] : edit["base_end"]] == edit["base_words"]
                assert printing["text"][edit["start"] : edit["end"]] == edit["words"]
            assert all(cut["words"] == shape["words"][cut["start"] : cut["end"]] for cut in printing["cuts"])


def test_utterance_without_printings_has_no_words(said: TestClient) -> None:
    shape = full(said)

    assert (shape["printings"], shape["first_statement_ids"], shape["fullest_statement_id"], shape["words"]) == (
        [],
        [],
        None,
        None,
    )
    assert (shape["printing_count"], shape["source_count"], shape["languages"], shape["first_published_on"]) == (
        0,
        0,
        [],
        None,
    )
    assert items(said, f"/utterances/{shape['id']}/differences") == []


def test_fullest_is_longest_in_the_main_language(said: TestClient) -> None:
    long = "Мы не сдвинемся ни на дюйм, что бы нам ни говорили, и сколько бы это ни продолжалось"
    russian = printing(said, long, language="ru", published="2024-06-18")
    printing(said, "We will not move an inch", language="en", published="2024-06-20", translated=True)
    fuller = printing(said, "We will not move by an inch, we say", "naenara", language="en-GB", published="2024-06-19")
    printing(said, "We will not move", "naenara", language="en", published="2024-06-19")

    shape = full(said)
    by_id = {printing["id"]: printing for printing in shape["printings"]}

    # As a tag, en-GB is another language than en: none of the two printings in en is longer than it.
    assert [printing["text"] for printing in shape["printings"] if printing["is_fullest"]] == [
        "We will not move an inch"
    ]
    assert (shape["languages"], shape["first_published_on"]) == (["en", "en-GB", "ru"], "2024-06-18")
    assert (by_id[russian]["not_compared"], by_id[russian]["differences"], by_id[russian]["cuts"]) == (
        "language",
        None,
        None,
    )
    assert by_id[russian]["is_first"]
    assert by_id[fuller]["not_compared"] is None
    assert [printing["document"]["published"]["edtf"] for printing in shape["printings"]] == [
        "2024-06-18",
        "2024-06-19",
        "2024-06-19",
        "2024-06-20",
    ]


def test_first_printings_respect_date_precision(said: TestClient) -> None:
    undated = printing(said, "We will not move")
    day = printing(said, "We will not move an inch", "naenara", published="2024-06-19")
    assert full(said)["first_statement_ids"] == [day]

    evening = printing(said, "We won’t move", "tass", published="2024-06-19", published_at="2024-06-19T20:00:00Z")
    assert full(said)["first_statement_ids"] == [day, evening]  # a day tells nothing of an hour in it

    before = printing(said, "We shall not move", "kcna", published="2024-06-18", published_at="2024-06-18T22:00:00Z")
    shape = full(said)
    assert (shape["first_statement_ids"], shape["first_published_on"]) == ([before], "2024-06-18")
    assert [printing["id"] for printing in shape["printings"]] == [before, evening, day, undated]


def test_too_long_printing_is_not_compared(said: TestClient) -> None:
    printing(said, "no " * (MOST_WORDS + 1) + "inch")
    printing(said, "not an inch", "naenara")

    assert {printing["not_compared"] for printing in full(said)["printings"]} == {"length"}


def test_total_length_limits_compared_printings(said: TestClient) -> None:
    size, number = MOST_CHARS - 1, 12
    words = [sign * size for sign in "abcdefghijkl"]
    of = {"kind": "direct", "utterance": "test:u"}
    spans = [{"start": place * size, "end": (place + 1) * size} for place in range(number)]
    post(said, "/documents", source="meduza", text="".join(words), statements=[of | {"span": span} for span in spans])

    reasons = [printing["not_compared"] for printing in full(said)["printings"]]

    assert reasons == [None] * 10 + ["length"] * 2  # 200,000 code points


def test_utterance_as_of_a_revision(said: TestClient) -> None:
    one = printing(said, "We will not move", published="2024-06-19")
    printing(said, "We will not move an inch", "naenara", published="2024-06-20")
    before, at = full(said), int(said.get("/utterances").headers["Dateline-Revision"])

    said.patch(f"/statements/{one}", json={"utterance": None})
    said.patch("/documents/1", json={"title": "Another"})

    assert full(said)["printing_count"] == 1
    assert read(said, f"/utterances/{before['id']}?as_of={at}") == before


FILTERS: list[tuple[str, set[str]]] = [
    ("speaker=kim", {"kim-strategic-support", "kim-supports-war"}),
    ("source=naenara", {"article-4"}),
    ("source=naenara,the-new-american", {"article-4", "putin-mutual-assistance", "kim-strategic-support"}),
    ("speaker=kim&source=the-new-american", {"kim-strategic-support"}),
    ("event=seed:pyongyang-summit-2024&speaker=putin", {"putin-mutual-assistance"}),
    ("event=seed:kursk-2025&speaker=kim", set()),
    ("min_sources=3", {"article-4"}),
    ("date=2024-06-19", {"putin-mutual-assistance", "article-4", "kim-strategic-support"}),
    ("date=2024-06-19&date_match=possible&speaker=kim", {"kim-strategic-support", "kim-supports-war"}),
    ("from=2024-06-20", set()),
    ("q=aggression", {"putin-mutual-assistance"}),
    ('q="case of aggression"', {"putin-mutual-assistance"}),
    ("q=aggression&min_sources=4", set()),
    ("q=!!!", set()),
    ("coded_by=import", set()),
]


def test_filter_selects_utterances(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            rows = [
                utterance
                for utterance in items(reader, f"/utterances?{query}&limit=500")
                if utterance["coded_by"] != "machine"
            ]

            assert {item["external_id"].removeprefix("seed:") for item in rows} == expected


def test_conditions_may_hold_for_different_printings(said: TestClient) -> None:
    printing(said, "We will not budge", "tass", event="seed:pyongyang-summit-2024")
    printing(said, "Not an inch will we move", "kcna")

    assert len(items(said, "/utterances?q=budge&source=kcna&event=seed:pyongyang-summit-2024")) == 1
    assert items(said, "/utterances?q=budge%20inch") == []  # all the words in one printing


QUERY_CASES: list[str] = ["from=2024-06-20&to=2024-06-19", "min_sources=0", "coded_by=x", "source=nobody"]


def test_malformed_filter_is_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query in QUERY_CASES:
        with subtests.test(query=query):
            assert reader.get(f"/utterances?{query}").status_code == 422


def test_utterances_of_a_speaker_equal_the_filter(reader: TestClient) -> None:
    rows = items(reader, "/speakers/kim-jong-un/utterances?sort=id")

    assert rows == items(reader, "/utterances?speaker=kim-jong-un&sort=id")
    assert {item["speaker"]["slug"] for item in rows} == {"kim-jong-un"}
    assert reader.get("/speakers/nobody/utterances").status_code == 404


def test_difference_list_has_all_printings(reader: TestClient) -> None:
    shape = utterance(reader, "putin-mutual-assistance")
    rows: dict[int, list[Body]] = defaultdict(list)
    for row in items(reader, f"/utterances/{shape['id']}/differences?limit=500"):
        assert (row["base_statement_id"], row["base_source_slug"]) == (
            shape["fullest_statement_id"],
            "the-new-american",
        )
        rows[row["statement_id"]].append(row)

    assert list(rows) == sorted(rows)
    for printing in shape["printings"]:
        of = {"statement_id", "source_slug", "base_statement_id", "base_source_slug"}
        assert [{name: row[name] for name in row.keys() - of} for row in rows[printing["id"]]] == printing[
            "differences"
        ]
        assert {row["source_slug"] for row in rows[printing["id"]]} == {printing["source"]["slug"]}


def test_difference_list_takes_a_base_and_filters(reader: TestClient) -> None:
    shape = utterance(reader, "putin-mutual-assistance")
    [other] = [
        printing
        for printing in shape["printings"]
        if printing["text"].startswith("The comprehensive partnership treaty")
    ]
    address = f"/utterances/{shape['id']}/differences?base={other['id']}&op=replace&format=csv"

    rows = list(csv.DictReader(io.StringIO(reader.get(address).text)))

    assert {row["base_statement_id"] for row in rows} == {str(other["id"])}
    turned = {
        (row["base_words"], row["words"]) for row in rows if row["statement_id"] == str(shape["fullest_statement_id"])
    }
    assert {("treaty", "agreement"), ("case", "the event")} <= turned


def test_base_that_is_no_printing_is_422(reader: TestClient) -> None:
    shape = utterance(reader, "article-4")
    answer = reader.get(f"/utterances/{shape['id']}/differences?base=1")

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["base"])
    assert reader.get("/utterances/999999/differences").status_code == 404
