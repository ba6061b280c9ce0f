"""Reads along the spine: revisions, what they changed, and the versions of one record.

A creation leaves no row in ``history``: it is the version of a record that replaced none.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from app.core.errors import NotFound
from app.core.vocab import Noun, Operation
from app.database.json_sql import as_text, is_one_of, json_object, rfc3339_time
from app.database.models import NOUNS, History, Revision
from app.database.statements import PreparedSelect, ReadSession
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery, Page, PageRequest, SortKey, UnionQuery
from app.queries.lookups import has_deleted_key, has_key
from app.schemas.revision import ChangeFilter

_REVISION: Table = Revision
_PAST: Table = History
_EARLIER: Table = aliased(History)


@cache
def _build_query() -> ListQuery:
    """All revisions (``RevisionPublic``)."""
    fields = {
        "id": _REVISION.id,
        "at": rfc3339_time(_REVISION.at),
        "author": _REVISION.author,
        "message": _REVISION.message,
    }
    return ListQuery.by_id(select(as_text(json_object(fields))), _REVISION.id, select(_REVISION.id))


async def get_listing(_reads: ReadSession) -> BoundListing:
    """All revisions (``RevisionPublic``)."""
    return BoundListing(_build_query(), {})


async def get_change_listing(_reads: ReadSession, filters: ChangeFilter) -> "ChangeListing":
    """What the revisions did after the one that ``filters`` names."""
    return ChangeListing(filters.since)


@dataclass(frozen=True)
class Change:
    """What one revision did to one record.

    ``place`` orders what one revision did, the same at any later time. ``item`` is the record as its list shows it
    now, as JSON text on one line, where that was asked for.
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
        # A deleted record has to be asked for as it stood before.
        as_of = self.revision - 1 if self.operation is Operation.DELETE else self.revision
        return f"/{self.noun}/{self.id}?as_of={as_of}"

    def told(self) -> dict[str, Any]:
        """As `/changes` shows it (``ChangePublic``)."""
        return {
            "revision": self.revision,
            "at": self.at,
            "noun": self.noun,
            "id": self.id,
            "operation": self.operation,
            "href": self.href,
        }


@dataclass(frozen=True)
class ChangeListing:
    """What the revisions after ``since`` did, in their order (``ChangePublic``)."""

    since: int

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        found, last = await self.read(reads, request)
        return Page([orjson.dumps(change.told()).decode() for change in found], last)

    async def read(
        self, reads: ReadSession, request: PageRequest
    ) -> tuple[Sequence[Change], tuple[SortKey, int] | None]:
        """The changes of a page, and the key after which the next begins: a revision, and a place in it."""
        union = _union()
        found = await union.page(reads, request, {"since": self.since})
        made_at = await get_times(reads, {number for _, _, number in found.records})
        changes = [
            Change(number, made_at[number], *kind, ident, union.number(kind, ident))
            for kind, ident, number in found.records
        ]
        return changes, found.last

    async def count(self, reads: ReadSession) -> int:
        return await _union().count(reads, {"since": self.since})


_SINCE = bindparam("since", type_=BigInteger, required=True)
_MOMENTS = PreparedSelect(select(_REVISION.id, rfc3339_time(_REVISION.at)).where(is_one_of(_REVISION.id, "ids")))


@cache
def _union() -> UnionQuery[tuple[Noun, Operation]]:
    return UnionQuery([change for noun in Noun for change in _changes_of(noun)])


def _changes_of(noun: Noun) -> Iterator[tuple[tuple[Noun, Operation], Select[Any]]]:
    """Selects of (record, revision), one for each way in which a revision can have changed records of a noun."""
    row: Table = NOUNS[noun]
    of_noun = _PAST.table_name == row.__tablename__
    began_now = ~exists().where(_ends(_EARLIER, row.__tablename__, row.id, row.revision_id))
    began_once = ~exists().where(_ends(_EARLIER, row.__tablename__, _PAST.row_id, _PAST.replaced_revision_id))
    yield (noun, Operation.CREATE), select(row.id, row.revision_id).where(row.revision_id > _SINCE, began_now)
    created = select(_PAST.row_id, _PAST.replaced_revision_id)
    yield (noun, Operation.CREATE), created.where(of_noun, _PAST.replaced_revision_id > _SINCE, began_once)
    for operation in (Operation.UPDATE, Operation.DELETE):
        replaced = select(_PAST.row_id, _PAST.revision_id)
        yield (noun, operation), replaced.where(of_noun, _PAST.revision_id > _SINCE, _PAST.operation == operation)


def _ends(past: Table, table: str, ident: Any, revision: Any) -> ColumnElement[bool]:
    """A version of the record ended where ``revision`` began, so that this one did not create it."""
    return and_(past.table_name == table, past.row_id == ident, past.revision_id == revision)


async def get_times(reads: ReadSession, numbers: Set[int]) -> Mapping[int, str]:
    """When these revisions were made, RFC 3339."""
    rows = await reads.fetch(_MOMENTS, {"ids": sorted(numbers)}) if numbers else ()
    return dict(rows)  # type: ignore[arg-type]


@dataclass(frozen=True)
class RecordVersions:
    """Every state that a record had (``VersionPublic``); raises NotFound where it never was."""

    session: Session
    noun: Noun
    ref: int | str

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        states = self._states(self.session)
        numbers = sorted(states, reverse=request.sort.startswith("-"))
        if request.after is not None:
            numbers = numbers[numbers.index(request.after[1]) + 1 :]
        shown, more = numbers[: request.limit], len(numbers) > request.limit
        items = [_version(*states[number], first=number == min(states)) for number in shown]
        await reads.fetch_state()
        return Page([orjson.dumps(item).decode() for item in items], (shown[-1], shown[-1]) if more else None)

    async def count(self, reads: ReadSession) -> int:
        return len(self._states(self.session))

    def _states(self, session: Session) -> dict[int, tuple[Revision, dict[str, Any] | None]]:
        """What each revision that touched the record made of it; None where it deleted it."""
        model: Table = NOUNS[self.noun]
        current = select(model, _REVISION).join(_REVISION, _REVISION.id == model.revision_id)
        now = session.execute(current.where(has_key(model, self.ref))).first()
        states: dict[int, tuple[Revision, dict[str, Any] | None]] = {}
        for past, maker, ender in session.execute(self._past(now[0].id if now else None)):
            states[maker.id] = (maker, past.values)
            if past.operation == Operation.DELETE:
                states[ender.id] = (ender, None)
        if now is not None:
            states[now[1].id] = (now[1], now[0].to_json_values())
        if not states:
            raise NotFound(f"There is no {self.noun.singular} {self.ref}, and never was.")
        return states

    def _past(self, ident: int | None) -> Select[Any]:
        """What the record was before, with the revisions that made and ended each state of it."""
        maker, ender = aliased(_REVISION), aliased(_REVISION)
        past = select(_PAST, maker, ender).where(_PAST.table_name == NOUNS[self.noun].__tablename__)
        past = past.join(maker, maker.id == _PAST.replaced_revision_id).join(ender, ender.id == _PAST.revision_id)
        return past.where(_PAST.row_id == ident if ident is not None else has_deleted_key(self.noun, self.ref))


def _version(revision: Revision, values: dict[str, Any] | None, *, first: bool) -> dict[str, Any]:
    return {
        "revision": revision.id,
        "at": _rfc3339(revision.at),
        "author": revision.author,
        "message": revision.message,
        "operation": Operation.DELETE if values is None else Operation.CREATE if first else Operation.UPDATE,
        "values": values,
    }


def _rfc3339(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
