"""Whose output is read next, over all users of a host. It reads nothing itself and knows no terminal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

Read = Callable[[int], tuple[int, bool]]
"""Reads up to so many bytes; returns how many there were, and whether to go on. Who is told no more asks again."""

PIECE = 16_384
"""Bytes that one terminal is read at once."""

ROUND = 65_536
"""Bytes that are read before everything else of the host gets its turn."""

LOOK = 512
"""What a look that finds nothing counts, in bytes: it takes time too."""


class Turns:
    """Lets those read who have something, a piece each: users take turns, and each user's terminals do among them."""

    __slots__ = ("_planned", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Read]] = {}
        self._planned = False

    def ask(self, uid: str, read: Read) -> None:
        """Call `read` soon, and again as long as it says so."""
        self._waiting.setdefault(uid, deque()).append(read)
        self._plan()

    def _plan(self) -> None:
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        self._planned = False
        left = ROUND
        while self._waiting and left > 0:
            uid = next(iter(self._waiting))
            readers = self._waiting.pop(uid)
            read = readers.popleft()
            taken, more = read(PIECE)
            left -= max(taken, LOOK)
            if more:
                readers.append(read)
            if readers:
                # Whoever asked meanwhile is before: this user had a turn.
                self._waiting[uid] = readers + self._waiting.pop(uid, deque())
        if self._waiting:
            self._plan()
