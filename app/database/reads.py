"""Reads on one store: selects that are compiled once, sessions that run them, and the connections of a process.

Building and compiling a statement with SQLAlchemy takes longer than most reads, so queries build each of their selects
once, with named values. Short reads take the fastest way: on SQLite the event loop, where they take less time than a
change of threads; on PostgreSQL an asynchronous connection. Reads that may take longer, or that need one snapshot for
several statements, run in a worker thread on SQLAlchemy's connection pool.
"""

import asyncio
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import anyio.to_thread
import psycopg
from psycopg import AsyncRawCursor
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import ColumnElement, Dialect, Select, Text, TypeDecorator, bindparam, literal_column, select, true
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import Session

from app.database.engine import get_connect_arguments, open_read_transaction
from app.database.json_sql import portable, timestamp_text
from app.database.models import Revision
from app.database.tables import Table

T = TypeVar("T")
Values = Mapping[str, Any]
Row = Sequence[Any]

# SQLite takes ``?``. PostgreSQL takes ``$1`` as it is, so that the driver can keep the statement prepared.
DIALECTS: Mapping[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
}


class PreparedSelect:
    """A select with named values; one ``with_state`` also reads the state of the store."""

    def __init__(self, rows: Select[Any], *, with_state: bool = False) -> None:
        self.select = rows
        self.with_state = with_state

    @cached_property
    def sqlite(self) -> "CompiledSelect":
        return CompiledSelect(self.select, DIALECTS["sqlite"])

    @cached_property
    def postgresql(self) -> "CompiledSelect":
        """The select for PostgreSQL; ``with_state``, each row begins with the state, and no rows are one of nulls."""
        if not self.with_state:
            return CompiledSelect(self.select, DIALECTS["postgresql"])
        newest, items = _NEWEST.subquery("newest"), self.select.subquery("items")
        single_row = select(literal_column("1").label("one")).subquery("single_row")
        joined = single_row.outerjoin(newest, true()).outerjoin(items, true())
        return CompiledSelect(select(newest.c.id, newest.c.at, *items.c).select_from(joined), DIALECTS["postgresql"])


class CompiledSelect:
    """The SQL of a select for one driver, and the conversion of named values to its parameters."""

    def __init__(self, rows: Select[Any], dialect: Dialect) -> None:
        compiled = rows.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        # Constants of the statement are converted here; required values are filled in for each run.
        self._parameters: list[Any] = []
        self._required = []
        for place, name in enumerate(compiled.positiontup or ()):
            bind = compiled.binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                self._required.append((place, name, convert))
            self._parameters.append(bind.value if bind.required or convert is None else convert(bind.value))

    def parameters(self, values: Values) -> list[Any]:
        """Return the parameters in their order, with these values."""
        parameters = self._parameters.copy()
        for place, name, convert in self._required:
            parameters[place] = values[name] if convert is None else convert(values[name])
        return parameters


class IdList(TypeDecorator[Any]):
    """A list of ids of any length as one parameter."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        ids = ",".join(map(str, value))
        return f"[{ids}]" if dialect.name == "sqlite" else f"{{{ids}}}"


_in_ids = portable("in_ids", sqlite="IN (SELECT value FROM json_each({}))", postgresql="= ANY(CAST({} AS bigint[]))")


def is_one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Build the condition that ``column`` is one of the ids in the parameter ``name``."""
    return column.op("")(_in_ids(bindparam(name, type_=IdList, required=True)))


class StoreState(NamedTuple):
    """The number and time of the newest revision; 0 and an empty text for an empty store."""

    revision: int
    at: str

    @property
    def rfc3339(self) -> str:
        """The time in UTC; the beginning of 1970 for an empty store."""
        return f"{self.at[:10]}T{self.at[11:19]}Z" if self.at else "1970-01-01T00:00:00Z"


class StoreChanged(Exception):
    """Raised when two statements of one session saw different revisions."""


_REVISION: Table = Revision
_NEWEST = select(_REVISION.id, timestamp_text(_REVISION.at).label("at")).order_by(_REVISION.id.desc()).limit(1)
STATE_SELECT = PreparedSelect(_NEWEST)
_STATE_ONLY = PreparedSelect(select(literal_column("NULL").label("item")), with_state=True)


class ReadSession(ABC):
    """A session that runs prepared selects; all of them ``with_state`` see the same state of the store."""

    dialect: str
    _state: StoreState | None = None

    @property
    def state(self) -> StoreState:
        """The state that was read, after a first select ``with_state``."""
        assert self._state is not None
        return self._state

    async def fetch_state(self) -> StoreState:
        """Return the state of the store."""
        await self.fetch(_STATE_ONLY, {})
        return self.state

    @abstractmethod
    async def fetch(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        """Return all rows as the driver returns them. Raise StoreChanged if the state differs from the first."""


class SnapshotReadSession(ReadSession):
    """A session in a transaction that sees one state of the store."""

    async def fetch_state(self) -> StoreState:
        if self._state is None:
            rows = self._run(STATE_SELECT, {})
            self._state = StoreState(*rows[0]) if rows else StoreState(0, "")
        return self._state

    async def fetch(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        if statement.with_state:
            await self.fetch_state()
        return self._run(statement, values)

    @abstractmethod
    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]: ...


ReadFunction = Callable[[ReadSession], Awaitable[T]]
"""A function that reads; it may be repeated and must have no other effect."""

_MAX_BLOCKING = 0.02  # seconds that a read may block the event loop; a longer one is repeated in a thread
_OPEN_TIMEOUT = 2.0  # seconds that a process waits for its first connection to PostgreSQL
_ATTEMPTS = 3  # attempts at a read whose statements saw different states
_STATE_PARAMETERS = tuple(STATE_SELECT.sqlite.parameters({}))


class ThreadReadSession(SnapshotReadSession):
    """A read session for a worker thread, which may block; ``session`` is SQLAlchemy's, for other queries."""

    def __init__(self, session: Session) -> None:
        self.dialect = session.get_bind().dialect.name
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

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        select = statement.sqlite
        return self._connection.execute(select.sql, select.parameters(values)).fetchall()


class _AsyncReadSession(ReadSession):
    """A read session on PostgreSQL without a transaction; each select reports the state that it saw."""

    dialect = "postgresql"

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
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
                    own = self._get_loop_connection()
                    own.execute("BEGIN")
                    try:
                        return run_sync(read(_LoopReadSession(own)))
                    finally:
                        own.rollback()
                if self._pool is not None and self._loop is asyncio.get_running_loop():
                    async with self._pool.connection() as connection:
                        return await read(_AsyncReadSession(connection))
            except StoreChanged:
                continue
            except (sqlite3.OperationalError, psycopg.OperationalError, PoolTimeout):
                pass  # a thread may wait, and translates errors
            break
        return await self.run_in_snapshot(read)

    def _get_loop_connection(self) -> sqlite3.Connection:
        """Return this thread's own connection, outside of the pool, and start its deadline."""
        if not hasattr(self._thread_local, "connection"):
            pooled = self.engine.raw_connection()
            self._thread_local.start_deadline = pooled.info["deadline"].start
            self._thread_local.connection = pooled.driver_connection
            pooled.detach()
            # The event loop must not wait for a lock: a read that meets one is repeated in a thread.
            self._thread_local.connection.execute("PRAGMA busy_timeout = 0")
        self._thread_local.start_deadline(_MAX_BLOCKING)
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
