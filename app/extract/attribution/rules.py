"""Which candidates are attributions, by the grammar of attribution written down: constructions, words, confidences.

The confidences are set by hand, near the share of a rule's findings that annotators of news agreed with.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from app.extract.attribution import lexicon
from app.extract.attribution.candidates import Candidate, groups, length
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.syntax import head_of
from app.extract.attribution.tree import NO_QUOTE, Tree

FLOOR = 0.42  # what is less sure than this is no suggestion
_FINITE = ("VBD", "VBZ", "VBP", "VBN")
_MARKED = 0.7  # words in marks make it likelier that somebody said them
_THAT = ("that", "whether", "if")
_CLAUSES = (("say", lexicon.SAY, 0.85), ("show", lexicon.SHOW, 0.45), ("think", lexicon.THINK, 0.43))
_THAT_CLAUSES = {"say": 0.9, "show": 0.65, "think": 0.65}
_CLAUSAL = lexicon.SAY | lexicon.THINK | lexicon.WANT | lexicon.URGE
_OBJECTS = (
    (lexicon.JUDGE, "object-judge", 0.49),
    (lexicon.VOICE, "object-voice", 0.43),
    (frozenset(["say", "tweet", "post"]), "object-say", 0.45),
)


class Verdict(NamedTuple):
    """A candidate, how sure it is that it attributes (0 to 1), and what says so."""

    candidate: Candidate
    confidence: float
    rule: str


Frames = dict[str, Candidate]


def judge(tree: Tree, quotations: list[Quotation]) -> list[Verdict]:
    """Return for each word that attributes its best candidate."""
    found = (verdict(tree, group) for group in groups(tree, quotations, lexicon.lemmas()))
    return [each for each in found if each is not None and each.confidence >= FLOOR]


def verdict(tree: Tree, group: list[Candidate]) -> Verdict | None:
    """Return the best of the candidates of one word, or None where none of the rules knows the construction."""
    frames: Frames = {}
    for each in group:
        frames.setdefault(each.frame, each)
    anchor = group[0].anchor
    for rule in _RULES:
        found = rule(tree, tree.lemma[anchor], frames)
        if found is None:
            continue
        if tree.quote[anchor] != NO_QUOTE and not found.candidate.frame.startswith(("alone", "label", "marks")):
            return found._replace(confidence=0.1)  # what is said within a quotation belongs to it
        if found.confidence < 0.7 and holds_marks(tree, found.candidate):
            return found._replace(confidence=min(0.7, 1 - (1 - found.confidence) * _MARKED))
        return found
    return None


def holds_marks(tree: Tree, candidate: Candidate) -> bool:
    """Tell whether words of the content are in marks, the first of each piece at least."""
    tokens = (token for first, last in candidate.content for token in range(first, min(last, first + 60) + 1))
    return any(tree.quote[token] != NO_QUOTE for token in tokens)


def _first(frames: Frames, *names: str) -> Candidate | None:
    return next((frames[name] for name in names if name in frames), None)


def _marks(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She said: "…." """
    found = frames.get("marks-whole")
    if found is not None:
        larger = _first(frames, "ccomp", "tail")
        if larger is not None and larger.content[0][0] < found.content[0][0] - 3:
            return Verdict(larger, 0.9, "marks-clause")
        return Verdict(found, 0.95 if found.source else 0.6, "marks")
    found = _first(frames, "label-whole", "label-clause")
    if found is not None:
        return Verdict(found, 0.74, "label")
    found = frames.get("alone-whole")
    return Verdict(found, 0.6, "marks-alone") if found is not None else None


