"""Write transactions without the ORM: each makes one revision, and keeps the values that its changes replace."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text

from app.core.vocab import CodedBy
from app.database.engine import open_write_transaction
from app.database.models import Record, Revision
from app.store.bulk import rows
from app.store.bulk.rows import Row

AUTHOR = "dateline import"

# The moments in rows are in UTC. The pages of the indexes that a batch touches do not fit into SQLite's usual 2 MB.
_SETTINGS = {"sqlite": "PRAGMA cache_size = -65536", "postgresql": "SET LOCAL TIME ZONE 'UTC'"}

Change = tuple[Row, tuple[Any, ...]]
"""A row as it is, and the new values of some of its columns."""


class Transaction:
    """A write transaction; its revision is drawn with its first change, so that one without makes none."""

    def __init__(self, connection: Connection, message: str) -> None:
        self.connection = connection
        self.revision: int | None = None
        self._message = message

    def _draw_revision(self) -> int:
        if self.revision is None:
            table = rows.table_of(Revision)
            values = {"at": dt.datetime.now(dt.UTC), "author": AUTHOR, "message": self._message}
            drawn = self.connection.execute(table.insert().values(values).returning(table.c.id))
            self.revision = int(drawn.scalar_one())
        return self.revision

    def insert(self, model: type[Record], columns: Sequence[str], values: Collection[tuple[Any, ...]]) -> Sequence[int]:
        """Insert imported records, and return their ids."""
        if not values:
            return ()
        ids, head = rows.new_ids(self.connection, model, len(values)), (self._draw_revision(), CodedBy.IMPORT.value)
        records = [(ident, *head, *row) for ident, row in zip(ids, values, strict=True)]
        rows.insert(self.connection, model, ("id", "revision_id", "coded_by", *columns), records)
        return ids

    def change(self, model: type[Record], columns: Sequence[str], changes: Collection[Change]) -> None:
        """Give ``columns`` of some rows new values, and keep the old ones in ``history``."""
        if changes:
            number = self._draw_revision()
            rows.record_history(self.connection, model, [before for before, _ in changes], number)
            values = [(number, *row, before["id"]) for before, row in changes]
            rows.update(self.connection, model, ("revision_id", *columns), values)


@contextmanager
def begin(engine: Engine, message: str) -> Iterator[Transaction]:
    """Open a serialized write transaction, committed at the end or not at all."""
    with open_write_transaction(engine) as session:
        connection = session.connection()
        connection.execute(text(_SETTINGS[connection.dialect.name]))
        yield Transaction(connection, message)
