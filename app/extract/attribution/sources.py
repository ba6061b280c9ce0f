"""Who speaks: the phrase that a word of attribution is owed to, by its syntax or by the words beside it."""

from app.extract.attribution import lexicon
from app.extract.attribution.syntax import AUXILIARY, NOMINAL, RELATIVE, find_head, noun_phrase, quoted_by_other
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree
from app.extract.mentions.nouns import DAYS, MONTHS, words

SUBJECT = ("nsubj", "nsubjpass", "csubj", "expl")
_CLIMB = 8  # verbs that a subject may be inherited over
_CAUSES = words("lead leave force prompt cause allow drive enable require persuade compel")
_MADE = lexicon.MESSAGES | words("ad advertisement op-ed editorial article story piece essay column video resolution")
_NAMES = ("NOUN", "PROPN", "PRON")
_VERBAL = ("VERB", "AUX")
_FINITE = ("VBD", "VBZ", "VBP")
OWNERS = ("by", "from", "among")  # who has a claim, plan or fear follows these
_OWN = ("his", "her", "its", "their", "my", "our")
_CALENDAR = frozenset((*MONTHS, *DAYS))
_BLANK = ("PUNCT", "SPACE")
_ASIDE = 40  # tokens between who speaks and the verb, in commas or brackets
_COMMAS = (",", "-", "--", "–", "—")
_DASHES = frozenset("-–—") | {"--"}


def subject(tree: Tree, verb: int) -> tuple[int | None, bool]:
    """Return the head of a verb's subject, its own or inherited, and whether the verb it belongs to is passive."""
    own = verb
    if (quoted := quoted_by_other(tree, verb)) is not None:
        return quoted, False
    for _ in range(_CLIMB):
        found = _own_subject(tree, verb)
        if found is not None and tree.quote[verb] in (NO_QUOTE, tree.quote[own]) and found != own:
            if tree.word[found] in RELATIVE and tree.dep[verb] == "relcl":
                return tree.head[verb], False
            passive = tree.dep[found] == "nsubjpass" if verb == own else _is_participle(tree, own)
            return found, passive
        held = _holder(tree, verb)
        if held is not None:
            return held, verb == own and _is_reduced(tree, verb)
        above = _governor(tree, verb)
        if above is None:
            return _beginning(tree, own), False
        verb = above
    return None, False


def _beginning(tree: Tree, verb: int) -> int | None:
    """Who it was about so far: the analysts, found …; the mayor gave a speech, then said …."""
    clause = tree.find_dependent(verb, "ccomp")
    if clause is not None and clause < verb and tree.quote[clause] == tree.quote[verb] and beside(tree, verb) is None:
        return tree.find_dependent(clause, *SUBJECT)
    if tree.tag[verb] not in ("VBG", "VBN", "VB"):
        return None
    top = verb
    for _ in range(_CLIMB):
        top = tree.head[top]
    return top if tree.head[top] == top and tree.pos[top] in _NAMES else None


def _own_subject(tree: Tree, verb: int) -> int | None:
    kids = tree.find_dependents(verb, *SUBJECT)
    if not kids:
        return None
    found = max((kid for kid in kids if kid < verb), default=kids[0])
    if tree.word[found] not in RELATIVE or found >= verb - 1:
        return found
    nearer = _ending(tree, verb - 1)  # "the rule, which many think is wrong": some parsers have it that the rule thinks
    return find_head(tree, nearer) if nearer is not None and nearer[0] == found + 1 else found


def _is_participle(tree: Tree, verb: int) -> bool:
    """Tell whether a participle says what was done to the subject of the clause: asked whether …, she said …."""
    if tree.tag[verb] != "VBN" or tree.dep[verb] != "advcl" or tree.word[verb] in lexicon.ADJECTIVES:
        return False
    return tree.find_dependent(verb, *AUXILIARY) is None


