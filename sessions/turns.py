"""Whose output is read next, over all users of a host: it watches terminals and hands out turns, and reads nothing."""

from __future__ import annotations

import asyncio
import os
import select
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Ready = Callable[[bool], None]
"""Called when there is output, or with True when nobody has the terminal open any more."""

Read = Callable[[int, bool], tuple[int, bool]]
"""Reads up to so many bytes, and may wait for the kernel a little where its user is alone; returns how many there
were, and whether to go on. Who goes on no more asks again."""

PIECE = 16_384
"""Bytes that one terminal is read at once."""

ROUND = 65_536
"""Bytes that are read before everything else of the host gets its turn."""

LOOK = 512
"""What a look that finds nothing counts, in bytes: it takes time too."""

SLICE_S = 0.01
LATE_S = 0.001
LEAST, FIRST, MOST = 4 << 10, 16 << 10, 160 << 10
"""Bytes that users who flood are read in a slice, all together, while there are others: 0.4 to 16 MiB a second."""

ALONE_S = 1.0
"""A user is alone once nobody else did anything for so long."""

HANG_UPS = 4
"""Terminals that are closed at a time."""

EDGES = select.EPOLLIN | select.EPOLLET


class User:
    """One user's terminals that have something, and how much was read of them in a slice of time."""

    __slots__ = ("readers", "slice", "taken", "watched")

    def __init__(self) -> None:
        self.readers: deque[Read] = deque()
        self.watched = 0
        self.slice = self.taken = 0


class Turns:
    """Lets those read who have something, a piece each: users take turns, and each user's terminals do among them.

    One user alone gets all there is. With others, whoever floods is held to a share: the system's own work for a flood
    slows everybody's typing. The share shrinks while the host is late for its own timers, and grows while it is not.

    Terminals are watched by edges, and read no further than is known to be there: to ask one for more makes the kernel
    finish moving it, which under load takes milliseconds. Only who is alone may wait for that.
    """

    __slots__ = (
        "_changed_at",
        "_closers",
        "_due",
        "_epoll",
        "_fds",
        "_floods",
        "_looking",
        "_planned",
        "_resting",
        "_shared",
        "_uid",
        "_users",
        "_waiting",
    )

    def __init__(self) -> None:
        self._closers = ThreadPoolExecutor(HANG_UPS, "hang up")  # makes its threads when there is work
        self._epoll: select.epoll | None = None
        self._fds: dict[int, tuple[str, Ready]] = {}
        self._users: dict[str, User] = {}
        self._uid = ""
        self._changed_at = -ALONE_S
        self._waiting: dict[str, None] = {}
        self._resting: dict[str, None] = {}
        self._floods = 1
        self._shared = FIRST
        self._due = 0.0
        self._planned = self._looking = False

    # -- who is watched

    def watch(self, fd: int, uid: str, ready: Ready) -> None:
        """Call `ready` each time that there is more to read from a terminal of that user."""
        if self._epoll is None:
            self._epoll = select.epoll()
            asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._look)
        self._fds[fd] = uid, ready
        self._users.setdefault(uid, User()).watched += 1
        self._epoll.register(fd, EDGES)

    def forget(self, fd: int) -> None:
        """Watch it no more; call it before the terminal is closed."""
        if self._epoll is None or fd not in self._fds:
            return
        uid, _ = self._fds.pop(fd)
        self._users[uid].watched -= 1
        if not self._users[uid].watched and not self._users[uid].readers:
            self._leave(uid)
        self._epoll.unregister(fd)
        if not self._fds:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def hang_up(self, fd: int) -> None:
        """Close a terminal that is forgotten, in a thread: the kernel waits for who reads it in the sandbox.

        They get out of its way when they have the processor again, which may be late, or for long not at all.
        """
        self._closers.submit(os.close, fd)

    def close(self) -> None:
        """No terminal is watched any more; those that are being closed go on."""
        self._closers.shutdown(wait=False)

    def _leave(self, uid: str) -> None:
        for those in (self._users, self._waiting, self._resting):
            those.pop(uid, None)

    def _look(self) -> None:
        assert self._epoll is not None
        self._looking = True
        for fd, event in self._epoll.poll(0):
            self._fds[fd][1](bool(event & select.EPOLLHUP))
        self._looking = False
        if not self._planned:
            self._round()

    # -- whose turn it is

    def ask(self, uid: str, read: Read) -> None:
        """Call `read` soon, and again as long as it says so."""
        self._users.setdefault(uid, User()).readers.append(read)
        if uid not in self._resting:
            self._waiting[uid] = None
            self._plan()

    def _plan(self) -> None:
        if not self._planned and not self._looking:
            self._planned = True
            asyncio.get_running_loop().call_soon(self._planned_round)

    def _planned_round(self) -> None:
        self._planned = False
        self._round()

    def _round(self) -> None:
        left, now = ROUND, asyncio.get_running_loop().time()
        while self._waiting and left > 0:
            uid = next(iter(self._waiting))
            del self._waiting[uid]
            user = self._users[uid]
            if self._has_had(uid, user, now):
                self._rest(uid)
            else:
                left -= self._read(uid, user, now)
        if self._waiting:
            self._plan()

    def _read(self, uid: str, user: User, now: float) -> int:
        read = user.readers.popleft()
        taken, more = read(PIECE, self._is_alone(now))
        taken = max(taken, LOOK)
        user.taken += taken
        if more:
            user.readers.append(read)
        if user.readers:
            self._waiting[uid] = None
        elif not user.watched:
            self._leave(uid)
        return taken

    def note(self, uid: str) -> None:
        """This user does something now, with a terminal or otherwise."""
        if uid != self._uid:
            self._changed_at = asyncio.get_running_loop().time() if self._uid else self._changed_at
            self._uid = uid

    def _has_had(self, uid: str, user: User, now: float) -> bool:
        """Whether the user's share of this slice is read; there are no shares where a user is alone."""
        self.note(uid)
        if user.slice != (number := int(now / SLICE_S)):
            user.slice, user.taken = number, 0
        return not self._is_alone(now) and user.taken >= self._shared // self._floods

    def _is_alone(self, now: float) -> bool:
        return now - self._changed_at > ALONE_S

    def _rest(self, uid: str) -> None:
        if not self._resting:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + SLICE_S
            loop.call_at(self._due, self._go_on)
        self._resting[uid] = None

    def _go_on(self) -> None:
        """A slice is over."""
        late = asyncio.get_running_loop().time() - self._due > LATE_S
        self._shared = max(LEAST, self._shared * 3 // 4) if late else min(MOST, self._shared + 512)
        self._floods = max(1, len(self._resting))
        self._waiting.update(self._resting)
        self._resting.clear()
        if self._waiting:
            self._plan()
