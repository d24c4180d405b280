"""Events that somebody waits for: listeners of a `will` event may hold up what is about to happen, for a while."""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeVar

from sessions.current import current_extension, current_session
from sessions.errors import RoostError
from shim.events import Disposable, EventEmitter
from shim.thenable import called

log = logging.getLogger("roost.shim")


class WillEvent:
    """Says that something is about to happen. `wait_until` holds it up until what it is given has ended."""

    __slots__ = ("_over", "_waited")

    def __init__(self) -> None:
        self._waited: list[Future[Any]] = []
        self._over = False

    def wait_until(self, thenable: Awaitable[Any]) -> None:
        """Let it wait for `thenable`. Only while the listener is called: an async one is waited for anyway."""
        if self._over:
            raise RoostError("wait_until can no longer be called: call it before the listener returns")
        self._waited.append(current_session().promise(called(lambda: thenable), "wait_until", current_extension()))


W = TypeVar("W", bound=WillEvent)


class WillEmitter(Generic[W]):
    """An emitter of such events. An async listener is waited for, as if it had called `wait_until` with itself."""

    __slots__ = ("_emitter",)

    def __init__(self) -> None:
        self._emitter = EventEmitter[W]()

    def event(
        self,
        listener: Callable[[W], object],
        this_args: object = None,
        disposables: list[Disposable] | None = None,
    ) -> Disposable:
        """Listen (see `shim.events.Event`)."""
        heard = _waited_for(listener) if iscoroutinefunction(listener) else listener
        return self._emitter.event(heard, this_args, disposables)

    def forget_extension(self, extension: str) -> None:
        """An extension is gone: nobody waits for it any more."""
        self._emitter.forget_extension(extension)

    async def fire(self, event: W, within_s: float) -> list[Any]:
        """Let everybody hear it, wait as long as allowed, and give what those who ended in time came to.

        Who fails or takes longer is logged and left out; what takes longer is cancelled.
        """
        self._emitter.fire(event)
        seen = 0
        try:
            async with asyncio.timeout(within_s):
                while seen < len(event._waited):  # an async listener may ask for more
                    await asyncio.wait(event._waited[seen : seen + 1])
                    seen += 1
        except TimeoutError:
            log.warning("listeners of %s took over %s s: they are not waited for", type(event).__name__, within_s)
        event._over = True
        return [result for waited in event._waited for result in _result(waited)]


def _waited_for(listener: Callable[[W], Any]) -> Callable[[W], None]:
    return lambda event: event.wait_until(listener(event))


def _result(waited: Future[Any]) -> list[Any]:
    if not waited.done():
        waited.cancel()
    elif not waited.cancelled():
        error = waited.exception()
        if error is None:
            return [waited.result()]
        log.error("a listener that was waited for failed", exc_info=error)
    return []
