"""Train a judge of candidates on an annotated corpus: ``python -m app.extract.learning.train SPLIT_DIR MODEL_FILE``."""

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.extract.attribution import attributions, quotations
from app.extract.attribution.candidates import Candidate
from app.extract.attribution.rules import Verdict
from app.extract.attribution.tree import Tree, grow
from app.extract.learning import features, standoff
from app.extract.learning.sequence import LABELS, Chain, Row, sentences
from app.extract.learning.standoff import Annotation
from app.extract.learning.tagger import Tagger, ruled_groups
from app.spans import Span

_PARAGRAPH = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+")
_YES, _NO = "1", "0"
_CANDIDATES = {"c1": 0.0, "c2": 6.0, "max_iterations": 70, "feature.minfreq": 2}
_TOKENS = {"c1": 0.0, "c2": 1.0, "max_iterations": 50, "feature.minfreq": 3}
_FOLDS = 3  # what a chain says of texts that it was trained on is too good to learn from

Example = tuple[list[str], bool]  # the features of a candidate, and whether it is the attribution that was annotated


class Annotated(NamedTuple):
    """A text with its parse, what the rules say of it, and what people annotated in it."""

    tree: Tree
    ruled: list[tuple[list[Candidate], Verdict | None]]
    annotations: list[Annotation]

    def verdicts(self) -> Iterator[Verdict]:
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
    marked = list(quotations.find(tree.text, paragraphs(tree.text)))
    return Annotated(tree, list(ruled_groups(tree, marked)), list(annotations))


def examples(read: Annotated, chain: Chain) -> Iterator[Example]:
    """Yield the candidates of a text, each with whether it is the best for an annotated attribution."""
    tree, chances = read.tree, chain.chances(read.tree, read.verdicts())
    every = [each for group, _ in read.ruled for each in group]
    best = set(_best(tree, tree.text, every, read.annotations))
    for group, ruled in read.ruled:
        for candidate, names in zip(group, features.of(tree, group, ruled, chances), strict=True):
            yield names, id(candidate) in best


def _best(tree: Tree, text: str, found: list[Candidate], annotations: Iterable[Annotation]) -> Iterator[int]:
    """The identity of the candidate that is nearest to each annotation, where one shares half of its words."""
    contents = [
        words(text, [Span(tree.start[first], tree.end[last]) for first, last in each.content]) for each in found
    ]
    for annotation in annotations:
        wanted = words(text, annotation.content)
        nearest, most = None, 0.5
        for candidate, content in zip(found, contents, strict=True):
            shared = len(wanted & content)
            if not shared or 2 * shared < len(wanted | content):
                continue
            position = tree.start[candidate.anchor]
            cued = any(span.start <= position < span.end for span in annotation.cue)
            near = shared / len(wanted | content) + 0.2 * cued
            if nearest is None or near > most:
                nearest, most = candidate, near
        if nearest is not None:
            yield id(nearest)


def labels(read: Annotated) -> list[str]:
    """Return the label of each token: contents from the outside in, cues where they stand outside."""
    tree = read.tree
    found = ["O"] * len(tree.word)
    for annotation in sorted(read.annotations, key=lambda each: -sum(span.end - span.start for span in each.content)):
        for first, last in filter(None, map(tree.tokens, annotation.content)):
            if found[first] == "O":
                found[first : last + 1] = ["B"] + ["I"] * (last - first)
    for annotation in read.annotations:
        for first, last in filter(None, map(tree.tokens, annotation.cue)):
            found[first : last + 1] = ["C" if each == "O" else each for each in found[first : last + 1]]
    return found


def fit(texts: Sequence[Annotated]) -> Tagger:
    """Return the tagger that makes the annotations likeliest; deterministic for the same texts in the same order."""
    chains = [fit_chain(each for number, each in enumerate(texts) if number % _FOLDS != fold) for fold in range(_FOLDS)]
    labelled = (each for number, text in enumerate(texts) for each in examples(text, chains[number % _FOLDS]))
    return Tagger(fit_candidates(labelled), fit_chain(texts))


def fit_candidates(labelled: Iterable[Example]) -> dict[str, float]:
    """Return the weights of features: logistic regression with an L2 penalty."""
    learned, _ = _learn((([names], [_YES if right else _NO]) for names, right in labelled), _CANDIDATES)
    weights: dict[str, float] = {}
    for (name, label), weight in learned.items():
        weights[name] = weights.get(name, 0.0) + (weight if label == _YES else -weight)
    return weights


def fit_chain(texts: Iterable[Annotated]) -> Chain:
    """Return the chain of tokens that makes the labels of the texts likeliest."""
    learned, following = _learn((each for text in texts for each in _sequences(text)), _TOKENS)
    weights: dict[str, list[float]] = {}
    for (name, label), weight in learned.items():
        weights.setdefault(name, [0.0] * len(LABELS))[LABELS.index(label)] = weight
    return Chain(weights, [[following.get((one, other), 0.0) for other in LABELS] for one in LABELS])


def _sequences(read: Annotated) -> Iterator[tuple[list[Row], list[str]]]:
    labelled = labels(read)
    for first, rows in sentences(read.tree, read.verdicts()):
        yield rows, labelled[first : first + len(rows)]


Weights = dict[tuple[str, str], float]


def _learn(sequences: Iterable[tuple[list[Row], list[str]]], parameters: dict[str, float]) -> tuple[Weights, Weights]:
    """Return the weights of features by label, and of labels by the label before."""
    import pycrfsuite  # type: ignore[import-untyped]

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=parameters, verbose=False)
    for rows, labelled in sequences:
        trainer.append(rows, labelled)
    with tempfile.NamedTemporaryFile(suffix=".crf") as file:
        trainer.train(file.name)
        tagger = pycrfsuite.Tagger()
        tagger.open(file.name)
        info = tagger.info()
        tagger.close()
    return info.state_features, info.transitions


def train(split: Path) -> Tagger:
    """Train on a split of a corpus. Raises ValueError where it holds no annotated text, or no model reads it."""
    texts = list(_read(split))
    if not texts:
        raise ValueError(f"{split} holds no annotated texts (text/*.txt with attributions/*.ann)")
    return fit(texts)


def _read(split: Path) -> Iterator[Annotated]:
    for name, text, annotations in standoff.read(split):
        doc = attributions.parse(text, paragraphs(text))
        if doc is None:
            raise ValueError(f"{name} cannot be parsed: it is empty, or no language model is installed")
        yield annotated(grow(doc, text), annotations)


def main() -> None:
    """Train on the split and write the model, named by the command's two arguments."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    train(Path(sys.argv[1])).save(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
