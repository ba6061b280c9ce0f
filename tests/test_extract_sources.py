"""The sources of attributions, with the language model and without it."""

import pytest

from app.extract.findings import AttributionRelation
from tests.attributions import find_relations, get_words


def find_by_cue(text: str, cue: str) -> AttributionRelation:
    """Return the first attribution whose cue has these words."""
    relations = find_relations(text)
    cued = [relation for relation in relations if cue in get_words(text, *relation.cue)]
    assert cued, [(relation.rule, get_words(text, *relation.cue)) for relation in relations]
    return cued[0]


@pytest.mark.parametrize(
    ("text", "cue", "mention"),
    [
        # the head of a participle or an infinitive is not always its subject
        ("The union rejected the offer of the owners, saying that wages are too low.", "saying", "The union"),
        ("The union issued a statement saying that wages are too low.", "saying", "The union"),
        ("The union emailed its members saying that wages are too low.", "saying", "The union"),
        ("A man saying that he was robbed came to the station.", "saying", "A man"),
        ("The mayor held a press conference to announce that the bridge will close.", "announce", "The mayor"),
        ("The judge criticized the mayor’s refusal to say that the bridge is safe.", "say", "the mayor’s"),
        ("In addition to claiming that the vote was rigged, Okoro has asked for a recount.", "claiming", "Okoro"),
        ("The scandal led Mayor Ada Okoro to announce that she would resign.", "announce", "Mayor Ada Okoro"),
        # a verb after a content may continue the matrix verb
        ("Okoro said she would stay and called the vote “a farce”.", "called", "Okoro"),
        ("Okoro denied the claim that the bank was closing, saying that it has enough money.", "saying", "Okoro"),
        ("Lind said that the pier is safe and others have said that it is not.", "have said", "others"),
        # asides and days stand between the name and the verb
        ("Ada Okoro, the mayor of the town (and a farmer herself), said that it was over.", "said", "Ada Okoro"),
        ("The report, which many think is unfair, came late.", "think", "many"),
        ("Ada Okoro — whose term ends in May — said that it was over.", "said", "Ada Okoro"),
        # owners of claims
        ("The senator repeated his claim that the votes were bought.", "claim", "The senator"),
        ("Critics mocked her claim that the votes were bought.", "claim", "her"),
        # experiencers of attitudes
        ("The council scrapped the plan, wary of its costs.", "wary", "The council"),
        ("The floods left farmers fearful that the harvest is lost.", "fearful", "farmers"),
        ("There is a fear among farmers that the rain will not come.", "fear", "farmers"),
    ],
)
def test_source_is_found_across_words_between(text: str, cue: str, mention: str) -> None:
    assert get_words(text, find_by_cue(text, cue).mention) == mention


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
def test_source_in_a_relative_clause_has_its_pronoun(text: str, cue: str, both: str) -> None:
    relation = find_by_cue(text, cue)

    assert get_words(text, relation.mention, relation.pronoun) == both


def test_subject_of_a_passive_participle_is_not_the_source() -> None:
    text = "Asked by a reporter whether the pier is safe, the mayor nodded."

    assert get_words(text, find_by_cue(text, "Asked").mention) == "a reporter"


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("The mayor had one message: “Close the pier.”", "The mayor"),
        ("The mayor turned to the crowd. “Close the pier!”", "The mayor"),
        ("The mayor kept silent.\n“Close the pier,” the coach from the stairs. “Close it now.”", "the coach"),
    ],
)
def test_quotation_without_verb_has_the_topic_beside_it(text: str, mention: str) -> None:
    (relation,) = find_relations(text)

    assert get_words(text, relation.mention) == mention


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
def test_source_without_a_model_is_beside_the_verb(text: str, mention: str) -> None:
    (relation,) = find_relations(text, parsed=False)

    assert get_words(text, relation.mention) == mention
