"""Boosted trees, as data: what the training writes down, and how it is walked."""

from typing import Any, NamedTuple, Self

import numpy as np

from app.extract.learning.arrays import Integers, Numbers

_DEEPEST = 64
_FIRST = 64  # trees that tell which rows the others are worth walking for
_HOPELESS = -3.4  # what these give a row that is not


class Trees(NamedTuple):
    """All nodes of all trees, the root of each tree named.

    The right child of a node comes after the left one. A leaf is its own left child, and its threshold is infinite.
    """

    roots: Integers
    feature: Integers
    threshold: Numbers
    left: Integers
    value: Numbers
    depth: int

    @classmethod
    def of(cls, nodes: Any, roots: Any, width: int) -> Self:
        """Return the trees of a table of nodes: feature (of `width`), threshold, left child (0: a leaf) and value.

        Raises ValueError or TypeError where it makes none.
        """
        table = np.array(nodes, dtype=np.float64).reshape(-1, 4)
        tops = np.array(roots, dtype=np.int64).reshape(-1)
        numbers = np.arange(len(table))
        leaf = table[:, 2] == 0
        known = (table[:, 0] >= 0) & (table[:, 0] < max(1, width))
        below = (table[:, 2] > numbers) & (table[:, 2] < len(table) - 1)
        rooted = (tops >= 0) & (tops < len(table))
        if not (np.isfinite(table).all() and known.all() and (leaf | below).all() and rooted.all()):
            raise ValueError("the nodes make no trees")
        feature, left = table[:, [0, 2]].T.astype(np.int64)
        threshold = np.where(leaf, np.inf, table[:, 1])
        trees = cls(tops, feature, threshold, np.where(leaf, numbers, left), table[:, 3].copy(), 0)
        return trees._replace(depth=trees._deepest())

    def _deepest(self) -> int:
        level, depth = np.unique(self.roots), 0
        while len(level := level[self.left[level] != level]):
            level, depth = np.unique(np.concatenate([self.left[level], self.left[level] + 1])), depth + 1
            if depth > _DEEPEST:
                raise ValueError("the trees are too deep")
        return depth

    def odds(self, rows: Numbers) -> Numbers:
        """Return for each row the sum of all trees, or of the first ones where these see no hope."""
        found = self._sums(rows, self.roots[:_FIRST])
        hopeful = np.flatnonzero(found > _HOPELESS)
        found[hopeful] += self._sums(rows[hopeful], self.roots[_FIRST:])
        return found

    def _sums(self, rows: Numbers, roots: Integers) -> Numbers:
        cells, width = rows.ravel(), rows.shape[1]
        found = np.zeros(len(rows))
        for start in range(0, len(rows), 64):  # few enough that what is looked up stays near
            own = np.arange(start, min(start + 64, len(rows)))
            across = np.repeat(own * width, len(roots))
            node = np.tile(roots, len(own))
            for _ in range(self.depth):
                above = cells.take(self.feature.take(node) + across) > self.threshold.take(node)
                node = self.left.take(node) + above
            found[own] = self.value.take(node).reshape(len(own), -1).sum(axis=1)
        return found

    def table(self) -> dict[str, list[Any]]:
        """Return what `of` takes."""
        leaf = np.isinf(self.threshold)
        threshold, left = np.where(leaf, 0, self.threshold), np.where(leaf, 0, self.left)
        columns = (self.feature.tolist(), threshold.tolist(), left.tolist(), self.value.round(5).tolist())
        return {"nodes": [list(row) for row in zip(*columns, strict=True)], "roots": self.roots.tolist()}
