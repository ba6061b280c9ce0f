"""Reads on one store: in the event loop, on asynchronous connections, or in threads.

Short reads take the fastest way: on SQLite the event loop, where they take less time than a change of threads; on
PostgreSQL an asynchronous connection. Reads that may take longer, or that need one snapshot for several statements, run
in a worker thread on SQLAlchemy's connection pool.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import anyio.to_thread
import psycopg
from psycopg import AsyncRawCursor
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from app.database.engine import Deadline, get_connect_arguments, open_read_transaction
from app.database.statements import (
    STATE_SELECT,
    PreparedSelect,
    ReadSession,
    Row,
    SnapshotReadSession,
    StoreChanged,
    StoreState,
    Values,
)

T = TypeVar("T")

ReadFunction = Callable[[ReadSession], Awaitable[T]]
"""A function that reads; it may be repeated and must have no other effect."""

# Seconds that a read may block the event loop; a longer one is repeated in a thread.
_MAX_BLOCKING = 0.02

_STATE_PARAMETERS = tuple(STATE_SELECT.sqlite.parameters({}))

# Seconds that a process waits for its first connection to PostgreSQL.
_OPEN_TIMEOUT = 2.0

# Attempts at a read whose statements saw different states.
_ATTEMPTS = 3


class ThreadReadSession(SnapshotReadSession):
    """A read session for a worker thread, which may block; ``session`` is SQLAlchemy's, for other queries."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.get_bind().dialect.name)
        self.session = session

    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        connection = self.session.connection()
        if self.dialect != "sqlite":
            return connection.execute(statement.select, values).all()
        # The deadline counts from the beginning of the transaction; PostgreSQL's timeout from that of the statement.
        connection.info["deadline"].start()
        driver, select = connection.connection.driver_connection, statement.sqlite
        assert isinstance(driver, sqlite3.Connection)
        try:
            # On the driver's connection, since SQLAlchemy would copy each row.
            return driver.execute(select.sql, select.parameters(values)).fetchall()
        except sqlite3.OperationalError as error:
            raise OperationalError(select.sql, None, error) from error


class _LoopReadSession(SnapshotReadSession):
    """A read session on SQLite in the event loop, which never suspends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__("sqlite")
        self._connection = connection

    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        select = statement.sqlite
        return self._connection.execute(select.sql, select.parameters(values)).fetchall()


class _AsyncReadSession(ReadSession):
    """A read session on PostgreSQL without a transaction; each select reports the state that it saw."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        super().__init__("postgresql")
        self._cursor = AsyncRawCursor(connection)

    async def fetch(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        select = statement.postgresql
        await self._cursor.execute(select.sql.encode(), select.parameters(values), prepare=True)
        rows = await self._cursor.fetchall()
        if not statement.with_state:
            return rows
        state = StoreState(*rows[0][:2]) if rows[0][0] is not None else StoreState(0, "")
        if self._state is not None and self._state != state:
            raise StoreChanged
        self._state = state
        return [row[2:] for row in rows if row[2] is not None]


class ReadPool:
    """The connections of one process for reading one store."""

    def __init__(self, engine: Engine, *, connections: int = 10) -> None:
        self.engine = engine
        self._connections = connections
        self._thread_local = threading.local()
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Open asynchronous connections for the running event loop; without them PostgreSQL is read in threads."""
        if self.engine.dialect.name == "postgresql":
            self._loop = asyncio.get_running_loop()
            self._pool = AsyncConnectionPool(
                kwargs={**get_connect_arguments(self.engine), "autocommit": True},
                min_size=1,
                max_size=self._connections,
                timeout=5,
                open=False,
                num_workers=1,
            )
            with suppress(PoolTimeout):  # the pool keeps trying
                await self._pool.open(wait=True, timeout=_OPEN_TIMEOUT)

    async def close(self) -> None:
        """Close the asynchronous connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def run(self, read: ReadFunction[T]) -> T:
        """Run a short read; all of its selects ``with_state`` see the same state."""
        for _ in range(_ATTEMPTS):
            try:
                if self.engine.dialect.name == "sqlite":
                    return self._run_in_loop(read)
                if self._pool is not None and self._loop is asyncio.get_running_loop():
                    async with self._pool.connection() as connection:
                        return await read(_AsyncReadSession(connection))
            except StoreChanged:
                continue
            except (sqlite3.OperationalError, psycopg.OperationalError, PoolTimeout):
                pass  # a thread may wait, and translates errors
            break
        return await self.run_in_snapshot(read)

    def _run_in_loop(self, read: ReadFunction[T]) -> T:
        connection = self._get_loop_connection()
        connection.execute("BEGIN")
        try:
            return run_sync(read(_LoopReadSession(connection)))
        finally:
            connection.rollback()

    def _get_loop_connection(self) -> sqlite3.Connection:
        """Return this thread's own connection, outside of the pool, and start its deadline."""
        if not hasattr(self._thread_local, "connection"):
            pooled = self.engine.raw_connection()
            self._thread_local.deadline = pooled.info["deadline"]
            self._thread_local.connection = pooled.driver_connection
            pooled.detach()
            # The event loop must not wait for a lock: a read that meets one is repeated in a thread.
            self._thread_local.connection.execute("PRAGMA busy_timeout = 0")
        deadline: Deadline = self._thread_local.deadline
        deadline.start(_MAX_BLOCKING)
        connection: sqlite3.Connection = self._thread_local.connection
        return connection

    def with_min_revision(self, revision: int) -> "ReadPool":
        """Return a pool that reads no state before this revision; with a single database, this pool."""
        return self

    async def run_on_primary(self, read: ReadFunction[T]) -> T:
        """Run a short read of data that must be current, such as keys."""
        return await self.run(read)

    def peek_state(self) -> StoreState | None:
        """Return the current state of the store, or None if that would take waiting."""
        if self.engine.dialect.name != "sqlite":
            return None
        try:
            rows = self._get_loop_connection().execute(STATE_SELECT.sqlite.sql, _STATE_PARAMETERS).fetchall()
        except sqlite3.OperationalError:
            return None
        return StoreState(*rows[0]) if rows else StoreState(0, "")

    async def get_state(self) -> StoreState:
        """Return the current state of the store."""
        return await self.run(lambda session: session.fetch_state())

    async def run_in_snapshot(self, read: Callable[[ThreadReadSession], Awaitable[T]]) -> T:
        """Run a read in one snapshot, in a worker thread."""

        def run_in_thread() -> T:
            with self.open_session() as session:
                return run_sync(read(session))

        return await anyio.to_thread.run_sync(run_in_thread)

    @contextmanager
    def open_session(self) -> Iterator[ThreadReadSession]:
        """Open a session in one snapshot, for the calling thread."""
        with open_read_transaction(self.engine) as session:
            yield ThreadReadSession(session)


def run_sync(coroutine: Awaitable[T]) -> T:
    """Run a coroutine that never suspends, without an event loop."""
    assert isinstance(coroutine, Coroutine)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("the coroutine suspended")
