"""Long work in threads, in turns: whoever serves everybody waits for the same interpreter.

Python hands it on after half a millisecond, but one by one to all that wait, and each small call of the system lets go
of it for too short a time to be taken. Two threads that list large directories would keep it among themselves, so only
one of them has it at a time, and none for long. What is short waits for nobody: also not for a disk that one of them
waits for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

TURN_S = 0.001
"""How long one thread works, in seconds; at least one item is worked on."""

BREATH_S = 0.0001
"""How long it rests then, so that another one takes the turn."""

T = TypeVar("T")
_turn = threading.RLock()


def in_turns(items: Iterable[T]) -> Iterator[T]:
    """The same items, with what makes them done in turns with all other such work; for threads."""
    left, more = iter(items), True
    turn: AbstractContextManager[object] = nullcontext()
    while more:
        some: list[T] = []
        with turn:
            more = _work(left, some)
        yield from some
        if more:
            turn = _turn
            breathe()


def _work(left: Iterator[T], some: list[T]) -> bool:
    """Work for one turn; whether there may be more."""
    until = time.monotonic() + TURN_S
    for item in left:
        some.append(item)
        if time.monotonic() > until:
            return True
    return False


def breathe() -> None:
    """Let go of the interpreter."""
    time.sleep(BREATH_S)  # noqa: TID251  only ever in a thread
