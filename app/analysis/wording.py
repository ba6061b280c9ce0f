"""Align two printings of one utterance word by word.

Words are compared without regard to case, width and the form of an apostrophe. In scripts without spaces each
character is a word, as is each symbol (``€``, ``%``). A difference in nothing but case, or in the characters between
words, is ``trivial``.

The alignment is anchored on the longest run of words that both texts share, which finds the place of an excerpt, and
follows a longest common subsequence on either side. A few words that agree by chance, far from all others that agree,
do not count.

Offsets are code points of the text they belong to, half-open.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby, pairwise, takewhile, zip_longest
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from app.core.spans import make_match_key
from app.core.vocab import WordEdit

MOST_WORDS, MOST_CHARS = 3_000, 20_000
"""Words and code points of the longest text that is compared."""

# Words agree by chance if the disagreeing text on either side of them is this many times as long.
_CHANCE_FACTOR = 5

# The places that are tried for a run that occurs more often.
_MOST_PLACES = 3

# Scripts without spaces: Thai and Lao, Burmese, Khmer, kana, ideographs.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Over character classes: letters and digits, with an apostrophe between letters, a point or comma between digits.
_WORD = re.compile(r"(?:[wd]|(?<=w)'(?=w)|(?<=d)\.(?=d))+|i")


class Word(NamedTuple):
    """The word ``text[start:end]``, and the key under which it is compared."""

    start: int
    end: int
    key: str


class Edit(NamedTuple):
    """A change of the base: ``base[base_start:base_end]`` reads ``other[start:end]``."""

    op: WordEdit
    trivial: bool
    base_start: int
    base_end: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Wording:
    """The edits that turn a base into another text, in order; they cover both texts entirely.

    ``likeness`` is Dice's coefficient of the words in common and all words of both texts that are not cut, 0 to 1.
    """

    edits: Sequence[Edit]
    likeness: float

    @property
    def left_out(self) -> Iterator[tuple[int, int]]:
        """The spans of the base that the other text lacks without a replacement."""
        removals = (WordEdit.CUT, WordEdit.DELETE)
        return ((edit.base_start, edit.base_end) for edit in self.edits if edit.op in removals and not edit.trivial)


def compare(base: str, other: str) -> Wording | None:
    """Align a text with the base; None if either is too long."""
    base_words, other_words = split_words(base), split_words(other)
    if base_words is None or other_words is None:
        return None
    blocks = _align([word.key for word in base_words], [word.key for word in other_words])
    base_side = _Side(base, base_words)
    edits = list(_merge(_EditBuilder(base_side, _Side(other, other_words)).list_edits(blocks)))
    cut = sum(len(base_side.list_words(edit.base_start, edit.base_end)) for edit in edits if edit.op is WordEdit.CUT)
    total = len(base_words) - cut + len(other_words)
    return Wording(edits, 2 * sum(block.size for block in blocks) / total if total else float(base == other))


def split_words(text: str) -> list[Word] | None:
    """Split a text into words; None if it is too long."""
    if len(text) > MOST_CHARS:
        return None
    words = []
    for match in _WORD.finditer("".join(map(_classify, text))):
        start, end = match.span()
        words.append(Word(start, end, _get_key(text[start:end])))
    return words if len(words) <= MOST_WORDS else None


@lru_cache(maxsize=4096)
def _classify(char: str) -> str:
    """Return the class of a character: letter, digit, word of its own, joiner of letters or of digits, or separator."""
    category = unicodedata.category(char)
    if category[0] in "LM":
        return "i" if _UNSPACED.match(char) else "w"
    if category[0] == "N":
        return "d"
    if category in ("Sc", "Sm", "So") or char in "%‰":
        return "i"
    return "'" if char in "'’" else "." if char in ".," else " "


@lru_cache(maxsize=4096)
def _get_key(word: str) -> str:
    return make_match_key(word).replace("’", "'")


class _Block(NamedTuple):
    """A run of ``size`` words that agree, from these places on."""

    base: int
    other: int
    size: int

    @property
    def base_end(self) -> int:
        return self.base + self.size

    @property
    def other_end(self) -> int:
        return self.other + self.size


def _align(base_keys: Sequence[str], other_keys: Sequence[str]) -> list[_Block]:
    """Return the runs of words in which two texts agree, in order."""
    # With one character a word, both texts are strings, which are compared and cut fastest.
    codes = {key: chr(place) for place, key in enumerate(dict.fromkeys((*base_keys, *other_keys)), start=1)}
    base, other = ("".join(codes[key] for key in keys) for keys in (base_keys, other_keys))
    anchor = _find_anchor(base, other, {codes[key]: len(key) for key in codes})
    if anchor is None:
        return []
    before = _match(base[: anchor.base], other[: anchor.other])
    after = _match(base[anchor.base_end :], other[anchor.other_end :])
    moved = [_Block(block.base + anchor.base_end, block.other + anchor.other_end, block.size) for block in after]
    return _remove_chance(_join_blocks([*before, anchor, *moved], base, other), base_keys, other_keys)


def _find_anchor(base: str, other: str, lengths: dict[str, int]) -> _Block | None:
    """Return the longest run of words in both; of several the one with the most letters, where most words agree."""
    shortest, longest = 0, min(len(base), len(other))
    while shortest < longest:  # a run of some length contains one of each lesser length
        size = (shortest + longest + 1) // 2
        if _list_runs(base, size).isdisjoint(_list_runs(other, size)):
            longest = size - 1
        else:
            shortest = size
    size = shortest
    if not size:
        return None
    runs = _list_runs(base, size) & _list_runs(other, size)
    run = max(runs, key=lambda run: (sum(lengths[code] for code in run), -base.index(run)))
    blocks = (_Block(i, j, size) for i in _find_places(base, run) for j in _find_places(other, run))
    return max(blocks, key=lambda block: _count_agreeing(base, other, block))


def _list_runs(codes: str, size: int) -> set[str]:
    return {codes[start : start + size] for start in range(len(codes) - size + 1)}


def _find_places(codes: str, run: str) -> list[int]:
    """Return the first places of a run."""
    places: list[int] = []
    start = codes.find(run)
    while start >= 0 and len(places) < _MOST_PLACES:
        places.append(start)
        start = codes.find(run, start + 1)
    return places


def _count_agreeing(base: str, other: str, block: _Block) -> int:
    """Count the words that agree before and after a block."""
    before = LCSseq.similarity(base[: block.base], other[: block.other])
    return int(before + LCSseq.similarity(base[block.base_end :], other[block.other_end :]))


def _match(base: str, other: str) -> list[_Block]:
    blocks = LCSseq.editops(base, other).as_matching_blocks()
    return [_Block(block.a, block.b, block.size) for block in blocks if block.size]


def _join_blocks(blocks: Iterable[_Block], base: str, other: str) -> list[_Block]:
    """Move each block next to the following one if the same words also precede that one."""
    joined: list[_Block] = []
    for block in blocks:
        while joined and _can_join(joined[-1], block, base, other):
            size = joined.pop().size
            block = _Block(block.base - size, block.other - size, block.size + size)
        joined.append(block)
    return joined


def _can_join(block: _Block, following: _Block, base: str, other: str) -> bool:
    """Return True if a block's words also precede the following one, with a gap between the two on one side only."""
    is_one_sided = block.base_end == following.base or block.other_end == following.other
    run = base[block.base : block.base_end]
    return is_one_sided and base.endswith(run, 0, following.base) and other.endswith(run, 0, following.other)


