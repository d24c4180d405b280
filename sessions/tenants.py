"""Which OS uid a user has where the host runs as root: given once, durably, and never to anybody else."""

from __future__ import annotations

import errno
import os
import pwd
import secrets
import threading
from pathlib import Path

from sessions.current import UID
from sessions.errors import StoreError

BASE = 200_000
HOSTS = range(1_879_048_192, 2_147_000_000, 4_096)
"""Where a host's own begin, one of these by chance: nothing else gives numbers from there, and of two hosts on one
machine each has others, as one user could end another's processes else."""
FILE = "tenants"
HIGHEST = (1 << 31) - 1


class Tenants:
    """The list of them in `folder/tenants`: a line for each, `<OS uid> <user>`, only ever added to.

    A line is on the disk before its number is given out. All methods block: call them in a thread. One host at a time.
    """

    __slots__ = ("_base", "_lock", "_owners", "_path")

    def __init__(self, folder: Path, base: int = BASE) -> None:
        if base <= 0:
            raise ValueError("base: a tenant is never OS uid 0; choose a base above all uids of the machine")
        self._path = folder / FILE
        self._base = base
        self._lock = threading.Lock()
        self._owners: dict[str, int] | None = None

    def owner(self, uid: str) -> int:
        """The OS uid, and gid, of that user: the one they always had, or a new one."""
        with self._lock:
            owners = self._owners = self._read() if self._owners is None else self._owners
            if uid not in owners:
                number = self._free(max(owners.values(), default=None) or self._first())
                self._owners = None  # if the next line fails, only the disk knows what is there
                self._append(f"{number} {uid}\n".encode())
                owners[uid] = number
                self._owners = owners
            return owners[uid]

    def _first(self) -> int:
        """Below the first one of a new host; in a container that has few of them, as low as they may be."""
        first = secrets.choice(HOSTS)
        return first if is_usable(first + HOSTS.step) else self._base

    def _free(self, last: int) -> int:
        """The next number that this machine can use and nobody on it has."""
        number = last + 1
        while after := taken_until(number):
            number = after
        if not is_usable(number):
            raise StoreError(f"OS uid {number} cannot be used here: give this container more of them (uid_map)")
        return number

    def _read(self) -> dict[str, int]:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        if lines.pop():  # a line that a power cut left half written: its number was never given out
            self._cut(sum(len(line) + 1 for line in lines))
        owners = dict(self._parsed(line.decode("ascii", "replace")) for line in lines)
        if len(set(owners.values())) < len(lines):
            raise StoreError(f"{self._path} names somebody twice: restore it from a backup, as files belong to them")
        return owners

    def _parsed(self, line: str) -> tuple[str, int]:
        number, _, uid = line.partition(" ")
        if not (number.isdecimal() and self._base < int(number) <= HIGHEST and UID.fullmatch(uid)):
            raise StoreError(
                f"{self._path} is damaged at {line[:100]!r}: restore it from a backup, as files belong to those"
            )
        return uid, int(number)

    def _cut(self, length: int) -> None:
        with self._path.open("r+b") as file:
            file.truncate(length)
            os.fsync(file.fileno())

    def _append(self, line: bytes) -> None:
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            length = os.fstat(fd).st_size
            if os.write(fd, line) < len(line):
                os.ftruncate(fd, length)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(fd)
        except OSError as error:
            raise StoreError(f"a new user cannot be given an OS uid: {error.strerror}; free some space") from error
        finally:
            os.close(fd)
        sync_folder(self._path.parent)


def taken_until(number: int) -> int:
    """The number to try next if this machine knows `number` already, as a user or for somebody's containers; else 0."""
    for first, count in subordinate():
        if first <= number < first + count:
            return first + count
    try:
        pwd.getpwuid(number)
    except KeyError:
        return 0
    return number + 1


def subordinate(path: Path = Path("/etc/subuid")) -> list[tuple[int, int]]:
    """The ranges that users of this machine may use in containers of their own, as (first, count)."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    fields = [line.split(":") for line in lines if line.count(":") == 2]
    return [(int(first), int(count)) for _, first, count in fields if first.isdecimal() and count.isdecimal()]


def is_usable(number: int) -> bool:
    """Whether the user namespace that the host itself is in has that uid."""
    lines = Path("/proc/self/uid_map").read_text().splitlines()
    ranges = [(int(first), int(count)) for first, _, count in map(str.split, lines)]
    return any(first <= number < first + count for first, count in ranges)


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
