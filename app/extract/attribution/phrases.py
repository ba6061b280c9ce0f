"""Find names and descriptions by the words beside a verb, where the parse is of no help."""

from app.extract.attribution.tree import AUXILIARY, NOMINAL, RELATIVE_PRONOUNS, TokenRange, Tree
from app.extract.mentions.nouns import DAYS, MONTHS

MAX_ASIDE = 40  # tokens between the source and the verb, between commas or in brackets
COMMAS = (",", "-", "--", "–", "—")
NAMES = ("NOUN", "PROPN", "PRON")
_CALENDAR = frozenset((*MONTHS, *DAYS))


def find_phrase_before(tree: Tree, verb: int) -> TokenRange | None:
    """Return the name or description that ends right before a verb; adverbs, brackets and appositions are skipped."""
    last = verb - 1
    while last > max(0, verb - 4) and (tree.pos[last] == "ADV" or tree.dep[last] in AUXILIARY):
        last -= 1
    if last < 0:
        return None
    if tree.word[last] in _CALENDAR:  # "the mayor on Friday said"
        last = max(0, last - 2 if tree.pos[last - 1] == "ADP" else last - 1)
    if tree.word[last] == ")":
        preceding = range(last, max(0, last - MAX_ASIDE), -1)
        last = next((token - 1 for token in preceding if tree.word[token] == "("), last)
    elif tree.word[last] in COMMAS:
        return _find_phrase_before_aside(tree, last)
    phrase = find_phrase_ending_at(tree, last)
    if last < verb - 1 and tree.text[tree.start[verb - 1]].isupper() and phrase is None:
        return TokenRange(verb - 1, verb - 1)
    return phrase


def _find_phrase_before_aside(tree: Tree, comma: int) -> TokenRange | None:
    """Return the phrase before an aside that ends with a comma or dash: "the mayor, a farmer herself, said"."""
    start = max(tree.bounds[tree.sentence[comma]].first, comma - MAX_ASIDE)
    for opening in range(comma - 1, start, -1):
        phrase = find_phrase_ending_at(tree, opening - 1) if tree.word[opening] == tree.word[comma] else None
        if phrase is None:
            continue
        # else the phrase is governed by the word before it
        if phrase.first == 0 or tree.pos[phrase.first - 1] in ("PUNCT", "CCONJ", "SCONJ", "ADV", "SPACE"):
            return phrase
    return None


def find_phrase_ending_at(tree: Tree, last: int) -> TokenRange | None:
    """Return the name or description that ends with a word."""
    first = last + 1
    while first > max(0, last - 8) and tree.pos[first - 1] in NOMINAL:
        first -= 1
    if first > last or tree.pos[last] not in NAMES or tree.word[last] in RELATIVE_PRONOUNS:
        return None
    return TokenRange(first, last)


def find_phrase_from(tree: Tree, first: int) -> TokenRange | None:
    """Return the name or description that begins with a token."""
    end = first
    while end < min(first + 8, len(tree.word)) and tree.pos[end] in NOMINAL:
        end += 1
    return TokenRange(first, end - 1) if end > first else None
