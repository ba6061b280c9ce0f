"""Reads spread over hot standbys of the primary, never older than the revision that the client has seen.

A standby shows a commit of the primary a moment later, or much later if it lags. A client that names the revision it
has seen is served by a standby only if the standby has reached it, and by the primary otherwise. Each process detects
by itself which servers it cannot reach, and tries them again after a pause.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from itertools import count
from typing import TypeVar

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from app.core.config import Settings
from app.core.errors import Busy, TooSlow
from app.database.engine import create_store_engine
from app.database.reads import ReadFunction, ReadPool, ReadSession, ThreadReadSession, run_sync

T = TypeVar("T")
R = TypeVar("R", bound=ReadSession)

# Seconds before a server that could not be reached is tried again.
_PAUSE = 5.0

# libpq's options for standbys unless their URLs set them: seconds to connect, milliseconds without a response.
_STANDBY_OPTIONS = {"connect_timeout": "2", "tcp_user_timeout": "2000"}

# A standby cancels a query that conflicts with replication; the standby itself is fine.
_REPLICATION_CONFLICT = "40001"


class StandbyBehind(Exception):
    """Raised when a standby has not reached the revision that the client has seen."""


class Server:
    """A server with a copy of the store, and the time of the next attempt if it could not be reached."""

    def __init__(self, read_pool: ReadPool) -> None:
        self.read_pool = read_pool
        self.lost = False
        self._next_attempt = 0.0
        self._lock = asyncio.Lock()

    def can_try(self) -> bool:
        """Return True unless the server is lost; once a pause is over, a single caller gets True."""
        if not self.lost:
            return True
        if time.monotonic() < self._next_attempt:
            return False
        self.mark_lost()
        return True

    def mark_lost(self) -> None:
        """Exclude the server from reads until a pause is over."""
        self.lost = True
        self._next_attempt = time.monotonic() + _PAUSE

    async def reconnect(self) -> None:
        """Close the connections to a lost server, on which reads would wait, or open new ones once it is back."""
        async with self._lock:
            await self.read_pool.close()
            if not self.lost:
                await self.read_pool.open()


class Replicas(ReadPool):
    """A read pool over a primary and its standbys; ``engine`` is the primary's, which takes writes."""

    def __init__(self, primary: ReadPool, standbys: Sequence[ReadPool]) -> None:
        super().__init__(primary.engine)
        self._primary = Server(primary)
        self._standbys = [Server(standby) for standby in standbys]
        self._min_revision = 0
        self._turns = count()
        self._reconnections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        for server in (self._primary, *self._standbys):
            await server.read_pool.open()

    async def close(self) -> None:
        await asyncio.gather(*self._reconnections)
        await self._primary.read_pool.close()
        for standby in self._standbys:
            await standby.read_pool.close()
            standby.read_pool.engine.dispose()

    def with_min_revision(self, revision: int) -> "Replicas":
        """Return a pool that skips standbys which have not reached this revision.

        The primary may not have reached it either: a failover can lose revisions, and a client can make up a number.
        """
        pool = copy(self)
        pool._min_revision = revision
        return pool

    async def run(self, read: ReadFunction[T]) -> T:
        checked = self._check_revision(read)
        return await self._try_servers(lambda pool: pool.run(checked), lambda pool: pool.run(read))

    async def run_in_snapshot(self, read: Callable[[ThreadReadSession], Awaitable[T]]) -> T:
        checked = self._check_revision(read)
        return await self._try_servers(
            lambda pool: pool.run_in_snapshot(checked), lambda pool: pool.run_in_snapshot(read)
        )

    async def run_on_primary(self, read: ReadFunction[T]) -> T:
        """Run a short read on the primary, or on standbys if the primary is lost."""
        if self._primary.can_try():
            try:
                result = await self._primary.read_pool.run(read)
            except OperationalError as error:
                self._note_failure(self._primary, error)
            else:
                self._note_success(self._primary)
                return result
        return await self.run(read)

    @contextmanager
    def open_session(self) -> Iterator[ThreadReadSession]:
        with ExitStack() as stack:
            yield self._enter_session(stack)

    def _enter_session(self, stack: ExitStack) -> ThreadReadSession:
        for standby in self._rotate_standbys():
            try:
                session = stack.enter_context(standby.read_pool.open_session())
                if run_sync(session.fetch_state()).revision >= self._min_revision:
                    return session
            except (Busy, OperationalError):
                pass
            stack.close()
        return stack.enter_context(self._primary.read_pool.open_session())

    def _check_revision(self, read: Callable[[R], Awaitable[T]]) -> Callable[[R], Awaitable[T]]:
        async def checked(session: R) -> T:
            if self._min_revision and (await session.fetch_state()).revision < self._min_revision:
                raise StandbyBehind
            return await read(session)

        return checked

    async def _try_servers(
        self, on_standby: Callable[[ReadPool], Awaitable[T]], on_primary: Callable[[ReadPool], Awaitable[T]]
    ) -> T:
        for standby in self._rotate_standbys():
            try:
                result = await on_standby(standby.read_pool)
            except TooSlow:
                raise
            except (StandbyBehind, Busy):
                continue
            except OperationalError as error:
                self._note_failure(standby, error)
            else:
                self._note_success(standby)
                return result
        try:
            result = await on_primary(self._primary.read_pool)
        except OperationalError as error:
            raise Busy("The store cannot be reached; try again.") from error
        self._note_success(self._primary)
        return result

    def _rotate_standbys(self) -> Iterator[Server]:
        """Yield the standbys to try, each time starting with the next one."""
        first = next(self._turns) % len(self._standbys)
        for standby in self._standbys[first:] + self._standbys[:first]:
            if standby.can_try():
                yield standby

    def _note_failure(self, server: Server, error: OperationalError) -> None:
        if getattr(error.orig, "sqlstate", None) != _REPLICATION_CONFLICT:
            was_lost = server.lost
            server.mark_lost()
            if not was_lost:
                self._reconnect(server)

    def _note_success(self, server: Server) -> None:
        if server.lost:
            server.lost = False
            self._reconnect(server)

    def _reconnect(self, server: Server) -> None:
        """Reconnect in the background; reads do not wait for it."""
        task = asyncio.create_task(server.reconnect())
        self._reconnections.add(task)
        task.add_done_callback(self._reconnections.discard)


def create_read_pool(settings: Settings) -> ReadPool:
    """Create the read pool of a store and its standbys, if any, without connecting to them."""
    engine = create_store_engine(settings, query_timeout=settings.query_timeout)
    standbys = [_create_standby_engine(settings, url) for url in settings.replica_urls]
    primary, *pools = (ReadPool(server, connections=settings.threads) for server in (engine, *standbys))
    return Replicas(primary, pools) if pools else primary


def _create_standby_engine(settings: Settings, url: str) -> Engine:
    parsed = make_url(url)
    options = {name: value for name, value in _STANDBY_OPTIONS.items() if name not in parsed.query}
    address = parsed.update_query_dict(options).render_as_string(hide_password=False)
    standby_settings = settings.model_copy(update={"database_url": address})
    return create_store_engine(standby_settings, query_timeout=settings.query_timeout)
