"""Events: who listens, and who hears what in whose name. Nothing here knows what an event is about."""

from __future__ import annotations

import logging
import weakref
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from contextvars import Context, copy_context
from inspect import iscoroutine, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from sessions.current import current_extension, current_session

if TYPE_CHECKING:
    from sessions.context import SessionContext

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

log = logging.getLogger("roost.shim")


class Disposes(Protocol):
    """Whatever can be disposed of: a `Disposable`, or an object of an extension's own."""

    def dispose(self) -> object: ...


class Event(Protocol[T_co]):
    """What one calls to listen: `on_did_change(listener)` gives the `Disposable` that ends it.

    `disposables`, a list such as `context.subscriptions`, gets that disposable too; it may come second. A listener
    takes one argument. `this_args` has its place from VS Code and no meaning: a method of Python is bound.
    """

    def __call__(
        self,
        listener: Callable[[T_co], object],
        this_args: object = None,
        disposables: list[Disposable] | None = None,
    ) -> Disposable: ...


class Disposable:
    """Something to undo once: the first `dispose()` calls `call_on_dispose`, later ones do nothing."""

    __slots__ = ("__weakref__", "_call")

    def __init__(self, call_on_dispose: Callable[[], object] | None) -> None:
        self._call = call_on_dispose

    @staticmethod
    def from_(*disposables: Disposes | None) -> Disposable:
        """One that disposes of all of these that can be, in order; what one raises comes after all were disposed of."""
        return Disposable(lambda: _dispose_all(disposables))

    def dispose(self) -> object:
        """Undo. Gives what the callback returned, so that an async one can be awaited."""
        call, self._call = self._call, None
        return call() if call else None


def _dispose_all(disposables: tuple[Disposes | None, ...]) -> None:
    with ExitStack() as stack:
        for disposable in reversed(disposables):
            dispose = getattr(disposable, "dispose", None)
            if callable(dispose):
                stack.callback(dispose)


class HasListeners:
    """Something to listen to."""

    __slots__ = ()

    def forget_extension(self, extension: str) -> None:
        """An extension is gone: what it listened with hears nothing any more."""
        raise NotImplementedError


class EventEmitter(HasListeners, Generic[T]):
    """An event for others to listen to, as VS Code's, on the host's loop.

    A listener runs in the context of its subscriber: as that user, whoever fires. One that raises is logged; the
    others and whoever fires never notice. An async one becomes work of its subscriber's session.
    """

    __slots__ = ("__weakref__", "_disposed", "_listeners", "_unheard")

    def __init__(self) -> None:
        self._listeners: list[_Listener[T]] | None = None
        self._unheard: tuple[Iterator[_Listener[T]], T] | None = None
        self._disposed = False

    def event(
        self,
        listener: Callable[[T], object],
        this_args: object = None,
        disposables: list[Disposable] | None = None,
    ) -> Disposable:
        """Listen (see `Event`). An async listener needs a session here: `NoCurrentUser` or `NoSession` outside of one.

        A listener that is added while an event is on its way does not hear that one; one removed does no more.
        """
        if iscoroutinefunction(listener):
            current_session()
        subscription = _Listener(self, listener)
        if self._disposed:
            subscription.dispose()
        elif self._listeners is None:
            self._listeners = [subscription]
        else:
            self._listeners.append(subscription)
        disposables = this_args if disposables is None and isinstance(this_args, list) else disposables
        if disposables is not None:
            disposables.append(subscription)
        return subscription

    def fire(self, data: T = None) -> None:  # type: ignore[assignment]  # an event of nothing fires without data
        """Let every listener hear `data`, in the order of their listening, before this returns.

        Fired by a listener, it waits until everybody has heard the event before: all hear all in one order.
        """
        if self._unheard:
            self._deliver(*self._unheard)
        if self._listeners:
            self._unheard = (iter(self._listeners.copy()), data)
            self._deliver(*self._unheard)

    def _deliver(self, listeners: Iterator[_Listener[T]], data: T) -> None:
        for listener in listeners:
            listener.hear(data)
        self._unheard = None

    def listening(self) -> list[_Listener[T]]:
        """Those who listen now, each of whom may `hear` by itself."""
        return list(self._listeners or ())

    def dispose(self) -> None:
        """End the event: nobody hears anything any more, not even one that is on its way."""
        self._disposed = True
        for listener in self._listeners or ():
            listener.forget()
        self._listeners = None

    def forget_extension(self, extension: str) -> None:
        """An extension is gone: what it listened with hears nothing any more."""
        for listener in tuple(self._listeners or ()):
            if listener.belongs_to(extension):
                listener.dispose()

    def _remove(self, listener: _Listener[T]) -> None:
        if self._listeners and listener in self._listeners:
            self._listeners.remove(listener)


class HasEvents:
    """An object of a session that has events: an extension that is gone hears none of them any more.

    What listens for the host itself does so with no extension entered, or it goes with whoever was the first to ask.
    """

    __slots__ = ()

    def forget_extension(self, extension: str) -> None:
        """An extension is gone."""
        slots = {name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())}
        for name in (slots | getattr(self, "__dict__", {}).keys()) - {"__dict__", "__weakref__"}:
            event = getattr(self, name, None)
            if isinstance(event, HasListeners):
                event.forget_extension(extension)


def of_user(emitter: Callable[[SessionContext], EventEmitter[T]]) -> Event[T]:
    """An event of a namespace: it is the one of whoever is the current user when one begins to listen."""

    def listen(
        listener: Callable[[T], object], this_args: object = None, disposables: list[Disposable] | None = None
    ) -> Disposable:
        return emitter(current_session()).event(listener, this_args, disposables)

    return listen


def never(
    listener: Callable[[Any], object], this_args: object = None, disposables: list[Disposable] | None = None
) -> Disposable:
    """An event of VS Code's that has no occasion here: whoever listens hears nothing."""
    return EventEmitter[Any]().event(listener, this_args, disposables)


class _Listener(Disposable, Generic[T]):
    """One who listens, and in whose name; disposing of it ends that."""

    __slots__ = ("_context", "_emitter", "_hear")

    def __init__(self, emitter: EventEmitter[T], hear: Callable[[T], object]) -> None:
        self._emitter = weakref.ref(emitter)  # it holds this, and fires for who holds it
        self._hear: Callable[[T], object] | None = hear
        self._context: Context | None = copy_context()

    def hear(self, data: T) -> bool:
        """Call the listener; False where it failed, which is logged."""
        if self._hear is None or self._context is None:
            return True
        return self._context.copy().run(_call, self._hear, data)  # a copy: one context cannot be entered twice

    def belongs_to(self, extension: str) -> bool:
        return self._context is not None and self._context.copy().run(current_extension) == extension

    def forget(self) -> None:
        self._hear = self._context = None

    def dispose(self) -> None:
        emitter = self._emitter() if self._context is not None else None
        self.forget()
        if emitter is not None:
            emitter._remove(self)


def _call(listener: Callable[[Any], object], data: object) -> bool:
    try:
        result = listener(data)
        if iscoroutine(result):
            _start(result, _name(listener))
    except (Exception, CancelledError, SystemExit):  # the edge of a listener: neither others nor who fires may suffer
        log.exception("the listener %s of an event failed", _name(listener))
        return False
    return True


def _start(work: Any, name: str) -> None:
    try:
        current_session().start(work, name, current_extension())
    except BaseException:
        work.close()  # never started: say so by the error, not by a warning besides
        raise


def _name(listener: Callable[[Any], object]) -> str:
    return getattr(listener, "__qualname__", type(listener).__qualname__)
