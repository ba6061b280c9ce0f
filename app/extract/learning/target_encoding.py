"""Encode the keys of a candidate by the share of candidates with that key that are annotated attributions."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from app.extract.learning.arrays import Integers, Numbers

_SMOOTHING = 8.0  # weight of the overall share, in candidates
_MIN_COUNT = 2  # candidates with a key that is encoded

Keys = Sequence[tuple[str, ...]]


class TargetEncoding:
    """A table for each place in a tuple of keys: the share and the number of attributions among candidates by key."""

    def __init__(self, prior: float, tables: list[dict[str, tuple[float, float]]]) -> None:
        self._prior, self._tables = prior, tables
        self._rows = [{key: row for row, key in enumerate(table, 1)} for table in tables]
        self._values = [np.array([(prior, 0.0), *table.values()]) for table in tables]

    @classmethod
    def from_table(cls, model: Any, size: int) -> Self:
        """Return the encoding of a table for `size` keys; raise ValueError or TypeError for anything else."""
        tables = [{str(key): (float(share), float(count)) for key, (share, count) in rows.items()} for rows in model[1]]
        if len(tables) != size:
            raise ValueError(f"shares of {len(tables)} keys, not of {size}")
        return cls(float(model[0]), tables)

    def to_table(self) -> list[Any]:
        """Return the table for `from_table`."""
        return [
            self._prior,
            [{key: [share, int(count)] for key, (share, count) in table.items()} for table in self._tables],
        ]

    def encode(self, keys: Keys) -> Numbers:
        """Return a row of shares and counts for each tuple of keys."""
        columns = zip(self._rows, self._values, zip(*keys, strict=True), strict=True)
        encoded = [values[[rows.get(key, 0) for key in column]] for rows, values, column in columns]
        return np.concatenate(encoded, axis=1)


class EncodingTrainer:
    """The keys of many candidates, added text by text, from which an encoding is learned."""

    def __init__(self) -> None:
        self._codes: list[dict[str, int]] = []
        self._rows: list[Integers] = []

    def add(self, keys: Keys) -> None:
        """Add the keys of a text."""
        self._codes = self._codes or [{} for _ in keys[0]]
        numbers = [
            [codes.setdefault(key, len(codes)) for key in column]
            for codes, column in zip(self._codes, zip(*keys, strict=True), strict=True)
        ]
        self._rows.append(np.array(numbers, dtype=np.int64).T)

    def encode_out_of_fold(self, target: Numbers, fold: Integers) -> Numbers:
        """Return shares and counts for each candidate, learned from the other folds."""
        return np.concatenate(list(self._encode_columns(target, fold)), axis=1)

    def _encode_columns(self, target: Numbers, fold: Integers) -> Iterator[Numbers]:
        for column in np.concatenate(self._rows).T:
            encoded = np.zeros((len(column), 2))
            for number in np.unique(fold):
                held_out = fold == number
                learned = _learn(column[~held_out], target[~held_out], int(column.max()) + 1)
                encoded[held_out] = learned[column[held_out]]
            yield encoded

    def fit(self, target: Numbers) -> TargetEncoding:
        """Return the encoding learned from all candidates."""
        tables = []
        for codes, column in zip(self._codes, np.concatenate(self._rows).T, strict=True):
            rows = _learn(column, target, len(codes)).round(4).tolist()
            tables.append({key: (rows[code][0], rows[code][1]) for key, code in codes.items() if rows[code][1]})
        return TargetEncoding(round(float(target.mean()), 4), tables)


def _learn(codes: Integers, target: Numbers, size: int) -> Numbers:
    """Return the smoothed share and the count of each code; those of rare codes are the overall share and 0."""
    count, prior = np.bincount(codes, minlength=size), target.mean()
    share = (np.bincount(codes, target, minlength=size) + _SMOOTHING * prior) / (count + _SMOOTHING)
    is_frequent = count >= _MIN_COUNT
    return np.stack([np.where(is_frequent, share, prior), np.where(is_frequent, count, 0)], axis=1)
