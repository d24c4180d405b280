"""The processes of one sandbox, read and killed through its /proc. Everything read there is the tenant's word."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from sessions.descriptors import weight

READ_BYTES = 65536
ENVIRON_BYTES = 512 << 10
"""More than a command can be given, as its mark may be the last thing in there."""
RECENT = 320
"""Children among which a new one is looked for: more than may have been started since, on a loop that was late."""


class Stat(NamedTuple):
    """One process by the numbers of its own namespace; `session` is the process that began its terminal session."""

    pid: int
    parent: int
    session: int


class Procfs:
    """A view of /proc, `fd` being its folder: the sandbox's own, or the host's where a sandbox has none.

    `owner` narrows the host's to one OS uid, `token` to processes that carry those bytes in their environment.
    All of it blocks for tens of microseconds a process: call it in a thread.
    """

    __slots__ = ("_fd", "_owner", "_token")

    def __init__(self, fd: int, owner: int | None = None, token: bytes | None = None) -> None:
        self._fd = fd
        self._owner = owner
        self._token = token

    def __del__(self) -> None:
        # Not sooner: a thread that still works with the number must never find another folder behind it.
        os.close(self._fd)

    def pids(self) -> list[int]:
        """Every process of the sandbox that is there, dead ones that nobody waited for among them."""
        # Opened anew: threads that list by one descriptor share its position, and each misses what the other took.
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            found = [int(name) for name in os.listdir(folder) if name.isdecimal()]  # noqa: PTH208 - by descriptor
        finally:
            os.close(folder)
        return [pid for pid in found if self._is_mine(pid)]

    def _is_mine(self, pid: int) -> bool:
        if self._owner is not None:
            return self._field(pid, b"Uid:") == self._owner
        return self._token is None or self.carries(pid, self._token)

    def read(self, pid: int, name: str) -> bytes:
        """What `/proc/<pid>/<name>` says."""
        return read(f"{pid}/{name}", self._fd)

    def _field(self, pid: int, name: bytes) -> int:
        """The first number of a line of `status`; -1 where there is none, 0 memory for a process without any."""
        _, found, rest = self.read(pid, "status").partition(b"\n" + name)
        return int(rest.split(None, 1)[0]) if found else -1

    def carries(self, pid: int, token: bytes) -> bool:
        """Whether the environment that the process began with holds `token`: all of a variable, not only its start."""
        return b"\0" + token + b"\0" in b"\0" + read(f"{pid}/environ", self._fd, ENVIRON_BYTES)

    def stats(self, pids: Iterable[int] | None = None) -> Iterator[Stat]:
        """Those that run, of these or of all; a dead process that waits for its parent does not."""
        for pid in self.pids() if pids is None else pids:
            # The name stands in brackets and may itself hold brackets, spaces and line ends.
            fields = self.read(pid, "stat").rpartition(b")")[2].split()
            if len(fields) > 4 and fields[0] not in (b"Z", b"X"):
                yield Stat(pid, int(fields[1]), int(fields[3]))

    def session(self, pid: int) -> int:
        """The process that began the terminal session of this one; -1 if it is gone."""
        fields = self.read(pid, "stat").rpartition(b")")[2].split()
        return int(fields[3]) if len(fields) > 3 else -1

    def tree(self, root: int, token: bytes | None = None) -> set[int]:
        """`root`, its terminal session, its descendants, and whoever carries `token` although it left them."""
        running = list(self.stats())
        found = {stat.pid for stat in running if stat.session == root or stat.pid == root}
        if token is not None:
            found |= {stat.pid for stat in running if stat.pid not in found and self.carries(stat.pid, token)}
        while more := {stat.pid for stat in running if stat.parent in found and stat.pid not in found}:
            found |= more
        return found

    def kill(self, choose: Callable[[], set[int]], seconds: float = 2.0) -> bool:
        """Kill what `choose` says until it says nothing: False if they multiply faster than that for `seconds`."""
        until = time.monotonic() + seconds
        while found := choose():
            if time.monotonic() > until:
                return False
            for pid in found:
                self.signal(pid, signal.SIGKILL)
        return True

    def signal(self, pid: int, number: int) -> None:
        """Send a signal; a process that is gone already is no error. Its folder in /proc stands for the process."""
        try:
            fd = os.open(str(pid), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        except OSError:
            return
        try:
            if self._is_mine(pid):
                signal.pidfd_send_signal(fd, number)
        except OSError:
            return
        finally:
            os.close(fd)

    def relieve(self, limit: int, pids: Iterable[int]) -> None:
        """Kill the largest processes until the rest hold at most `limit` bytes; `pids` are all that there are."""
        if sum(map(self._resident, pids)) <= limit:
            return
        held = self.fair_memory()
        while sum(held.values()) > limit:
            largest = max(held, key=lambda pid: held[pid])
            self.signal(largest, signal.SIGKILL)
            del held[largest]

    def step_back(self, nice: Callable[[int], int], pids: Iterable[int]) -> None:
        """Put the terminal sessions of these processes as far behind the host as `nice` says, as it does within one.

        Where the kernel shares the processor among such sessions first (`autogroups`), nice alone would mean nothing
        to the host; whoever may set it may set it back, and begin new ones. So it is done again and again.
        """
        for session, pid in {found.session: found.pid for found in self.stats(pids)}.items():
            if (told := self.read(pid, "autogroup")) and not told.endswith(b" nice %d\n" % nice(session)):
                write(f"{pid}/autogroup", b"%d" % nice(session), self._fd)

    def step_back_alone(self, pid: int, nice: Callable[[int], int]) -> bool:
        """The same for the session that a process leads; False where it leads none yet."""
        leads = self.session(pid) == pid
        if leads:
            self.step_back(nice, [pid])
        return leads

    def ran(self) -> frozenset[tuple[int, bytes]]:
        """Every process with the time that it and its dead children took: the same again means that nothing ran."""
        stats = {pid: self.read(pid, "stat").rpartition(b")")[2].split() for pid in self.pids()}
        return frozenset((pid, b" ".join(fields[11:15])) for pid, fields in stats.items())

    def unlinked(self, device: int) -> int:
        """Bytes on `device` of files that have no name any more, and are only open in some process."""
        found: dict[int, int] = {}
        for pid in self.pids():
            found |= self._unlinked(pid, device)
        return sum(found.values())

    def _unlinked(self, pid: int, device: int) -> dict[int, int]:
        found: dict[int, int] = {}
        try:
            folder = os.open(f"{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        except OSError:
            return found
        try:
            for name in os.listdir(folder):  # noqa: PTH208 - by descriptor
                with suppress(OSError):  # closed since
                    state = os.stat(name, dir_fd=folder)
                    if stat.S_ISREG(state.st_mode) and not state.st_nlink and state.st_dev == device:
                        found[state.st_ino] = weight(state)
        except OSError:
            return found  # it ended
        finally:
            os.close(folder)
        return found

    def memory(self) -> dict[int, int]:
        """Bytes that each process holds alone or shares in memory; files that it maps do not count. An upper bound."""
        return {pid: self._resident(pid) for pid in self.pids()}

    def _resident(self, pid: int) -> int:
        lines = self.read(pid, "status").split(b"\n")
        return sum(int(line.split()[1]) for line in lines if line.startswith((b"RssAnon:", b"RssShmem:"))) * 1024

    def fair_memory(self) -> dict[int, int]:
        """As `memory`, with what several share counted once; some ten times slower."""
        return {pid: self._proportional(pid) for pid in self.pids()}

    def _proportional(self, pid: int) -> int:
        lines = self.read(pid, "smaps_rollup").split(b"\n")
        return sum(int(line.split()[1]) for line in lines if line.startswith((b"Pss_Anon:", b"Pss_Shmem:"))) * 1024


def descendants(first: int) -> set[int]:
    """`first` and all that descend from it, by the numbers of this machine."""
    found: set[int] = set()
    pending = [first]
    while pending:
        pid = pending.pop()
        if pid not in found:
            found.add(pid)
            pending += _begotten(pid)
    return found


def _begotten(pid: int) -> list[int]:
    """The children of every thread of a process."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - of /proc
    except OSError:
        return []
    return [int(child) for thread in threads for child in read(f"/proc/{pid}/task/{thread}/children").split()]


