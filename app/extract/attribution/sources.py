"""Find the source of an attribution: by the syntax of the cue, or by the words beside it."""

from typing import NamedTuple

from app.extract.attribution import lexicon
from app.extract.attribution.phrases import (
    COMMAS,
    MAX_ASIDE,
    NAMES,
    find_phrase_before,
    find_phrase_ending_at,
    find_phrase_from,
)
from app.extract.attribution.tree import (
    AUXILIARY,
    NO_QUOTE,
    RELATIVE_PRONOUNS,
    TokenRange,
    Tree,
    find_head,
    find_noun_phrase,
    find_quoted_speaker,
)
from app.extract.mentions.nouns import words

SUBJECT = ("nsubj", "nsubjpass", "csubj", "expl")
OWNER_PREPOSITIONS = ("by", "from", "among")  # before the owner of a claim, plan or fear
_MAX_STEPS = 8  # verbs over which a subject may be inherited
_CAUSATIVES = words("lead leave force prompt cause allow drive enable require persuade compel")
_SENT_TEXTS = lexicon.MESSAGES | words(
    "ad advertisement op-ed editorial article story piece essay column video resolution"
)
_VERBAL = ("VERB", "AUX")
_FINITE = ("VBD", "VBZ", "VBP")
_POSSESSIVES = ("his", "her", "its", "their", "my", "our")
_BLANK = ("PUNCT", "SPACE")
_DASHES = frozenset("-–—") | {"--"}


class Subject(NamedTuple):
    """The head of a verb's subject, and whether the verb is passive."""

    head: int | None
    passive: bool


class NounOwner(NamedTuple):
    """The head of a noun's owner, and the verb whose subject that is, if any."""

    head: int | None
    verb: int | None


def find_subject(tree: Tree, verb: int) -> Subject:
    """Return the subject of a verb, its own or one inherited from a governing verb."""
    if (quoted := find_quoted_speaker(tree, verb)) is not None:
        return Subject(quoted, passive=False)
    governor = verb
    for _ in range(_MAX_STEPS):
        subject = _find_own_subject(tree, governor)
        if subject is not None and tree.quote[governor] in (NO_QUOTE, tree.quote[verb]) and subject != verb:
            if tree.word[subject] in RELATIVE_PRONOUNS and tree.dep[governor] == "relcl":
                return Subject(tree.head[governor], passive=False)
            is_own = governor == verb
            return Subject(subject, tree.dep[subject] == "nsubjpass" if is_own else _is_passive_participle(tree, verb))
        controller = _find_controller(tree, governor)
        if controller is not None:
            return Subject(controller, governor == verb and _is_reduced_passive(tree, verb))
        next_governor = _find_governor(tree, governor)
        if next_governor is None:
            return Subject(_find_topic(tree, verb), passive=False)
        governor = next_governor
    return Subject(None, passive=False)


def _find_topic(tree: Tree, verb: int) -> int | None:
    """Return the topic of a sentence if the parse gives the verb no subject: "The analysts, found …"."""
    clause = tree.find_dependent(verb, "ccomp")
    if (
        clause is not None
        and clause < verb
        and tree.quote[clause] == tree.quote[verb]
        and find_phrase_before(tree, verb) is None
    ):
        return tree.find_dependent(clause, *SUBJECT)
    if tree.tag[verb] not in ("VBG", "VBN", "VB"):
        return None
    root = verb
    for _ in range(_MAX_STEPS):
        root = tree.head[root]
    return root if tree.head[root] == root and tree.pos[root] in NAMES else None


def _find_own_subject(tree: Tree, verb: int) -> int | None:
    subjects = tree.find_dependents(verb, *SUBJECT)
    if not subjects:
        return None
    subject = max((token for token in subjects if token < verb), default=subjects[0])
    if tree.word[subject] not in RELATIVE_PRONOUNS or subject >= verb - 1:
        return subject
    # in "the rule, which many think is wrong", some parsers make "which" the subject of "think"
    nearer = find_phrase_ending_at(tree, verb - 1)
    return find_head(tree, nearer) if nearer is not None and nearer.first == subject + 1 else subject


