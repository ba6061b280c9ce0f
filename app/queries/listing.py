"""A list of records, page by page: keyset pagination over any query that gives ids.

First the page's ids are found and cut, then the items of those ids are built, in one statement: no
nested list is gathered for a row that is not on the page.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, Generic, Protocol, Self, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.types import TypeEngine

from app.database.json_sql import flat_columns
from app.database.statements import PreparedSelect, ReadSession, Values

K = TypeVar("K")

SortKey = int | str
"""A sort key as a cursor carries it: dates as ISO text."""

Sort = tuple[ColumnElement[Any], ColumnElement[int]]
"""The column that a list is sorted by, and the id that breaks ties, of the same table where an index has both."""


@dataclass(frozen=True)
class PageRequest:
    """Which part of a list: the ``limit`` rows after ``after`` in the order of ``sort``.

    ``columns`` asks for the cells of these columns in place of JSON, of a list whose items the database can take apart.
    """

    sort: str
    limit: int
    after: tuple[SortKey, int] | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """The items of a page as JSON texts, or as cells with more behind them, and the key after which the next page
    begins."""

    items: Sequence[Any]
    last: tuple[SortKey, int] | None


class Paged(Protocol):
    """Anything that is read a page at a time."""

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """One page; ValueError where ``request.after`` is of no such list."""

    async def count(self, reads: ReadSession) -> int:
        """The number of items on all pages."""


_LIMIT = bindparam("limit", type_=Integer, required=True)


@dataclass(frozen=True)
class QueryBranch:
    """Records that match: a select of their ids, and the keys, never null, that it can be sorted by.

    Where there can be only ``few``, they are gathered before they are sorted.
    """

    ids: Select[Any]
    sorts: Mapping[str, Sort]
    few: bool = False

    def page(self, sort: str, *, follows: bool) -> Select[Any]:
        """Keys and ids of a page."""
        key, ident = self.sorts[sort.removeprefix("-")]
        if self.few and key is ident:
            # What is no plain column has no order: SQLite would walk through the whole table by its ids.
            key = key + literal_column("0")
        rows: Any = self.ids.with_only_columns(key.label("key"), ident.label("id"), maintain_column_froms=True)
        if follows:
            rows = rows.where(_after(sort, key, ident, bindparam("after_id", type_=BigInteger, required=True)))
        return cast(Select[Any], rows.order_by(*_order(sort, key, ident)).limit(_LIMIT))


@dataclass(frozen=True, eq=False)
class ListQuery:
    """Records of one noun: the SQL of their pages, whatever the values of the filters.

    ``items`` selects one JSON text a record; ``id`` is the record's id in it. Where no one index gives
    all that match in their order, several ``parts`` do, which have no record in common.
    """

    items: Select[Any]
    id: ColumnElement[int]
    parts: Sequence[QueryBranch]
    _pages: dict[tuple[str, bool, tuple[str, ...]], PreparedSelect] = field(default_factory=dict)

    @classmethod
    def by_id(cls, items: Select[Any], ident: ColumnElement[int], ids: Select[Any]) -> Self:
        """Records in the order of their ids, and no other; ``ids`` selects those that match."""
        return cls(items, ident, [QueryBranch(ids, {"id": (ident, ident)})])

    def page(self, sort: str, *, follows: bool, columns: tuple[str, ...] = ()) -> PreparedSelect:
        """A page in the order of ``sort``, with the values ``limit`` and, if it ``follows`` one, ``after_key`` and
        ``after_id``; each row is the item, or the cells of these ``columns``, then its key and id."""
        if (sort, follows, columns) not in self._pages:
            self._pages[sort, follows, columns] = PreparedSelect(self._page(sort, follows, columns), with_state=True)
        return self._pages[sort, follows, columns]

    def total(self) -> PreparedSelect:
        """The number of records that match."""
        matching = union_all(*(part.ids for part in self.parts)).subquery()
        return PreparedSelect(select(func.count()).select_from(matching))

    def key_type(self, sort: str) -> TypeEngine[Any]:
        return self.parts[0].sorts[sort.removeprefix("-")][0].type

    def _page(self, sort: str, follows: bool, columns: tuple[str, ...]) -> Select[Any]:
        chosen = self._chosen(sort, follows=follows).subquery("page")
        item = self.items.selected_columns[0]
        found = flat_columns(item) if columns else {}
        shown: list[Any] = [found[name].label(name) for name in columns] or [item]
        rows: Any = self.items.with_only_columns(*shown, chosen.c.key, chosen.c.id, maintain_column_froms=True)
        return cast(Select[Any], rows.join(chosen, chosen.c.id == self.id))

    def _chosen(self, sort: str, *, follows: bool) -> Select[Any] | CompoundSelect[Any]:
        """Keys and ids of a page, or of a page of each part: to sort so few is left to ``_shown``."""
        pages = [part.page(sort, follows=follows) for part in self.parts]
        return pages[0] if len(pages) == 1 else union_all(*(select(page.subquery()) for page in pages))


@dataclass(frozen=True)
class BoundListing:
    """A list with the values that it was asked for."""

    listing: ListQuery
    values: Values

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        values = {**self.values, "limit": request.limit + 1}
        if request.after is not None:
            key = _from_key(request.after[0], self.listing.key_type(request.sort))
            values |= {"after_key": key, "after_id": request.after[1]}
        page = self.listing.page(request.sort, follows=request.after is not None, columns=request.columns)
        shown, last = _shown(await reads.fetch(page, values), request)
        return Page(shown if request.columns else [row[0] for row in shown], last)

    async def count(self, reads: ReadSession) -> int:
        return int((await reads.fetch(self.listing.total(), self.values))[0][0])


# Leaves room for 2^40 records of each kind in the number that orders records of several.
_STEP = 2**40


@dataclass(frozen=True, eq=False)
class UnionQuery(Generic[K]):
    """Records of several kinds in one order: each part selects a kind's ids and sort keys; ties go by kind, then id.

    Several parts of one kind have no record in common.
    """

    parts: Sequence[tuple[K, Select[Any]]]
    _pages: dict[tuple[str, bool], PreparedSelect] = field(default_factory=dict)

    @cached_property
    def kinds(self) -> Sequence[K]:
        """Each kind once, in the order of its first part."""
        return list(dict.fromkeys(kind for kind, _ in self.parts))

    def number(self, kind: K, ident: int) -> int:
        """What orders the records of one sort key; also what the place after such a record is called."""
        return self.kinds.index(kind) * _STEP + ident

    async def page(self, reads: ReadSession, request: PageRequest, values: Values) -> "UnionPage[K]":
        values = {**values, "limit": request.limit + 1}
        if request.after is not None:
            key = _from_key(request.after[0], self._key_type)
            ids = {f"after_id_{rank}": request.after[1] - rank * _STEP for rank in range(len(self.kinds))}
            values |= {"after_key": key, **ids}
        rows = await reads.fetch(self._page(request.sort, follows=request.after is not None), values)
        shown, last = _shown(rows, request)
        kinds = [(self.kinds[number // _STEP], number % _STEP, key) for key, number in shown]
        return UnionPage(kinds, last)

    async def count(self, reads: ReadSession, values: Values) -> int:
        total = select(func.count()).select_from(union_all(*(ids for _, ids in self.parts)).subquery())
        return int((await reads.fetch(PreparedSelect(total), values))[0][0])

    @property
    def _key_type(self) -> TypeEngine[Any]:
        return self.parts[0][1].selected_columns[1].type

    def _page(self, sort: str, *, follows: bool) -> PreparedSelect:
        if (sort, follows) not in self._pages:
            ranked = ((self.kinds.index(kind), ids) for kind, ids in self.parts)
            firsts = [self._first(rank, ids, sort, follows=follows) for rank, ids in ranked]
            union = union_all(*firsts).subquery()
            rows = select(union).order_by(*_order(sort, union.c.key, union.c.number)).limit(_LIMIT)
            self._pages[sort, follows] = PreparedSelect(rows, with_state=True)
        return self._pages[sort, follows]

    def _first(self, rank: int, ids: Select[Any], sort: str, *, follows: bool) -> Select[Any]:
        """The keys and numbers of a kind's own page: so cut, none is read to its end."""
        ident, key = ids.selected_columns
        rows = ids.with_only_columns(key.label("key"), ident.label("id"), maintain_column_froms=True)
        if follows:
            rows = rows.where(_after(sort, key, ident, bindparam(f"after_id_{rank}", type_=BigInteger, required=True)))
        page = rows.order_by(*_order(sort, key, ident)).limit(_LIMIT).subquery()
        return select(page.c.key, (literal(rank * _STEP, BigInteger) + page.c.id).label("number"))


