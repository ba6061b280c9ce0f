"""The polling worker: which work it does, and how it meets errors, lost leases, a store that is away, and its end."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import anyio.from_thread
import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from app.core.errors import Busy
from app.store.leases import Lease, LeaseLost
from app.store.worker import Worker


@dataclass
class Task(Lease):
    owner: int


class FakeWorker(Worker[Task]):
    """A worker on a store in memory: the number of tasks that each owner has."""

    owner_noun = "owner"
    concurrency = 2
    poll_seconds = 0.0

    def __init__(self, **tasks: int) -> None:
        super().__init__(create_engine("sqlite://"), report=self.add_report)
        self.reports: list[str] = []
        self.tasks = {int(name.removeprefix("owner_")): count for name, count in tasks.items()}
        self.done: list[int] = []
        self.released: list[int] = []
        self.errors: list[Exception] = []
        self.running = self.most_running = 0

    def add_report(self, line: str) -> None:
        self.reports.append(line)

    def list_due(self, engine: Engine, now: dt.datetime) -> Sequence[int]:
        return [owner for owner, count in self.tasks.items() if count]

    def acquire(self, engine: Engine, owner: int, now: dt.datetime, due_by: dt.datetime) -> Task | None:
        if not self.tasks[owner]:
            return None
        self.tasks[owner] -= 1
        return Task(owner, now, owner)

    async def perform(self, lease: Task) -> bool:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await anyio.sleep(0.01)
            await self.in_store(self.record, lease)
        finally:
            self.running -= 1
        return False

    def record(self, engine: Engine, lease: Task) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(lease.owner)

    def release(self, engine: Engine, lease: Task, now: dt.datetime) -> None:
        self.released.append(lease.owner)
        self.tasks[lease.owner] += 1

    def run_once(self) -> None:
        anyio.run(lambda: self.run(once=True))


def is_away() -> OperationalError:
    return OperationalError("UPDATE", {}, psycopg.OperationalError("server closed the connection"))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the pauses in place of waiting."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    return pauses


def test_all_due_work_is_done_within_the_concurrency() -> None:
    worker = FakeWorker(owner_1=2, owner_2=1, owner_3=1, owner_4=1)
    worker.run_once()

    assert sorted(worker.done) == [1, 1, 2, 3, 4]
    assert worker.most_running <= worker.concurrency
    assert (worker.reports, worker.released) == ([], [])


def test_outcome_is_recorded_when_the_store_is_back(pauses: list[float]) -> None:
    worker = FakeWorker(owner_1=1)
    worker.errors = [is_away() for _ in range(3)]
    worker.run_once()

    assert worker.done == [1]
    assert worker.reports == ["the store cannot be reached; trying again", "the store can be reached again"]


def test_pauses_for_an_absent_store_double_up_to_a_limit(pauses: list[float]) -> None:
    worker = FakeWorker(owner_1=1)
    worker.errors = [is_away() for _ in range(10)]
    worker.run_once()

    assert pauses[1:] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]  # the first pause is the work's own


def test_busy_store_is_tried_three_times() -> None:
    worker = FakeWorker(owner_1=1)
    worker.errors = [Busy("busy"), Busy("busy")]
    worker.run_once()

    assert (worker.done, worker.reports) == ([1], [])


def test_owner_rests_after_the_store_stayed_busy() -> None:
    worker = FakeWorker(owner_1=2)
    worker.errors = [Busy("busy") for _ in range(3)]
    worker.run_once()
    worker.run_once()
    assert (worker.done, worker.reports) == ([], ["owner 1: busy"])

    worker.now = lambda: dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    worker.run_once()
    assert worker.done == [1]


@pytest.mark.expensive("tries many random sequences")
@pytest.mark.parametrize(("error", "report"), [(LeaseLost(), "changed meanwhile"), (ValueError(), "unexpected error")])
def test_error_of_one_owner_stops_no_other(error: Exception, report: str) -> None:
    worker = FakeWorker(owner_1=1, owner_2=1)
    worker.errors = [error]
    worker.run_once()

    assert len(worker.done) == 1
    assert len(worker.reports) == 1
    assert report in worker.reports[0]


def test_error_of_the_store_itself_ends_the_worker() -> None:
    worker = FakeWorker(owner_1=1)
    worker.list_due = lambda engine, now: 1 / 0  # type: ignore[method-assign,assignment,return-value]

    with pytest.raises(ExceptionGroup) as raised:
        worker.run_once()
    assert raised.group_contains(ZeroDivisionError)


def test_cancelled_work_is_released_and_repeated() -> None:
    worker = FakeWorker(owner_1=1)

    async def cancel() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: worker.run(once=False))
            while not worker.running:
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()

    anyio.run(cancel)
    assert (worker.done, worker.released) == ([], [1])
    worker.run_once()
    assert worker.done == [1]


def test_transaction_completes_before_the_worker_is_cancelled() -> None:
    worker = FakeWorker(owner_1=1)

    async def cancel() -> None:
        async with anyio.create_task_group() as tasks:
            scope = tasks.cancel_scope

            def record(engine: Engine, lease: Task) -> None:
                anyio.from_thread.run_sync(scope.cancel)
                worker.done.append(lease.owner)

            worker.record = record  # type: ignore[method-assign]
            tasks.start_soon(lambda: worker.run(once=False))

    anyio.run(cancel)
    assert (worker.done, worker.released) == ([1], [])
