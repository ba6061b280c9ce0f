"""How often candidates with this or that key were the attribution that people annotated."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from app.extract.learning.arrays import Integers, Numbers

_DOUBT = 8.0  # candidates' worth of trust in the share of all, against that of one key
_LEAST = 2  # candidates with a key that is worth remembering

Keys = Sequence[tuple[str, ...]]


class Shares:
    """For each place in a tuple of keys: what share of the candidates with a key attribute, and how many there were."""

    def __init__(self, prior: float, tables: list[dict[str, tuple[float, float]]]) -> None:
        self._prior, self._tables = prior, tables
        self._places = [{key: place for place, key in enumerate(table, 1)} for table in tables]
        self._values = [np.array([(prior, 0.0), *table.values()]) for table in tables]

    @classmethod
    def of(cls, model: Any, size: int) -> Self:
        """Return the shares of a table; raises ValueError or TypeError where it is none."""
        tables = [{str(key): (float(share), float(count)) for key, (share, count) in each.items()} for each in model[1]]
        if len(tables) != size:
            raise ValueError(f"shares of {len(tables)} keys, not of {size}")
        return cls(float(model[0]), tables)

    def table(self) -> list[Any]:
        """Return what `of` takes."""
        return [
            self._prior,
            [{key: [share, int(count)] for key, (share, count) in each.items()} for each in self._tables],
        ]

    def of_keys(self, keys: Keys) -> Numbers:
        """Return a row of shares and counts for each tuple of keys."""
        columns = zip(self._places, self._values, zip(*keys, strict=True), strict=True)
        found = [values[[places.get(key, 0) for key in column]] for places, values, column in columns]
        return np.concatenate(found, axis=1)


class Counts:
    """Keys of many candidates, gathered text by text, from which shares are learned."""

    def __init__(self) -> None:
        self._known: list[dict[str, int]] = []
        self._rows: list[Integers] = []

    def add(self, keys: Keys) -> None:
        """Take the keys of another text."""
        self._known = self._known or [{} for _ in keys[0]]
        numbers = [
            [known.setdefault(key, len(known)) for key in column]
            for known, column in zip(self._known, zip(*keys, strict=True), strict=True)
        ]
        self._rows.append(np.array(numbers, dtype=np.int64).T)

    def numbers(self, right: Numbers, fold: Integers) -> Numbers:
        """Return shares and counts for each candidate, learned from the other folds."""
        return np.concatenate(list(self._columns(right, fold)), axis=1)

    def _columns(self, right: Numbers, fold: Integers) -> Iterator[Numbers]:
        for codes in np.concatenate(self._rows).T:
            found = np.zeros((len(codes), 2))
            for number in np.unique(fold):
                held = fold == number
                found[held] = _shares(codes[~held], right[~held], int(codes.max()) + 1)[codes[held]]
            yield found

    def shares(self, right: Numbers) -> Shares:
        """Return the shares of all keys."""
        tables = []
        for known, codes in zip(self._known, np.concatenate(self._rows).T, strict=True):
            found = _shares(codes, right, len(known))
            told = found.round(4).tolist()
            tables.append({key: (told[n][0], told[n][1]) for key, n in known.items() if told[n][1]})
        return Shares(round(float(right.mean()), 4), tables)


def _shares(codes: Integers, right: Numbers, known: int) -> Numbers:
    """The share and the count of each code, where there were enough to tell."""
    count, prior = np.bincount(codes, minlength=known), right.mean()
    share = (np.bincount(codes, right, minlength=known) + _DOUBT * prior) / (count + _DOUBT)
    told = count >= _LEAST
    return np.stack([np.where(told, share, prior), np.where(told, count, 0)], axis=1)
