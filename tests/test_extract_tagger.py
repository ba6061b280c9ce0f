"""Test the parts of the tagger: trees, target encoding, proposed contents, the choice among them."""

import json
import math
from ctypes.util import find_library
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from app.extract.attribution import attributions, quotations
from app.extract.attribution.candidates import Candidate
from app.extract.attribution.tree import TokenRange, Tree, build_tree
from app.extract.learning import tagger, train
from app.extract.learning.corpus import read_corpus
from app.extract.learning.proposals import JudgedGroup, extend_groups
from app.extract.learning.sequence import LABELS, TokenModel, build_columns
from app.extract.learning.tagger import Tagger
from app.extract.learning.target_encoding import EncodingTrainer
from app.extract.learning.trees import Trees
from tests.attributions import describe, find_relations, get_words

LEAF = 0


def test_trees_are_evaluated_from_root_to_leaf() -> None:
    first = [[0, 1.5, 1, 0], [1, 0.0, 3, 0], [0, 0, LEAF, 5.0], [0, 0, LEAF, 1.0], [0, 0, LEAF, 2.0]]
    trees = Trees.from_table([*first, [0, 0, LEAF, 0.25]], [0, 5], 2)

    odds = trees.compute_log_odds(np.array([[1.0, -1.0], [1.5, 0.5], [2.0, 0.0]]))

    assert odds.tolist() == [1.25, 2.25, 5.25]
    assert trees.compute_log_odds(np.zeros((0, 2))).tolist() == []


def test_no_trees_give_zero_log_odds() -> None:
    assert Trees.from_table([], [], 2).compute_log_odds(np.zeros((3, 2))).tolist() == [0, 0, 0]


def test_too_deep_trees_are_rejected() -> None:
    leaf = [0, 0, LEAF, 0]
    descent = [candidate for number in range(1, 200, 2) for candidate in ([0, 0, number, 0], leaf)]

    with pytest.raises(ValueError, match="too deep"):
        Trees.from_table([*descent, leaf], [0], 1)


def test_target_encoding_is_learned_from_the_other_folds() -> None:
    counts = EncodingTrainer()
    counts.add([("say",), ("say",), ("eat",)])
    counts.add([("say",), ("say",), ("eat",)])
    right, fold = np.array([1.0, 1, 0, 0, 0, 0]), np.array([0, 0, 0, 1, 1, 1])

    numbers = counts.encode_out_of_fold(right, fold)
    shares = counts.fit(right)

    assert numbers[0].tolist() == [0, 2]  # in the other fold, "say" never did
    assert numbers[3].tolist() == [pytest.approx((2 + 8 * 2 / 3) / 10), 2]
    assert numbers[2].tolist() == [0, 0]  # once is no share
    assert shares.encode([("say",), ("unheard",)])[:, 1].tolist() == [4, 0]


def read(text: str) -> tuple[Tree, list[JudgedGroup]]:
    blocks = train.split_paragraphs(text)
    doc = attributions.parse_text(text, blocks)
    assert doc is not None
    tree = build_tree(doc, text)
    return tree, list(tagger.build_groups(tree, list(quotations.find_quotations(text, blocks))))


def words_of(tree: Tree, content: tuple[TokenRange, ...]) -> str:
    return " / ".join(tree.text[tree.start[first] : tree.end[last]] for first, last in content)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("The mayor said the bridge was safe, citing a report.", "the bridge was safe"),
        ("The mayor insisted that the bridge was safe and left the room.", "that the bridge was safe"),
        ("The mayor criticized the minister, who had closed the bridge.", "the minister"),
    ],
)
def test_contents_may_end_before_a_dependent_phrase(text: str, content: str) -> None:
    tree, judged = read(text)

    every = extend_groups(tree, judged, np.zeros((len(tree.word), 3)))

    assert content in [words_of(tree, candidate.content) for group, _ in every for candidate in group]


def test_token_model_proposes_cues_missing_in_the_lexicon() -> None:
    tree, judged = read("Anna Berg greeted the new voters of the town warmly.")
    chances = np.zeros((len(tree.word), 3))
    chances[2, 2] = chances[4, 0] = 0.9
    chances[5, 1] = 0.9

    every = extend_groups(tree, judged, chances)

    assert not judged
    assert "new voters" in [words_of(tree, candidate.content) for group, _ in every for candidate in group]


def test_overlapping_contents_beat_a_likelier_single_one() -> None:
    lone = Candidate(0, "ccomp", (TokenRange(20, 30),), None, ())
    group = [lone, *(replace(lone, content=(TokenRange(1, last),)) for last in (10, 11, 12))]

    ((chosen, likely),) = tagger.choose([JudgedGroup(group, None)], np.array([0.3, 0.2, 0.25, 0.15]), 0.3)

    assert chosen is group[2]
    assert likely == pytest.approx(0.6)
    assert not list(tagger.choose([JudgedGroup(group, None)], np.array([0.1, 0.02, 0.01, 0.01]), 0.3))


