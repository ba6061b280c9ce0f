"""Candidates for attributions on a parse: every word that might attribute, who its source and what its content may be.

Candidates are many and most are wrong: ``rules`` or ``tagger`` judges them. Those of one word come as one group,
because a word attributes once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import attrgetter

from app.extract.attribution import plain
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.syntax import (
    NOMINAL,
    agent_of,
    beside,
    nominals,
    noun_phrase,
    passed_on,
    relative,
    speaker,
    subject,
    subtree,
    verb_group,
    voice,
    without,
)
from app.extract.attribution.tree import NO_QUOTE, Range, Tree

_COMMAS = (",", "—", "–", "--", "-", "”", '"', "''")
_LONGEST = 500  # tokens of a content that is not in marks


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could be an attribution; ``frame`` names the construction, ``link`` the word that the content hangs on."""

    anchor: int  # the word that attributes, or the first of a quotation without one
    frame: str
    content: tuple[Range, ...]
    source: Range | None
    cue: tuple[Range, ...]
    passive: bool = False
    link: int | None = None
    pronoun: int | None = None  # the relative pronoun that stands for the source: "Jolly, who said …"
    relay: Range | None = None  # who passed the words on: "was quoted as saying by …"


def groups(
    tree: Tree, quotations: Iterable[Quotation], lemmas: Container[str] | None = None
) -> Iterator[list[Candidate]]:
    """Yield the candidates of each word that might attribute, in the order of the text.

    Where `lemmas` are given, other words are not looked at.
    """
    of_words = (each for each in _of_words(tree, lemmas) if length(each.content) <= _LONGEST)
    found = chain(_of_quotations(tree, quotations), of_words)
    for _, group in groupby(sorted(found, key=attrgetter("anchor")), key=attrgetter("anchor")):
        kept = _pruned([_expanded(tree, candidate) for candidate in group])
        if kept:
            yield kept


def _of_quotations(tree: Tree, quotations: Iterable[Quotation]) -> Iterator[Candidate]:
    for quotation in quotations:
        pieces = (tree.tokens(piece) for piece in quotation.pieces)
        content = tuple(piece for piece in pieces if piece is not None)
        if not content:
            continue
        extent = "whole" if quotation.whole else "clause"
        if quotation.verb is None and quotation.label is None and (unlisted := _unlisted(tree, content)):
            yield unlisted
        elif quotation.verb is None:
            label = tree.tokens(quotation.label) if quotation.label else None
            frame = f"label-{extent}" if label else f"alone-{extent}"
            yield Candidate(content[0][0], frame, content, label, ())
        else:
            verb = bisect_right(tree.start, quotation.verb.start) - 1
            if tree.word[verb + 1 : verb + 3] == ["as", "saying"]:
                verb += 2
            cue, relay = passed_on(tree, verb)
            yield Candidate(verb, f"marks-{extent}", content, _voice(tree, quotation, verb), cue, relay=relay)


def _unlisted(tree: Tree, content: tuple[Range, ...]) -> Candidate | None:
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


def _voice(tree: Tree, quotation: Quotation, verb: int) -> Range | None:
    """Who says a quotation: by the syntax of its verb, or else by the words beside it."""
    found = None if tree.word[verb] == "according" else speaker(tree, verb)
    if found is not None and tree.quote[found[0]] == NO_QUOTE:
        return found
    mention = plain.mention(tree.text, quotation)
    return tree.tokens(mention) if mention is not None else None


def _of_words(tree: Tree, lemmas: Container[str] | None) -> Iterator[Candidate]:
    for token, lemma in enumerate(tree.lemma):
        if lemmas is not None and lemma not in lemmas:
            continue
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
    (first, last), size = marked.content[0], length(marked.content[:1])
    larger = (
        each
        for each in group
        if each.content[0][0] <= first and each.content[-1][1] >= last and length(each.content) > size + 3
    )
    return [marked, *(each for each in larger if each is not marked)]


def _expanded(tree: Tree, candidate: Candidate) -> Candidate:
    """The candidate with every quotation in its content as a whole, but for one that the anchor stands in too."""
    if candidate.frame.startswith(("marks-whole", "alone", "label")):
        return candidate
    own = tree.quote[candidate.anchor]
    content: list[Range] = []
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


