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
    found: Body = read(client, f"/utterances/{id_of(client, '/utterances?limit=500', external_id=f'seed:{name}')}")
    return found


def post(client: TestClient, path: str, **body: Any) -> Body:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: Body = answer.json()
    return found


def printing(client: TestClient, words: str, source: str = "meduza", *, of: str = "test:u", **document: Any) -> int:
    """A document that prints the utterance in these words; the id of its statement."""
    statement = {"kind": "direct", "span": {"exact": words}, "utterance": of}
    for name in ("translated", "event"):
        if name in document:
            statement[name] = document.pop(name)
    made = post(client, "/documents", source=source, text=f"He said: {words}", statements=[statement], **document)
    [found] = items(client, f"/documents/{made['id']}/statements")
    return int(found["id"])


@pytest.fixture
def said(writer: TestClient) -> TestClient:
    """HTTP to a store with an utterance that nobody prints yet."""
    post(writer, "/utterances", speaker="vladimir-putin", said="2024-06-18", external_id="test:u")
    return writer


def full(client: TestClient) -> Body:
    found: Body = read(client, f"/utterances/{id_of(client, '/utterances?limit=500', external_id='test:u')}")
    return found


def replaced(one: Body) -> set[tuple[str, str]]:
    return {
        (each["base_words"], each["words"])
        for each in one["differences"]
        if each["op"] == "replace" and not each["trivial"]
    }


def test_the_sentence_on_mutual_assistance_shows_its_two_english_versions(reader: TestClient) -> None:
    found = utterance(reader, "putin-mutual-assistance")
    by_id = {each["id"]: each for each in found["printings"]}
    base = by_id[found["fullest"]]
    [other] = [each for each in found["printings"] if each["text"].startswith("The comprehensive partnership treaty")]

    assert found["printing_count"] == len(by_id) >= 3
    assert (base["source"]["slug"], base["fullest"], base["likeness"]) == ("the-new-american", True, 1)
    assert found["words"] == base["text"]
    assert (other["source"]["slug"], other["fullest"], other["cuts"]) == ("the-final-call", False, [])
    assert replaced(other) == {("agreement", "treaty"), ("the event", "case")}
    assert 0.8 < other["likeness"] < 1


def test_article_four_is_printed_by_three_outlets_and_never_by_the_treaty_of_1961(reader: TestClient) -> None:
    found = utterance(reader, "article-4")

    assert {each["source"]["slug"] for each in found["printings"]} == {"real-news-india", "meduza", "naenara"}
    assert "treaty-1961" not in {(each["speaker"] or {}).get("slug") for each in found["printings"]}
    assert [each["document"]["published"]["edtf"] for each in found["printings"]][-1] == "2025-06~"
    assert {each["source"]["slug"] for each in found["printings"] if each["first"]} == {"real-news-india", "meduza"}


def test_a_printing_is_its_statement_with_more(reader: TestClient) -> None:
    for each in utterance(reader, "article-4")["printings"]:
        statement = read(reader, f"/statements/{each['id']}")
        assert {name: each[name] for name in statement} == statement


def test_the_differences_of_a_printing_make_up_both_texts(reader: TestClient) -> None:
    for short in items(reader, "/utterances?limit=500"):
        found = read(reader, f"/utterances/{short['id']}")
        for each in found["printings"]:
            told = each["differences"]
            assert "".join(edit["base_words"] for edit in told) == found["words"]
            assert "".join(edit["words"] for edit in told) == each["text"]
            for edit in told:
                assert found["words"][edit["base_start"] : edit["base_end"]] == edit["base_words"]
                assert each["text"][edit["start"] : edit["end"]] == edit["words"]
            assert all(cut["words"] == found["words"][cut["start"] : cut["end"]] for cut in each["cuts"])


def test_an_utterance_that_nobody_prints_has_no_words(said: TestClient) -> None:
    found = full(said)

    assert (found["printings"], found["first"], found["fullest"], found["words"]) == ([], [], None, None)
    assert (found["printing_count"], found["source_count"], found["languages"], found["first_published"]) == (
        0,
        0,
        [],
        None,
    )
    assert items(said, f"/utterances/{found['id']}/differences") == []


def test_the_fullest_is_the_longest_in_the_language_of_most(said: TestClient) -> None:
    long = "Мы не сдвинемся ни на дюйм, что бы нам ни говорили, и сколько бы это ни продолжалось"
    russian = printing(said, long, language="ru", published="2024-06-18")
    printing(said, "We will not move an inch", language="en", published="2024-06-20", translated=True)
    fuller = printing(said, "We will not move by an inch, we say", "naenara", language="en-GB", published="2024-06-19")
    printing(said, "We will not move", "naenara", language="en", published="2024-06-19")

    found = full(said)
    told = {each["id"]: each for each in found["printings"]}

    # As a tag, en-GB is another language than en: none of the two printings in en is longer than it.
    assert [each["text"] for each in found["printings"] if each["fullest"]] == ["We will not move an inch"]
    assert (found["languages"], found["first_published"]) == (["en", "en-GB", "ru"], "2024-06-18")
    assert (told[russian]["not_compared"], told[russian]["differences"], told[russian]["cuts"]) == (
        "language",
        None,
        None,
    )
    assert told[russian]["first"]
    assert told[fuller]["not_compared"] is None
    assert [each["document"]["published"]["edtf"] for each in found["printings"]] == [
        "2024-06-18",
        "2024-06-19",
        "2024-06-19",
        "2024-06-20",
    ]


