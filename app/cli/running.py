"""Commands that run until they are stopped."""

import signal
from collections.abc import Awaitable, Callable

import anyio


def run_until_stopped(work: Callable[[], Awaitable[None]]) -> None:
    """Do the work until it ends, or is cancelled because the command was asked to stop."""
    try:
        anyio.run(_until_stopped, work)
    except BaseExceptionGroup as errors:
        raise _first(errors) from errors


def _first(error: BaseException) -> BaseException:
    """What went wrong first in a task."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _until_stopped(work: Callable[[], Awaitable[None]]) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_stop, group.cancel_scope)
        await work()
        group.cancel_scope.cancel()


async def _stop(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