def _remove_chance(blocks: list[_Block], base_keys: Sequence[str], other_keys: Sequence[str]) -> list[_Block]:
    """Remove blocks that are short and far from all others, except for the longest; measured in letters."""
    base, other = ([0, *accumulate(map(len, keys))] for keys in (base_keys, other_keys))
    size = {block: base[block.base_end] - base[block.base] for block in blocks}
    longest = max(blocks, key=lambda block: size[block])
    while True:
        fenced = [_Block(0, 0, 0), *blocks, _Block(len(base_keys), len(other_keys), 0)]
        gaps = [
            max(base[right.base] - base[left.base_end], other[right.other] - other[left.other_end])
            for left, right in pairwise(fenced)
        ]
        nearest = zip(blocks, (min(pair) for pair in pairwise(gaps)), strict=True)
        near = [block for block, gap in nearest if block == longest or gap < _CHANCE_FACTOR * size[block]]
        if len(near) == len(blocks):
            return near
        blocks = near


class _Side:
    """A text with its words."""

    def __init__(self, text: str, words: Sequence[Word]) -> None:
        self.text = text
        self.words = words
        self._starts = [word.start for word in words]

    def list_words(self, start: int, end: int) -> Sequence[Word]:
        """Return the words within ``text[start:end]``."""
        return self.words[bisect_left(self._starts, start) : bisect_left(self._starts, end)]