def length(content: tuple[Range, ...]) -> int:
    """Count the tokens of a content."""
    return sum(last - first + 1 for first, last in content)


def _verb(tree: Tree, verb: int) -> Iterator[Candidate]:
    head, passive = subject(tree, verb)
    passive = passive or tree.kid(verb, "auxpass") is not None
    agent = agent_of(tree, verb) if passive else head
    cue, relay = passed_on(tree, verb)
    pronoun = relative(tree, verb) if agent == head else None
    raised = _raised(tree, verb, head) if passive else ()
    for frame, link, content in chain(
        _complements(tree, verb), _objects(tree, verb), raised, _around(tree, verb, head)
    ):
        if content:
            whole = (*cue, (link, link)) if frame == "prep" else cue
            source = None if passive and agent is None else voice(tree, agent, verb, content)
            yield Candidate(verb, frame, content, source, whole, passive, link, pronoun, relay)


_Frame = tuple[str, int, tuple[Range, ...]]  # the construction, the word that the content hangs on, the content


def _complements(tree: Tree, verb: int) -> Iterator[_Frame]:
    """Clauses and phrases that hang on a verb: said that …, called for …."""
    last = tree.bounds[tree.sentence[verb]][1]
    for kid in tree.children[verb]:
        dep = tree.dep[kid]
        if kid < verb:
            if dep in ("ccomp", "parataxis"):
                yield "left", kid, ((tree.left[kid], min(tree.right[kid], verb - 1)),)
        elif dep == "ccomp":
            yield "ccomp", kid, ((tree.left[kid], _past_colon(tree, tree.right[kid])),)
            if tree.right[kid] < last - 1:
                yield "tail", kid, ((tree.left[kid], last),)
        elif dep == "prep":
            inner = tree.kid(kid, "pobj", "pcomp")
            if inner is not None:
                yield "prep", kid, (subtree(tree, inner),)
        elif dep in ("xcomp", "dobj", "attr", "advcl", "oprd", "acomp"):
            yield "dobj" if dep == "attr" else dep, kid, (subtree(tree, kid),)


def _past_colon(tree: Tree, last: int) -> int:
    """Where a clause ends that a colon continues: in the sentence that follows it, for some parsers."""
    if last + 2 >= len(tree.word) or ":" not in (tree.word[last], tree.word[last + 1]):
        return last
    end = tree.bounds[tree.sentence[min(last + 2, len(tree.word) - 1)]][1]
    return end if end - last < _LONGEST else last


def _objects(tree: Tree, verb: int) -> Iterator[_Frame]:
    """An object and what is said of it: urged him to …, called it a …."""
    objects = [kid for kid in tree.kids(verb, "dobj", "dative", "attr", "oprd") if kid > verb]
    if not objects:
        return
    first = objects[0]
    for kid in tree.kids(verb, "xcomp"):
        if kid > first:
            yield "object-xcomp", kid, ((tree.left[first], tree.right[kid]),)
    last = tree.right[verb]
    for kid in tree.children[verb]:
        if kid > first and (tree.dep[kid] in ("cc", "conj") or (tree.dep[kid] == "advcl" and tree.tag[kid] == "VBG")):
            last = min(last, tree.left[kid] - 1)
    last = _before_participle(tree, first, last)
    if last > tree.right[first] or tree.kid(verb, "oprd") is not None:
        yield "rest", first, ((tree.left[first], last),)


def _before_participle(tree: Tree, first: int, last: int) -> int:
    """Where a range ends before a comma and a participle of the writer's: called it a …, citing …."""
    for token in range(first + 2, min(last, first + _LONGEST)):
        if tree.tag[token] == "VBG" and tree.quote[token] == NO_QUOTE and "," in tree.word[token - 2 : token]:
            return token - 1
    return last


def _raised(tree: Tree, verb: int, head: int | None) -> Iterator[_Frame]:
    """The subject of a passive is part of what is said: she is expected to …."""
    if head is None or head > verb or tree.dep[verb] == "acl":
        return
    yield "passive", head, (subtree(tree, head),)
    for kid in tree.kids(verb, "xcomp"):
        if kid > verb:
            yield "raised", kid, (subtree(tree, head), subtree(tree, kid))


