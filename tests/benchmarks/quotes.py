"""How well attributions are found: predictions against annotations, matched one to one by the words they share.

Words are runs of letters and digits at their offsets, a "that" at the head of a content left out. *exact* matches have
the same words, *iou50* ones at least half of the words of both in common. Kinds are read off the quotation marks.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.learning.train import find_words
from app.extract.page import marks

MARKED = frozenset({StatementKind.DIRECT, StatementKind.MIXED})
EVERY = frozenset(StatementKind)
_WORD = re.compile(r"\w+")
_TITLES = re.compile(
    r"the|an?|of|and|in|for|to|at|by|on|his|her|their|its|mrs?|ms|dr|sen|rep|gov|president|s|said|told",
)
_DIRECT = 0.95  # of the words of a direct quotation stand in marks


@dataclass(frozen=True, slots=True)
class Quote:
    """An attribution as the score sees it."""

    content: tuple[Span, ...]
    source: tuple[Span, ...]
    cue: tuple[Span, ...]
    kind: StatementKind


def kind_of(text: str, content: Iterable[Span]) -> StatementKind:
    """Tell the kind of an annotated attribution by the marks in its text."""
    inside = bytearray(len(text))
    for span in marks.find_quoted(text):
        inside[span.start : span.end] = b"\x01" * (span.end - span.start)
    starts = [span.start + word.start() for span in content for word in _WORD.finditer(text[span.start : span.end])]
    marked = sum(inside[start] for start in starts)
    if not marked:
        return StatementKind.INDIRECT
    return StatementKind.DIRECT if marked >= _DIRECT * len(starts) else StatementKind.MIXED


class Score:
    """Counts of matches over documents."""

    def __init__(self, kinds: frozenset[StatementKind]) -> None:
        self._kinds = kinds
        self.n: Counter[str] = Counter()

    def add(self, text: str, annotated: Sequence[Quote], predicted: Sequence[Quote]) -> None:
        """Count one document."""
        gold = [each for each in annotated if each.kind in self._kinds]
        mine = [each for each in predicted if each.kind in self._kinds]
        self.n.update(gold=len(gold), predicted=len(mine))
        self.n.update(f"gold {each.kind}" for each in gold)
        for overlap, guess, truth in _matches(text, mine, gold):
            self.n["exact"] += overlap == 1
            if overlap >= 0.5:
                self._count(text, guess, truth)

    def _count(self, text: str, guess: Quote, truth: Quote) -> None:
        self.n.update(["iou50", f"found {truth.kind}"])
        if truth.source:
            self.n["sourced"] += 1
            self.n["speaker"] += bool(_name(text, truth.source) & _name(text, guess.source))
        if truth.cue:
            self.n["cued"] += 1
            self.n["cue"] += _places(text, truth.cue) == _places(text, guess.cue)

    def row(self) -> str:
        """The score as a line of a table: precision/recall/F1, shares in percent."""
        shares = " ".join(f"{kind} {self._share(f'found {kind}', f'gold {kind}'):.1f}" for kind in sorted(self._kinds))
        return (
            f"gold {self.n['gold']} predicted {self.n['predicted']} | exact {self._prf('exact')} | iou50 "
            f"{self._prf('iou50')} | speaker {self._share('speaker', 'sourced'):.1f} | "
            f"cue {self._share('cue', 'cued'):.1f} | recall {shares}"
        )

    def _share(self, part: str, whole: str) -> float:
        return 100 * self.n[part] / self.n[whole] if self.n[whole] else 0.0

    def _prf(self, hits: str) -> str:
        precision, recall = self._share(hits, "predicted"), self._share(hits, "gold")
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return f"{precision:5.1f}/{recall:5.1f}/{f1:5.1f}"


def _matches(text: str, mine: Sequence[Quote], gold: Sequence[Quote]) -> Iterable[tuple[float, Quote, Quote]]:
    """Pairs that share words, the nearest first, each prediction and each annotation in one at most."""
    guesses, truths = ([find_words(text, each.content) for each in quotes] for quotes in (mine, gold))
    pairs = [
        (len(guess & truth) / len(guess | truth), one, other)
        for one, guess in enumerate(guesses)
        for other, truth in enumerate(truths)
        if guess & truth
    ]
    used: set[tuple[str, int]] = set()
    for overlap, one, other in sorted(pairs, reverse=True):
        if not used & {("mine", one), ("gold", other)}:
            used |= {("mine", one), ("gold", other)}
            yield overlap, mine[one], gold[other]


def _places(text: str, spans: Iterable[Span]) -> set[int]:
    return {span.start + word.start() for span in spans for word in _WORD.finditer(text[span.start : span.end])}


def _name(text: str, spans: Sequence[Span]) -> set[tuple[int, str]]:
    """The words of a name without titles and articles, at their places."""
    found = {
        (span.start + word.start(), word[0].lower())
        for span in spans
        for word in _WORD.finditer(text[span.start : span.end])
    }
    return {word for word in found if not _TITLES.fullmatch(word[1])} or found
