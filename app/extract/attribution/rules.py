"""Rules that judge which candidates are attributions: constructions, words and confidences.

The confidences are set by hand, near the share of a rule's results that annotators of news agreed with.
"""

from collections.abc import Iterator
from dataclasses import replace

from app.extract.attribution import attitudes, lexicon
from app.extract.attribution.candidates import Candidate, count_tokens, group_candidates
from app.extract.attribution.judgement import SOMETIMES, Frames, Judgement, get_confidence, get_first
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree, find_head

FLOOR = 0.34  # the lowest confidence of a suggestion
_FINITE = ("VBD", "VBZ", "VBP", "VBN")
_PLAIN = 0.7  # confidences from here on are not adjusted to the circumstances
_SAID = 0.85  # confidences from here on hold inside another content, too
_NESTED = 0.45  # factor for lower confidences there
_IMPERSONAL = ("it", "that", "this", "which", "there")
_MARKED = 0.7  # factor for the remaining doubt if words of the content are in quotation marks
_COMPLEMENTIZERS = ("that", "whether", "if")
_PARENTHETICAL = lexicon.SAY | {"show", "find", "believe", "think"}
_CLAUSAL = lexicon.SAY | lexicon.THINK | lexicon.WANT | lexicon.URGE
_VOCAL = lexicon.SAY | lexicon.QUOTING - lexicon.NAME - lexicon.THINK  # may be followed by a bare quotation
_ASPECTUAL = frozenset(["begin", "start", "continue", "offer"])  # attribute only with a clause or a quotation
_DASHES = ("—", "–", "--", "-")
_WHOLE = ("marks-whole", "alone", "label")
_ATTRIBUTING = lexicon.SAY | lexicon.THINK | lexicon.NAME | lexicon.WANT | lexicon.URGE


def judge_candidates(tree: Tree, quotations: list[Quotation]) -> list[Judgement]:
    """Return for each word that attributes its best candidate."""
    groups = group_candidates(tree, quotations, lexicon.get_lemmas())
    judgements = [judgement for group in groups if (judgement := judge_group(tree, group)) is not None]
    weighed = _weigh(tree, [judgement for judgement in judgements if judgement.confidence >= FLOOR])
    return [judgement for judgement in weighed if judgement.confidence >= FLOOR]


def _weigh(tree: Tree, judgements: list[Judgement]) -> Iterator[Judgement]:
    """Adjust the confidences to the circumstances; attributions inside another content are seldom meant."""
    owners: dict[int, int] = {}  # the anchor of the most certain content around each token
    for judgement in sorted(judgements, key=lambda judgement: -judgement.confidence):
        anchor = judgement.candidate.anchor
        # a content that cites a document says what the document says
        is_nested = owners.get(anchor, anchor) != anchor and judgement.rule != "document"
        if is_nested and judgement.confidence < _SAID:
            yield judgement._replace(confidence=judgement.confidence * _NESTED)
            continue
        yield judgement if judgement.confidence >= _PLAIN else _adjust(tree, judgement)
        for first, last in judgement.candidate.content:
            for token in range(first, last + 1):
                owners.setdefault(token, anchor)


def _adjust(tree: Tree, judgement: Judgement) -> Judgement:
    """Raise the confidence for personal sources; lower it for subordinate cues, bare infinitives and short contents."""
    candidate, confidence = judgement.candidate, judgement.confidence
    if tree.dep[candidate.anchor] in ("relcl", "acl"):
        confidence *= 0.8
    if tree.tag[candidate.anchor] == "VB":
        confidence *= 0.9
    if count_tokens(candidate.content) <= 2:
        confidence *= 0.85
    if candidate.source is not None:
        head = find_head(tree, candidate.source)
        if tree.word[head] in _IMPERSONAL:
            confidence *= 0.6
        elif tree.pos[head] in ("PROPN", "PRON"):
            confidence *= 1.05
    return judgement._replace(confidence=min(confidence, _PLAIN))


def judge_group(tree: Tree, group: list[Candidate]) -> Judgement | None:
    """Return the best of the candidates of one word, or None if no rule knows the construction."""
    frames: Frames = {}
    for candidate in group:
        frames.setdefault(candidate.frame, candidate)
        if candidate.frame.endswith("prep") and candidate.link is not None:
            frames.setdefault(f"{candidate.frame}-{tree.word[candidate.link]}", candidate)
    lemma = tree.lemma[group[0].anchor]
    for rule in attitudes.WORD_RULES if group[0].frame.startswith(("noun", "adj")) else _RULES:
        judgement = rule(tree, lemma, frames)
        if judgement is None:
            continue
        if holds_marks(tree, judgement.candidate):
            judgement = judgement._replace(candidate=_cut_before_writer(tree, judgement.candidate))
            if judgement.confidence < _PLAIN:
                return judgement._replace(confidence=min(_PLAIN, 1 - (1 - judgement.confidence) * _MARKED))
        return judgement
    return None


