"""A user's disk while their processes run: counted again and again, and closed to them while they are over their quota.

Shells write without asking, and a kernel counts for no folder. So the folders are counted whenever something ran and so
much may have been written that the quota could be exceeded, by the clock and by what the file system has less; at most
a twentieth of the time, as long as nothing is near. Over the quota, no process may make a file larger any more (see
`growth`), those to come neither; reading and deleting go on, and whoever gets around it ends the sandbox.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import Any, NamedTuple

from sessions.errors import QuotaExceeded, RoostError
from sessions.growth import limit
from sessions.inside import Inside
from sessions.procfs import Procfs
from sessions.quotas import DUTY, FRESH_S, Allowance
from sessions.trees import Size

SLACK = Size(16 << 20, 1_000)
"""What a user who is over may still grow, as what was begun before ends."""

FASTEST = Size(1 << 30, 20_000)
"""What a user may be thought to write in a second."""

FAILURES = 5
"""After so many counts that failed one after the other, as directories move under them, the disk is closed too."""

LOST = 60
"""After so many, about a minute in which the user can give folders back to be read, the sandbox ends."""

PAUSE_SECONDS = 1.0
ENDLESS = 1 << 62

Usage = Callable[[Size], Size]
"""What a user has on disk; where it is over the given size, it may stop counting there."""


class State(Enum):
    """Whether the user's processes may write."""

    OPEN = auto()
    CLOSED = auto()
    ENDED = auto()
    """The sandbox is to end."""


class Room(NamedTuple):
    """What a file system has left."""

    bytes: int
    files: int


