"""``/statements``: who said what, in which words, through whom, and where the document says so."""

import pytest
from fastapi.testclient import TestClient

from tests.data.annotation import STATEMENTS
from tests.data.lists import Item, event_id, items, read

FIELDS = [
    "id",
    "text",
    "kind",
    "speaker",
    "source",
    "document",
    "event",
    "span",
    "cue",
    "said",
    "chain",
    "utterance_id",
    "utterance_by",
    "utterance_confidence",
    "language",
    "translated",
    "coded_by",
    "confidence",
    "revision",
]


def find(client: TestClient, query: str) -> list[Item]:
    return items(client, f"/statements?{query}&limit=500")


def numbers(client: TestClient, query: str) -> set[str]:
    """Return the numbers that the statements of a list have in the annotation."""
    texts = [item["text"] for item in find(client, query)]
    matches = {annotation.number for annotation in STATEMENTS for text in texts if text.startswith(annotation.words)}
    assert len(matches) == len(texts)
    return matches


def test_putin_is_quoted_by_four_outlets(reader: TestClient) -> None:
    outlets = {statement["source"]["slug"] for statement in find(reader, "speaker=putin")}

    assert outlets >= {"the-new-american", "the-final-call", "real-news-india", "naenara"}


def test_both_renderings_of_a_sentence_have_true_spans(reader: TestClient) -> None:
    renderings = {
        "The comprehensive partnership agreement signed today provides, among other things, for mutual assistance in "
        "the event of aggression against one of the parties to this agreement.",
        "The comprehensive partnership treaty signed today provides, among other things, for mutual assistance in case "
        "of aggression against one of the parties to this treaty,",
    }

    statements = [
        statement for statement in find(reader, "speaker=putin&kind=direct") if statement["text"] in renderings
    ]

    assert {item["text"] for item in statements} == renderings
    assert len({item["utterance_id"] for item in statements}) == 1
    for item in statements:
        text = read(reader, f"/documents/{item['document']['id']}")["text"]
        assert text[item["span"]["start"] : item["span"]["end"]] == item["text"]


def test_relayed_statement_belongs_to_the_diplomat(reader: TestClient) -> None:
    [diplomats] = find(reader, "via=tass&speaker=north-korean-diplomat")

    assert diplomats["text"].startswith("Literally today there was a historic meeting")
    assert diplomats["id"] in {statement["id"] for statement in find(reader, "via=tass")}


FILTERS: list[tuple[str, set[str]]] = [
    ("speaker=vladimir-putin", {"0.1", "1.1", "1.2", "1.6", "1.7", "1.8", "2.7", "4.1", "4.3"}),
    ("speaker=blinken,lavrov", {"0.9", "0.10", "3.6", "3.7"}),
    ("speaker=putin&source=naenara", {"4.1", "4.3"}),
    ("source=meduza,naenara&kind=direct", {"3.2", "3.3", "3.7", "4.3"}),
    ("via=tass", {"0.3", "0.4", "0.5", "0.6", "0.7", "0.8"}),
    ("via=north-korean-diplomat", {"0.7", "0.8"}),
    ("via=kcna,russian-state-media", {"2.3", "3.2", "3.7"}),
    ("via=putin", {"4.2"}),
    ("via=tass&speaker=kim", {"0.7", "0.8"}),
    ("event=seed:lavrov-on-article-4-2024", {"3.6", "3.7"}),
    ("event=seed:notes-exchange-1996,seed:treaty-2000-signing", {"3.4", "3.5"}),
    ("utterance=seed:article-4", {"2.2", "2.3", "3.2", "4.2"}),
    ("utterance=seed:kim-strategic-support,seed:kim-supports-war", {"0.8", "1.3", "1.4", "1.5", "2.5"}),
    ("date=2024-06-18", {"0.9", "0.10"}),
    ("from=2025-01-01", {"4.1", "4.3"}),
    ("to=1999-12-31", {"3.3", "3.4"}),
    ("date=1996-05-01", set()),
    ("date=1996-05-01&date_match=possible", {"3.4"}),
    ("date=2024-06-19&source=the-final-call", {"1.1", "1.2"}),
    (
        "date=2024-06-19&source=the-final-call&date_match=possible",
        {"1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8"},
    ),
    ("q=solidarity", {"1.5", "4.3"}),
    ('q="armed attack" treaty&speaker=putin', {"4.1"}),
    ("q=treaty&kind=indirect,mixed&source=meduza", {"3.1", "3.4"}),
]


