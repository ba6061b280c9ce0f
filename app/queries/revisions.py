"""Revisions, the changes that they made, and the versions of one record.

A creation leaves no row in ``history``: it is the version of a record that replaced no other.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from app.core.errors import NotFound
from app.core.vocab import Noun, Operation
from app.database.json_sql import as_text, json_object, rfc3339_time
from app.database.models import NOUNS, History, Revision
from app.database.reads import PreparedSelect, ReadSession, is_one_of
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery, Page, PageRequest, SortKey, UnionQuery
from app.queries.lookups import has_deleted_key, has_key
from app.schemas.revision import ChangeFilter

_REVISION: Table = Revision
_PAST: Table = History
_EARLIER: Table = aliased(History)


@cache
def _build_query() -> ListQuery:
    fields = {
        "id": _REVISION.id,
        "revised_at": rfc3339_time(_REVISION.at),
        "author": _REVISION.author,
        "message": _REVISION.message,
    }
    return ListQuery.by_id(select(as_text(json_object(fields))), _REVISION.id, select(_REVISION.id))


async def get_listing(_reads: ReadSession) -> BoundListing:
    """Return all revisions (``RevisionPublic``)."""
    return BoundListing(_build_query(), {})


async def get_change_listing(_reads: ReadSession, filters: ChangeFilter) -> "ChangeListing":
    """Return the changes after the revision ``since`` (``ChangePublic``)."""
    return ChangeListing(filters.since)


@dataclass(frozen=True)
class Change:
    """A change of one record by one revision.

    ``place`` orders the changes of one revision and never changes. ``item`` is the record as its list has it now, as
    JSON text on one line, if that was requested.
    """

    revision: int
    at: str
    noun: Noun
    operation: Operation
    id: int
    place: int
    item: str | None = None

    @property
    def href(self) -> str:
        # A deleted record exists only before the revision.
        as_of = self.revision - 1 if self.operation is Operation.DELETE else self.revision
        return f"/{self.noun}/{self.id}?as_of={as_of}"

    def to_item(self) -> dict[str, Any]:
        """Return the change as a ``ChangePublic``."""
        return {
            "revision": self.revision,
            "revised_at": self.at,
            "noun": self.noun,
            "id": self.id,
            "operation": self.operation,
            "href": self.href,
        }


@dataclass(frozen=True)
class ChangeListing:
    """The changes after the revision ``since``, in the order of revisions (``ChangePublic``)."""

    since: int

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        changes, last = await self.read(reads, request)
        return Page([orjson.dumps(change.to_item()).decode() for change in changes], last)

    async def read(
        self, reads: ReadSession, request: PageRequest
    ) -> tuple[Sequence[Change], tuple[SortKey, int] | None]:
        """Return the changes of a page, and the key after which the next begins: a revision and a place in it."""
        union = _build_change_query()
        page = await union.page(reads, request, {"since": self.since})
        made_at = await get_times(reads, {number for _, _, number in page.records})
        changes = [
            Change(number, made_at[number], *kind, ident, union.number(kind, ident))
            for kind, ident, number in page.records
        ]
        return changes, page.last

    async def count(self, reads: ReadSession) -> int:
        """Return the number of changes on all pages."""
        return await _build_change_query().count(reads, {"since": self.since})


_SINCE = bindparam("since", type_=BigInteger, required=True)


@cache
def _build_change_query() -> UnionQuery[tuple[Noun, Operation]]:
    return UnionQuery([branch for noun in Noun for branch in _select_changes(noun)])


def _select_changes(noun: Noun) -> Iterator[tuple[tuple[Noun, Operation], Select[Any]]]:
    """Yield selects of record and revision, one for each way in which a revision can change a record of the noun."""
    row: Table = NOUNS[noun]
    of_noun = _PAST.table_name == row.__tablename__
    is_first = ~exists().where(_ends_at(row.__tablename__, row.id, row.revision_id))
    was_first = ~exists().where(_ends_at(row.__tablename__, _PAST.row_id, _PAST.replaced_revision_id))
    yield (noun, Operation.CREATE), select(row.id, row.revision_id).where(row.revision_id > _SINCE, is_first)
    created = select(_PAST.row_id, _PAST.replaced_revision_id)
    yield (noun, Operation.CREATE), created.where(of_noun, _PAST.replaced_revision_id > _SINCE, was_first)
    for operation in (Operation.UPDATE, Operation.DELETE):
        replaced = select(_PAST.row_id, _PAST.revision_id)
        yield (noun, operation), replaced.where(of_noun, _PAST.revision_id > _SINCE, _PAST.operation == operation)


def _ends_at(table: str, ident: Any, revision: Any) -> ColumnElement[bool]:
    """Return the condition that a version of the record ended with the revision, so that this did not create it."""
    past = _EARLIER
    return and_(past.table_name == table, past.row_id == ident, past.revision_id == revision)


async def get_times(reads: ReadSession, revisions: Set[int]) -> Mapping[int, str]:
    """Return the times of these revisions, RFC 3339."""
    rows = await reads.fetch(_TIMES, {"ids": sorted(revisions)}) if revisions else ()
    return dict(rows)  # type: ignore[arg-type]


_TIMES = PreparedSelect(select(_REVISION.id, rfc3339_time(_REVISION.at)).where(is_one_of(_REVISION.id, "ids")))


class _Version(NamedTuple):
    """The values that a revision left a record with; None if it deleted the record."""

    revision: Revision
    values: dict[str, Any] | None

    def to_item(self, *, is_first: bool) -> dict[str, Any]:
        """Return the version as a ``VersionPublic``."""
        operation = Operation.CREATE if is_first else Operation.UPDATE
        return {
            "revision": self.revision.id,
            "revised_at": self.revision.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "author": self.revision.author,
            "message": self.revision.message,
            "operation": Operation.DELETE if self.values is None else operation,
            "snapshot": self.values,
        }


@dataclass(frozen=True)
class RecordVersions:
    """All versions of a record (``VersionPublic``); reading it raises NotFound if the record never existed."""

    session: Session
    noun: Noun
    ref: int | str

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        versions = self._get_versions()
        numbers = sorted(versions, reverse=request.sort.startswith("-"))
        if request.after is not None:
            numbers = numbers[numbers.index(request.after[1]) + 1 :]
        page, has_more = numbers[: request.limit], len(numbers) > request.limit
        first = min(versions)
        items = [versions[number].to_item(is_first=number == first) for number in page]
        await reads.fetch_state()
        return Page([orjson.dumps(item).decode() for item in items], (page[-1], page[-1]) if has_more else None)

    async def count(self, _reads: ReadSession) -> int:
        """Return the number of versions."""
        return len(self._get_versions())

    def _get_versions(self) -> dict[int, _Version]:
        """Return the versions of the record by the numbers of their revisions."""
        model: Table = NOUNS[self.noun]
        current = select(model, _REVISION).join(_REVISION, _REVISION.id == model.revision_id)
        now = self.session.execute(current.where(has_key(model, self.ref))).first()
        versions: dict[int, _Version] = {}
        for past, maker, ender in self.session.execute(self._select_past(now[0].id if now else None)):
            versions[maker.id] = _Version(maker, past.values)
            if past.operation == Operation.DELETE:
                versions[ender.id] = _Version(ender, None)
        if now is not None:
            row, revision = now
            versions[revision.id] = _Version(revision, row.to_json_values())
        if not versions:
            raise NotFound(f"There is no {self.noun.singular} {self.ref}, and never was.")
        return versions

    def _select_past(self, ident: int | None) -> Select[Any]:
        """Select the past states of the record, with the revisions that made and ended each."""
        maker, ender = aliased(_REVISION), aliased(_REVISION)
        past = select(_PAST, maker, ender).where(_PAST.table_name == NOUNS[self.noun].__tablename__)
        past = past.join(maker, maker.id == _PAST.replaced_revision_id).join(ender, ender.id == _PAST.revision_id)
        return past.where(_PAST.row_id == ident if ident is not None else has_deleted_key(self.noun, self.ref))