@dataclass(frozen=True)
class UnionPage(Generic[K]):
    """Kind, id and sort key of each record on a page of several kinds."""

    records: Sequence[tuple[K, int, Any]]
    last: tuple[SortKey, int] | None


def _shown(rows: Sequence[Any], request: PageRequest) -> tuple[Sequence[Any], tuple[SortKey, int] | None]:
    """The rows of a page, which end in key and id, in its order, without the one more that tells whether there is a
    next."""
    # A join keeps no order; to sort some rows here is cheaper than to have the database sort their items.
    ordered = sorted(rows, key=itemgetter(-2, -1), reverse=request.sort.startswith("-"))
    shown = ordered[: request.limit]
    return shown, (_as_key(shown[-1][-2]), shown[-1][-1]) if len(ordered) > request.limit else None


def _order(sort: str, key: ColumnElement[Any], ident: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if sort.startswith("-") else column.asc() for column in (key, ident)]


def _after(
    sort: str, key: ColumnElement[Any], ident: ColumnElement[Any], after_id: ColumnElement[int]
) -> ColumnElement[bool]:
    after_key = bindparam("after_key", type_=key.type, required=True)
    here, there = tuple_(key, ident), tuple_(after_key, after_id)
    # The first condition says no more than the second; but of a key that is an expression SQLite finds the place in
    # the index only by a comparison of its own.
    return and_(key <= after_key, here < there) if sort.startswith("-") else and_(key >= after_key, here > there)


def _as_key(value: Any) -> SortKey:
    return value.isoformat() if isinstance(value, dt.date) else value


def _from_key(value: SortKey, wanted: TypeEngine[Any]) -> Any:
    """The key in its column's type; ValueError when it is of another."""
    if wanted.python_type is dt.date:
        return dt.date.fromisoformat(str(value))
    if not isinstance(value, wanted.python_type):
        raise ValueError(f"{value!r} is no {wanted.python_type.__name__}")
    return value
