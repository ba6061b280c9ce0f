"""The whole store as JSON lines, and back: revisions, records and history, under their own ids.

Keys stay out of it: they are secrets of one installation.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Date, Engine, Table
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from app.core.errors import BadRequest, Conflict
from app.database.engine import (
    BEFORE_0_1_0,
    advance_id_sequence,
    get_current_migration,
    open_read_transaction,
    open_write_transaction,
)
from app.queries import dump
from app.store.derived import counts, statement_index

_BATCH = 500
_BY_NAME = {table.name: table for table in dump.TABLES}


def write(engine: Engine) -> Iterator[bytes]:
    """Yield the lines of one snapshot: a head that names the migration, then ``{"table": …, "row": {…}}``."""
    with open_read_transaction(engine) as session:
        yield _line({"dateline": get_current_migration(engine), "rows": dump.count_rows(session)})
        for table in dump.TABLES:
            for row in dump.iterate_rows(session, table):
                yield _line({"table": table.name, "row": row})


def _line(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_UTC_Z) + b"\n"


def read(engine: Engine, lines: Iterable[bytes]) -> Iterator[int]:
    """Fill an empty store with the lines of ``write``, in one transaction. Yield the number of rows so far.

    Raise `Conflict` if the store is not empty, `BadRequest` if the lines are not an export of this version.
    """
    numbered = enumerate(lines, start=1)
    expected = _parse_head(engine, next(numbered, (1, b""))[1])
    with open_write_transaction(engine) as session:
        if dump.count_rows(session):
            raise Conflict("The store is not empty; an export can only be read into an empty one.")
        done = 0
        rows = (_parse_row(number, line) for number, line in numbered)
        for table, group in groupby(rows, key=itemgetter(0)):
            for filled in _insert(session, table, (row for _, row in group)):
                done += filled
                yield done
        if done != expected:
            raise BadRequest(f"The export is cut short: it has {done} rows of {expected}.")
        for table in dump.TABLES:
            advance_id_sequence(session.connection(), table, dump.get_last_id(session, table))
        for refresh_all in (counts.refresh_all, statement_index.refresh_all):
            for _ in refresh_all(session.connection()):
                pass


def _parse_head(engine: Engine, line: bytes) -> int:
    """Return the number of rows that the head of an export announces. Raise `BadRequest` for another version."""
    try:
        head = orjson.loads(line)
        migration, rows = head["dateline"], int(head["rows"])
    except (ValueError, KeyError, TypeError):
        raise BadRequest("Line 1 is not the head of an export.") from None
    current = get_current_migration(engine)
    if migration not in (current, BEFORE_0_1_0[-1]):  # the last migration before 0.1.0 had the same tables
        raise BadRequest(f"The export is of a store at migration {migration}, this one is at {current}.")
    return rows


def _parse_row(number: int, line: bytes) -> tuple[Table, dict[str, Any]]:
    try:
        content = orjson.loads(line)
        table, row = _BY_NAME[content["table"]], content["row"]
        if row.keys() != set(table.columns.keys()):
            raise KeyError(table.name)
        return table, {name: _parse_value(table, name, value) for name, value in row.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadRequest(f"Line {number} is not a row of an export.") from None


def _parse_value(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if isinstance(value, str) and isinstance(kind, UTCDateTime):
        value = dt.datetime.fromisoformat(value)
    elif isinstance(value, str) and isinstance(kind, Date):
        value = dt.date.fromisoformat(value)
    # PostgreSQL would accept a list or a number as a text.
    if value is not None and not isinstance(value, getattr(kind, "impl_instance", kind).python_type):
        raise TypeError(name)
    return value


def _insert(session: Session, table: Table, rows: Iterable[dict[str, Any]]) -> Iterator[int]:
    """Insert the rows in batches, and yield their sizes.

    References to rows of the same table, which may come later, are filled in at the end.
    """
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    later: list[dict[str, Any]] = []
    for batch in _split_batches(rows):
        later.extend({"id": row["id"]} | {name: row[name] for name in own} for row in batch if any(map(row.get, own)))
        _execute(session, table.insert(), [row | dict.fromkeys(own) for row in batch], table)
        yield len(batch)
    for row in later:
        _execute(session, table.update().where(table.c.id == row.pop("id")).values(row), None, table)


def _execute(session: Session, statement: Any, rows: list[dict[str, Any]] | None, table: Table) -> None:
    try:
        session.connection().execute(statement, rows)
    except (IntegrityError, StatementError) as error:
        raise BadRequest(f"Rows of the table {table.name} do not fit the store.") from error


def _split_batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
