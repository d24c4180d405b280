"""Running code that may never end, in a thread that nobody has to wait for. What it does there is not looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

from shim.thenable import harmless

T = TypeVar("T")


def aside(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Call `work` as the current user in a daemon thread of its own; done when it has returned or raised.

    `asyncio.to_thread` will not do: its few threads are everybody's, and the process cannot exit before they end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    done.add_done_callback(lambda _: done.cancelled() or done.exception())  # whoever left does not want a warning

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]  # without an error it is a T
        else:
            done.set_exception(harmless(error))

    def run() -> None:
        result, raised = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  the edge of a thread: whoever waits gets it
            raised = error
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(settle, result, raised)

    Thread(target=copy_context().run, args=(run,), name=name, daemon=True).start()
    return done
