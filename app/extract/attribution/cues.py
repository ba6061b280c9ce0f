"""The words that attribute, and who passes on what they say: was quoted as saying by …, quoted her as saying …."""

from app.extract.attribution.sources import subject
from app.extract.attribution.syntax import noun_phrase, quoted_by_other, verb_group
from app.extract.attribution.tree import TokenRange, Tree


def saying(tree: Tree, verb: int) -> int:
    """Return the "saying" of a verb that quotes: was quoted as saying …, quoted her as saying …."""
    for token in range(verb + 2, min(verb + 12, len(tree.word)) if tree.lemma[verb] in ("quote", "cite") else verb):
        if tree.word[token - 1 : token + 1] == ["as", "saying"]:
            return token
    return verb


def passed_on(tree: Tree, verb: int) -> tuple[tuple[TokenRange, ...], TokenRange | None]:
    """Return the cue of a verb, and who relays: "was quoted as saying by …" and "quoted her as saying" say both."""
    if tree.word[verb] == "saying" and tree.word[verb - 2 : verb] == ["quoted", "as"]:
        (first, _), *_ = verb_group(tree, verb - 2)
        by = next((each for each in range(verb + 1, min(verb + 4, len(tree.word))) if tree.word[each] == "by"), verb)
        agent = tree.find_dependent(by, "pobj")
        return ((first, verb),), noun_phrase(tree, agent) if agent is not None else None
    if quoted_by_other(tree, verb) is not None:
        as_ = tree.head[verb]
        quoting = tree.head[as_]
        teller, _ = subject(tree, quoting)
        return (*verb_group(tree, quoting), (as_, verb)), noun_phrase(tree, teller) if teller is not None else None
    governor = tree.head[verb]
    if tree.dep[verb] == "xcomp" and 1 < verb - governor <= 3:  # "went on to say", "was quick to note"
        (first, _), *_ = verb_group(tree, governor if tree.pos[governor] != "ADJ" else tree.head[governor])
        if first <= governor:
            return ((first, verb),), None
    return verb_group(tree, verb), None