class Disk:
    """One user's. `watch` is to be called while something of theirs runs, when it `is_due`: look every second or so.

    `most` is how large one of their files may be, `owner` the OS uid of their processes where it is not the host's own.
    `folder` is on the file system that `usage` counts. `told` hears what the user is to hear. `turn` bounds how many
    users are counted at once.
    """

    __slots__ = (
        "_again", "_allowance", "_base", "_before", "_due", "_failures", "_folder", "_for_good", "_free", "_most",
        "_news", "_owner", "_told", "_turn", "_usage", "state",
    )  # fmt: skip

    def __init__(
        self,
        allowance: Allowance,
        usage: Usage,
        folder: Path,
        told: Callable[[dict[str, Any]], None],
        turn: asyncio.Semaphore,
        *,
        most: int,
        owner: int | None,
    ) -> None:
        self.state = State.OPEN
        self._allowance = allowance
        self._usage = usage
        self._folder = folder
        self._told = told
        self._turn = turn
        self._most = most
        self._owner = owner
        self._again = self._due = 0.0
        self._free = Room(0, 0)
        self._before: object = None
        self._base: Size | None = None
        self._failures = 0
        self._for_good = False
        self._news: dict[str, Any] | None = None

    async def enter(self, inside: Inside) -> State:
        """A new sandbox: that of a user who was over begins where the last one ended."""
        if self.state is not State.OPEN:
            self._failures = 0
            await asyncio.to_thread(self._close, inside)
        return self.state

    @property
    def is_due(self) -> bool:
        """Whether the user can have come over, or back under, since the last count. It asks the file system."""
        return self._allowance.limited and self._is_time()

    async def watch(self, inside: Inside) -> State:
        """Count unless nothing ran, do what follows from it, and tell the user."""
        async with self._turn:
            await asyncio.to_thread(self._look, inside)
        news, self._news = self._news, None
        if news is not None:
            self._told(news)
        return self.state

    def _look(self, inside: Inside) -> None:
        ran = inside.processes.ran()
        if (ran, self._allowance.counted) == self._before:
            return
        started = time.monotonic()
        counted = self._count(inside.processes)
        ended = time.monotonic()
        self._again = ended + max(PAUSE_SECONDS, ended - started)
        self._due = ended + max(self._patience(), DUTY * (ended - started))
        self._before = (ran, self._allowance.counted)
        if counted is not None or self._failures >= FAILURES:
            self._judge(counted, inside)

    def _patience(self) -> float:
        """Seconds in which nobody fills the room that is left."""
        room = [most - has for most, has in zip(self._allowance.most, self._allowance.counted, strict=True)]
        fastest = min(left / speed for left, speed in zip(room, FASTEST, strict=True))
        return min(FRESH_S, max(PAUSE_SECONDS, fastest))

    def _is_time(self) -> bool:
        """Whether the user can have come over, or back under, since the last count, as far as the clock can tell."""
        now = time.monotonic()
        if now < self._again:
            return False
        return self.state is not State.OPEN or self._failures > 0 or now >= self._due or self._is_near()

    def _is_near(self) -> bool:
        """Whether the file system lost so much since the last count that the user can be over."""
        free = room_of(self._folder)
        most, used = self._allowance.most, self._allowance.counted
        taken = (self._free.bytes - free.bytes, self._free.files - free.files)
        return any(more > 0 and more >= limit - has for more, limit, has in zip(taken, most, used, strict=True))

    def _count(self, processes: Procfs) -> Size | None:
        """What the user has on disk, with what has no name any more; None where it cannot be told now."""
        self._free = room_of(self._folder)
        try:
            size, files = self._usage(self._enough())
        except (RoostError, OSError):
            self._failures += 1
            return None
        self._failures = 0
        counted = Size(size + processes.unlinked(self._folder.stat().st_dev), files)
        self._allowance.learn(*counted)
        return counted

    def _enough(self) -> Size:
        """More than this need not be counted: it is too much, and more than it was."""
        base = self._base or Size(0, 0)
        bounds = zip(self._allowance.most, base, SLACK, strict=True)
        return Size(*(max(int(min(most, ENDLESS)), has) + more + 1 for most, has, more in bounds))

    def _judge(self, counted: Size | None, inside: Inside) -> None:
        excess = self._allowance.excess() if counted is not None else None
        if counted is not None and excess is None:
            if self.state is not State.OPEN:
                self._open(inside)
            return
        if self.state is State.OPEN:
            self._news = news(excess)
            self._close(inside, for_good=counted is None)
        elif counted is None:
            self._close(inside, for_good=True)
            self.state = State.ENDED if self._failures >= LOST else self.state
        elif self._base is None:
            self._base = counted  # what was being written when it closed is written by now
        elif grew(counted, self._base):
            self.state = State.ENDED

    def _close(self, inside: Inside, *, for_good: bool = False) -> None:
        """Where nothing can be counted, processes must not get their limit back by themselves: nobody would notice."""
        self._base = None
        self._for_good = for_good
        self.state = State.CLOSED if limit(inside, 0, self._owner, for_good=for_good) else State.ENDED

    def _open(self, inside: Inside) -> None:
        """What was closed for good ends, and what starts then may write."""
        if self._for_good:
            self.state = State.ENDED
            return
        self.state, self._base = State.OPEN, None
        limit(inside, self._most, self._owner)
        self._news = {"exceeded": False, "message": "you are within your quota again: your processes may write"}


def news(excess: QuotaExceeded | None) -> dict[str, Any]:
    """What a user is told whose disk is closed; without `excess`, because it cannot be counted."""
    if excess is None:
        what = "your files cannot be counted, as folders in them move all the time or may not be read"
        return {"exceeded": True, "message": f"{what}: until they can, your processes write nothing"}
    details = {"quota": excess.quota, "limit": excess.limit, "used": excess.used}
    return {"exceeded": True, **details, "message": str(excess)}


def grew(now: Size, before: Size) -> bool:
    """Whether there is more of either than what may still come of what was begun."""
    return any(has > had + more for has, had, more in zip(now, before, SLACK, strict=True))


def room_of(folder: Path) -> Room:
    """What the file system of `folder` has left for ordinary users."""
    state = os.statvfs(folder)
    return Room(state.f_bavail * state.f_frsize, state.f_favail)