@pytest.mark.expensive("trains a model")
@pytest.mark.skipif(find_library("gomp") is None, reason="no libgomp, which LightGBM needs")
def test_model_is_trained_saved_and_loaded(tmp_path: Path) -> None:
    split = corpus(tmp_path / "split")
    tagger = train.train(split)
    tagger.save(tmp_path / "model.json")
    text = "Anna Berg greeted the crowd warmly. Police said the road was closed."
    blocks = train.split_paragraphs(text)

    relations = attributions.find_attributions(
        text, blocks, attributions.parse_text(text, blocks), Tagger.load(tmp_path / "model.json")
    )

    assert ("the crowd", "Anna Berg", "greeted") in [describe(text, candidate) for candidate in relations]
    assert not any(candidate.cue and get_words(text, *candidate.cue) == "greeted" for candidate in find_relations(text))


def test_marginals_equal_sums_over_all_labellings() -> None:
    text = "She said no."
    doc = attributions.parse_text(text, train.split_paragraphs(text))
    assert doc is not None
    tree = build_tree(doc, text)
    rows = [list(row) for row in zip(*(column.tolist() for column in build_columns(tree, [])), strict=True)]
    label_weights = [[0.1, -0.2, 0.3, 1.5], [-0.4, 1.1, 0.2, 0.0], [0.7, 0.2, -1.0, 0.3]]
    weights = dict(zip([rows[0][0], rows[1][0], rows[1][2]], label_weights, strict=True))
    follow = [[0.2, 0.5, -3.0, 0.4], [0.1, -0.6, 0.9, 0.0], [0.3, -0.2, 0.8, 0.1], [-0.1, 1.2, -0.5, 0.6]]

    def weight(path: tuple[int, ...]) -> float:
        own = sum(
            weights[name][label] for row, label in zip(rows, path, strict=True) for name in row if name in weights
        )
        return math.exp(own + sum(follow[one][other] for one, other in pairwise(path)))

    every = {path: weight(path) for path in product(range(len(LABELS)), repeat=len(rows))}
    chain = TokenModel.from_table({str(slot): candidate for slot, candidate in weights.items()}, follow)
    for token, chances in enumerate(chain.compute_marginals(tree, [])):
        share = [sum(candidate for path, candidate in every.items() if path[token] == label) for label in (1, 2, 3)]
        assert chances == pytest.approx([candidate / sum(every.values()) for candidate in share])


def corpus(split: Path) -> Path:
    """Write a split of annotated texts in which, as nowhere else, the object of "greeted" is content."""
    for folder in ("text", "attributions"):
        (split / folder).mkdir(parents=True)
    for number, (name, crowd) in enumerate(
        [("Ivan", "the guests"), ("Maria", "her voters"), ("Omar", "the fans")] * 40
    ):
        text = f"{name} greeted {crowd} warmly. The train left at noon. A dog slept near the old door."
        (split / "text" / f"{number}.txt").write_text(text)
        cue, content = len(name) + 1, len(name) + len(" greeted ")
        (split / "attributions" / f"{number}_one.ann").write_text(
            f"T1\tSource 0 {len(name)}\t{name}\nT2\tCue {cue} {cue + 7}\tgreeted\n"
            f"T3\tContent {content} {content + len(crowd)}\t{crowd}\nT4\tAttribution {cue} {cue + 7}\tgreeted\n"
            "E1\tAttribution:T4 Source:T1 Cue:T2 Content:T3\n"
        )
    return split


def test_corpus_is_read_with_its_offsets(tmp_path: Path) -> None:
    ((name, text, (annotation,)), *_) = read_corpus(corpus(tmp_path))

    assert name == "0"
    assert get_words(text, *annotation.content) == "the guests"
    assert get_words(text, *annotation.source, *annotation.cue) == "Ivan / greeted"


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "another"},
        {"tokens": None},
        {"tokens": {"-1": [0, 0, 0, 0]}},
        {"tokens": {"1": [0, 0, 0]}},
        {"transitions": [[1]]},
        {"shares": [0.5, []]},
        {"trees": {}},
        {"trees": {"nodes": [[0, 0, 1, 0]], "roots": [0]}},
        {"trees": {"nodes": [[0, 0, float("nan"), 0]], "roots": [0]}},
        {"trees": {"nodes": [[999, 0, 0, 0]], "roots": [0]}},
        {"trees": {"nodes": [[0, 0, 0, 0]], "roots": [7]}},
        {"floor": "none"},
        {"strict": 1},
    ],
)
def test_invalid_model_file_is_rejected(changed: dict[str, object], tmp_path: Path) -> None:
    Tagger.untrained().save(tmp_path / "model.json")
    model = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(model | changed))

    with pytest.raises(ValueError, match="not a model"):
        Tagger.load(tmp_path / "model.json")


def test_corpus_without_annotated_texts_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()

    with pytest.raises(ValueError, match="holds no annotated texts"):
        train.train(tmp_path)
