"""What hangs on a verb and may be what was said, and where it ends: a parse goes on into what the writer adds."""

from collections.abc import Iterator

from app.extract.attribution import lexicon
from app.extract.attribution.syntax import RELATIVE, noun_phrase, subtree
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree
from app.extract.mentions.nouns import DAYS, MONTHS, words

LONGEST = 500  # tokens of a content that is not in marks
_SUBJECT = ("nsubj", "nsubjpass", "expl")
_DEPTH = 40  # words that hang one on the other: no sentence of a language is deeper, hostile texts are
_ADDING = (",", "—", "–", "--", "-", "(")
_ASIDE = 12  # tokens at the end of a clause that say who reports it
_FINITE = ("VBD", "VBZ", "VBP")
_CIRCUMSTANCES = ("prep", "npadvmod", "advmod", "punct")
_RELATIVES = frozenset(["who", "whom", "which", "whose", "where"])
_WHEN = ("after", "before", "during", "since", "until", "amid", "following")
_OCCASIONS = frozenset({*DAYS, *MONTHS}) | words("""
    rally conference debate interview speech tweet tweets post statement editorial op-ed letter email book campaign
    meeting hearing forum event twitter facebook instagram msnbc cnn fox nbc cbs abc radio television tv show
    remarks address past weeks days months years article story time times night morning afternoon evening
""")

Frame = tuple[str, int, tuple[TokenRange, ...]]  # the construction, the word that the content hangs on, the content


def of_verb(tree: Tree, verb: int) -> Iterator[Frame]:
    """Yield the clauses and phrases that hang on a verb: said that …, called for …, called it a …."""
    last = tree.bounds[tree.sentence[verb]][1]
    for kid in tree.children[verb]:
        dep, (start, end) = tree.dep[kid], subtree(tree, kid)
        if kid < verb:
            if dep in ("ccomp", "parataxis"):
                yield "left", kid, ((start, min(end, verb - 1)),)
        elif dep == "ccomp" or (dep == "advcl" and tree.word[start] in ("if", "whether")):
            whole = _from_that(tree, kid), _and_that(tree, verb, _past_colon(tree, end))
            yield "ccomp", kid, (_ended(tree, verb, _before_aside(tree, whole)),)
            if end < last - 1 and dep == "ccomp":
                yield "tail", kid, ((start, last),)
        elif dep == "advcl" and tree.lemma[kid] == "cite" and (clause := tree.find_dependent(kid, "ccomp")) is not None:
            yield "ccomp", clause, (_ended(tree, verb, (_from_that(tree, clause), tree.right[clause])),)
        elif dep == "advcl" and tree.word[start] == "for":
            yield "for-clause", kid, (_ended(tree, verb, (start + 1, end)),)
        elif dep == "prep":
            yield from _of_preposition(tree, verb, kid)
        elif dep in ("xcomp", "dobj", "attr", "advcl", "oprd", "acomp"):
            yield "dobj" if dep == "attr" else dep, kid, (_ended(tree, verb, (start, end)),)
    yield from _of_objects(tree, verb)


def raised(tree: Tree, verb: int, head: int | None) -> Iterator[Frame]:
    """Yield what is said of the subject of a passive, which is part of it: she is expected to …."""
    if head is None or head > verb or tree.dep[verb] == "acl":
        return
    yield "passive", head, (subtree(tree, head),)
    own = tree.find_dependent(verb, *_SUBJECT)
    of_whom = (own, own) if own is not None and tree.word[own] in RELATIVE else noun_phrase(tree, head)
    for kid in tree.find_dependents(verb, "xcomp", "oprd", "acomp", "prep"):
        if kid < verb:
            continue
        if tree.dep[kid] != "prep":
            yield "raised", kid, (of_whom, _ended(tree, verb, subtree(tree, kid)))
        elif tree.word[kid] == "as" and tree.right[kid] > kid:
            yield "raised-as", kid, (of_whom, _ended(tree, verb, (kid + 1, tree.right[kid])))


def _of_preposition(tree: Tree, verb: int, preposition: int) -> Iterator[Frame]:
    """Called for …, called on her to …, referred to it as …."""
    inner = tree.find_dependent(preposition, "pobj", "pcomp")
    if inner is None:
        return
    start, end = subtree(tree, inner)
    if tree.word[preposition] == "on":
        deeds = (kid for kid in tree.find_dependents(verb, "xcomp", "advcl") if kid > inner and tree.tag[kid] == "VB")
        if (deed := next(deeds, None)) is not None:
            yield "on-clause", preposition, (_ended(tree, verb, (start, tree.right[deed])),)
    roles = (kid for kid in tree.find_dependents(verb, "prep") if kid > inner and tree.word[kid] == "as")
    if (role := next(roles, None)) is not None:
        end = max(end, tree.right[role])
    yield "prep", preposition, (_ended(tree, verb, (start, end)),)