def test_who_printed_it_first_is_told_as_far_as_dates_tell(said: TestClient) -> None:
    undated = printing(said, "We will not move")
    day = printing(said, "We will not move an inch", "naenara", published="2024-06-19")
    assert full(said)["first"] == [day]

    evening = printing(said, "We won’t move", "tass", published="2024-06-19", published_at="2024-06-19T20:00:00Z")
    assert full(said)["first"] == [day, evening]  # a day tells nothing of an hour in it

    before = printing(said, "We shall not move", "kcna", published="2024-06-18", published_at="2024-06-18T22:00:00Z")
    found = full(said)
    assert (found["first"], found["first_published"]) == ([before], "2024-06-18")
    assert [each["id"] for each in found["printings"]] == [before, evening, day, undated]


def test_what_is_too_long_to_compare_says_so(said: TestClient) -> None:
    printing(said, "no " * (MOST_WORDS + 1) + "inch")
    printing(said, "not an inch", "naenara")

    assert {each["not_compared"] for each in full(said)["printings"]} == {"length"}


def test_of_more_text_than_can_be_compared_at_once_the_first_printings_are(said: TestClient) -> None:
    size, number = MOST_CHARS - 1, 12
    words = [sign * size for sign in "abcdefghijkl"]
    of = {"kind": "direct", "utterance": "test:u"}
    spans = [{"start": place * size, "end": (place + 1) * size} for place in range(number)]
    post(said, "/documents", source="meduza", text="".join(words), statements=[of | {"span": span} for span in spans])

    told = [each["not_compared"] for each in full(said)["printings"]]

    assert told == [None] * 10 + ["length"] * 2  # 200,000 code points


def test_the_past_of_an_utterance_is_told_as_it_was(said: TestClient) -> None:
    one = printing(said, "We will not move", published="2024-06-19")
    printing(said, "We will not move an inch", "naenara", published="2024-06-20")
    before, at = full(said), int(said.get("/utterances").headers["Dateline-Revision"])

    said.patch(f"/statements/{one}", json={"utterance": None})
    said.patch("/documents/1", json={"title": "Another"})

    assert full(said)["printing_count"] == 1
    assert read(said, f"/utterances/{before['id']}?as_of={at}") == before


@pytest.mark.parametrize(
    ("query", "expected"),
    [
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
    ],
)
def test_a_filter_finds_utterances(reader: TestClient, query: str, expected: set[str]) -> None:
    found = [each for each in items(reader, f"/utterances?{query}&limit=500") if each["coded_by"] != "machine"]

    assert {each["external_id"].removeprefix("seed:") for each in found} == expected


def test_a_filter_needs_a_printing_for_each_of_its_conditions_not_one_for_all(said: TestClient) -> None:
    printing(said, "We will not budge", "tass", event="seed:pyongyang-summit-2024")
    printing(said, "Not an inch will we move", "kcna")

    assert len(items(said, "/utterances?q=budge&source=kcna&event=seed:pyongyang-summit-2024")) == 1
    assert items(said, "/utterances?q=budge%20inch") == []  # all the words in one printing


@pytest.mark.parametrize("query", ["from=2024-06-20&to=2024-06-19", "min_sources=0", "coded_by=x", "source=nobody"])
def test_a_malformed_filter_is_refused(reader: TestClient, query: str) -> None:
    assert reader.get(f"/utterances?{query}").status_code == 422


def test_a_speakers_utterances_are_those_that_the_filter_finds(reader: TestClient) -> None:
    found = items(reader, "/speakers/kim-jong-un/utterances?sort=id")

    assert found == items(reader, "/utterances?speaker=kim-jong-un&sort=id")
    assert {each["speaker"]["slug"] for each in found} == {"kim-jong-un"}
    assert reader.get("/speakers/nobody/utterances").status_code == 404


def test_the_list_of_differences_holds_those_of_every_printing(reader: TestClient) -> None:
    found = utterance(reader, "putin-mutual-assistance")
    rows: dict[int, list[Body]] = defaultdict(list)
    for row in items(reader, f"/utterances/{found['id']}/differences?limit=500"):
        assert (row["base"], row["base_source"]) == (found["fullest"], "the-new-american")
        rows[row["statement"]].append(row)

    assert list(rows) == sorted(rows)
    for each in found["printings"]:
        of = {"statement", "source", "base", "base_source"}
        assert [{name: row[name] for name in row.keys() - of} for row in rows[each["id"]]] == each["differences"]
        assert {row["source"] for row in rows[each["id"]]} == {each["source"]["slug"]}


def test_differences_can_be_told_against_any_printing_and_narrowed(reader: TestClient) -> None:
    found = utterance(reader, "putin-mutual-assistance")
    [other] = [each for each in found["printings"] if each["text"].startswith("The comprehensive partnership treaty")]
    address = f"/utterances/{found['id']}/differences?base={other['id']}&op=replace&format=csv"

    rows = list(csv.DictReader(io.StringIO(reader.get(address).text)))

    assert {row["base"] for row in rows} == {str(other["id"])}
    turned = {(row["base_words"], row["words"]) for row in rows if row["statement"] == str(found["fullest"])}
    assert {("treaty", "agreement"), ("case", "the event")} <= turned


def test_a_base_must_be_one_of_the_printings(reader: TestClient) -> None:
    found = utterance(reader, "article-4")
    answer = reader.get(f"/utterances/{found['id']}/differences?base=1")

    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["base"])
    assert reader.get("/utterances/999999/differences").status_code == 404
