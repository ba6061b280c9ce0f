"""The judgement on a candidate, and the confidences of words in constructions, all set by hand."""

from typing import NamedTuple

from app.extract.attribution.candidates import Candidate
from app.extract.mentions.nouns import words

OFTEN, SOMETIMES, SELDOM = 0.65, 0.5, 0.4

Frames = dict[str, Candidate]  # the candidates of a word by the names of their constructions


class Judgement(NamedTuple):
    """A candidate, the confidence that it is an attribution (0 to 1), and the name of the rule that says so."""

    candidate: Candidate
    confidence: float
    rule: str


def get_first(frames: Frames, *names: str) -> Candidate | None:
    """Return the candidate of the first of these constructions that the word has."""
    return next((frames[name] for name in names if name in frames), None)


def get_confidence(construction: str, lemma: str) -> float:
    """Return the confidence that a word attributes in a construction in which words of its class may."""
    if lemma in _OFTEN.get(construction, ()):
        return OFTEN
    return SELDOM if lemma in _SELDOM.get(construction, ()) else SOMETIMES


# Words that attribute more often, or less often, than others of their class in the same construction.
_OFTEN = {
    "object": words("""
        list prefer retweet trumpet extol extoll bemoan admire refute argue criticise chide rebut foresee mull
        recommend estimate deride cite express applaud decry note propose question remember lament brush_off fear
        criticize mock congratulate slam insult reaffirm warn state repudiate bash recount announce describe tweet
        highlight praise recall mention thank ridicule voice disclose endorse tout reject disavow spell_out recognize
        recite herald stress reiterate dismiss defend emphasize say condemn hail blast declare lay_out
    """),
    "infinitive": words(
        "vow promise prefer aim ask agree claim decline refuse threaten swear hope expect decide plead"
    ),
    "person": words("urge ask order implore beg exhort beseech"),
    "clause": words("worry hope expect think feel hop fear believe convince"),
    "that": words("""
        worry suspect realize realise anticipate notice doubt hope fear hop believe recognize recognise learn convince
        assume
    """),
    "for": words("call vouch praise advocate blast criticize criticise campaign push apologize apologise"),
    "about": words("speak talk joke boast brag complain muse warn"),
    "of": words("warn complain accuse boast"),
    "on": words("comment agree touch weigh"),
    "as": words("describe cite denounce dismiss praise regard defend"),
    "against": words("warn speak argue caution come"),
    "noun-of": words("favor favour embrace denunciation understanding hope mention opinion proponent"),
    "noun-about": words("question concern joke word"),
    "noun-clause": words("complaint statement suggestion assertion claim hope vow"),
}
_SELDOM = {
    "object": words("""
        attack challenge offer present favor favour underscore release publish promote embrace ignore
        downplay answer acknowledge enjoy nominate report detail counter address celebrate issue share
        back deny accept seek claim respect hate reveal post unveil debate feel believe
        call renew circulate appoint name advocate pitch spread broadcast welcome identify
        outline demand threaten pledge hammer rip champion protest
    """),
    "infinitive": words("seek pledge intend attempt hop want"),
    "person": words("invite tell push call pressure expect"),
    "clause": words("see guess assume hear determine hold learn decide consider understand remember figure forget"),
    "that": words("see decide determine remember understand"),
    "for": words("vote thank look know attack blame ask press hope cheer"),
    "about": words("care worry know think lie"),
    "to": words("look"),
    "as": words("see identify cast present name"),
    "on": words("focus double sound"),
    "noun-of": words("criticism critique endorsement assessment defense defence critic announcement"),
    "noun-for": words("support"),
    "noun-on": words("position attack"),
    "noun-clause": words("position idea plan sense story message threat notion"),
}