def _of_objects(tree: Tree, verb: int) -> Iterator[Frame]:
    """An object and what is said of it: urged him to …, called it a …."""
    objects = [kid for kid in tree.find_dependents(verb, "dobj", "dative", "attr", "oprd") if kid > verb]
    if not objects:
        return
    first = objects[0]
    for kid in tree.find_dependents(verb, "xcomp"):
        if kid > first:
            yield "object-xcomp", kid, (_ended(tree, verb, (tree.left[first], tree.right[kid])),)
    last = tree.right[verb]
    for kid in tree.children[verb]:
        if kid > first and _is_circumstance(tree, kid):
            last = min(last, tree.left[kid] - 1)
    last = _before_participle(tree, first, last)
    if last > tree.right[first] or tree.find_dependent(verb, "oprd") is not None:
        yield "rest", first, (_ended(tree, verb, (tree.left[first], last)),)


def _is_circumstance(tree: Tree, kid: int) -> bool:
    """Tell whether what hangs on a verb is no longer its object: when, why or after what, or another deed."""
    dep = tree.dep[kid]
    if dep == "advcl":
        return tree.tag[kid] == "VBG" or tree.find_dependent(kid, "mark", "advmod") is not None
    if dep == "prep":
        inner = tree.find_dependent(kid, "pobj")
        return tree.word[kid] in _WHEN or (inner is not None and tree.word[inner] in _OCCASIONS)
    return dep in ("cc", "conj", "npadvmod")


def _before_participle(tree: Tree, first: int, last: int) -> int:
    """Where a range ends before a comma and a participle of the writer's: called it a …, citing …."""
    for token in range(first + 2, min(last, first + LONGEST)):
        if tree.tag[token] != "VBG" or tree.quote[token] != NO_QUOTE:
            continue
        if "," in tree.word[token - 2 : token] and tree.pos[token - 1] in ("PUNCT", "ADV"):
            return token - 1
    return last


def _from_that(tree: Tree, clause: int) -> int:
    """Where a clause begins: at its "that", as what stands before is the writer's: reported, citing aides, that …."""
    start = tree.left[clause]
    that = tree.find_dependent(clause, "mark")
    return that if that is not None and that > start and tree.word[that] == "that" else start


def _before_aside(tree: Tree, piece: TokenRange) -> TokenRange:
    """A clause without who reports that somebody said it: it was over, the agency reported on Friday."""
    first, last = piece
    for token in range(last, max(first, last - _ASIDE), -1):
        if tree.lemma[token] not in lexicon.SAY or tree.tag[token] not in _FINITE or tree.quote[token] != NO_QUOTE:
            continue
        reporter = tree.find_dependent(token, *_SUBJECT)
        comma = tree.left[reporter] - 1 if reporter is not None and reporter < token else first
        ends = all(tree.dep[kid] in _CIRCUMSTANCES for kid in tree.children[token] if kid > token)
        return (first, comma - 1) if comma > first and tree.word[comma] == "," and ends else piece
    return piece


def _and_that(tree: Tree, verb: int, last: int) -> int:
    """Where the clauses end that a parse hangs on the verb, but go on with the one before: and that …, because …."""
    for kid in tree.find_dependents(verb, "conj", "ccomp", "advcl"):
        opening = tree.word[tree.left[kid] : tree.left[kid] + 2]
        if kid > last and (tree.dep[kid] == "ccomp" or "that" in opening or "because" in opening):
            last = max(last, tree.right[kid])
    return last


def _past_colon(tree: Tree, last: int) -> int:
    """Where a clause ends that a colon continues: in the sentence that follows it, for some parsers."""
    if last + 2 >= len(tree.word) or ":" not in (tree.word[last], tree.word[last + 1]):
        return last
    end = tree.bounds[tree.sentence[min(last + 2, len(tree.word) - 1)]][1]
    return end if end - last < LONGEST else last


def _ended(tree: Tree, verb: int, piece: TokenRange) -> TokenRange:
    """A piece of content without what the writer adds at its end."""
    first, last = piece
    token, end = _spoken(tree, first, last), last
    for _ in range(_DEPTH):
        start = tree.left[token]
        if start <= first or tree.head[token] >= token:
            break
        if tree.quote[token] == NO_QUOTE and _is_added(tree, verb, token, start):
            end = _spoken(tree, first, start - 1)
        token = tree.head[token]
    return first, end


def _spoken(tree: Tree, first: int, last: int) -> int:
    """The last word of a range that is neither punctuation nor a conjunction."""
    for token in range(last, max(first, last - _DEPTH), -1):
        if tree.pos[token] not in ("PUNCT", "SPACE") and tree.dep[token] != "cc":
            return token
    return first


def _is_added(tree: Tree, verb: int, token: int, start: int) -> bool:
    """Tell whether what hangs on a word of a content, and begins at `start`, is the writer's."""
    dep = tree.dep[token]
    if dep == "relcl":  # ", who leads the polls"
        return tree.word[start - 1] in _ADDING and not _RELATIVES.isdisjoint(tree.word[start : start + 3])
    if dep == "conj":  # "and noted that …"
        bare = tree.find_dependent(token, *_SUBJECT, "aux") is None
        return bare and tree.lemma[token] in lexicon.SAY | lexicon.NAME and tree.tag[token] == tree.tag[verb]
    if dep == "advcl":  # ", adding that …"
        bare = tree.find_dependent(token, *_SUBJECT, "mark") is None
        return bare and tree.lemma[token] in lexicon.SAY and tree.tag[token] == "VBG"
    return False
