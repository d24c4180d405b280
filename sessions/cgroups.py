"""Limits that the kernel keeps for a user's processes together: cgroup v2, where a part of the tree is ours."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from sessions.launch import Limits

MOUNT = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "memory", "pids")
WEIGHT = 50
"""Of the CPU for all users' processes together, where the host has 100."""

REMOVE_SECONDS = 5.0


class Cgroup:
    """The group of one sandbox; `procs` is the file to which a process writes 0 to be in it."""

    __slots__ = ("_folder", "procs")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.procs = str(folder / "cgroup.procs")

    def remove(self) -> None:
        """Kill whatever is still in it, then take it away. Blocks: call it in a thread."""
        until = time.monotonic() + REMOVE_SECONDS
        while self._folder.exists():
            try:
                _write(self._folder / "cgroup.kill", "1")
                self._folder.rmdir()
            except OSError:  # the dead are still being taken away
                if time.monotonic() > until:
                    return


class Cgroups:
    """The part of the tree that is ours: `base/host` holds the host, `base/users/<name>` a sandbox each."""

    __slots__ = ("_users",)

    def __init__(self, base: Path, controllers: Iterable[str] = CONTROLLERS) -> None:
        """Prepare `base`. Raises `OSError` where that is not allowed."""
        enable = " ".join(f"+{name}" for name in controllers)
        _leave(base)
        self._users = base / "users"
        self._users.mkdir(exist_ok=True)
        if enable:
            _write(base / "cgroup.subtree_control", enable)
            _write(self._users / "cgroup.subtree_control", enable)
            _write(self._users / "cpu.weight", str(WEIGHT))

    def create(self, limits: Limits) -> Cgroup:
        """A new group with those limits. Raises `OSError`."""
        folder = Path(tempfile.mkdtemp(prefix="user-", dir=self._users))
        for file, value in settings(limits).items():
            if (folder / file).exists():
                _write(folder / file, value)
        return Cgroup(folder)


def settings(limits: Limits) -> dict[str, str]:
    """What is written to a group. At its most memory the kernel kills the process that holds most of it, not all."""
    most = {"memory.max": limits.memory, "pids.max": limits.processes}
    known = {file: str(value) for file, value in most.items() if value is not None}
    return known | ({"memory.swap.max": "0"} if limits.memory is not None else {})


def find(mount: Path = MOUNT, own: Path = Path("/proc/self/cgroup")) -> Cgroups | None:
    """Our part of the tree, or None where there is no cgroup v2 with memory and pids that we may divide."""
    try:
        line = next(line for line in own.read_text().splitlines() if line.startswith("0::"))
        base = mount / line[3:].strip().lstrip("/")
        # Where a service manager put us into a part of our own already, the whole is one up.
        base = base.parent if base.name == "host" else base
        offered = (base / "cgroup.controllers").read_text().split()
        if not {"memory", "pids"} <= set(offered):
            return None
        return Cgroups(base, [name for name in CONTROLLERS if name in offered])
    except (OSError, StopIteration):
        return None


def _leave(base: Path) -> None:
    """Go down into `base/host`: a group with processes of its own cannot be divided. Only if we are alone in it."""
    inside = (base / "cgroup.procs").read_text().split()
    if not inside:
        return
    if inside != [str(os.getpid())]:
        raise OSError(f"{base} has processes that are not ours")
    (base / "host").mkdir(exist_ok=True)
    _write(base / "host" / "cgroup.procs", "0")


def _write(path: Path, value: str) -> None:
    with path.open("w") as file:
        file.write(value)
