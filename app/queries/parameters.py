"""What a list is asked for: the names of its filters shape its SQL, their values are given when it is run."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam

from app.database.statements import Values

Condition = ColumnElement[bool]


class FilterShape:
    """Which filters were given, and how many words to each; two that are equal make the same SQL."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        self._key = frozenset(sizes.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FilterShape) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def value(self, name: str, type_: Any = None) -> BindParameter[Any]:
        """The one value of a filter."""
        return bindparam(name, type_=type_, required=True)

    def values(self, name: str, type_: Any = None) -> list[BindParameter[Any]]:
        """The values of a filter in which a comma means OR."""
        return [self.value(f"{name}_{place}", type_) for place in range(self._sizes[name])]

    def is_single(self, name: str) -> bool:
        return self._sizes.get(name) == 1

    def among(self, column: Any, name: str) -> list[Condition]:
        """``column`` is one of the words given."""
        if name not in self:
            return []
        words = self.values(name)
        return [column == words[0] if len(words) == 1 else column.in_(words)]


def split_filters(**filters: Any) -> tuple[FilterShape, Values]:
    """The shape of what was given (None and empty lists were not), and its values by their names in the SQL."""
    sizes: dict[str, int] = {}
    values: dict[str, Any] = {}
    for name, value in filters.items():
        if isinstance(value, (list, tuple)):
            words = _once(value)
            if words:
                sizes[name] = len(words)
                values.update((f"{name}_{place}", word) for place, word in enumerate(words))
        elif value is not None and value is not False:
            sizes[name] = 1
            values[name] = value
    return FilterShape(sizes), values


def _once(words: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(words))
