"""Attributions found in sentences of every shape: with the model of English, and without it."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.spans import Span
from app.extract.attribution import attributions, language_model, rules
from app.extract.findings import AttributionRelation, Grade
from app.extract.learning import train
from app.extract.page import marks


def find(text: str, *, parsed: bool = True) -> list[AttributionRelation]:
    blocks = train.paragraphs(text)
    return attributions.find_attributions(text, blocks, attributions.parse_text(text, blocks) if parsed else None)


def words(text: str, *spans: Span | None) -> str:
    return " / ".join(text[span.start : span.end] for span in spans if span is not None)


def shown(text: str, found: AttributionRelation) -> tuple[str, str, str]:
    """Content, mention and cue as words; pieces with a slash between."""
    return words(text, *found.content), words(text, found.mention), words(text, *found.cue)


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
def test_marks_are_told_from_apostrophes_and_inches(text: str, inside: list[str]) -> None:
    assert [words(text, span) for span in marks.find_quoted(text)] == inside


def test_a_quotation_within_a_quotation_is_found_by_asking_for_its_inside() -> None:
    text = "“She told me ‘never again’ twice,” he said."
    (outer,) = marks.find_quoted(text)

    assert [words(text, span) for span in marks.find_quoted(text, outer.start, outer.end)] == ["never again"]


@given(st.text(alphabet="a \"'“”‘’«»„`\n.,", max_size=60))
def test_stretches_in_marks_are_in_order_apart_and_within_their_paragraph(text: str) -> None:
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
def test_quotations_in_marks_have_their_pieces_speaker_and_verb(
    text: str, content: str, mention: str, cue: str, parsed: bool
) -> None:
    found = find(text, parsed=parsed)

    assert [shown(text, each) for each in found] == [(content, mention, cue)]
    assert found[0].kind == "direct"
    assert found[0].grade is Grade.STRICT


@pytest.mark.parametrize("parsed", [True, False], ids=["model", "no model"])
@pytest.mark.parametrize(("text", "content", "mention"), LED)
def test_words_of_the_writers_that_belong_to_a_quotation_are_part_of_it(
    text: str, content: str, mention: str, parsed: bool
) -> None:
    (found,) = find(text, parsed=parsed)

    assert shown(text, found)[:2] == (content, mention)
    assert found.kind == "mixed"
    assert found.grade is Grade.STRICT


@pytest.mark.parametrize("parsed", [True, False], ids=["model", "no model"])
def test_the_title_of_a_work_is_no_quotation(parsed: bool) -> None:
    assert find("His last novel, “The House by the Sea,” came out in May.", parsed=parsed) == []


@pytest.mark.parametrize("between", [" ", "\n"])
def test_a_quotation_nobody_is_named_for_joins_the_sentence_before_it(between: str) -> None:
    text = f"The road was closed, police said.{between}“We could not get through.”"

    assert [shown(text, each)[:2] for each in find(text)] == [
        ("The road was closed / We could not get through.", "police")
    ]


@pytest.mark.parametrize("parsed", [True, False], ids=["model", "no model"])
def test_a_voice_does_not_go_on_after_a_paragraph_of_the_writers(parsed: bool) -> None:
    text = "“Nothing is lost,” the captain said.\nThe ship sank at noon.\n“Women first.”"

    contents = [shown(text, each)[0] for each in find(text, parsed=parsed)]

    assert contents == ["Nothing is lost,", "Women first."]


@pytest.mark.parametrize(("text", "content", "mention", "cue"), UNLISTED)
def test_a_quotation_goes_to_the_name_beside_it_whatever_the_verb(
    text: str, content: str, mention: str, cue: str
) -> None:
    assert [shown(text, each) for each in find(text)] == [(content, mention, cue)]


STRICT = [
    ("The company announced that it will close two plants.", "it will close two plants", "The company", "announced"),
    ("Residents say the water smells of oil.", "the water smells of oil", "Residents", "say"),
    ("The road was closed, police said.", "The road was closed", "police", "said"),
    ("The vote, officials said, was delayed by a day.", "The vote / was delayed by a day", "officials", "said"),
    (
        "According to the ministry, exports fell by a third.",
        "exports fell by a third",
        "the ministry",
        "According to",
    ),
    ("Article 7 of the treaty stated that borders are open.", "borders are open", "Article 7 of the treaty", "stated"),
    ("The lawyer was quick to note that the case is old.", "the case is old", "The lawyer", "was quick to note"),
    (
        "Article 4 of the agreement requires each country to send troops.",
        "each country to send troops",
        "Article 4 of the agreement",
        "requires",
    ),
    ("The report states that the dam was weak.", "the dam was weak", "The report", "states"),
    (
        "The minister reaffirmed full support for the alliance.",
        "full support for the alliance",
        "The minister",
        "reaffirmed",
    ),
    ("LAGOS, July 25 (UPI) — Ada Obi said the port was closed.", "the port was closed", "Ada Obi", "said"),
    (
        "Rep. Ada Obi (D-N.Y.) pointed out that the port was closed.",
        "the port was closed",
        "Rep. Ada Obi",
        "pointed out",
    ),
]


@pytest.mark.parametrize(("text", "content", "mention", "cue"), STRICT)
def test_statements_without_marks_are_found(text: str, content: str, mention: str, cue: str) -> None:
    found = [each for each in find(text) if each.grade is Grade.STRICT]

    assert [shown(text, each) for each in found] == [(content, mention, cue)]
    assert found[0].kind == "indirect"


MIXED = [
    ("The coach called the result “a small miracle.”", "the result “a small miracle.”", "The coach"),
    (
        "Ms. Lind described the plan as “dead on arrival” last week.",
        "the plan as “dead on arrival”",
        "Ms. Lind",
    ),
    (
        "The bank said that its losses were “within reason” and would shrink.",
        "its losses were “within reason” and would shrink",
        "The bank",
    ),
    ("The mayor referred to the bridge as “a folly.”", "the bridge as “a folly.”", "The mayor"),
    ("The union asked the owners to “open the books.”", "the owners to “open the books.”", "The union"),
]


@pytest.mark.parametrize(("text", "content", "mention"), MIXED)
def test_sentences_with_some_words_in_marks_are_mixed(text: str, content: str, mention: str) -> None:
    (found,) = find(text)

    assert shown(text, found)[:2] == (content.removesuffix("."), mention)
    assert found.kind == "mixed"


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("Ms. Lind called the plan “a fiasco” last week.", Grade.STRICT),
        ("They labelled him “the last king”.", Grade.STRICT),
        ("Ms. Lind called the plan a fiasco last week.", Grade.WIDE),
        ("The minister wanted to deny the permit.", Grade.WIDE),
    ],
)
def test_a_name_in_marks_from_somebody_named_is_a_statement(text: str, grade: Grade) -> None:
    assert {each.grade for each in find(text)} == {grade}


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        (
            "The bank said its losses were “within reason” and called the report “a hoax.”",
            ["its losses were “within reason”", "the report “a hoax.”"],
        ),
        (
            "The bank said its losses were “within reason,” adding that the report was false.",
            ["its losses were “within reason,”", "the report was false"],
        ),
    ],
)
def test_a_clause_ends_before_the_next_verb_that_attributes(text: str, contents: list[str]) -> None:
    assert [shown(text, each)[0] for each in find(text)] == contents


def test_words_in_marks_right_after_a_word_of_speaking_are_what_is_spoken() -> None:
    text = "Their chants of “no more tolls” could be heard across the port."

    assert [shown(text, each) for each in find(text)] == [("no more tolls", "Their", "chants")]


def test_words_before_the_verb_and_after_it_are_one_content() -> None:
    text = "The investment in the park, Ms. Tanzer said, “is a perfect example” of the boom."

    (found,) = find(text)

    assert shown(text, found) == (
        "The investment in the park / “is a perfect example” of the boom",
        "Ms. Tanzer",
        "said",
    )


WIDE = [
    ("The union urged the government to raise wages.", "the government to raise wages", "The union"),
    ("Her claim that the votes were bought drew anger.", "the votes were bought", "Her"),
    ("The senator criticized the new budget.", "the new budget", "The senator"),
    ("The protesters called for lower rents.", "lower rents", "The protesters"),
    ("Farmers hope that rain will come.", "rain will come", "Farmers"),
    ("The director is confident that the film will sell.", "the film will sell", "The director"),
    ("The committee called on the mayor to resign.", "the mayor to resign", "The committee"),
    ("Teachers want the ministry to pay them on time.", "the ministry to pay them on time", "Teachers"),
    ("The bank reported earning two million euros.", "earning two million euros", "The bank"),
    ("Ms. Adeyemi expressed concern about the dam.", "the dam", "Ms. Adeyemi"),
    ("Mr. Lund brushed off the complaints of his rivals.", "the complaints of his rivals", "Mr. Lund"),
    ("The governor praised the firefighters at a news conference.", "the firefighters", "The governor"),
    ("Villagers support the new road after years of delay.", "the new road", "Villagers"),
    ("The offer was rejected by the miners.", "The offer", "the miners"),
    ("Ms. Ito spoke on Monday about the floods.", "the floods", "Ms. Ito"),
    ("The panel discussed how the money was spent.", "how the money was spent", "The panel"),
    ("The mayor made it clear that she would not run.", "she would not run", "The mayor"),
    ("Critics refer to the tower as a monument to greed.", "the tower as a monument to greed", "Critics"),
]


@pytest.mark.parametrize(("text", "content", "mention"), WIDE)
def test_what_is_less_sure_is_a_suggestion(text: str, content: str, mention: str) -> None:
    found = {shown(text, each)[:2]: each for each in find(text)}

    assert found[content, mention].grade is Grade.WIDE
    assert found[content, mention].confidence < 0.5


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("The ferry is expected to sink next winter.", "The ferry / to sink next winter"),
        ("Mr. Okoro, who leads the party, is seen as a moderate.", "Mr. Okoro / a moderate"),
        ("The talks appear to be over.", "The talks / to be over"),
    ],
)
def test_what_is_expected_or_seems_so_is_said_of_the_subject(text: str, content: str) -> None:
    assert content in [shown(text, each)[0] for each in find(text)]


def test_what_says_when_or_why_is_not_said() -> None:
    text = "As rents rose across the city, the union agreed in May to a strike."

    assert not any("rents" in shown(text, each)[0] for each in find(text))


ENDED = [
    ("Ms. Berg said the bill was dead and noted that others had failed.", "the bill was dead"),
    ("Police said the car belonged to Mr. Haddad, who denied it.", "the car belonged to Mr. Haddad"),
    ("The clinic said it was full, adding that others had beds.", "it was full"),
    ("She said that the mine was safe and that the wages were fair.", "the mine was safe and that the wages were fair"),
]


@pytest.mark.parametrize(("text", "content"), ENDED)
def test_what_the_writer_adds_is_not_said(text: str, content: str) -> None:
    assert content in [shown(text, each)[0] for each in find(text)]


@pytest.mark.parametrize(("cue", "grade"), [("had warned him that", Grade.STRICT), ("believed that", None)])
def test_within_what_is_said_only_what_is_said_is_a_statement(cue: str, grade: Grade | None) -> None:
    text = f"The minister said in May that two experts from abroad {cue} the dam was weak."

    found = {shown(text, each)[0]: each.grade for each in find(text)}

    assert found.pop(f"two experts from abroad {cue} the dam was weak") is Grade.STRICT
    assert found.get("the dam was weak") is grade


def test_a_voice_that_relays_is_told_from_the_one_that_speaks() -> None:
    text = "“The pact is signed,” Orlov was quoted as saying by two state agencies."

    (found,) = find(text)

    assert shown(text, found) == ("The pact is signed,", "Orlov", "was quoted as saying")
    assert [words(text, mention) for mention, _ in found.relays] == ["two state agencies"]


def test_a_relative_pronoun_stands_for_its_antecedent() -> None:
    text = "Mr. Haddad, who said that the mine is safe, left at noon."

    (found,) = [each for each in find(text) if each.grade is Grade.STRICT]

    assert words(text, found.mention, found.pronoun) == "Mr. Haddad / who"


def test_a_line_of_a_transcript_belongs_to_the_name_before_its_colon() -> None:
    text = "The interview in full.\nKELLER: Did you sign the letter yourself?\nOSEI: I never saw that letter."

    found = [shown(text, each)[:2] for each in find(text) if each.rule == "label"]

    assert found == [("Did you sign the letter yourself?", "KELLER"), ("I never saw that letter", "OSEI")]


def test_nothing_is_looked_for_outside_the_blocks() -> None:
    text = "“Buy now,” the advertisement said.\n“It is done,” Anna Berg said."
    blocks = train.paragraphs(text)[1:]
    doc = attributions.parse_text(text, blocks)

    found = attributions.find_attributions(text, blocks, doc)

    assert doc is not None
    assert doc.text == text
    assert [shown(text, each)[1] for each in found] == ["Anna Berg"]


def test_the_model_is_named_with_its_version() -> None:
    assert language_model.load_model() is language_model.load_model()
    assert (language_model.get_name() or "").startswith("en_core_web_sm")


def test_without_the_model_there_is_no_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "MODELS", ("a_model_that_is_not_installed",))
    language_model.load_model.cache_clear()
    try:
        assert language_model.get_name() is None
        assert attributions.parse_text("He said so.", [Span(0, 11)]) is None
    finally:
        language_model.load_model.cache_clear()


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
def test_time_is_linear_in_the_text_without_the_model(shape: Callable[[int], str]) -> None:
    def seconds(size: int) -> float:
        text = shape(size)
        blocks = train.paragraphs(text)
        begun = time.process_time()
        attributions.find_attributions(text, blocks, None)
        return time.process_time() - begun

    # Eight times the text; quadratic time would take 64 times as long. Whatever else holds the machine up does so
    # once, not four times.
    assert any(seconds(64_000) < 8 * 2.5 * seconds(8_000) + 0.1 for _ in range(4))


@pytest.mark.parametrize("shape", ["marks", "he said", "one word"])
def test_hostile_texts_are_parsed_in_bounds(shape: str) -> None:
    begun = time.process_time()

    find(SHAPES[shape](3_000))

    assert time.process_time() - begun < 4


@given(st.text(alphabet="aB \"“”,.:()'\n\u00a0said", max_size=80))
def test_any_text_gives_spans_of_it(text: str) -> None:
    for found in find(text, parsed=False):
        for span in (*found.content, *found.cue, *filter(None, [found.mention])):
            assert 0 <= span.start < span.end <= len(text)


def test_every_confidence_is_a_share() -> None:
    assert 0 < rules.FLOOR < attributions.STRICT < 1
