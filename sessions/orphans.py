"""What a host that was killed while a sandbox started may leave waiting for ever: none of a tenant's own processes."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from sessions.procfs import read

PROGRAM = b"bwrap"


def end_orphans(folder: Path) -> int:
    """Kill what is left of sandboxes of users whose folders are beneath `folder`; returns how many. It blocks.

    bubblewrap's first process waits until the one above it says that its namespace is ready. When the host is killed
    in that moment, the kernel ends the one above, as it should, and nobody will ever say so.
    """
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return sum(_end(pid, folder) for pid in found if _comm(pid) == PROGRAM)


def _end(pid: int, folder: Path) -> bool:
    with suppress(OSError):  # it has ended, or it is somebody else's
        pidfd = os.pidfd_open(pid)
        try:
            if _is_orphan(pid) and _holds(pid, folder):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                return True
        finally:
            os.close(pidfd)
    return False


def _is_orphan(pid: int) -> bool:
    """Whether it is the first process of a namespace, and what is above it is no bubblewrap."""
    lines = dict(line.split(b":\t", 1) for line in read(f"/proc/{pid}/status").splitlines() if b":\t" in line)
    return lines.get(b"NSpid", b"").split()[1:] == [b"1"] and _comm(int(lines[b"PPid"])) != PROGRAM


def _holds(pid: int, folder: Path) -> bool:
    """Whether a folder beneath `folder` is open in it, as it is until the sandbox is made."""
    beneath = f"{folder.resolve()}/"
    return any(str(link.readlink()).startswith(beneath) for link in Path(f"/proc/{pid}/fd").iterdir())


def _comm(pid: int) -> bytes:
    return read(f"/proc/{pid}/comm").strip()
