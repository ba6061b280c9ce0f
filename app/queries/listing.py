"""A list of records, page by page: keyset pagination over any query that gives ids.

First the page's ids are found and cut, then the items of those ids are built, in one statement: no
nested list is gathered for a row that is not on the page.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Select, func, literal, select, tuple_, union_all
from sqlmodel import Session

K = TypeVar("K")

Key = int | str
"""A sort key as a cursor carries it: dates as ISO text."""


@dataclass(frozen=True)
class Slice:
    """Which part of a list: the ``limit`` rows after ``after`` in the order of ``sort``."""

    sort: str
    limit: int
    after: tuple[Key, int] | None = None

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def key(self) -> str:
        return self.sort.removeprefix("-")


@dataclass(frozen=True)
class Rows:
    """The items of a page as JSON texts, and the key after which the next page begins."""

    items: Sequence[str]
    last: tuple[Key, int] | None


class Paged(Protocol):
    """Anything that is read a page at a time."""

    def page(self, session: Session, part: Slice) -> Rows:
        """One page; ValueError where ``part.after`` is of no such list."""

    def count(self, session: Session) -> int:
        """The number of items on all pages."""


@dataclass(frozen=True)
class Listing:
    """Records of one noun.

    ``items`` selects one JSON text a record; ``id`` is the record's id in it; ``ids`` selects the
    ids of the records that match; ``sorts`` are keys, never null, over the table of ``ids``.
    """

    items: Select[Any]
    id: ColumnElement[int]
    ids: Select[Any]
    sorts: Mapping[str, ColumnElement[Any]]

    def page(self, session: Session, part: Slice) -> Rows:
        key, ident = self.sorts[part.key], self.ids.selected_columns[0]
        chosen = _cut(self.ids.add_columns(key.label("key")), key, ident, part).subquery("page")
        items = self.items.add_columns(chosen.c.key, chosen.c.id).join(chosen, chosen.c.id == self.id)
        found = session.execute(items.order_by(*_order(part, chosen.c.key, chosen.c.id))).all()
        rows = found[: part.limit]
        more = len(found) > part.limit
        return Rows([row[0] for row in rows], (_as_key(rows[-1][1]), rows[-1][2]) if more else None)

    def count(self, session: Session) -> int:
        return _count(session, self.ids)


# Leaves room for 2^40 records of each kind in the number that orders records of several.
_STEP = 2**40


@dataclass(frozen=True)
class Union(Generic[K]):
    """Records of several kinds in one order: each part selects a kind's ids and sort keys; ties go by kind, then id."""

    parts: Sequence[tuple[K, Select[Any]]]

    def page(self, session: Session, part: Slice) -> tuple[list[tuple[K, int, Any]], tuple[Key, int] | None]:
        """Kind, id and sort key of each record on a page, and the key after which the next begins."""
        firsts = [self._first(rank, ids, part) for rank, (_, ids) in enumerate(self.parts)]
        union = union_all(*firsts).subquery()
        rows = select(union).order_by(*_order(part, union.c.key, union.c.number)).limit(part.limit + 1)
        found = session.execute(rows).all()
        shown = found[: part.limit]
        keys = [(self.parts[row.number // _STEP][0], row.number % _STEP, row.key) for row in shown]
        return keys, (_as_key(shown[-1].key), shown[-1].number) if len(found) > part.limit else None

    def _first(self, rank: int, ids: Select[Any], part: Slice) -> Select[Any]:
        """The keys and numbers of a kind's own page: so cut, none is read to its end."""
        ident, key = ids.selected_columns
        after = None if part.after is None else (part.after[0], part.after[1] - rank * _STEP)
        cut = _cut(ids.with_only_columns(key.label("key"), ident.label("id")), key, ident, replace(part, after=after))
        rows = cut.subquery()
        return select(rows.c.key, (literal(rank * _STEP, BigInteger) + rows.c.id).label("number"))

    def count(self, session: Session) -> int:
        return _count(session, select(union_all(*(ids for _, ids in self.parts)).subquery()))


def _count(session: Session, ids: Select[Any]) -> int:
    return int(session.execute(select(func.count()).select_from(ids.subquery())).scalar_one())


def _cut(rows: Select[Any], key: ColumnElement[Any], ident: ColumnElement[Any], part: Slice) -> Select[Any]:
    """The rows of a page, and one more that tells whether there is a next."""
    rows = rows.order_by(*_order(part, key, ident)).limit(part.limit + 1)
    return rows if part.after is None else rows.where(_after(part, key, ident))


def _order(part: Slice, key: ColumnElement[Any], ident: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if part.descending else column.asc() for column in (key, ident)]


def _after(part: Slice, key: ColumnElement[Any], ident: ColumnElement[Any]) -> ColumnElement[bool]:
    assert part.after is not None
    value = _from_key(part.after[0], key)
    here, there = tuple_(key, ident), tuple_(literal(value, key.type), literal(part.after[1]))
    return here < there if part.descending else here > there


def _as_key(value: Any) -> Key:
    return value.isoformat() if isinstance(value, dt.date) else value


def _from_key(value: Key, column: ColumnElement[Any]) -> Any:
    """The key in its column's type; ValueError when it is of another."""
    wanted = column.type.python_type
    if wanted is dt.date:
        return dt.date.fromisoformat(str(value))
    if not isinstance(value, wanted):
        raise ValueError(f"{value!r} is no {wanted.__name__}")
    return value
