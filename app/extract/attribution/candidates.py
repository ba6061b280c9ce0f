"""Candidates for attributions on a parse: every word that might attribute, who its source and what its content may be.

Candidates are many and most are wrong: ``rules`` or ``tagger`` judges them. Those of one word come as one group,
because a word attributes once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import attrgetter

from app.extract.attribution import contents, lexicon, patterns
from app.extract.attribution.contents import LONGEST, Frame
from app.extract.attribution.cues import passed_on, saying
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.sources import (
    OWNERS,
    agent_of,
    bearer,
    beside,
    implied,
    nominals,
    owner,
    relative,
    speaker,
    subject,
    voice,
)
from app.extract.attribution.syntax import NOMINAL, noun_phrase, subtree, verb_group, without
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree

_COMMAS = (",", "—", "–", "--", "-", "”", '"', "''")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could be an attribution; ``frame`` names the construction, ``link`` the word that the content hangs on."""

    anchor: int  # the word that attributes, or the first of a quotation without one
    frame: str
    content: tuple[TokenRange, ...]
    source: TokenRange | None
    cue: tuple[TokenRange, ...]
    passive: bool = False
    link: int | None = None
    pronoun: int | None = None  # the relative pronoun that stands for the source: "Jolly, who said …"
    relay: TokenRange | None = None  # who passed the words on: "was quoted as saying by …"


def group_candidates(
    tree: Tree, quotations: Iterable[Quotation], lemmas: Container[str] | None = None
) -> Iterator[list[Candidate]]:
    """Yield the candidates of each word that might attribute, in the order of the text.

    Where `lemmas` are given, other words are not looked at.
    """
    of_words = (each for each in _of_words(tree, lemmas) if count_tokens(each.content) <= LONGEST)
    found = chain(_of_quotations(tree, quotations), of_words)
    for _, group in groupby(sorted(found, key=attrgetter("anchor")), key=attrgetter("anchor")):
        kept = _pruned([_expanded(tree, candidate) for candidate in group])
        if kept:
            yield kept


def _of_quotations(tree: Tree, quotations: Iterable[Quotation]) -> Iterator[Candidate]:
    for quotation in quotations:
        pieces = (tree.find_tokens(piece) for piece in quotation.pieces)
        content = tuple(piece for piece in pieces if piece is not None)
        if not content:
            continue
        extent = "whole" if quotation.whole else "clause"
        if quotation.verb is None and quotation.label is None and (unlisted := _unlisted(tree, content)):
            yield unlisted
        elif quotation.verb is None:
            label = tree.find_tokens(quotation.label) if quotation.label else None
            frame = f"label-{extent}" if label else f"alone-{extent}"
            source = label or implied(tree, content)
            yield Candidate(content[0][0], frame, content, source, ())
        else:
            verb = saying(tree, bisect_right(tree.start, quotation.verb.start) - 1)
            cue, relay = passed_on(tree, verb)
            source, pronoun = _voice(tree, quotation, verb), relative(tree, verb, subject(tree, verb)[0])
            yield Candidate(verb, f"marks-{extent}", content, source, cue, pronoun=pronoun, relay=relay)


def _unlisted(tree: Tree, content: tuple[TokenRange, ...]) -> Candidate | None:
    """A quotation with a verb beside it that is none of reporting: "…!" beamed the winner."""
    for piece, (_, last) in enumerate(content):
        if tree.word[last] not in (",", "?", "!") and piece:
            continue
        first = last + 1
        while first < len(tree.word) and tree.pos[first] == "PUNCT" and first < last + 4:
            first += 1
        if not {",", "?", "!"} & {*tree.word[last:first]}:
            continue
        for verb in range(first, min(first + 8, len(tree.word))):
            if tree.tag[verb] in ("VBD", "VBZ", "VBP") and tree.pos[verb] == "VERB":
                source = beside(tree, verb) if verb > first else nominals(tree, verb + 1)
                return Candidate(verb, "marks-whole", content, source, verb_group(tree, verb)) if source else None
            if tree.pos[verb] not in NOMINAL and tree.pos[verb] != "ADV":
                break
    return None


def _voice(tree: Tree, quotation: Quotation, verb: int) -> TokenRange | None:
    """Who says a quotation: by the syntax of its verb, or else by the words beside it."""
    for each in _voices(tree, verb):
        if each is not None and tree.quote[each[0]] == NO_QUOTE and not _is_said(tree, quotation, each):
            return each
    mention = patterns.mention(tree.text, quotation)
    return tree.find_tokens(mention) if mention is not None else None


