"""Attributions in sentences of every construction, judged by the rules on a parse."""

import pytest

from app.core.spans import Span
from app.extract.attribution import attributions, language_model, rules
from app.extract.findings import Grade
from tests.attributions import describe, find_relations, get_words, split_paragraphs

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
def test_indirect_statement_is_strict(text: str, content: str, mention: str, cue: str) -> None:
    relations = [relation for relation in find_relations(text) if relation.grade is Grade.STRICT]

    assert [describe(text, relation) for relation in relations] == [(content, mention, cue)]
    assert relations[0].kind == "indirect"


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
def test_sentence_with_quoted_words_is_mixed(text: str, content: str, mention: str) -> None:
    (relation,) = find_relations(text)

    assert describe(text, relation)[:2] == (content.removesuffix("."), mention)
    assert relation.kind == "mixed"


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("Ms. Lind called the plan “a fiasco” last week.", Grade.STRICT),
        ("They labelled him “the last king”.", Grade.STRICT),
        ("Ms. Lind called the plan a fiasco last week.", Grade.WIDE),
        ("The minister wanted to deny the permit.", Grade.WIDE),
    ],
)
def test_quoted_name_from_a_named_source_is_strict(text: str, grade: Grade) -> None:
    assert {relation.grade for relation in find_relations(text)} == {grade}


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
def test_clause_ends_before_the_next_attributing_verb(text: str, contents: list[str]) -> None:
    assert [describe(text, relation)[0] for relation in find_relations(text)] == contents


def test_quoted_words_after_a_speech_noun_are_its_content() -> None:
    text = "Their chants of “no more tolls” could be heard across the port."

    assert [describe(text, relation) for relation in find_relations(text)] == [("no more tolls", "Their", "chants")]


def test_words_before_and_after_the_verb_are_one_content() -> None:
    text = "The investment in the park, Ms. Tanzer said, “is a perfect example” of the boom."

    (relation,) = find_relations(text)

    assert describe(text, relation) == (
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
def test_attitude_is_a_suggestion(text: str, content: str, mention: str) -> None:
    relations = {describe(text, relation)[:2]: relation for relation in find_relations(text)}

    assert relations[content, mention].grade is Grade.WIDE
    assert relations[content, mention].confidence < 0.5


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("The ferry is expected to sink next winter.", "The ferry / to sink next winter"),
        ("Mr. Okoro, who leads the party, is seen as a moderate.", "Mr. Okoro / a moderate"),
        ("The talks appear to be over.", "The talks / to be over"),
    ],
)
def test_content_of_a_raising_verb_includes_its_subject(text: str, content: str) -> None:
    assert content in [describe(text, relation)[0] for relation in find_relations(text)]


def test_adverbial_clause_is_no_content() -> None:
    text = "As rents rose across the city, the union agreed in May to a strike."

    assert not any("rents" in describe(text, relation)[0] for relation in find_relations(text))


ENDED = [
    ("Ms. Berg said the bill was dead and noted that others had failed.", "the bill was dead"),
    ("Police said the car belonged to Mr. Haddad, who denied it.", "the car belonged to Mr. Haddad"),
    ("The clinic said it was full, adding that others had beds.", "it was full"),
    ("She said that the mine was safe and that the wages were fair.", "the mine was safe and that the wages were fair"),
]


@pytest.mark.parametrize(("text", "content"), ENDED)
def test_addition_of_the_writer_is_no_content(text: str, content: str) -> None:
    assert content in [describe(text, relation)[0] for relation in find_relations(text)]


@pytest.mark.parametrize(("cue", "grade"), [("had warned him that", Grade.STRICT), ("believed that", None)])
def test_nested_speech_is_strict_and_nested_belief_is_not(cue: str, grade: Grade | None) -> None:
    text = f"The minister said in May that two experts from abroad {cue} the dam was weak."

    grades = {describe(text, relation)[0]: relation.grade for relation in find_relations(text)}

    assert grades.pop(f"two experts from abroad {cue} the dam was weak") is Grade.STRICT
    assert grades.get("the dam was weak") is grade


def test_relaying_voice_is_not_the_source() -> None:
    text = "“The pact is signed,” Orlov was quoted as saying by two state agencies."

    (relation,) = find_relations(text)

    assert describe(text, relation) == ("The pact is signed,", "Orlov", "was quoted as saying")
    assert [get_words(text, mention) for mention, _ in relation.relays] == ["two state agencies"]


def test_relative_pronoun_is_returned_with_its_antecedent() -> None:
    text = "Mr. Haddad, who said that the mine is safe, left at noon."

    (relation,) = [relation for relation in find_relations(text) if relation.grade is Grade.STRICT]

    assert get_words(text, relation.mention, relation.pronoun) == "Mr. Haddad / who"


def test_text_outside_the_blocks_is_ignored() -> None:
    text = "“Buy now,” the advertisement said.\n“It is done,” Anna Berg said."
    blocks = split_paragraphs(text)[1:]
    doc = attributions.parse_text(text, blocks)

    relations = attributions.find_attributions(text, blocks, doc)

    assert doc is not None
    assert doc.text == text
    assert [describe(text, relation)[1] for relation in relations] == ["Anna Berg"]


def test_model_is_cached_and_has_a_name() -> None:
    assert language_model.load_model() is language_model.load_model()
    assert (language_model.get_name() or "").startswith("en_core_web_sm")


def test_parse_without_a_model_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "MODELS", ("a_model_that_is_not_installed",))
    language_model.load_model.cache_clear()
    try:
        assert language_model.get_name() is None
        assert attributions.parse_text("He said so.", [Span(0, 11)]) is None
    finally:
        language_model.load_model.cache_clear()


def test_thresholds_are_between_zero_and_one() -> None:
    assert 0 < rules.FLOOR < attributions.STRICT < 1
