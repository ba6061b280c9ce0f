"""Quotation marks and the quotations between them, with the language model and without it."""

import time
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from app.extract.attribution import attributions
from app.extract.findings import Grade
from app.extract.page import marks
from tests.attributions import describe, find_relations, get_words, split_paragraphs
from tests.properties import for_all


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('He said "no" and "never".', ["no", "never"]),
        ("“One,” she said. “Two.”", ["One,", "Two."]),
        ("«Oui», dit-il. „Nein“, sagt sie. »Doch«, sagt er.", ["Oui", "Nein", "Doch"]),
        ("``A tick,'' he wrote, ''and an apostrophe.''", ["A tick,", "and an apostrophe."]),
        ("“She said ‘no’ to me,” he said.", ["She said ‘no’ to me,"]),
        ("''It isn't the Smiths' house,'' he said.", ["It isn't the Smiths' house,"]),
        ("He called it a ‘fiasco’ in the ’90s.", ["fiasco"]),
        ('A 6" pipe and a 12" board.', []),
        ("The Joneses' dog isn't theirs.", []),
        ("“The first paragraph goes on.\n“The second closes.”", ["The first paragraph goes on.", "The second closes."]),
        ('"Never closed.\nNo mark here.', ["Never closed."]),
        ("“It is late,“ said the clerk. “Go home.”", ["It is late,", "Go home."]),
        ("In ‘08 he spoke. “It’s the Smiths’ house,” he said.", ["It’s the Smiths’ house,"]),
        ('<a href="x">A link</a>', []),
    ],
)
def test_apostrophes_and_inches_are_no_marks(text: str, inside: list[str]) -> None:
    assert [get_words(text, span) for span in marks.find_quoted(text)] == inside


def test_inner_quotation_is_found_inside_the_outer_span() -> None:
    text = "“She told me ‘never again’ twice,” he said."
    (outer,) = marks.find_quoted(text)

    assert [get_words(text, span) for span in marks.find_quoted(text, outer.start, outer.end)] == ["never again"]


@for_all(st.text(alphabet="a \"'“”‘’«»„`\n.,", max_size=60))
def test_quoted_spans_are_ordered_and_inside_paragraphs(text: str) -> None:
    end = 0
    for span in marks.find_quoted(text):
        assert end <= span.start < span.end <= len(text)
        assert "\n" not in text[span.start : span.end]
        end = span.end


DIRECT = [
    ("“The harbour will open in May,” Anna Berg said.", "The harbour will open in May,", "Anna Berg", "said"),
    ('"We lost everything," said the farmer.', "We lost everything,", "the farmer", "said"),
    ("The minister told reporters: “Nobody was hurt.”", "Nobody was hurt.", "The minister", "told"),
    (
        "“It was late,” Mr. Okoro said, “and the lamps were out.” “We could not see.”",
        "It was late, / and the lamps were out. / We could not see.",
        "Mr. Okoro",
        "said",
    ),
    ("“Is it over?” she asked.", "Is it over?", "she", "asked"),
    (
        "“The bridge is safe,” she said.\n“We tested it twice.”\nTraffic went on.",
        "The bridge is safe, / We tested it twice.",
        "she",
        "said",
    ),
    ("The mayor wrote on Monday:\n“The tax stays.”", "The tax stays.", "The mayor", "wrote"),
    ("“She told me, ‘Never again,’” Anna Berg said.", "She told me, ‘Never again,’", "Anna Berg", "said"),
    ("“Was the gate open?” the old porter wondered.", "Was the gate open?", "the old porter", "wondered"),
    ("Anna Berg asked, “Who was it?” raising her lamp.", "Who was it?", "Anna Berg", "asked"),
    ("“It sold well,” said Ada Obi, the author of “A History of Tar.”", "It sold well,", "Ada Obi", "said"),
    ("Ada Obi said: “It sold well.” Her novel “Tar,” out in May, was her last.", "It sold well.", "Ada Obi", "said"),
]

LED = [
    (
        "By the end, Ms. Lind said, “we had nothing left to sell.”",
        "By the end / we had nothing left to sell.",
        "Ms. Lind",
    ),
    (
        "By the end, “we had nothing left to sell,” Ms. Lind said.",
        "By the end / we had nothing left to sell,",
        "Ms. Lind",
    ),
    (
        "Ms. Lind explained to the board that the old pier had been sold, “but not to a stranger.”",
        "the old pier had been sold, “but not to a stranger.”",
        "Ms. Lind",
    ),
    (
        "Ms. Lind said there was “no hurry” but the money would be “gone by May.”",
        "there was “no hurry” but the money would be “gone by May.”",
        "Ms. Lind",
    ),
    ("The bank said its losses were “within reason” — for once.", "its losses were “within reason”", "The bank"),
]

UNLISTED = [
    ("“We did it!” beamed the captain of the team.", "We did it!", "the captain", "beamed"),
    ("“Nothing is decided,” an angry Orlov retaliated.", "Nothing is decided,", "an angry Orlov", "retaliated"),
    ("More was to come. Anna Berg: “It was over long before.”", "It was over long before.", "Anna Berg", ""),
    (
        "“The pier is safe,” said the author of “Harbours,” a history.",
        "The pier is safe,",
        "the author of “Harbours,” a history",
        "said",
    ),
]


