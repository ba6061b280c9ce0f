"""Which candidates are attributions, by the grammar of attribution written down: constructions, words, confidences.

The confidences are set by hand, near the share of a rule's findings that annotators of news agreed with.
"""

from collections.abc import Iterator
from dataclasses import replace

from app.extract.attribution import attitudes, lexicon
from app.extract.attribution.candidates import Candidate, count_tokens, group_candidates
from app.extract.attribution.grades import NOW_AND_THEN, grade
from app.extract.attribution.judgement import Frames, Judgement, first_of
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.syntax import find_head
from app.extract.attribution.tree import NO_QUOTE, Tree

FLOOR = 0.34  # what is less sure than this is no suggestion
_FINITE = ("VBD", "VBZ", "VBP", "VBN")
_PLAIN = 0.7  # what is as sure as this is so in any circumstances
_SAID = 0.85  # what is as sure as this is so within what somebody said, too
_NESTED = 0.45  # how much less sure other findings are there
_THINGS = ("it", "that", "this", "which", "there")
_MARKED = 0.7  # words in marks make it likelier that somebody said them
_THAT = ("that", "whether", "if")
_ASIDES = lexicon.SAY | {"show", "find", "believe", "think"}
_CLAUSAL = lexicon.SAY | lexicon.THINK | lexicon.WANT | lexicon.URGE
_VOCAL = lexicon.SAY | lexicon.QUOTING - lexicon.NAME - lexicon.THINK  # which words in marks follow without more
_ACTS = frozenset(["begin", "start", "continue", "offer"])  # of speech only where a clause or a quotation follows
_DASHES = ("—", "–", "--", "-")
_WHOLE = ("marks-whole", "alone", "label")
_ATTRIBUTING = lexicon.SAY | lexicon.THINK | lexicon.NAME | lexicon.WANT | lexicon.URGE


def judge(tree: Tree, quotations: list[Quotation]) -> list[Judgement]:
    """Return for each word that attributes its best candidate."""
    judged = (judge_group(tree, group) for group in group_candidates(tree, quotations, lexicon.get_lemmas()))
    found = [each for each in judged if each is not None and each.confidence >= FLOOR]
    return [each for each in _weighed(tree, found) if each.confidence >= FLOOR]


def _weighed(tree: Tree, found: list[Judgement]) -> Iterator[Judgement]:
    """The verdicts by the circumstances; what stands in the words of another is seldom told apart from them."""
    within: dict[int, int] = {}  # for each token, the word that the surest content around it hangs on
    for each in sorted(found, key=lambda each: -each.confidence):
        anchor = each.candidate.anchor
        nested = within.get(anchor, anchor) != anchor and each.rule != "document"  # whoever cites one says what it says
        if nested and each.confidence < _SAID:
            yield each._replace(confidence=each.confidence * _NESTED)
            continue
        yield each if each.confidence >= _PLAIN else _adjusted(tree, each)
        for first, last in each.candidate.content:
            for token in range(first, last + 1):
                within.setdefault(token, anchor)


def _adjusted(tree: Tree, found: Judgement) -> Judgement:
    """The verdict, surer where people speak for themselves, less sure in passing, of intent and of single words."""
    candidate, likely = found.candidate, found.confidence
    if tree.dep[candidate.anchor] in ("relcl", "acl"):
        likely *= 0.8
    if tree.tag[candidate.anchor] == "VB":
        likely *= 0.9
    if count_tokens(candidate.content) <= 2:
        likely *= 0.85
    if candidate.source is not None:
        head = find_head(tree, candidate.source)
        if tree.word[head] in _THINGS:
            likely *= 0.6
        elif tree.pos[head] in ("PROPN", "PRON"):
            likely *= 1.05
    return found._replace(confidence=min(likely, _PLAIN))


def judge_group(tree: Tree, group: list[Candidate]) -> Judgement | None:
    """Return the best of the candidates of one word, or None where none of the rules knows the construction."""
    frames: Frames = {}
    for each in group:
        frames.setdefault(each.frame, each)
        if each.frame.endswith("prep") and each.link is not None:
            frames.setdefault(f"{each.frame}-{tree.word[each.link]}", each)
    anchor = group[0].anchor
    for rule in attitudes.OF_WORDS if group[0].frame.startswith(("noun", "adj")) else _RULES:
        found = rule(tree, tree.lemma[anchor], frames)
        if found is None:
            continue
        if holds_marks(tree, found.candidate):
            found = found._replace(candidate=_before_next(tree, found.candidate))
            if found.confidence < _PLAIN:
                return found._replace(confidence=min(_PLAIN, 1 - (1 - found.confidence) * _MARKED))
        return found
    return None