def _is_passive_participle(tree: Tree, verb: int) -> bool:
    """Return whether a participle is passive and shares the subject of its clause: "Asked whether …, she said …"."""
    if tree.tag[verb] != "VBN" or tree.dep[verb] != "advcl" or tree.word[verb] in lexicon.ADJECTIVES:
        return False
    return tree.find_dependent(verb, *AUXILIARY) is None


def _is_reduced_passive(tree: Tree, verb: int) -> bool:
    """Return whether a participle is a passive relative clause: "a text read by …", not "The experts found that …"."""
    if tree.tag[verb] != "VBN" or tree.dep[verb] not in ("acl", "relcl"):
        return False
    noun = tree.head[verb]
    return tree.head[noun] != noun or tree.lemma[verb] in lexicon.URGE or tree.find_dependent(verb, "ccomp") is None


def _find_controller(tree: Tree, verb: int) -> int | None:
    """Return the noun that is the understood subject: a man saying …, her refusal to say …, led him to say …."""
    dep, head = tree.dep[verb], tree.head[verb]
    if dep in ("xcomp", "advcl") and tree.tag[verb] == "VB" and tree.lemma[head] in _CAUSATIVES:
        return tree.find_dependent(head, "dobj")
    if dep == "conj":  # "… will leave and the others have said": the parse joins the verbs alone
        nearer = find_phrase_before(tree, verb)
        if nearer and nearer.first > head and tree.pos[nearer.first - 1] == "CCONJ":
            return find_head(tree, nearer)
        return None
    if dep not in ("acl", "relcl"):
        return None
    if tree.tag[verb] == "VB":
        possessor = tree.find_dependent(head, "poss")
        is_subject = possessor is not None and tree.word[possessor] in _POSSESSIVES
        return None if is_subject and tree.dep[head] in ("dobj", "pobj") else possessor
    if tree.tag[verb] == "VBG" and (
        _follows_comma(tree, verb) or _is_sent_text(tree, head) or _is_addressee(tree, head, verb)
    ):
        return None
    return head


def _follows_comma(tree: Tree, token: int) -> bool:
    """Return whether a comma or dash stands before the subtree of a token."""
    first = tree.left[token]
    return first > 0 and tree.word[first - 1] in COMMAS


def _is_sent_text(tree: Tree, noun: int) -> bool:
    """Return whether a noun is a text that the subject of its verb sends: "sent a letter saying …"."""
    return tree.lemma[noun] in _SENT_TEXTS and tree.dep[noun] == "dobj"


def _is_addressee(tree: Tree, noun: int, verb: int) -> bool:
    """Return whether a noun is the addressee of a verb of saying: "emailed supporters saying …"."""
    if tree.lemma[verb] not in lexicon.SAY:
        return False
    head = tree.head[noun]
    return tree.lemma[head] in lexicon.SAY if tree.dep[noun] == "dobj" else tree.word[head] == "to"


def _find_governor(tree: Tree, verb: int) -> int | None:
    """Return the verb with which a verb without a subject shares its subject."""
    dep, head = tree.dep[verb], tree.head[verb]
    if dep == "ROOT" or dep in ("amod", "compound", "csubj"):
        return None
    if dep == "ccomp" and tree.tag[verb] not in ("VBG", "VB"):
        return None
    if dep == "pcomp" and head < verb - 1 and find_phrase_before(tree, verb) is not None:
        return None
    if _belongs_to_matrix_verb(tree, verb, head):
        return tree.head[head]
    for _ in range(_MAX_STEPS):
        if tree.pos[head] in _VERBAL or tree.find_dependent(head, *SUBJECT) is not None:
            return head
        head = tree.head[head]
    return None


