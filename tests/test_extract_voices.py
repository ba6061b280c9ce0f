"""Tests of the speakers behind the mentions of a text: names in all forms, pronouns, documents, the unnamed."""

import re

import pytest

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.attribution import attributions
from app.extract.findings import ExtractedStatement, Voice
from app.extract.mentions.voices import VoiceResolver
from app.extract.pipeline import extract


def meant(text: str, mention: str) -> Voice:
    """Whom the last mention of these words stands for."""
    blocks = [Span(*match.span()) for match in re.finditer(r"[^\n]+", text)]
    place = text.rindex(mention)
    doc = attributions.parse_text(text, blocks, entities=True)
    voice = VoiceResolver(text, blocks, doc).resolve(Span(place, place + len(mention)))
    assert voice is not None
    return voice


def said(text: str, words: str) -> ExtractedStatement:
    """Return the statement that begins with these words."""
    matches = [
        statement
        for statement in extract(text, language="en").statements
        if text[statement.content[0].start :].startswith(words)
    ]
    assert matches, f"no statement begins with {words!r}"
    return matches[0]


@pytest.mark.parametrize(
    ("before", "mention", "name"),
    [
        ("Finnish President Alma Virtanen spoke to the press.", "Virtanen", "Alma Virtanen"),
        ("Finnish President Alma Virtanen spoke to the press.", "The Finnish president", "Alma Virtanen"),
        ("Finnish President Alma Virtanen spoke to the press.", "The president", "Alma Virtanen"),
        ("Finnish President Alma Virtanen spoke to the press.", "President Virtanen", "Alma Virtanen"),
        ("Alma Virtanen, the president of Finland, spoke to the press.", "The Finnish leader", "Alma Virtanen"),
        ("Boris Ivanovich Petrov arrived on a train.", "Petrov", "Boris Petrov"),
        ("Boris Ivanovich Petrov arrived on a train.", "Boris Petrov", "Boris Petrov"),
        ("South Korean President Park Min-ho arrived on a train.", "Park", "Park Min-ho"),
        ("South Korean President Park Min-ho arrived on a train.", "Park Min Ho", "Park Min-ho"),
        ("Rep. Jane Doe (D-Ohio) voted against the bill.", "Doe", "Jane Doe"),
        ("Secretary of the Treasury John Miller voted.", "Secretary Miller", "John Miller"),
        ("Dr. Ursula von der Heide opened the clinic.", "Von der Heide", "Ursula von der Heide"),
        ("The National Grain Office (NGO) counted the sacks.", "The NGO", "National Grain Office"),
        ("The Federation of Bakers met.", "The Federation of Bakers", "Federation of Bakers"),
        ("Latvia’s Baltic News Agency counted the sacks.", "The agency", "Baltic News Agency"),
        ("The office was open.", "State news agency BELMA", "BELMA"),
    ],
)
def test_mention_resolves_to_the_full_name(before: str, mention: str, name: str) -> None:
    voice = meant(f"{before}\n\n“The winter will be long and the stores are full,” {mention} said.", mention)

    assert (voice.name, voice.sure) == (name, True)


@pytest.mark.parametrize(
    ("mention", "name", "kind"),
    [
        ("a senior Danish diplomat", "senior Danish diplomat", SpeakerKind.UNNAMED),
        ("two officials", "two officials", SpeakerKind.UNNAMED),
        ("Danish state television", "Danish state television", SpeakerKind.ORGANIZATION),
        ("Denmark", "Denmark", SpeakerKind.ORGANIZATION),
        ("Denmark and Norway", "Denmark and Norway", SpeakerKind.ORGANIZATION),
        ("the police report", "police report", SpeakerKind.DOCUMENT),
    ],
)
def test_unnamed_voice_has_the_description_as_printed(mention: str, name: str, kind: SpeakerKind) -> None:
    voice = meant(f"It rained in the harbour.\n\n“The winter will be long,” said {mention}.", mention)

    assert (voice.name, voice.kind, voice.sure) == (name, kind, True)


