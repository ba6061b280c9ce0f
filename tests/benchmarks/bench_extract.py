"""How well and how fast attributions are found, on a corpus in brat's standoff form such as PolNeAR.

``make bench-extract POLNEAR=DIR``: the folder holds splits, of which all but ``train`` are measured, or is one split
itself. Where it holds ``train``, a tagger is trained on it; MODEL=FILE takes one that is there. PREDICTIONS=DIR is
where to write what was found, for other scorers. docs/extraction.md says what the rows mean.
"""

import gc
import json
import os
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.core.spans import Span
from app.extract.attribution import attributions, language_model
from app.extract.findings import AttributionRelation, Grade
from app.extract.learning import train
from app.extract.learning.corpus import read_corpus
from app.extract.learning.tagger import Tagger
from tests.benchmarks.quotes import EVERY, MARKED, Quote, Score, kind_of

Finder = Callable[[int], Iterable[AttributionRelation]]
CORPUS, MODEL, PREDICTIONS = map(os.environ.get, ("POLNEAR", "MODEL", "PREDICTIONS"))

pytestmark = pytest.mark.skipif(not CORPUS, reason="POLNEAR names no corpus")


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(CORPUS or "")


@pytest.fixture(scope="module")
def tagger(folder: Path) -> Tagger | None:
    if MODEL:
        return Tagger.load(Path(MODEL))
    return train.train(folder / "train") if (folder / "train").is_dir() else None


def test_attributions_of_a_corpus(folder: Path, tagger: Tagger | None) -> None:
    held_out = (each for each in sorted(folder.iterdir()) if each.name != "train" and (each / "text").is_dir())
    for split in [*held_out] or [folder]:
        measure(split, tagger)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def measure(split: Path, tagger: Tagger | None) -> None:
    names, texts, annotated = zip(*read_corpus(split), strict=True)
    blocks = [train.split_paragraphs(text) for text in texts]
    language_model.load_model()
    begun = time.process_time()
    docs = [attributions.parse_text(text, spans) for text, spans in zip(texts, blocks, strict=True)]
    parsing = time.process_time() - begun
    gc.freeze()  # as the server does: the parses of all texts are nothing to look through for garbage

    def finder(tagger: Tagger | None = None, *, parsed: bool = True) -> Finder:
        return lambda n: attributions.find_attributions(texts[n], blocks[n], docs[n] if parsed else None, tagger)

    finders = {"rules": finder(), "no model": finder(parsed=False)}
    if tagger is not None:
        finders["tagger"] = finder(tagger)
    print(f"\n{split.name}: {len(texts)} texts, {language_model.get_name()}")
    documents = [
        (text, [Quote(each.content, each.source, each.cue, kind_of(text, each.content)) for each in annotations])
        for text, annotations in zip(texts, annotated, strict=True)
    ]
    for name, find in finders.items():
        begun = time.process_time()
        found = [list(find(n)) for n in range(len(texts))]
        seconds = time.process_time() - begun
        report(name, documents, found)
        report(f"{name}, strict", documents, [[each for each in some if each.grade is Grade.STRICT] for some in found])
        whole = seconds + (0 if name == "no model" else parsing)
        speeds = f"{len(texts) / seconds:.0f}, the model's part included {len(texts) / whole:.1f}"
        print(f"{name:15s} texts/s on one core: {speeds}")
        if PREDICTIONS:
            write(Path(PREDICTIONS) / f"{split.name}-{name.replace(' ', '-')}.jsonl", names, found)


def report(name: str, documents: list[tuple[str, list[Quote]]], found: list[list[AttributionRelation]]) -> None:
    for label, kinds in (("all", EVERY), ("direct+mixed", MARKED)):
        score = Score(kinds)
        for (text, annotated), quotes in zip(documents, found, strict=True):
            score.add(text, annotated, [predicted(each) for each in quotes])
        print(f"{name:16s} {label:13s} {score.row()}")


def write(file: Path, names: Sequence[str], found: list[list[AttributionRelation]]) -> None:
    """Write a line for each text: its name, and what was found in it by offsets in code points."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        {"id": name, "quotes": [line(predicted(each)) for each in some]}
        for name, some in zip(names, found, strict=True)
    )
    file.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")


def line(quote: Quote) -> dict[str, Any]:
    spans = {"content": quote.content, "source": quote.source, "cue": quote.cue}
    return {role: [(span.start, span.end) for span in some] for role, some in spans.items()} | {"kind": quote.kind}


def predicted(each: AttributionRelation) -> Quote:
    source: tuple[Span | None, ...] = (each.mention, each.pronoun)
    return Quote(each.content, tuple(span for span in source if span is not None), each.cue, each.kind)
