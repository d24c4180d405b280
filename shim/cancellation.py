"""Cancellation: one side asks for it, the other looks or listens. It is a request; nothing here stops anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from sessions.errors import RoostError
from shim.events import Disposable, EventEmitter


class CancellationError(RoostError):
    """Raise it to say that one stopped because one was asked to; callers take it for an answer, not for a failure."""

    name = message = "Canceled"

    def __init__(self) -> None:
        super().__init__(self.message)


class CancellationToken:
    """Tells whether its work is still wanted; given by a `CancellationTokenSource` or by the host."""

    __slots__ = ("_emitter", "_requested")

    NONE: ClassVar[CancellationToken]
    """Never cancelled."""
    CANCELLED: ClassVar[CancellationToken]
    """Cancelled from the beginning."""

    def __init__(self) -> None:
        self._requested = False
        self._emitter: EventEmitter[None] | None = None

    @property
    def is_cancellation_requested(self) -> bool:
        return self._requested

    def on_cancellation_requested(
        self,
        listener: Callable[[None], object],
        this_args: object = None,
        disposables: list[Disposable] | None = None,
    ) -> Disposable:
        """Hear of the cancellation once (an `Event`); where it has happened already, in the loop's next round."""
        if self is CancellationToken.NONE:
            return Disposable(None)
        if self._requested:
            past = EventEmitter[None]()
            asyncio.get_running_loop().call_soon(past.fire)
            return past.event(listener, this_args, disposables)
        if self._emitter is None:
            self._emitter = EventEmitter()
        return self._emitter.event(listener, this_args, disposables)

    def _cancel(self) -> None:
        if self is CancellationToken.NONE:
            return
        self._requested = True
        emitter, self._emitter = self._emitter, None
        if emitter:
            emitter.fire()
            emitter.dispose()

    def _release(self) -> None:
        if self._emitter:
            self._emitter.dispose()
            self._emitter = None


CancellationToken.NONE = CancellationToken()
CancellationToken.CANCELLED = CancellationToken()
CancellationToken.CANCELLED._requested = True


class CancellationTokenSource:
    """Makes a token and cancels it; with a `parent`, also when that is cancelled."""

    __slots__ = ("_parent", "_token")

    def __init__(self, parent: CancellationToken | None = None) -> None:
        self._token: CancellationToken | None = None
        self._parent = parent.on_cancellation_requested(lambda _: self.cancel()) if parent else None

    @property
    def token(self) -> CancellationToken:
        if self._token is None:
            self._token = CancellationToken()
        return self._token

    def cancel(self) -> None:
        """Ask for it. Whoever listens hears it before this returns."""
        if self._token is None:
            self._token = CancellationToken.CANCELLED
        else:
            self._token._cancel()

    def dispose(self) -> None:
        """Let go of everybody who listens, without cancelling."""
        if self._parent:
            self._parent.dispose()
        if self._token is None:
            self._token = CancellationToken.NONE
        else:
            self._token._release()
