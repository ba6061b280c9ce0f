"""The parts of the trained judge: trees, shares of keys, contents of its own, the choice among them."""

from dataclasses import replace

import numpy as np
import pytest

from app.extract.attribution import attributions, quotations
from app.extract.attribution.candidates import Candidate
from app.extract.attribution.tree import Range, Tree, grow
from app.extract.learning import proposals, tagger, train
from app.extract.learning.shares import Counts
from app.extract.learning.trees import Trees

LEAF = 0


def test_trees_are_walked_from_their_roots_to_a_leaf() -> None:
    first = [[0, 1.5, 1, 0], [1, 0.0, 3, 0], [0, 0, LEAF, 5.0], [0, 0, LEAF, 1.0], [0, 0, LEAF, 2.0]]
    trees = Trees.of([*first, [0, 0, LEAF, 0.25]], [0, 5], 2)

    odds = trees.odds(np.array([[1.0, -1.0], [1.5, 0.5], [2.0, 0.0]]))

    assert odds.tolist() == [1.25, 2.25, 5.25]
    assert trees.odds(np.zeros((0, 2))).tolist() == []


def test_no_trees_say_nothing() -> None:
    assert Trees.of([], [], 2).odds(np.zeros((3, 2))).tolist() == [0, 0, 0]


def test_trees_that_are_too_deep_are_refused() -> None:
    leaf = [0, 0, LEAF, 0]
    descent = [each for number in range(1, 200, 2) for each in ([0, 0, number, 0], leaf)]

    with pytest.raises(ValueError, match="too deep"):
        Trees.of([*descent, leaf], [0], 1)


def test_a_share_is_learned_from_the_other_folds() -> None:
    counts = Counts()
    counts.add([("say",), ("say",), ("eat",)])
    counts.add([("say",), ("say",), ("eat",)])
    right, fold = np.array([1.0, 1, 0, 0, 0, 0]), np.array([0, 0, 0, 1, 1, 1])

    numbers = counts.numbers(right, fold)
    shares = counts.shares(right)

    assert numbers[0].tolist() == [0, 2]  # in the other fold, "say" never did
    assert numbers[3].tolist() == [pytest.approx((2 + 8 * 2 / 3) / 10), 2]
    assert numbers[2].tolist() == [0, 0]  # once is no share
    assert shares.of_keys([("say",), ("unheard",)])[:, 1].tolist() == [4, 0]


def read(text: str) -> tuple[Tree, proposals.Judged]:
    blocks = train.paragraphs(text)
    doc = attributions.parse(text, blocks)
    assert doc is not None
    tree = grow(doc, text)
    return tree, list(tagger.ruled_groups(tree, list(quotations.find(text, blocks))))


def shown(tree: Tree, content: tuple[Range, ...]) -> str:
    return " / ".join(tree.text[tree.start[first] : tree.end[last]] for first, last in content)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("The mayor said the bridge was safe, citing a report.", "the bridge was safe"),
        ("The mayor insisted that the bridge was safe and left the room.", "that the bridge was safe"),
        ("The mayor criticized the minister, who had closed the bridge.", "the minister"),
    ],
)
def test_contents_may_end_before_what_hangs_on_their_end(text: str, content: str) -> None:
    tree, judged = read(text)

    every = proposals.extended(tree, judged, np.zeros((len(tree.word), 3)))

    assert content in [shown(tree, each.content) for group, _ in every for each in group]


def test_the_chain_names_contents_and_words_that_the_lexicon_lacks() -> None:
    tree, judged = read("Anna Berg greeted the new voters of the town warmly.")
    chances = np.zeros((len(tree.word), 3))
    chances[2, 2] = chances[4, 0] = 0.9
    chances[5, 1] = 0.9

    every = proposals.extended(tree, judged, chances)

    assert not judged
    assert "new voters" in [shown(tree, each.content) for group, _ in every for each in group]


def test_of_contents_that_agree_the_likeliest_is_chosen_before_a_likelier_lone_one() -> None:
    lone = Candidate(0, "ccomp", ((20, 30),), None, ())
    group = [lone, *(replace(lone, content=((1, last),)) for last in (10, 11, 12))]

    ((chosen, likely),) = tagger.choose([(group, None)], np.array([0.3, 0.2, 0.25, 0.15]), 0.3)

    assert chosen is group[2]
    assert likely == pytest.approx(0.6)
    assert not list(tagger.choose([(group, None)], np.array([0.1, 0.02, 0.01, 0.01]), 0.3))