def children(pid: int) -> list[int]:
    """The children of a process of this machine, the newest last, dead ones that nobody waited for among them."""
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def open_child(parent: int, inner: int) -> int:
    """A pidfd of the newest children of `parent` that calls itself `inner` in its own namespace; -1 if none does.

    None does where it has ended and `parent` has waited for it. Of those that it has not waited for, the number stays
    theirs, so that it cannot be another process by the time it is opened.
    """
    for pid in reversed(children(parent)[-RECENT:]):
        if inner_pid(pid) == inner:
            try:
                fd = os.pidfd_open(pid)
            except ProcessLookupError:  # it has ended since, and was waited for
                return -1
            if inner_pid(pid) == inner:
                return fd
            os.close(fd)
    return -1


def inner_pid(pid: int) -> int:
    """What a process of this machine is called in its own namespace; -1 if it is gone."""
    _, found, rest = read(f"/proc/{pid}/status").partition(b"\nNSpid:")
    return int(rest.split(b"\n", 1)[0].split()[-1]) if found else -1


def autogroups() -> bool:
    """Whether the kernel shares the processor among terminal sessions, and only within one by nice."""
    return read("/proc/sys/kernel/sched_autogroup_enabled").strip() == b"1"


def write(path: str, content: bytes, folder: int) -> None:
    """Write to a file of /proc; one that is gone or not to be written stays as it is."""
    with suppress(OSError):
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.write(fd, content)
        finally:
            os.close(fd)


def read(path: str, folder: int | None = None, most: int = READ_BYTES) -> bytes:
    """A file of /proc, up to `most` bytes; nothing where it is gone or not to be read. It never waits."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return b""
    try:
        return os.read(fd, most)
    except OSError:
        return b""
    finally:
        os.close(fd)
