"""Reads along the spine: revisions, what they changed, and the versions of one record.

A creation leaves no row in ``history``: it is the version of a record that replaced none.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from app.errors import NotFound
from app.models import NOUNS, History, Revision
from app.queries.addresses import deleted_as, named
from app.queries.listing import Listing, Rows, Slice, Union
from app.queries.sql import as_text, moment, obj
from app.queries.tables import Table
from app.vocab import Noun, Operation

_REVISION: Table = Revision
_PAST: Table = History
_EARLIER: Table = aliased(History)


def latest(session: Session) -> tuple[int, dt.datetime]:
    """Number and time of the newest revision; number 0 on an empty store."""
    row = session.execute(select(_REVISION.id, _REVISION.at).order_by(_REVISION.id.desc()).limit(1)).first()
    return (row.id, row.at) if row else (0, dt.datetime(1970, 1, 1, tzinfo=dt.UTC))


def listing() -> Listing:
    """All revisions (``RevisionPublic``)."""
    fields = {"id": _REVISION.id, "at": moment(_REVISION.at), "author": _REVISION.author, "message": _REVISION.message}
    return Listing(select(as_text(obj(fields))), _REVISION.id, select(_REVISION.id), {"id": _REVISION.id})


@dataclass(frozen=True)
class Changes:
    """What the revisions after ``since`` did, in their order (``ChangePublic``)."""

    since: int

    def page(self, session: Session, part: Slice) -> Rows:
        found, last = self._union().page(session, part)
        revisions = _revisions(session, {number for _, _, number in found})
        items = [_change(noun, operation, ident, revisions[number]) for (noun, operation), ident, number in found]
        return Rows([orjson.dumps(item).decode() for item in items], last)

    def count(self, session: Session) -> int:
        return self._union().count(session)

    def _union(self) -> Union[tuple[Noun, Operation]]:
        return Union([change for noun in Noun for change in _changes_of(noun, self.since)])


def _changes_of(noun: Noun, since: int) -> Iterator[tuple[tuple[Noun, Operation], Select[Any]]]:
    """Selects of (record, revision), one for each way in which a revision can have changed records of a noun."""
    row: Table = NOUNS[noun]
    of_noun = _PAST.table_name == row.__tablename__
    began_now = ~exists().where(_ends(_EARLIER, row.__tablename__, row.id, row.revision_id))
    began_once = ~exists().where(_ends(_EARLIER, row.__tablename__, _PAST.row_id, _PAST.replaced_revision_id))
    yield (noun, Operation.CREATE), select(row.id, row.revision_id).where(row.revision_id > since, began_now)
    created = select(_PAST.row_id, _PAST.replaced_revision_id)
    yield (noun, Operation.CREATE), created.where(of_noun, _PAST.replaced_revision_id > since, began_once)
    for operation in (Operation.UPDATE, Operation.DELETE):
        replaced = select(_PAST.row_id, _PAST.revision_id)
        yield (noun, operation), replaced.where(of_noun, _PAST.revision_id > since, _PAST.operation == operation)


def _ends(past: Table, table: str, ident: Any, revision: Any) -> ColumnElement[bool]:
    """A version of the record ended where ``revision`` began, so that this one did not create it."""
    return and_(past.table_name == table, past.row_id == ident, past.revision_id == revision)


def _revisions(session: Session, numbers: Iterable[int]) -> dict[int, Revision]:
    rows = session.execute(select(_REVISION).where(_REVISION.id.in_(numbers))).scalars()
    return {row.id: row for row in rows}


def _change(noun: Noun, operation: Operation, ident: int, revision: Revision) -> dict[str, Any]:
    assert revision.id is not None
    # A deleted record has to be asked for as it stood before.
    as_of = revision.id - 1 if operation is Operation.DELETE else revision.id
    return {
        "revision": revision.id,
        "at": _rfc3339(revision.at),
        "noun": noun,
        "id": ident,
        "operation": operation,
        "href": f"/{noun}/{ident}?as_of={as_of}",
    }


@dataclass(frozen=True)
class Versions:
    """Every state that a record had (``VersionPublic``); raises NotFound where it never was."""

    noun: Noun
    ref: int | str

    def page(self, session: Session, part: Slice) -> Rows:
        states = self._states(session)
        numbers = sorted(states, reverse=part.descending)
        if part.after is not None:
            last = part.after[1]
            numbers = [number for number in numbers if (number < last if part.descending else number > last)]
        shown, more = numbers[: part.limit], len(numbers) > part.limit
        items = [_version(*states[number], first=number == min(states)) for number in shown]
        return Rows([orjson.dumps(item).decode() for item in items], (shown[-1], shown[-1]) if more else None)

    def count(self, session: Session) -> int:
        return len(self._states(session))

    def _states(self, session: Session) -> dict[int, tuple[Revision, dict[str, Any] | None]]:
        """What each revision that touched the record made of it; None where it deleted it."""
        model: Table = NOUNS[self.noun]
        current = select(model, _REVISION).join(_REVISION, _REVISION.id == model.revision_id)
        now = session.execute(current.where(named(model, self.ref))).first()
        states: dict[int, tuple[Revision, dict[str, Any] | None]] = {}
        for past, maker, ender in session.execute(self._past(now[0].id if now else None)):
            states[maker.id] = (maker, past.values)
            if past.operation == Operation.DELETE:
                states[ender.id] = (ender, None)
        if now is not None:
            states[now[1].id] = (now[1], now[0].json_values())
        if not states:
            raise NotFound(f"There is no {self.noun.removesuffix('s')} {self.ref}, and never was.")
        return states

    def _past(self, ident: int | None) -> Select[Any]:
        """What the record was before, with the revisions that made and ended each state of it."""
        maker, ender = aliased(_REVISION), aliased(_REVISION)
        past = select(_PAST, maker, ender).where(_PAST.table_name == NOUNS[self.noun].__tablename__)
        past = past.join(maker, maker.id == _PAST.replaced_revision_id).join(ender, ender.id == _PAST.revision_id)
        return past.where(_PAST.row_id == ident if ident is not None else deleted_as(self.noun, self.ref))


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
