"""Backup, restore and copy of whole stores."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Table, inspect, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from app.backup import files
from app.backup.load import Report, last_used, load
from app.core.errors import BadRequest, Conflict, NotMigrated
from app.database import raw_rows
from app.database.engine import (
    advance_id_sequence,
    build_alembic_config,
    check_migrated,
    get_current_migration,
    migrate_store,
    open_read_transaction,
    open_write_transaction,
    refuse_old_store,
)

_REVISION: Table = SQLModel.metadata.tables["revision"]


def backup(engine: Engine, file: Path, report: Report) -> None:
    """Write the store, as it stands at this moment, to a SQLite file; others read and write meanwhile.

    The file appears under its name when it is whole, checked and on the disk; one that was there is replaced.

    Raises NotMigrated where there is nothing to save, and Conflict where the file is the store itself.
    """
    store = _file_of(engine)
    if store is not None and store.resolve() == file.resolve():
        raise Conflict(f"{file} is the store itself; name another file.")
    with files.workplace(file) as folder:
        whole = folder / file.name
        _take(engine, whole, report)
        files.settle(whole)
        files.place(whole, file)


def restore(file: Path, engine: Engine, *, replace: bool, patience: float, report: Report) -> int:
    """Make the store what a backup holds, in one transaction; returns the revision that says so.

    A backup of an earlier migration is migrated first. The new revision's number is above all that the store and the
    backup ever gave out, so that no number, tag or cache stands for two states. A writer may keep it waiting for
    ``patience`` seconds.

    Raises BadRequest if the file is no backup or one of a newer version of Dateline, NotMigrated if a version before
    0.1.0 made it, and Conflict if the store holds something and ``replace`` is false.
    """
    migration = files.check(file)
    refuse_old_store(migration)
    if migration not in _known_migrations(engine):
        raise BadRequest(f"{file} was made by a newer version of Dateline than this one.")
    _check_free(engine, replace=replace)
    at = _file_of(engine) or file
    with files.workplace(at) as folder:
        ready = folder / "ready.db"
        files.copy_file(file, ready, report)
        with files.opened(ready) as source:
            migrate_store(source)
            put = _put_sqlite if engine.dialect.name == "sqlite" else _put_postgres
            return put(source, engine, f"Restored {file.name}", patience, report)


def copy(source: Engine, target: Engine, *, patience: float, report: Report) -> int:
    """Fill an empty store with all that another holds, keys included, under the same ids; returns the number of rows.

    It all arrives in one transaction. Raises NotMigrated or Conflict where one of the two is not fit for it.
    """
    _migration(source)
    check_migrated(source)
    _check_free(target, replace=False)
    file = _file_of(target)
    if file is None:
        migrate_store(target)
        with open_read_transaction(source) as reader, open_write_transaction(target) as writer:
            _refuse_filled(writer.connection())
            return load(reader.connection(), writer.connection(), report)
    with files.workplace(file) as folder:
        whole = folder / "whole.db"
        _take(source, whole, report)
        files.settle(whole)
        files.copy_in(whole, target, patience, report)
    with open_read_transaction(target) as session:
        return sum(
            raw_rows.count_rows(session.connection(), shape)
            for shape in raw_rows.get_tables(session.connection()).values()
        )


def _file_of(engine: Engine) -> Path | None:
    return Path(str(engine.url.database)).absolute() if engine.dialect.name == "sqlite" else None


def _known_migrations(engine: Engine) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(build_alembic_config(engine)).walk_revisions()}


def _check_free(engine: Engine, *, replace: bool) -> None:
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        if tables and "alembic_version" not in tables:
            raise Conflict("The database holds tables that are not Dateline's.")
        if not replace:
            _refuse_filled(connection)
    migration = get_current_migration(engine)
    refuse_old_store(migration)
    if tables and migration not in _known_migrations(engine):
        raise Conflict("The store belongs to a newer version of Dateline than this one.")


def _refuse_filled(connection: Connection) -> None:
    if any(raw_rows.count_rows(connection, shape) for shape in raw_rows.get_tables(connection).values()):
        raise Conflict("The store is not empty.")


def _take(engine: Engine, file: Path, report: Report) -> None:
    """Put all that the store holds at this moment into a new SQLite file."""
    migration = _migration(engine)
    if engine.dialect.name == "sqlite":
        files.copy_out(engine, file, report)
        return
    with files.opened(file) as target:
        command.upgrade(build_alembic_config(target), migration)
        with open_read_transaction(engine) as session, _private(target) as connection:
            load(session.connection(), connection, report)


def _migration(engine: Engine) -> str:
    """The migration that a store is at; raises NotMigrated where there is none, and makes no file to look."""
    file = _file_of(engine)
    if file is not None and not file.exists():
        raise NotMigrated(f"There is no store at {file}.")
    migration = get_current_migration(engine)
    if migration is None:
        raise NotMigrated("The store is empty: there is nothing to take from it.")
    return migration


@contextmanager
def _private(engine: Engine) -> Iterator[Connection]:
    """One transaction on a SQLite file that nobody else knows of, and that is thrown away when it fails."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for pragma in ("foreign_keys=OFF", "journal_mode=OFF", "synchronous=OFF"):
            driver.execute(f"PRAGMA {pragma}")
        yield connection
        if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
            raise Conflict("Rows refer to others that are not there.")
        connection.commit()


def _put_sqlite(source: Engine, target: Engine, message: str, patience: float, report: Report) -> int:
    with target.connect() as connection:
        before = _last_revision(connection)
    with source.begin() as connection:
        number = _mark(connection, before, message)

    def checking(what: str, done: int, total: int) -> None:
        # The store is locked by now.
        with target.connect() as connection:
            if _last_revision(connection) != before:
                raise Conflict("The store was written to at the last moment; try again.")
        report(what, done, total)

    source.dispose()
    files.copy_in(Path(str(source.url.database)), target, patience, checking)
    return number


def _put_postgres(source: Engine, target: Engine, message: str, patience: float, report: Report) -> int:
    """Readers wait while the rows are replaced."""
    migrate_store(target)
    with open_read_transaction(source) as reader, open_write_transaction(target) as writer:
        connection = writer.connection()
        before = _last_revision(connection)
        _lock(connection, list(raw_rows.get_tables(connection)), patience)
        load(reader.connection(), connection, report)
        return _mark(connection, before, message)


def _lock(connection: Connection, tables: list[str], patience: float) -> None:
    """Lock everybody out of the tables, letting go of all each time that one is not to be had at once.

    A reader that holds the one and waits for the other would be in a deadlock with us otherwise.
    """
    quote = connection.dialect.identifier_preparer.quote
    until = time.monotonic() + patience
    while True:
        try:
            with connection.begin_nested():
                connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
                connection.execute(text(f"LOCK TABLE {', '.join(map(quote, tables))}"))
        except OperationalError:
            if time.monotonic() > until:
                raise
        else:
            return


def _last_revision(connection: Connection) -> int:
    return last_used(connection, "revision") if inspect(connection).has_table("revision") else 0


def _mark(connection: Connection, before: int, message: str) -> int:
    """Add the revision that says that all of the store was replaced."""
    number = max(before, _last_revision(connection)) + 1
    values = {"id": number, "at": dt.datetime.now(dt.UTC), "author": "dateline restore", "message": message}
    connection.execute(_REVISION.insert(), values)
    advance_id_sequence(connection, _REVISION, number)
    return number
