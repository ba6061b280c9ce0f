"""A chain of tokens: how likely each begins, continues or stands outside a content, or is a cue."""

import math
from collections.abc import Iterable, Iterator, Sequence
from operator import mul
from typing import NamedTuple

from app.extract.attribution import lexicon
from app.extract.attribution.rules import Verdict
from app.extract.attribution.tree import NO_QUOTE, Tree

LABELS = ("O", "B", "I", "C")  # outside, first and further tokens of a content, cue
_RULED = 0.2  # what the rules hold for less likely is no news
_FURTHEST = 7  # steps up the tree to the word that may attribute
_PREDICATES = ("VERB", "AUX", "NOUN", "ADJ")

Row = list[str]  # the features of a token


class Chances(NamedTuple):
    """How likely a token is to begin a content, to stand in one further on, and to be of a cue."""

    begins: float
    goes_on: float
    cues: float


class Chain:
    """A linear-chain conditional random field: weights of features by label, and of one label after another."""

    def __init__(self, weights: dict[str, list[float]], transitions: list[list[float]]) -> None:
        self.weights = weights
        self.transitions = transitions
        self._steps = [[math.exp(min(30.0, weight)) for weight in row] for row in transitions]

    def chances(self, tree: Tree, verdicts: Iterable[Verdict]) -> list[Chances]:
        """Return the chances of each token, given what the rules say of the text."""
        found = [Chances(0.0, 0.0, 0.0)] * len(tree.word)
        for first, rows in sentences(tree, verdicts):
            for token, (_, begins, goes_on, cues) in enumerate(self._marginals(rows), first):
                found[token] = Chances(begins, goes_on, cues)
        return found

    def _marginals(self, rows: Sequence[Row]) -> Iterator[list[float]]:
        scores = [self._scores(row) for row in rows]
        arriving = [list(column) for column in zip(*self._steps, strict=True)]
        forward = [_share(scores[0])]
        for score in scores[1:]:
            reached = [_product(forward[-1], step) for step in arriving]
            forward.append(_share(list(map(mul, reached, score))))
        backward = [[1.0] * len(LABELS)]
        for score in reversed(scores[1:]):
            ahead = list(map(mul, backward[-1], score))
            backward.append(_share([_product(ahead, step) for step in self._steps]))
        for past, coming in zip(forward, reversed(backward), strict=True):
            yield _share(list(map(mul, past, coming)))

    def _scores(self, row: Row) -> list[float]:
        outside = begins = goes_on = cues = 0.0
        for weights in filter(None, map(self.weights.get, row)):
            outside += weights[0]
            begins += weights[1]
            goes_on += weights[2]
            cues += weights[3]
        top = max(outside, begins, goes_on, cues)
        return [math.exp(max(-60.0, each - top)) for each in (outside, begins, goes_on, cues)]


def _product(one: list[float], other: list[float]) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2] + one[3] * other[3]


def _share(values: list[float]) -> list[float]:
    whole = sum(values) or 1.0
    return [each / whole for each in values]


def sentences(tree: Tree, verdicts: Iterable[Verdict]) -> Iterator[tuple[int, list[Row]]]:
    """Yield the first token and the features of the tokens of each sentence that may hold an attribution."""
    view = _View(tree, [each for each in verdicts if each.confidence >= _RULED])
    for first, last in tree.bounds:
        if any(view.classes[token] or token in view.ruled for token in range(first, last + 1)):
            yield first, [view.row(token, first, last) for token in range(first, last + 1)]


class _View:
    """What each token of a text shows to the tokens around it."""

    def __init__(self, tree: Tree, verdicts: list[Verdict]) -> None:
        self.tree = tree
        known = {lemma: _classes(lemma) for lemma in set(tree.lemma)}
        self.classes = [known[lemma] for lemma in tree.lemma]
        self.anchors = {each.candidate.anchor: each for each in verdicts}
        self.ruled: dict[int, tuple[Verdict, str]] = {}
        for verdict in sorted(verdicts, key=lambda each: each.confidence):
            for first, last in verdict.candidate.content:
                self.ruled |= dict.fromkeys(range(first, last + 1), (verdict, "I"))
                self.ruled |= {last: (verdict, "E"), first: (verdict, "B")}
        self.marked = [quote != NO_QUOTE for quote in tree.quote]

    def row(self, token: int, first: int, last: int) -> Row:
        """The features of a token of the sentence between two others."""
        tree, head = self.tree, self.tree.head[token]
        word, tag, dep, side = tree.word[token], tree.tag[token], tree.dep[token], head < token
        return [
            f"w={word}",
            f"lt={tree.lemma[token]}|{tag}",
            f"t={tag}",
            f"d={dep}",
            f"dl={dep}|{tree.lemma[head]}",
            f"dt={dep}|{tree.tag[head]}|{side}",
            f"q={self.marked[token]}",
            f"k={self.classes[token]}|{tag}",
            f"ww={tree.word[token - 1] if token > first else ''}|{word}",
            *self._of_rules(token),
            *self._of_ancestors(token),
            *(each for offset in (-2, -1, 1, 2) for each in self._of_neighbour(token, offset, first, last)),
        ]

    def _of_rules(self, token: int) -> Iterator[str]:
        anchored = self.anchors.get(token)
        if anchored is not None:
            yield f"a={anchored.rule}"
            yield f"ac={anchored.confidence:.1f}"
        if token not in self.ruled:
            yield "r=O"
            return
        verdict, place = self.ruled[token]
        yield f"r={place}"
        yield f"rc={place}|{verdict.confidence:.1f}"
        yield f"rr={place}|{verdict.rule}"
        yield f"rl={place}|{self.tree.lemma[verdict.candidate.anchor]}"
        yield f"rq={place}|{self.marked[token]}"

    def _of_ancestors(self, token: int) -> Iterator[str]:
        """The nearest word above that may attribute, and the way there."""
        tree, above, path = self.tree, token, list[str]()
        while len(path) < _FURTHEST and tree.head[above] != above:
            path.append(tree.dep[above])
            above = tree.head[above]
            if self.classes[above] and tree.pos[above] in _PREDICATES:
                side, steps = token < above, len(path)
                yield f"c={tree.lemma[above]}|{side}|{path[-1]}"
                yield f"ck={self.classes[above]}|{side}|{path[-1]}|{tree.pos[above]}"
                yield f"cp={self.classes[above]}|{side}|{'/'.join(path[-2:])}"
                yield f"cd={side}|{path[-1]}|{min(steps, 3)}|{tree.dep[token]}"
                yield f"cw={tree.lemma[above]}|{side}|{tree.word[token]}" if steps < 3 else f"cs={min(steps, 4)}"
                return
        yield f"c=|{'/'.join(path[-2:])}"

    def _of_neighbour(self, token: int, offset: int, first: int, last: int) -> Iterator[str]:
        other = token + offset
        if not first <= other <= last:
            yield f"{offset}="
            return
        yield f"{offset}t={self.tree.tag[other]}"
        if abs(offset) == 1 or not self.classes[other]:
            yield f"{offset}w={self.tree.word[other]}"
        if self.classes[other]:
            yield f"{offset}k={self.classes[other]}|{self.tree.tag[other]}"
        if abs(offset) == 1:
            yield f"{offset}q={self.marked[other]}|{self.marked[token]}"
            verdict, place = self.ruled.get(other, (None, "O"))
            yield f"{offset}r={place}{verdict.rule if verdict else ''}"


def _classes(lemma: str) -> str:
    named = "+".join(name for name, words in lexicon.CLASSES.items() if lemma in words)
    return named or ("other" if lemma in lexicon.lemmas() else "")