@pytest.mark.parametrize("parsed", [True, False], ids=["model", "no model"])
@pytest.mark.parametrize(("text", "content", "mention", "cue"), DIRECT)
def test_quotation_has_its_pieces_source_and_verb(
    text: str, content: str, mention: str, cue: str, parsed: bool
) -> None:
    relations = find_relations(text, parsed=parsed)

    assert [describe(text, relation) for relation in relations] == [(content, mention, cue)]
    assert relations[0].kind == "direct"
    assert relations[0].grade is Grade.STRICT


@pytest.mark.parametrize("parsed", [True, False], ids=["model", "no model"])
@pytest.mark.parametrize(("text", "content", "mention"), LED)
def test_unquoted_words_of_a_clause_join_its_quotation(text: str, content: str, mention: str, parsed: bool) -> None:
    (relation,) = find_relations(text, parsed=parsed)

    assert describe(text, relation)[:2] == (content, mention)
    assert relation.kind == "mixed"
    assert relation.grade is Grade.STRICT


@pytest.mark.parametrize("parsed", [True, False], ids=["model", "no model"])
def test_title_of_a_work_is_no_quotation(parsed: bool) -> None:
    assert find_relations("His last novel, “The House by the Sea,” came out in May.", parsed=parsed) == []


@pytest.mark.parametrize("between", [" ", "\n"])
def test_quotation_without_source_joins_statement_before(between: str) -> None:
    text = f"The road was closed, police said.{between}“We could not get through.”"

    assert [describe(text, relation)[:2] for relation in find_relations(text)] == [
        ("The road was closed / We could not get through.", "police")
    ]


@pytest.mark.parametrize("parsed", [True, False], ids=["model", "no model"])
def test_quotation_ends_before_a_paragraph_of_the_writer(parsed: bool) -> None:
    text = "“Nothing is lost,” the captain said.\nThe ship sank at noon.\n“Women first.”"

    contents = [describe(text, relation)[0] for relation in find_relations(text, parsed=parsed)]

    assert contents == ["Nothing is lost,", "Women first."]


@pytest.mark.parametrize(("text", "content", "mention", "cue"), UNLISTED)
def test_quotation_beside_any_verb_has_the_name_there(text: str, content: str, mention: str, cue: str) -> None:
    assert [describe(text, relation) for relation in find_relations(text)] == [(content, mention, cue)]


def test_line_of_a_transcript_has_the_name_before_its_colon() -> None:
    text = "The interview in full.\nKELLER: Did you sign the letter yourself?\nOSEI: I never saw that letter."

    contents = [describe(text, relation)[:2] for relation in find_relations(text) if relation.rule == "label"]

    assert contents == [("Did you sign the letter yourself?", "KELLER"), ("I never saw that letter", "OSEI")]


SHAPES = {
    "marks": lambda size: '"' * size,
    "opening marks": lambda size: "“" * size,
    "spaced marks": lambda size: '" ' * (size // 2),
    "he said": lambda size: "he said, " * (size // 9),
    "said quotations": lambda size: "“no,” he said. " * (size // 15),
    "lone quotations": lambda size: "“No way out.”\n" * (size // 14),
    "questions": lambda size: "“no?” " * (size // 6),
    "wrong marks": lambda size: "a,“ " * (size // 4),
    "titles": lambda size: "her book, “The Sea,” " * (size // 21),
    "one word": lambda size: "a" * size,
    "brackets": lambda size: "([" * (size // 2),
    "single marks": lambda size: " 'a" * (size // 3),
    "colons": lambda size: "A: " * (size // 3),
    "abbreviations": lambda size: "A. " * (size // 3),
    "newlines": lambda size: "\n" * size,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_time_without_a_model_is_linear(shape: Callable[[int], str]) -> None:
    def seconds(size: int) -> float:
        text = shape(size)
        blocks = split_paragraphs(text)
        begun = time.process_time()
        attributions.find_attributions(text, blocks, None)
        return time.process_time() - begun

    # Eight times the text; quadratic time would take 64 times as long. Whatever else holds the machine up does so
    # once, not four times.
    assert any(seconds(64_000) < 8 * 2.5 * seconds(8_000) + 0.1 for _ in range(4))


@pytest.mark.parametrize("shape", ["marks", "he said", "one word"])
def test_parsing_a_hostile_text_is_bounded(shape: str) -> None:
    begun = time.process_time()

    find_relations(SHAPES[shape](3_000))

    assert time.process_time() - begun < 4


@for_all(st.text(alphabet="aB \"“”,.:()'\n\u00a0said", max_size=80))
def test_spans_of_any_text_are_inside_it(text: str) -> None:
    for relation in find_relations(text, parsed=False):
        for span in (*relation.content, *relation.cue, *filter(None, [relation.mention])):
            assert 0 <= span.start < span.end <= len(text)
