"""The polling worker: it leases work that is due, does several jobs at a time, and outlives a store that is away."""

import datetime as dt
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar, Concatenate, Generic, ParamSpec, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.core.errors import Busy, DatelineError
from app.database.engine import is_server_lost
from app.store.leases import Lease, LeaseLost

P = ParamSpec("P")
T = TypeVar("T")
L = TypeVar("L", bound=Lease)

_LOG = structlog.get_logger("dateline.worker")

# Attempts of a transaction while other writers hold the store.
_ATTEMPTS = 3

# Seconds between two attempts while the store is away: at first, and at most; each pause is twice the one before.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0

# Time for which an owner is left alone after its work failed unexpectedly, and time between two cleanups.
_REST = dt.timedelta(seconds=30)
_CLEANUP_INTERVAL = dt.timedelta(hours=1)


def utc_now() -> dt.datetime:
    """Return the present moment in UTC."""
    return dt.datetime.now(dt.UTC)


class Worker(ABC, Generic[L]):
    """A loop that serves the owners of due work: one task for each owner, ``concurrency`` tasks at a time.

    An owner is a record, such as a feed or a webhook, by its id. Subclasses define the work of one owner: which owners
    have work due, how it is leased, and how it is done. Any number of workers may serve one store.

    ``counts`` are for the summary of the command; ``report`` gets a line for each event that an operator should see.
    Safe to cancel: the current transaction completes; unfinished work is repeated.
    """

    owner_noun: ClassVar[str]
    concurrency: ClassVar[int]
    poll_seconds: ClassVar[float]

    def __init__(
        self, engine: Engine, *, report: Callable[[str], None], now: Callable[[], dt.datetime] = utc_now
    ) -> None:
        self.counts = Counter[str]()
        self.report = report
        self.now = now
        self._engine = engine
        self._slots = anyio.Semaphore(self.concurrency)
        self._served: set[int] = set()
        self._resting: dict[int, dt.datetime] = {}
        self._cleaned_at: dt.datetime | None = None
        self._is_away = False

    @abstractmethod
    def list_due(self, engine: Engine, now: dt.datetime) -> Sequence[int]:
        """Return the owners that have work due, the most urgent first."""

    async def prepare(self, owner: int) -> bool:
        """Make work of what is new to the owner. Return True if anything was new."""
        return False

    @abstractmethod
    def acquire(self, engine: Engine, owner: int, now: dt.datetime, due_by: dt.datetime) -> L | None:
        """Lease the most urgent work of the owner that was due by then. Return None if there is none."""

    @abstractmethod
    async def perform(self, lease: L) -> bool:
        """Do the leased work and record its outcome. Return True if the owner may have more work now."""

    @abstractmethod
    def release(self, engine: Engine, lease: L, now: dt.datetime) -> None:
        """Let unfinished work be due now, for any worker."""

    def cleanup(self, engine: Engine, now: dt.datetime) -> None:
        """Delete what has become too old to keep."""
        return

    async def run(self, *, once: bool) -> None:
        """Serve the owners that have work due: those that have it now if only ``once``, else until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                for owner in await self._list_free_owners():
                    await self._slots.acquire()
                    self._served.add(owner)
                    tasks.start_soon(self._serve, owner)
                await self._cleanup_if_due()
                if once:
                    break
                await anyio.sleep(self.poll_seconds)

    async def in_store(self, work: Callable[Concatenate[Engine, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction in a thread, again if other writers hold the store, and until the store can be reached.

        Cancelling waits for a transaction that has begun. One that may have been committed before its connection broke
        is safe to run again: leases and positions are moved only from where they were.
        """
        run = partial(work, self._engine, *args, **kwargs)
        attempts, pause = 1, _FIRST_PAUSE
        while True:
            try:
                with anyio.CancelScope(shield=True):
                    result = await anyio.to_thread.run_sync(run)
                self._note_reachable(True)
                return result
            except Busy:
                attempts += 1
                if attempts > _ATTEMPTS:
                    raise
            except DBAPIError as error:
                if not is_server_lost(error):
                    raise
                self._note_reachable(False)
                await anyio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _note_reachable(self, reachable: bool) -> None:
        if reachable and self._is_away:
            self.report("the store can be reached again")
        elif not reachable and not self._is_away:
            self.report("the store cannot be reached; trying again")
        self._is_away = not reachable

    async def _list_free_owners(self) -> list[int]:
        """Return the owners with work due that are neither served nor resting."""
        now = self.now()
        self._resting = {owner: until for owner, until in self._resting.items() if until > now}
        try:
            owners = await self.in_store(self.list_due, now)
        except Busy as error:
            self.report(error.detail)
            return []
        return [owner for owner in owners if owner not in self._served and owner not in self._resting]

    async def _cleanup_if_due(self) -> None:
        now = self.now()
        if self._cleaned_at is None or self._cleaned_at + _CLEANUP_INTERVAL <= now:
            self._cleaned_at = now
            with suppress(Busy):  # the next cleanup does it
                await self.in_store(self.cleanup, now)

    async def _serve(self, owner: int) -> None:
        """Do the owner's work; no error ends the work of the other owners."""
        try:
            while await self._serve_round(owner):
                await anyio.lowlevel.checkpoint()
        except DatelineError as error:
            self._rest(owner, error.detail)
        except Exception:
            _LOG.exception(self.owner_noun, id=owner)
            self._rest(owner, "an unexpected error, which the log shows")
        finally:
            self._served.discard(owner)
            self._slots.release()

    def _rest(self, owner: int, reason: str) -> None:
        self._resting[owner] = self.now() + _REST
        self.report(f"{self.owner_noun} {owner}: {reason}")

    async def _serve_round(self, owner: int) -> bool:
        """Do the work that is due now. Return True if there may be more."""
        progress = await self.prepare(owner)
        due_by = self.now()  # work that fails in this round is due after it
        while (lease := await self.in_store(self.acquire, owner, self.now(), due_by)) is not None:
            progress |= await self._perform(owner, lease)
        return progress

    async def _perform(self, owner: int, lease: L) -> bool:
        try:
            return await self.perform(lease)
        except LeaseLost:
            self.report(f"{self.owner_noun} {owner}: it was changed meanwhile, or another worker has taken it over")
            return False
        except anyio.get_cancelled_exc_class():
            with suppress(Busy, LeaseLost):
                await self.in_store(self.release, lease, self.now())
            raise
