"""The token model: the probabilities that a token begins, continues or is outside a content, or is part of a cue.

A feature of a token is a slot of a hash table: the hash of a few words, tags and relations. So the features of all
tokens of a text are computed by a few operations on whole columns.
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
NO_FEATURE = 0  # the slot of a feature that a token lacks
_MIN_RULED = 0.2  # confidence of the rules
_MAX_STEPS = 7  # up the tree to a word that may attribute
_PREDICATES = ("VERB", "AUX", "NOUN", "ADJ")
_MIX = 0x9E3779B97F4A7C15


class TokenModel:
    """A linear-chain conditional random field: weights of slots by label, and of transitions between labels."""

    def __init__(self, slots: Integers, weights: Numbers, transitions: Numbers) -> None:
        self.slots, self.weights, self.transitions = slots, weights, transitions
        self._rows = np.zeros(1 << BITS, dtype=np.int32)
        self._rows[slots] = np.arange(1, len(slots) + 1)
        self._rows[NO_FEATURE] = 0
        self._weights = np.concatenate([np.zeros((1, len(LABELS))), weights])
        self._steps = np.exp(np.minimum(30, transitions))

    @classmethod
    def from_table(cls, weights: Mapping[str, Sequence[float]], transitions: Sequence[Sequence[float]]) -> Self:
        """Return the model of a table of weights by slot; raise ValueError for anything else."""
        slots = np.array([int(slot) for slot in weights], dtype=np.int64)
        rows = np.array(list(weights.values()), dtype=np.float64).reshape(-1, len(LABELS))
        steps = np.array(transitions, dtype=np.float64).reshape(len(LABELS), len(LABELS))
        if len(rows) != len(slots) or not ((slots >= 0) & (slots < 1 << BITS)).all():
            raise ValueError("the weights are of no slots")
        if not (np.isfinite(rows).all() and np.isfinite(steps).all()):
            raise ValueError("the weights are no numbers")
        return cls(slots, rows, steps)

    @classmethod
    def untrained(cls) -> Self:
        """Return a model for which all labels are equally likely."""
        return cls.from_table({}, [[0.0] * len(LABELS)] * len(LABELS))

    def compute_marginals(self, tree: Tree, judgements: Iterable[Judgement]) -> Numbers:
        """Return for each token the probabilities that it begins a content, continues one, and is part of a cue.

        `judgements` are those of the rules.
        """
        scores = np.zeros((len(tree.word), len(LABELS)))
        for column in build_columns(tree, judgements):
            scores += self._weights[self._rows[column]]
        return self._run_forward_backward(scores, [last - first + 1 for first, last in tree.bounds])[:, 1:]

    def _run_forward_backward(self, scores: Numbers, lengths: Sequence[int]) -> Numbers:
        """Return the probabilities of labels in successive sentences; all sentences are computed at once."""
        likely = np.exp(np.maximum(-60, scores - scores.max(axis=1, keepdims=True)))
        size = np.array(lengths)
        order = np.argsort(-size, kind="stable")
        starts, size = (np.cumsum(size) - size)[order], size[order]
        # By number of tokens, how many sentences are longer.
        reaching = np.searchsorted(-size, -np.arange(size[0]))
        forward, backward = likely.copy(), np.ones_like(likely)
        for step in range(1, size[0]):
            tokens = starts[: reaching[step]] + step
            forward[tokens] = _normalize(forward[tokens - 1] @ self._steps * likely[tokens])
        for step in range(size[0] - 1, 0, -1):
            tokens = starts[: reaching[step]] + step
            backward[tokens - 1] = _normalize((backward[tokens] * likely[tokens]) @ self._steps.T)
        return _normalize(forward * backward)


def _normalize(rows: Numbers) -> Numbers:
    normalized: Numbers = rows / rows.sum(axis=1, keepdims=True)
    return normalized


def build_columns(tree: Tree, judgements: Iterable[Judgement]) -> list[Integers]:
    """Return the features of all tokens, a column of slots each."""
    tokens = _Tokens(tree, [judgement for judgement in judgements if judgement.confidence >= _MIN_RULED])
    return [_hash_column(number, column) for number, column in enumerate(tokens.list_columns())]


class _Column(NamedTuple):
    """A feature of each token: the codes that it combines, and the tokens that have it."""

    codes: tuple[Codes, ...]
    present: Flags | None = None


def _hash_column(number: int, column: _Column) -> Integers:
    mixed = np.full(len(column.codes[0]), (number + 1) * _MIX % (1 << 64), dtype=np.uint64)
    for codes in column.codes:
        mixed = (mixed ^ codes) * np.uint64(_MIX)
        mixed ^= mixed >> np.uint64(29)
    slots = (mixed >> np.uint64(64 - BITS)).astype(np.int64)
    return slots if column.present is None else np.where(column.present, slots, NO_FEATURE)


def _get_codes(names: Sequence[str]) -> Codes:
    codes = {name: crc32(name.encode()) for name in set(names)}
    return np.array([codes[name] for name in names], dtype=np.uint64)


class _Tokens:
    """The codes of each token of a text, from which its features and those of its neighbours are combined."""

    def __init__(self, tree: Tree, judgements: list[Judgement]) -> None:
        self.places = np.arange(len(tree.word))
        self.nothing = np.zeros(len(tree.word), dtype=np.uint64)
        self.head = np.array(tree.head)
        self.word, self.lemma, self.tag, self.dep = map(_get_codes, (tree.word, tree.lemma, tree.tag, tree.dep))
        self.is_quoted = (np.array(tree.quote) != NO_QUOTE).astype(np.uint64)
        class_codes = get_class_codes()
        self.word_class = np.array([class_codes.get(lemma, 0) for lemma in tree.lemma], dtype=np.uint64)
        self.is_predicate = np.array([pos in _PREDICATES for pos in tree.pos])
        self.sentence = np.array(tree.sentence)
        self._add_rules(tree, judgements)

    def _add_rules(self, tree: Tree, judgements: list[Judgement]) -> None:
        size = len(tree.word)
        self.place, self.sure, self.rule, self.cue = (np.zeros(size, dtype=np.uint64) for _ in range(4))
        self.anchored, self.anchored_sure = (np.zeros(size, dtype=np.uint64) for _ in range(2))
        for judgement in sorted(judgements, key=lambda judgement: judgement.confidence):
            anchor, rule = judgement.candidate.anchor, crc32(judgement.rule.encode())
            sure = round(10 * judgement.confidence)
            self.anchored[anchor], self.anchored_sure[anchor] = rule, sure
            for first, last in judgement.candidate.content:
                inside = slice(first, last + 1)
                self.rule[inside], self.sure[inside], self.cue[inside] = rule, sure, self.lemma[anchor]
                self.place[inside] = 2
                self.place[last], self.place[first] = 3, 1
        self.is_ruled = self.place != 0

    def list_columns(self) -> Iterator[_Column]:
        """Yield the features of all tokens."""
        head, side = self.head, (self.head < self.places).astype(np.uint64)
        yield _Column((self.word,))
        yield _Column((self.lemma, self.tag))
        yield _Column((self.tag,))
        yield _Column((self.dep,))
        yield _Column((self.dep, self.lemma[head]))
        yield _Column((self.dep, self.tag[head], side))
        yield _Column((self.is_quoted,))
        yield _Column((self.word_class, self.tag))
        yield from self._list_rule_columns()
        yield from self._list_ancestor_columns()
        for offset in (-2, -1, 1, 2):
            yield from self._list_neighbour_columns(offset)

    def _list_rule_columns(self) -> Iterator[_Column]:
        yield _Column((self.anchored,), self.anchored != 0)
        yield _Column((self.anchored_sure,), self.anchored != 0)
        yield _Column((self.place,))
        yield _Column((self.place, self.sure), self.is_ruled)
        yield _Column((self.place, self.rule), self.is_ruled)
        yield _Column((self.place, self.cue), self.is_ruled)
        yield _Column((self.place, self.is_quoted), self.is_ruled)

    def _list_ancestor_columns(self) -> Iterator[_Column]:
        """Yield the nearest word above that may attribute and the path to it, and then the nearest above that one."""
        above, steps = self.places, np.zeros(len(self.places), dtype=np.uint64)
        last = before = np.zeros(len(self.places), dtype=np.uint64)
        is_reached = np.zeros(len(self.places), dtype=bool)
        attributes = self.is_predicate & (self.word_class != 0)
        for _ in range(_MAX_STEPS):
            climbs = ~is_reached & (self.head[above] != above)
            before, last = np.where(climbs, last, before), np.where(climbs, self.dep[above], last)
            above, steps = np.where(climbs, self.head[above], above), steps + climbs.astype(np.uint64)
            is_reached |= climbs & attributes[above]
        side = (self.places < above).astype(np.uint64)
        lemma, word_class = self.lemma[above], self.word_class[above]
        near, few = steps < 3, np.minimum(steps, np.uint64(4))
        yield _Column((lemma, side, last), is_reached)
        yield _Column((word_class, side, last, self.tag[above]), is_reached)
        yield _Column((word_class, side, last, before), is_reached)
        yield _Column((side, last, np.minimum(steps, np.uint64(3)), self.dep), is_reached)
        yield _Column((lemma, side, self.word), is_reached & near)
        yield _Column((few,), is_reached & ~near)
        yield _Column((last, before), ~is_reached)
        other, both = above[above], is_reached & is_reached[above]
        beyond = (self.places < other).astype(np.uint64)
        yield _Column((self.lemma[other], beyond, last[above]), both)
        yield _Column((self.word_class[other], beyond, last[above], word_class, last), both)

    def _list_neighbour_columns(self, offset: int) -> Iterator[_Column]:
        other = np.clip(self.places + offset, 0, len(self.places) - 1)
        is_present = (self.sentence[other] == self.sentence) & (other != self.places)
        yield _Column((self.tag[other],), is_present)
        yield _Column((self.word[other],), is_present)
        yield _Column((self.word_class[other], self.tag[other]), is_present & (self.word_class[other] != 0))
        yield _Column((self.nothing,), ~is_present)
        if abs(offset) == 1:
            yield _Column((self.word[other], self.word), is_present)
            yield _Column((self.dep[other], self.dep), is_present)
            yield _Column((self.is_quoted[other], self.is_quoted), is_present)
            yield _Column((self.place[other], self.rule[other]), is_present)


@functools.cache
def get_class_codes() -> dict[str, int]:
    """Return a code for the classes of each word of the lexicon."""
    names = {
        lemma: [name for name, words in lexicon.CLASSES.items() if lemma in words] for lemma in lexicon.get_lemmas()
    }
    return {lemma: crc32("+".join(classes or ["other"]).encode()) for lemma, classes in names.items()}
