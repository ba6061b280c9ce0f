"""The engine: one place that knows how SQLite and PostgreSQL are opened, locked and told apart.

Two views of one pool: ``reader`` sessions see one snapshot of the store; ``writer`` sessions are
serialized, so that revisions become visible in the order of their numbers.
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

# Any constant will do, as long as every Dateline process that writes to one PostgreSQL database uses the same.
WRITER_LOCK = 0x646174656C696E65  # "dateline"

_MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"

# The twelve migrations that 0.1.0 replaced by three.
BEFORE_0_1_0 = tuple(f"{number:04}" for number in range(1, 13))

# What the queries need: JSON functions and RETURNING of SQLite, the planner and privileges of PostgreSQL.
OLDEST = {"sqlite": (3, 40), "postgresql": (15,)}


def create_store_engine(settings: Settings, *, query_timeout: float | None = None) -> Engine:
    """Make the engine of the store that ``settings.database_url`` names; opens no connection yet.

    Reads that take longer than ``query_timeout`` seconds are interrupted; writes may take their time.
    """
    url = make_url(settings.database_url)
    # A pool as large as the thread pool: a request that has a thread never waits for a connection.
    pool = {"pool_size": settings.threads, "max_overflow": 10, "pool_timeout": 5}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            connect_args={"timeout": settings.busy_timeout, "check_same_thread": False},
            hide_parameters=True,
            **pool,
        )
        event.listen(engine, "connect", partial(_open_sqlite, query_timeout))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    timeouts = {"lock_timeout": settings.busy_timeout, "statement_timeout": query_timeout or 0}
    options = " ".join(f"-c {name}={ceil(seconds * 1000)}" for name, seconds in timeouts.items())
    # To compile a statement takes longer than to read a page, and large statements look dear enough for it.
    options += " -c jit=off"
    url = url.set(drivername="postgresql+psycopg").update_query_dict({"options": options})
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, **pool)
    event.listen(engine, "begin", _begin_postgres)
    return engine


class Deadline:
    """When SQLite is to give up what it has in hand; PostgreSQL minds the time by itself."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds or inf
        self._at = inf

    def begin(self, seconds: float | None = None) -> None:
        """Count from now: so many seconds, or as many as a read may take."""
        self._at = time.monotonic() + (self._seconds if seconds is None else seconds)

    def passed(self) -> bool:
        return time.monotonic() > self._at


# SQLite asks for the time once in so many of its steps: some milliseconds.
_STEPS = 10_000


def _open_sqlite(query_timeout: float | None, connection: Any, record: Any) -> None:
    # No implicit BEGIN of the driver's: _begin_sqlite says which kind of transaction it is to be.
    connection.isolation_level = None
    # FULL: in WAL mode NORMAL loses acknowledged commits when the power fails.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    record.info["deadline"] = Deadline(query_timeout)
    connection.set_progress_handler(record.info["deadline"].passed, _STEPS)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("dateline_writes", False)
    connection.info["deadline"].begin(inf if writes else None)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def get_connect_arguments(engine: Engine) -> dict[str, Any]:
    """What the driver has to be told to connect as the engine does."""
    _, keywords = engine.dialect.create_connect_args(engine.url)
    return dict(keywords)


def _begin_postgres(connection: Connection) -> None:
    if connection.get_execution_options().get("dateline_writes", False):
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})


@contextmanager
def open_read_transaction(engine: Engine) -> Iterator[Session]:
    """A session in which every statement sees the same snapshot, whatever is written meanwhile."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with _busy_as_503(), Session(engine.execution_options(**options)) as session:
        yield session


def open_write_transaction(engine: Engine) -> AbstractContextManager[Session]:
    """Open a session in one serialized write transaction, committed at the end or not at all."""
    return begin_writing(engine, Session)


@contextmanager
def begin_writing(engine: Engine, make_session: Callable[[Engine], S]) -> Iterator[S]:
    """Open a session of a kind of its own, otherwise as ``open_write_transaction`` does."""
    with _busy_as_503(), make_session(engine.execution_options(dateline_writes=True)) as session:
        session.connection()  # take the writers' lock before anything is read
        yield session
        session.commit()


@contextmanager
def _busy_as_503() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Busy("All connections to the store are in use; try again.") from error
    except OperationalError as error:
        explained = _explained(error)
        if explained is None:
            raise
        raise explained from error


def _explained(error: OperationalError) -> Busy | None:
    """What the database means, where it means that it had no time."""
    code = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, "55P03"):
        return Busy("Another writer holds the store; try again.")
    if code in (sqlite3.SQLITE_INTERRUPT, "57014"):
        return TooSlow("The query was interrupted because it took too long; narrow it, or try again.")
    return None


# Nobody answers, the server goes down or comes up, or what answers has become a standby.
_LOST = {"57P01", "57P02", "57P03", "25006"}


def is_server_lost(error: DBAPIError) -> bool:
    """Whether the server that has the store could not be reached, or takes no writes any more."""
    if not isinstance(error.orig, psycopg.Error):
        return False
    code = error.orig.sqlstate
    return code in _LOST or (isinstance(error.orig, psycopg.OperationalError) and (code is None or code[:2] == "08"))


def build_alembic_config(engine: Engine) -> Config:
    """Alembic's configuration for this store's migrations."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine
    return config


def get_current_migration(engine: Engine) -> str | None:
    """The migration that the store is at; None where it has none."""
    with engine.connect() as connection:
        _check_version(connection)
        return MigrationContext.configure(connection).get_current_revision()


def migrate_store(engine: Engine) -> None:
    """Run the missing migrations. Raises NotMigrated if a version before 0.1.0 made the store."""
    refuse_old_store(get_current_migration(engine))
    command.upgrade(build_alembic_config(engine), "head")


def refuse_old_store(migration: str | None) -> None:
    """Raise NotMigrated if the migration is one of a version before 0.1.0."""
    if migration in BEFORE_0_1_0:
        raise NotMigrated(
            "A version before 0.1.0 made this store. Write it to a file with that version (dateline export), "
            "and read the file into an empty store with this one (dateline import)."
        )


def _check_version(connection: Connection) -> None:
    oldest, found = OLDEST[connection.dialect.name], connection.dialect.server_version_info or (0,)
    if found < oldest:
        needed, there = (".".join(map(str, version)) for version in (oldest, found))
        raise NotMigrated(f"Dateline needs {connection.dialect.name} {needed} or newer; this is {there}.")


def check_migrated(engine: Engine) -> None:
    """Raise NotMigrated, naming the command that mends it, unless the tables are this version's."""
    current = get_current_migration(engine)
    if current != get_newest_migration():
        refuse_old_store(current)
        state = f"at migration {current}" if current else "empty"
        raise NotMigrated(f"The store is {state}, this version needs {get_newest_migration()}. Run: dateline migrate")


@cache
def get_newest_migration() -> str | None:
    """The migration that this version needs: read once, for to read all migrations takes longer than to ask a store."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def advance_id_sequence(connection: Connection, table: Table, last: int) -> None:
    """Let the table's next id come after ``last``: ids are never used twice."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        row = {"name": table.name, "last": last}
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), row)
    elif last:
        sequence = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
        connection.execute(sequence, {"name": table.name, "last": last})
