"""Build candidates for attributions from a parse: possible cues with their possible sources and contents.

Most candidates are wrong; ``rules`` or a trained ``tagger`` judges them. The candidates of one word form a group,
because a word attributes once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from app.extract.attribution import contents, lexicon, patterns
from app.extract.attribution.contents import LONGEST, Complement
from app.extract.attribution.phrases import find_phrase_before, find_phrase_from
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.sources import (
    OWNER_PREPOSITIONS,
    find_agent,
    find_experiencer,
    find_implied_source,
    find_noun_owner,
    find_quotation_source,
    find_relative_pronoun,
    find_source,
    find_subject,
)
from app.extract.attribution.tree import (
    NO_QUOTE,
    NOMINAL,
    TokenRange,
    Tree,
    cut_out,
    find_noun_phrase,
    find_quoted_speaker,
    find_verb_group,
)

_COMMAS = (",", "—", "–", "--", "-", "”", '"', "''")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible attribution. ``frame`` names its construction, ``link`` is the word that joins content and anchor."""

    anchor: int  # the word that attributes, or the first of a quotation without one
    frame: str
    content: tuple[TokenRange, ...]
    source: TokenRange | None
    cue: tuple[TokenRange, ...]
    passive: bool = False
    link: int | None = None
    pronoun: int | None = None  # the relative pronoun that stands for the source: "Jolly, who said …"
    relay: TokenRange | None = None  # the voice that passed the words on: "was quoted as saying by …"


class _Cue(NamedTuple):
    """The words of a cue, and the noun phrase of the voice that relayed the content, if any."""

    tokens: tuple[TokenRange, ...]
    relay: TokenRange | None = None


def count_tokens(content: tuple[TokenRange, ...]) -> int:
    """Count the tokens of a content."""
    return sum(last - first + 1 for first, last in content)


def count_shared_tokens(content: tuple[TokenRange, ...], other: tuple[TokenRange, ...]) -> int:
    """Count the tokens that two contents have in common."""
    return sum(max(0, min(a.last, b.last) - max(a.first, b.first) + 1) for a in content for b in other)


def group_candidates(
    tree: Tree, quotations: Iterable[Quotation], lemmas: Container[str] | None = None
) -> Iterator[list[Candidate]]:
    """Yield the candidates of each word that might attribute, in the order of the text.

    If `lemmas` is not None, other words are skipped.
    """
    of_words = (word for word in _build_from_words(tree, lemmas) if count_tokens(word.content) <= LONGEST)
    candidates = sorted(chain(_build_from_quotations(tree, quotations), of_words), key=attrgetter("anchor"))
    for _, group in groupby(candidates, key=attrgetter("anchor")):
        pruned = _prune([_expand_quotes(tree, candidate) for candidate in group])
        if pruned:
            yield pruned


def _prune(group: list[Candidate]) -> list[Candidate]:
    """Drop the candidates beside a quotation unless they contain all of it and more."""
    quotation = next((candidate for candidate in group if candidate.frame == "marks-whole"), None)
    if quotation is None:
        return group
    (first, last), size = quotation.content[0], count_tokens(quotation.content[:1])
    larger = (
        candidate
        for candidate in group
        if candidate.content[0].first <= first
        and candidate.content[-1].last >= last
        and count_tokens(candidate.content) > size + 3
    )
    return [quotation, *(candidate for candidate in larger if candidate is not quotation)]


def _expand_quotes(tree: Tree, candidate: Candidate) -> Candidate:
    """Extend the content over the whole of each quotation that it touches, except one around the anchor."""
    if candidate.frame.startswith(("marks-whole", "alone", "label")):
        return candidate
    anchor_quote = tree.quote[candidate.anchor]
    content: list[TokenRange] = []
    for first, last in candidate.content:
        if tree.quote[last] not in (NO_QUOTE, anchor_quote):
            last = bisect_left(tree.start, tree.quotes[tree.quote[last]].end) - 1
        if tree.quote[first] not in (NO_QUOTE, anchor_quote):
            first = bisect_left(tree.start, tree.quotes[tree.quote[first]].start)
        if content and first <= content[-1].last:
            content[-1] = TokenRange(content[-1].first, max(last, content[-1].last))
        else:
            content.append(TokenRange(first, last))
    return candidate if candidate.content == tuple(content) else replace(candidate, content=tuple(content))


