"""Find the complements of a verb that may be the content of an attribution, and where each ends.

A parser often includes in a complement what the writer adds after it; that is cut off here.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.extract.attribution import lexicon
from app.extract.attribution.tree import NO_QUOTE, RELATIVE_PRONOUNS, TokenRange, Tree, find_noun_phrase
from app.extract.mentions.nouns import DAYS, MONTHS, words

LONGEST = 500  # tokens of a content without quotation marks
_SUBJECT = ("nsubj", "nsubjpass", "expl")
_MAX_DEPTH = 40  # of a syntax tree; only those of hostile texts are deeper
_ASIDE_MARKS = (",", "—", "–", "--", "-", "(")
_MAX_REPORTER = 12  # tokens at the end of a clause that name its reporter
_FINITE = ("VBD", "VBZ", "VBP")
_CIRCUMSTANCES = ("prep", "npadvmod", "advmod", "punct")
_RELATIVES = frozenset(["who", "whom", "which", "whose", "where"])
_TEMPORAL = ("after", "before", "during", "since", "until", "amid", "following")
_OCCASIONS = frozenset({*DAYS, *MONTHS}) | words("""
    rally conference debate interview speech tweet tweets post statement editorial op-ed letter email book campaign
    meeting hearing forum event twitter facebook instagram msnbc cnn fox nbc cbs abc radio television tv show
    remarks address past weeks days months years article story time time times night morning afternoon evening
