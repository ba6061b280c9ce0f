"""Syntax that the rules ask of a parse: where a noun phrase ends, what a verb's cue is."""

from app.extract.attribution.tree import TokenRange, Tree

RELATIVE = ("who", "which", "that")
NOMINAL = ("PROPN", "NOUN", "ADJ", "DET", "NUM", "PRON", "PART")
AUXILIARY = ("aux", "auxpass", "neg", "prt")


def subtree(tree: Tree, token: int) -> TokenRange:
    return tree.left[token], tree.right[token]


def without(outer: TokenRange, inner: TokenRange) -> tuple[TokenRange, ...]:
    """The pieces of a range that remain outside another."""
    before, after = (outer[0], min(outer[1], inner[0] - 1)), (max(outer[0], inner[1] + 1), outer[1])
    return tuple(piece for piece in (before, after) if piece[0] <= piece[1])


def find_head(tree: Tree, tokens: TokenRange) -> int:
    """The word of a phrase that the others hang on."""
    first, last = tokens
    return next((each for each in range(first, last + 1) if not first <= tree.head[each] <= last), last)


def noun_phrase(tree: Tree, head: int) -> TokenRange:
    """The noun phrase around its head: titles and modifiers, but no relative clause and no apposition."""
    first, last = tree.left[head], tree.right[head]
    for kid in tree.children[head]:
        if kid < head and tree.word[kid] in "])":
            first = kid + 1
        elif kid > head and (tree.dep[kid] in ("relcl", "acl", "appos", "parataxis") or tree.word[kid] in ",(-–—"):
            last = min(last, tree.left[kid] - 1)
        elif kid < head and tree.dep[kid] in ("relcl", "ccomp", "advcl"):
            first = max(first, tree.right[kid] + 1)
    first, last = min(first, head), max(last, head)
    if tree.word[last] == "]":  # "[North Korean leader] Comrade Kim Jong Un": the name is outside
        name = last + 1
        while name < len(tree.word) and tree.pos[name] == "PROPN":
            name += 1
        return (last + 1, name - 1) if name > last + 1 else (first, last)
    return first, last


def verb_group(tree: Tree, verb: int) -> tuple[TokenRange, ...]:
    """The verb with its auxiliaries, negation and particle."""
    first = last = verb
    for kid in tree.find_dependents(verb, *AUXILIARY):
        first, last = min(first, kid), max(last, kid)
    if first < verb - 4:
        first = verb
    if last > verb + 1:
        last = verb
    return ((first, last),)


def quoted_by_other(tree: Tree, verb: int) -> int | None:
    """Return whom somebody else quotes: the agency quoted her as saying …."""
    as_ = tree.head[verb]
    if tree.word[verb] != "saying" or tree.word[as_] != "as" or tree.lemma[tree.head[as_]] not in ("quote", "cite"):
        return None
    return tree.find_dependent(tree.head[as_], "dobj")