def holds_marks(tree: Tree, candidate: Candidate) -> bool:
    """Return whether words at the beginning of a piece of the content are in quotation marks."""
    return any(max(tree.quote[first : min(last, first + 60) + 1]) != NO_QUOTE for first, last in candidate.content)


def _cut_before_writer(tree: Tree, candidate: Candidate) -> Candidate:
    """End the content where the writer continues after a quotation: said it was "…" and called them "…"."""
    first, last = candidate.content[-1]
    if first < candidate.anchor or candidate.frame.startswith(_WHOLE):
        return candidate
    for token in range(first + 1, min(last, first + 120)):
        is_closing = tree.quote[token] == NO_QUOTE and NO_QUOTE not in tree.quote[token - 2 : token - 1]
        if is_closing and _continues_writer(tree, candidate.anchor, token):
            return replace(candidate, content=(*candidate.content[:-1], TokenRange(first, token - 1)))
    return candidate


def _continues_writer(tree: Tree, anchor: int, token: int) -> bool:
    """Return whether the writer continues at the token after a closing mark: — …, and said …, adding …."""
    if tree.word[token] in _DASHES:
        return True
    is_conjunction = tree.word[token] in ("and", "but")
    has_comma = "," in (tree.word[token], tree.word[token - 2])
    verb = token + (is_conjunction or tree.word[token] == ",")
    while verb < len(tree.word) - 1 and tree.pos[verb] == "ADV":
        verb += 1
    tag = tree.tag[anchor] if is_conjunction else "VBG"
    return (is_conjunction or has_comma) and tree.lemma[verb] in _ATTRIBUTING and tree.tag[verb] == tag


