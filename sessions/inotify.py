"""The kernel's inotify, shared: few instances for the directories of many users. It knows neither paths nor users."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import struct
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from sessions.descriptors import Handle

CREATE, MODIFY, ATTRIB, MOVED, DELETE = 0x100, 0x2, 0x4, 0xC0, 0x200
GONE, OVERFLOW, IGNORED = 0xC00, 0x4000, 0x8000
ONLY_DIRECTORY, NO_UNLINKED = 0x01000000, 0x04000000
MASK = CREATE | MODIFY | ATTRIB | MOVED | DELETE | GONE | ONLY_DIRECTORY | NO_UNLINKED

READ_BYTES = 16_384
"""What is read at once: some hundred events, which take about a millisecond."""
REST_S = 0.01
"""How long nothing is read after much was, in seconds."""
MOST_INSTANCES = 16
"""Instances of one host; the kernel gives 128 to all processes of one OS user."""
USERS = 8
"""Users who share one instance before there is a further one: who floods theirs makes only these look again."""
SHARE = 2
"""One host takes so many times less directories than the kernel gives to all processes of one OS user."""
LIMITS = Path("/proc/sys/fs/inotify")

_HEAD = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


def _share_of_kernel() -> int:
    """How many directories one host watches at most: other programs of the same OS user have some to do as well."""
    try:
        return int((LIMITS / "max_user_watches").read_text()) // SHARE
    except (OSError, ValueError):
        return 4_096  # what kernels gave when there was less memory


MOST_DIRECTORIES = _share_of_kernel()


class Count:
    """How many of something are left. It is used from threads."""

    __slots__ = ("_left", "_lock")

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self) -> bool:
        """One of them, if there is one."""
        with self._lock:
            here = self._left > 0
            self._left -= here
            return here

    def give(self, count: int = 1) -> None:
        """Take back so many."""
        with self._lock:
            self._left += count


class Listener(Protocol):
    """A directory that is watched."""

    def heard(self, name: str, mask: int) -> None:
        """Something happened to the entry `name`; an empty name is the directory itself, or all in it."""


class Inotify:
    """One instance. `add` and `remove` may be called in any thread, listeners hear on the loop."""

    __slots__ = ("_directories", "_fd", "_full", "_listeners", "_lock", "_loop", "_pause", "lost")

    def __init__(self, directories: Count) -> None:
        fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if fd < 0:
            raise _failure()
        self._fd: int = fd
        self._directories = directories
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[Listener, ...]] = {}
        self.lost: set[Callable[[], None]] = set()
        """Called when events were lost, and nobody knows whose: everybody must look again."""
        self._full = False
        self._pause: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._read)

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, directory: int, listener: Listener) -> int:
        """Let `listener` hear of an open directory; gives the number to `remove` it by. Raises `OSError`."""
        with self._lock:
            # by descriptor: what the path means may be another directory by now
            watch: int = _libc.inotify_add_watch(self._fd, b"/proc/self/fd/%d" % directory, ctypes.c_uint32(MASK))
            if watch < 0:
                raise _failure()
            before = self._listeners.get(watch, ())
            if not before and not self._directories.take():
                _libc.inotify_rm_watch(self._fd, watch)
                raise OSError(errno.ENOSPC, "one host watches no more directories than its share of the kernel's")
            self._listeners[watch] = before if listener in before else (*before, listener)
        return watch

    def remove(self, watch: int, listener: Listener) -> None:
        """End it; others who hear of the same directory go on."""
        with self._lock:
            left = tuple(one for one in self._listeners.get(watch, ()) if one is not listener)
            if left:
                self._listeners[watch] = left
            elif self._listeners.pop(watch, None) is not None:
                self._directories.give()
                _libc.inotify_rm_watch(self._fd, watch)  # fails where the directory is gone: fine

    def _read(self) -> None:
        try:
            found = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        at = 0
        while at < len(found):
            watch, mask, _, length = _HEAD.unpack_from(found, at)
            at += _HEAD.size + length
            if mask & OVERFLOW:
                for lost in list(self.lost):
                    lost()
            elif not mask & IGNORED:
                name = os.fsdecode(found[at - length : at].rstrip(b"\0"))
                for listener in self._listeners.get(watch, ()):
                    listener.heard(name, mask)
        self._rest(len(found) > READ_BYTES // 2)

    def _rest(self, full: bool) -> None:
        """Whoever floods it does not have the loop: the kernel merges what is the same, and says when it lost some."""
        if full and self._full:
            self._loop.remove_reader(self._fd)
            self._pause = self._loop.call_later(REST_S, self._resume)
        self._full = full

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._fd, self._read)

    def close(self) -> Handle:
        """Hear of nothing any more. What is given is to be closed in a thread: the kernel takes its time for that."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._fd)
        self._directories.give(len(self._listeners))
        return Handle(self._fd)


class Refused:
    """Stands where the kernel gives no instance: nothing is heard, so directories are looked at now and then."""

    __slots__ = ("_error", "lost")

    def __init__(self, error: OSError) -> None:
        self._error = (error.errno, error.strerror)  # not itself: it holds everybody who asked
        self.lost: set[Callable[[], None]] = set()

    def add(self, directory: int, listener: Listener) -> int:
        """Raises what the kernel said."""
        raise OSError(*self._error)

    def remove(self, watch: int, listener: Listener) -> None:
        """There is nothing."""


GiveBack = Callable[[], Callable[[], None]]
"""Gives an instance back, on the loop; what that gives is to be called in a thread then."""


def nothing() -> None:
    """What is to be done where others still use an instance."""


class Instances:
    """The host's instances: a user has one, which a few share; a further one is made when all have enough to do."""

    __slots__ = ("_directories", "_held", "_most")

    def __init__(self, most: int = MOST_INSTANCES, directories: int = MOST_DIRECTORIES) -> None:
        self._most = most
        self._held: dict[Inotify, dict[str, int]] = {}
        self._directories = Count(directories)

    def __len__(self) -> int:
        return len(self._held)

    def take(self, uid: str) -> tuple[Inotify, GiveBack]:
        """A user's instance, and what gives it back, once. Raises `OSError` where the kernel gives not even one."""
        own = next((one for one, users in self._held.items() if uid in users), None)
        chosen = self._chosen() if own is None else own
        users = self._held[chosen]
        users[uid] = users.get(uid, 0) + 1
        left = [partial(self._give_back, chosen, uid)]
        return chosen, lambda: left.pop()() if left else nothing

    def _chosen(self) -> Inotify:
        least = min(self._held, key=lambda one: (len(self._held[one]), len(one)), default=None)
        if least is not None and (len(self._held[least]) < USERS or len(self._held) >= self._most):
            return least
        try:
            made = Inotify(self._directories)
        except OSError:
            if least is None:
                raise
            return least
        self._held[made] = {}
        return made

    def _give_back(self, instance: Inotify, uid: str) -> Callable[[], None]:
        users = self._held[instance]
        users[uid] -= 1
        if not users[uid]:
            del users[uid]
        if users:
            return nothing
        del self._held[instance]
        return instance.close().close


def _failure() -> OSError:
    code = ctypes.get_errno()
    return OSError(code, _WORDS.get(code) or os.strerror(code))


_WORDS = {
    errno.ENOSPC: "the kernel watches no more directories for this OS user; raise fs.inotify.max_user_watches",
    errno.EMFILE: "the kernel gives this OS user no more instances of inotify; raise fs.inotify.max_user_instances",
}
