"""A parsed text as plain lists, one entry a token: what the rules look at thousands of times is looked up once."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.extract.page import marks

if TYPE_CHECKING:
    from spacy.strings import StringStore
    from spacy.tokens import Doc

NO_QUOTE = -1
_MOST_CHILDREN = 64
_LEAF: list[int] = []  # the children of all tokens that have none
TokenRange = tuple[int, int]  # first and last token, both included


@dataclass(slots=True)
class Tree:
    """Tokens of a text with their syntax; indices are those of the model's document, offsets those of the text."""

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
    quotes: list[Span]  # between outermost marks
    quote: list[int]  # which of the quotes the token stands in, or NO_QUOTE
    children: list[list[int]]
    bounds: list[tuple[int, int]]  # first and last token of each sentence

    def find_tokens(self, span: Span) -> TokenRange | None:
        """Return the tokens that a span touches; None where it touches none."""
        first, last = bisect_right(self.end, span.start), bisect_left(self.start, span.end) - 1
        return (first, last) if first <= last else None

    def find_dependents(self, token: int, *deps: str) -> list[int]:
        """Return the children of a token that hang on it by one of these relations."""
        return [child for child in self.children[token] if self.dep[child] in deps]

    def find_dependent(self, token: int, *deps: str) -> int | None:
        """Return the first child of a token that hangs on it by one of these relations."""
        return next((child for child in self.children[token] if self.dep[child] in deps), None)


def build_tree(doc: "Doc", text: str) -> Tree:
    """Lay out the parse of a text."""
    # columns of the whole document: asking each token for each attribute takes twice as long
    columns = doc.to_array(["LEMMA", "POS", "TAG", "DEP", "HEAD", "LENGTH", "SPACY", "SENT_START"]).T
    names = _Names(doc.vocab.strings)
    lemma, pos, tag, dep = (list(map(names.__getitem__, column)) for column in columns[:4].tolist())
    distance, lengths, spaces, begins = columns[4:].astype("int64")
    ends = (lengths + spaces).cumsum() - spaces
    start, end = (ends - lengths).tolist(), ends.tolist()
    head = list(map(add, distance.tolist(), range(len(doc))))
    left, right = _edges(head)
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
        bounds=[(first, following - 1) for first, following in pairwise([*firsts, len(head)])],
        quotes=quotes,
        quote=_places(quotes, start, end),
        children=_children(head),
    )


class _Names(dict[int, str]):
    """What the hashes of a vocabulary stand for, looked up once each."""

    def __init__(self, strings: "StringStore") -> None:
        super().__init__()
        self._strings = strings

    def __missing__(self, key: int) -> str:
        self[key] = name = self._strings[key].strip() if key else ""
        return name


def _edges(heads: list[int]) -> tuple[list[int], list[int]]:
    """The first and the last token of each subtree: what hangs on a word before it is known before it, and so on."""
    left, right = list(range(len(heads))), list(range(len(heads)))
    for token, head in enumerate(heads):
        if left[token] < left[head]:
            left[head] = left[token]
    for token in range(len(heads) - 1, -1, -1):
        if right[token] > right[heads[token]]:
            right[heads[token]] = right[token]
    return left, right


def _children(heads: list[int]) -> list[list[int]]:
    """The children of each token, the first `_MOST_CHILDREN`: no word of a language has more, hostile texts do."""
    children = [_LEAF] * len(heads)
    for token, head in enumerate(heads):
        if head == token:
            continue
        if children[head] is _LEAF:
            children[head] = [token]
        elif len(children[head]) < _MOST_CHILDREN:
            children[head].append(token)
    return children


def _places(quotes: list[Span], starts: list[int], ends: list[int]) -> list[int]:
    """For each token, the number of the quote it stands in."""
    places = [NO_QUOTE] * len(starts)
    for number, quote in enumerate(quotes):
        first, last = bisect_left(starts, quote.start), bisect_right(ends, quote.end)
        places[first:last] = [number] * (last - first)
    return places
