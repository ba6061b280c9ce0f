"""The tagger: a model trained by ``app.extract.learning.train`` that judges candidates instead of the rules."""

import hashlib
import json
from collections.abc import Iterator, Sequence
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
from app.extract.learning import features
from app.extract.learning.arrays import Numbers
from app.extract.learning.proposals import JudgedGroup, extend_groups
from app.extract.learning.sequence import TokenModel
from app.extract.learning.target_encoding import TargetEncoding
from app.extract.learning.trees import Trees

FORMAT = "dateline-extract-3"
_CHOSEN = 4  # likeliest candidates of a word, from which one is chosen
_COMPARED = 10  # likeliest candidates with which these are compared
_EXACT_WEIGHT = 1.0  # of the exact content, in addition to that of a content with half of its words


class Thresholds(NamedTuple):
    """The least probability of a suggestion, and of a statement."""

    floor: float
    strict: float


class Tagger:
    """A token model, and boosted trees that judge candidates by its marginals and other features."""

    def __init__(self, token_model: TokenModel, encoding: TargetEncoding, trees: Trees, thresholds: Thresholds) -> None:
        self._token_model, self._encoding, self._trees, self._thresholds = token_model, encoding, trees, thresholds

    @classmethod
    def untrained(cls) -> Self:
        """Return a tagger for which everything has the probability 0.5."""
        encoding = TargetEncoding(0.5, [{}] * features.KEYS)
        return cls(TokenModel.untrained(), encoding, Trees.from_table([], [], 0), Thresholds(0.3, 0.75))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model; raise OSError for an unreadable file, ValueError for one that is not such a model."""
        model = json.loads(path.read_text(encoding="utf-8"))
        try:
            return cls._from_json(model)
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError, ValueError) as error:
            raise ValueError(f"{path} is not a model of the format {FORMAT}") from error

    @classmethod
    def _from_json(cls, model: Any) -> Self:
        if model["format"] != FORMAT:
            raise ValueError
        token_model = TokenModel.from_table(model["tokens"], model["transitions"])
        encoding = TargetEncoding.from_table(model["shares"], features.KEYS)
        width = features.NUMBERS + 2 * features.KEYS
        trees = Trees.from_table(model["trees"]["nodes"], model["trees"]["roots"], width)
        thresholds = Thresholds(float(model["floor"]), float(model["strict"]))
        if not 0 < thresholds.floor <= thresholds.strict < 1:
            raise ValueError
        return cls(token_model, encoding, trees, thresholds)

    @cached_property
    def _json(self) -> str:
        tokens = zip(self._token_model.slots.tolist(), self._token_model.weights.round(3).tolist(), strict=True)
        model = {
            "format": FORMAT,
            "floor": self._thresholds.floor,
            "strict": self._thresholds.strict,
            "tokens": {str(slot): weights for slot, weights in tokens},
            "transitions": self._token_model.transitions.round(4).tolist(),
            "shares": self._encoding.to_table(),
            "trees": self._trees.to_table(),
        }
        return json.dumps(model, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that identify the model."""
        return hashlib.sha256(self._json.encode()).hexdigest()[:8]

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(self._json, encoding="utf-8")

    def judge(self, tree: Tree, quotations: list[Quotation], strict: float) -> list[Judgement]:
        """Return the likeliest content of each word that attributes.

        Confidences are scaled so that those of statements are `strict` or more.
        """
        groups = list(build_groups(tree, quotations))
        judgements = (group.judgement for group in groups if group.judgement is not None)
        marginals = self._token_model.compute_marginals(tree, judgements)
        groups = extend_groups(tree, groups, marginals)
        if not groups:
            return []
        rows = features.build_features(tree, groups, marginals)
        log_odds = self._trees.compute_log_odds(
            np.concatenate([rows.numbers, self._encoding.encode(rows.keys)], axis=1)
        )
        chosen = choose(groups, 1 / (1 + np.exp(-log_odds)), self._thresholds.floor)
        return [
            Judgement(candidate, self._scale(probability, strict), _name_rule(candidate.frame))
            for candidate, probability in chosen
        ]

    def _scale(self, probability: float, strict: float) -> float:
        threshold = self._thresholds.strict
        if probability < threshold:
            return probability * strict / threshold
        return strict + (probability - threshold) * (1 - strict) / (1 - threshold)


class Choice(NamedTuple):
    """The chosen candidate of a word, and the probability that it is about right."""

    candidate: Candidate
    probability: float


def choose(groups: Sequence[JudgedGroup], probabilities: Numbers, floor: float) -> Iterator[Choice]:
    """Yield the candidate of each word that is most probably about right.

    The candidates of a word exclude each other, so a candidate is about right if it is right itself, or if another one
    that shares half of its words is.
    """
    position = 0
    for group in groups:
        own = probabilities[position : position + len(group.candidates)].tolist()
        position += len(group.candidates)
        if sum(own) < floor:
            continue
        best = sorted(zip(own, group.candidates, strict=True), key=lambda pair: -pair[0])[:_COMPARED]
        about_right = [
            sum(share for share, other in best if _overlap(candidate, other)) for _, candidate in best[:_CHOSEN]
        ]
        weights = [_EXACT_WEIGHT * share + near for (share, _), near in zip(best, about_right, strict=False)]
        number = max(range(len(weights)), key=weights.__getitem__)
        if about_right[number] >= floor:
            yield Choice(best[number][1], min(1.0, about_right[number]))


def _overlap(candidate: Candidate, other: Candidate) -> bool:
    """Return True if two candidates share half of the words of both."""
    if candidate is other:
        return True
    shared = count_shared_tokens(candidate.content, other.content)
    return 3 * shared >= count_tokens(candidate.content) + count_tokens(other.content)


def build_groups(tree: Tree, quotations: list[Quotation]) -> Iterator[JudgedGroup]:
    """Yield the candidates of each word in the lexicon with the judgement of the rules, except within quotations."""
    for candidates in group_candidates(tree, quotations, lexicon.get_lemmas()):
        is_quoted = tree.quote[candidates[0].anchor] != NO_QUOTE
        if not is_quoted or candidates[0].frame.startswith(("alone", "label", "marks")):
            yield JudgedGroup(candidates, judge_group(tree, candidates))


def _name_rule(frame: str) -> str:
    return "marks-alone" if frame.startswith("alone") else f"tagger-{frame.partition('/')[0]}"
