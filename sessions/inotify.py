"""The kernel's inotify, shared: few instances for the directories of many users. It knows neither paths nor users."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import struct
import threading
from collections.abc import Callable
from typing import Protocol

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

_HEAD = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class Listener(Protocol):
    """A directory that is watched."""

    def heard(self, name: str, mask: int) -> None:
        """Something happened to the entry `name`; an empty name is the directory itself, or all in it."""


class Inotify:
    """One instance. `add` and `remove` may be called in any thread, listeners hear on the loop."""

    __slots__ = ("_fd", "_full", "_listeners", "_lock", "_loop", "_pause", "lost")

    def __init__(self) -> None:
        fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if fd < 0:
            raise _failure()
        self._fd: int = fd
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
            self._listeners[watch] = before if listener in before else (*before, listener)
        return watch

    def remove(self, watch: int, listener: Listener) -> None:
        """End it; others who hear of the same directory go on."""
        with self._lock:
            left = tuple(one for one in self._listeners.get(watch, ()) if one is not listener)
            if left:
                self._listeners[watch] = left
            elif self._listeners.pop(watch, None) is not None:
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

    def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._fd)
        os.close(self._fd)


class Instances:
    """The host's instances: made when first needed, each user gets the one that has least to do."""

    __slots__ = ("_held", "_most")

    def __init__(self, most: int = MOST_INSTANCES) -> None:
        self._most = most
        self._held: dict[Inotify, int] = {}

    def take(self) -> tuple[Inotify, Callable[[], None]]:
        """An instance, and what gives it back. Raises `OSError` where the kernel gives not even one."""
        made: Inotify | None = None
        if len(self._held) < self._most:
            try:
                made = Inotify()
            except OSError:
                if not self._held:
                    raise
        if made is not None:
            self._held[made] = 0
        chosen = made or min(self._held, key=lambda one: (self._held[one], len(one)))
        self._held[chosen] += 1
        left = [chosen]
        return chosen, lambda: self._give_back(left.pop()) if left else None

    def _give_back(self, instance: Inotify) -> None:
        self._held[instance] -= 1
        if not self._held[instance]:
            del self._held[instance]
            instance.close()


def _failure() -> OSError:
    code = ctypes.get_errno()
    if code in (errno.ENOSPC, errno.EMFILE):
        return OSError(code, "the host may watch no more directories")
    return OSError(code, os.strerror(code))
