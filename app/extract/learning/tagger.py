"""A trained judge of candidates: weights of features, as ``app.extract.learning.train`` learns them from a corpus."""

import hashlib
import json
import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

from app.extract.attribution.candidates import Candidate, groups
from app.extract.attribution.quotations import Quotation
from app.extract.attribution.rules import Verdict, verdict
from app.extract.attribution.tree import NO_QUOTE, Tree
from app.extract.learning import features
from app.extract.learning.sequence import LABELS, Chain, Chances

FORMAT = "dateline-extract-2"
_PARTS = {"weights", "tokens", "transitions"}
FLOOR = 0.3  # what is less likely than this is no suggestion
_SURE = 0.9  # where the rules are this sure, their verdict stands
_RULES_SHARE = 0.3  # of the say in what is not so sure
_PREFERRED = 0.15  # what the rules' choice among the candidates of a word is worth


class Tagger:
    """Two models, of which the second hears the first: a chain of tokens, and log-linear odds of candidates."""

    def __init__(self, weights: dict[str, float], chain: Chain | None = None) -> None:
        self._weights = weights  # a candidate's logit is the sum of those of its features
        self._chain = chain or Chain({}, [[0.0] * len(LABELS)] * len(LABELS))  # by default, one that knows nothing

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model. Raises OSError where the file cannot be read and ValueError where it holds no such model."""
        model = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(model, dict) or model.get("format") != FORMAT or not model.keys() >= _PARTS:
            raise ValueError(f"{path} is not a model of the format {FORMAT}")
        return cls(model["weights"], Chain(model["tokens"], model["transitions"]))

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell this model from others."""
        told = repr((sorted(self._weights.items()), sorted(self._chain.weights.items()), self._chain.transitions))
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        model = {
            "format": FORMAT,
            "weights": {name: round(weight, 4) for name, weight in self._weights.items()},
            "tokens": {name: [round(each, 3) for each in row] for name, row in self._chain.weights.items()},
            "transitions": self._chain.transitions,
        }
        path.write_text(json.dumps(model, ensure_ascii=False), encoding="utf-8")

    def judge(self, tree: Tree, quotations: list[Quotation]) -> list[Verdict]:
        """Return for each word that attributes its likeliest candidate."""
        judged = list(ruled_groups(tree, quotations))
        chances = self._chain.chances(tree, (ruled for _, ruled in judged if ruled is not None))
        found = (self._verdict(tree, group, ruled, chances) for group, ruled in judged)
        return [each for each in found if each.confidence >= FLOOR]

    def _verdict(self, tree: Tree, group: list[Candidate], ruled: Verdict | None, chances: list[Chances]) -> Verdict:
        if ruled is not None and ruled.confidence >= _SURE:
            return ruled
        odds = [self._probability(each) for each in features.of(tree, group, ruled, chances)]
        # the candidates of one word exclude each other, so that it attributes is as likely as all of them together
        likely = min(1.0, sum(odds)) * (1 - _RULES_SHARE) + (ruled.confidence * _RULES_SHARE if ruled else 0.0)
        preferred = [_PREFERRED * (ruled is not None and each is ruled.candidate) for each in group]
        best = max(range(len(group)), key=lambda number: odds[number] + preferred[number])
        return Verdict(group[best], likely, _rule(group[best].frame))

    def _probability(self, names: list[str]) -> float:
        weigh = self._weights.get
        logit = sum(weigh(name, 0.0) for name in names)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def ruled_groups(tree: Tree, quotations: list[Quotation]) -> Iterator[tuple[list[Candidate], Verdict | None]]:
    """Yield the candidates of each word worth judging, with what the rules say of them."""
    return ((group, verdict(tree, group)) for group in groups(tree, quotations) if _is_judged(tree, group))


def _is_judged(tree: Tree, group: list[Candidate]) -> bool:
    """Tell whether a word is worth judging: what is said within a quotation belongs to it."""
    return tree.quote[group[0].anchor] == NO_QUOTE or group[0].frame.startswith(("alone", "label", "marks"))


def _rule(frame: str) -> str:
    return "marks-alone" if frame.startswith("alone") else f"tagger-{frame}"