@pytest.mark.parametrize(
    ("text", "mention", "title"),
    [
        ("Anna Berg knocked Karl Holm, saying the mayor of Bergen was late. Holm left.", "Holm", None),
        ("Karl Holm, acting mayor of Bergen, was late. Holm left.", "Holm", "acting mayor of Bergen"),
        ("Karl Holm, an aide to King Carl G. Lund, was late. Holm left.", "Holm", "aide to King Carl G. Lund"),
        ("Harbour campaign manager Karl Holm was late. Holm left.", "Holm", "Harbour campaign manager"),
    ],
)
def test_action_in_apposition_is_no_title(text: str, mention: str, title: str | None) -> None:
    assert meant(text, mention).title == title


def test_title_is_separate_from_the_name() -> None:
    text = "“The stores are full for now,” said Norwegian Foreign Minister Kari Dahl. “We wait for rain,” Dahl added."

    voice = meant(text, "Dahl")

    assert voice.title == "Norwegian Foreign Minister"
    assert set(voice.names) == {"Kari Dahl", "Dahl"}


TWO = "Senator Anna Berg and her husband, the banker Karl Berg, came late.\n\n“It was the snow on the road,” {} said."


@pytest.mark.parametrize(
    ("mention", "name"), [("Karl Berg", "Karl Berg"), ("Mrs. Berg", "Anna Berg"), ("Senator Berg", "Anna Berg")]
)
def test_first_name_and_title_tell_namesakes_apart(mention: str, name: str) -> None:
    voice = meant(TWO.format(mention), mention)

    assert (voice.name, voice.sure) == (name, True)


def test_ambiguous_surname_gives_an_unsure_voice() -> None:
    voice = meant(TWO.format("Berg"), "Berg")

    assert voice.name in ("Anna Berg", "Karl Berg")
    assert not voice.sure


@pytest.mark.parametrize(
    ("text", "words", "name"),
    [
        ("Anna Berg told Karl Lind that the road was closed. “We turn back,” she said.", "We turn", "Anna Berg"),
        ("Anna Berg told Karl Lind that the road was closed.\n\n“We turn back,” he said.", "We turn", "Karl Lind"),
        ("“The road is closed,” Robin Ek said of Sasha Holm.\n\n“We turn back,” he added.", "We turn", "Robin Ek"),
        ("The Harbour Authority closed the port. “Nobody sails today,” it said.", "Nobody", "Harbour Authority"),
    ],
)
def test_pronoun_resolves_to_the_last_subject_or_speaker(text: str, words: str, name: str) -> None:
    voice = said(text, words).voice

    assert voice is not None
    assert voice.name == name


def test_antecedent_is_outside_the_attributed_content() -> None:
    text = "Karl Lind left the talks at noon.\n\n“We thank President Olav Moen and all of his friends,” he said."

    voice = said(text, "We thank").voice

    assert voice is not None
    assert voice.name == "Karl Lind"


@pytest.mark.parametrize(
    ("mention", "name"),
    [
        ("Article 3 of the new treaty", "river navigation treaty"),
        ("the treaty", "river navigation treaty"),
        ("the 1957 convention", "Convention on Fishing and Conservation"),
        ("that convention", "Convention on Fishing and Conservation"),
        ("a report by the harbour master", "report by the harbour master"),
    ],
)
def test_document_voice_has_a_distinctive_name(mention: str, name: str) -> None:
    text = (
        "The two states signed a river navigation treaty. It replaces the Convention on Fishing and Conservation, "
        f"signed in 1957 in Oslo.\n\n“Ships of both parties pass free of charge,” says {mention}."
    )

    voice = meant(text, mention)

    assert (voice.name, voice.kind) == (name, SpeakerKind.DOCUMENT)


def test_statement_without_source_has_no_voice() -> None:
    assert said("They met in the rain. “A good day for ducks and for nobody else,” it read.", "A good").voice is None