def _build_from_quotations(tree: Tree, quotations: Iterable[Quotation]) -> Iterator[Candidate]:
    for quotation in quotations:
        pieces = (tree.find_tokens(piece) for piece in quotation.pieces)
        content = tuple(piece for piece in pieces if piece is not None)
        if not content:
            continue
        extent = "whole" if quotation.whole else "clause"
        if quotation.verb is None:
            yield _build_without_verb(tree, quotation, content, extent)
        else:
            verb = _find_saying(tree, bisect_right(tree.start, quotation.verb.start) - 1)
            cue = _find_cue(tree, verb)
            source = _find_source_of_quotation(tree, quotation, verb)
            pronoun = find_relative_pronoun(tree, verb, find_subject(tree, verb).head)
            yield Candidate(verb, f"marks-{extent}", content, source, cue.tokens, pronoun=pronoun, relay=cue.relay)


def _build_without_verb(tree: Tree, quotation: Quotation, content: tuple[TokenRange, ...], extent: str) -> Candidate:
    """Build the candidate of a quotation without a reporting verb: with a label, with another verb, or alone."""
    if quotation.label is None and (candidate := _build_with_unlisted_verb(tree, content)):
        return candidate
    label = tree.find_tokens(quotation.label) if quotation.label else None
    frame = f"label-{extent}" if label else f"alone-{extent}"
    return Candidate(content[0].first, frame, content, label or find_implied_source(tree, content), ())


def _build_with_unlisted_verb(tree: Tree, content: tuple[TokenRange, ...]) -> Candidate | None:
    """Build the candidate of a quotation beside a verb that is not in the lexicon: "…!" beamed the winner."""
    for number, (_, last) in enumerate(content):
        if tree.word[last] not in (",", "?", "!") and number:
            continue
        first = last + 1
        while first < len(tree.word) and tree.pos[first] == "PUNCT" and first < last + 4:
            first += 1
        if {",", "?", "!"}.isdisjoint(tree.word[last:first]):
            continue
        for verb in range(first, min(first + 8, len(tree.word))):
            if tree.tag[verb] in ("VBD", "VBZ", "VBP") and tree.pos[verb] == "VERB":
                source = find_phrase_before(tree, verb) if verb > first else find_phrase_from(tree, verb + 1)
                if source is None:
                    return None
                return Candidate(verb, "marks-whole", content, source, (find_verb_group(tree, verb),))
            if tree.pos[verb] not in NOMINAL and tree.pos[verb] != "ADV":
                break
    return None


def _find_source_of_quotation(tree: Tree, quotation: Quotation, verb: int) -> TokenRange | None:
    """Return the source of a quotation by the syntax of its verb, or by the words beside the verb."""
    for phrase in _find_possible_sources(tree, verb):
        if phrase is None or tree.quote[phrase.first] != NO_QUOTE:
            continue
        span = tree.get_span(phrase)
        if not any(piece.start < span.end and span.start < piece.end for piece in quotation.pieces):
            return phrase
    mention = patterns.find_mention(tree.text, quotation)
    return tree.find_tokens(mention) if mention is not None else None


def _find_possible_sources(tree: Tree, verb: int) -> Iterator[TokenRange | None]:
    is_according = tree.word[verb] == "according"
    yield find_phrase_from(tree, verb + 2) if is_according else find_quotation_source(tree, verb)
    yield find_phrase_before(tree, verb)
    yield find_phrase_from(tree, verb + 1)


def _find_saying(tree: Tree, verb: int) -> int:
    """Return the "saying" of a verb that quotes, else the verb: was quoted as saying …, quoted her as saying …."""
    if tree.lemma[verb] in ("quote", "cite"):
        for token in range(verb + 2, min(verb + 12, len(tree.word))):
            if tree.word[token - 1 : token + 1] == ["as", "saying"]:
                return token
    return verb