def test_filter_selects_items(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, expected in FILTERS:
        with subtests.test(query=query):
            assert numbers(reader, query) == expected


def test_filter_takes_an_id_or_an_external_id(reader: TestClient, subtests: pytest.Subtests) -> None:
    for noun in ["event", "utterance"]:
        with subtests.test(noun=noun):
            [statement] = find(reader, "speaker=treaty-2024&source=meduza")
            ident = statement["event"]["id"] if noun == "event" else statement["utterance_id"]

            assert statement["id"] in {statement["id"] for statement in find(reader, f"{noun}={ident}")}


MALFORMED_FILTERS: list[tuple[str, str]] = [
    ("speaker=nobody", "speaker"),
    ("via=nobody", "via"),
    ("source=putin", "source"),
    ("speaker=,", "speaker"),
    ("kind=said", "kind"),
    ("kind=direct,", "kind"),
    ("date=2024-06", "date"),
    ("sort=text", "sort"),
    (f"speaker={','.join(['kim'] * 101)}", "speaker"),
]


def test_malformed_filter_is_422_naming_it(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query, parameter in MALFORMED_FILTERS:
        with subtests.test(query=query):
            response = reader.get(f"/statements?{query}")

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [parameter]


def test_statement_has_the_documented_fields_in_order(reader: TestClient) -> None:
    for statement in find(reader, "sort=id"):
        assert list(statement) == FIELDS
        assert list(statement["span"]) == ["exact", "prefix", "suffix", "start", "end"]


def test_statement_has_its_related_records(reader: TestClient) -> None:
    [statement] = find(reader, "speaker=lavrov&kind=direct")

    assert {name: statement["speaker"][name] for name in ("slug", "name", "kind", "title")} == {
        "slug": "sergey-lavrov",
        "name": "Sergey Lavrov",
        "kind": "person",
        "title": "Foreign Minister of Russia",
    }
    assert (statement["source"]["slug"], statement["source"]["name"]) == ("meduza", "Meduza")
    assert statement["document"]["title"].startswith("Putin and Kim Jong Un’s mutual defense pact")
    assert statement["document"]["url"].startswith("https://meduza.io/en/feature/2024/06/20/")
    assert statement["document"]["published"]["edtf"] == "2024-06-20"
    assert statement["event"]["title"] == "Lavrov comments on the treaty's article on military assistance"
    assert statement["said"] == {"edtf": "2024-06-19", "earliest": "2024-06-19", "latest": "2024-06-19"}
    assert (statement["cue"]["exact"], statement["language"], statement["translated"]) == ("told", "en", True)


def test_chain_starts_nearest_to_the_document(reader: TestClient) -> None:
    for statement in find(reader, "via=north-korean-diplomat"):
        assert [(hop["position"], hop["speaker"]["slug"], hop["cue"]["exact"]) for hop in statement["chain"]] == [
            (0, "tass", "also reported"),
            (1, "north-korean-diplomat", "stated"),
        ]


def test_unattributed_statement_has_no_speaker(reader: TestClient) -> None:
    unnamed = [statement for statement in find(reader, "via=tass") if statement["speaker"] is None]

    assert [item["text"].split()[0] for item in unnamed] == ["sets", "to"]


def test_spans_equal_the_document_text(reader: TestClient) -> None:
    for statement in find(reader, "sort=id"):
        text = read(reader, f"/documents/{statement['document']['id']}")["text"]
        spans = [statement["span"], statement["cue"], *(hop["cue"] for hop in statement["chain"])]
        assert statement["span"]["exact"] == statement["text"]
        for span in filter(None, spans):
            start, end = span["start"], span["end"]
            assert span["exact"] == text[start:end]
            assert span["prefix"] == text[max(start - 32, 0) : start]
            assert span["suffix"] == text[end : end + 32]


def test_statement_is_the_same_in_list_and_alone(reader: TestClient) -> None:
    for statement in find(reader, "sort=id"):
        assert read(reader, f"/statements/{statement['id']}") == statement


ADDRESS_QUERY_CASES: list[tuple[str, str]] = [
    ("/speakers/vladimir-putin/statements", "speaker=putin"),
    ("/speakers/kim-jong-un/statements", "speaker=kim"),
    ("/documents/{document}/statements", "source=naenara"),
    ("/events/{event}/statements", "event=seed:pyongyang-summit-2024"),
]


def test_nested_list_equals_the_filtered_list(reader: TestClient, subtests: pytest.Subtests) -> None:
    for address, query in ADDRESS_QUERY_CASES:
        for also in ["", "&kind=direct", "&via=tass,kcna", "&sort=id"]:
            with subtests.test(address=address, query=query):
                place = {
                    "document": find(reader, "source=naenara")[0]["document"]["id"],
                    "event": event_id(reader, "pyongyang-summit-2024"),
                }

                nested = items(reader, f"{address.format(**place)}?limit=500{also}")

                assert nested == find(reader, query + also)


def test_nested_list_with_contradicting_filter_is_empty(reader: TestClient) -> None:
    assert items(reader, "/speakers/kim-jong-un/statements?speaker=putin") == []


def test_offsets_count_an_emoji_as_one(writer: TestClient) -> None:
    text = "👩🏽‍🚀🇰🇵 said: “𝔚e agree 🤝” — końc"
    body = {
        "source": "meduza",
        "text": text,
        "statements": [{"kind": "direct", "span": {"exact": "𝔚e agree 🤝"}, "cue": {"exact": "said"}}],
    }
    created = writer.post("/documents", json=body).json()

    [statement] = items(writer, f"/documents/{created['id']}/statements")

    assert statement["span"] == {
        "exact": "𝔚e agree 🤝",
        "prefix": text[: text.index("𝔚")],
        "suffix": "” — końc",
        "start": text.index("𝔚"),
        "end": text.index("”"),
    }
    assert statement["cue"]["start"] == text.index("said")


def test_unknown_statement_is_404(reader: TestClient, subtests: pytest.Subtests) -> None:
    for ref in ["999999", "2147483647"]:
        with subtests.test(ref=ref):
            assert reader.get(f"/statements/{ref}").status_code == 404