def holds_marks(tree: Tree, candidate: Candidate) -> bool:
    """Tell whether words of the content are in marks, the first of each piece at least."""
    return any(max(tree.quote[first : min(last, first + 60) + 1]) != NO_QUOTE for first, last in candidate.content)


def _before_next(tree: Tree, found: Candidate) -> Candidate:
    """A content that ends where, after words in marks, the writer goes on: said it was "…" and called them "…"."""
    first, last = found.content[-1]
    if first < found.anchor or found.frame.startswith(_WHOLE):
        return found
    for token in range(first + 1, min(last, first + 120)):
        closes = tree.quote[token] == NO_QUOTE and NO_QUOTE not in tree.quote[token - 2 : token - 1]
        if closes and _goes_on(tree, found.anchor, token):
            return replace(found, content=(*found.content[:-1], (first, token - 1)))
    return found


def _goes_on(tree: Tree, anchor: int, token: int) -> bool:
    """Tell whether from the token after a closing mark on the writer speaks: — …, and said …, adding …."""
    if tree.word[token] in _DASHES:
        return True
    joins = tree.word[token] in ("and", "but")
    comma = "," in (tree.word[token], tree.word[token - 2])
    following = token + (joins or tree.word[token] == ",")
    while following < len(tree.word) - 1 and tree.pos[following] == "ADV":
        following += 1
    wanted = tree.tag[anchor] if joins else "VBG"
    return (joins or comma) and tree.lemma[following] in _ATTRIBUTING and tree.tag[following] == wanted