def find_relative_pronoun(tree: Tree, verb: int, head: int | None) -> int | None:
    """Return the relative pronoun that stands for the source `head` in the clause of a verb: "Berg, who said …"."""
    clause = tree.find_dependent(head, "relcl") if head is not None else None
    if clause is None or not tree.left[clause] <= verb <= tree.right[clause]:
        return None
    subject = _find_own_subject(tree, clause)
    return subject if subject is not None and tree.word[subject] in RELATIVE_PRONOUNS else None


def _belongs_to_matrix_verb(tree: Tree, verb: int, head: int) -> bool:
    """Return whether a verb depends on a complement but continues its matrix verb: "said he left, adding that …"."""
    matrix = tree.head[head]
    if tree.dep[verb] not in ("advcl", "conj") or matrix > verb:
        return False
    if tree.dep[head] == "acl":  # denied the claim that he left, saying …
        return tree.tag[verb] == "VBG" and tree.lemma[verb] in lexicon.SAY and tree.lemma[matrix] in lexicon.NOUNS
    if tree.dep[head] != "ccomp" or tree.lemma[matrix] not in lexicon.SAY:
        return False
    return tree.lemma[verb] in lexicon.SAY or _agrees_with_matrix_verb(tree, verb, head, matrix)


def _agrees_with_matrix_verb(tree: Tree, verb: int, head: int, matrix: int) -> bool:
    """Return whether a verb goes with the matrix verb by its tense: "said he would stay and called it …".

    If all three verbs have the same tense, it does if the subject of the complement is a pronoun, since that usually
    means the subject of the matrix verb.
    """
    if tree.dep[verb] != "conj" or tree.tag[verb] != tree.tag[matrix] or tree.tag[verb] not in _FINITE:
        return False
    subject = tree.find_dependent(head, *SUBJECT)
    return tree.tag[head] != tree.tag[verb] or (subject is not None and tree.pos[subject] == "PRON")


def find_quotation_source(tree: Tree, verb: int) -> TokenRange | None:
    """Return the source of a quotation: the subject of its verb, or the agent if the verb is passive."""
    head, passive = find_subject(tree, verb)
    if not passive or _is_passive_participle(tree, verb):
        return find_source(tree, head, verb)
    agent = find_agent(tree, verb)
    return find_source(tree, agent, verb) if agent is not None else None


def find_implied_source(tree: Tree, content: tuple[TokenRange, ...]) -> TokenRange | None:
    """Return the source of a quotation without a verb: the name after it, or the subject of the words before it."""
    names = (_find_name_after(tree, piece.last) for piece in content)
    return next(filter(None, names), None) or _find_introducing_subject(tree, content[0].first)


def _find_name_after(tree: Tree, last: int) -> TokenRange | None:
    """Return the name right after a quotation that ends with a comma: "…," the mayor from the stairs."""
    comma = next((token for token in (last, last + 2) if tree.word[token : token + 1] == [","]), None)
    if comma is None:
        return None
    phrase = find_phrase_from(tree, last + 2 if comma == last else comma + 1)
    return phrase if phrase is not None and tree.pos[phrase.last] in NAMES else None


def _find_introducing_subject(tree: Tree, first: int) -> TokenRange | None:
    """Return the subject of the sentence before a quotation, or of the clause that a colon or comma joins to it."""
    preceding = range(first - 1, max(-1, first - 6), -1)
    last = next((token for token in preceding if tree.pos[token] not in _BLANK), None)
    if last is None or tree.quote[last] != NO_QUOTE:
        return None
    is_joined = not {":", *COMMAS}.isdisjoint(tree.word[last + 1 : first])
    for verb in range(last, max(tree.bounds[tree.sentence[last]].first, last - MAX_ASIDE) - 1, -1):
        if tree.pos[verb] not in _VERBAL or tree.quote[verb] != NO_QUOTE:
            continue
        if is_joined or tree.head[verb] == verb:
            head, passive = find_subject(tree, verb)
            if head is not None and not passive and tree.quote[head] == NO_QUOTE:
                return find_source(tree, head, verb)
    return None


