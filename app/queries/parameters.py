"""The filters of a list, split in two: their names shape the SQL, their values are passed when it runs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam

from app.database.reads import Values

Condition = ColumnElement[bool]


class FilterShape:
    """The names of the filters of one request and the number of values of each; equal shapes make equal SQL."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        self._key = frozenset(sizes.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FilterShape) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def bind(self, name: str, type_: Any = None) -> BindParameter[Any]:
        """Return the parameter for a filter with one value."""
        return bindparam(name, type_=type_, required=True)

    def bind_all(self, name: str, type_: Any = None) -> list[BindParameter[Any]]:
        """Return the parameters for a filter with several values, of which any may match."""
        return [self.bind(f"{name}_{place}", type_) for place in range(self._sizes[name])]

    def is_single(self, name: str) -> bool:
        """Return True if the filter has exactly one value."""
        return self._sizes.get(name) == 1

    def match(self, column: Any, name: str) -> list[Condition]:
        """Return the condition that ``column`` equals a value of the filter; none if the request has no such filter."""
        if name not in self:
            return []
        parameters = self.bind_all(name)
        return [column == parameters[0] if len(parameters) == 1 else column.in_(parameters)]


def split_filters(**filters: Any) -> tuple[FilterShape, Values]:
    """Return the shape of the filters, and their values by the names of their parameters in the SQL.

    None, False and empty lists are filters that the request does not have.
    """
    sizes: dict[str, int] = {}
    values: dict[str, Any] = {}
    for name, value in filters.items():
        if isinstance(value, (list, tuple)):
            if distinct := list(dict.fromkeys(value)):
                sizes[name] = len(distinct)
                values.update((f"{name}_{place}", item) for place, item in enumerate(distinct))
        elif value is not None and value is not False:
            sizes[name] = 1
            values[name] = value
    return FilterShape(sizes), values
