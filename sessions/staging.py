"""New files and directories under a hidden name until they take their place whole, or are gone. Resolves no path."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from secrets import token_hex

from sessions.descriptors import Handle
from sessions.openat2 import DIRECTORY, READ
from sessions.paths import HIDDEN, Refusal
from sessions.sharing import in_turns
from sessions.trees import Unmetered, remove

_TRIES = 16


def is_visible(entry: os.DirEntry[str]) -> bool:
    """Whether users are shown it: what has a hidden name is being written, or was left behind by a killed host."""
    return is_visible_name(entry.name)


def is_visible_name(name: str) -> bool:
    """As `is_visible`, by the name alone."""
    return not name.startswith(".roost-") or HIDDEN.fullmatch(os.fsencode(name)) is None


class Staged(Handle):
    """Something new in `directory` under the hidden `name`, open and locked as `fd`."""

    __slots__ = ("_directory", "name")

    def __init__(self, directory: Handle, mode: int | None) -> None:
        """A new file with `mode`, less the umask; a new directory where it is None."""
        super().__init__(-1)
        self._directory = directory
        for _ in range(_TRIES):
            self.name = b".roost-%s.tmp" % token_hex(8).encode()
            if self._begin(mode):
                return
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def _begin(self, mode: int | None) -> bool:
        """False if it was taken for a left-over between its making and its lock."""
        try:
            self.fd = _new(self._directory.fd, self.name, mode)
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, BlockingIOError):
            self.close()
            return False
        except OSError as error:
            if self.fd < 0 or error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF):
                raise
        if os.fstat(self.fd).st_nlink:
            return True
        self.close()
        return False

    def discard(self) -> None:
        """Remove it, with all that is in it; does nothing once it is closed."""
        if self.fd >= 0:
            with suppress(OSError, Refusal):  # whoever gave up has the better reason to tell; a sweep takes what stays
                remove(self._directory.fd, self.name, Unmetered())
            self.close()


def _new(directory: int, name: bytes, mode: int | None) -> int:
    if mode is not None:
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode, dir_fd=directory)
    os.mkdir(name, 0o700, dir_fd=directory)
    return os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)


def sweep(directory: int) -> None:
    """Remove what a killed host left in `directory`."""
    with os.scandir(directory) as entries:
        names = [os.fsencode(entry.name) for entry in in_turns(entries) if not is_visible(entry)]
    for name in names:
        is_staged(directory, name)


def is_staged(directory: int, name: bytes) -> bool:
    """Whether somebody is writing `name`, a hidden one, at this moment; if nobody is, it is removed."""
    try:
        with Handle(os.open(name, READ | os.O_NOFOLLOW, dir_fd=directory)) as found:
            fcntl.flock(found.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(directory, name, Unmetered())
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link or a socket, which we never stage
            with suppress(OSError):
                os.unlink(name, dir_fd=directory)
    return False