""")


class Complement(NamedTuple):
    """A construction by name, the word on which the content depends, and the content."""

    frame: str
    link: int
    content: tuple[TokenRange, ...]


def find_complements(tree: Tree, verb: int) -> Iterator[Complement]:
    """Yield the clauses and phrases that depend on a verb: said that …, called for …, called it a …."""
    for child in tree.children[verb]:
        dep, start, end = tree.dep[child], tree.left[child], tree.right[child]
        if child < verb:
            if dep in ("ccomp", "parataxis"):
                yield Complement("left", child, (TokenRange(start, min(end, verb - 1)),))
        elif dep == "ccomp" or (dep == "advcl" and tree.word[start] in ("if", "whether")):
            yield from _find_clauses(tree, verb, child)
        elif (
            dep == "advcl"
            and tree.lemma[child] == "cite"
            and (clause := tree.find_dependent(child, "ccomp")) is not None
        ):
            piece = TokenRange(_find_clause_start(tree, clause), tree.right[clause])
            yield Complement("ccomp", clause, (_trim_end(tree, verb, piece),))
        elif dep == "advcl" and tree.word[start] == "for":
            yield Complement("for-clause", child, (_trim_end(tree, verb, TokenRange(start + 1, end)),))
        elif dep == "prep":
            yield from _find_prepositional_complements(tree, verb, child)
        elif dep in ("xcomp", "dobj", "attr", "advcl", "oprd", "acomp"):
            frame = "dobj" if dep == "attr" else dep
            yield Complement(frame, child, (_trim_end(tree, verb, TokenRange(start, end)),))
    yield from _find_object_complements(tree, verb)


def _find_clauses(tree: Tree, verb: int, clause: int) -> Iterator[Complement]:
    """Yield a complement clause, and the clause with the rest of its sentence."""
    (start, end), sentence_end = tree.get_subtree(clause), tree.bounds[tree.sentence[verb]].last
    whole = TokenRange(
        _find_clause_start(tree, clause), _extend_over_conjuncts(tree, verb, _extend_past_colon(tree, end))
    )
    yield Complement("ccomp", clause, (_trim_end(tree, verb, _cut_reporter(tree, whole)),))
    if end < sentence_end - 1 and tree.dep[clause] == "ccomp":
        yield Complement("tail", clause, (TokenRange(start, sentence_end),))


def find_raised_complements(tree: Tree, verb: int, subject: int | None) -> Iterator[Complement]:
    """Yield the complements of a passive whose subject belongs to the content: she is expected to …."""
    if subject is None or subject > verb or tree.dep[verb] == "acl":
        return
    yield Complement("passive", subject, (tree.get_subtree(subject),))
    pronoun = tree.find_dependent(verb, *_SUBJECT)
    if pronoun is not None and tree.word[pronoun] in RELATIVE_PRONOUNS:
        topic = TokenRange(pronoun, pronoun)
    else:
        topic = find_noun_phrase(tree, subject)
    for child in tree.find_dependents(verb, "xcomp", "oprd", "acomp", "prep"):
        if child < verb:
            continue
        if tree.dep[child] != "prep":
            yield Complement("raised", child, (topic, _trim_end(tree, verb, tree.get_subtree(child))))
        elif tree.word[child] == "as" and tree.right[child] > child:
            role = TokenRange(child + 1, tree.right[child])
            yield Complement("raised-as", child, (topic, _trim_end(tree, verb, role)))


def _find_prepositional_complements(tree: Tree, verb: int, preposition: int) -> Iterator[Complement]:
    """Yield what a preposition leads to: called for …, called on her to …, referred to it as …."""
    inner = tree.find_dependent(preposition, "pobj", "pcomp")
    if inner is None:
        return
    start, end = tree.get_subtree(inner)
    if tree.word[preposition] == "on":
        clauses = tree.find_dependents(verb, "xcomp", "advcl")
        infinitive = next((token for token in clauses if token > inner and tree.tag[token] == "VB"), None)
        if infinitive is not None:
            piece = TokenRange(start, tree.right[infinitive])
            yield Complement("on-clause", preposition, (_trim_end(tree, verb, piece),))
    prepositions = tree.find_dependents(verb, "prep")
    role = next((token for token in prepositions if token > inner and tree.word[token] == "as"), None)
    if role is not None:
        end = max(end, tree.right[role])
    yield Complement("prep", preposition, (_trim_end(tree, verb, TokenRange(start, end)),))


def _find_object_complements(tree: Tree, verb: int) -> Iterator[Complement]:
    """Yield an object with its predicate: urged him to …, called it a …."""
    objects = [token for token in tree.find_dependents(verb, "dobj", "dative", "attr", "oprd") if token > verb]
    if not objects:
        return
    first = objects[0]
    for child in tree.find_dependents(verb, "xcomp"):
        if child > first:
            piece = TokenRange(tree.left[first], tree.right[child])
            yield Complement("object-xcomp", child, (_trim_end(tree, verb, piece),))
    last = tree.right[verb]
    for child in tree.children[verb]:
        if child > first and _is_circumstance(tree, child):
            last = min(last, tree.left[child] - 1)
    last = _find_end_before_participle(tree, first, last)
    if last > tree.right[first] or tree.find_dependent(verb, "oprd") is not None:
        yield Complement("rest", first, (_trim_end(tree, verb, TokenRange(tree.left[first], last)),))


def _is_circumstance(tree: Tree, token: int) -> bool:
    """Return whether a dependent of a verb is outside its object: a time, a reason, an occasion, or another verb."""
    dep = tree.dep[token]
    if dep == "advcl":
        return tree.tag[token] == "VBG" or tree.find_dependent(token, "mark", "advmod") is not None
    if dep == "prep":
        inner = tree.find_dependent(token, "pobj")
        return tree.word[token] in _TEMPORAL or (inner is not None and tree.word[inner] in _OCCASIONS)
    return dep in ("cc", "conj", "npadvmod")


def _find_end_before_participle(tree: Tree, first: int, last: int) -> int:
    """Return the end of a range before a participle clause of the writer: called it a …, citing …."""
    for token in range(first + 2, min(last, first + LONGEST)):
        if tree.tag[token] != "VBG" or tree.quote[token] != NO_QUOTE:
            continue
        if "," in tree.word[token - 2 : token] and tree.pos[token - 1] in ("PUNCT", "ADV"):
            return token - 1
    return last


def _find_clause_start(tree: Tree, clause: int) -> int:
    """Return the "that" of a clause, or its first word: words before "that" are the writer's."""
    start = tree.left[clause]
    that = tree.find_dependent(clause, "mark")
    return that if that is not None and that > start and tree.word[that] == "that" else start


