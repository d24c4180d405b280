"""When Python's garbage collector runs: seldom for long, as the whole process stands still for it. It loads nothing.

What a load leaves is taken out of the collector's sight (`gc.freeze`), so that later collections do not walk through
the modules of all users. What is unloaded is brought back into its sight piece by piece, as the newest generation, and
collected by itself: the time that takes goes by what is unloaded, not by what there is.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import threading
from collections import deque
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

from host.aside import aside

MOST = 60_000
"""Objects of one unloaded copy that are looked at; of what is left over Python's own collections take care."""

AT_ONCE = 1_000
"""Objects that are brought back in one step."""

LATER_S = 1.0
"""How long after an extension ended its modules are collected."""

FOREIGN = ("asyncio", "builtins", "concurrent", "host", "logging", "sessions", "shim", "sys", "threading", "uvloop")
"""Packages whose objects are nobody's own, but for containers and the like of `builtins`."""


class Loads:
    """The loads of one host: while there are some the collector waits, and what each leaves is put aside."""

    __slots__ = ("_lock", "_turns", "_was_on")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: set[Turn] = set()
        self._was_on = False

    def begin(self) -> Turn:
        """The collector does not run by itself until the turn has ended."""
        turn = Turn(self)
        with self._lock:
            if not self._turns:
                self._was_on = gc.isenabled()
                gc.disable()
            self._turns.add(turn)
        return turn

    def end(self, turn: Turn) -> None:
        """A turn is over; the last one lets the collector run as before."""
        with self._lock:
            if turn in self._turns:
                self._turns.remove(turn)
                if not self._turns and self._was_on:
                    gc.enable()


class Turn:
    """One load: `with` it, in the load's thread. Whoever waits no longer for a load that does not end may `end` it."""

    __slots__ = ("_loads",)

    def __init__(self, loads: Loads) -> None:
        self._loads = loads

    def end(self) -> None:
        """Let the collector run; a second time does nothing."""
        self._loads.end(self)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        gc.collect(0)  # what the load itself has done with; nothing of earlier loads is walked through
        gc.freeze()
        self.end()


class Unloads:
    """The modules that were unloaded and wait to be collected, one user's after the other, in a thread."""

    __slots__ = ("_loads", "_running", "_waiting")

    def __init__(self, loads: Loads) -> None:
        self._loads = loads
        self._waiting: list[list[ModuleType]] = []
        self._running = False

    def add(self, modules: list[ModuleType]) -> None:
        """Collect these modules soon: when those who just ended with them have let go."""
        self._waiting.append(modules)
        if not self._running:
            self._running = True
            asyncio.get_running_loop().call_later(LATER_S, self._begin)

    def _begin(self) -> None:
        working = aside(self._work, "collect what was unloaded")
        working.add_done_callback(lambda _: self._done())

    def _work(self) -> None:
        while self._waiting:
            modules = self._waiting.pop(0)
            turn = self._loads.begin()
            try:
                collect(own_objects(modules), modules)
            finally:
                turn.end()

    def _done(self) -> None:
        self._running = False


def own_objects(modules: Iterable[ModuleType]) -> list[Any]:
    """What these modules have that can be part of a circle: themselves, their classes, functions, containers, ..."""
    names = [vars(module) for module in modules]
    globals_ = {id(one) for one in names}
    packages = {one.get("__name__") for one in names}
    found: dict[int, Any] = {id(one): one for one in (*modules, *names, *(each["__builtins__"] for each in names))}
    todo: list[Any] = [value for one in names for value in one.values()]
    while todo and len(found) < MOST:
        thing = todo.pop()
        if id(thing) in found or not _is_own(thing, globals_, packages):
            continue
        found[id(thing)] = thing
        todo += gc.get_referents(thing)
    return [one for one in found.values() if gc.is_tracked(one)]


def _is_own(thing: Any, globals_: set[int], packages: set[Any]) -> bool:
    if not gc.is_tracked(thing):
        return False
    kind = type(thing)
    if isinstance(thing, type):
        return thing.__module__ in packages
    if kind is FunctionType:
        return id(thing.__globals__) in globals_ or thing.__module__ in packages
    if issubclass(kind, ModuleType) or (kind is dict and "__builtins__" in thing):
        return False
    return kind.__module__ == "builtins" or not kind.__module__.startswith(FOREIGN)


def collect(things: list[Any], modules: list[ModuleType]) -> None:
    """Collect what of these nobody holds any more; both lists are emptied. All stands still for some milliseconds.

    An object goes out of the generation that is never looked at and into the newest in one step for other threads:
    nothing in between is Python's own code, so none of them can run.
    """
    track, untrack = (ctypes.pythonapi.PyObject_GC_Track, ctypes.pythonapi.PyObject_GC_UnTrack)
    for function in (track, untrack):
        function.argtypes, function.restype = [ctypes.py_object], None
    for start in range(0, len(things), AT_ONCE):
        batch = things[start : start + AT_ONCE]
        deque(zip(map(untrack, batch), map(track, batch), strict=False), maxlen=0)
        batch.clear()
    things.clear()
    modules.clear()
    gc.collect(1)
