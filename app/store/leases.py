"""Leases: the right of one worker to work on a row that is due, for a limited time.

A row that can be leased has a column ``due_at``. To lease it is to move ``due_at`` to the end of the lease; every later
write of the worker moves it again, on the condition that it is still where this worker has put it. So a lease ends by
itself if its process dies, and a worker that has lost one learns it before it writes anything.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from app.database.engine import open_read_transaction, open_write_transaction


class LeaseLost(Exception):
    """Raised when the leased row was changed, deleted, or leased by another worker."""


class LeasableRow(Protocol):
    """A row with the moment at which it is due."""

    due_at: dt.datetime


@dataclass
class Lease:
    """The right to work on the row ``id`` of ``table`` until the moment ``until``."""

    table: ClassVar[str]
    id: int
    until: dt.datetime


R = TypeVar("R", bound=LeasableRow)
L = TypeVar("L", bound=Lease)
S = TypeVar("S", bound=Session)


def acquire(
    engine: Engine, until: dt.datetime, find_due: Callable[[Session], R | None], build: Callable[[Session, R], L]
) -> L | None:
    """Lease the row that ``find_due`` selects until then, and build the lease from it. Return None if no row is due."""
    with open_read_transaction(engine) as session:  # most polls end here, and hold up no writer
        if find_due(session) is None:
            return None
    with open_write_transaction(engine) as session:
        row = find_due(session)
        if row is None:
            return None
        row.due_at = until
        session.flush()
        return build(session, row)


@contextmanager
def record_outcome(
    transaction: AbstractContextManager[S], lease: Lease, due_at: dt.datetime, **values: Any
) -> Iterator[S]:
    """Run the write transaction with these values set in the leased row, which is due then. Raise `LeaseLost`.

    A row that is due in the future is still leased to this worker: the lease is renewed.
    """
    with transaction as session:
        if not update_row(session, lease, until=lease.until, due_at=due_at, **values):
            raise LeaseLost
        yield session
    lease.until = due_at


def update_row(session: Session, lease: Lease, *, until: dt.datetime, **values: Any) -> bool:
    """Set these values in the leased row if it is due at ``until``. Return True if it was."""
    table = SQLModel.metadata.tables[lease.table]
    update = table.update().where(table.c.id == lease.id, table.c.due_at == until).values(values)
    return session.connection().execute(update).rowcount == 1
