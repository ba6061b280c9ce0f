"""The engine of a store on SQLite or PostgreSQL, its read and write transactions, and its migrations.

Every read transaction sees one snapshot of the store. Write transactions are serialized, so that revisions become
visible in the order of their numbers.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from math import ceil, inf
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Table, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session, create_engine

from app.core.config import Settings
from app.core.errors import Busy, NotMigrated, TooSlow

S = TypeVar("S", bound=Session)

# Any constant works, as long as all Dateline processes that write to one PostgreSQL database use the same.
WRITER_LOCK = 0x646174656C696E65  # "dateline"

_MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"

# The twelve migrations that 0.1.0 replaced by three.
BEFORE_0_1_0 = tuple(f"{number:04}" for number in range(1, 13))

# The oldest versions with the features in use: JSON functions and RETURNING of SQLite; the planner and privileges of
# PostgreSQL.
OLDEST_VERSIONS = {"sqlite": (3, 40), "postgresql": (15,)}


def create_store_engine(settings: Settings, *, query_timeout: float | None = None) -> Engine:
    """Create the engine of the store at ``settings.database_url``, without connecting to it.

    Reads that take longer than ``query_timeout`` seconds are interrupted; writes have no time limit.
    """
    url = make_url(settings.database_url)
    # The pool is as large as the thread pool, so that a request in a thread never waits for a connection.
    pool = {"pool_size": settings.threads, "max_overflow": 10, "pool_timeout": 5}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            connect_args={"timeout": settings.busy_timeout, "check_same_thread": False},
            hide_parameters=True,
            **pool,
        )
        event.listen(engine, "connect", partial(_configure_sqlite, query_timeout))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    timeouts = {"lock_timeout": settings.busy_timeout, "statement_timeout": query_timeout or 0}
    options = " ".join(f"-c {name}={ceil(seconds * 1000)}" for name, seconds in timeouts.items())
    # Just-in-time compilation of a large statement takes longer than reading a page.
    options += " -c jit=off"
    url = url.set(drivername="postgresql+psycopg").update_query_dict({"options": options})
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, **pool)
    event.listen(engine, "begin", _begin_postgres)
    return engine


class Deadline:
    """The time at which a SQLite connection interrupts its statement; PostgreSQL has timeouts of its own."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds or inf
        self._at = inf

    def start(self, seconds: float | None = None) -> None:
        """Set the deadline ``seconds`` from now, by default as many as a read may take."""
        self._at = time.monotonic() + (self._seconds if seconds is None else seconds)

    def has_passed(self) -> bool:
        """Return True once the deadline has passed."""
        return time.monotonic() > self._at


# SQLite checks the deadline once in so many steps of its virtual machine, which take some milliseconds.
_STEPS = 10_000


def _configure_sqlite(query_timeout: float | None, connection: Any, record: Any) -> None:
    # The driver must not begin transactions itself: _begin_sqlite chooses their kind.
    connection.isolation_level = None
    # FULL: in WAL mode NORMAL loses acknowledged commits when the power fails.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    record.info["deadline"] = Deadline(query_timeout)
    connection.set_progress_handler(record.info["deadline"].has_passed, _STEPS)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("dateline_writes", False)
    connection.info["deadline"].start(inf if writes else None)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgres(connection: Connection) -> None:
    if connection.get_execution_options().get("dateline_writes", False):
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})


def get_connect_arguments(engine: Engine) -> dict[str, Any]:
    """Return the driver's keyword arguments for connections like those of the engine."""
    _, keywords = engine.dialect.create_connect_args(engine.url)
    return dict(keywords)


@contextmanager
def open_read_transaction(engine: Engine) -> Iterator[Session]:
    """Open a session whose statements all see the same snapshot of the store."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with _translate_errors(), Session(engine.execution_options(**options)) as session:
        yield session


def open_write_transaction(engine: Engine) -> AbstractContextManager[Session]:
    """Open a session in a serialized write transaction, which is committed at the end or rolled back on an error."""
    return begin_writing(engine, Session)


@contextmanager
def begin_writing(engine: Engine, make_session: Callable[[Engine], S]) -> Iterator[S]:
    """Open a session of a kind of its own, otherwise as ``open_write_transaction`` does."""
    with _translate_errors(), make_session(engine.execution_options(dateline_writes=True)) as session:
        session.connection()  # takes the writers' lock before the first read
        yield session
        session.commit()


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Busy("All connections to the store are in use; try again.") from error
    except OperationalError as error:
        busy = _to_busy(error)
        if busy is None:
            raise
        raise busy from error


def _to_busy(error: OperationalError) -> Busy | None:
    """Return the error to raise for a lock or a query that timed out, None for any other error."""
    code = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, "55P03"):
        return Busy("Another writer holds the store; try again.")
    if code in (sqlite3.SQLITE_INTERRUPT, "57014"):
        return TooSlow("The query was interrupted because it took too long; narrow it, or try again.")
    return None


# SQLSTATEs of a server that shuts down or starts, or has become a read-only standby.
_LOST_STATES = {"57P01", "57P02", "57P03", "25006"}


def is_server_lost(error: DBAPIError) -> bool:
    """Return True if PostgreSQL could not be reached, or no longer accepts writes."""
    if not isinstance(error.orig, psycopg.Error):
        return False
    code = error.orig.sqlstate
    return code in _LOST_STATES or (
        isinstance(error.orig, psycopg.OperationalError) and (code is None or code[:2] == "08")
    )


def build_alembic_config(engine: Engine) -> Config:
    """Build Alembic's configuration for the migrations of this store."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine
    return config


def get_current_migration(engine: Engine) -> str | None:
    """Return the store's migration, None if it has none. Raise NotMigrated if the database server is too old."""
    with engine.connect() as connection:
        oldest, version = OLDEST_VERSIONS[engine.dialect.name], engine.dialect.server_version_info or (0,)
        if version < oldest:
            needed, actual = (".".join(map(str, numbers)) for numbers in (oldest, version))
            raise NotMigrated(f"Dateline needs {engine.dialect.name} {needed} or newer; this is {actual}.")
        return MigrationContext.configure(connection).get_current_revision()


def migrate_store(engine: Engine) -> None:
    """Run the missing migrations.

    Raise NotMigrated if a version before 0.1.0 made the store, and Busy if another writer holds it for too long.
    """
    refuse_old_store(get_current_migration(engine))
    with _translate_errors():
        command.upgrade(build_alembic_config(engine), "head")


def refuse_old_store(migration: str | None) -> None:
    """Raise NotMigrated if the migration is one of a version before 0.1.0."""
    if migration in BEFORE_0_1_0:
        raise NotMigrated(
            "A version before 0.1.0 made this store. Write it to a file with that version (dateline export), "
            "and read the file into an empty store with this one (dateline import)."
        )


def check_migrated(engine: Engine) -> None:
    """Raise NotMigrated, with the command to run, unless the store is at this version's newest migration."""
    current = get_current_migration(engine)
    if current != get_newest_migration():
        refuse_old_store(current)
        state = f"at migration {current}" if current else "empty"
        raise NotMigrated(f"The store is {state}, this version needs {get_newest_migration()}. Run: dateline migrate")


@cache
def get_newest_migration() -> str | None:
    """Return the newest migration of this version, cached because reading all migration files is slow."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def advance_id_sequence(connection: Connection, table: Table, last: int) -> None:
    """Make the next id of the table come after ``last``, so that no id is used twice."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        row = {"name": table.name, "last": last}
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), row)
    elif last:
        sequence = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
        connection.execute(sequence, {"name": table.name, "last": last})
