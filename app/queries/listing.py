"""A list of records, page by page: keyset pagination over any query that gives ids.

First the page's ids are found and cut, then the items of those ids are built, in one statement: no
nested list is gathered for a row that is not on the page.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Select, func, literal, select, tuple_, union_all
from sqlmodel import Session

K = TypeVar("K")

Key = int | str
"""A sort key as a cursor carries it: dates as ISO text."""


@dataclass(frozen=True)
class Listing:
    """What a list shows and how.

    ``items`` selects one JSON text a record; ``id`` is the record's id in it; ``ids`` selects the
    ids of the records that match; ``sorts`` are keys, never null, over the table of ``ids``.
    """

    items: Select[Any]
    id: ColumnElement[int]
    ids: Select[Any]
    sorts: Mapping[str, ColumnElement[Any]]


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

    items: Sequence[str] = field(default_factory=list)
    last: tuple[Key, int] | None = None


def page(session: Session, listing: Listing, part: Slice) -> Rows:
    """One page, in one statement."""
    key, ident = listing.sorts[part.key], listing.ids.selected_columns[0]
    ids = listing.ids.add_columns(key.label("key")).order_by(*_order(part, key, ident)).limit(part.limit + 1)
    if part.after is not None:
        ids = ids.where(_after(part, key, ident))
    chosen = ids.subquery("page")
    items = listing.items.add_columns(chosen.c.key, chosen.c.id)
    items = items.join(chosen, chosen.c.id == listing.id).order_by(*_order(part, chosen.c.key, chosen.c.id))
    found = session.execute(items).all()
    rows = found[: part.limit]
    more = len(found) > part.limit
    return Rows([row[0] for row in rows], (_as_key(rows[-1][1]), rows[-1][2]) if more else None)


def pages(session: Session, listing: Listing, part: Slice) -> Iterator[Rows]:
    """Every page from ``part`` on."""
    while True:
        rows = page(session, listing, part)
        yield rows
        if rows.last is None:
            return
        part = Slice(part.sort, part.limit, rows.last)


def count(session: Session, listing: Listing) -> int:
    """The number of items on all pages."""
    return int(session.execute(select(func.count()).select_from(listing.ids.subquery())).scalar_one())


@dataclass(frozen=True)
class Found(Generic[K]):
    """Records of several kinds on one page, with their sort keys, and the key after which the next page begins."""

    keys: Sequence[tuple[K, int, Any]]
    last: tuple[Key, int] | None


# Leaves room for 2^40 records of each kind in the number that orders records of several.
_STEP = 2**40


def page_of_union(session: Session, parts: Sequence[tuple[K, Select[Any]]], part: Slice) -> Found[K]:
    """One page over several kinds: each select gives a kind's ids and sort keys; ties go by kind, then id."""
    union = union_all(*(_numbered(ids, rank) for rank, (_, ids) in enumerate(parts))).subquery()
    key, number = union.c.key, union.c.number
    statement = select(key, number).order_by(*_order(part, key, number)).limit(part.limit + 1)
    if part.after is not None:
        statement = statement.where(_after(part, key, number))
    found = session.execute(statement).all()
    rows = found[: part.limit]
    keys = [(parts[row.number // _STEP][0], row.number % _STEP, row.key) for row in rows]
    return Found(keys, (_as_key(rows[-1].key), rows[-1].number) if len(found) > part.limit else None)


def _numbered(ids: Select[Any], rank: int) -> Select[Any]:
    ident, key = ids.selected_columns
    number = literal(rank * _STEP, BigInteger) + ident
    return ids.with_only_columns(key.label("key"), number.label("number"))


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
