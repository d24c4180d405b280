"""Running work that has an owner: if one task fails, only it ends, and the owner is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger("roost.sessions")

CLOSE_S = 3.0
"""How long a cancelled task may take to end before its owner ends without it."""

END_S = 1.0
"""The same, where the owner goes on."""

Failed = Callable[[str, BaseException], None]
"""Called with a task's name and what it raised."""


class Tasks:
    """The tasks of one owner inside the process's task group.

    `group` is the host's: it outlives every owner. `failed` hears of each task that raised; nobody else is cancelled.
    """

    __slots__ = ("_failed", "_group", "_running")

    def __init__(self, group: asyncio.TaskGroup, failed: Failed) -> None:
        self._group = group
        self._failed = failed
        self._running: dict[asyncio.Task[None], str | None] = {}
        """Those that have not ended, and the extension that each is of."""

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, task: object) -> bool:
        return task in self._running

    def start(
        self,
        work: Coroutine[Any, Any, object],
        name: str,
        context: Context | None = None,
        extension: str | None = None,
    ) -> asyncio.Task[None]:
        """Run `work` until it ends, fails or the owner closes. What it returns is dropped."""
        return self._run(self._guarded(work, name), work, name, context, extension)

    def promise(
        self, work: Coroutine[Any, Any, T], name: str, context: Context | None = None, extension: str | None = None
    ) -> asyncio.Future[T]:
        """Start `work` at once and give what VS Code calls a Thenable: it may be awaited or not.

        Cancelling the future cancels the work. A failure that nobody awaits is logged by asyncio, not lost.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        task = self._run(_settle(work, future), work, name, context, extension)
        future.add_done_callback(lambda done: task.cancel() if done.cancelled() else None)
        return future

    def _run(
        self,
        work: Coroutine[Any, Any, None],
        inner: Coroutine[Any, Any, object],
        name: str,
        context: Context | None,
        extension: str | None,
    ) -> asyncio.Task[None]:
        task = self._group.create_task(work, name=name, context=context)
        self._running[task] = extension
        task.add_done_callback(self._running.pop)
        task.add_done_callback(lambda _: inner.close())  # a task that is cancelled before it began never ran it
        return task

    async def _guarded(self, work: Coroutine[Any, Any, object], name: str) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  the edge of a task: SystemExit, too, is its own affair
            self._tell(name, error)

    def _tell(self, name: str, error: BaseException) -> None:
        try:
            self._failed(name, error)
        except Exception:  # in the host's group it would end everybody's work
            log.exception("nobody could be told that the task %s failed", name)

    async def close(self) -> None:
        """Cancel what runs (but not the caller itself) and wait until it has ended."""
        await _cancelled(self._running, CLOSE_S)

    async def end(self, extension: str) -> None:
        """The same with what runs of one extension."""
        await _cancelled([task for task, whose in self._running.items() if whose == extension], END_S)


async def _cancelled(tasks: Iterable[asyncio.Task[None]], within_s: float) -> None:
    running = set(tasks) - {asyncio.current_task()}
    for task in running:
        task.cancel()
    if running:
        _, deaf = await asyncio.wait(running, timeout=within_s)
        for task in deaf:
            log.warning("the task %s does not end when it is cancelled; it is left behind", task.get_name())


def settle(promise: asyncio.Future[None], error: BaseException | None) -> None:
    """Let a promise end as the write that it stands for did; a failure that nobody awaits is in the store's log."""
    if promise.done():
        return
    if error is None:
        promise.set_result(None)
    else:
        promise.set_exception(error)
        promise.exception()


def _raisable(error: BaseException) -> BaseException:
    """`error` as a future can hold it: StopIteration it cannot, and SystemExit would end whoever awaits it."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"it raised {type(error).__name__}: {error}")


async def _settle(work: Coroutine[Any, Any, T], future: asyncio.Future[T]) -> None:
    try:
        result = await work
    except asyncio.CancelledError:
        future.cancel()
        raise
    except BaseException as error:  # noqa: BLE001  the edge of a task: whoever awaits the future gets it
        if not future.done():
            future.set_exception(_raisable(error))
    else:
        if not future.done():
            future.set_result(result)
    finally:
        del future  # it holds what it fails with, and that holds this frame