def _find_cue(tree: Tree, verb: int) -> _Cue:
    """Return the cue of a verb; "was quoted as saying by …" and "quoted her as saying" also name who relays."""
    if tree.word[verb] == "saying" and tree.word[verb - 2 : verb] == ["quoted", "as"]:
        following = range(verb + 1, min(verb + 4, len(tree.word)))
        by = next((token for token in following if tree.word[token] == "by"), verb)
        agent = tree.find_dependent(by, "pobj")
        tokens = TokenRange(find_verb_group(tree, verb - 2).first, verb)
        return _Cue((tokens,), find_noun_phrase(tree, agent) if agent is not None else None)
    if find_quoted_speaker(tree, verb) is not None:
        as_ = tree.head[verb]
        quoting = tree.head[as_]
        relay = find_subject(tree, quoting).head
        return _Cue(
            (find_verb_group(tree, quoting), TokenRange(as_, verb)),
            find_noun_phrase(tree, relay) if relay is not None else None,
        )
    governor = tree.head[verb]
    if tree.dep[verb] == "xcomp" and 1 < verb - governor <= 3:  # "went on to say", "was quick to note"
        first = find_verb_group(tree, governor if tree.pos[governor] != "ADJ" else tree.head[governor]).first
        if first <= governor:
            return _Cue((TokenRange(first, verb),))
    return _Cue((find_verb_group(tree, verb),))


def _build_from_words(tree: Tree, lemmas: Container[str] | None) -> Iterator[Candidate]:
    for token, lemma in enumerate(tree.lemma):
        if (lemmas is not None and lemma not in lemmas) or tree.quote[token] != NO_QUOTE:
            continue  # attributions inside a quotation are part of it
        pos = tree.pos[token]
        if tree.word[token] == "according":
            yield from _build_from_according(tree, token)
        elif pos in ("VERB", "AUX"):
            yield from _build_from_verb(tree, token)
        elif pos in ("NOUN", "PROPN"):
            yield from _build_from_noun(tree, token)
        elif pos == "ADJ":
            yield from _build_from_adjective(tree, token)


def _build_from_verb(tree: Tree, verb: int) -> Iterator[Candidate]:
    subject, passive = find_subject(tree, verb)
    if tree.word[verb] in lexicon.ADJECTIVES:
        passive = False
    else:
        passive = passive or tree.find_dependent(verb, "auxpass") is not None
    agent = find_agent(tree, verb) if passive else subject
    cue = _find_cue(tree, verb)
    pronoun = find_relative_pronoun(tree, verb, agent)
    is_raising = passive or tree.lemma[verb] in lexicon.SEEM
    raised = contents.find_raised_complements(tree, verb, subject) if is_raising else ()
    default_source = None if passive and agent is None else find_source(tree, agent, verb)
    complements = contents.find_complements(tree, verb)
    for frame, link, content in chain(complements, raised, _find_surroundings(tree, verb, subject)):
        if not content:
            continue
        source = default_source
        if source is not None and source.first >= verb:
            source = find_source(tree, agent, verb, content)
        tokens = (*cue.tokens, TokenRange(link, link)) if frame == "prep" else cue.tokens
        yield Candidate(verb, frame, content, source, tokens, passive, link, pronoun, cue.relay)


def _find_surroundings(tree: Tree, verb: int, subject: int | None) -> Iterator[Complement]:
    """Yield the sentence around a parenthetical verb: …, she said, …."""
    sentence_start, sentence_end = tree.bounds[tree.sentence[verb]]
    head = tree.head[verb]
    if tree.dep[verb] in ("parataxis", "ccomp", "advcl") and subject is not None and tree.left[head] < tree.left[verb]:
        yield Complement("around", head, cut_out(tree.get_subtree(head), tree.get_subtree(verb)))
    has_subject_before = subject is not None and subject > sentence_start
    comma = (min(verb, tree.left[subject]) if subject is not None and has_subject_before else verb) - 1
    if comma > sentence_start and tree.word[comma] in _COMMAS:
        before = TokenRange(sentence_start, comma - 1)
        yield Complement("lead", comma, (before,))
        end = max(verb, tree.right[subject]) if subject is not None and subject > verb else verb
        if end + 1 < sentence_end - 1 and tree.word[end + 1] == "," and tree.tag[end + 2] != "VBG":
            yield Complement("lead-tail", comma, (before, TokenRange(end + 2, sentence_end)))


