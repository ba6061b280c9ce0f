"""A trained judge of candidates: what ``app.extract.learning.train`` learns from a corpus, and how it is asked."""

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from app.extract.attribution import lexicon
from app.extract.attribution.candidates import Candidate, count_shared_tokens, count_tokens, group_candidates
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.rules import judge_group
from app.extract.attribution.tree import NO_QUOTE, Tree
from app.extract.learning import features, proposals
from app.extract.learning.arrays import Numbers
from app.extract.learning.proposals import Judged
from app.extract.learning.sequence import Chain
from app.extract.learning.shares import Shares
from app.extract.learning.trees import Trees

FORMAT = "dateline-extract-3"
_CHOSEN = 4  # candidates of a word, the likeliest, that one is chosen from
_COMPARED = 10  # with which these are compared
_EXACT = 1.0  # what a content is worth that has the very words, beside one that has half of them


class Bars(NamedTuple):
    """How likely a suggestion must be, and how likely a statement."""

    floor: float
    strict: float


class Tagger:
    """A chain of tokens, whose chances are features of the candidates that boosted trees then judge."""

    def __init__(self, chain: Chain, shares: Shares, trees: Trees, bars: Bars) -> None:
        self._chain, self._shares, self._trees, self._bars = chain, shares, trees, bars

    @classmethod
    def ignorant(cls) -> Self:
        """Return a tagger that has learned nothing, and holds all for as likely as not."""
        return cls(Chain.ignorant(), Shares(0.5, [{}] * features.KEYS), Trees.of([], [], 0), Bars(0.3, 0.75))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model. Raises OSError where the file cannot be read and ValueError where it holds no such model."""
        model = json.loads(path.read_text(encoding="utf-8"))
        try:
            return cls._of(model)
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError, ValueError) as error:
            raise ValueError(f"{path} is not a model of the format {FORMAT}") from error

    @classmethod
    def _of(cls, model: Any) -> Self:
        if model["format"] != FORMAT:
            raise ValueError
        chain = Chain.of(model["tokens"], model["transitions"])
        shares = Shares.of(model["shares"], features.KEYS)
        trees = Trees.of(model["trees"]["nodes"], model["trees"]["roots"], features.NUMBERS + 2 * features.KEYS)
        bars = Bars(float(model["floor"]), float(model["strict"]))
        if not 0 < bars.floor <= bars.strict < 1:
            raise ValueError
        return cls(chain, shares, trees, bars)

    @cached_property
    def _model(self) -> str:
        tokens = zip(self._chain.slots.tolist(), self._chain.weights.round(3).tolist(), strict=True)
        model = {
            "format": FORMAT,
            "floor": self._bars.floor,
            "strict": self._bars.strict,
            "tokens": {str(slot): weights for slot, weights in tokens},
            "transitions": self._chain.transitions.round(4).tolist(),
            "shares": self._shares.table(),
            "trees": self._trees.table(),
        }
        return json.dumps(model, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell this model from others."""
        return hashlib.sha256(self._model.encode()).hexdigest()[:8]

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(self._model, encoding="utf-8")

    def judge(self, tree: Tree, quotations: list[Quotation], strict: float) -> list[Judgement]:
        """Return for each word that attributes its likeliest content.

        Confidences are such that those of statements are `strict` or more.
        """
        listed = list(ruled_groups(tree, quotations))
        chances = self._chain.chances(tree, (ruled for _, ruled in listed if ruled is not None))
        judged = proposals.extended(tree, listed, chances)
        if not judged:
            return []
        described = features.of(tree, judged, chances)
        odds = self._trees.odds(np.concatenate([described.numbers, self._shares.of_keys(described.keys)], axis=1))
        chosen = choose(judged, 1 / (1 + np.exp(-odds)), self._bars.floor)
        return [Judgement(each, self._scaled(likely, strict), _rule(each.frame)) for each, likely in chosen]

    def _scaled(self, likely: float, strict: float) -> float:
        bar = self._bars.strict
        return likely * strict / bar if likely < bar else strict + (likely - bar) * (1 - strict) / (1 - bar)


def choose(judged: Judged, likely: Numbers, floor: float) -> Iterator[tuple[Candidate, float]]:
    """Yield of each word the content that is likeliest to be about right, with how likely that is.

    The candidates of a word exclude each other. So one is about right where it is right, or another that shares half
    of its words.
    """
    position = 0
    for group, _ in judged:
        shares = likely[position : position + len(group)].tolist()
        position += len(group)
        if sum(shares) < floor:
            continue
        best = sorted(zip(shares, group, strict=True), key=lambda each: -each[0])[:_COMPARED]
        right = [sum(share for share, other in best if _alike(each, other)) for _, each in best[:_CHOSEN]]
        worth = [_EXACT * share + near for (share, _), near in zip(best, right, strict=False)]
        number = max(range(len(worth)), key=worth.__getitem__)
        if right[number] >= floor:
            yield best[number][1], min(1.0, right[number])


def _alike(one: Candidate, other: Candidate) -> bool:
    if one is other:
        return True
    shared = count_shared_tokens(one.content, other.content)
    return 3 * shared >= count_tokens(one.content) + count_tokens(other.content)


def ruled_groups(tree: Tree, quotations: list[Quotation]) -> Iterator[tuple[list[Candidate], Judgement | None]]:
    """Yield the candidates of each word that the lexicon knows, with what the rules say of them."""
    found = group_candidates(tree, quotations, lexicon.get_lemmas())
    return ((group, judge_group(tree, group)) for group in found if _is_judged(tree, group))


def _is_judged(tree: Tree, group: list[Candidate]) -> bool:
    """Tell whether a word is worth judging: what is said within a quotation belongs to it."""
    return tree.quote[group[0].anchor] == NO_QUOTE or group[0].frame.startswith(("alone", "label", "marks"))


def _rule(frame: str) -> str:
    return "marks-alone" if frame.startswith("alone") else f"tagger-{frame.partition('/')[0]}"
