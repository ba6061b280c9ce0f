"""Syntax that the rules ask of a parse: who is a verb's subject, where a noun phrase ends, what a verb's cue is."""

from app.extract.attribution import lexicon
from app.extract.attribution.tree import Range, Tree

SUBJECT = ("nsubj", "nsubjpass", "csubj", "expl")
_INHERITS = ("conj", "xcomp", "advcl", "pcomp", "ccomp", "dep", "parataxis")
RELATIVE = ("who", "which", "that")
NOMINAL = ("PROPN", "NOUN", "ADJ", "DET", "NUM", "PRON", "PART")
_DASHES = frozenset("-–—") | {"--"}
_AUX = ("aux", "auxpass", "neg", "prt")


def subject(tree: Tree, verb: int) -> tuple[int | None, bool]:
    """Return the head of a verb's subject, its own or inherited, and whether the verb it belongs to is passive."""
    own = verb
    for _ in range(5):
        found = tree.kid(verb, *SUBJECT)
        if found is not None:
            if tree.word[found] in RELATIVE and tree.dep[verb] == "relcl":
                return tree.head[verb], False
            return found, verb == own and tree.dep[found] == "nsubjpass"
        dep, head = tree.dep[verb], tree.head[verb]
        if dep in ("acl", "relcl"):
            if tree.lemma[head] in lexicon.MESSAGES and tree.dep[head] == "dobj":  # "sent a letter saying"
                verb = tree.head[head]
                continue
            return head, tree.tag[verb] == "VBN"
        if dep == "acomp":
            verb = head
            continue
        if dep not in _INHERITS or head == verb:
            return None, False
        if dep == "pcomp":
            head = tree.head[head]
        if _goes_on(tree, verb, head):
            head = tree.head[head]
        if dep == "ccomp" and tree.tag[verb] not in ("VBG", "VB"):
            return None, False
        verb = head
    return None, False


def relative(tree: Tree, verb: int) -> int | None:
    """The relative pronoun that is a verb's subject, its own or that of a verb it is joined to."""
    for _ in range(5):
        found = next((kid for kid in tree.kids(verb, *SUBJECT) if tree.word[kid] in RELATIVE), None)
        if found is not None or tree.dep[verb] not in _INHERITS or tree.kid(verb, *SUBJECT) is not None:
            return found
        verb = tree.head[verb]
    return None


def _goes_on(tree: Tree, verb: int, head: int) -> bool:
    """Tell whether a verb of saying hangs on what was said, but belongs to who said it: said he left, adding that …."""
    if tree.dep[verb] not in ("advcl", "conj") or tree.dep[head] != "ccomp":
        return False
    return tree.lemma[verb] in lexicon.SAY and tree.lemma[tree.head[head]] in lexicon.SAY


def speaker(tree: Tree, verb: int) -> Range | None:
    """Return who does what the verb says: its subject, or its agent where it is passive."""
    head, passive = subject(tree, verb)
    return voice(tree, agent_of(tree, verb) if passive else head, verb)


def voice(tree: Tree, head: int | None, verb: int, content: tuple[Range, ...] = ()) -> Range | None:
    """The noun phrase of who speaks; the words beside the verb where the parse has nobody or somebody impossible."""
    found = noun_phrase(tree, head) if head is not None else None
    if found is None:
        return beside(tree, verb)
    if _is_dateline(tree, found):
        dash = next((each for each in range(found[1] + 1, verb) if tree.word[each] in _DASHES), verb)
        return nominals(tree, dash + 1) or found
    if found[0] > verb and any(first <= found[0] <= last for first, last in content):
        return beside(tree, verb) or found
    return found


def beside(tree: Tree, verb: int) -> Range | None:
    """The name or description that ends right before a verb, but for adverbs and a parenthesis."""
    last = verb - 1
    while last > max(0, verb - 4) and (tree.pos[last] == "ADV" or tree.dep[last] in _AUX):
        last -= 1
    if last > 0 and tree.word[last] == ")":
        last = next((each - 1 for each in range(last, max(0, last - 8), -1) if tree.word[each] == "("), last)
    first = last + 1
    while first > max(0, last - 8) and tree.pos[first - 1] in NOMINAL:
        first -= 1
    if first > last or tree.pos[last] not in ("NOUN", "PROPN", "PRON") or tree.word[last] in RELATIVE:
        return None
    return first, last


def nominals(tree: Tree, first: int) -> Range | None:
    """The words of a name or a description from here on."""
    last = first
    while last < min(first + 8, len(tree.word)) and tree.pos[last] in NOMINAL:
        last += 1
    return (first, last - 1) if last > first else None


def _is_dateline(tree: Tree, found: Range) -> bool:
    """Tell whether a phrase is the place that an agency's report begins with: LONDON (Reuters) - …."""
    first = found[0]
    start = tree.start[first]
    if start and tree.text[start - 1] != "\n":
        return False
    dash = next(
        (each for each in range(first + 1, min(first + 14, len(tree.word))) if tree.word[each] in _DASHES), None
    )
    if dash is None:
        return False
    name = tree.text[start : tree.end[first]]
    return (len(name) > 3 and name.isupper()) or tree.word[dash - 1] == ")"


def subtree(tree: Tree, token: int) -> Range:
    return tree.left[token], tree.right[token]


def without(outer: Range, inner: Range) -> tuple[Range, ...]:
    """The pieces of a range that remain outside another."""
    before, after = (outer[0], min(outer[1], inner[0] - 1)), (max(outer[0], inner[1] + 1), outer[1])
    return tuple(piece for piece in (before, after) if piece[0] <= piece[1])


def head_of(tree: Tree, tokens: Range) -> int:
    """The word of a phrase that the others hang on."""
    first, last = tokens
    return next((each for each in range(first, last + 1) if not first <= tree.head[each] <= last), last)


def noun_phrase(tree: Tree, head: int) -> Range:
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


def verb_group(tree: Tree, verb: int) -> tuple[Range, ...]:
    """The verb with its auxiliaries, negation and particle."""
    first = last = verb
    for kid in tree.kids(verb, *_AUX):
        first, last = min(first, kid), max(last, kid)
    if first < verb - 4:
        first = verb
    if last > verb + 1:
        last = verb
    return ((first, last),)


def passed_on(tree: Tree, verb: int) -> tuple[tuple[Range, ...], Range | None]:
    """The cue of a verb, and who relays: "was quoted as saying by …" says both."""
    if tree.word[verb] == "saying" and tree.word[verb - 2 : verb] == ["quoted", "as"]:
        (first, _), *_ = verb_group(tree, verb - 2)
        by = next((each for each in range(verb + 1, min(verb + 4, len(tree.word))) if tree.word[each] == "by"), verb)
        agent = tree.kid(by, "pobj")
        return ((first, verb),), noun_phrase(tree, agent) if agent is not None else None
    governor = tree.head[verb]
    if tree.dep[verb] == "xcomp" and 1 < verb - governor <= 3:  # "went on to say", "was quick to note"
        (first, _), *_ = verb_group(tree, governor if tree.pos[governor] != "ADJ" else tree.head[governor])
        if first <= governor:
            return ((first, verb),), None
    return verb_group(tree, verb), None


def agent_of(tree: Tree, verb: int) -> int | None:
    by = tree.kid(verb, "agent")
    return tree.kid(by, "pobj") if by is not None else None
