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
from app.backup.load import Report, get_last_used_id, load
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
from app.database.models import Revision

_REVISION: Table = SQLModel.metadata.tables[str(Revision.__tablename__)]


def backup(engine: Engine, file: Path, report: Report) -> None:
    """Write a snapshot of the store to a SQLite file, while others read and write.

    The file appears under its name when it is complete, checked and on the disk; an existing file is replaced.

    Raise NotMigrated if there is nothing to save, and Conflict if the file is the store itself.
    """
    store = _get_file(engine)
    if store is not None and store.resolve() == file.resolve():
        raise Conflict(f"{file} is the store itself; name another file.")
    with files.create_folder(file) as folder:
        complete_file = folder / file.name
        _copy_snapshot(engine, complete_file, report)
        files.complete(complete_file)
        files.publish(complete_file, file)


def restore(file: Path, engine: Engine, *, replace: bool, patience: float, report: Report) -> int:
    """Replace the store by a backup in one transaction; return the revision that records it.

    A backup of an earlier migration is migrated first. The new revision's number is above all that the store and the
    backup ever gave out, so that no number, ETag or cache stands for two states. It waits up to ``patience`` seconds
    for another writer.

    Raise BadRequest if the file is no backup or one of a newer version of Dateline, NotMigrated if a version before
    0.1.0 made it, and Conflict if the store holds something and ``replace`` is false.
    """
    migration = files.check(file)
    refuse_old_store(migration)
    if migration not in _list_migrations(engine):
        raise BadRequest(f"{file} was made by a newer version of Dateline than this one.")
    _check_target(engine, replace=replace)
    at = _get_file(engine) or file
    with files.create_folder(at) as folder:
        ready = folder / "ready.db"
        files.copy_file(file, ready, report)
        with files.open_store(ready) as source:
            migrate_store(source)
            replace_rows = _replace_sqlite if engine.dialect.name == "sqlite" else _replace_postgres
            return replace_rows(source, engine, f"Restored {file.name}", patience, report)


def copy(source: Engine, target: Engine, *, patience: float, report: Report) -> int:
    """Copy a store, API keys included, to an empty one in one transaction, under the same ids; return the row count.

    Raise NotMigrated or Conflict if one of the two cannot take part.
    """
    _get_source_migration(source)
    check_migrated(source)
    _check_target(target, replace=False)
    file = _get_file(target)
    if file is None:
        migrate_store(target)
        with open_read_transaction(source) as reader, open_write_transaction(target) as writer:
            _check_empty(writer.connection())
            return load(reader.connection(), writer.connection(), report)
    with files.create_folder(file) as folder:
        complete_file = folder / "complete.db"
        _copy_snapshot(source, complete_file, report)
        files.complete(complete_file)
        files.copy_in(complete_file, target, patience, report)
    with open_read_transaction(target) as session:
        return sum(
            raw_rows.count_rows(session.connection(), table)
            for table in raw_rows.get_tables(session.connection()).values()
        )


def _get_file(engine: Engine) -> Path | None:
    return Path(str(engine.url.database)).absolute() if engine.dialect.name == "sqlite" else None


def _list_migrations(engine: Engine) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(build_alembic_config(engine)).walk_revisions()}


def _check_target(engine: Engine, *, replace: bool) -> None:
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        if tables and "alembic_version" not in tables:
            raise Conflict("The database holds tables that are not Dateline's.")
        if not replace:
            _check_empty(connection)
    migration = get_current_migration(engine)
    refuse_old_store(migration)
    if tables and migration not in _list_migrations(engine):
        raise Conflict("The store belongs to a newer version of Dateline than this one.")


def _check_empty(connection: Connection) -> None:
    if any(raw_rows.count_rows(connection, table) for table in raw_rows.get_tables(connection).values()):
        raise Conflict("The store is not empty.")


def _copy_snapshot(engine: Engine, file: Path, report: Report) -> None:
    """Copy a snapshot of the store into a new SQLite file."""
    migration = _get_source_migration(engine)
    if engine.dialect.name == "sqlite":
        files.copy_out(engine, file, report)
        return
    with files.open_store(file) as target:
        command.upgrade(build_alembic_config(target), migration)
        with open_read_transaction(engine) as session, _open_private(target) as connection:
            load(session.connection(), connection, report)


def _get_source_migration(engine: Engine) -> str:
    """Return the migration of a store without creating its file; raise NotMigrated if there is none."""
    file = _get_file(engine)
    if file is not None and not file.exists():
        raise NotMigrated(f"There is no store at {file}.")
    migration = get_current_migration(engine)
    if migration is None:
        raise NotMigrated("The store is empty: there is nothing to take from it.")
    return migration


@contextmanager
def _open_private(engine: Engine) -> Iterator[Connection]:
    """Open a transaction on a SQLite file that no other process uses, and that is deleted if it fails."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for pragma in ("foreign_keys=OFF", "journal_mode=OFF", "synchronous=OFF"):
            driver.execute(f"PRAGMA {pragma}")
        yield connection
        if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
            raise Conflict("Rows refer to others that are not there.")
        connection.commit()


def _replace_sqlite(source: Engine, target: Engine, message: str, patience: float, report: Report) -> int:
    with target.connect() as connection:
        before = _get_last_revision(connection)
    with source.begin() as connection:
        number = _add_revision(connection, before, message)

    def report_unless_changed(what: str, done: int, total: int) -> None:
        # The store is locked when this is called.
        with target.connect() as connection:
            if _get_last_revision(connection) != before:
                raise Conflict("The store was written to at the last moment; try again.")
        report(what, done, total)

    source.dispose()
    files.copy_in(Path(str(source.url.database)), target, patience, report_unless_changed)
    return number


def _replace_postgres(source: Engine, target: Engine, message: str, patience: float, report: Report) -> int:
    """Replace the rows of all tables, while readers wait."""
    migrate_store(target)
    with open_read_transaction(source) as reader, open_write_transaction(target) as writer:
        connection = writer.connection()
        before = _get_last_revision(connection)
        _lock(connection, list(raw_rows.get_tables(connection)), patience)
        load(reader.connection(), connection, report)
        return _add_revision(connection, before, message)


def _lock(connection: Connection, tables: list[str], patience: float) -> None:
    """Lock the tables exclusively; if one is not free at once, release all before the next attempt.

    Otherwise a reader that holds one table and waits for another would be in a deadlock with us.
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


def _get_last_revision(connection: Connection) -> int:
    return get_last_used_id(connection, "revision") if inspect(connection).has_table("revision") else 0


def _add_revision(connection: Connection, before: int, message: str) -> int:
    """Add the revision that says that all of the store was replaced."""
    number = max(before, _get_last_revision(connection)) + 1
    values = {"id": number, "at": dt.datetime.now(dt.UTC), "author": "dateline restore", "message": message}
    connection.execute(_REVISION.insert(), values)
    advance_id_sequence(connection, _REVISION, number)
    return number