def _judge_quotation(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge quotations: "She said: “….”"."""
    quotation = frames.get("marks-whole")
    if quotation is not None:
        clause = get_first(frames, "ccomp", "tail")
        if clause is not None and quotation.anchor < clause.content[0].first < quotation.content[0].first - 3:
            return Judgement(clause, 0.9, "marks-clause")
        return Judgement(quotation, 0.95 if quotation.source else 0.6, "marks")
    labelled = get_first(frames, "label-whole", "label-clause")
    if labelled is not None:
        return Judgement(labelled, 0.74, "label")
    alone = frames.get("alone-whole")
    return Judgement(alone, 0.6, "marks-alone") if alone is not None else None


def _judge_quoting_clause(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge clauses with words in quotation marks: "She said it was “…” to do so"."""
    candidate = frames.get("marks-clause")
    if candidate is None:
        return None
    if lemma not in lexicon.SAY or tree.pos[candidate.anchor] == "NOUN":
        return _judge_quoted_words(tree, candidate) if lemma in _VOCAL else None
    if candidate.source is None or (lemma in _ASPECTUAL and "ccomp" not in frames):
        return None
    is_before = candidate.content[0].first < candidate.anchor
    if "ccomp" in frames and (is_before or holds_marks(tree, frames["ccomp"])):
        return Judgement(_extend_to_last_marks(tree, frames["ccomp"], candidate), 0.9, "marked-clause")
    if candidate.content[0].first > candidate.anchor:
        return _judge_quoting_rest(tree, candidate, frames)
    return Judgement(candidate, 0.8, "marked-lead") if _is_parenthetical(tree, candidate) else None


def _extend_to_last_marks(tree: Tree, clause: Candidate, rest: Candidate) -> Candidate:
    """Extend a clause over the rest of its sentence if that has quotation marks, too, and no cue of its own."""
    last, end = clause.content[-1].last, rest.content[-1].last
    tail = range(last + 1, end + 1)
    if clause.content[0].first < clause.anchor or not any(tree.quote[token] != NO_QUOTE for token in tail):
        return clause
    if any(tree.lemma[token] in _ATTRIBUTING and tree.quote[token] == NO_QUOTE for token in tail):
        return clause
    return replace(clause, content=(*clause.content[:-1], TokenRange(clause.content[-1].first, end)))


def _judge_quoted_words(tree: Tree, candidate: Candidate) -> Judgement | None:
    """Judge quoted words right after the cue: chanted "…" at the gates."""
    first, end = candidate.anchor + 1, candidate.content[-1].last
    while first < end and (tree.pos[first] == "PUNCT" or tree.word[first] == "of"):
        first += 1
    number = tree.quote[first]
    if first > candidate.anchor + 4 or number == NO_QUOTE:
        return None
    last = first
    while last < end and tree.quote[last + 1] == number:
        last += 1
    return Judgement(replace(candidate, content=(TokenRange(first, last),)), 0.74, "marked-words")


def _judge_quoting_rest(tree: Tree, candidate: Candidate, frames: Frames) -> Judgement:
    """Judge words after the verb of which some are in quotation marks: told them in June that "…" is over."""
    around = frames.get("lead-tail")
    if around is not None and _is_parenthetical(tree, around):
        return Judgement(around, 0.8, "marked-around")
    (first, last), *further = candidate.content
    opening = range(first, min(first + 15, last))
    markers = (token for token in opening if tree.word[token] in _COMPLEMENTIZERS and tree.dep[token] == "mark")
    that = next(markers, None)
    if that is not None:
        rest = replace(candidate, content=(TokenRange(that, last), *further))
        return Judgement(rest, 0.76 if holds_marks(tree, rest) else 0.5, "marked-rest-that")
    for name in ("object-xcomp", "xcomp", "rest", "dobj", "prep"):
        phrase = frames.get(name)
        if phrase is not None and phrase.content[0].first > candidate.anchor and holds_marks(tree, phrase):
            return Judgement(phrase, 0.74, "marked-phrase")
    return Judgement(candidate, 0.74 if tree.word[first - 1] in _COMPLEMENTIZERS else 0.65, "marked-rest")


def _judge_according(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge "according to …": the whole sentence rather than its clause."""
    candidate = get_first(frames, "according-sentence", "according")
    return Judgement(candidate, 0.8, "according") if candidate is not None else None


def _judge_clause(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge complement clauses: "She said that …"."""
    clause = frames.get("ccomp")
    if clause is None:
        return None
    that = tree.word[clause.content[0].first] in _COMPLEMENTIZERS
    if lemma in lexicon.SAY:
        return Judgement(clause, 0.9 if that else 0.85, "say-that" if that else "say")
    if lemma in lexicon.SHOW:
        return Judgement(clause, 0.65 if that or lemma == "show" else 0.5, "show-that" if that else "show")
    if lemma == "want":
        return Judgement(clause, SOMETIMES, "want-clause")
    if lemma in lexicon.THINK:
        return Judgement(clause, get_confidence("that" if that else "clause", lemma), "think-that" if that else "think")
    if lemma in lexicon.VOICE:
        return Judgement(clause, SOMETIMES, "voice-clause")
    return None


def _judge_parenthesis(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge parenthetical cues: "…, she said, …"."""
    candidate = get_first(frames, "lead-tail", "lead", "left")
    if candidate is None or "ccomp" in frames:
        return None
    if lemma not in (lexicon.ADDRESSED if "dobj" in frames else _PARENTHETICAL):
        return None
    is_lead = candidate.frame == "lead"
    if not _is_parenthetical(tree, candidate) or (is_lead and ("xcomp" in frames or _is_adverbial(tree, candidate))):
        return None
    return Judgement(candidate, 0.9 if candidate.frame == "lead-tail" else 0.76, f"parenthesis-{candidate.frame}")


def _is_adverbial(tree: Tree, candidate: Candidate) -> bool:
    """Return whether the words before a verb give a time or reason, no content: "As rents rose, the union agreed …"."""
    first, last = candidate.content[0]
    heads = [token for token in range(first, last + 1) if not first <= tree.head[token] <= last]
    return bool(heads) and all(tree.dep[token] in ("advcl", "prep", "punct", "cc", "advmod") for token in heads)


def _is_parenthetical(tree: Tree, candidate: Candidate) -> bool:
    """Return whether subject and finite verb stand side by side, and the content holds a clause."""
    if candidate.source is None or tree.tag[candidate.anchor] not in _FINITE:
        return False
    first, last = candidate.source
    anchor = candidate.anchor
    is_adjacent = last == min(candidate.cue[0].first, anchor) - 1 or first in (anchor + 1, anchor + 2)
    if not is_adjacent or count_tokens(candidate.content) <= 2:
        return False
    tokens = (token for piece in candidate.content for token in range(piece.first, piece.last + 1))
    return any(tree.pos[token] in ("VERB", "AUX") for token in tokens)


def _judge_document(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge documents as sources: "Article 4 requires the parties to …", "the report states that …"."""
    candidate = get_first(frames, "ccomp", "object-xcomp", "xcomp", "rest", "dobj")
    if candidate is None or candidate.source is None or candidate.passive or tree.tag[candidate.anchor] == "VB":
        return None
    if lemma in lexicon.PROVIDE and tree.lemma[find_head(tree, candidate.source)] in lexicon.DOCUMENTS:
        return Judgement(candidate, 0.8, "document")
    return None


def _judge_naming(tree: Tree, lemma: str, frames: Frames) -> Judgement | None:
    """Judge verbs of naming: "She called it a …"."""
    candidate = get_first(frames, "rest", "ccomp", "xcomp")
    if candidate is None or candidate.source is None or lemma not in lexicon.NAME:
        return None
    if candidate.frame != "rest" and lemma in _CLAUSAL:
        return None
    if tree.dep[candidate.anchor] == "acl" and tree.tag[candidate.anchor] != "VBG":  # the name in "a group called …"
        return None
    is_personal = tree.pos[find_head(tree, candidate.source)] in ("PROPN", "PRON")
    return Judgement(candidate, 0.76 if is_personal and holds_marks(tree, candidate) else 0.62, "name")


_RULES = (
    _judge_quotation,
    _judge_naming,
    _judge_quoting_clause,
    _judge_according,
    _judge_document,
    _judge_clause,
    _judge_parenthesis,
    *attitudes.VERB_RULES,
)
