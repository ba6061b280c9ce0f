"""Who speaks, in sentences of every shape: with the model of English, and without it."""

import pytest

from app.core.spans import Span
from app.extract.attribution import attributions
from app.extract.findings import AttributionRelation
from app.extract.learning import train


def saying(text: str, cue: str, *, parsed: bool = True) -> AttributionRelation:
    """The attribution whose cue has these words."""
    blocks = train.paragraphs(text)
    found = attributions.find_attributions(text, blocks, attributions.parse_text(text, blocks) if parsed else None)
    cued = [each for each in found if cue in words(text, *each.cue)]
    assert cued, [(each.rule, words(text, *each.cue)) for each in found]
    return cued[0]


def words(text: str, *spans: Span | None) -> str:
    return " / ".join(text[span.start : span.end] for span in spans if span is not None)


@pytest.mark.parametrize(
    ("text", "cue", "mention"),
    [
        # what a participle or a purpose hangs on is not always who does it
        ("The union rejected the offer of the owners, saying that wages are too low.", "saying", "The union"),
        ("The union issued a statement saying that wages are too low.", "saying", "The union"),
        ("The union emailed its members saying that wages are too low.", "saying", "The union"),
        ("A man saying that he was robbed came to the station.", "saying", "A man"),
        ("The mayor held a press conference to announce that the bridge will close.", "announce", "The mayor"),
        ("The judge criticized the mayor’s refusal to say that the bridge is safe.", "say", "the mayor’s"),
        ("In addition to claiming that the vote was rigged, Okoro has asked for a recount.", "claiming", "Okoro"),
        ("The scandal led Mayor Ada Okoro to announce that she would resign.", "announce", "Mayor Ada Okoro"),
        # whose verb it is that follows what somebody said
        ("Okoro said she would stay and called the vote “a farce”.", "called", "Okoro"),
        ("Okoro denied the claim that the bank was closing, saying that it has enough money.", "saying", "Okoro"),
        ("Lind said that the pier is safe and others have said that it is not.", "have said", "others"),
        # asides and days between the name and the verb
        ("Ada Okoro, the mayor of the town (and a farmer herself), said that it was over.", "said", "Ada Okoro"),
        ("The report, which many think is unfair, came late.", "think", "many"),
        ("Ada Okoro — whose term ends in May — said that it was over.", "said", "Ada Okoro"),
        # whose claim, plan or fear it is
        ("The senator repeated his claim that the votes were bought.", "claim", "The senator"),
        ("Critics mocked her claim that the votes were bought.", "claim", "her"),
        # whose mind it is
        ("The council scrapped the plan, wary of its costs.", "wary", "The council"),
        ("The floods left farmers fearful that the harvest is lost.", "fearful", "farmers"),
        ("There is a fear among farmers that the rain will not come.", "fear", "farmers"),
    ],
)
def test_who_says_so_is_found_over_the_words_between(text: str, cue: str, mention: str) -> None:
    assert words(text, saying(text, cue).mention) == mention


@pytest.mark.parametrize(
    ("text", "cue", "both"),
    [
        ("It was Lind who wrote in a letter: “The pier is closed.”", "wrote", "Lind / who"),
        ("Lind, who has made a promise to open the pier, left.", "promise", "Lind / who"),
        ("Lind, who is confident that the pier will open, left.", "confident", "Lind / who"),
        ("Lind, who surprised the town by claiming that the pier is safe, left.", "claiming", "Lind / who"),
        ("The pier that led her to say that it is unsafe was closed.", "say", "her"),
    ],
)
def test_a_relative_pronoun_is_given_beside_whom_it_stands_for(text: str, cue: str, both: str) -> None:
    found = saying(text, cue)

    assert words(text, found.mention, found.pronoun) == both


def test_whoever_is_asked_does_not_ask() -> None:
    text = "Asked by a reporter whether the pier is safe, the mayor nodded."

    assert words(text, saying(text, "Asked").mention) == "a reporter"


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("The mayor had one message: “Close the pier.”", "The mayor"),
        ("The mayor turned to the crowd. “Close the pier!”", "The mayor"),
        ("The mayor kept silent.\n“Close the pier,” the coach from the stairs. “Close it now.”", "the coach"),
    ],
)
def test_a_quotation_without_a_verb_belongs_to_whom_the_words_beside_it_are_about(text: str, mention: str) -> None:
    blocks = train.paragraphs(text)

    (found,) = attributions.find_attributions(text, blocks, attributions.parse_text(text, blocks))

    assert words(text, found.mention) == mention


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("“Close the pier,” Ada Okoro, the mayor of Lagos, said.", "Ada Okoro"),
        ("“Close the pier,” Ada Okoro (who is the mayor) said.", "Ada Okoro"),
        ("On Friday, Okoro met Lind at the harbour, saying: “Close the pier.”", "Okoro"),
        ("Okoro walked from the pier to the harbour and said: “Close the pier.”", "Okoro"),
        ("“Close the pier,” Okoro said on Friday.", "Okoro"),
        ("“Close the pier,” Okoro from the stairs. “Close it now.”", "Okoro"),
        ("Okoro had one message: “Close the pier.”", "Okoro"),
        ("Ada Okoro: “Close the pier.”", "Ada Okoro"),
        ("“Close the pier,” said a longtime Lagos resident.", "a longtime Lagos"),
    ],
)
def test_without_the_model_the_words_beside_the_verb_say_who_speaks(text: str, mention: str) -> None:
    blocks = train.paragraphs(text)

    (found,) = attributions.find_attributions(text, blocks, None)

    assert words(text, found.mention) == mention