def _marked_clause(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She said it was "…" to do so."""
    found = frames.get("marks-clause")
    if found is None or lemma not in lexicon.SAY or found.source is None:
        return None
    if "ccomp" in frames and (found.content[0][0] < found.anchor or holds_marks(tree, frames["ccomp"])):
        return Verdict(frames["ccomp"], 0.9, "marked-clause")
    if found.content[0][0] > found.anchor:
        return _marked_rest(tree, found, frames)
    return Verdict(found, 0.8, "marked-lead") if _is_aside(tree, found) else None


def _marked_rest(tree: Tree, found: Candidate, frames: Frames) -> Verdict:
    """What follows the verb and holds words in marks: told them in June that "…" is over."""
    around = frames.get("lead-tail")
    if around is not None and _is_aside(tree, around):
        return Verdict(around, 0.8, "marked-around")
    (first, last), *others = found.content
    clause = (token for token in range(first, min(first + 15, last)) if tree.word[token] in _THAT)
    that = next((token for token in clause if tree.dep[token] == "mark"), None)
    if that is not None:
        rest = replace(found, content=((that, last), *others))
        return Verdict(rest, 0.76 if holds_marks(tree, rest) else 0.5, "marked-rest-that")
    held = (frames[name] for name in ("xcomp", "object-xcomp", "rest", "dobj", "prep") if name in frames)
    narrow = next((each for each in held if each.content[0][0] > found.anchor and holds_marks(tree, each)), None)
    if narrow is not None:
        return Verdict(narrow, 0.74, "marked-phrase")
    return Verdict(found, 0.74 if tree.word[first - 1] in _THAT else 0.65, "marked-rest")


def _according(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    found = _first(frames, "according-sentence", "according")
    return Verdict(found, 0.8, "according") if found is not None else None


def _clause(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She said that …."""
    found = frames.get("ccomp")
    if found is None:
        return None
    for name, words, confidence in _CLAUSES:
        if lemma in words:
            if tree.word[found.content[0][0]] in _THAT:
                return Verdict(found, _THAT_CLAUSES[name], f"{name}-that")
            return Verdict(found, confidence, name)
    return None


def _parenthesis(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """…, she said, …."""
    found = _first(frames, "lead-tail", "lead", "left")
    if found is None or lemma not in lexicon.SAY or "ccomp" in frames or "dobj" in frames:
        return None
    if not _is_aside(tree, found):
        return None
    return Verdict(found, 0.9 if found.frame == "lead-tail" else 0.76, f"parenthesis-{found.frame}")


def _is_aside(tree: Tree, found: Candidate) -> bool:
    """Tell whether subject and finite verb stand side by side, and a clause in the content."""
    if found.source is None or tree.tag[found.anchor] not in _FINITE:
        return False
    first, last = found.source
    beside = last == min(found.cue[0][0], found.anchor) - 1 or first in (found.anchor + 1, found.anchor + 2)
    tokens = (token for piece in found.content for token in range(piece[0], piece[1] + 1))
    return beside and length(found.content) > 3 and any(tree.pos[token] in ("VERB", "AUX") for token in tokens)


def _document(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """Article 4 requires the parties to …, the report states that …."""
    found = _first(frames, "ccomp", "object-xcomp", "xcomp", "rest", "dobj")
    if found is None or found.source is None or found.passive or tree.tag[found.anchor] == "VB":
        return None
    provides = lemma in lexicon.PROVIDE and tree.lemma[head_of(tree, found.source)] in lexicon.DOCUMENTS
    return Verdict(found, 0.8, "document") if provides else None


def _infinitive(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She urged him to …, she vowed to …, she is expected to …."""
    if "object-xcomp" in frames and lemma in lexicon.URGE:
        return Verdict(frames["object-xcomp"], 0.5, "urge")
    found = frames.get("xcomp")
    if found is not None and lemma in lexicon.WANT and found.source is not None:
        return Verdict(found, 0.5, "want")
    if "raised" in frames and lemma in lexicon.URGE | lexicon.THINK | lexicon.SAY:
        return Verdict(frames["raised"], 0.5, "raised")
    return None


def _naming(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She called it a …."""
    found = _first(frames, "rest", "ccomp", "xcomp")
    if (
        found is None
        or lemma not in lexicon.NAME
        or (found.frame != "rest" and lemma in _CLAUSAL)
        or found.source is None
    ):
        return None
    named = tree.pos[head_of(tree, found.source)] in ("PROPN", "PRON")
    return Verdict(found, 0.76 if named and holds_marks(tree, found) else 0.62, "name")


def _object(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She criticized …, she announced …."""
    found = _first(frames, "rest", "dobj")
    if found is None or found.source is None:
        return None
    if lemma in lexicon.PLEDGE and tree.tag[found.anchor] != "VB":
        return Verdict(found, 0.76, "object-pledge")
    if lemma in lexicon.JUDGE and tree.tag[found.anchor] == "VB":  # "to support", "would back": not yet said
        return None
    return next((Verdict(found, confidence, rule) for words, rule, confidence in _OBJECTS if lemma in words), None)


def _preposition(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She called for …."""
    found = frames.get("prep")
    if found is None or found.source is None or found.link is None:
        return None
    leads = lemma in lexicon.PREPOSITIONS.get(tree.word[found.link], ())
    return Verdict(found, 0.44, f"about-{tree.word[found.link]}") if leads else None


def _led(tree: Tree, frames: Frames, frame: str, leads: Mapping[str, frozenset[str]]) -> Candidate | None:
    """The candidate of a frame where its preposition is one that its word goes with."""
    found = frames.get(frame)
    if found is None or found.link is None:
        return None
    return found if tree.lemma[found.anchor] in leads.get(tree.word[found.link], ()) else None


def _noun(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """Her claim that …, her plan to …."""
    found = _first(frames, "noun-is", "noun-clause") or _led(tree, frames, "noun-prep", lexicon.NOUN_PREPOSITIONS)
    if lemma not in lexicon.NOUNS or found is None:
        return None
    opening = tree.word[found.content[0][0]]
    if found.source is None:
        return Verdict(found, 0.42 if opening == "that" or found.frame == "noun-prep" else 0.2, "noun-sourceless")
    otherwise = 0.43 if found.frame == "noun-prep" else 0.3
    return Verdict(found, {"that": 0.65, "to": 0.5}.get(opening, otherwise), "noun")


def _adjective(tree: Tree, lemma: str, frames: Frames) -> Verdict | None:
    """She was adamant that …."""
    found = frames.get("adj-clause") or _led(tree, frames, "adj-prep", lexicon.ADJECTIVE_PREPOSITIONS)
    if lemma not in lexicon.ADJECTIVES or found is None or found.source is None:
        return None
    if found.frame == "adj-prep":
        return Verdict(found, 0.44, "adjective-of")
    return Verdict(found, 0.55 if tree.word[found.content[0][0]] == "that" else 0.35, "adjective")


_RULES: tuple[Callable[[Tree, str, Frames], Verdict | None], ...] = (
    _marks,
    _naming,
    _marked_clause,
    _according,
    _document,
    _clause,
    _parenthesis,
    _infinitive,
    _object,
    _preposition,
    _noun,
    _adjective,
)
