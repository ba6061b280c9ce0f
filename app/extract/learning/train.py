"""Train a tagger on an annotated corpus: ``python -m app.extract.learning.train SPLIT_DIR MODEL_FILE``."""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from app.core.spans import Span
from app.extract.attribution import attributions, quotations
from app.extract.attribution.candidates import Candidate
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.tree import Tree, build_tree
from app.extract.learning import features
from app.extract.learning.arrays import Flags, Numbers
from app.extract.learning.corpus import Annotation, read_corpus
from app.extract.learning.proposals import JudgedGroup, extend_groups
from app.extract.learning.sequence import LABELS, NO_FEATURE, TokenModel, build_columns
from app.extract.learning.tagger import Tagger, Thresholds, build_groups, choose
from app.extract.learning.target_encoding import EncodingTrainer, TargetEncoding
from app.extract.learning.trees import Trees

_PARAGRAPH = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+")
_CRF_PARAMETERS = {"c1": 0.0, "c2": 1.0, "max_iterations": 50, "feature.minfreq": 3}
_TREE_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 31,
    "max_depth": 8,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.25,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 63,
    "seed": 1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
_ROUNDS = 500
_FOLDS = 3  # a model overrates the texts it was trained on, so the trees learn from held-out texts
_MIN_PROBABILITY = 0.1  # of a suggestion
_PRECISION = 0.92  # of statements
_THRESHOLDS = Thresholds(0.5, 0.75)  # the default for both, and the highest floor


class TrainingText(NamedTuple):
    """A text with its parse, the judgements of the rules, and its annotations."""

    tree: Tree
    groups: list[JudgedGroup]
    annotations: list[Annotation]

    def list_judgements(self) -> Iterator[Judgement]:
        """Yield the judgements of the rules."""
        return (group.judgement for group in self.groups if group.judgement is not None)


def split_paragraphs(text: str) -> list[Span]:
    """Return the spans between newlines."""
    return [Span(*match.span()) for match in _PARAGRAPH.finditer(text)]


def find_words(text: str, spans: Iterable[Span]) -> frozenset[int]:
    """Return the starts of the words in spans, without a "that" at the beginning."""
    words = [
        (span.start + match.start(), match[0])
        for span in spans
        for match in _WORD.finditer(text[span.start : span.end])
    ]
    return frozenset(start for start, _ in (words[1:] if words and words[0][1].lower() == "that" else words))


def build_training_text(tree: Tree, annotations: Iterable[Annotation]) -> TrainingText:
    """Return a text with the judgements of the rules."""
    marked = list(quotations.find_quotations(tree.text, split_paragraphs(tree.text)))
    return TrainingText(tree, list(build_groups(tree, marked)), list(annotations))


class _Alignment(NamedTuple):
    """The best candidate of each annotation, and the annotations that each candidate matches, all by their places.

    A candidate matches an annotation if they share half of the words of both. The last set of ``matches`` holds all
    annotations.
    """

    best: set[int]
    matches: list[frozenset[int]]


def _align(tree: Tree, candidates: list[Candidate], annotations: Sequence[Annotation]) -> _Alignment:
    by_word: dict[int, list[int]] = {}
    contents = [find_words(tree.text, map(tree.get_span, candidate.content)) for candidate in candidates]
    for number, content in enumerate(contents):
        for word in content:
            by_word.setdefault(word, []).append(number)
    best, matches = set[int](), [set[int]() for _ in candidates]
    for place, annotation in enumerate(annotations):
        words = find_words(tree.text, annotation.content)
        shared = Counter(number for word in words for number in by_word.get(word, ()))
        jaccard = {n: count / (len(words) + len(contents[n]) - count) for n, count in sorted(shared.items())}
        scores = {
            n: index + 0.2 * _has_cue(tree, candidates[n], annotation) for n, index in jaccard.items() if index >= 0.5
        }
        for number in scores:
            matches[number].add(place)
        if scores:
            best.add(max(scores, key=scores.__getitem__))
    return _Alignment(best, [*map(frozenset, matches), frozenset(range(len(annotations)))])


def _has_cue(tree: Tree, candidate: Candidate, annotation: Annotation) -> bool:
    return any(span.start <= tree.start[candidate.anchor] < span.end for span in annotation.cue)


