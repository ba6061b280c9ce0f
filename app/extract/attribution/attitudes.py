"""Rules for what people think, want, plan, praise and blame: less certain than those for what they say."""

from collections.abc import Mapping

from app.extract.attribution import lexicon
from app.extract.attribution.candidates import Candidate
from app.extract.attribution.judgement import OFTEN, SELDOM, SOMETIMES, Frames, Judgement, get_confidence, get_first
from app.extract.attribution.tree import Tree

_COMPLEMENTS = frozenset(["ccomp", "xcomp", "dobj", "rest", "object-xcomp", "raised", "raised-as", "oprd", "acomp"])
_RAISING = (lexicon.URGE | lexicon.THINK | lexicon.SAY | lexicon.NAME) - {"suppose"}
_OBJECT_RULES = (
    (lexicon.PLEDGE, "object-pledge"),
    (lexicon.JUDGE, "object-judge"),
    (lexicon.VOICE, "object-voice"),
    (frozenset(["say"]), "object-say"),
)


def _judge_infinitive(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "urged him to …", "called on him to …", "vowed to …" and "reported earning …"."""
    if "object-xcomp" in frames and lemma in lexicon.URGE:
        return Judgement(frames["object-xcomp"], get_confidence("person", lemma), "urge")
    clause = get_first(frames, "on-clause", "for-clause")
    if clause is not None and lemma in lexicon.CALLING:
        return Judgement(clause, OFTEN, "call")
    infinitive = frames.get("xcomp")
    if infinitive is None or infinitive.source is None or infinitive.link is None or lemma in lexicon.SEEM:
        return None
    if tree.tag[infinitive.link] == "VBG":
        return Judgement(infinitive, SOMETIMES, "gerund") if lemma in lexicon.GERUND else None
    would_like = lemma == "like" and tree.find_dependent(infinitive.anchor, "aux") is not None
    if would_like or lemma in lexicon.WANT:
        return Judgement(infinitive, get_confidence("infinitive", lemma), "want")
    return None


def _judge_raising(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "is expected to …", "is seen as …" and "seems to …"."""
    candidate = get_first(frames, "raised", "raised-as")
    if candidate is None:
        return None
    if lemma in lexicon.SEEM:
        return Judgement(candidate, SELDOM, "seem")
    is_raising = lemma in (_RAISING if candidate.frame == "raised" else lexicon.NAME)
    return Judgement(candidate, SOMETIMES, candidate.frame) if is_raising else None


def _judge_object(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "criticized …" and "announced …"."""
    candidate = get_first(frames, "rest", "dobj")
    if candidate is None or candidate.source is None:
        return None
    if lemma in lexicon.LIGHT and candidate.link is not None and _attributes_itself(tree, candidate.link):
        return None
    particle = tree.find_dependent(candidate.anchor, "prt")
    word = lemma if particle is None else f"{lemma}_{tree.word[particle]}"  # "lay_out"
    for words, rule in _OBJECT_RULES:
        if word in words:
            is_strict = words is lexicon.PLEDGE and tree.tag[candidate.anchor] != "VB"
            return Judgement(candidate, 0.76 if is_strict else get_confidence("object", word), rule)
    return None


def _attributes_itself(tree: Tree, noun: int) -> bool:
    """Return whether the object of a light verb attributes by itself: "expressed concern about"."""
    lemma = tree.lemma[noun]
    if lemma in lexicon.NOUNS and any(child > noun for child in tree.find_dependents(noun, "acl", "ccomp")):
        return True
    prepositions = (tree.word[child] for child in tree.find_dependents(noun, "prep"))
    return any(lemma in lexicon.NOUN_PREPOSITIONS.get(preposition, ()) for preposition in prepositions)


def _judge_preposition(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "called for …"."""
    preposition, candidate = _get_by_preposition(lemma, frames, "prep-", lexicon.PREPOSITIONS)
    if candidate is None or candidate.source is None:
        return None
    return Judgement(candidate, get_confidence(preposition, lemma), f"about-{preposition}")


def _judge_passive(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "the plan was rejected by …" and "the deal was announced"."""
    candidate = frames.get("passive")
    if candidate is None or tree.dep[candidate.anchor] == "relcl" or not _COMPLEMENTS.isdisjoint(frames):
        return None
    if candidate.source is not None and lemma in lexicon.JUDGE | lexicon.VOICE:
        return Judgement(candidate, OFTEN, "undergone")
    return Judgement(candidate, 0.45, "undergone") if lemma in lexicon.VOICE else None


def _judge_noun(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "her claim that …" and "her plan to …"."""
    candidate, construction, confidence = get_first(frames, "noun-is", "noun-clause"), "noun-clause", 0.0
    if candidate is not None and lemma in lexicon.NOUNS and not _is_relative_clause(tree, candidate):
        confidence = {"that": 0.05, "to": 0.0}.get(tree.word[candidate.content[0].first], -0.1)
    else:
        preposition, candidate = _get_by_preposition(lemma, frames, "noun-prep-", lexicon.NOUN_PREPOSITIONS)
        construction = f"noun-{preposition}"
    if candidate is None:
        return None
    confidence += get_confidence(construction, lemma)
    if candidate.source is None:
        return Judgement(candidate, confidence * 0.8, "noun-sourceless")
    if tree.dep[candidate.anchor] == "dobj" and tree.lemma[tree.head[candidate.anchor]] in lexicon.LIGHT:
        confidence = max(confidence, OFTEN)
    return Judgement(candidate, confidence, "noun")


def _is_relative_clause(tree: Tree, candidate: Candidate) -> bool:
    """Return whether the clause describes the noun and is not its content: "a message that reached them"."""
    if candidate.link is None or tree.dep[candidate.link] != "relcl":
        return False
    first = candidate.content[0].first
    return tree.word[first] == "to" or (tree.word[first] == "that" and tree.dep[first] != "mark")


def _judge_adjective(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "was adamant that …" and "was critical of …"."""
    clause = frames.get("adj-clause")
    if clause is not None and clause.source is not None and lemma in lexicon.ADJECTIVES:
        return Judgement(clause, 0.65 if tree.word[clause.content[0].first] == "that" else 0.45, "adjective")
    _, phrase = _get_by_preposition(lemma, frames, "adj-prep-", lexicon.ADJECTIVE_PREPOSITIONS)
    return Judgement(phrase, 0.5, "adjective-of") if phrase is not None and phrase.source is not None else None


def _get_by_preposition(
    lemma: str, frames: Frames, prefix: str, lemmas: Mapping[str, frozenset[str]]
) -> tuple[str, Candidate | None]:
    """Return the first preposition that `lemmas` gives for the word, and its candidate; else "" and None."""
    for name, candidate in frames.items():
        if name.startswith(prefix) and lemma in lemmas.get(preposition := name[len(prefix) :], ()):
            return preposition, candidate
    return "", None


WORD_RULES = (_judge_noun, _judge_adjective)
VERB_RULES = (_judge_infinitive, _judge_raising, _judge_object, _judge_preposition, *WORD_RULES, _judge_passive)
