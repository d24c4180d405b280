"""A file that is written in pieces and appears at once, where an entry that is held open says. Resolves no path."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from types import TracebackType

from sessions.descriptors import Owner, settle, share, sync_directory, write_all
from sessions.entries import Entry
from sessions.errors import FileSystemError
from sessions.openat2 import rename_exclusively
from sessions.paths import Refusal, Told, shown
from sessions.staging import Staged
from sessions.trees import Meter


class Replacement:
    """A file being written beside the one that it replaces: after `commit` everybody sees all of it, before it none.

    As a context manager it commits when the body ends and aborts when it raises; aborted, it leaves nothing.
    """

    __slots__ = ("_entry", "_meter", "_old", "_overwrite", "_owner", "_paid", "_staged", "size")

    def __init__(self, entry: Entry, owner: Owner | None, meter: Meter, *, overwrite: bool) -> None:
        """`entry` is closed at the end. Without `overwrite` nothing may be there, neither now nor at the commit."""
        self._staged: Staged | None = None
        self._entry, self._owner, self._meter, self._overwrite = entry, owner, meter, overwrite
        self.size = 0
        self._old = entry.look()
        if self._old:
            _check(self._old, entry, overwrite)
        self._paid = share(self._old) if self._old else 0
        meter.reserve(0, 0 if self._old else 1)
        try:
            self._staged = Staged(entry.parent, 0o600 if self._old else 0o666)
        except BaseException:
            meter.released(0, 0 if self._old else 1)
            raise

    def __enter__(self) -> Replacement:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.commit() if kind is None else self.abort()

    def write(self, content: bytes | memoryview) -> None:
        """Append `content`; raises `QuotaExceeded` before a byte of it is written."""
        staged = self._open()
        grown = self.size + len(content)
        if grown > self._paid:
            self._meter.reserve(grown - self._paid, 0)
            self._paid = grown
        with Told(self._entry.path):
            write_all(staged.fd, content)
        self.size = grown

    def commit(self) -> None:
        """Make it durable, then put it in place: when this returns it is there also after a power cut."""
        staged = self._open()
        try:
            with Told(self._entry.path):
                self._settle(staged.fd)
                os.fsync(staged.fd)
                self._place(staged.name)
        except BaseException:
            self.abort()
            raise
        staged.close()
        with self._entry, Told(self._entry.path):
            self._meter.released(self._paid - self.size, 0)
            sync_directory(self._entry.parent.fd)

    def abort(self) -> None:
        """Give up: nothing changes. Does nothing after a commit."""
        if self._staged is not None and self._staged.fd >= 0:
            self._staged.discard()
            self._entry.parent.close()
            self._meter.released(self._paid - (share(self._old) if self._old else 0), 0 if self._old else 1)

    def __del__(self) -> None:
        self.abort()

    def _open(self) -> Staged:
        if self._staged is None or self._staged.fd < 0:
            raise FileSystemError.unavailable(f"{shown(self._entry.path)}: this writing has ended; begin another")
        return self._staged

    def _settle(self, fd: int) -> None:
        """The owner and the mode of the file that goes, without setuid and setgid."""
        old = self._old
        if self._owner:
            os.fchown(fd, *self._owner)
        elif old and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):  # not root: then it is ours from now on
                os.fchown(fd, old.st_uid, old.st_gid)
        if old:
            settle(fd, old.st_mode, None)

    def _place(self, staged: bytes) -> None:
        at, name = self._entry.parent.fd, self._entry.name
        if self._overwrite:
            os.rename(staged, name, src_dir_fd=at, dst_dir_fd=at)
        else:
            rename_exclusively(staged, name, source_fd=at, target_fd=at)


def _check(old: os.stat_result, entry: Entry, overwrite: bool) -> None:
    """Refuse to replace what is no file, or a file that its own mode protects."""
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not overwrite:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    if not stat.S_ISREG(old.st_mode):
        raise Refusal("NoPermissions", "a FIFO, socket or device cannot be written; name a file")
    if not old.st_mode & stat.S_IWUSR:
        raise Refusal("NoPermissions", f"its mode {old.st_mode & 0o777:04o} is read-only; make it writable first")
    if os.geteuid() not in (0, old.st_uid):  # replacing needs only the directory, changing it in place would not do
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(entry.name, flags, dir_fd=entry.parent.fd))
