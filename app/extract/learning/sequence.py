"""A chain of tokens: how likely each begins, continues or stands outside a content, or is a cue.

A feature of a token is a slot of a table: the hash of a few of its words, tags and relations. So all tokens of a text
are described by a few operations on whole columns.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self
from zlib import crc32

import numpy as np

from app.extract.attribution import lexicon
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.tree import NO_QUOTE, Tree
from app.extract.learning.arrays import Codes, Flags, Integers, Numbers

LABELS = ("O", "B", "I", "C")  # outside, first and further tokens of a content, cue
BITS = 22  # of a slot
NOTHING = 0  # the slot of what a token lacks
_RULED = 0.2  # what the rules hold for less likely is no news
_FURTHEST = 7  # steps up the tree to the word that may attribute
_PREDICATES = ("VERB", "AUX", "NOUN", "ADJ")
_MIX = 0x9E3779B97F4A7C15


class Chain:
    """A linear-chain conditional random field: weights of slots by label, and of one label after another."""

    def __init__(self, slots: Integers, weights: Numbers, transitions: Numbers) -> None:
        self.slots, self.weights, self.transitions = slots, weights, transitions
        self._rows = np.zeros(1 << BITS, dtype=np.int32)
        self._rows[slots] = np.arange(1, len(slots) + 1)
        self._rows[NOTHING] = 0
        self._weights = np.concatenate([np.zeros((1, len(LABELS))), weights])
        self._steps = np.exp(np.minimum(30, transitions))

    @classmethod
    def of(cls, weights: Mapping[str, Sequence[float]], transitions: Sequence[Sequence[float]]) -> Self:
        """Return the chain of a table of weights by slot; raises ValueError where it is none."""
        slots = np.array([int(slot) for slot in weights], dtype=np.int64)
        rows = np.array(list(weights.values()), dtype=np.float64).reshape(-1, len(LABELS))
        steps = np.array(transitions, dtype=np.float64).reshape(len(LABELS), len(LABELS))
        if len(rows) != len(slots) or not ((slots >= 0) & (slots < 1 << BITS)).all():
            raise ValueError("the weights are of no slots")
        if not (np.isfinite(rows).all() and np.isfinite(steps).all()):
            raise ValueError("the weights are no numbers")
        return cls(slots, rows, steps)

    @classmethod
    def ignorant(cls) -> Self:
        """Return a chain for which all labels are equally likely."""
        return cls.of({}, [[0.0] * len(LABELS)] * len(LABELS))

    def chances(self, tree: Tree, verdicts: Iterable[Judgement]) -> Numbers:
        """Return for each token how likely it is to begin a content, to continue one, and to be of a cue.

        `verdicts` are what the rules say of the text.
        """
        scores = np.zeros((len(tree.word), len(LABELS)))
        for column in described(tree, verdicts):
            scores += self._weights[self._rows[column]]
        return self._marginals(scores, [last - first + 1 for first, last in tree.bounds])[:, 1:]

    def _marginals(self, scores: Numbers, lengths: Sequence[int]) -> Numbers:
        """The chances of labels in sentences that follow each other, all sentences taken step by step at once."""
        likely = np.exp(np.maximum(-60, scores - scores.max(axis=1, keepdims=True)))
        size = np.array(lengths)
        order = np.argsort(-size, kind="stable")
        starts, size = (np.cumsum(size) - size)[order], size[order]
        reaching = np.searchsorted(-size, -np.arange(size[0]))  # how many sentences are longer than so many tokens
        forward, backward = likely.copy(), np.ones_like(likely)
        for step in range(1, size[0]):
            here = starts[: reaching[step]] + step
            forward[here] = _shares(forward[here - 1] @ self._steps * likely[here])
        for step in range(size[0] - 1, 0, -1):
            here = starts[: reaching[step]] + step
            backward[here - 1] = _shares((backward[here] * likely[here]) @ self._steps.T)
        return _shares(forward * backward)


def _shares(rows: Numbers) -> Numbers:
    shares: Numbers = rows / rows.sum(axis=1, keepdims=True)
    return shares


def described(tree: Tree, verdicts: Iterable[Judgement]) -> list[Integers]:
    """Return the features of all tokens, a column of slots each."""
    view = _View(tree, [each for each in verdicts if each.confidence >= _RULED])
    return [_slots(number, column) for number, column in enumerate(view.columns())]


class _Column(NamedTuple):
    """A feature of each token: codes that make it up together, and which tokens have it."""

    codes: tuple[Codes, ...]
    present: Flags | None = None


def _slots(number: int, column: _Column) -> Integers:
    mixed = np.full(len(column.codes[0]), (number + 1) * _MIX % (1 << 64), dtype=np.uint64)
    for codes in column.codes:
        mixed = (mixed ^ codes) * np.uint64(_MIX)
        mixed ^= mixed >> np.uint64(29)
    slots = (mixed >> np.uint64(64 - BITS)).astype(np.int64)
    return slots if column.present is None else np.where(column.present, slots, NOTHING)


def _codes(names: Sequence[str]) -> Codes:
    known = {name: crc32(name.encode()) for name in set(names)}
    return np.array([known[name] for name in names], dtype=np.uint64)


class _View:
    """What each token of a text shows to the tokens around it."""

    def __init__(self, tree: Tree, verdicts: list[Judgement]) -> None:
        self.places = np.arange(len(tree.word))
        self.nothing = np.zeros(len(tree.word), dtype=np.uint64)
        self.head = np.array(tree.head)
        self.word, self.lemma, self.tag, self.dep = map(_codes, (tree.word, tree.lemma, tree.tag, tree.dep))
        self.marked = (np.array(tree.quote) != NO_QUOTE).astype(np.uint64)
        classes = known_classes()
        self.known = np.array([classes.get(lemma, 0) for lemma in tree.lemma], dtype=np.uint64)
        self.predicate = np.array([pos in _PREDICATES for pos in tree.pos])
        self.sentence = np.array(tree.sentence)
        self._take_rules(tree, verdicts)

    def _take_rules(self, tree: Tree, verdicts: list[Judgement]) -> None:
        size = len(tree.word)
        self.place, self.sure, self.rule, self.cue = (np.zeros(size, dtype=np.uint64) for _ in range(4))
        self.anchored, self.anchored_sure = (np.zeros(size, dtype=np.uint64) for _ in range(2))
        for verdict in sorted(verdicts, key=lambda each: each.confidence):
            anchor, rule, sure = verdict.candidate.anchor, crc32(verdict.rule.encode()), round(10 * verdict.confidence)
            self.anchored[anchor], self.anchored_sure[anchor] = rule, sure
            for first, last in verdict.candidate.content:
                inside = slice(first, last + 1)
                self.rule[inside], self.sure[inside], self.cue[inside] = rule, sure, self.lemma[anchor]
                self.place[inside] = 2
                self.place[last], self.place[first] = 3, 1
        self.is_ruled = self.place != 0

    def columns(self) -> Iterator[_Column]:
        """The features of all tokens."""
        head, side = self.head, (self.head < self.places).astype(np.uint64)
        yield _Column((self.word,))
        yield _Column((self.lemma, self.tag))
        yield _Column((self.tag,))
        yield _Column((self.dep,))
        yield _Column((self.dep, self.lemma[head]))
        yield _Column((self.dep, self.tag[head], side))
        yield _Column((self.marked,))
        yield _Column((self.known, self.tag))
        yield from self._of_rules()
        yield from self._of_ancestors()
        for offset in (-2, -1, 1, 2):
            yield from self._of_neighbours(offset)

    def _of_rules(self) -> Iterator[_Column]:
        yield _Column((self.anchored,), self.anchored != 0)
        yield _Column((self.anchored_sure,), self.anchored != 0)
        yield _Column((self.place,))
        yield _Column((self.place, self.sure), self.is_ruled)
        yield _Column((self.place, self.rule), self.is_ruled)
        yield _Column((self.place, self.cue), self.is_ruled)
        yield _Column((self.place, self.marked), self.is_ruled)

    def _of_ancestors(self) -> Iterator[_Column]:
        """The nearest word above that may attribute, and the way there; then the nearest above that one."""
        above, steps = self.places, np.zeros(len(self.places), dtype=np.uint64)
        last = before = np.zeros(len(self.places), dtype=np.uint64)
        found = np.zeros(len(self.places), dtype=bool)
        attributes = self.predicate & (self.known != 0)
        for _ in range(_FURTHEST):
            goes = ~found & (self.head[above] != above)
            before, last = np.where(goes, last, before), np.where(goes, self.dep[above], last)
            above, steps = np.where(goes, self.head[above], above), steps + goes.astype(np.uint64)
            found |= goes & attributes[above]
        side = (self.places < above).astype(np.uint64)
        lemma, known = self.lemma[above], self.known[above]
        near, few = steps < 3, np.minimum(steps, np.uint64(4))
        yield _Column((lemma, side, last), found)
        yield _Column((known, side, last, self.tag[above]), found)
        yield _Column((known, side, last, before), found)
        yield _Column((side, last, np.minimum(steps, np.uint64(3)), self.dep), found)
        yield _Column((lemma, side, self.word), found & near)
        yield _Column((few,), found & ~near)
        yield _Column((last, before), ~found)
        other, both = above[above], found & found[above]
        beyond = (self.places < other).astype(np.uint64)
        yield _Column((self.lemma[other], beyond, last[above]), both)
        yield _Column((self.known[other], beyond, last[above], known, last), both)

    def _of_neighbours(self, offset: int) -> Iterator[_Column]:
        other = np.clip(self.places + offset, 0, len(self.places) - 1)
        there = (self.sentence[other] == self.sentence) & (other != self.places)
        yield _Column((self.tag[other],), there)
        yield _Column((self.word[other],), there)
        yield _Column((self.known[other], self.tag[other]), there & (self.known[other] != 0))
        yield _Column((self.nothing,), ~there)
        if abs(offset) == 1:
            yield _Column((self.word[other], self.word), there)
            yield _Column((self.dep[other], self.dep), there)
            yield _Column((self.marked[other], self.marked), there)
            yield _Column((self.place[other], self.rule[other]), there)


@functools.cache
def known_classes() -> dict[str, int]:
    """A number for the classes of each word of the lexicon."""
    names = {
        lemma: [name for name, words in lexicon.CLASSES.items() if lemma in words] for lemma in lexicon.get_lemmas()
    }
    return {lemma: crc32("+".join(found or ["other"]).encode()) for lemma, found in names.items()}
