"""``/search`` and ``q``: words, phrases and highlights, the same on both databases, and safe whatever is asked."""

import html
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient
from hypothesis import example
from hypothesis import strategies as st

from app.main import create_app
from app.queries.search import split_phrases
from seed.load import HERE
from tests.conftest import BACKENDS, Templates, settings_for
from tests.data.lists import Item, items, read
from tests.properties import for_all, shares_a_store

MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)


# Operators of FTS5's and of tsquery's language, and signs that either reads in its own way.
operators = st.sampled_from(
    (
        *("AND", "OR", "NOT", "NEAR(", "NEAR/2", "text:", "{title}:", "^", "*", '"', "(", ")", "-", "+", "&", "|"),
        *("!", "<->", ":*", "'", "\\", "%", "_", ";", "--", "$$", "treaty", "treaty*"),
        *("\u200d", "\u0301", "²", "ﬁ", "\ue000"),
    )
)
queries = st.lists(operators | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))).map(" ".join)


def hits(client: TestClient, q: str, **more: str) -> list[Item]:
    response = client.get("/search", params={"q": q, "limit": "500", **more})
    assert response.status_code == 200, response.text
    result: list[Item] = response.json()["items"]
    return result


def places(client: TestClient, q: str) -> list[tuple[str, int]]:
    return [(hit["noun"], hit["id"]) for hit in hits(client, q)]


def marked(hit: Item) -> list[str]:
    return [html.unescape(words) for words in MARK.findall(hit["snippet"])]


def document(writer: TestClient, **fields: object) -> int:
    response = writer.post("/documents", json={"source": "meduza", "text": "Nothing."} | fields)
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


def test_word_matches_events_statements_and_documents(reader: TestClient) -> None:
    assert {hit["noun"] for hit in hits(reader, "treaty")} == {"events", "statements", "documents"}


def test_hit_links_to_its_record(reader: TestClient) -> None:
    for hit in hits(reader, "Kursk"):
        record = read(reader, hit["href"])
        assert hit["href"] == f"/{hit['noun']}/{record['id']}"
        assert hit["title"] == (record["speaker"]["name"] if hit["noun"] == "statements" else record["title"])


def test_word_is_marked_in_the_snippet(reader: TestClient) -> None:
    for hit in hits(reader, "treaty"):
        assert marked(hit)
        assert {words.casefold() for words in marked(hit)} == {"treaty"}


Q_CASES: list[str] = ["U.N.", "U.S.", "Russian-Korean", "Russia’s", "USSR’s", "10-Year", "BC.Legend"]


def test_word_with_punctuation_is_marked(reader: TestClient, subtests: pytest.Subtests) -> None:
    for q in Q_CASES:
        with subtests.test(q=q):
            assert hits(reader, q)
            for hit in hits(reader, q):
                assert marked(hit), hit


def test_snippet_is_an_excerpt_of_the_text(reader: TestClient) -> None:
    [hit] = [hit for hit in hits(reader, '"fiery friendship"') if hit["noun"] == "documents"]
    plain = html.unescape(hit["snippet"].replace("<mark>", "").replace("</mark>", "")).strip("…")

    assert plain in read(reader, hit["href"])["text"]
    assert " ".join(marked(hit)) == "fiery friendship"


def test_several_words_must_all_occur(reader: TestClient) -> None:
    both = set(places(reader, "kursk solidarity"))

    assert both == set(places(reader, "kursk")) & set(places(reader, "solidarity"))
    assert both


def test_phrase_must_occur_verbatim(reader: TestClient) -> None:
    assert places(reader, '"armed attack"')
    assert places(reader, "attack armed") == places(reader, "armed attack")
    assert places(reader, '"attack armed"') == []


def test_phrase_and_word_must_both_occur(reader: TestClient) -> None:
    hit_places = places(reader, '"armed attack" coalition')

    assert set(hit_places) == set(places(reader, '"armed attack"')) & set(places(reader, "coalition"))
    assert {noun for noun, _ in hit_places} == {"statements", "documents"}


def test_case_does_not_matter(reader: TestClient, subtests: pytest.Subtests) -> None:
    for q in ["treaty", "TREATY", "Treaty"]:
        with subtests.test(q=q):
            assert places(reader, q) == places(reader, "tReAtY")


def test_only_whole_words_match(reader: TestClient, subtests: pytest.Subtests) -> None:
    for q in ["treat", "treat*", "%", "_reaty", "...", "“”", "-"]:
        with subtests.test(q=q):
            assert places(reader, q) == []


Q_CASES_2: list[str] = ["treaty OR nowhere", "treaty NOT kursk", "title:treaty", "treaty AND kursk"]


def test_operator_is_an_ordinary_word(reader: TestClient, subtests: pytest.Subtests) -> None:
    for q in Q_CASES_2:
        with subtests.test(q=q):
            assert set(places(reader, q)) <= set(places(reader, q.replace(":", " ").casefold()))
            assert set(places(reader, q)) < set(places(reader, "treaty"))


def test_search_filters_by_noun(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in ["events", "statements", "documents", "events,documents"]:
        with subtests.test(noun=noun):
            nouns = noun.split(",")

            assert hits(reader, "treaty", noun=noun) == [hit for hit in hits(reader, "treaty") if hit["noun"] in nouns]


def test_unknown_noun_is_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in ["speakers", "events,", ",", "event"]:
        with subtests.test(noun=noun):
            response = reader.get("/search", params={"q": "treaty", "noun": noun})

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == ["noun"]


def test_search_without_words_is_422(reader: TestClient) -> None:
    assert reader.get("/search").status_code == reader.get("/search?q=").status_code == 422


def _date(client: TestClient, hit: Item) -> str:
    record = read(client, hit["href"])
    date = record[{"events": "date", "statements": "said", "documents": "published"}[hit["noun"]]]
    return str(date["earliest"]) if date else ""


def test_hits_are_newest_first(reader: TestClient) -> None:
    dates = [_date(reader, hit) for hit in hits(reader, "treaty")]

    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) > 3


