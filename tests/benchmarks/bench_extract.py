"""The accuracy and speed of attributions, on a corpus in brat's standoff format such as PolNeAR.

``make bench-extract POLNEAR=DIR``: the folder contains splits, of which all but ``train`` are measured, or is one split
itself. If it contains ``train``, a tagger is trained on that; MODEL=FILE names a trained one. PREDICTIONS=DIR is the
folder to write the attributions to, for other scorers. docs/extraction.md explains the rows.
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
from tests.benchmarks.quotes import ALL_KINDS, MARKED_KINDS, Quote, Score, get_kind

Finder = Callable[[int], Iterable[AttributionRelation]]
CORPUS, MODEL, PREDICTIONS = map(os.environ.get, ("POLNEAR", "MODEL", "PREDICTIONS"))

pytestmark = pytest.mark.skipif(not CORPUS, reason="no corpus: POLNEAR is not set")


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(CORPUS or "")


@pytest.fixture(scope="module")
def tagger(folder: Path) -> Tagger | None:
    if MODEL:
        return Tagger.load(Path(MODEL))
    return train.train(folder / "train") if (folder / "train").is_dir() else None


def test_attributions_of_a_corpus(folder: Path, tagger: Tagger | None) -> None:
    held_out = (path for path in sorted(folder.iterdir()) if path.name != "train" and (path / "text").is_dir())
    for split in [*held_out] or [folder]:
        measure(split, tagger)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def measure(split: Path, tagger: Tagger | None) -> None:
    names, texts, annotated = zip(*read_corpus(split), strict=True)
    blocks = [train.split_paragraphs(text) for text in texts]
    language_model.load_model()
    started = time.process_time()
    docs = [attributions.parse_text(text, spans) for text, spans in zip(texts, blocks, strict=True)]
    parsing = time.process_time() - started
    gc.freeze()  # as the server does: the garbage collector need not look through the parses of all texts

    def build_finder(tagger: Tagger | None = None, *, parsed: bool = True) -> Finder:
        return lambda n: attributions.find_attributions(texts[n], blocks[n], docs[n] if parsed else None, tagger)

    finders = {"rules": build_finder(), "no model": build_finder(parsed=False)}
    if tagger is not None:
        finders["tagger"] = build_finder(tagger)
    print(f"\n{split.name}: {len(texts)} texts, {language_model.get_name()}")
    documents = [
        (text, [Quote(item.content, item.source, item.cue, get_kind(text, item.content)) for item in annotations])
        for text, annotations in zip(texts, annotated, strict=True)
    ]
    for name, find in finders.items():
        started = time.process_time()
        relations = [list(find(n)) for n in range(len(texts))]
        seconds = time.process_time() - started
        report(name, documents, relations)
        strict = [[relation for relation in listed if relation.grade is Grade.STRICT] for listed in relations]
        report(f"{name}, strict", documents, strict)
        whole = seconds + (0 if name == "no model" else parsing)
        speeds = f"{len(texts) / seconds:.0f}, with the model's part {len(texts) / whole:.1f}"
        print(f"{name:15s} texts/s on one core: {speeds}")
        if PREDICTIONS:
            write(Path(PREDICTIONS) / f"{split.name}-{name.replace(' ', '-')}.jsonl", names, relations)


def report(name: str, documents: list[tuple[str, list[Quote]]], relations: list[list[AttributionRelation]]) -> None:
    for label, kinds in (("all", ALL_KINDS), ("direct+mixed", MARKED_KINDS)):
        score = Score(kinds)
        for (text, annotated), listed in zip(documents, relations, strict=True):
            score.add(text, annotated, list(map(to_quote, listed)))
        print(f"{name:16s} {label:13s} {score.row()}")


def write(file: Path, names: Sequence[str], relations: list[list[AttributionRelation]]) -> None:
    """Write a line for each text, with its name and its attributions by offsets in code points."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        {"id": name, "quotes": [describe(to_quote(relation)) for relation in listed]}
        for name, listed in zip(names, relations, strict=True)
    )
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def describe(quote: Quote) -> dict[str, Any]:
    spans = {"content": quote.content, "source": quote.source, "cue": quote.cue}
    return {role: [(span.start, span.end) for span in listed] for role, listed in spans.items()} | {"kind": quote.kind}


def to_quote(relation: AttributionRelation) -> Quote:
    """Return an attribution that was found in the form of an annotated one."""
    source: tuple[Span | None, ...] = (relation.mention, relation.pronoun)
    return Quote(relation.content, tuple(span for span in source if span is not None), relation.cue, relation.kind)
