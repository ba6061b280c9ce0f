"""Train a judge of candidates on an annotated corpus: ``python -m app.extract.learning.train SPLIT_DIR MODEL_FILE``."""

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
from app.extract.learning import features, proposals, standoff
from app.extract.learning.arrays import Flags, Numbers
from app.extract.learning.proposals import Judged
from app.extract.learning.sequence import LABELS, NOTHING, Chain, described
from app.extract.learning.shares import Counts, Shares
from app.extract.learning.standoff import Annotation
from app.extract.learning.tagger import Bars, Tagger, choose, ruled_groups
from app.extract.learning.trees import Trees

_PARAGRAPH = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+")
_TOKENS = {"c1": 0.0, "c2": 1.0, "max_iterations": 50, "feature.minfreq": 3}
_TREES = {
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
_FOLDS = 3  # what a model says of texts that it was trained on is too good to learn from
_LOWEST = 0.1  # what is less likely can be no suggestion
_PRECISE = 0.92  # of statements, so many shall be right
_BARS = Bars(0.5, 0.75)  # where the texts tell no better, and the highest floor


class Annotated(NamedTuple):
    """A text with its parse, what the rules say of it, and what people annotated in it."""

    tree: Tree
    ruled: list[tuple[list[Candidate], Judgement | None]]
    annotations: list[Annotation]

    def verdicts(self) -> Iterator[Judgement]:
        """Yield what the rules found."""
        return (ruled for _, ruled in self.ruled if ruled is not None)


def paragraphs(text: str) -> list[Span]:
    """Return the stretches between newlines."""
    return [Span(*each.span()) for each in _PARAGRAPH.finditer(text)]


def words(text: str, spans: Iterable[Span]) -> frozenset[int]:
    """Return where the words of spans begin, a "that" at the head left out."""
    found = [
        (span.start + each.start(), each[0]) for span in spans for each in _WORD.finditer(text[span.start : span.end])
    ]
    return frozenset(start for start, _ in (found[1:] if found and found[0][1].lower() == "that" else found))


def annotated(tree: Tree, annotations: Iterable[Annotation]) -> Annotated:
    """Return what there is to learn from a text."""
    marked = list(quotations.find_quotations(tree.text, paragraphs(tree.text)))
    return Annotated(tree, list(ruled_groups(tree, marked)), list(annotations))


def _nearest(
    tree: Tree, found: list[Candidate], annotations: Sequence[Annotation]
) -> tuple[set[int], list[frozenset[int]]]:
    """Return the number of the nearest candidate to each annotation, where one shares half of its words.

    And for each candidate the annotations that it shares half of the words with; at the end, those that there are.
    """
    holders: dict[int, list[int]] = {}
    contents = [_words_of(tree, each) for each in found]
    for number, content in enumerate(contents):
        for word in content:
            holders.setdefault(word, []).append(number)
    best, about = set[int](), [set[int]() for _ in found]
    for which, annotation in enumerate(annotations):
        wanted = words(tree.text, annotation.content)
        shared = Counter(number for word in wanted for number in holders.get(word, ()))
        near = {n: count / (len(wanted) + len(contents[n]) - count) for n, count in sorted(shared.items())}
        close = {n: share + 0.2 * _is_cued(tree, found[n], annotation) for n, share in near.items() if share >= 0.5}
        for number in close:
            about[number].add(which)
        if close:
            best.add(max(close, key=close.__getitem__))
    return best, [*map(frozenset, about), frozenset(range(len(annotations)))]


def _words_of(tree: Tree, candidate: Candidate) -> frozenset[int]:
    return words(tree.text, [Span(tree.start[first], tree.end[last]) for first, last in candidate.content])


def _is_cued(tree: Tree, candidate: Candidate, annotation: Annotation) -> bool:
    return any(span.start <= tree.start[candidate.anchor] < span.end for span in annotation.cue)


def labels(read: Annotated) -> list[str]:
    """Return the label of each token: contents from the outside in, cues where they stand outside."""
    tree = read.tree
    found = ["O"] * len(tree.word)
    for annotation in sorted(read.annotations, key=lambda each: -sum(span.end - span.start for span in each.content)):
        for first, last in filter(None, map(tree.find_tokens, annotation.content)):
            if found[first] == "O":
                found[first : last + 1] = ["B"] + ["I"] * (last - first)
    for annotation in read.annotations:
        for first, last in filter(None, map(tree.find_tokens, annotation.cue)):
            found[first : last + 1] = ["C" if each == "O" else each for each in found[first : last + 1]]
    return found


def fit(texts: Sequence[Annotated]) -> Tagger:
    """Return the tagger that makes the annotations likeliest; deterministic for the same texts in the same order."""
    chains = [fit_chain(each for number, each in enumerate(texts) if number % _FOLDS != fold) for fold in range(_FOLDS)]
    learned = _Candidates()
    for number, text in enumerate(texts):
        learned.add(text, chains[number % _FOLDS], number % _FOLDS)
    return Tagger(fit_chain(texts), *learned.fit())


class _Candidates:
    """The candidates of all texts, each text judged by a chain that has not seen it."""

    def __init__(self) -> None:
        self._numbers: list[Numbers] = []
        self._counts = Counts()
        self._judged: list[Judged] = []
        self._right: list[Flags] = []
        self._about: list[list[frozenset[int]]] = []
        self._folds: list[int] = []

    def add(self, text: Annotated, chain: Chain, fold: int) -> None:
        """Take the candidates of another text."""
        chances = chain.chances(text.tree, text.verdicts())
        judged = proposals.extended(text.tree, text.ruled, chances)
        if not judged:
            return
        described = features.of(text.tree, judged, chances)
        every = [each for group, _ in judged for each in group]
        best, about = _nearest(text.tree, every, text.annotations)
        self._numbers.append(described.numbers)
        self._counts.add(described.keys)
        self._judged.append(judged)
        self._right.append(np.array([number in best for number in range(len(every))]))
        self._about.append(about)
        self._folds.append(fold)

    def fit(self) -> tuple[Shares, Trees, Bars]:
        """Return how often keys attribute, the trees that judge all candidates, and the bars that suit them."""
        if not self._right:
            raise ValueError("the texts hold no word that may attribute")
        right = np.concatenate(self._right).astype(float)
        fold = np.repeat(self._folds, [len(each) for each in self._right])
        rows = np.concatenate([*self._numbers], axis=0)
        rows = np.concatenate([rows, self._counts.numbers(right, fold)], axis=1)
        seen = fold > 0
        bars = self._bars(fit_trees(rows[seen], right[seen]).odds(rows[~seen]))
        return self._counts.shares(right), fit_trees(rows, right), bars

    def _bars(self, odds: Numbers) -> Bars:
        """The bars that are best in the texts of the first fold, by trees that learned from the others."""
        likely, found = 1 / (1 + np.exp(-odds)), list[tuple[float, bool]]()
        held = [number for number, fold in enumerate(self._folds) if fold == 0]
        wanted = 0
        for number in held:
            own, likely = likely[: len(self._right[number])], likely[len(self._right[number]) :]
            judged, about = self._judged[number], self._about[number]
            places = {id(each): place for place, each in enumerate(each for group, _ in judged for each in group)}
            left = set(about[-1])
            wanted += len(left)
            for each, share in sorted(choose(judged, own, _LOWEST), key=lambda pair: -pair[1]):
                hit = min(about[places[id(each)]] & left, default=None)
                left.discard(-1 if hit is None else hit)
                found.append((share, hit is not None))
        return _best_bars(sorted(found, reverse=True), wanted)


def _best_bars(found: list[tuple[float, bool]], wanted: int) -> Bars:
    """The floor with the best F1, and the lowest bar above it that leaves enough that is right."""
    if not found:
        return _BARS
    hits = np.cumsum([hit for _, hit in found])
    count = np.arange(1, len(found) + 1)
    best = int(np.argmax(hits / (count + wanted)))
    precise = np.flatnonzero(hits / count >= _PRECISE)
    strict = found[precise[-1]][0] if len(precise) else _BARS.strict
    floor = min(found[best][0], _BARS.floor)
    return Bars(floor, max(floor, min(strict, 0.99)))


def fit_trees(rows: Numbers, right: Numbers) -> Trees:
    """Return the trees that tell the right candidates from the others."""
    import lightgbm  # type: ignore[import-not-found,unused-ignore]

    booster = lightgbm.train(_TREES, lightgbm.Dataset(rows, right), _ROUNDS)
    nodes, roots = list[list[float]](), list[int]()
    for tree in booster.dump_model()["tree_info"]:
        roots.append(len(nodes))
        _lay_out(tree["tree_structure"], nodes)
    return Trees.of(nodes, roots, rows.shape[1])


def _lay_out(top: dict[str, Any], nodes: list[list[float]]) -> None:
    """Append the nodes of a tree to a table, the children of each side by side."""
    nodes.append([])
    waiting = [(len(nodes) - 1, top)]
    for number, node in waiting:
        nodes[number] = [0, 0, 0, node.get("leaf_value", 0.0)]
        if "split_feature" in node:
            left = len(nodes)
            nodes[number] = [node["split_feature"], node["threshold"], left, 0.0]
            nodes += [[], []]
            waiting += [(left, node["left_child"]), (left + 1, node["right_child"])]


def fit_chain(texts: Iterable[Annotated]) -> Chain:
    """Return the chain of tokens that makes the labels of the texts likeliest."""
    import pycrfsuite  # type: ignore[import-untyped]

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=_TOKENS, verbose=False)
    for text in texts:
        for rows, labelled in _sequences(text):
            trainer.append(rows, labelled)
    with tempfile.NamedTemporaryFile(suffix=".crf") as file:
        trainer.train(file.name)
        tagger = pycrfsuite.Tagger()
        tagger.open(file.name)
        info = tagger.info()
        tagger.close()
    weights: dict[str, list[float]] = {}
    for (slot, label), weight in info.state_features.items():
        weights.setdefault(slot, [0.0] * len(LABELS))[LABELS.index(label)] = weight
    return Chain.of(weights, [[info.transitions.get((one, other), 0.0) for other in LABELS] for one in LABELS])


def _sequences(read: Annotated) -> Iterator[tuple[list[list[str]], list[str]]]:
    labelled = labels(read)
    columns = [column.tolist() for column in described(read.tree, read.verdicts())]
    rows = [[str(slot) for slot in row if slot != NOTHING] for row in zip(*columns, strict=True)]
    for first, last in read.tree.bounds:
        yield rows[first : last + 1], labelled[first : last + 1]


def train(split: Path) -> Tagger:
    """Train on a split of a corpus. Raises ValueError where it holds no annotated text, or no model reads it."""
    texts = list(_read(split))
    if not texts:
        raise ValueError(f"{split} holds no annotated texts (text/*.txt with attributions/*.ann)")
    return fit(texts)


def _read(split: Path) -> Iterator[Annotated]:
    for name, text, annotations in standoff.read(split):
        doc = attributions.parse_text(text, paragraphs(text))
        if doc is None:
            raise ValueError(f"{name} cannot be parsed: it is empty, or no language model is installed")
        yield annotated(build_tree(doc, text), annotations)


def main() -> None:
    """Train on the split and write the model, named by the command's two arguments."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    train(Path(sys.argv[1])).save(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