def test_sort_by_date_is_oldest_first(reader: TestClient) -> None:
    assert hits(reader, "treaty", sort="date") == hits(reader, "treaty")[::-1]


def test_q_of_a_list_equals_the_search(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in ["events", "statements", "documents"]:
        for q in ["treaty", '"North Korea"', "Putin Kim"]:
            with subtests.test(noun=noun, q=q):
                ids = {item["id"] for item in items(reader, f"/{noun}?q={q}&limit=500")}

                assert ids == {hit["id"] for hit in hits(reader, q, noun=noun)}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert('zebra')</script> zebra",
        '<img src=x onerror="zebra"> & zebra',
        "</mark> zebra <mark>",
        "\ue000zebra\ue001 \ue001 zebra \ue000",
        "&lt;b&gt; zebra",
    ],
)
def test_snippet_has_no_markup_but_marks(writer: TestClient, text: str) -> None:
    document(writer, title=f"zebra {text}", text=text)

    for hit in hits(writer, "zebra"):
        plain = hit["snippet"].replace("<mark>", "").replace("</mark>", "")
        assert "<" not in plain
        assert ">" not in plain
        assert html.escape(html.unescape(plain)) == plain
        assert "zebra" in marked(hit)


def test_changed_record_matches_its_present_words(writer: TestClient) -> None:
    event = {"title": "An okapi", "date": "2024-01-01", "type": "statement"}
    ident = writer.post("/events", json=event).json()["id"]
    assert places(writer, "okapi") == [("events", ident)]

    assert writer.patch(f"/events/{ident}", json={"title": "A zebra"}).status_code == 200
    assert (places(writer, "okapi"), places(writer, "zebra")) == ([], [("events", ident)])

    assert writer.delete(f"/events/{ident}").status_code == 204
    assert places(writer, "zebra") == []


def test_repeated_word_costs_no_more_than_once(reader: TestClient) -> None:
    often = " ".join(f"the{sign * times}" for sign in ".,;!" for times in range(9))

    assert hits(reader, often) == hits(reader, "the")


Q_EXPECTED_CASES: list[tuple[str, list[str]]] = [
    ('one "two three" two', ["one", "two three", "two"]),
    ("the The, “the”", ["“the”"]),
    ("की कि", ["की", "कि"]),  # they differ in a vowel sign
    ('- "..." 7', ["7"]),
    ('"open end', ["open", "end"]),
]


def test_query_is_split_into_distinct_words_and_phrases(subtests: pytest.Subtests) -> None:
    for q, expected in Q_EXPECTED_CASES:
        with subtests.test(q=q, expected=expected):
            assert split_phrases(q) == expected


def test_word_at_the_end_of_a_long_text_is_marked(writer: TestClient) -> None:
    ident = document(writer, text="word " * 20_000 + "quagga")

    [hit] = hits(writer, "quagga")

    assert (hit["id"], marked(hit)) == (ident, ["quagga"])


@shares_a_store
@for_all(q=queries.filter(lambda q: 0 < len(q) <= 500))
@example(q="a " * 250)
@example(q='"' * 500)
@example(q='"a" ' * 125)
@example(q="(" * 500)
@example(q="'" * 499 + "a")
@example(q="a-" * 250)
@example(q="\u0301")
@example(q="²")
@example(q="ﬁ")
def test_any_text_is_a_safe_query(reader: TestClient, q: str) -> None:
    for address in ("/search", "/events", "/statements", "/documents"):
        assert reader.get(address, params={"q": q}).status_code == 200


@pytest.fixture(scope="module")
def both(templates: Templates) -> Iterator[list[TestClient]]:
    """Return clients of a seeded store on SQLite and on PostgreSQL."""
    with ExitStack() as stack:
        stores = [stack.enter_context(templates.copy(backend, "seeded")) for backend in BACKENDS]
        clients = [TestClient(create_app(settings_for(store.url))) for store in stores]
        yield clients
        for client in clients:
            client.app.state.read_pool.engine.dispose()  # type: ignore[attr-defined]


def _words() -> list[str]:
    """Words of the five documents as they are printed: all with a sign or a foreign letter, and some of the others."""
    words = {word for path in (HERE / "documents").glob("*.txt") for word in path.read_text("utf-8").split()}
    odd = {word for word in words if not word.isalpha() or not word.isascii()}
    return sorted(odd)[::4] + sorted(words - odd)[::20]


@pytest.mark.parametrize(
    "q",
    [
        *("U.N.", "u.n.", "UN", "Russian-Korean", "russian korean", "korean-russian", "Putin's", "Putin’s"),
        *("Article 4", '"Article 4"', "10-Year", "2024-06-19", "meduza.io", "Kim,", "(KCNA)", "“mutual assistance”"),
    ],
)
def test_both_databases_return_the_same_hits(both: list[TestClient], q: str) -> None:
    sqlite, postgresql = (places(client, q) for client in both)

    assert sqlite == postgresql


@pytest.mark.expensive("tries many queries")
def test_both_databases_agree_on_document_words(both: list[TestClient]) -> None:
    differing = [word for word in _words() if len({tuple(places(client, word)) for client in both}) > 1]

    assert differing == []
