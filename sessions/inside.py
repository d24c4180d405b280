"""What the host holds of a running sandbox, opened before anything of the tenant's runs there. It starts nothing."""

from __future__ import annotations

import json
import os
import stat

from sessions import procfs
from sessions.descriptors import Handle
from sessions.procfs import Procfs

MULTIPLEXER = os.makedev(5, 2)
PATH = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Inside:
    """Descriptors of a sandbox, -1 or None for what its form lacks; all of them are of the kernel's own file systems.

    `init` is a pidfd whose end is the end of all in there, `network` its network namespace (which a thread that works
    with it holds open, as the number may soon be another sandbox's), `ptmx` what makes its
    terminals, `shell` the supervisor's pid on this machine, `processes` what runs in it.
    """

    __slots__ = ("_fds", "_first", "init", "network", "processes", "ptmx", "shell")

    def __init__(self, processes: Procfs, shell: int) -> None:
        self.processes = processes
        self.shell = shell
        self._first = 0
        self.init = self.ptmx = -1
        self.network: Handle | None = None
        self._fds: list[int] = []

    def open(self, first: int) -> None:
        """Take hold of the namespaces of process `first`, the one that all others in there descend from."""
        self._first = first
        self.init = self._keep(os.pidfd_open(first))
        self.network = Handle(os.open(f"/proc/{first}/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        self.ptmx = self._keep(os.open(f"/proc/{first}/root/dev/pts/ptmx", PATH))
        found = os.fstat(self.ptmx)
        if not stat.S_ISCHR(found.st_mode) or found.st_rdev != MULTIPLEXER:
            raise OSError("what makes the sandbox's terminals is not a terminal multiplexer")

    def pids(self) -> set[int]:
        """All processes in it, by the numbers of this machine. Blocks: call it in a thread."""
        return procfs.descendants(self._first) if self._first else set(self.processes.pids())

    def _keep(self, fd: int) -> int:
        self._fds.append(fd)
        return fd

    def close(self) -> None:
        self.network = None
        while self._fds:
            os.close(self._fds.pop())


def look(info: int) -> Inside:
    """Into the sandbox whose bubblewrap wrote to the file `info`."""
    first = int(json.loads(os.pread(info, 4096, 0))["child-pid"])
    (shell,) = procfs.children(first)
    made = Inside(Procfs(os.open(f"/proc/{first}/root/proc", FOLDER)), shell)
    try:
        made.open(first)
    except BaseException:
        made.close()
        raise
    return made


def look_around(program: int, owner: int | None, token: bytes | None) -> Inside:
    """At processes of this machine: those of OS uid `owner`, or that carry `token`, below the process `program`."""
    (shell,) = procfs.children(program)
    return Inside(Procfs(os.open("/proc", FOLDER), owner, token), shell)