def find_source(tree: Tree, head: int | None, verb: int, content: tuple[TokenRange, ...] = ()) -> TokenRange | None:
    """Return the noun phrase around `head`, or the words before the verb if there is no head or an impossible one."""
    phrase = find_noun_phrase(tree, head) if head is not None else None
    if phrase is None:
        return find_phrase_before(tree, verb)
    if _is_dateline(tree, phrase):
        dash = next((token for token in range(phrase.last + 1, verb) if tree.word[token] in _DASHES), verb)
        return find_phrase_from(tree, dash + 1) or phrase
    if phrase.first > verb and any(piece.first <= phrase.first <= piece.last for piece in content):
        return find_phrase_before(tree, verb) or phrase
    return phrase


def find_experiencer(tree: Tree, adjective: int) -> int | None:
    """Return the head of the person or group that an adjective such as confident, critical or unaware describes."""
    dep, head = tree.dep[adjective], tree.head[adjective]
    if dep == "oprd":
        return tree.find_dependent(head, "dobj") or find_subject(tree, head).head
    if dep in ("acomp", "attr"):
        return find_subject(tree, head).head if tree.pos[head] in _VERBAL else None
    if dep not in ("amod", "acl"):
        return None
    if adjective > head and (_follows_comma(tree, adjective) or _is_sent_text(tree, head)):
        verb = _find_governor(tree, head)
        return find_subject(tree, verb).head if verb is not None else head
    return head


def find_noun_owner(tree: Tree, noun: int) -> NounOwner:
    """Return the owner of a claim, plan or fear: his in "his claim", he in "he repeated the claim"."""
    verb, possessor = tree.head[noun], tree.find_dependent(noun, "poss")
    if possessor is not None and not _refers_to_subject(tree, possessor, verb):
        return NounOwner(possessor, None)
    prepositions = tree.find_dependents(noun, "prep")
    by = next((token for token in prepositions if tree.word[token] in OWNER_PREPOSITIONS), None)
    if by is not None:
        return NounOwner(tree.find_dependent(by, "pobj"), None)
    if tree.dep[noun] not in ("dobj", "pobj", "attr"):
        return NounOwner(None, None)
    for _ in range(_MAX_STEPS):
        if tree.pos[verb] in ("ADP", "ADV", "ADJ"):
            verb = tree.head[verb]
    if tree.pos[verb] not in _VERBAL:
        return NounOwner(None, None)
    head, passive = find_subject(tree, verb)
    return NounOwner(None if passive else head, verb)


def _refers_to_subject(tree: Tree, pronoun: int, verb: int) -> bool:
    """Return whether a possessive in an object means the subject: "he made his claim", not "they mock her claim"."""
    if (
        tree.word[pronoun] not in _POSSESSIVES
        or tree.dep[tree.head[pronoun]] != "dobj"
        or tree.lemma[verb] in lexicon.JUDGE
    ):
        return False
    head, passive = find_subject(tree, verb)
    if head is None or passive:
        return False
    is_plural = tree.tag[head] in ("NNS", "NNPS") or tree.find_dependent(head, "cc") is not None
    return is_plural == (tree.word[pronoun] == "their")


def find_agent(tree: Tree, verb: int) -> int | None:
    """Return the head of a passive verb's agent: "was asked by …"."""
    by = tree.find_dependent(verb, "agent")
    return tree.find_dependent(by, "pobj") if by is not None else None


def _is_dateline(tree: Tree, phrase: TokenRange) -> bool:
    """Return whether a phrase is the dateline of an agency report: LONDON (Reuters) - …."""
    first = phrase.first
    start = tree.start[first]
    if start and tree.text[start - 1] != "\n":
        return False
    following = range(first + 1, min(first + 14, len(tree.word)))
    dash = next((token for token in following if tree.word[token] in _DASHES), None)
    if dash is None:
        return False
    name = tree.text[start : tree.end[phrase.last]]
    return (len(name) > 3 and name.isupper()) or tree.word[dash - 1] == ")"
