"""How well and how fast attributions are found, on a corpus in brat's standoff form such as PolNeAR.

``make bench-extract POLNEAR=DIR``: the folder holds ``train`` and ``dev``, or is one split itself. Where it holds
``train``, a tagger is trained on it; MODEL=FILE takes one that is there. docs/extraction.md says what the rows mean.
"""

import os
import resource
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from app.extract.attribution import attributions, language
from app.extract.findings import Attributed, Grade
from app.extract.learning import standoff, train
from app.extract.learning.tagger import Tagger
from app.spans import Span
from tests.benchmarks.quotes import EVERY, MARKED, Quote, Score, kind_of

Finder = Callable[[int], Iterable[Attributed]]
CORPUS, MODEL = os.environ.get("POLNEAR"), os.environ.get("MODEL")

pytestmark = pytest.mark.skipif(not CORPUS, reason="POLNEAR names no corpus")


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(CORPUS or "")


def test_attributions_of_a_corpus(folder: Path) -> None:
    split = folder / "dev" if (folder / "dev").is_dir() else folder
    documents = [
        (text, [Quote(each.content, each.source, each.cue, kind_of(text, each.content)) for each in annotations])
        for _, text, annotations in standoff.read(split)
    ]
    blocks = [train.paragraphs(text) for text, _ in documents]
    language.model()
    begun = time.process_time()
    docs = [attributions.parse(text, spans) for (text, _), spans in zip(documents, blocks, strict=True)]
    parsing = time.process_time() - begun

    def finder(tagger: Tagger | None = None, *, parsed: bool = True) -> Finder:
        return lambda n: attributions.find(documents[n][0], blocks[n], docs[n] if parsed else None, tagger)

    taggers = {"rules": finder(), "rules, strict": strictly(finder()), "no model": finder(parsed=False)}
    tagger = tagger_for(folder)
    if tagger is not None:
        taggers |= {"tagger": finder(tagger), "tagger, strict": strictly(finder(tagger))}
    print(f"\n{len(documents)} texts, {language.name()}")
    for name, find in taggers.items():
        report(name, documents, find, parsing)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def strictly(find: Finder) -> Finder:
    return lambda n: (each for each in find(n) if each.grade is Grade.STRICT)


def tagger_for(folder: Path) -> Tagger | None:
    if MODEL:
        return Tagger.load(Path(MODEL))
    return train.train(folder / "train") if (folder / "train").is_dir() else None


def report(name: str, documents: list[tuple[str, list[Quote]]], find: Finder, parsing: float) -> None:
    begun = time.process_time()
    found = [[predicted(each) for each in find(n)] for n in range(len(documents))]
    finding = time.process_time() - begun
    for label, kinds in (("all", EVERY), ("direct+mixed", MARKED)):
        score = Score(kinds)
        for (text, annotated), quotes in zip(documents, found, strict=True):
            score.add(text, annotated, quotes)
        print(f"{name:15s} {label:13s} {score.row()}")
    whole = finding + (0 if name == "no model" else parsing)
    speeds = f"{len(documents) / finding:.0f}, the model's part included {len(documents) / whole:.1f}"
    print(f"{name:15s} texts/s on one core: {speeds}")


def predicted(each: Attributed) -> Quote:
    source: tuple[Span | None, ...] = (each.mention, each.pronoun)
    return Quote(each.content, tuple(span for span in source if span is not None), each.cue, each.kind)