def _is_reduced(tree: Tree, verb: int) -> bool:
    """Tell whether a participle says what was done to its noun: a text read by …, but not: The experts found that …."""
    if tree.tag[verb] != "VBN" or tree.dep[verb] not in ("acl", "relcl"):
        return False
    noun = tree.head[verb]
    return tree.head[noun] != noun or tree.lemma[verb] in lexicon.URGE or tree.find_dependent(verb, "ccomp") is None


def _holder(tree: Tree, verb: int) -> int | None:
    """The noun that does what a verb without a subject says: a man saying …, her refusal to say …, led him to say …."""
    dep, head = tree.dep[verb], tree.head[verb]
    if dep in ("xcomp", "advcl") and tree.tag[verb] == "VB" and tree.lemma[head] in _CAUSES:
        return tree.find_dependent(head, "dobj")
    if dep == "conj":  # "… will leave and the others have said": the parse joins the verbs alone
        near = beside(tree, verb)
        return find_head(tree, near) if near and near[0] > head and tree.pos[near[0] - 1] == "CCONJ" else None
    if dep not in ("acl", "relcl"):
        return None
    if tree.tag[verb] == "VB":
        holder = tree.find_dependent(head, "poss")
        is_subject = holder is not None and tree.word[holder] in _OWN and tree.dep[head] in ("dobj", "pobj")
        return None if is_subject else holder
    if tree.tag[verb] == "VBG" and (_after_comma(tree, verb) or _is_made(tree, head) or _is_told(tree, head, verb)):
        return None
    return head


def _after_comma(tree: Tree, verb: int) -> bool:
    first = tree.left[verb]
    return first > 0 and tree.word[first - 1] in _COMMAS


def _is_made(tree: Tree, noun: int) -> bool:
    """Tell whether a noun is words that the subject of its verb sends: sent a letter saying …."""
    return tree.lemma[noun] in _MADE and tree.dep[noun] == "dobj"


def _is_told(tree: Tree, noun: int, verb: int) -> bool:
    """Tell whether a noun is to whom a verb says something: emailed supporters saying …."""
    if tree.lemma[verb] not in lexicon.SAY:
        return False
    above = tree.head[noun]
    return tree.lemma[above] in lexicon.SAY if tree.dep[noun] == "dobj" else tree.word[above] == "to"


def _governor(tree: Tree, verb: int) -> int | None:
    """The verb that a verb without a subject hangs on, and shares its subject with."""
    dep, above = tree.dep[verb], tree.head[verb]
    if dep == "ROOT" or dep in ("amod", "compound", "csubj"):
        return None
    if dep == "ccomp" and tree.tag[verb] not in ("VBG", "VB"):
        return None
    if dep == "pcomp" and above < verb - 1 and beside(tree, verb) is not None:
        return None
    if _goes_on(tree, verb, above):
        return tree.head[above]
    for _ in range(_CLIMB):
        if tree.pos[above] in _VERBAL or tree.find_dependent(above, *SUBJECT) is not None:
            return above
        above = tree.head[above]
    return None


def relative(tree: Tree, verb: int, head: int | None) -> int | None:
    """The relative pronoun that stands for who a verb's subject is: Berg, who said …."""
    clause = tree.find_dependent(head, "relcl") if head is not None else None
    if clause is None or not tree.left[clause] <= verb <= tree.right[clause]:
        return None
    found = _own_subject(tree, clause)
    return found if found is not None and tree.word[found] in RELATIVE else None


def _goes_on(tree: Tree, verb: int, head: int) -> bool:
    """Tell whether a verb hangs on what was said, but belongs to who said it: said he left, adding that …."""
    outer = tree.head[head]
    if tree.dep[verb] not in ("advcl", "conj") or outer > verb:
        return False
    if tree.dep[head] == "acl":  # denied the claim that he left, saying …
        return tree.tag[verb] == "VBG" and tree.lemma[verb] in lexicon.SAY and tree.lemma[outer] in lexicon.NOUNS
    if tree.dep[head] != "ccomp" or tree.lemma[outer] not in lexicon.SAY:
        return False
    return tree.lemma[verb] in lexicon.SAY or _in_step(tree, verb, head, outer)


