"""Who goes next where there are only so many places, such as connections: fair by user, in no user's favour. No I/O."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SPARE = 4
"""One part in so many of the places that a single user leaves to others."""


class Place:
    """One in the queue: `ready` is done when it may go. `moved` is called when its position is another."""

    __slots__ = ("moved", "position", "ready", "uid")

    def __init__(self, uid: str, moved: Callable[[], None]) -> None:
        self.uid = uid
        self.moved = moved
        self.position = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Line:
    """Who waits for one of `limit` places.

    A free one goes to the user who has had the least: the fewest now, then the longest without. Nobody has so many
    that none is left for somebody who comes. `weight_of` says how many a user may have for another's one.
    """

    def __init__(self, limit: int, weight_of: Callable[[str], float] = lambda uid: 1.0) -> None:
        self.limit = limit
        self._share = max(1, limit - max(1, limit // SPARE)) if limit > 1 else 1
        self._weight_of = weight_of
        self._waiting: dict[str, deque[Place]] = {}
        self._running: dict[str, int] = {}
        self._most: dict[str, int] = {}
        self._served: dict[str, float] = {}
        self._clock = 0.0
        self._told = False

    @property
    def running(self) -> int:
        """How many go now."""
        return sum(self._running.values())

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def allow(self, uid: str, most: int) -> None:
        """How many a user who is here has at most at the same time, from now on; whoever goes already goes on."""
        self._most[uid] = max(1, most)
        self._go_on()
        self._forget_limit(uid)

    def join(self, uid: str, moved: Callable[[], None] = lambda: None, most: int | None = None) -> Place:
        """Wait for a turn: `leave` it whatever happens. `most` is as in `allow`."""
        if most is not None:
            self._most[uid] = max(1, most)
        place = Place(uid, moved)
        if uid not in self._waiting:  # who waits already keeps the time from which they do
            self._waiting[uid] = deque()
            self._served[uid] = max(self._served.get(uid, 0.0), self._clock)
        self._waiting[uid].append(place)
        self._go_on()
        return place

    def leave(self, place: Place) -> None:
        """The turn is over, or not wanted any more."""
        queue = self._waiting.get(place.uid)
        if queue is not None and place in queue:
            queue.remove(place)
            if not queue:
                del self._waiting[place.uid]
        elif place.ready.done():
            self._running[place.uid] -= 1
            if not self._running[place.uid]:
                del self._running[place.uid]
            place.ready = asyncio.get_running_loop().create_future()  # it is left once
        self._forget()
        self._forget_limit(place.uid)
        self._go_on()

    def _forget_limit(self, uid: str) -> None:
        if uid not in self._waiting and uid not in self._running:
            self._most.pop(uid, None)

    @asynccontextmanager
    async def turn(self, uid: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it for the body."""
        place = self.join(uid, lambda: None)
        try:
            await place.ready
            yield
        finally:
            self.leave(place)

    def _go_on(self) -> None:
        while self.running < self.limit:
            uid = self._next()
            if uid is None:
                break
            self._let(self._waiting[uid].popleft())
        if self._waiting and not self._told:
            self._told = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _next(self) -> str | None:
        able = [
            uid
            for uid in self._waiting
            if self._running.get(uid, 0) < min(self._share, self._most.get(uid, self._share))
        ]
        return min(
            able, key=lambda uid: (self._running.get(uid, 0) / self._weight_of(uid), self._served[uid]), default=None
        )

    def _let(self, place: Place) -> None:
        uid = place.uid
        if not self._waiting[uid]:
            del self._waiting[uid]
        self._running[uid] = self._running.get(uid, 0) + 1
        self._clock = self._served[uid] = max(self._clock, self._served[uid]) + 1 / self._weight_of(uid)
        place.position = 0
        place.ready.set_result(None)

    def _tell(self) -> None:
        """Tell those whose position is another: round by round, as turns will be given."""
        self._told = False
        position, depth = 0, 0
        while True:
            row = [queue[depth] for queue in self._waiting.values() if len(queue) > depth]
            if not row:
                return
            for place in row:
                position += 1
                if place.position != position:
                    place.position = position
                    place.moved()
            depth += 1

    def _forget(self) -> None:
        if len(self._served) > 10_000:
            kept = {*self._waiting, *self._running}
            self._served = {uid: at for uid, at in self._served.items() if uid in kept}
