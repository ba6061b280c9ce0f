"""A parsed text as plain lists with one entry per token, and simple questions about its syntax.

The rules look at every token many times, and a list is read much faster than an attribute of the model's tokens.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from app.core.spans import Span
from app.extract.page import marks

if TYPE_CHECKING:
    from spacy.strings import StringStore
    from spacy.tokens import Doc

NO_QUOTE = -1  # the quote number of a token outside quotation marks
RELATIVE_PRONOUNS = ("who", "which", "that")
NOMINAL = ("PROPN", "NOUN", "ADJ", "DET", "NUM", "PRON", "PART")
AUXILIARY = ("aux", "auxpass", "neg", "prt")
_MAX_CHILDREN = 64
_NO_CHILDREN: list[int] = []  # shared by all tokens without children


class TokenRange(NamedTuple):
    """A run of tokens, the last one included."""

    first: int
    last: int


@dataclass(slots=True)
class Tree:
    """Tokens of a text with their syntax, numbered as in the model's document; offsets are those of the text."""

    text: str
    word: list[str]  # in lower case
    lemma: list[str]
    pos: list[str]
    tag: list[str]
    dep: list[str]
    head: list[int]
    start: list[int]
    end: list[int]
    left: list[int]  # the first token of the subtree
    right: list[int]  # the last token of the subtree
    sentence: list[int]  # the number of the sentence
    quotes: list[Span]  # between outermost quotation marks
    quote: list[int]  # the number of the quote around the token, or NO_QUOTE
    children: list[list[int]]
    bounds: list[TokenRange]  # the tokens of each sentence

    def find_tokens(self, span: Span) -> TokenRange | None:
        """Return the tokens that a span touches, or None if it touches none."""
        first, last = bisect_right(self.end, span.start), bisect_left(self.start, span.end) - 1
        return TokenRange(first, last) if first <= last else None

    def find_dependents(self, token: int, *deps: str) -> list[int]:
        """Return the children of a token that depend on it by one of these relations."""
        return [child for child in self.children[token] if self.dep[child] in deps]

    def find_dependent(self, token: int, *deps: str) -> int | None:
        """Return the first child of a token that depends on it by one of these relations."""
        return next((child for child in self.children[token] if self.dep[child] in deps), None)

    def get_subtree(self, token: int) -> TokenRange:
        """Return the tokens of a token's subtree, itself included."""
        return TokenRange(self.left[token], self.right[token])

    def get_span(self, tokens: TokenRange) -> Span:
        """Return the span of the text that the tokens cover."""
        return Span(self.start[tokens.first], self.end[tokens.last])


def build_tree(doc: "Doc", text: str) -> Tree:
    """Build the tree of a text from its parse."""
    # columns of the whole document: asking each token for each attribute takes twice as long
    columns = doc.to_array(["LEMMA", "POS", "TAG", "DEP", "HEAD", "LENGTH", "SPACY", "SENT_START"]).T
    names = _Names(doc.vocab.strings)
    lemma, pos, tag, dep = (list(map(names.__getitem__, column)) for column in columns[:4].tolist())
    distance, lengths, spaces, begins = columns[4:].astype("int64")
    ends = (lengths + spaces).cumsum() - spaces
    start, end = (ends - lengths).tolist(), ends.tolist()
    head = list(map(add, distance.tolist(), range(len(doc))))
    left, right = _find_edges(head)
    begins[:1] = 1
    firsts = (begins == 1).nonzero()[0].tolist()
    quotes = marks.find_quoted(text)
    return Tree(
        text=text,
        word=[text[first:last].lower().strip() for first, last in zip(start, end, strict=True)],
        lemma=list(map(str.lower, lemma)),
        pos=pos,
        tag=tag,
        dep=dep,
        head=head,
        start=start,
        end=end,
        left=left,
        right=right,
        sentence=((begins == 1).cumsum() - 1).tolist(),
        bounds=[TokenRange(first, next_first - 1) for first, next_first in pairwise([*firsts, len(head)])],
        quotes=quotes,
        quote=_number_quotes(quotes, start, end),
        children=_collect_children(head),
    )