def _in_step(tree: Tree, verb: int, head: int, outer: int) -> bool:
    """Tell whether a verb goes with the outer of two by its tense: said he would stay and called it ….

    Where all three have the same tense, it does if the inner subject is a pronoun, which means the outer one anyway.
    """
    if tree.dep[verb] != "conj" or tree.tag[verb] != tree.tag[outer] or tree.tag[verb] not in _FINITE:
        return False
    inner = tree.find_dependent(head, *SUBJECT)
    return tree.tag[head] != tree.tag[verb] or (inner is not None and tree.pos[inner] == "PRON")


def speaker(tree: Tree, verb: int) -> TokenRange | None:
    """Return who says what is in marks: the subject of its verb, or the agent where that is passive."""
    head, passive = subject(tree, verb)
    if not passive or _is_participle(tree, verb):
        return voice(tree, head, verb)
    agent = agent_of(tree, verb)
    return voice(tree, agent, verb) if agent is not None else None


def implied(tree: Tree, content: tuple[TokenRange, ...]) -> TokenRange | None:
    """Who says a quotation that no verb attributes: the name that follows it, or whom the words before it are about."""
    following = (_follows(tree, last) for _, last in content)
    return next(filter(None, following), None) or _introduced(tree, content[0][0])


def _follows(tree: Tree, last: int) -> TokenRange | None:
    """The name right after a quotation that ends with a comma: "…," the mayor from the stairs."""
    comma = next((each for each in (last, last + 2) if tree.word[each : each + 1] == [","]), None)
    if comma is None:
        return None
    named = nominals(tree, last + 2 if comma == last else comma + 1)
    return named if named is not None and tree.pos[named[1]] in _NAMES else None


def _introduced(tree: Tree, first: int) -> TokenRange | None:
    """Whom the clause is about that a colon or a comma joins to a quotation, or the sentence that a full stop ends."""
    last = next((each for each in range(first - 1, max(-1, first - 6), -1) if tree.pos[each] not in _BLANK), None)
    if last is None or tree.quote[last] != NO_QUOTE:
        return None
    joined = {":", *_COMMAS} & {*tree.word[last + 1 : first]}
    for verb in range(last, max(tree.bounds[tree.sentence[last]][0], last - _ASIDE) - 1, -1):
        if tree.pos[verb] not in _VERBAL or tree.quote[verb] != NO_QUOTE:
            continue
        if joined or tree.head[verb] == verb:
            head, passive = subject(tree, verb)
            if head is not None and not passive and tree.quote[head] == NO_QUOTE:
                return voice(tree, head, verb)
    return None


def voice(tree: Tree, head: int | None, verb: int, content: tuple[TokenRange, ...] = ()) -> TokenRange | None:
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


def beside(tree: Tree, verb: int) -> TokenRange | None:
    """The name or description that ends right before a verb, but for adverbs, a parenthesis and an apposition."""
    last = verb - 1
    while last > max(0, verb - 4) and (tree.pos[last] == "ADV" or tree.dep[last] in AUXILIARY):
        last -= 1
    if last < 0:
        return None
    if tree.word[last] in _CALENDAR:  # "the mayor on Friday said"
        last = max(0, last - 2 if tree.pos[last - 1] == "ADP" else last - 1)
    if tree.word[last] == ")":
        last = next((each - 1 for each in range(last, max(0, last - _ASIDE), -1) if tree.word[each] == "("), last)
    elif tree.word[last] in _COMMAS:
        return _before_aside(tree, last)
    if last < verb - 1 and tree.text[tree.start[verb - 1]].isupper() and _ending(tree, last) is None:
        return verb - 1, verb - 1
    return _ending(tree, last)