def _marks(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She said: "…." """
    found = frames.get("marks-whole")
    if found is not None:
        larger = first_of(frames, "ccomp", "tail")
        if larger is not None and found.anchor < larger.content[0][0] < found.content[0][0] - 3:
            return Judgement(larger, 0.9, "marks-clause")
        return Judgement(found, 0.95 if found.source else 0.6, "marks")
    found = first_of(frames, "label-whole", "label-clause")
    if found is not None:
        return Judgement(found, 0.74, "label")
    found = frames.get("alone-whole")
    return Judgement(found, 0.6, "marks-alone") if found is not None else None


def _marked_clause(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She said it was "…" to do so."""
    found = frames.get("marks-clause")
    if found is None:
        return None
    if lemma not in lexicon.SAY or tree.pos[found.anchor] == "NOUN":
        return _marked_words(tree, found) if lemma in _VOCAL else None
    if found.source is None or (lemma in _ACTS and "ccomp" not in frames):
        return None
    if "ccomp" in frames and (found.content[0][0] < found.anchor or holds_marks(tree, frames["ccomp"])):
        return Judgement(_to_last_marks(tree, frames["ccomp"], found), 0.9, "marked-clause")
    if found.content[0][0] > found.anchor:
        return _marked_rest(tree, found, frames)
    return Judgement(found, 0.8, "marked-lead") if _is_aside(tree, found) else None


def _to_last_marks(tree: Tree, clause: Candidate, rest: Candidate) -> Candidate:
    """A clause with what follows it in the sentence, where that is in marks too and no other word attributes it."""
    last, end = clause.content[-1][1], rest.content[-1][1]
    following = range(last + 1, end + 1)
    if clause.content[0][0] < clause.anchor or not any(tree.quote[token] != NO_QUOTE for token in following):
        return clause
    if any(tree.lemma[token] in _ATTRIBUTING and tree.quote[token] == NO_QUOTE for token in following):
        return clause
    return replace(clause, content=(*clause.content[:-1], (clause.content[-1][0], end)))


def _marked_words(tree: Tree, found: Candidate) -> Judgement | None:
    """Words in marks right after the word that attributes them: chanted "…" at the gates."""
    first = found.anchor + 1
    while first < found.content[-1][1] and (tree.pos[first] == "PUNCT" or tree.word[first] == "of"):
        first += 1
    number = tree.quote[first]
    if first > found.anchor + 4 or number == NO_QUOTE:
        return None
    last = first
    while last < found.content[-1][1] and tree.quote[last + 1] == number:
        last += 1
    return Judgement(replace(found, content=((first, last),)), 0.74, "marked-words")


def _marked_rest(tree: Tree, found: Candidate, frames: Frames) -> Judgement:
    """What follows the verb and holds words in marks: told them in June that "…" is over."""
    around = frames.get("lead-tail")
    if around is not None and _is_aside(tree, around):
        return Judgement(around, 0.8, "marked-around")
    (first, last), *others = found.content
    clause = (token for token in range(first, min(first + 15, last)) if tree.word[token] in _THAT)
    that = next((token for token in clause if tree.dep[token] == "mark"), None)
    if that is not None:
        rest = replace(found, content=((that, last), *others))
        return Judgement(rest, 0.76 if holds_marks(tree, rest) else 0.5, "marked-rest-that")
    held = (frames[name] for name in ("object-xcomp", "xcomp", "rest", "dobj", "prep") if name in frames)
    narrow = next((each for each in held if each.content[0][0] > found.anchor and holds_marks(tree, each)), None)
    if narrow is not None:
        return Judgement(narrow, 0.74, "marked-phrase")
    return Judgement(found, 0.74 if tree.word[first - 1] in _THAT else 0.65, "marked-rest")


def _according(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    found = first_of(frames, "according-sentence", "according")
    return Judgement(found, 0.8, "according") if found is not None else None


def _clause(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She said that …."""
    found = frames.get("ccomp")
    if found is None:
        return None
    that = tree.word[found.content[0][0]] in _THAT
    if lemma in lexicon.SAY:
        return Judgement(found, 0.9 if that else 0.85, "say-that" if that else "say")
    if lemma in lexicon.SHOW:
        return Judgement(found, 0.65 if that or lemma == "show" else 0.5, "show-that" if that else "show")
    if lemma == "want":
        return Judgement(found, NOW_AND_THEN, "want-clause")
    if lemma in lexicon.THINK:
        return Judgement(found, grade("that" if that else "clause", lemma), "think-that" if that else "think")
    if lemma in lexicon.VOICE:
        return Judgement(found, NOW_AND_THEN, "voice-clause")
    return None


def _parenthesis(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """…, she said, …."""
    found = first_of(frames, "lead-tail", "lead", "left")
    if found is None or "ccomp" in frames:
        return None
    if lemma not in (lexicon.ADDRESSED if "dobj" in frames else _ASIDES):
        return None
    if not _is_aside(tree, found) or (found.frame == "lead" and ("xcomp" in frames or _is_subordinate(tree, found))):
        return None
    return Judgement(found, 0.9 if found.frame == "lead-tail" else 0.76, f"parenthesis-{found.frame}")


def _is_subordinate(tree: Tree, found: Candidate) -> bool:
    """Tell whether what leads to a verb says when or why, and not what: "As rents rose, the union agreed …"."""
    first, last = found.content[0]
    tops = [token for token in range(first, last + 1) if not first <= tree.head[token] <= last]
    return bool(tops) and all(tree.dep[token] in ("advcl", "prep", "punct", "cc", "advmod") for token in tops)


def _is_aside(tree: Tree, found: Candidate) -> bool:
    """Tell whether subject and finite verb stand side by side, and a clause in the content."""
    if found.source is None or tree.tag[found.anchor] not in _FINITE:
        return False
    first, last = found.source
    beside = last == min(found.cue[0][0], found.anchor) - 1 or first in (found.anchor + 1, found.anchor + 2)
    tokens = (token for piece in found.content for token in range(piece[0], piece[1] + 1))
    return beside and count_tokens(found.content) > 2 and any(tree.pos[token] in ("VERB", "AUX") for token in tokens)


def _document(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Article 4 requires the parties to …, the report states that …."""
    found = first_of(frames, "ccomp", "object-xcomp", "xcomp", "rest", "dobj")
    if found is None or found.source is None or found.passive or tree.tag[found.anchor] == "VB":
        return None
    provides = lemma in lexicon.PROVIDE and tree.lemma[find_head(tree, found.source)] in lexicon.DOCUMENTS
    return Judgement(found, 0.8, "document") if provides else None


def _naming(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """She called it a …."""
    found = first_of(frames, "rest", "ccomp", "xcomp")
    if (
        found is None
        or lemma not in lexicon.NAME
        or (found.frame != "rest" and lemma in _CLAUSAL)
        or found.source is None
    ):
        return None
    if tree.dep[found.anchor] == "acl" and tree.tag[found.anchor] != "VBG":  # "a group called …" has the name
        return None
    named = tree.pos[find_head(tree, found.source)] in ("PROPN", "PRON")
    return Judgement(found, 0.76 if named and holds_marks(tree, found) else 0.62, "name")


_RULES = (_marks, _naming, _marked_clause, _according, _document, _clause, _parenthesis, *attitudes.OF_VERBS)