def _voices(tree: Tree, verb: int) -> Iterator[TokenRange | None]:
    yield nominals(tree, verb + 2) if tree.word[verb] == "according" else speaker(tree, verb)
    yield beside(tree, verb)
    yield nominals(tree, verb + 1)


def _is_said(tree: Tree, quotation: Quotation, tokens: TokenRange) -> bool:
    """Tell whether words of a phrase are among those that a quotation says."""
    start, end = tree.start[tokens[0]], tree.end[tokens[1]]
    return any(piece.start < end and start < piece.end for piece in quotation.pieces)


def _of_words(tree: Tree, lemmas: Container[str] | None) -> Iterator[Candidate]:
    for token, lemma in enumerate(tree.lemma):
        if (lemmas is not None and lemma not in lemmas) or tree.quote[token] != NO_QUOTE:
            continue  # what is said within a quotation belongs to it
        pos = tree.pos[token]
        if tree.word[token] == "according":
            yield from _according(tree, token)
        elif pos in ("VERB", "AUX"):
            yield from _verb(tree, token)
        elif pos in ("NOUN", "PROPN"):
            yield from _noun(tree, token)
        elif pos == "ADJ":
            yield from _adjective(tree, token)


def _pruned(group: list[Candidate]) -> list[Candidate]:
    """Leave beside a quotation in marks only what holds it and more."""
    marked = next((each for each in group if each.frame == "marks-whole"), None)
    if marked is None:
        return group
    (first, last), size = marked.content[0], count_tokens(marked.content[:1])
    larger = (
        each
        for each in group
        if each.content[0][0] <= first and each.content[-1][1] >= last and count_tokens(each.content) > size + 3
    )
    return [marked, *(each for each in larger if each is not marked)]


def _expanded(tree: Tree, candidate: Candidate) -> Candidate:
    """The candidate with every quotation in its content as a whole, but for one that the anchor stands in too."""
    if candidate.frame.startswith(("marks-whole", "alone", "label")):
        return candidate
    own = tree.quote[candidate.anchor]
    content: list[TokenRange] = []
    for first, last in candidate.content:
        if tree.quote[last] not in (NO_QUOTE, own):
            last = bisect_left(tree.start, tree.quotes[tree.quote[last]].end) - 1
        if tree.quote[first] not in (NO_QUOTE, own):
            first = bisect_left(tree.start, tree.quotes[tree.quote[first]].start)
        if content and first <= content[-1][1]:
            content[-1] = (content[-1][0], max(last, content[-1][1]))
        else:
            content.append((first, last))
    return candidate if candidate.content == tuple(content) else replace(candidate, content=tuple(content))


def count_tokens(content: tuple[TokenRange, ...]) -> int:
    """Count the tokens of a content."""
    return sum(last - first + 1 for first, last in content)


def _verb(tree: Tree, verb: int) -> Iterator[Candidate]:
    head, passive = subject(tree, verb)
    passive = (passive or tree.find_dependent(verb, "auxpass") is not None) and tree.word[
        verb
    ] not in lexicon.ADJECTIVES
    agent = agent_of(tree, verb) if passive else head
    cue, relay = passed_on(tree, verb)
    pronoun = relative(tree, verb, agent)
    raised = contents.raised(tree, verb, head) if passive or tree.lemma[verb] in lexicon.SEEM else ()
    source = None if passive and agent is None else voice(tree, agent, verb)
    for frame, link, content in chain(contents.of_verb(tree, verb), raised, _around(tree, verb, head)):
        if content:
            whole = (*cue, (link, link)) if frame == "prep" else cue
            by = source if source is None or source[0] < verb else voice(tree, agent, verb, content)
            yield Candidate(verb, frame, content, by, whole, passive, link, pronoun, relay)


def _around(tree: Tree, verb: int, head: int | None) -> Iterator[Frame]:
    """The sentence around a parenthesis: …, she said, …."""
    first, last = tree.bounds[tree.sentence[verb]]
    top = tree.head[verb]
    if tree.dep[verb] in ("parataxis", "ccomp", "advcl") and head is not None and tree.left[top] < tree.left[verb]:
        yield "around", top, without(subtree(tree, top), subtree(tree, verb))
    comma = (min(verb, tree.left[head]) if head is not None and head > first else verb) - 1
    if comma > first and tree.word[comma] in _COMMAS:
        yield "lead", comma, ((first, comma - 1),)
        end = max(verb, tree.right[head]) if head is not None and head > verb else verb
        if end + 1 < last - 1 and tree.word[end + 1] == "," and tree.tag[end + 2] != "VBG":
            yield "lead-tail", comma, ((first, comma - 1), (end + 2, last))


