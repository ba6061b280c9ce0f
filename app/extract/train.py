"""Train a judge of candidates on an annotated corpus: ``python -m app.extract.train SPLIT_DIR MODEL_FILE``."""

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.extract import attributions, features, quotations, standoff
from app.extract.candidates import Candidate, groups
from app.extract.rules import verdict
from app.extract.standoff import Annotation
from app.extract.tagger import Tagger, is_judged
from app.extract.tree import Tree, grow
from app.spans import Span

_PARAGRAPH = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+")
_YES, _NO = "1", "0"
_PARAMETERS = {"c1": 0.0, "c2": 6.0, "max_iterations": 70, "feature.minfreq": 2}

Example = tuple[list[str], bool]  # the features of a candidate, and whether it is the attribution that was annotated


def paragraphs(text: str) -> list[Span]:
    """Return the stretches between newlines."""
    return [Span(*each.span()) for each in _PARAGRAPH.finditer(text)]


def words(text: str, spans: Iterable[Span]) -> frozenset[int]:
    """Return where the words of spans begin, a "that" at the head left out."""
    found = [
        (span.start + each.start(), each[0]) for span in spans for each in _WORD.finditer(text[span.start : span.end])
    ]
    return frozenset(start for start, _ in (found[1:] if found and found[0][1].lower() == "that" else found))


def examples(tree: Tree, text: str, annotations: Iterable[Annotation]) -> Iterator[Example]:
    """Yield the candidates of a text, each with whether it is the best for an annotated attribution."""
    marked = quotations.find(text, paragraphs(text))
    found = [group for group in groups(tree, marked) if is_judged(tree, group)]
    best = set(_best(tree, text, [each for group in found for each in group], annotations))
    for group in found:
        for candidate, names in zip(group, features.of(tree, group, verdict(tree, group)), strict=True):
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


def fit(labelled: Iterable[Example]) -> Tagger:
    """Return the tagger whose weights make the examples likeliest: logistic regression with L1 and L2 penalties."""
    import pycrfsuite  # type: ignore[import-untyped]

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=_PARAMETERS, verbose=False)
    for names, right in labelled:
        trainer.append([names], [_YES if right else _NO])
    with tempfile.NamedTemporaryFile(suffix=".crf") as file:
        trainer.train(file.name)
        tagger = pycrfsuite.Tagger()
        tagger.open(file.name)
        learned = tagger.info().state_features
        tagger.close()
    weights: dict[str, float] = {}
    for (name, label), weight in learned.items():
        weights[name] = weights.get(name, 0.0) + (weight if label == _YES else -weight)
    return Tagger(weights)


def train(split: Path) -> Tagger:
    """Train on a split of a corpus. Raises ValueError where it holds no annotated text, or no model reads it."""
    return fit(_read(split))


def _read(split: Path) -> Iterator[Example]:
    empty = True
    for name, text, annotations in standoff.read(split):
        doc = attributions.parse(text, paragraphs(text))
        if doc is None:
            raise ValueError(f"{name} cannot be parsed: it is empty, or no language model is installed")
        empty = False
        yield from examples(grow(doc, text), text, annotations)
    if empty:
        raise ValueError(f"{split} holds no annotated texts (text/*.txt with attributions/*.ann)")


def main() -> None:
    """Train on the split and write the model, named by the command's two arguments."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    train(Path(sys.argv[1])).save(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
