"""Starting a program beside the loop. Python's own way keeps the interpreter until the program has begun.

That stops every user for 4 ms and more on a busy machine; posix_spawn through ctypes keeps only its own thread.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from typing import Any

FIRST = 3
"""The number that the first of the inherited descriptors has in the program."""

FLAGS = 0x04 | 0x08 | 0x80
"""POSIX_SPAWN_SETSIGDEF, _SETSIGMASK, and _SETSID, or the operator's terminal would be the program's too."""


class Program:
    """One that leads a session of its own: `pid`, and whether it was waited for."""

    __slots__ = ("is_buried", "pid")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.is_buried = False

    def kill(self) -> None:
        """Kill it and its process group, unless it is dead and was waited for."""
        if not self.is_buried:
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait for its end, and take the dead away. It blocks."""
        if not self.is_buried:
            os.waitpid(self.pid, 0)
            self.is_buried = True


async def start(argv: Sequence[str], stdio: int, given: Sequence[int]) -> Program:
    """Start `argv` with no environment, `stdio` as its 0, 1 and 2, `given` from 3 on, and no other descriptor.

    It may die with the thread that started it: that is one which lasts as long as the host. Raises `OSError`. Whoever
    is cancelled meanwhile hears of it when it has started, as the descriptors are theirs.
    """
    starting = asyncio.wrap_future(_starter().submit(_spawn, argv, stdio, given))
    cancelled: asyncio.CancelledError | None = None
    while not starting.done():
        try:
            await asyncio.wait({starting})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return Program(starting.result())
    if starting.exception() is None:
        program = Program(starting.result())
        program.kill()
        await asyncio.to_thread(program.wait)
    raise cancelled


@cache
def _starter() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "starter")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _spawn(argv: Sequence[str], stdio: int, given: Sequence[int]) -> int:
    libc = _libc()
    actions, attributes = ctypes.create_string_buffer(512), ctypes.create_string_buffer(1024)  # larger than any libc's
    signals = ctypes.create_string_buffer(128)
    with ExitStack() as rest:
        _must(libc.posix_spawn_file_actions_init(actions))
        rest.callback(libc.posix_spawn_file_actions_destroy, actions)
        _must(libc.posix_spawnattr_init(attributes))
        rest.callback(libc.posix_spawnattr_destroy, attributes)
        libc.sigemptyset(signals)
        _must(libc.posix_spawnattr_setsigmask(attributes, signals))
        libc.sigfillset(signals)  # Python ignores some, and `&` and nohup others: Ctrl+C would do nothing in there
        _must(libc.posix_spawnattr_setsigdefault(attributes, signals))
        _must(libc.posix_spawnattr_setflags(attributes, ctypes.c_short(FLAGS)))
        free = FIRST + len(given)
        for at, fd in enumerate([stdio, stdio, stdio, *given]):
            above = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, free)  # or one would be overwritten before it is taken
            rest.callback(os.close, above)
            _must(libc.posix_spawn_file_actions_adddup2(actions, above, at))
        _close_from(libc, actions, free)
        pid = ctypes.c_int()
        words = (ctypes.c_char_p * (len(argv) + 1))(*map(os.fsencode, argv), None)
        nothing = (ctypes.c_char_p * 1)(None)
        _must(libc.posix_spawn(ctypes.byref(pid), os.fsencode(argv[0]), actions, attributes, words, nothing), argv[0])
    return pid.value


def _close_from(libc: ctypes.CDLL, actions: Any, first: int) -> None:
    """All descriptors from `first` on: most close by themselves, but not what the host inherited."""
    try:
        close_from = libc.posix_spawn_file_actions_addclosefrom_np
    except AttributeError:  # before glibc 2.34
        for fd in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - of /proc
            if fd >= first:
                _must(libc.posix_spawn_file_actions_addclose(actions, fd))
    else:
        _must(close_from(actions, first))


def _must(error: int, name: str | None = None) -> None:
    if error:
        raise OSError(error, os.strerror(error), name)
