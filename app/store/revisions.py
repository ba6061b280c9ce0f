"""Revisions: one write transaction makes one revision, and nothing is overwritten without a trace.

``write()`` opens the transaction, and gives its ``WriteSession``. Each record that is then added, changed or deleted
is stamped with the transaction's revision as it is flushed, and the values that it had before go to ``history``. A
transaction that changes no record makes no revision. Denormalized tables are kept current on the same occasions.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Engine, event, inspect
from sqlalchemy.orm import UOWTransaction, attributes
from sqlmodel import Session, SQLModel

from app.core.vocab import Operation
from app.database.engine import begin_writing
from app.database.models import PARTS, History, Record, Revision, to_json_value
from app.store.derived import counts, statement_index
from app.store.derived.counts import DirtyEvents


class WriteSession(Session):
    """The session of one write transaction, with its revision and all else that lasts as long as the transaction."""

    revision: Revision
    """The transaction's revision; its id is drawn with the first change of a record."""
    recorded: dict[tuple[str, int], History]
    """The transaction's rows of ``history``, by table and id of the record whose past they keep."""
    dirty_events: DirtyEvents
    """The events that are to be counted anew before the commit."""
    rows_by_name: dict[tuple[type[Record], str], Record | None]
    """Records looked up ahead by slug or external id (see ``fields.preload_references``); None where there is none."""

    def __init__(self, engine: Engine, *, author: str, message: str) -> None:
        super().__init__(engine)
        self.revision = Revision(at=dt.datetime.now(dt.UTC), author=author, message=message)
        self.recorded = {}
        self.dirty_events = DirtyEvents()
        self.rows_by_name = {}

    def has_written(self, row: Record) -> bool:
        """Tell whether this transaction added or changed the record."""
        return row.revision_id == self.revision.id

    def draw_revision(self) -> int:
        """Return the number of the transaction's revision, and draw it with the first change.

        A change of what is no record, but shows in responses with an ETag, needs a revision too.
        """
        if self.revision.id is None:
            values = {"at": self.revision.at, "author": self.revision.author, "message": self.revision.message}
            table = SQLModel.metadata.tables["revision"]
            self.revision.id = (
                self.connection().execute(table.insert().values(values).returning(table.c.id)).scalar_one()
            )
        return self.revision.id

    def annotate_history(self, row: Record, **values: Any) -> None:
        """Add values to the history of a record that this transaction deleted, such as what replaces it."""
        history = self.recorded[str(row.__tablename__), row.id]  # type: ignore[index]  # it was stored
        history.values = {**history.values, **values}

    def flush_counts(self) -> None:
        """Flush, and count the dirty events anew."""
        self.flush()
        dirty_events, self.dirty_events = self.dirty_events, DirtyEvents()
        event_ids = dirty_events.find_ids(self.connection())
        if event_ids:
            counts.refresh(self.connection(), event_ids)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run a part of the transaction that leaves no trace if it fails, neither in the store nor in the session."""
        number, recorded = self.revision.id, dict(self.recorded)
        try:
            with self.begin_nested():
                yield
        except BaseException:
            self.revision.id, self.recorded = number, recorded
            raise


def write(engine: Engine, *, author: str, message: str) -> AbstractContextManager[WriteSession]:
    """Open a write transaction, which is committed as one revision at the end, or not at all."""
    return begin_writing(engine, partial(WriteSession, author=author, message=message))


def _record_history(session: WriteSession, _context: UOWTransaction, _instances: object) -> None:
    """Stamp the records of a flush with the transaction's revision, and keep the values that they had before."""
    new, dirty, deleted = session.new, session.dirty, session.deleted  # once: a session gathers them anew each time
    for row in [*new, *dirty, *deleted]:
        # A changed part changes the record that it belongs to.
        if type(row) in PARTS and (row not in dirty or session.is_modified(row)):
            owner_model, key = PARTS[type(row)]
            owner = session.get(owner_model, getattr(row, key))
            if owner is not None and owner not in deleted and owner not in new:
                attributes.flag_modified(owner, "revision_id")
    changed = []
    for row in session.dirty:
        if isinstance(row, Record) and session.is_modified(row):
            _record(session, row, Operation.UPDATE)
            changed.append(row)
    for row in session.deleted:
        if isinstance(row, Record):
            _record(session, row, Operation.DELETE)
    for row in (*changed, *session.new):
        if isinstance(row, Record):
            row.revision_id = session.draw_revision()


def _record(session: WriteSession, row: Record, operation: Operation) -> None:
    """Keep the values that the record had before this transaction; those in between concern nobody else."""
    number, before = session.draw_revision(), _get_values_before(row)
    place = (str(row.__tablename__), before["id"])
    if place in session.recorded:
        session.recorded[place].operation = operation
    elif before["revision_id"] != number:
        history = History(
            table_name=place[0],
            row_id=place[1],
            revision_id=number,
            replaced_revision_id=before["revision_id"],
            operation=operation,
            values=before,
        )
        session.recorded[place] = history
        session.add(history)


def _get_values_before(row: Record) -> dict[str, Any]:
    """Return the record's values before the changes that are not flushed yet."""
    attrs = inspect(row).attrs
    changed = {name: attrs[name].load_history().deleted for name in type(row).model_fields}
    return row.to_json_values() | {name: to_json_value(old[0]) for name, old in changed.items() if old}


def _update_derived_tables(session: WriteSession, _context: UOWTransaction) -> None:
    """Bring the denormalized tables up to date with a flush, or note what to count before the commit."""
    counts.track(session, session.dirty_events)
    statement_index.track(session)


def _flush_counts_before_commit(session: WriteSession) -> None:
    """Count dirty events once a transaction, not at the end of each savepoint."""
    if not session.in_nested_transaction():
        session.flush_counts()


def _register_listeners() -> None:
    """Register all that happens whenever a ``WriteSession`` flushes or commits.

    Called once, when this module is imported: nobody gets a ``WriteSession`` without importing it.
    """
    event.listen(WriteSession, "before_flush", _record_history)
    event.listen(WriteSession, "after_flush", _update_derived_tables)
    event.listen(WriteSession, "before_commit", _flush_counts_before_commit)


_register_listeners()
