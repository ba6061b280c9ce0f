"""Commands that run until they are stopped."""

import signal
from collections.abc import Awaitable, Callable

import anyio


def run_until_stopped(work: Callable[[], Awaitable[None]]) -> None:
    """Run the work until it ends, or until a signal stops the command and cancels it."""
    try:
        anyio.run(_run_until_stopped, work)
    except BaseExceptionGroup as errors:
        raise _get_first_error(errors) from errors


def _get_first_error(error: BaseException) -> BaseException:
    """Return the first error of a group of tasks."""
    return _get_first_error(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _run_until_stopped(work: Callable[[], Awaitable[None]]) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_stop, group.cancel_scope)
        await work()
        group.cancel_scope.cancel()


async def _stop(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