def _around(tree: Tree, verb: int, head: int | None) -> Iterator[_Frame]:
    """The sentence around a parenthesis: …, she said, …."""
    first, last = tree.bounds[tree.sentence[verb]]
    top = tree.head[verb]
    if tree.dep[verb] in ("parataxis", "ccomp", "advcl") and head is not None and tree.left[top] < tree.left[verb]:
        yield "around", top, without(subtree(tree, top), subtree(tree, verb))
    comma = (min(verb, tree.left[head]) if head is not None and head > first else verb) - 1
    if comma > first and tree.word[comma] in _COMMAS:
        yield "lead", comma, ((first, comma - 1),)
        end = max(verb, tree.right[head]) if head is not None and head > verb else verb
        if end + 1 < last - 1 and tree.word[end + 1] == ",":
            yield "lead-tail", comma, ((first, comma - 1), (end + 2, last))


def _noun(tree: Tree, noun: int) -> Iterator[Candidate]:
    holder = tree.kid(noun, "poss")
    by = next((kid for kid in tree.kids(noun, "prep") if tree.word[kid] in ("by", "from")), None)
    head = holder if holder is not None else tree.kid(by, "pobj") if by is not None else None
    verb = tree.head[noun]
    cue: tuple[Range, ...] = ((noun, noun),)
    if head is None and tree.dep[noun] in ("dobj", "pobj", "attr") and tree.pos[verb] in ("VERB", "AUX", "ADP"):
        while tree.pos[verb] == "ADP" and tree.head[verb] != verb:
            verb = tree.head[verb]
        if tree.pos[verb] in ("VERB", "AUX"):
            head, passive = subject(tree, verb)
            head = None if passive else head
            cue = (*verb_group(tree, verb), (min(verb + 1, noun), noun))
    source = noun_phrase(tree, head) if head is not None else None
    for kid in tree.children[noun]:
        if kid < noun:
            continue
        if tree.dep[kid] in ("acl", "relcl", "ccomp", "xcomp"):
            yield Candidate(noun, "noun-clause", (subtree(tree, kid),), source, cue, link=kid)
        elif tree.dep[kid] == "prep" and kid != by:
            inner = tree.kid(kid, "pobj", "pcomp")
            if inner is not None:
                yield Candidate(noun, "noun-prep", (subtree(tree, inner),), source, (*cue, (kid, kid)), link=kid)
    if tree.dep[noun] == "nsubj" and tree.lemma[verb] == "be":
        clause = tree.kid(verb, "ccomp", "xcomp")
        if clause is not None and clause > verb:
            cue = ((noun, noun), (verb, verb))
            yield Candidate(noun, "noun-is", (subtree(tree, clause),), source, cue, link=clause)


def _adjective(tree: Tree, adjective: int) -> Iterator[Candidate]:
    verb = tree.head[adjective]
    copula = tree.dep[adjective] in ("acomp", "oprd", "attr") and tree.pos[verb] in ("AUX", "VERB")
    head = subject(tree, verb)[0] if copula else verb if tree.dep[adjective] in ("amod", "acl") else None
    source = noun_phrase(tree, head) if head is not None else None
    cue = (*verb_group(tree, verb), (adjective, adjective)) if copula else ((adjective, adjective),)
    for kid in tree.children[adjective]:
        if kid < adjective:
            continue
        if tree.dep[kid] in ("ccomp", "xcomp"):
            yield Candidate(adjective, "adj-clause", (subtree(tree, kid),), source, cue, link=kid)
        elif tree.dep[kid] == "prep":
            inner = tree.kid(kid, "pobj", "pcomp")
            if inner is not None:
                yield Candidate(adjective, "adj-prep", (subtree(tree, inner),), source, (*cue, (kid, kid)), link=kid)
    if copula:
        for kid in tree.kids(verb, "ccomp"):
            if kid > adjective:
                yield Candidate(adjective, "adj-clause", (subtree(tree, kid),), source, cue, link=kid)


def _according(tree: Tree, token: int) -> Iterator[Candidate]:
    to = tree.kid(token, "prep")
    if to is None and token + 1 < len(tree.word) and tree.word[token + 1] == "to":
        to = token + 1
    inner = tree.kid(to, "pobj") if to is not None else None
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
