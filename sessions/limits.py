"""How much a user's processes may take, and how a shell says so to itself. The cgroup's part is in `cgroups`."""

from __future__ import annotations

import resource
from dataclasses import dataclass

SPARE_PROCESSES = 16
FILE_UNITS = {"dash": 512, "ash": 512, "bash": 1024}
"""Bytes that one step of `ulimit -f` is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one user's processes may take, of the first two all of them together; None is no limit of ours."""

    processes: int | None = 512
    memory: int | None = 4 << 30
    """Bytes."""
    file_bytes: int | None = 10 << 30
    """The largest file that a process may write."""
    open_files: int = 4096
    """For each process."""
    nice: int = 10
    """Steps behind the host, 0 to 19."""


def ulimits(limits: Limits | None, shell: str) -> str:
    """Commands with which the supervisor limits itself, and so all that it starts.

    Inside, where the number of processes counts for this sandbox alone; never above what the host itself has.
    """
    if limits is None:
        return ""
    wanted = {"-c": 0, "-n": lower(limits.open_files, resource.RLIMIT_NOFILE)}
    if limits.file_bytes is not None:
        wanted["-f"] = lower(limits.file_bytes, resource.RLIMIT_FSIZE) // FILE_UNITS[shell]
    if limits.processes is not None:
        wanted[process_flag(shell)] = lower(limits.processes + SPARE_PROCESSES, resource.RLIMIT_NPROC)
    return "".join(f"ulimit {flag} {value} && " for flag, value in wanted.items())


def lower(wanted: int, kind: int) -> int:
    """What is wanted, or the host's own hard limit where that is lower."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def process_flag(shell: str) -> str:
    """What `ulimit` calls the number of processes."""
    return "-u" if shell == "bash" else "-p"
