"""Reads spread over hot standbys of the primary, none of them older than the reader may be shown.

A standby shows what the primary has committed a moment later, or much later where it lags. A reader who names the
revision that he has seen is served by a standby only if that one has reached it, and by the primary otherwise, which
has the last word. Each process finds out by itself what it cannot reach, and tries that again after a while.
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
from app.database.read_pool import ReadFunction, ReadPool, ThreadReadSession, run_sync
from app.database.statements import ReadSession

T = TypeVar("T")
R = TypeVar("R", bound=ReadSession)

# Seconds for which what could not be reached is left alone.
_REST = 5.0

# What libpq is told of standbys unless their URLs say otherwise: seconds to connect, milliseconds without an answer.
_IMPATIENT = {"connect_timeout": "2", "tcp_user_timeout": "2000"}

# A standby ends a query that stands in the way of what it has to repeat; that says nothing of the standby.
_IN_THE_WAY = "40001"


class Behind(Exception):
    """The standby has not reached the revision that the reader has seen."""


class Place:
    """One server that has the store, and when it may be asked again."""

    def __init__(self, read_pool: ReadPool) -> None:
        self.read_pool = read_pool
        self.lost = False
        self._next = 0.0
        self._changing = asyncio.Lock()

    def may_be_asked(self) -> bool:
        """Whether it is there or may be there again; in the second case one reader alone is to try."""
        if not self.lost:
            return True
        if time.monotonic() < self._next:
            return False
        self.rest()
        return True

    def rest(self) -> None:
        self.lost = True
        self._next = time.monotonic() + _REST

    async def reconnect(self) -> None:
        """Keep no connections to what is lost, where readers would wait for them, and new ones to what is back."""
        async with self._changing:
            await self.read_pool.close()
            if not self.lost:
                await self.read_pool.open()


class Replicas(ReadPool):
    """The ways of one process to a store that several servers have; ``engine`` is the primary's, which takes writes."""

    def __init__(self, primary: ReadPool, standbys: Sequence[ReadPool]) -> None:
        super().__init__(primary.engine)
        self._primary = Place(primary)
        self._standbys = [Place(read_pool) for read_pool in standbys]
        self._at_least = 0
        self._turns = count()
        self._changes: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        for place in (self._primary, *self._standbys):
            await place.read_pool.open()

    async def close(self) -> None:
        await asyncio.gather(*self._changes)
        await self._primary.read_pool.close()
        for standby in self._standbys:
            await standby.read_pool.close()
            standby.read_pool.engine.dispose()

    def with_min_revision(self, revision: int) -> "Replicas":
        """The same ways, past the standbys that have not reached this revision.

        The primary may not have reached it either: a failover can lose revisions, and a number can be made up.
        """
        same = copy(self)
        same._at_least = revision
        return same

    async def run(self, work: ReadFunction[T]) -> T:
        checked = self._checked(work)
        return await self._read(lambda read_pool: read_pool.run(checked), lambda read_pool: read_pool.run(work))

    async def run_in_snapshot(self, work: Callable[[ThreadReadSession], Awaitable[T]]) -> T:
        checked = self._checked(work)
        return await self._read(
            lambda read_pool: read_pool.run_in_snapshot(checked), lambda read_pool: read_pool.run_in_snapshot(work)
        )

    async def run_on_primary(self, work: ReadFunction[T]) -> T:
        """Of standbys only where the primary is lost."""
        if self._primary.may_be_asked():
            try:
                found = await self._primary.read_pool.run(work)
            except OperationalError as error:
                self._note(self._primary, error)
            else:
                self._found(self._primary)
                return found
        return await self.run(work)

    @contextmanager
    def open_session(self) -> Iterator[ThreadReadSession]:
        with ExitStack() as stack:
            yield self._enter(stack)

    def _enter(self, stack: ExitStack) -> ThreadReadSession:
        for standby in self._in_turn():
            try:
                reads = stack.enter_context(standby.read_pool.open_session())
                if run_sync(reads.fetch_state()).revision >= self._at_least:
                    return reads
            except (Busy, OperationalError):
                pass
            stack.close()
        return stack.enter_context(self._primary.read_pool.open_session())

    def _checked(self, work: Callable[[R], Awaitable[T]]) -> Callable[[R], Awaitable[T]]:
        async def checked(reads: R) -> T:
            if self._at_least and (await reads.fetch_state()).revision < self._at_least:
                raise Behind
            return await work(reads)

        return checked

    async def _read(
        self, of_standby: Callable[[ReadPool], Awaitable[T]], of_primary: Callable[[ReadPool], Awaitable[T]]
    ) -> T:
        for standby in self._in_turn():
            try:
                found = await of_standby(standby.read_pool)
            except TooSlow:
                raise
            except (Behind, Busy):
                continue
            except OperationalError as error:
                self._note(standby, error)
            else:
                self._found(standby)
                return found
        try:
            found = await of_primary(self._primary.read_pool)
        except OperationalError as error:
            raise Busy("The store cannot be reached; try again.") from error
        self._found(self._primary)
        return found

    def _in_turn(self) -> Iterator[Place]:
        """The standbys that may be asked, each time beginning with another."""
        first = next(self._turns) % len(self._standbys)
        for standby in self._standbys[first:] + self._standbys[:first]:
            if standby.may_be_asked():
                yield standby

    def _note(self, place: Place, error: OperationalError) -> None:
        if getattr(error.orig, "sqlstate", None) != _IN_THE_WAY:
            newly = not place.lost
            place.rest()
            if newly:
                self._reconnect(place)

    def _found(self, place: Place) -> None:
        if place.lost:
            place.lost = False
            self._reconnect(place)

    def _reconnect(self, place: Place) -> None:
        """Beside the reading, which need not wait for it."""
        task = asyncio.create_task(place.reconnect())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)


def create_read_pool(settings: Settings) -> ReadPool:
    """The ways to the store that the settings name, and to its standbys, if any; opens no connection yet."""
    engine = create_store_engine(settings, query_timeout=settings.query_timeout)
    standbys = (_connect_standby(settings, url) for url in settings.replica_urls)
    primary, *others = (ReadPool(each, connections=settings.threads) for each in (engine, *standbys))
    return Replicas(primary, others) if others else primary


def _connect_standby(settings: Settings, url: str) -> Engine:
    parsed = make_url(url)
    told = {name: value for name, value in _IMPATIENT.items() if name not in parsed.query}
    address = parsed.update_query_dict(told).render_as_string(hide_password=False)
    return create_store_engine(
        settings.model_copy(update={"database_url": address}), query_timeout=settings.query_timeout
    )