def label_tokens(text: TrainingText) -> list[str]:
    """Return the label of each token: contents from the outermost, then cues outside contents."""
    tree = text.tree
    labels = ["O"] * len(tree.word)
    for annotation in sorted(text.annotations, key=lambda row: -sum(span.end - span.start for span in row.content)):
        for first, last in filter(None, map(tree.find_tokens, annotation.content)):
            if labels[first] == "O":
                labels[first : last + 1] = ["B"] + ["I"] * (last - first)
    for annotation in text.annotations:
        for first, last in filter(None, map(tree.find_tokens, annotation.cue)):
            labels[first : last + 1] = ["C" if label == "O" else label for label in labels[first : last + 1]]
    return labels


def fit(texts: Sequence[TrainingText]) -> Tagger:
    """Return the tagger trained on texts; deterministic for the same texts in the same order."""
    models = [
        fit_token_model(text for number, text in enumerate(texts) if number % _FOLDS != fold) for fold in range(_FOLDS)
    ]
    trainer = _CandidateTrainer()
    for number, text in enumerate(texts):
        trainer.add(text, models[number % _FOLDS], number % _FOLDS)
    return Tagger(fit_token_model(texts), *trainer.fit())


class _CandidateTrainer:
    """The candidates of all texts, with the marginals of a token model that was not trained on the text."""

    def __init__(self) -> None:
        self._numbers: list[Numbers] = []
        self._encoding = EncodingTrainer()
        self._groups: list[Sequence[JudgedGroup]] = []
        self._targets: list[Flags] = []
        self._matches: list[list[frozenset[int]]] = []
        self._folds: list[int] = []

    def add(self, text: TrainingText, model: TokenModel, fold: int) -> None:
        """Add the candidates of a text."""
        marginals = model.compute_marginals(text.tree, text.list_judgements())
        groups = extend_groups(text.tree, text.groups, marginals)
        if not groups:
            return
        rows = features.build_features(text.tree, groups, marginals)
        candidates = [candidate for group in groups for candidate in group.candidates]
        best, matches = _align(text.tree, candidates, text.annotations)
        self._numbers.append(rows.numbers)
        self._encoding.add(rows.keys)
        self._groups.append(groups)
        self._targets.append(np.array([number in best for number in range(len(candidates))]))
        self._matches.append(matches)
        self._folds.append(fold)

    def fit(self) -> tuple[TargetEncoding, Trees, Thresholds]:
        """Return the encoding of keys, the trees that judge all candidates, and the best thresholds."""
        if not self._targets:
            raise ValueError("the texts hold no word that may attribute")
        target = np.concatenate(self._targets).astype(float)
        fold = np.repeat(self._folds, [len(targets) for targets in self._targets])
        rows = np.concatenate([*self._numbers], axis=0)
        rows = np.concatenate([rows, self._encoding.encode_out_of_fold(target, fold)], axis=1)
        is_seen = fold > 0
        log_odds = fit_trees(rows[is_seen], target[is_seen]).compute_log_odds(rows[~is_seen])
        thresholds = self._find_thresholds(log_odds)
        return self._encoding.fit(target), fit_trees(rows, target), thresholds

    def _find_thresholds(self, log_odds: Numbers) -> Thresholds:
        """Return the best thresholds for the texts of the first fold, by trees that learned from the other folds."""
        probabilities, chosen = 1 / (1 + np.exp(-log_odds)), list[tuple[float, bool]]()
        annotation_count = 0
        for number in (number for number, fold in enumerate(self._folds) if fold == 0):
            size = len(self._targets[number])
            own, probabilities = probabilities[:size], probabilities[size:]
            groups, matches = self._groups[number], self._matches[number]
            candidates = (candidate for group in groups for candidate in group.candidates)
            places = {id(candidate): place for place, candidate in enumerate(candidates)}
            left = set(matches[-1])
            annotation_count += len(left)
            for choice in sorted(choose(groups, own, _MIN_PROBABILITY), key=lambda choice: -choice.probability):
                hit = min(matches[places[id(choice.candidate)]] & left, default=None)
                left.discard(-1 if hit is None else hit)
                chosen.append((choice.probability, hit is not None))
        return _choose_thresholds(sorted(chosen, reverse=True), annotation_count)