class _EditBuilder:
    """Turns blocks of words that agree into edits, together with the text between them."""

    def __init__(self, base: _Side, other: _Side) -> None:
        self._base = base
        self._other = other

    def list_edits(self, blocks: Sequence[_Block]) -> Iterator[Edit]:
        """Yield the edits in order; neighbours may be of one kind."""
        pairs = [
            (self._base.words[block.base + place], self._other.words[block.other + place])
            for block in blocks
            for place in range(block.size)
        ]
        if not pairs:
            yield from self._edit_gap(0, len(self._base.text), 0, len(self._other.text))
            return
        yield from self._edit_beginning(*pairs[0])
        for (word, other), following in zip_longest(pairs, pairs[1:]):
            yield from self._edit(word.start, word.end, other.start, other.end)
            if following is not None:
                yield from self._edit_gap(word.end, following[0].start, other.end, following[1].start)
        yield from self._edit_end(*pairs[-1])

    def _edit_beginning(self, word: Word, other: Word) -> Iterator[Edit]:
        """Edit the text before the first words that agree: the part that is cut, then the part that is replaced."""
        dropped = self._base.list_words(0, word.start)
        other_count = len(self._other.list_words(0, other.start))
        cut_end = 0
        if dropped and not other_count:
            gap = self._base.text[dropped[-1].end : word.start]
            cut_end = word.start - _count_shared(reversed(gap), reversed(self._other.text[: other.start]))
        elif len(dropped) > _CHANCE_FACTOR * other_count:
            cut_end = dropped[-other_count].start
        if cut_end:
            yield Edit(WordEdit.CUT, False, 0, cut_end, 0, 0)
        yield from self._edit_gap(cut_end, word.start, 0, other.start)

    def _edit_end(self, word: Word, other: Word) -> Iterator[Edit]:
        """Edit the text after the last words that agree in the same way."""
        base_end, other_end = len(self._base.text), len(self._other.text)
        dropped = self._base.list_words(word.end, base_end)
        other_count = len(self._other.list_words(other.end, other_end))
        cut_start = base_end
        if dropped and not other_count:
            gap = self._base.text[word.end : dropped[0].start]
            cut_start = word.end + _count_shared(gap, self._other.text[other.end :])
        elif len(dropped) > _CHANCE_FACTOR * other_count:
            cut_start = dropped[other_count - 1].end
        yield from self._edit_gap(word.end, cut_start, other.end, other_end)
        if cut_start < base_end:
            yield Edit(WordEdit.CUT, False, cut_start, base_end, other_end, other_end)

    def _edit_gap(self, base_start: int, base_end: int, start: int, end: int) -> Iterator[Edit]:
        """Edit a stretch in which no words agree, without the characters that both sides begin or end with."""
        words, new = self._base.list_words(base_start, base_end), self._other.list_words(start, end)
        gap = self._base.text[base_start : words[0].start if words else base_end]
        shared = _count_shared(gap, self._other.text[start : new[0].start if new else end])
        yield from self._edit(base_start, base_start + shared, start, start + shared)
        base_start, start = base_start + shared, start + shared
        gap = self._base.text[words[-1].end if words else base_start : base_end]
        shared = _count_shared(reversed(gap), reversed(self._other.text[new[-1].end if new else start : end]))
        yield from self._replace(words, new, base_start, base_end - shared, start, end - shared)
        yield from self._edit(base_end - shared, base_end, end - shared, end)

    def _replace(
        self, words: Sequence[Word], new: Sequence[Word], base_start: int, base_end: int, start: int, end: int
    ) -> Iterator[Edit]:
        """Replace the words of the base, and the characters around them, by those of the other text."""
        if words and new:
            yield from self._edit(base_start, words[0].start, start, new[0].start)
            yield from self._edit(words[0].start, words[-1].end, new[0].start, new[-1].end, has_words=True)
            yield from self._edit(words[-1].end, base_end, new[-1].end, end)
        elif words:
            yield from self._edit(base_start, base_start, start, end)
            yield from self._edit(base_start, base_end, end, end, has_words=True)
        else:
            yield from self._edit(base_start, base_end, start, start if new else end)
            yield from self._edit(base_end, base_end, start if new else end, end, has_words=True)

    def _edit(self, base_start: int, base_end: int, start: int, end: int, *, has_words: bool = False) -> Iterator[Edit]:
        """Yield one edit, or none for two empty stretches; it is trivial unless it changes words."""
        base, other = self._base.text[base_start:base_end], self._other.text[start:end]
        if base == other:
            op = WordEdit.EQUAL
        elif not base:
            op = WordEdit.INSERT
        else:
            op = WordEdit.REPLACE if other else WordEdit.DELETE
        if base or other:
            yield Edit(op, op is not WordEdit.EQUAL and not has_words, base_start, base_end, start, end)


def _count_shared(chars: Iterable[str], other: Iterable[str]) -> int:
    """Count the characters that both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(chars, other, strict=False)))


def _merge(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Merge neighbours of one kind."""
    for (op, trivial), run in groupby(edits, key=lambda edit: (edit.op, edit.trivial)):
        first, *rest = run
        last = rest[-1] if rest else first
        yield Edit(op, trivial, first.base_start, last.base_end, first.start, last.end)
