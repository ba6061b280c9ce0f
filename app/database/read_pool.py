"""How a process reads its store.

Short reads, whose SQL is prepared, go by the quickest way there is: on SQLite in the event loop, where
they take less time than a change of threads; on PostgreSQL over asynchronous connections. What may take
longer, or needs one snapshot for several statements, goes to a worker thread and SQLAlchemy's pool.
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
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from app.database.engine import Deadline, get_connect_arguments, open_read_transaction
from app.database.statements import (
    STATE_SELECT,
    CompiledSelect,
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
"""Some reading; it may be begun again, and must do nothing else."""

# Seconds that a read may keep the event loop; one that takes longer is begun again in a thread.
_SHORT = 0.02

_ONE_ROW = tuple(STATE_SELECT.sqlite.parameters({}))

# Seconds that a process waits for its first connection to PostgreSQL.
_OPENING = 2.0

# How often a reading is begun again because the store has moved on between its statements.
_ATTEMPTS = 3


class ThreadReadSession(SnapshotReadSession):
    """Reads in one snapshot; for use in a thread, where waiting keeps nobody."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.get_bind().dialect.name)
        self.session = session

    def _run(self, prepared: PreparedSelect, values: Values) -> Sequence[Row]:
        connection = self.session.connection()
        if self.dialect == "sqlite":  # which counts from the beginning of the transaction; PostgreSQL, of the statement
            connection.info["deadline"].begin()
            return _fetched(connection, prepared.sqlite, values)
        return connection.execute(prepared.select, values).all()


def _fetched(connection: Connection, text: CompiledSelect, values: Values) -> Sequence[Row]:
    """Past SQLAlchemy, which would make each row anew."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    try:
        return driver.execute(text.sql, text.parameters(values)).fetchall()
    except sqlite3.OperationalError as error:
        raise OperationalError(text.sql, None, error) from error


class _LoopReadSession(SnapshotReadSession):
    """Reads on SQLite without leaving the thread: nothing in it ever waits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__("sqlite")
        self._connection = connection

    def _run(self, prepared: PreparedSelect, values: Values) -> Sequence[Row]:
        text = prepared.sqlite
        return self._connection.execute(text.sql, text.parameters(values)).fetchall()


class _AsyncReadSession(ReadSession):
    """Statements that each see a snapshot of their own on PostgreSQL, and report its revision."""

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
    """The ways of one process to one store."""

    def __init__(self, engine: Engine, *, connections: int = 10) -> None:
        self.engine = engine
        self._connections = connections
        self._of_thread = threading.local()
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Make ready for the event loop that runs; without it all reads go to threads on PostgreSQL."""
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
            with suppress(PoolTimeout):  # it goes on trying
                await self._pool.open(wait=True, timeout=_OPENING)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def run(self, work: ReadFunction[T]) -> T:
        """Do some short reading; of its statements all that are stamped see the same state."""
        for _ in range(_ATTEMPTS):
            try:
                if self.engine.dialect.name == "sqlite":
                    return self._in_loop(work)
                if self._pool is not None and self._loop is asyncio.get_running_loop():
                    async with self._pool.connection() as connection:
                        return await work(_AsyncReadSession(connection))
            except StoreChanged:
                continue
            except (sqlite3.OperationalError, psycopg.OperationalError, PoolTimeout):
                pass  # a thread waits where the loop may not, and knows what to make of an error
            break
        return await self.run_in_snapshot(work)

    def _in_loop(self, work: ReadFunction[T]) -> T:
        connection, deadline = self._own_connection()
        deadline.begin(_SHORT)
        connection.execute("BEGIN")
        try:
            return run_sync(work(_LoopReadSession(connection)))
        finally:
            connection.rollback()

    def _own_connection(self) -> tuple[sqlite3.Connection, Deadline]:
        """The thread's own connection, outside of the pool."""
        if not hasattr(self._of_thread, "connection"):
            pooled = self.engine.raw_connection()
            self._of_thread.deadline = pooled.info["deadline"]
            self._of_thread.connection = pooled.driver_connection
            pooled.detach()
            # Nobody waits in the event loop, not for a lock either: who meets one goes to a thread.
            self._of_thread.connection.execute("PRAGMA busy_timeout = 0")
        return self._of_thread.connection, self._of_thread.deadline

    def with_min_revision(self, revision: int) -> "ReadPool":
        """The ways that lead to nothing older than this revision: where there is one database, all."""
        return self

    async def run_on_primary(self, work: ReadFunction[T]) -> T:
        """Do some short reading of what counts as it is at this moment, such as keys."""
        return await self.run(work)

    def peek_state(self) -> StoreState | None:
        """The state of the store now, where it can be told without waiting."""
        if self.engine.dialect.name != "sqlite":
            return None
        connection, deadline = self._own_connection()
        deadline.begin(_SHORT)
        try:
            rows = connection.execute(STATE_SELECT.sqlite.sql, _ONE_ROW).fetchall()
        except sqlite3.OperationalError:
            return None
        return StoreState(*rows[0]) if rows else StoreState(0, "")

    async def get_state(self) -> StoreState:
        """The state of the store now."""
        return await self.run(lambda reads: reads.fetch_state())

    async def run_in_snapshot(self, work: Callable[[ThreadReadSession], Awaitable[T]]) -> T:
        """Do some reading in one snapshot, in a worker thread."""

        def snapshot() -> T:
            with self.open_session() as reads:
                return run_sync(work(reads))

        return await anyio.to_thread.run_sync(snapshot)

    @contextmanager
    def open_session(self) -> Iterator[ThreadReadSession]:
        """One snapshot, for the thread that asks."""
        with open_read_transaction(self.engine) as session:
            yield ThreadReadSession(session)


def run_sync(work: Awaitable[T]) -> T:
    """Run to its end what never waits."""
    assert isinstance(work, Coroutine)
    try:
        work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    work.close()
    raise RuntimeError("it waits")
