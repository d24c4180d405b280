"""What many users would do all at once: a few milliseconds of it in one turn of the loop, by turns."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial

ROUND_S = 0.004
"""How long works are done before everything else of the host gets its turn, in seconds."""


class Rounds:
    """Does works in the context of who asked for them: one user's in their order, and one of each user after the other.

    A work must not raise, and should take well under a millisecond. Where few wait they are the loop's next thing.
    """

    __slots__ = ("_planned", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, deque[tuple[Context, Callable[[], None]]]] = {}
        self._planned = False

    def soon(self, uid: str, work: Callable[[], None]) -> None:
        """Do it in the loop's next turn, or in one of those after it."""
        own = self._waiting.get(uid)
        if own is None:
            own = self._waiting[uid] = deque()
        own.append((copy_context(), work))
        if not self._planned:
            self._plan()

    async def done(self, uid: str) -> None:
        """All that a user asked for until now is done, each in its turn: something else of theirs comes after it."""
        if uid in self._waiting:
            told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.soon(uid, partial(_tell, told))
            await told

    def _plan(self) -> None:
        self._planned = True
        asyncio.get_running_loop().call_soon(self._round, context=Context())

    def _round(self) -> None:
        self._planned = False
        end = time.monotonic() + ROUND_S
        try:
            while self._waiting:
                self._next()
                if time.monotonic() > end:
                    break
        finally:
            if self._waiting and not self._planned:
                self._plan()

    def _next(self) -> None:
        uid = next(iter(self._waiting))
        own = self._waiting.pop(uid)
        context, work = own.popleft()
        if own:
            self._waiting[uid] = own
        context.run(work)


class Gate:
    """Lets a few through in each turn of the loop, in their order: what one does at once, all of them do in turns."""

    __slots__ = ("_few", "_let", "_waiting")

    def __init__(self, few: int) -> None:
        self._few = few
        self._let = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def through(self) -> None:
        """Wait for a turn of the loop that has a place left: where few ask that is this one."""
        if self._let < self._few:
            self._pass()
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        await place

    def _pass(self) -> None:
        if not self._let:
            asyncio.get_running_loop().call_soon(self._next, context=Context())
        self._let += 1

    def _next(self) -> None:
        self._let = 0
        while self._waiting and self._let < self._few:
            place = self._waiting.popleft()
            if not place.done():  # whoever waited may have been cancelled
                place.set_result(None)
                self._pass()


def _tell(told: asyncio.Future[None]) -> None:
    if not told.done():  # whoever waited may have been cancelled
        told.set_result(None)
