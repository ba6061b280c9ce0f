"""Reads along the spine: revisions, what they changed, and the versions of one record.

A creation leaves no row in ``history``: it is the version of a record that replaced none.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from app.models import NOUNS, History, Revision
from app.queries.listing import Listing, Rows, Slice, page_of_union
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


def changes(session: Session, *, since: int, part: Slice) -> Rows:
    """What the revisions after ``since`` did, in their order (``ChangePublic``)."""
    found = page_of_union(session, [change for noun in Noun for change in _changes_of(noun, since)], part)
    revisions = _revisions(session, {number for _, _, number in found.keys})
    items = [_change(noun, operation, ident, revisions[number]) for (noun, operation), ident, number in found.keys]
    return Rows([orjson.dumps(item).decode() for item in items], found.last)


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


def versions(session: Session, noun: Noun, ident: int, part: Slice) -> Rows:
    """A page of the states that a record had (``VersionPublic``)."""
    states = _states(session, noun, ident)
    operations = dict.fromkeys(states, Operation.UPDATE) | {min(states): Operation.CREATE}
    numbers = sorted(states, reverse=part.descending)
    if part.after is not None:
        numbers = [
            number for number in numbers if (number < part.after[1]) is part.descending and number != part.after[1]
        ]
    shown = numbers[: part.limit]
    revisions = _revisions(session, shown)
    items = [_version(revisions[number], operations[number], states[number]) for number in shown]
    more = len(numbers) > part.limit
    return Rows([orjson.dumps(item).decode() for item in items], (shown[-1], shown[-1]) if more else None)


def _states(session: Session, noun: Noun, ident: int) -> dict[int, dict[str, Any] | None]:
    """What each revision that touched the record made of it; None where it deleted it."""
    model: Table = NOUNS[noun]
    past = select(_PAST).where(_PAST.table_name == model.__tablename__, _PAST.row_id == ident)
    states: dict[int, dict[str, Any] | None] = {}
    for replaced in session.execute(past).scalars():
        states[replaced.replaced_revision_id] = replaced.values
        if replaced.operation == Operation.DELETE:
            states[replaced.revision_id] = None
    now = session.get(model, ident)
    return states | ({now.revision_id: now.json_values()} if now else {})


def _version(revision: Revision, operation: Operation, values: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "revision": revision.id,
        "at": _rfc3339(revision.at),
        "author": revision.author,
        "message": revision.message,
        "operation": Operation.DELETE if values is None else operation,
        "values": values,
    }


def _rfc3339(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
