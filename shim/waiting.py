"""Events that somebody waits for: listeners of a `will` event may hold up what is about to happen, for a while."""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sessions.current import current_extension, current_session
from sessions.errors import RoostError
from shim.events import Disposable, EventEmitter, HasListeners
from shim.thenable import called

log = logging.getLogger("roost.shim")


MOST_FAILURES = 3
"""A listener that failed, or took too long, more often than this is asked no more (as in VS Code)."""


class WillEvent:
    """Says that something is about to happen. `wait_until` holds it up until what it is given has ended."""

    __slots__ = ("_lasts", "_over", "_waited")

    def __init__(self) -> None:
        self._waited: list[Future[Any]] = []
        self._lasts = False
        self._over = False

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and hasattr(self, name):
            raise AttributeError(f"{name} of an event cannot be set: edit what it is about")
        super().__setattr__(name, value)

    def wait_until(self, thenable: Awaitable[Any]) -> None:
        """Let it wait for `thenable`. Only while the listener is called: an async one is waited for anyway."""
        if self._over:
            raise RoostError("wait_until can no longer be called: call it before the listener returns")
        self._waited.append(current_session().promise(called(lambda: thenable), "wait_until", current_extension()))


W = TypeVar("W", bound=WillEvent)


async def _nothing(results: list[Any]) -> None: ...


class WillEmitter(HasListeners, Generic[W]):
    """An emitter of such events. An async listener is waited for, as if it had called `wait_until` with itself."""

    __slots__ = ("_emitter", "_failures")

    def __init__(self) -> None:
        self._emitter = EventEmitter[W]()
        self._failures: WeakKeyDictionary[Disposable, int] = WeakKeyDictionary()

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

    def dispose(self) -> None:
        """End the event: nobody hears it any more."""
        self._emitter.dispose()
        self._failures.clear()

    async def fire(
        self, make: Callable[[], W], within_s: float, then: Callable[[list[Any]], Awaitable[None]] = _nothing
    ) -> list[Any]:
        """Let one listener after the other hear an event of its own, and give what they came to.

        `then` gets what each came to before the next one hears. Who fails or takes longer is logged and left out; what
        takes longer is cancelled, and who comes after it is not asked.
        """
        deadline, results = asyncio.get_running_loop().time() + within_s, []
        for listener in self._emitter.listening():
            if self._failures.get(listener, 0) > MOST_FAILURES:
                continue
            event = make()
            heard = listener.hear(event)
            in_time = await _waited(event, deadline)
            found = [result for waited in event._waited for result in _result(waited)]
            if not heard or len(found) < len(event._waited):
                self._failures[listener] = self._failures.get(listener, 0) + 1
            await then(found)
            results += found
            if not in_time:
                log.warning("listeners of %s took over %s s: they are not waited for", type(event).__name__, within_s)
                break
        return results


async def _waited(event: WillEvent, deadline: float) -> bool:
    """Wait for all that a listener asked for; False where the time was not enough."""
    event._over = not event._lasts
    seen = 0
    try:
        async with asyncio.timeout_at(deadline):
            while seen < len(event._waited):  # an async listener may ask for more
                await asyncio.wait(event._waited[seen : seen + 1])
                seen += 1
    except TimeoutError:
        return False
    finally:
        event._over = True
    return True


def _waited_for(listener: Callable[[W], Any]) -> Callable[[W], None]:
    def hear(event: W) -> None:
        event._lasts = True
        event.wait_until(listener(event))

    return hear


def _result(waited: Future[Any]) -> list[Any]:
    if not waited.done():
        waited.cancel()
    elif not waited.cancelled():
        error = waited.exception()
        if error is None:
            return [waited.result()]
        log.error("a listener that was waited for failed", exc_info=error)
    return []
