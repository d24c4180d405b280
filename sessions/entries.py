"""A name in a directory that is held open, and what is done with it: delete, move, copy. Resolves no path."""

from __future__ import annotations

import errno
import os
import stat

from sessions.descriptors import SPECIAL, Handle, Owner, look, regular, sync_directory, write_all
from sessions.openat2 import DIRECTORY, LOOK, identity
from sessions.paths import Refusal
from sessions.staging import is_visible, sweep
from sessions.trees import (
    Descent,
    Meter,
    put,
    remove_tree,
    unlink,
)


class Entry:
    """`name` in the open directory `parent`: whatever becomes of the path, this is what is changed."""

    __slots__ = ("name", "parent", "path", "slash")

    def __init__(self, path: str, parent: Handle, name: bytes, slash: bool) -> None:
        """`slash`: the path ended in one, so this must be a directory."""
        self.path, self.parent, self.name, self.slash = path, parent, name, slash

    def __enter__(self) -> Entry:
        return self

    def __exit__(self, *_: object) -> None:
        self.parent.close()

    def look(self) -> os.stat_result | None:
        """The state of the entry itself, not of what a link points to; None where there is none."""
        state = look(self.parent.fd, self.name)
        if state and self.slash and not stat.S_ISDIR(state.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return state

    def state(self) -> os.stat_result:
        state = self.look()
        if state is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return state

    def link(self) -> bytes | None:
        """What the entry points to if it is a symbolic link."""
        try:
            return os.readlink(self.name, dir_fd=self.parent.fd)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return None
            raise

    def is_same(self, other: Entry) -> bool:
        return self.name == other.name and identity(self.parent.fd) == identity(other.parent.fd)

    def is_below(self, directory: os.stat_result) -> bool:
        """Whether the entry is in `directory` or somewhere under it."""
        wanted = directory.st_dev, directory.st_ino
        at = Handle(os.dup(self.parent.fd))
        while (here := identity(at.fd)) != wanted:
            above = Handle(os.open(b"..", LOOK, dir_fd=at.fd))
            if identity(above.fd) == here:
                return False
            at = above
        return True


def append(entry: Entry, content: bytes, owner: Owner | None, meter: Meter) -> None:
    """Write at the end of the file, made if need be, which then is for its owner alone."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    state = entry.look()
    if state is not None and not stat.S_ISREG(state.st_mode):
        raise Refusal("NoPermissions", SPECIAL)
    fresh = state is None
    meter.reserve(len(content), int(fresh))
    try:
        with Handle(os.open(entry.name, flags | os.O_CREAT, 0o600, dir_fd=entry.parent.fd)) as file:
            regular(file.fd)
            if fresh and owner:
                os.fchown(file.fd, *owner)
            write_all(file.fd, content)
    except BaseException:
        meter.released(len(content), int(fresh and entry.look() is None))
        raise


def delete(entry: Entry, *, recursive: bool, meter: Meter) -> None:
    if not stat.S_ISDIR(entry.state().st_mode):
        unlink(entry.parent.fd, entry.name, meter)
    elif recursive:
        remove_tree(entry.parent.fd, entry.name, meter)
    else:
        _delete_empty(entry)
        meter.released(0, 1)
    sync_directory(entry.parent.fd)


def _delete_empty(entry: Entry) -> None:
    try:
        os.rmdir(entry.name, dir_fd=entry.parent.fd)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        with Handle(os.open(entry.name, DIRECTORY | os.O_NOFOLLOW, dir_fd=entry.parent.fd)) as directory:
            sweep(directory.fd)  # nobody can see what keeps it, if that is a left-over
        os.rmdir(entry.name, dir_fd=entry.parent.fd)


def check_empty(entry: Entry) -> None:
    """Raises where a directory is not."""
    with Descent(entry.parent.fd, entry.name) as at, os.scandir(at.fd) as found:
        if any(map(is_visible, found)):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))


def check_target(old: Entry, state: os.stat_result, new: Entry, *, overwrite: bool) -> os.stat_result | None:
    """What is at `new` now; raises where `old` must not be put there."""
    existing = new.look()
    if existing and not overwrite:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    if new.slash and not stat.S_ISDIR(state.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if stat.S_ISDIR(state.st_mode) and new.is_below(state):
        raise Refusal("Unavailable", "a directory cannot be put into itself; choose a place outside of it")
    if existing and stat.S_ISDIR(existing.st_mode) and old.is_below(existing):
        raise Refusal("Unavailable", "this would replace a directory that the source is in; choose another target")
    return existing


def move(old: Entry, new: Entry, *, overwrite: bool, meter: Meter) -> None:
    """Rename `old` to `new` within one file system, durably on both sides."""
    state = old.state()
    existing = check_target(old, state, new, overwrite=overwrite)
    if existing and os.path.samestat(existing, state):
        os.unlink(old.name, dir_fd=old.parent.fd)  # two names of one file: rename(2) would do nothing
        meter.released(0, 1)
    else:
        put(old.parent.fd, old.name, new.parent.fd, new.name, overwrite=overwrite, meter=meter)
    sync_directory(new.parent.fd)
    sync_directory(old.parent.fd)
