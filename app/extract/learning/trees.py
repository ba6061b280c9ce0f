"""Evaluate gradient boosted trees that are stored as data."""

from typing import Any, NamedTuple, Self

import numpy as np

from app.extract.learning.arrays import Integers, Numbers

_MAX_DEPTH = 64
_FIRST = 64  # trees that decide for which rows the others are evaluated
_HOPELESS = -3.4  # their sum up to which they are not


class Trees(NamedTuple):
    """The nodes of all trees, with the root of each.

    The right child of a node follows the left one. A leaf is its own left child, and its threshold is infinite.
    """

    roots: Integers
    feature: Integers
    threshold: Numbers
    left: Integers
    value: Numbers
    depth: int

    @classmethod
    def from_table(cls, nodes: Any, roots: Any, width: int) -> Self:
        """Return the trees of a table of nodes: feature (of `width`), threshold, left child (0: a leaf) and value.

        Raise ValueError or TypeError if the table does not describe trees.
        """
        table = np.array(nodes, dtype=np.float64).reshape(-1, 4)
        tops = np.array(roots, dtype=np.int64).reshape(-1)
        numbers = np.arange(len(table))
        is_leaf = table[:, 2] == 0
        is_feature = (table[:, 0] >= 0) & (table[:, 0] < max(1, width))
        is_below = (table[:, 2] > numbers) & (table[:, 2] < len(table) - 1)
        is_node = (tops >= 0) & (tops < len(table))
        if not (np.isfinite(table).all() and is_feature.all() and (is_leaf | is_below).all() and is_node.all()):
            raise ValueError("the nodes make no trees")
        feature, left = table[:, [0, 2]].T.astype(np.int64)
        threshold = np.where(is_leaf, np.inf, table[:, 1])
        trees = cls(tops, feature, threshold, np.where(is_leaf, numbers, left), table[:, 3].copy(), 0)
        return trees._replace(depth=trees._measure_depth())

    def _measure_depth(self) -> int:
        level, depth = np.unique(self.roots), 0
        while len(level := level[self.left[level] != level]):
            level, depth = np.unique(np.concatenate([self.left[level], self.left[level] + 1])), depth + 1
            if depth > _MAX_DEPTH:
                raise ValueError("the trees are too deep")
        return depth

    def compute_log_odds(self, rows: Numbers) -> Numbers:
        """Return for each row the sum of all trees, or of the first ones if their sum is hopeless."""
        odds = self._add_trees(rows, self.roots[:_FIRST])
        hopeful = np.flatnonzero(odds > _HOPELESS)
        odds[hopeful] += self._add_trees(rows[hopeful], self.roots[_FIRST:])
        return odds

    def _add_trees(self, rows: Numbers, roots: Integers) -> Numbers:
        cells, width = rows.ravel(), rows.shape[1]
        sums = np.zeros(len(rows))
        for start in range(0, len(rows), 64):  # so few rows stay in the cache
            own = np.arange(start, min(start + 64, len(rows)))
            across = np.repeat(own * width, len(roots))
            node = np.tile(roots, len(own))
            for _ in range(self.depth):
                above = cells.take(self.feature.take(node) + across) > self.threshold.take(node)
                node = self.left.take(node) + above
            sums[own] = self.value.take(node).reshape(len(own), -1).sum(axis=1)
        return sums

    def to_table(self) -> dict[str, list[Any]]:
        """Return the table for `from_table`."""
        leaf = np.isinf(self.threshold)
        threshold, left = np.where(leaf, 0, self.threshold), np.where(leaf, 0, self.left)
        columns = (self.feature.tolist(), threshold.tolist(), left.tolist(), self.value.round(5).tolist())
        return {"nodes": [list(row) for row in zip(*columns, strict=True)], "roots": self.roots.tolist()}