def _ending(tree: Tree, last: int) -> TokenRange | None:
    """The name or description that ends with a word."""
    first = last + 1
    while first > max(0, last - 8) and tree.pos[first - 1] in NOMINAL:
        first -= 1
    if first > last or tree.pos[last] not in _NAMES or tree.word[last] in RELATIVE:
        return None
    return first, last


def _before_aside(tree: Tree, last: int) -> TokenRange | None:
    """The name or description before what stands between two commas or dashes: the mayor, a farmer herself, said …."""
    start = max(tree.bounds[tree.sentence[last]][0], last - _ASIDE)
    for each in range(last - 1, start, -1):
        if tree.word[each] == tree.word[last] and (found := _ending(tree, each - 1)) and _begins(tree, found[0]):
            return found
    return None


def _begins(tree: Tree, first: int) -> bool:
    """Tell whether a phrase is governed by no word before it."""
    return first == 0 or tree.pos[first - 1] in ("PUNCT", "CCONJ", "SCONJ", "ADV", "SPACE")


def nominals(tree: Tree, first: int) -> TokenRange | None:
    """The words of a name or a description from here on."""
    last = first
    while last < min(first + 8, len(tree.word)) and tree.pos[last] in NOMINAL:
        last += 1
    return (first, last - 1) if last > first else None


def bearer(tree: Tree, adjective: int) -> int | None:
    """Return who is confident, critical or unaware."""
    dep, above = tree.dep[adjective], tree.head[adjective]
    if dep == "oprd":
        return tree.find_dependent(above, "dobj") or subject(tree, above)[0]
    if dep in ("acomp", "attr"):
        return subject(tree, above)[0] if tree.pos[above] in _VERBAL else None
    if dep not in ("amod", "acl"):
        return None
    if adjective > above and (_after_comma(tree, adjective) or _is_made(tree, above)):
        verb = _governor(tree, above)
        return subject(tree, verb)[0] if verb is not None else above
    return above


def owner(tree: Tree, noun: int) -> tuple[int | None, int | None]:
    """Return whose claim, plan or fear a noun is; the verb, too, whose subject that is: he repeated his claim."""
    verb, holder = tree.head[noun], tree.find_dependent(noun, "poss")
    if holder is not None and not _is_own(tree, holder, verb):
        return holder, None
    by = next((kid for kid in tree.find_dependents(noun, "prep") if tree.word[kid] in OWNERS), None)
    if by is not None:
        return tree.find_dependent(by, "pobj"), None
    if tree.dep[noun] not in ("dobj", "pobj", "attr"):
        return None, None
    for _ in range(_CLIMB):
        if tree.pos[verb] in ("ADP", "ADV", "ADJ"):
            verb = tree.head[verb]
    if tree.pos[verb] not in _VERBAL:
        return None, None
    head, passive = subject(tree, verb)
    return None if passive else head, verb


def _is_own(tree: Tree, holder: int, verb: int) -> bool:
    """Tell whether a pronoun before a verb's object means its subject: he made his claim, not: they mock her claim."""
    if tree.word[holder] not in _OWN or tree.dep[tree.head[holder]] != "dobj" or tree.lemma[verb] in lexicon.JUDGE:
        return False
    head, passive = subject(tree, verb)
    several = head is not None and (tree.tag[head] in ("NNS", "NNPS") or tree.find_dependent(head, "cc") is not None)
    return head is not None and not passive and several == (tree.word[holder] == "their")


def agent_of(tree: Tree, verb: int) -> int | None:
    """The head of who did what a passive verb says: was asked by …."""
    by = tree.find_dependent(verb, "agent")
    return tree.find_dependent(by, "pobj") if by is not None else None


def _is_dateline(tree: Tree, found: TokenRange) -> bool:
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
    name = tree.text[start : tree.end[found[1]]]
    return (len(name) > 3 and name.isupper()) or tree.word[dash - 1] == ")"
