"""What people think, want, plan, praise and blame: constructions that attribute as often as the words in them do."""

from collections.abc import Mapping

from app.extract.attribution import lexicon
from app.extract.attribution.candidates import Candidate
from app.extract.attribution.grades import NOW_AND_THEN, OFTEN, SELDOM, grade
from app.extract.attribution.judgement import Frames, Judgement, first_of
from app.extract.attribution.tree import Tree

_COMPLEMENTS = frozenset(["ccomp", "xcomp", "dobj", "rest", "object-xcomp", "raised", "raised-as", "oprd", "acomp"])
_RAISING = (lexicon.URGE | lexicon.THINK | lexicon.SAY | lexicon.NAME) - {"suppose"}
_OBJECTS = (
    (lexicon.PLEDGE, "object-pledge"),
    (lexicon.JUDGE, "object-judge"),
    (lexicon.VOICE, "object-voice"),
    (frozenset(["say"]), "object-say"),
)


def _infinitive(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She urged him to …, she called on him to …, she vowed to …, she reported earning …."""
    if "object-xcomp" in frames and lemma in lexicon.URGE:
        return Judgement(frames["object-xcomp"], grade("person", lemma), "urge")
    found = first_of(frames, "on-clause", "for-clause")
    if found is not None and lemma in lexicon.CALLING:
        return Judgement(found, OFTEN, "call")
    found = frames.get("xcomp")
    if found is None or found.source is None or found.link is None or lemma in lexicon.SEEM:
        return None
    if tree.tag[found.link] == "VBG":
        return Judgement(found, NOW_AND_THEN, "gerund") if lemma in lexicon.GERUND else None
    would_like = lemma == "like" and tree.find_dependent(found.anchor, "aux") is not None
    return Judgement(found, grade("infinitive", lemma), "want") if would_like or lemma in lexicon.WANT else None


def _raised(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She is expected to …, she is seen as …, she seems to …."""
    found = first_of(frames, "raised", "raised-as")
    if found is None:
        return None
    if lemma in lexicon.SEEM:
        return Judgement(found, SELDOM, "seem")
    raises = lemma in (_RAISING if found.frame == "raised" else lexicon.NAME)
    return Judgement(found, NOW_AND_THEN, found.frame) if raises else None


def _object(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She criticized …, she announced …."""
    found = first_of(frames, "rest", "dobj")
    if found is None or found.source is None:
        return None
    if lemma in lexicon.LIGHT and found.link is not None and _says_itself(tree, found.link):
        return None
    word = _with_particle(tree, found.anchor)
    for words, rule in _OBJECTS:
        if word in words:
            strict = words is lexicon.PLEDGE and tree.tag[found.anchor] != "VB"
            return Judgement(found, 0.76 if strict else grade("object", word), rule)
    return None


def _says_itself(tree: Tree, noun: int) -> bool:
    """Tell whether a noun attributes by itself: "expressed concern about"."""
    lemma = tree.lemma[noun]
    if lemma in lexicon.NOUNS and any(kid > noun for kid in tree.find_dependents(noun, "acl", "ccomp")):
        return True
    return any(lemma in lexicon.NOUN_PREPOSITIONS.get(tree.word[kid], ()) for kid in tree.find_dependents(noun, "prep"))


def _with_particle(tree: Tree, verb: int) -> str:
    """The lemma of a verb with its particle: "lay_out"."""
    particle = tree.find_dependent(verb, "prt")
    return tree.lemma[verb] if particle is None else f"{tree.lemma[verb]}_{tree.word[particle]}"


def _preposition(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She called for …."""
    preposition, found = _led(lemma, frames, "prep-", lexicon.PREPOSITIONS)
    if found is None or found.source is None:
        return None
    return Judgement(found, grade(preposition, lemma), f"about-{preposition}")


def _undergone(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """The plan was rejected by …, the deal was announced."""
    found = frames.get("passive")
    if found is None or tree.dep[found.anchor] == "relcl" or not _COMPLEMENTS.isdisjoint(frames):
        return None
    if found.source is not None and lemma in lexicon.JUDGE | lexicon.VOICE:
        return Judgement(found, OFTEN, "undergone")
    return Judgement(found, 0.45, "undergone") if lemma in lexicon.VOICE else None


def _noun(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Her claim that …, her plan to …."""
    found, construction, likely = first_of(frames, "noun-is", "noun-clause"), "noun-clause", 0.0
    if found is not None and lemma in lexicon.NOUNS and not _is_of_noun(tree, found):
        likely = {"that": 0.05, "to": 0.0}.get(tree.word[found.content[0][0]], -0.1)
    else:
        preposition, found = _led(lemma, frames, "noun-prep-", lexicon.NOUN_PREPOSITIONS)
        construction = f"noun-{preposition}"
    if found is None:
        return None
    likely += grade(construction, lemma)
    if found.source is None:
        return Judgement(found, likely * 0.8, "noun-sourceless")
    if tree.dep[found.anchor] == "dobj" and tree.lemma[tree.head[found.anchor]] in lexicon.LIGHT:
        likely = max(likely, OFTEN)
    return Judgement(found, likely, "noun")


def _is_of_noun(tree: Tree, found: Candidate) -> bool:
    """Tell whether the clause says of a noun what it is, not what it says: "a message that reached them"."""
    if found.link is None or tree.dep[found.link] != "relcl":
        return False
    first = found.content[0][0]
    return tree.word[first] == "to" or (tree.word[first] == "that" and tree.dep[first] != "mark")


def _adjective(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She was adamant that …, she was critical of …."""
    found = frames.get("adj-clause")
    if found is not None and found.source is not None and lemma in lexicon.ADJECTIVES:
        return Judgement(found, 0.65 if tree.word[found.content[0][0]] == "that" else 0.45, "adjective")
    _, found = _led(lemma, frames, "adj-prep-", lexicon.ADJECTIVE_PREPOSITIONS)
    return Judgement(found, 0.5, "adjective-of") if found is not None and found.source is not None else None


def _led(lemma: str, frames: Frames, frame: str, leads: Mapping[str, frozenset[str]]) -> tuple[str, Candidate | None]:
    """The first candidate of a frame whose preposition is one that the word goes with, after that preposition."""
    for name, found in frames.items():
        if name.startswith(frame) and lemma in leads.get(preposition := name[len(frame) :], ()):
            return preposition, found
    return "", None


OF_WORDS = (_noun, _adjective)  # of nouns and adjectives, that is
OF_VERBS = (_infinitive, _raised, _object, _preposition, *OF_WORDS, _undergone)
