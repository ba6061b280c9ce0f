"""Lists of records, page by page: keyset pagination over any query that selects ids.

One statement first selects the ids of a page, then builds the items of those ids: no nested list is built for a row
that is not on the page.
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
from app.database.reads import PreparedSelect, ReadSession, Values

K = TypeVar("K")

SortKey = int | str
"""A sort key as a cursor carries it: dates as ISO text."""

Sort = tuple[ColumnElement[Any], ColumnElement[int]]
"""The column that a list is sorted by, and the id that breaks ties, of the same table if an index has both."""


@dataclass(frozen=True)
class PageRequest:
    """The page of a list to read: ``limit`` rows after the key ``after`` in the order of ``sort``.

    With ``columns`` the page has rows of these columns in place of JSON, if the database can split the items.
    """

    sort: str
    limit: int
    after: tuple[SortKey, int] | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """The items of a page, and the key after which the next page begins.

    Items are JSON texts, or rows that begin with the requested columns.
    """

    items: Sequence[Any]
    last: tuple[SortKey, int] | None


class Paged(Protocol):
    """A list that is read one page at a time."""

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""

    async def count(self, reads: ReadSession) -> int:
        """Return the number of items on all pages."""


_LIMIT = bindparam("limit", type_=Integer, required=True)


@dataclass(frozen=True)
class QueryBranch:
    """A select of the ids of matching records, and the non-null keys by which it can be sorted.

    If there are only ``few``, they are collected before they are sorted.
    """

    ids: Select[Any]
    sorts: Mapping[str, Sort]
    few: bool = False

    def page(self, sort: str, *, follows: bool) -> Select[Any]:
        """Select the keys and ids of a page."""
        key, ident = self.sorts[sort.removeprefix("-")]
        if self.few and key is ident:
            # SQLite would walk through the whole table by id; it does not sort by an expression that way.
            key = key + literal_column("0")
        rows: Any = self.ids.with_only_columns(key.label("key"), ident.label("id"), maintain_column_froms=True)
        if follows:
            rows = rows.where(_is_after(sort, key, ident, bindparam("after_id", type_=BigInteger, required=True)))
        return cast(Select[Any], rows.order_by(*_order(sort, key, ident)).limit(_LIMIT))


@dataclass(frozen=True, eq=False)
class ListQuery:
    """The SQL of a list of records of one noun, for any values of its filters.

    ``items`` selects one JSON text a record; ``id`` is the record's id in it. Where no single index holds all
    matching records in their order, several ``branches`` do; they have no record in common.
    """

    items: Select[Any]
    id: ColumnElement[int]
    branches: Sequence[QueryBranch]
    _pages: dict[tuple[str, bool, tuple[str, ...]], PreparedSelect] = field(default_factory=dict)

    @classmethod
    def by_id(cls, items: Select[Any], ident: ColumnElement[int], ids: Select[Any]) -> Self:
        """Build the query of a list that is only sorted by id; ``ids`` selects the records that match."""
        return cls(items, ident, [QueryBranch(ids, {"id": (ident, ident)})])

    def page(self, sort: str, *, follows: bool, columns: tuple[str, ...] = ()) -> PreparedSelect:
        """Return the select of a page in the order of ``sort``, prepared once.

        Its parameters are ``limit`` and, if the page ``follows`` another, ``after_key`` and ``after_id``. Each row has
        the item, or these ``columns`` of it, then its key and id.
        """
        if (sort, follows, columns) not in self._pages:
            self._pages[sort, follows, columns] = PreparedSelect(self._page(sort, follows, columns), with_state=True)
        return self._pages[sort, follows, columns]

    def total(self) -> PreparedSelect:
        """Return the select of the number of records that match."""
        matching = union_all(*(branch.ids for branch in self.branches)).subquery()
        return PreparedSelect(select(func.count()).select_from(matching))

    def key_type(self, sort: str) -> TypeEngine[Any]:
        """Return the type of the column that ``sort`` sorts by."""
        return self.branches[0].sorts[sort.removeprefix("-")][0].type

    def _page(self, sort: str, follows: bool, columns: tuple[str, ...]) -> Select[Any]:
        # A page of each branch; ``_cut_page`` sorts and cuts these few rows.
        pages = [branch.page(sort, follows=follows) for branch in self.branches]
        page = pages[0] if len(pages) == 1 else union_all(*(select(page.subquery()) for page in pages))
        keys = page.subquery("page")
        item = self.items.selected_columns[0]
        by_name = flat_columns(item) if columns else {}
        selected: list[Any] = [by_name[name].label(name) for name in columns] or [item]
        rows: Any = self.items.with_only_columns(*selected, keys.c.key, keys.c.id, maintain_column_froms=True)
        return cast(Select[Any], rows.join(keys, keys.c.id == self.id))


@dataclass(frozen=True)
class BoundListing:
    """The query of a list with the values of its filters."""

    query: ListQuery
    values: Values

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        values = {**self.values, "limit": request.limit + 1}
        if request.after is not None:
            key = _parse_key(request.after[0], self.query.key_type(request.sort))
            values |= {"after_key": key, "after_id": request.after[1]}
        page = self.query.page(request.sort, follows=request.after is not None, columns=request.columns)
        rows, last = _cut_page(await reads.fetch(page, values), request)
        return Page(rows if request.columns else [row[0] for row in rows], last)

    async def count(self, reads: ReadSession) -> int:
        """Return the number of items on all pages."""
        return int((await reads.fetch(self.query.total(), self.values))[0][0])


# Leaves room for 2^40 records of each kind in the number that orders records of several.
_STEP = 2**40


@dataclass(frozen=True, eq=False)
class UnionQuery(Generic[K]):
    """The SQL of a list of records of several kinds: each branch selects the ids and sort keys of one kind.

    Records with the same key are sorted by kind, then id. Branches of one kind have no record in common.
    """

    branches: Sequence[tuple[K, Select[Any]]]
    _pages: dict[tuple[str, bool], PreparedSelect] = field(default_factory=dict)

    @cached_property
    def kinds(self) -> Sequence[K]:
        """Each kind once, in the order of its first branch."""
        return list(dict.fromkeys(kind for kind, _ in self.branches))

    def number(self, kind: K, ident: int) -> int:
        """Return the number that orders the records of one sort key, and that a cursor carries as the id."""
        return self.kinds.index(kind) * _STEP + ident

    async def page(self, reads: ReadSession, request: PageRequest, values: Values) -> "UnionPage[K]":
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        values = {**values, "limit": request.limit + 1}
        if request.after is not None:
            key = _parse_key(request.after[0], self.branches[0][1].selected_columns[1].type)
            ids = {f"after_id_{rank}": request.after[1] - rank * _STEP for rank in range(len(self.kinds))}
            values |= {"after_key": key, **ids}
        select_page = self._page(request.sort, follows=request.after is not None)
        rows, last = _cut_page(await reads.fetch(select_page, values), request)
        return UnionPage([(self.kinds[number // _STEP], number % _STEP, key) for key, number in rows], last)

    async def count(self, reads: ReadSession, values: Values) -> int:
        """Return the number of records on all pages."""
        total = select(func.count()).select_from(union_all(*(ids for _, ids in self.branches)).subquery())
        return int((await reads.fetch(PreparedSelect(total), values))[0][0])

    def _page(self, sort: str, *, follows: bool) -> PreparedSelect:
        if (sort, follows) not in self._pages:
            ranked = ((self.kinds.index(kind), ids) for kind, ids in self.branches)
            pages = [self._page_of_kind(rank, ids, sort, follows=follows) for rank, ids in ranked]
            union = union_all(*pages).subquery()
            rows = select(union).order_by(*_order(sort, union.c.key, union.c.number)).limit(_LIMIT)
            self._pages[sort, follows] = PreparedSelect(rows, with_state=True)
        return self._pages[sort, follows]

    def _page_of_kind(self, rank: int, ids: Select[Any], sort: str, *, follows: bool) -> Select[Any]:
        """Select the keys and numbers of a page of one kind, so that no kind is read to its end."""
        ident, key = ids.selected_columns
        rows = ids.with_only_columns(key.label("key"), ident.label("id"), maintain_column_froms=True)
        if follows:
            after_id = bindparam(f"after_id_{rank}", type_=BigInteger, required=True)
            rows = rows.where(_is_after(sort, key, ident, after_id))
        page = rows.order_by(*_order(sort, key, ident)).limit(_LIMIT).subquery()
        return select(page.c.key, (literal(rank * _STEP, BigInteger) + page.c.id).label("number"))


@dataclass(frozen=True)
class UnionPage(Generic[K]):
    """The kind, id and sort key of each record on a page of a ``UnionQuery``, and the key of the next page."""

    records: Sequence[tuple[K, int, Any]]
    last: tuple[SortKey, int] | None


def _cut_page(rows: Sequence[Any], request: PageRequest) -> tuple[Sequence[Any], tuple[SortKey, int] | None]:
    """Return the sorted rows of a page, which end in key and id, and the key of the last if there is a next page."""
    # A join keeps no order; sorting these rows here is cheaper than having the database sort their items.
    ordered = sorted(rows, key=itemgetter(-2, -1), reverse=request.sort.startswith("-"))
    page = ordered[: request.limit]
    if len(ordered) <= request.limit:
        return page, None
    key, ident = page[-1][-2:]
    return page, (key.isoformat() if isinstance(key, dt.date) else key, ident)


def _order(sort: str, key: ColumnElement[Any], ident: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if sort.startswith("-") else column.asc() for column in (key, ident)]


def _is_after(
    sort: str, key: ColumnElement[Any], ident: ColumnElement[Any], after_id: ColumnElement[int]
) -> ColumnElement[bool]:
    after_key = bindparam("after_key", type_=key.type, required=True)
    position, after = tuple_(key, ident), tuple_(after_key, after_id)
    # The first condition follows from the second; but if the key is an expression, SQLite uses the index only for a
    # comparison of the key alone.
    if sort.startswith("-"):
        return and_(key <= after_key, position < after)
    return and_(key >= after_key, position > after)


def _parse_key(value: SortKey, type_: TypeEngine[Any]) -> Any:
    """Return the key in the type of its column; raise ValueError if it is of another type."""
    if type_.python_type is dt.date:
        return dt.date.fromisoformat(str(value))
    if not isinstance(value, type_.python_type):
        raise ValueError(f"{value!r} is no {type_.python_type.__name__}")
    return value