def _noun(tree: Tree, noun: int) -> Iterator[Candidate]:
    head, verb = owner(tree, noun)
    source = noun_phrase(tree, head) if head is not None else None
    pronoun = relative(tree, noun, head)
    own = ((noun, noun),)
    cue = (*verb_group(tree, verb), (min(verb + 1, noun), noun)) if verb is not None else own
    for kid in tree.children[noun]:
        if kid < noun:
            continue
        if tree.tag[kid] == "VBN" and tree.find_dependent(kid, "aux", "auxpass") is None:  # "a statement carried by …"
            continue
        if tree.dep[kid] in ("acl", "relcl", "ccomp", "xcomp"):
            yield Candidate(noun, "noun-clause", (subtree(tree, kid),), source, cue, link=kid, pronoun=pronoun)
        elif tree.dep[kid] == "prep" and tree.word[kid] not in OWNERS:
            inner = tree.find_dependent(kid, "pobj", "pcomp")
            if inner is not None:
                content, words = (subtree(tree, inner),), (*cue, (kid, kid))
                yield Candidate(noun, "noun-prep", content, source, words, link=kid, pronoun=pronoun)
    above = tree.head[noun]
    if tree.dep[noun] == "nsubj" and tree.lemma[above] == "be":
        clause = tree.find_dependent(above, "ccomp", "xcomp")
        if clause is not None and clause > above:
            cue = (*own, (above, above))
            yield Candidate(noun, "noun-is", (subtree(tree, clause),), source, cue, link=clause)


def _adjective(tree: Tree, adjective: int) -> Iterator[Candidate]:
    verb = tree.head[adjective]
    made = tree.dep[adjective] == "ccomp" and tree.lemma[verb] == "make" and verb < adjective  # "made it clear that"
    copula = made or (tree.dep[adjective] in ("acomp", "oprd", "attr") and tree.pos[verb] in ("AUX", "VERB"))
    head = subject(tree, verb)[0] if made else bearer(tree, adjective)
    source = noun_phrase(tree, head) if head is not None else None
    cue = (*verb_group(tree, verb), (adjective, adjective)) if copula else ((adjective, adjective),)
    pronoun = relative(tree, adjective, head)
    for kid in tree.children[adjective]:
        if kid < adjective:
            continue
        if tree.dep[kid] in ("ccomp", "xcomp") or (made and tree.dep[kid] == "advcl"):
            yield Candidate(adjective, "adj-clause", (subtree(tree, kid),), source, cue, link=kid, pronoun=pronoun)
        elif tree.dep[kid] == "prep":
            inner = tree.find_dependent(kid, "pobj", "pcomp")
            if inner is not None:
                yield Candidate(
                    adjective,
                    "adj-prep",
                    (subtree(tree, inner),),
                    source,
                    (*cue, (kid, kid)),
                    link=kid,
                    pronoun=pronoun,
                )
    if copula:
        for kid in tree.find_dependents(verb, "ccomp"):
            if kid > adjective:
                yield Candidate(adjective, "adj-clause", (subtree(tree, kid),), source, cue, link=kid, pronoun=pronoun)


def _according(tree: Tree, token: int) -> Iterator[Candidate]:
    to = tree.find_dependent(token, "prep")
    if to is None and token + 1 < len(tree.word) and tree.word[token + 1] == "to":
        to = token + 1
    inner = tree.find_dependent(to, "pobj") if to is not None else None
    if to is None or inner is None or to < token:  # a parse that puts "to" before it is wrong
        return
    phrase = (token, max(tree.right[token], tree.right[to]))
    verb = tree.head[token]
    source = noun_phrase(tree, inner)
    pieces = without(subtree(tree, verb), phrase)
    if pieces:
        yield Candidate(token, "according", pieces, source, ((token, to),), link=verb)
    first, last = tree.bounds[tree.sentence[token]]
    whole = without((first, last), phrase)
    if whole and whole != pieces:
        yield Candidate(token, "according-sentence", whole, source, ((token, to),), link=verb)
