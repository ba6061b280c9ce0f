"""The spine: one write transaction makes one revision, and nothing is overwritten without a trace.

``write()`` opens the transaction. Whatever record is then added, changed or deleted in its session
is stamped with the transaction's revision as it is flushed, and the values that it had before go to
``history``. A transaction that changes no record makes no revision.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, inspect
from sqlalchemy.orm import UOWTransaction, attributes
from sqlmodel import Session, SQLModel

from app.core.vocab import Operation
from app.database.engine import open_write_transaction
from app.database.models import PARTS, History, Record, Revision, to_json_value
from app.store import derived
from app.store.derived import statement_index


@contextmanager
def write(engine: Engine, *, author: str, message: str) -> Iterator[Session]:
    """One write transaction: committed as one revision at the end, or not at all."""
    with open_write_transaction(engine) as session:
        session.info["revision"] = Revision(at=dt.datetime.now(dt.UTC), author=author, message=message)
        yield session


def is_of(session: Session, row: Record) -> bool:
    """Whether the row was made or changed in this session's transaction."""
    return bool(row.revision_id == session.info["revision"].id)


def draw(session: Session) -> None:
    """Give the transaction its revision though it changes no record: what is read beside records changes with it."""
    _number(session, session.info["revision"])


def annotate(session: Session, row: Record, **values: Any) -> None:
    """Keep, with what a row was before this transaction deleted it, more than its columns told: what it is now."""
    kept: History = session.info["kept"][str(row.__tablename__), row.id]
    kept.values = {**kept.values, **values}


event.listen(Session, "after_flush", derived.track)
event.listen(Session, "after_flush", statement_index.track)


@event.listens_for(Session, "before_commit")
def _settle(session: Session) -> None:
    """Keep up with the transaction, not with the parts of it that may be taken back."""
    if not session.in_nested_transaction():
        derived.flush_counts(session)


@event.listens_for(Session, "before_flush")
def _keep_history(session: Session, _context: UOWTransaction, _instances: object) -> None:
    pending: Revision | None = session.info.get("revision")
    if pending is None:
        return
    _touch_owners(session)
    added = [row for row in session.new if isinstance(row, Record)]
    changed = [row for row in session.dirty if isinstance(row, Record) and session.is_modified(row)]
    deleted = [row for row in session.deleted if isinstance(row, Record)]
    if not (added or changed or deleted):
        return
    number = _number(session, pending)
    for row in changed:
        _remember(session, row, number, Operation.UPDATE)
    for row in deleted:
        _remember(session, row, number, Operation.DELETE)
    for row in added + changed:
        row.revision_id = number


def _touch_owners(session: Session) -> None:
    """Mark the record that a changed part belongs to as changed."""
    new, dirty, deleted = session.new, session.dirty, session.deleted  # once: a session gathers them anew each time
    for row in [*new, *dirty, *deleted]:
        if type(row) in PARTS and (row not in dirty or session.is_modified(row)):
            owner_model, key = PARTS[type(row)]
            owner = session.get(owner_model, getattr(row, key))
            if owner is not None and owner not in deleted and owner not in new:
                attributes.flag_modified(owner, "revision_id")


def _number(session: Session, pending: Revision) -> int:
    """The number of the transaction's revision, drawn with its first change."""
    if pending.id is None:
        values = {"at": pending.at, "author": pending.author, "message": pending.message}
        table = SQLModel.metadata.tables["revision"]
        pending.id = session.connection().execute(table.insert().values(values).returning(table.c.id)).scalar_one()
    return pending.id


def _remember(session: Session, row: Record, number: int, operation: Operation) -> None:
    """Keep what the row was before this transaction; what it was in between concerns nobody else."""
    before = _values_before(row)
    kept: dict[tuple[str, int], History] = session.info.setdefault("kept", {})
    place = (str(row.__tablename__), before["id"])
    if place in kept:
        kept[place].operation = operation
    elif before["revision_id"] != number:
        kept[place] = History(
            table_name=place[0],
            row_id=place[1],
            revision_id=number,
            replaced_revision_id=before["revision_id"],
            operation=operation,
            values=before,
        )
        session.add(kept[place])


def _values_before(row: Record) -> dict[str, Any]:
    """The row's values as the transaction found them."""
    attrs = inspect(row).attrs
    changed = {name: attrs[name].load_history().deleted for name in type(row).model_fields}
    return row.to_json_values() | {name: to_json_value(old[0]) for name, old in changed.items() if old}