def _cut_reporter(tree: Tree, clause: TokenRange) -> TokenRange:
    """Return a clause without the reporting clause at its end: it was over, the agency reported on Friday."""
    first, last = clause
    for token in range(last, max(first, last - _MAX_REPORTER), -1):
        if tree.lemma[token] not in lexicon.SAY or tree.tag[token] not in _FINITE or tree.quote[token] != NO_QUOTE:
            continue
        subject = tree.find_dependent(token, *_SUBJECT)
        comma = tree.left[subject] - 1 if subject is not None and subject < token else first
        is_last = all(tree.dep[child] in _CIRCUMSTANCES for child in tree.children[token] if child > token)
        return TokenRange(first, comma - 1) if comma > first and tree.word[comma] == "," and is_last else clause
    return clause


def _extend_over_conjuncts(tree: Tree, verb: int, last: int) -> int:
    """Return the end of a clause with those that continue it though the parse joins them to the verb: "and that …"."""
    for child in tree.find_dependents(verb, "conj", "ccomp", "advcl"):
        opening = tree.word[tree.left[child] : tree.left[child] + 2]
        if child > last and (tree.dep[child] == "ccomp" or "that" in opening or "because" in opening):
            last = max(last, tree.right[child])
    return last


def _extend_past_colon(tree: Tree, last: int) -> int:
    """Return the end of a clause that a colon continues; some parsers begin a new sentence after the colon."""
    if last + 2 >= len(tree.word) or ":" not in (tree.word[last], tree.word[last + 1]):
        return last
    end = tree.bounds[tree.sentence[min(last + 2, len(tree.word) - 1)]].last
    return end if end - last < LONGEST else last


def _trim_end(tree: Tree, verb: int, piece: TokenRange) -> TokenRange:
    """Return a piece of content without the writer's additions at its end."""
    first, last = piece
    token, end = _find_last_word(tree, first, last), last
    for _ in range(_MAX_DEPTH):
        start = tree.left[token]
        if start <= first or tree.head[token] >= token:
            break
        if tree.quote[token] == NO_QUOTE and _is_addition(tree, verb, token, start):
            end = _find_last_word(tree, first, start - 1)
        token = tree.head[token]
    return TokenRange(first, end)


def _find_last_word(tree: Tree, first: int, last: int) -> int:
    """Return the last token of a range that is neither punctuation nor a conjunction."""
    for token in range(last, max(first, last - _MAX_DEPTH), -1):
        if tree.pos[token] not in ("PUNCT", "SPACE") and tree.dep[token] != "cc":
            return token
    return first


def _is_addition(tree: Tree, verb: int, token: int, start: int) -> bool:
    """Return whether the subtree of `token`, which begins at `start`, is the writer's addition to a content."""
    dep = tree.dep[token]
    if dep == "relcl":  # ", who leads the polls"
        return tree.word[start - 1] in _ASIDE_MARKS and not _RELATIVES.isdisjoint(tree.word[start : start + 3])
    if dep == "conj":  # "and noted that …"
        is_bare = tree.find_dependent(token, *_SUBJECT, "aux") is None
        return is_bare and tree.lemma[token] in lexicon.SAY | lexicon.NAME and tree.tag[token] == tree.tag[verb]
    if dep == "advcl":  # ", adding that …"
        is_bare = tree.find_dependent(token, *_SUBJECT, "mark") is None
        return is_bare and tree.lemma[token] in lexicon.SAY and tree.tag[token] == "VBG"
    return False
