"""The score of predicted attributions against annotated ones, matched one to one by the words they share.

Words are runs of letters and digits at their offsets, without a "that" at the beginning of a content. *exact* matches
have the same words, *iou50* ones at least half of the words of both in common. The quotation marks tell the kinds.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.learning.train import find_words
from app.extract.page import marks

MARKED_KINDS = frozenset({StatementKind.DIRECT, StatementKind.MIXED})
ALL_KINDS = frozenset(StatementKind)
_WORD = re.compile(r"\w+")
_TITLES = re.compile(
    r"the|an?|of|and|in|for|to|at|by|on|his|her|their|its|mrs?|ms|dr|sen|rep|gov|president|s|said|told",
)
_DIRECT = 0.95  # least share of the words of a direct quotation between marks


@dataclass(frozen=True, slots=True)
class Quote:
    """The parts of an attribution that the score compares."""

    content: tuple[Span, ...]
    source: tuple[Span, ...]
    cue: tuple[Span, ...]
    kind: StatementKind


def get_kind(text: str, content: Iterable[Span]) -> StatementKind:
    """Return the kind of an annotated attribution by the quotation marks in its text."""
    inside = bytearray(len(text))
    for span in marks.find_quoted(text):
        inside[span.start : span.end] = b"\x01" * (span.end - span.start)
    starts = [span.start + word.start() for span in content for word in _WORD.finditer(text[span.start : span.end])]
    marked_count = sum(inside[start] for start in starts)
    if not marked_count:
        return StatementKind.INDIRECT
    return StatementKind.DIRECT if marked_count >= _DIRECT * len(starts) else StatementKind.MIXED


class Score:
    """Counts of matches over documents."""

    def __init__(self, kinds: frozenset[StatementKind]) -> None:
        self._kinds = kinds
        self.n: Counter[str] = Counter()

    def add(self, text: str, annotated: Sequence[Quote], predicted: Sequence[Quote]) -> None:
        """Count one document."""
        gold = [quote for quote in annotated if quote.kind in self._kinds]
        guesses = [quote for quote in predicted if quote.kind in self._kinds]
        self.n.update(gold=len(gold), predicted=len(guesses))
        self.n.update(f"gold {quote.kind}" for quote in gold)
        for overlap, guess, truth in _match(text, guesses, gold):
            self.n["exact"] += overlap == 1
            if overlap >= 0.5:
                self._count(text, guess, truth)

    def _count(self, text: str, guess: Quote, truth: Quote) -> None:
        self.n.update(["iou50", f"matched {truth.kind}"])
        if truth.source:
            self.n["sourced"] += 1
            self.n["speaker"] += bool(_list_name_words(text, truth.source) & _list_name_words(text, guess.source))
        if truth.cue:
            self.n["cued"] += 1
            self.n["cue"] += _list_word_starts(text, truth.cue) == _list_word_starts(text, guess.cue)

    def row(self) -> str:
        """Return the score as a line of a table, with precision/recall/F1 and shares in percent."""
        shares = " ".join(
            f"{kind} {self._share(f'matched {kind}', f'gold {kind}'):.1f}" for kind in sorted(self._kinds)
        )
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


def _match(text: str, predicted: Sequence[Quote], gold: Sequence[Quote]) -> Iterable[tuple[float, Quote, Quote]]:
    """Yield pairs that share words, the most similar first; a prediction or annotation is in one pair at most."""
    guesses, truths = ([find_words(text, quote.content) for quote in quotes] for quotes in (predicted, gold))
    pairs = [
        (len(guess & truth) / len(guess | truth), guess_index, truth_index)
        for guess_index, guess in enumerate(guesses)
        for truth_index, truth in enumerate(truths)
        if guess & truth
    ]
    used: set[tuple[str, int]] = set()
    for overlap, guess_index, truth_index in sorted(pairs, reverse=True):
        pair = {("predicted", guess_index), ("gold", truth_index)}
        if not used & pair:
            used |= pair
            yield overlap, predicted[guess_index], gold[truth_index]


def _list_word_starts(text: str, spans: Iterable[Span]) -> set[int]:
    return {span.start + word.start() for span in spans for word in _WORD.finditer(text[span.start : span.end])}


def _list_name_words(text: str, spans: Sequence[Span]) -> set[tuple[int, str]]:
    """Return the words of a name and their offsets, without titles and articles unless there are no others."""
    words = {
        (span.start + word.start(), word[0].lower())
        for span in spans
        for word in _WORD.finditer(text[span.start : span.end])
    }
    return {word for word in words if not _TITLES.fullmatch(word[1])} or words
