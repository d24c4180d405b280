"""The form without user namespaces: started as root, it becomes the tenant's OS uid under Landlock and seccomp.

Imported, it only writes the plan; run as a program by the host's Python, it carries the plan out on itself and becomes
the supervisor. It must not import anything of ours then.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessions.jail import World

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
SET_SECCOMP, MODE_FILTER, SET_DEATH_SIGNAL, SET_NO_NEW_PRIVILEGES = 22, 2, 1, 38
OLDEST_ABI = 3
"""The first that also rules truncation (Linux 6.2)."""

EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER, TRUNCATE, DEVICE = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
ALL = (1 << 16) - 1
SPECIAL_FILES = 1 << 6 | 1 << 11  # devices
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE
RIGHTS = {
    "read": EXECUTE | READ_FILE | READ_FOLDER,
    "write": ALL & ~SPECIAL_FILES & ~DEVICE,
    "device": READ_FILE | WRITE_FILE | READ_FOLDER | TRUNCATE | DEVICE,
}
SCOPED = 3  # abstract sockets, signals


def plan(world: World, supervisor: list[str], accounted: bool) -> bytes:
    """What `main` is told: JSON, as it crosses an exec."""
    from sessions import jail, seccomp

    told = {
        "owner": world.owner,
        "rules": list(jail.landlock(world)),
        "filter": seccomp.program(sockets=False, shared=False, accounted=accounted).hex(),
        "cwd": str(world.folders[world.cwd]),
        "argv": supervisor,
    }
    return json.dumps(told).encode()


def abi() -> int:
    """Which Landlock this kernel has; 0 for none."""
    return max(int(_libc().syscall(CREATE_RULESET, None, 0, 1)), 0)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def main(fd: int) -> None:
    """Become the supervisor of the plan that `fd` reads as. Every step is checked: one that fails ends it."""
    with open(fd, "rb") as file:
        told = json.loads(file.read())
    _become(told["owner"])
    # Whatever an earlier life of this tenant left behind; the host itself cannot be signalled any more.
    _end_all()
    ruleset = _ruleset(told["rules"])
    _lock(ruleset, bytes.fromhex(told["filter"]))
    os.closerange(3, 1 << 16)
    os.chdir(told["cwd"])
    os.execve(told["argv"][0], told["argv"], {})


def _become(owner: int) -> None:
    parent = os.getppid()
    os.setgroups([])
    os.setresgid(owner, owner, owner)
    os.setresuid(owner, owner, owner)
    # After the change of uid, which clears it.
    _checked(_libc().prctl(SET_DEATH_SIGNAL, 9, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        raise OSError("the host ended")


def _end_all() -> None:
    try:
        os.kill(-1, 9)
    except ProcessLookupError:
        return


def _ruleset(rules: list[tuple[str, str]]) -> int:
    version = abi()
    handled = ALL if version >= 5 else ALL & ~DEVICE
    attributes = (ctypes.c_uint64 * 3)(handled, 3 if version >= 4 else 0, SCOPED if version >= 6 else 0)
    length = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _checked(_libc().syscall(CREATE_RULESET, ctypes.byref(attributes), length, 0), "landlock")
    for path, kind in rules:
        _add(ruleset, path, RIGHTS[kind] & handled)
    return ruleset


def _add(ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not Path("/proc/self/fd", str(fd)).is_dir():
        rights &= FILE_RIGHTS
    rule = (ctypes.c_char * 12).from_buffer_copy(rights.to_bytes(8, "little") + fd.to_bytes(4, "little"))
    _checked(_libc().syscall(ADD_RULE, ruleset, 1, ctypes.byref(rule), 0), f"landlock: {path}")
    os.close(fd)


def _lock(ruleset: int, program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]

    _checked(_libc().prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")
    _checked(_libc().syscall(RESTRICT_SELF, ruleset, 0), "landlock")
    code = Program(len(program) // 8, program)
    _checked(_libc().prctl(SET_SECCOMP, MODE_FILTER, ctypes.byref(code), 0, 0), "seccomp")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except OSError as error:
        sys.exit(f"landlock: {error}")
