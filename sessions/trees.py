"""Whole directory trees through one descriptor at a time: no recursion, no paths, no links followed. Knows no users."""

from __future__ import annotations

import errno
import math
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

from sessions.descriptors import Handle, look, share
from sessions.openat2 import DIRECTORY, exchange, identity, rename_exclusively
from sessions.paths import Refusal, shown
from sessions.sharing import in_turns

MAX_ENTRIES = 2_000_000
"""A tree of more entries is neither walked nor copied as a whole."""
_REPEATS = 64  # how often a removal goes back into directories that somebody keeps filling

Wanted = Callable[[os.DirEntry[str]], bool]


class Meter(Protocol):
    """What counts a user's disk. It is called from worker threads, so an implementation needs a lock."""

    def reserve(self, more_bytes: int, more_files: int) -> None:
        """Make room before anything changes, or raise `QuotaExceeded`."""

    def released(self, fewer_bytes: int, fewer_files: int) -> None:
        """So much of what was reserved is free again."""


class Unmetered:
    """A meter that never refuses."""

    __slots__ = ()

    def reserve(self, more_bytes: int, more_files: int) -> None:
        return

    def released(self, fewer_bytes: int, fewer_files: int) -> None:
        return


class Size(NamedTuple):
    """What a tree takes: `st_size` bytes of its files, and its entries of every kind, as each costs an inode."""

    bytes: int
    files: int


class Descent(Handle):
    """A place in a tree that goes down by name and up by `..`, and notices when a directory was moved meanwhile."""

    __slots__ = ("_trail", "names")

    def __init__(self, directory: int, name: bytes = b".") -> None:
        self.fd = -1  # what `__del__` finds if opening fails
        self.fd = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
        self._trail = [identity(self.fd)]
        self.names: list[bytes] = []

    def __enter__(self) -> Descent:
        return self

    def down(self, name: bytes) -> None:
        below = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=self.fd)
        self._stand_in(below)
        self._trail.append(identity(below))
        self.names.append(name)

    def up(self) -> bytes:
        """Go back to where `down` came from; gives the name of the directory just left."""
        above = os.open(b"..", DIRECTORY, dir_fd=self.fd)
        self._stand_in(above)
        self._trail.pop()
        if identity(above) != self._trail[-1]:
            raise Refusal("Unavailable", "a directory in it was moved during the work; try again")
        return self.names.pop()

    def _stand_in(self, directory: int) -> None:
        os.close(self.fd)
        self.fd = directory


def visit(at: Descent, wanted: Wanted, limit: float = MAX_ENTRIES, *, whole: bool = True) -> Iterator[os.DirEntry[str]]:
    """Every wanted entry below `at`, a directory before what it holds; meanwhile `at` stands where the entry is.

    After `limit` entries it refuses to go on. A directory that may not be read is left out, or refused where the
    `whole` is asked for.
    """
    seen = 0
    pending: list[list[bytes]] = []
    while True:
        pending.append([])
        with os.scandir(at.fd) as entries:
            for entry in entries:
                seen += 1
                if seen > limit:
                    raise Refusal("Unavailable", f"it holds more than {limit} entries; take a part of it")
                if wanted(entry):
                    if entry.is_dir(follow_symlinks=False):
                        pending[-1].append(os.fsencode(entry.name))
                    yield entry
        if not _next(at, pending, whole):
            return


def _next(at: Descent, pending: list[list[bytes]], whole: bool) -> bool:
    """Go on to the next directory that is still there, climbing where a level is done."""
    while True:
        while pending[-1]:
            name = pending[-1].pop()
            try:
                at.down(name)
            except (FileNotFoundError, NotADirectoryError):
                continue  # removed or replaced since it was listed
            except PermissionError as error:
                if not whole:
                    continue
                where = shown(os.fsdecode(b"/".join([*at.names, name])))
                raise Refusal(
                    "NoPermissions", f"the directory {where} in it may not be read; change its mode"
                ) from error
            return True
        pending.pop()
        if not pending:
            return False
        at.up()


def measure(
    at: Descent,
    wanted: Wanted,
    weigh: Callable[[os.stat_result], int] = share,
    limit: float = math.inf,
    enough: Size | None = None,
) -> Size:
    """What everything wanted below `at` takes, its bytes as `weigh` says; it ends early where it is over `enough`."""
    size = files = 0
    for state in in_turns(_states(visit(at, wanted, limit))):
        size += weigh(state)
        files += 1
        if enough is not None and (size > enough.bytes or files > enough.files):
            break
    return Size(size, files)


def _states(entries: Iterable[os.DirEntry[str]]) -> Iterator[os.stat_result]:
    for entry in entries:
        with suppress(FileNotFoundError):  # removed since it was listed
            yield entry.stat(follow_symlinks=False)


def remove(directory: int, name: bytes, meter: Meter) -> None:
    """Remove whatever `name` is; a directory with everything in it."""
    if stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        remove_tree(directory, name, meter)
    else:
        unlink(directory, name, meter)


def unlink(directory: int, name: bytes, meter: Meter) -> None:
    state = os.stat(name, dir_fd=directory, follow_symlinks=False)
    os.unlink(name, dir_fd=directory)
    meter.released(share(state), 1)


def remove_tree(directory: int, name: bytes, meter: Meter) -> None:
    """Remove the directory `name` and everything below it; links are removed, not followed."""
    repeats = 0
    with Descent(directory) as at:
        at.down(name)
        pending = [[], _strip(at.fd, meter)]
        while len(pending) > 1 or pending[0]:
            if _go_down(at, pending[-1]):
                pending.append(_strip(at.fd, meter))
            elif len(pending) > 1:
                pending.pop()
                left = at.up()
                if not _rmdir(at.fd, left, meter):
                    repeats += 1
                    pending[-1].append(left)
            if repeats > _REPEATS:
                raise Refusal("Unavailable", "something keeps filling it; stop that and try again")


def _go_down(at: Descent, names: list[bytes]) -> bool:
    while names:
        try:
            at.down(names.pop())
        except (FileNotFoundError, NotADirectoryError):
            continue  # if something took its place, the directory above is not empty and gets another turn
        return True
    return False


def _strip(directory: int, meter: Meter) -> list[bytes]:
    """Remove what is no directory in `directory`; gives the names of those."""
    directories = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                directories.append(os.fsencode(entry.name))
                continue
            try:
                unlink(directory, os.fsencode(entry.name), meter)
            except FileNotFoundError:
                continue  # somebody else was faster
    return directories


def _rmdir(directory: int, name: bytes, meter: Meter) -> bool:
    """Whether `name` is gone now; False if it is not empty."""
    try:
        os.rmdir(name, dir_fd=directory)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    meter.released(0, 1)
    return True


def put(source: int, name: bytes, target: int, new_name: bytes, *, overwrite: bool, meter: Meter) -> None:
    """Rename an entry into place; with `overwrite` what is there is replaced, a directory with all that it holds."""
    if not overwrite:
        rename_exclusively(name, new_name, source_fd=source, target_fd=target)
        return
    replaced = look(target, new_name)
    try:
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR):
            raise
        _put_over(source, name, target, new_name, meter)
    else:
        if replaced:
            meter.released(share(replaced), 1)


def _put_over(source: int, name: bytes, target: int, new_name: bytes, meter: Meter) -> None:
    """Replace what rename(2) does not; at no moment is there neither of the two, where the file system can exchange."""
    if exchange(name, new_name, source_fd=source, target_fd=target):
        remove(source, name, meter)
    else:
        remove(target, new_name, meter)
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