def _choose_thresholds(chosen: list[tuple[float, bool]], annotation_count: int) -> Thresholds:
    """Return the floor with the best F1, and the lowest strict threshold above it with enough precision."""
    if not chosen:
        return _THRESHOLDS
    hits = np.cumsum([is_hit for _, is_hit in chosen])
    count = np.arange(1, len(chosen) + 1)
    best = int(np.argmax(hits / (count + annotation_count)))
    precise = np.flatnonzero(hits / count >= _PRECISION)
    strict = chosen[precise[-1]][0] if len(precise) else _THRESHOLDS.strict
    floor = min(chosen[best][0], _THRESHOLDS.floor)
    return Thresholds(floor, max(floor, min(strict, 0.99)))


def fit_trees(rows: Numbers, target: Numbers) -> Trees:
    """Return the gradient boosted trees that tell attributions from other candidates."""
    import lightgbm  # type: ignore[import-not-found,unused-ignore]

    booster = lightgbm.train(_TREE_PARAMETERS, lightgbm.Dataset(rows, target), _ROUNDS)
    nodes, roots = list[list[float]](), list[int]()
    for tree in booster.dump_model()["tree_info"]:
        roots.append(len(nodes))
        _append_nodes(tree["tree_structure"], nodes)
    return Trees.from_table(nodes, roots, rows.shape[1])


def _append_nodes(root: dict[str, Any], nodes: list[list[float]]) -> None:
    """Append the nodes of a tree to a table, the children of each side by side."""
    nodes.append([])
    queue = [(len(nodes) - 1, root)]
    for number, node in queue:
        nodes[number] = [0, 0, 0, node.get("leaf_value", 0.0)]
        if "split_feature" in node:
            left = len(nodes)
            nodes[number] = [node["split_feature"], node["threshold"], left, 0.0]
            nodes += [[], []]
            queue += [(left, node["left_child"]), (left + 1, node["right_child"])]


def fit_token_model(texts: Iterable[TrainingText]) -> TokenModel:
    """Return the token model with the highest likelihood of the texts' labels."""
    import pycrfsuite  # type: ignore[import-untyped]

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=_CRF_PARAMETERS, verbose=False)
    for text in texts:
        for rows, labels in _build_sequences(text):
            trainer.append(rows, labels)
    with tempfile.NamedTemporaryFile(suffix=".crf") as file:
        trainer.train(file.name)
        tagger = pycrfsuite.Tagger()
        tagger.open(file.name)
        info = tagger.info()
        tagger.close()
    weights: dict[str, list[float]] = {}
    for (slot, label), weight in info.state_features.items():
        weights.setdefault(slot, [0.0] * len(LABELS))[LABELS.index(label)] = weight
    transitions = [[info.transitions.get((label, following), 0.0) for following in LABELS] for label in LABELS]
    return TokenModel.from_table(weights, transitions)


def _build_sequences(text: TrainingText) -> Iterator[tuple[list[list[str]], list[str]]]:
    """Yield the feature slots and the labels of the tokens of each sentence."""
    labels = label_tokens(text)
    columns = [column.tolist() for column in build_columns(text.tree, text.list_judgements())]
    rows = [[str(slot) for slot in row if slot != NO_FEATURE] for row in zip(*columns, strict=True)]
    for first, last in text.tree.bounds:
        yield rows[first : last + 1], labels[first : last + 1]


def train(split: Path) -> Tagger:
    """Train on a split of a corpus; raise ValueError without annotated texts or without a language model."""
    texts = []
    for name, text, annotations in read_corpus(split):
        doc = attributions.parse_text(text, split_paragraphs(text))
        if doc is None:
            raise ValueError(f"{name} cannot be parsed: it is empty, or no language model is installed")
        texts.append(build_training_text(build_tree(doc, text), annotations))
    if not texts:
        raise ValueError(f"{split} holds no annotated texts (text/*.txt with attributions/*.ann)")
    return fit(texts)


def main() -> None:
    """Train on the split and write the model; both are arguments of the command."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    train(Path(sys.argv[1])).save(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