class _Names(dict[int, str]):
    """Strings of a vocabulary by their hashes, each looked up once."""

    def __init__(self, strings: "StringStore") -> None:
        super().__init__()
        self._strings = strings

    def __missing__(self, key: int) -> str:
        self[key] = name = self._strings[key].strip() if key else ""
        return name


def _find_edges(heads: list[int]) -> tuple[list[int], list[int]]:
    """Return the first and the last token of each subtree."""
    # edges to the left are propagated from left to right, edges to the right from right to left
    left, right = list(range(len(heads))), list(range(len(heads)))
    for token, head in enumerate(heads):
        if left[token] < left[head]:
            left[head] = left[token]
    for token in range(len(heads) - 1, -1, -1):
        if right[token] > right[heads[token]]:
            right[heads[token]] = right[token]
    return left, right


def _collect_children(heads: list[int]) -> list[list[int]]:
    """Return at most `_MAX_CHILDREN` children of each token; only tokens of hostile texts have more."""
    children = [_NO_CHILDREN] * len(heads)
    for token, head in enumerate(heads):
        if head == token:
            continue
        if children[head] is _NO_CHILDREN:
            children[head] = [token]
        elif len(children[head]) < _MAX_CHILDREN:
            children[head].append(token)
    return children


def _number_quotes(quotes: list[Span], starts: list[int], ends: list[int]) -> list[int]:
    """Return for each token the number of the quote around it."""
    numbers = [NO_QUOTE] * len(starts)
    for number, quote in enumerate(quotes):
        first, last = bisect_left(starts, quote.start), bisect_right(ends, quote.end)
        numbers[first:last] = [number] * (last - first)
    return numbers


def cut_out(outer: TokenRange, inner: TokenRange) -> tuple[TokenRange, ...]:
    """Return the pieces of a range that remain when another is removed."""
    before = TokenRange(outer.first, min(outer.last, inner.first - 1))
    after = TokenRange(max(outer.first, inner.last + 1), outer.last)
    return tuple(piece for piece in (before, after) if piece.first <= piece.last)


def find_head(tree: Tree, phrase: TokenRange) -> int:
    """Return the head of a phrase."""
    first, last = phrase
    return next((token for token in range(first, last + 1) if not first <= tree.head[token] <= last), last)


def find_noun_phrase(tree: Tree, head: int) -> TokenRange:
    """Return the noun phrase around its head: with titles and modifiers, without relative clauses and appositions."""
    first, last = tree.left[head], tree.right[head]
    for child in tree.children[head]:
        if child < head and tree.word[child] in "])":
            first = child + 1
        elif child > head and (
            tree.dep[child] in ("relcl", "acl", "appos", "parataxis") or tree.word[child] in ",(-–—"
        ):
            last = min(last, tree.left[child] - 1)
        elif child < head and tree.dep[child] in ("relcl", "ccomp", "advcl"):
            first = max(first, tree.right[child] + 1)
    first, last = min(first, head), max(last, head)
    if tree.word[last] == "]":  # "[North Korean leader] Comrade Kim Jong Un": the name is outside
        end = last + 1
        while end < len(tree.word) and tree.pos[end] == "PROPN":
            end += 1
        return TokenRange(last + 1, end - 1) if end > last + 1 else TokenRange(first, last)
    return TokenRange(first, last)


def find_verb_group(tree: Tree, verb: int) -> TokenRange:
    """Return the verb with its auxiliaries, negation and particle."""
    first = last = verb
    for child in tree.find_dependents(verb, *AUXILIARY):
        first, last = min(first, child), max(last, child)
    if first < verb - 4:
        first = verb
    if last > verb + 1:
        last = verb
    return TokenRange(first, last)


def find_quoted_speaker(tree: Tree, verb: int) -> int | None:
    """Return the person that "as saying" belongs to: her, in "the agency quoted her as saying"."""
    as_ = tree.head[verb]
    if tree.word[verb] != "saying" or tree.word[as_] != "as" or tree.lemma[tree.head[as_]] not in ("quote", "cite"):
        return None
    return tree.find_dependent(tree.head[as_], "dobj")
