"""How large the files may become that a user's processes write, changed while those run. It counts nothing."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterable

from sessions.inside import Inside
from sessions.launch import DROP, SETPRIV
from sessions.supervisor import shell

KIND = resource.RLIMIT_FSIZE
"""A write beyond it fails (EFBIG); what there is can be read, changed in place and deleted."""
SECONDS = 10.0
PRLIMIT = "/usr/bin/prlimit"
EACH = (
    'size=$1; shift; for pid; do $0 --pid "$pid" --fsize="$size" || [ ! -e "/proc/$pid" ] || exit 1; done 2>/dev/null'
)


def limit(inside: Inside, size: int, owner: int | None, *, for_good: bool = False) -> bool:
    """Let no process in there make a file larger than `size` bytes; False where that cannot be had of all of them.

    It can be raised again, also by whoever it holds, up to what a process began with; not where it is `for_good`. A new
    process has the limit of the one that made it, so that none is left once a look around finds no new one. `owner` is
    the OS uid of the processes where that is not the host's own. Blocks: call it in a thread.
    """
    until = time.monotonic() + SECONDS
    done: set[int] = set()
    while new := inside.pids() - done:
        if time.monotonic() > until or not _limit(new, size, owner, for_good):
            return False
        done |= new
    return True


def _limit(pids: Iterable[int], size: int, owner: int | None, for_good: bool) -> bool:
    """As the host; or as the tenant themselves, where this is a root that may not (CAP_SYS_RESOURCE)."""
    try:
        for pid in pids:
            _limit_one(pid, size, for_good)
    except PermissionError:
        return owner is not None and _limit_as(owner, pids, f"{size}:{size if for_good else ''}")
    return True


def _limit_one(pid: int, size: int, for_good: bool) -> None:
    try:
        _, hard = resource.prlimit(pid, KIND)
        soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.prlimit(pid, KIND, (soft, soft if for_good else hard))
    except ProcessLookupError:
        return  # it ended


def _limit_as(owner: int, pids: Iterable[int], size: str) -> bool:
    identity = [f"--reuid={owner}", f"--regid={owner}", *DROP]
    each = [shell(), "-c", EACH, PRLIMIT, size, *map(str, pids)]
    try:
        ended = subprocess.run([SETPRIV, *identity, "--", *each], env={}, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