def _build_from_noun(tree: Tree, noun: int) -> Iterator[Candidate]:
    owner, verb = find_noun_owner(tree, noun)
    source = find_noun_phrase(tree, owner) if owner is not None else None
    pronoun = find_relative_pronoun(tree, noun, owner)
    anchor = TokenRange(noun, noun)
    cue = (anchor,) if verb is None else (find_verb_group(tree, verb), TokenRange(min(verb + 1, noun), noun))
    for child in tree.children[noun]:
        if child < noun:
            continue
        if tree.tag[child] == "VBN" and tree.find_dependent(child, "aux", "auxpass") is None:
            continue  # "a statement carried by …"
        if tree.dep[child] in ("acl", "relcl", "ccomp", "xcomp"):
            content = (tree.get_subtree(child),)
            yield Candidate(noun, "noun-clause", content, source, cue, link=child, pronoun=pronoun)
        elif tree.dep[child] == "prep" and tree.word[child] not in OWNER_PREPOSITIONS:
            inner = tree.find_dependent(child, "pobj", "pcomp")
            if inner is not None:
                content, tokens = (tree.get_subtree(inner),), (*cue, TokenRange(child, child))
                yield Candidate(noun, "noun-prep", content, source, tokens, link=child, pronoun=pronoun)
    head = tree.head[noun]
    if tree.dep[noun] == "nsubj" and tree.lemma[head] == "be":
        clause = tree.find_dependent(head, "ccomp", "xcomp")
        if clause is not None and clause > head:
            tokens = (anchor, TokenRange(head, head))
            yield Candidate(noun, "noun-is", (tree.get_subtree(clause),), source, tokens, link=clause)


def _build_from_adjective(tree: Tree, adjective: int) -> Iterator[Candidate]:
    verb = tree.head[adjective]
    # "made it clear that"
    is_resultative = tree.dep[adjective] == "ccomp" and tree.lemma[verb] == "make" and verb < adjective
    is_predicative = is_resultative or (
        tree.dep[adjective] in ("acomp", "oprd", "attr") and tree.pos[verb] in ("AUX", "VERB")
    )
    experiencer = find_subject(tree, verb).head if is_resultative else find_experiencer(tree, adjective)
    source = find_noun_phrase(tree, experiencer) if experiencer is not None else None
    anchor = TokenRange(adjective, adjective)
    cue = (find_verb_group(tree, verb), anchor) if is_predicative else (anchor,)
    pronoun = find_relative_pronoun(tree, adjective, experiencer)
    for child in tree.children[adjective]:
        if child < adjective:
            continue
        if tree.dep[child] in ("ccomp", "xcomp") or (is_resultative and tree.dep[child] == "advcl"):
            content = (tree.get_subtree(child),)
            yield Candidate(adjective, "adj-clause", content, source, cue, link=child, pronoun=pronoun)
        elif tree.dep[child] == "prep":
            inner = tree.find_dependent(child, "pobj", "pcomp")
            if inner is not None:
                content, tokens = (tree.get_subtree(inner),), (*cue, TokenRange(child, child))
                yield Candidate(adjective, "adj-prep", content, source, tokens, link=child, pronoun=pronoun)
    if is_predicative:
        for clause in tree.find_dependents(verb, "ccomp"):
            if clause > adjective:
                content = (tree.get_subtree(clause),)
                yield Candidate(adjective, "adj-clause", content, source, cue, link=clause, pronoun=pronoun)


def _build_from_according(tree: Tree, token: int) -> Iterator[Candidate]:
    to = tree.find_dependent(token, "prep")
    if to is None and token + 1 < len(tree.word) and tree.word[token + 1] == "to":
        to = token + 1
    inner = tree.find_dependent(to, "pobj") if to is not None else None
    if to is None or inner is None or to < token:  # a parse in which "to" precedes "according" is wrong
        return
    phrase = TokenRange(token, max(tree.right[token], tree.right[to]))
    verb = tree.head[token]
    source = find_noun_phrase(tree, inner)
    cue = (TokenRange(token, to),)
    clause = cut_out(tree.get_subtree(verb), phrase)
    if clause:
        yield Candidate(token, "according", clause, source, cue, link=verb)
    sentence = cut_out(tree.bounds[tree.sentence[token]], phrase)
    if sentence and sentence != clause:
        yield Candidate(token, "according-sentence", sentence, source, cue, link=verb)
