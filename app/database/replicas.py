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
from app.database import engine as db
from app.database.prepared import Reads
from app.database.readers import Readers, SessionReads, Work, drive

T = TypeVar("T")
R = TypeVar("R", bound=Reads)

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

    def __init__(self, readers: Readers) -> None:
        self.readers = readers
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
            await self.readers.close()
            if not self.lost:
                await self.readers.open()


class Replicas(Readers):
    """The ways of one process to a store that several servers have; ``engine`` is the primary's, which takes writes."""

    def __init__(self, primary: Readers, standbys: Sequence[Readers]) -> None:
        super().__init__(primary.engine)
        self._primary = Place(primary)
        self._standbys = [Place(readers) for readers in standbys]
        self._at_least = 0
        self._turns = count()
        self._changes: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        for place in (self._primary, *self._standbys):
            await place.readers.open()

    async def close(self) -> None:
        await asyncio.gather(*self._changes)
        await self._primary.readers.close()
        for standby in self._standbys:
            await standby.readers.close()
            standby.readers.engine.dispose()

    def since(self, revision: int) -> "Replicas":
        """The same ways, past the standbys that have not reached this revision.

        The primary may not have reached it either: a failover can lose revisions, and a number can be made up.
        """
        same = copy(self)
        same._at_least = revision
        return same

    async def quick(self, work: Work[T]) -> T:
        checked = self._checked(work)
        return await self._read(lambda readers: readers.quick(checked), lambda readers: readers.quick(work))

    async def thorough(self, work: Callable[[SessionReads], Awaitable[T]]) -> T:
        checked = self._checked(work)
        return await self._read(lambda readers: readers.thorough(checked), lambda readers: readers.thorough(work))

    async def current(self, work: Work[T]) -> T:
        """Of standbys only where the primary is lost."""
        if self._primary.may_be_asked():
            try:
                found = await self._primary.readers.quick(work)
            except OperationalError as error:
                self._note(self._primary, error)
            else:
                self._found(self._primary)
                return found
        return await self.quick(work)

    @contextmanager
    def session(self) -> Iterator[SessionReads]:
        with ExitStack() as stack:
            yield self._enter(stack)

    def _enter(self, stack: ExitStack) -> SessionReads:
        for standby in self._in_turn():
            try:
                reads = stack.enter_context(standby.readers.session())
                if drive(reads.latest()).revision >= self._at_least:
                    return reads
            except (Busy, OperationalError):
                pass
            stack.close()
        return stack.enter_context(self._primary.readers.session())

    def _checked(self, work: Callable[[R], Awaitable[T]]) -> Callable[[R], Awaitable[T]]:
        async def checked(reads: R) -> T:
            if self._at_least and (await reads.latest()).revision < self._at_least:
                raise Behind
            return await work(reads)

        return checked

    async def _read(
        self, of_standby: Callable[[Readers], Awaitable[T]], of_primary: Callable[[Readers], Awaitable[T]]
    ) -> T:
        for standby in self._in_turn():
            try:
                found = await of_standby(standby.readers)
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
            found = await of_primary(self._primary.readers)
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


def connect(settings: Settings) -> Readers:
    """The ways to the store that the settings name, and to its standbys, if any; opens no connection yet."""
    engine = db.connect(settings, query_timeout=settings.query_timeout)
    standbys = (_connect_standby(settings, url) for url in settings.replica_urls)
    primary, *others = (Readers(each, connections=settings.threads) for each in (engine, *standbys))
    return Replicas(primary, others) if others else primary


def _connect_standby(settings: Settings, url: str) -> Engine:
    parsed = make_url(url)
    told = {name: value for name, value in _IMPATIENT.items() if name not in parsed.query}
    address = parsed.update_query_dict(told).render_as_string(hide_password=False)
    return db.connect(settings.model_copy(update={"database_url": address}), query_timeout=settings.query_timeout)
