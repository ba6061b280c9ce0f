"""Printings of one utterance side by side: how a text reads against another, word by word.

Words are compared without regard to case, width and the form of an apostrophe; of what is written without spaces each
sign is a word, as is each symbol (``€``, ``%``). Where nothing but case differs, or what stands between the words, the
difference is ``trivial``.

Words are aligned on the longest run that both texts have, which finds the place of an excerpt, and on either side of
it along a longest common subsequence. A few that agree by chance, far from all others that do, do not count.

Offsets are code points of the text in hand, half-open.
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

from app.core.spans import match_key
from app.core.vocab import WordEdit

MOST_WORDS, MOST_CHARS = 3_000, 20_000
"""Words and code points of the longest text that is compared."""

# Words that agree do so by chance where on either side of them stands so many times as much that does not.
_FAR = 5

# Of a run that occurs more often, the places that are tried.
_PLACES = 3

# Written without spaces: Thai and Lao, Burmese, Khmer, kana, ideographs.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Over the kinds of signs: letters and digits, with an apostrophe between letters, a point or comma between digits.
_WORD = re.compile(r"(?:[wd]|(?<=w)'(?=w)|(?<=d)\.(?=d))+|i")


class Word(NamedTuple):
    """``text[start:end]``, and the key under which it is compared."""

    start: int
    end: int
    key: str


class Edit(NamedTuple):
    """What became of a stretch of the base: ``base[base_start:base_end]`` reads ``other[start:end]``."""

    op: WordEdit
    trivial: bool
    base_start: int
    base_end: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Wording:
    """How a text reads against a base: edits in order, which on either side make up the whole text.

    ``likeness`` is the share of words that agree in those of both texts that are not cut (Dice's coefficient), 0 to 1.
    """

    edits: Sequence[Edit]
    likeness: float

    @property
    def left_out(self) -> Iterator[tuple[int, int]]:
        """The stretches of the base that the text lacks, and has nothing else for."""
        gone = (WordEdit.CUT, WordEdit.DELETE)
        return ((edit.base_start, edit.base_end) for edit in self.edits if edit.op in gone and not edit.trivial)


def compare(base: str, other: str) -> Wording | None:
    """Align a text with the base; None where either is too long for that."""
    ours, theirs = words(base), words(other)
    if ours is None or theirs is None:
        return None
    blocks = _aligned([word.key for word in ours], [word.key for word in theirs])
    side = _Side(base, ours)
    edits = list(_merged(_Writer(side, _Side(other, theirs)).edits(blocks)))
    cut = sum(len(side.within(edit.base_start, edit.base_end)) for edit in edits if edit.op is WordEdit.CUT)
    of = len(ours) - cut + len(theirs)
    return Wording(edits, 2 * sum(block.size for block in blocks) / of if of else float(base == other))


def words(text: str) -> list[Word] | None:
    """The words of a text in order; None where it is too long."""
    if len(text) > MOST_CHARS:
        return None
    found = _WORD.finditer("".join(map(_kind, text)))
    cut = [Word(match.start(), match.end(), _key(text[match.start() : match.end()])) for match in found]
    return cut if len(cut) <= MOST_WORDS else None


@lru_cache(maxsize=4096)
def _kind(sign: str) -> str:
    """What a sign is to words: letter, digit, word of its own, what joins letters or digits, or none of these."""
    category = unicodedata.category(sign)
    if category[0] in "LM":
        return "i" if _UNSPACED.match(sign) else "w"
    if category[0] == "N":
        return "d"
    if category in ("Sc", "Sm", "So") or sign in "%‰":
        return "i"
    return "'" if sign in "'’" else "." if sign in ".," else " "


@lru_cache(maxsize=4096)
def _key(word: str) -> str:
    return match_key(word).replace("’", "'")


class _Block(NamedTuple):
    """So many words from these places on agree."""

    base: int
    other: int
    size: int

    @property
    def base_end(self) -> int:
        return self.base + self.size

    @property
    def other_end(self) -> int:
        return self.other + self.size


def _aligned(ours: Sequence[str], theirs: Sequence[str]) -> list[_Block]:
    """The runs of words in which two texts agree, in order."""
    # As one sign a word, both are strings, which is what is compared and cut fastest.
    signs = {key: chr(place) for place, key in enumerate(dict.fromkeys((*ours, *theirs)), start=1)}
    base, other = ("".join(signs[key] for key in keys) for keys in (ours, theirs))
    anchor = _longest_run(base, other, {signs[key]: len(key) for key in signs})
    if anchor is None:
        return []
    before = _common(base[: anchor.base], other[: anchor.other])
    after = _common(base[anchor.base_end :], other[anchor.other_end :])
    moved = [_Block(block.base + anchor.base_end, block.other + anchor.other_end, block.size) for block in after]
    return _without_chance(_drawn_together([*before, anchor, *moved], base, other), ours, theirs)


def _longest_run(base: str, other: str, letters: dict[str, int]) -> _Block | None:
    """The longest run of words in both, of several that with the most letters, where the rest agrees best."""
    shortest, longest = 0, min(len(base), len(other))
    while shortest < longest:  # a run of some length has within it one of each lesser length
        size = (shortest + longest + 1) // 2
        if _runs(base, size).isdisjoint(_runs(other, size)):
            longest = size - 1
        else:
            shortest = size
    if not shortest:
        return None
    runs = _runs(base, shortest) & _runs(other, shortest)
    run = max(runs, key=lambda run: (sum(letters[sign] for sign in run), -base.index(run)))
    places = ((i, j) for i in _places(base, run) for j in _places(other, run))
    return _Block(*max(places, key=lambda at: _agreeing(base, other, at[0], at[1], shortest)), shortest)


def _runs(signs: str, size: int) -> set[str]:
    return {signs[start : start + size] for start in range(len(signs) - size + 1)}


def _places(signs: str, run: str) -> list[int]:
    """Where a run stands: the first places."""
    places: list[int] = []
    start = signs.find(run)
    while start >= 0 and len(places) < _PLACES:
        places.append(start)
        start = signs.find(run, start + 1)
    return places


def _agreeing(base: str, other: str, i: int, j: int, size: int) -> int:
    """How many words agree before and after a run that stands in these places."""
    before = LCSseq.similarity(base[:i], other[:j])
    return int(before + LCSseq.similarity(base[i + size :], other[j + size :]))


def _common(base: str, other: str) -> list[_Block]:
    blocks = LCSseq.editops(base, other).as_matching_blocks()
    return [_Block(block.a, block.b, block.size) for block in blocks if block.size]


def _drawn_together(blocks: Iterable[_Block], base: str, other: str) -> list[_Block]:
    """The same words in fewer runs: where a run might as well stand right before the next one, there it does."""
    drawn: list[_Block] = []
    for block in blocks:
        while drawn and _reaches(drawn[-1], block, base, other):
            size = drawn.pop().size
            block = _Block(block.base - size, block.other - size, block.size + size)
        drawn.append(block)
    return drawn


def _reaches(block: _Block, then: _Block, base: str, other: str) -> bool:
    """The words of a block also stand right before the next one, with nothing else on one side in between."""
    one_sided = block.base_end == then.base or block.other_end == then.other
    run = base[block.base : block.base_end]
    return one_sided and base.endswith(run, 0, then.base) and other.endswith(run, 0, then.other)


def _without_chance(blocks: list[_Block], ours: Sequence[str], theirs: Sequence[str]) -> list[_Block]:
    """Without those that are short, far from all the rest, and not the longest; measured in letters."""
    base, other = ([0, *accumulate(map(len, keys))] for keys in (ours, theirs))
    size = {block: base[block.base_end] - base[block.base] for block in blocks}
    longest = max(blocks, key=lambda block: size[block])
    while True:
        fenced = [_Block(0, 0, 0), *blocks, _Block(len(ours), len(theirs), 0)]
        gaps = [
            max(base[then.base] - base[block.base_end], other[then.other] - other[block.other_end])
            for block, then in pairwise(fenced)
        ]
        near = [min(around) for around in pairwise(gaps)]
        kept = [block for block, gap in zip(blocks, near, strict=True) if block == longest or gap < _FAR * size[block]]
        if len(kept) == len(blocks):
            return kept
        blocks = kept


class _Side:
    """A text with its words, of which some agree with the other side's."""

    def __init__(self, text: str, cut: Sequence[Word]) -> None:
        self.text = text
        self.words = cut
        self._starts = [word.start for word in cut]

    def within(self, start: int, end: int) -> Sequence[Word]:
        """The words that stand in a stretch of the text."""
        return self.words[bisect_left(self._starts, start) : bisect_left(self._starts, end)]


class _Writer:
    """Turns words that agree into edits, with all that stands between them."""

    def __init__(self, base: _Side, other: _Side) -> None:
        self._base = base
        self._other = other

    def edits(self, blocks: Sequence[_Block]) -> Iterator[Edit]:
        """The edits in order; neighbours may be of one kind."""
        pairs = [
            (self._base.words[block.base + place], self._other.words[block.other + place])
            for block in blocks
            for place in range(block.size)
        ]
        if not pairs:
            yield from self._between(0, len(self._base.text), 0, len(self._other.text))
            return
        yield from self._before(*pairs[0])
        for (ours, theirs), then in zip_longest(pairs, pairs[1:]):
            yield from self._edit(ours.start, ours.end, theirs.start, theirs.end)
            if then is not None:
                yield from self._between(ours.end, then[0].start, theirs.end, then[1].start)
        yield from self._after(*pairs[-1])

    def _before(self, ours: Word, theirs: Word) -> Iterator[Edit]:
        """All before the first words that agree: what is cut, then what is said in its place."""
        dropped = self._base.within(0, ours.start)
        others = len(self._other.within(0, theirs.start))
        at = 0
        if dropped and not others:
            gap = self._base.text[dropped[-1].end : ours.start]
            at = ours.start - _shared(reversed(gap), reversed(self._other.text[: theirs.start]))
        elif len(dropped) > _FAR * others:
            at = dropped[-others].start
        if at:
            yield Edit(WordEdit.CUT, False, 0, at, 0, 0)
        yield from self._between(at, ours.start, 0, theirs.start)

    def _after(self, ours: Word, theirs: Word) -> Iterator[Edit]:
        """The same after the last words that agree."""
        end, its_end = len(self._base.text), len(self._other.text)
        dropped = self._base.within(ours.end, end)
        others = len(self._other.within(theirs.end, its_end))
        at = end
        if dropped and not others:
            gap = self._base.text[ours.end : dropped[0].start]
            at = ours.end + _shared(gap, self._other.text[theirs.end :])
        elif len(dropped) > _FAR * others:
            at = dropped[others - 1].end
        yield from self._between(ours.end, at, theirs.end, its_end)
        if at < end:
            yield Edit(WordEdit.CUT, False, at, end, its_end, its_end)

    def _between(self, base_start: int, base_end: int, start: int, end: int) -> Iterator[Edit]:
        """Two stretches in which no words agree: the words of one for those of the other, and the signs around them."""
        ours, theirs = self._base.within(base_start, base_end), self._other.within(start, end)
        gap = self._base.text[base_start : ours[0].start if ours else base_end]
        shared = _shared(gap, self._other.text[start : theirs[0].start if theirs else end])
        yield from self._edit(base_start, base_start + shared, start, start + shared)
        base_start, start = base_start + shared, start + shared
        gap = self._base.text[ours[-1].end if ours else base_start : base_end]
        shared = _shared(reversed(gap), reversed(self._other.text[theirs[-1].end if theirs else start : end]))
        yield from self._instead(ours, theirs, base_start, base_end - shared, start, end - shared)
        yield from self._edit(base_end - shared, base_end, end - shared, end)

    def _instead(
        self, ours: Sequence[Word], theirs: Sequence[Word], base_start: int, base_end: int, start: int, end: int
    ) -> Iterator[Edit]:
        """The same without the signs that both begin or end with."""
        if ours and theirs:
            yield from self._edit(base_start, ours[0].start, start, theirs[0].start)
            yield from self._edit(ours[0].start, ours[-1].end, theirs[0].start, theirs[-1].end, said=True)
            yield from self._edit(ours[-1].end, base_end, theirs[-1].end, end)
        elif ours:
            yield from self._edit(base_start, base_start, start, end)
            yield from self._edit(base_start, base_end, end, end, said=True)
        else:
            yield from self._edit(base_start, base_end, start, start if theirs else end)
            yield from self._edit(base_end, base_end, start if theirs else end, end, said=True)

    def _edit(self, base_start: int, base_end: int, start: int, end: int, *, said: bool = False) -> Iterator[Edit]:
        """One edit, or none of two empty stretches; it is trivial unless by it something else is ``said``."""
        ours, theirs = self._base.text[base_start:base_end], self._other.text[start:end]
        if ours == theirs:
            op = WordEdit.EQUAL
        elif not ours:
            op = WordEdit.INSERT
        else:
            op = WordEdit.REPLACE if theirs else WordEdit.DELETE
        if ours or theirs:
            yield Edit(op, op is not WordEdit.EQUAL and not said, base_start, base_end, start, end)


def _shared(one: Iterable[str], other: Iterable[str]) -> int:
    """How many signs both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _merged(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Neighbours of one kind as one."""
    for (op, trivial), run in groupby(edits, key=lambda edit: (edit.op, edit.trivial)):
        first, *others = run
        last = others[-1] if others else first
        yield Edit(op, trivial, first.base_start, last.base_end, first.start, last.end)
