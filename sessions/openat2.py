"""Opening a path inside a root as a chroot would: by the kernel, or name by name where it cannot. Knows no users."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

Resolve = Callable[[int, bytes, int], int]
"""(root descriptor, path inside that root, open flags) -> a new descriptor. Never creates, never leaves the root."""

READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
DIRECTORY = READ | os.O_DIRECTORY
LOOK = os.O_PATH | os.O_CLOEXEC
LOOK_AT_LINK = LOOK | os.O_NOFOLLOW

TRIES = 64
"""How often a resolution is begun again when a rename somewhere got in its way."""
MAX_LINKS = 40
"""The kernel's own limit of symbolic links in one resolution."""

_OPENAT2 = 437  # the same number on every architecture
_NO_MAGIC_LINKS, _IN_ROOT = 0x02, 0x10  # RESOLVE_* of <linux/openat2.h>
_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall  # without argtypes, which cost a fifth of a call
_syscall.restype = ctypes.c_long
_HOW_SIZE = ctypes.c_size_t(24)


def _how(flags: int) -> bytes:
    """`struct open_how`: flags, mode, resolve."""
    return struct.pack("=QQQ", flags, 0, _NO_MAGIC_LINKS | _IN_ROOT)


_HOWS = {flags: _how(flags) for flags in (READ, DIRECTORY, LOOK, LOOK_AT_LINK)}


def openat2(root: int, path: bytes, flags: int) -> int:
    """Open by openat2(2) with RESOLVE_IN_ROOT; `path` must hold no NUL, for C would end it there.

    The kernel gives up at a `..` if anybody on the machine renamed anything meanwhile; who does that without end must
    not keep others from their files, so then it is walked.
    """
    how = _HOWS.get(flags) or _how(flags)
    for _ in range(TRIES):
        opened: int = _syscall(_OPENAT2, root, path, how, _HOW_SIZE)
        if opened >= 0:
            return opened
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR):
            raise OSError(code, os.strerror(code))
    return walk(root, path, flags)


def has_openat2() -> bool:
    """Whether this kernel answers openat2 here and now: old kernels, gVisor and seccomp filters do not."""
    here = os.open("/", LOOK)
    try:
        os.close(openat2(here, b"/", LOOK))
    except OSError:
        return False
    finally:
        os.close(here)
    return True


def walk(root: int, path: bytes, flags: int) -> int:
    """The same without openat2: name by name, links followed here, `..` proven to be where we came from."""
    for _ in range(TRIES):
        steps = _Steps(root)
        try:
            return steps.open(path, flags)
        except _Moved:
            continue
        finally:
            steps.close()
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def identity(descriptor: int) -> tuple[int, int]:
    """(device, inode) of an open file: what stays the same while names change."""
    state = os.fstat(descriptor)
    return state.st_dev, state.st_ino


class _Moved(Exception):
    """Somebody renamed a directory under our feet; begin again."""


class _Steps:
    """One walk: the directory it stands in, the identities it came through, the links it followed."""

    __slots__ = ("_at", "_links", "_root", "_trail")

    def __init__(self, root: int) -> None:
        self._root = root
        self._at = os.dup(root)
        self._trail = [identity(root)]
        self._links = 0

    def close(self) -> None:
        os.close(self._at)

    def open(self, path: bytes, flags: int) -> int:
        names = names_of(path)
        while names:
            name = names.pop()
            if name == b"..":
                self._up()
            elif name != b".":
                found = self._follow(name, names, flags)
                if found is not None:
                    return found
        return os.open(b".", flags & ~os.O_NOFOLLOW, dir_fd=self._at)

    def _follow(self, name: bytes, names: list[bytes], flags: int) -> int | None:
        """One step by `name`; what it opened if that was the last, else None, with `names` holding the way ahead."""
        found = os.open(name, LOOK_AT_LINK, dir_fd=self._at)
        try:
            mode = os.fstat(found).st_mode
            if stat.S_ISLNK(mode) and (names or not flags & os.O_NOFOLLOW):
                names += self._target(found)
                return None
            if not names:
                return self._last(name, found, mode, flags)
            self._down(found, mode)
            return None
        finally:
            os.close(found)

    def _last(self, name: bytes, found: int, mode: int, flags: int) -> int:
        if flags & os.O_DIRECTORY and not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if flags & os.O_PATH:
            return os.dup(found)
        try:
            return os.open(name, flags | os.O_NOFOLLOW, dir_fd=self._at)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):  # it was no link a moment ago
                raise _Moved from error
            raise

    def _down(self, found: int, mode: int) -> None:
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        self._trail.append(identity(found))
        self._stand_in(os.dup(found))

    def _up(self) -> None:
        if len(self._trail) == 1:
            return  # `..` of the root is the root
        above = os.open(b"..", LOOK | os.O_DIRECTORY, dir_fd=self._at)
        self._stand_in(above)
        self._trail.pop()
        if identity(above) != self._trail[-1]:
            raise _Moved

    def _target(self, link: int) -> list[bytes]:
        self._links += 1
        target = os.readlink(b"", dir_fd=link)
        if self._links > MAX_LINKS or _is_magic(link, target):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.startswith(b"/"):
            del self._trail[1:]
            self._stand_in(os.dup(self._root))
        return names_of(target)

    def _stand_in(self, directory: int) -> None:
        os.close(self._at)
        self._at = directory


def names_of(path: bytes) -> list[bytes]:
    """The names of `path`, last first; a slash at the end asks for a directory, as `.` after it does."""
    names = [name for name in path.split(b"/") if name]
    if path.endswith(b"/"):
        names.append(b".")
    return names[::-1]


def _is_magic(link: int, target: bytes) -> bool:
    """Whether a link of procfs leads where its text does not say (`/proc/self/exe`, `fd/3`, `ns/net`)."""
    if not target.startswith(b"/") and b":[" not in target:
        return False
    try:
        return os.fstat(link).st_dev == Path("/proc").stat().st_dev
    except FileNotFoundError:
        return False


def rename_exclusively(source: bytes, target: bytes, *, source_fd: int, target_fd: int) -> None:
    """Rename that raises `FileExistsError` instead of replacing `target`, in one step where the file system can."""
    if _renameat2(source_fd, source, target_fd, target, _RENAME_NOREPLACE):
        return
    try:
        os.stat(target, dir_fd=target_fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def exchange(source: bytes, target: bytes, *, source_fd: int, target_fd: int) -> bool:
    """Let two entries change places in one step; False if the file system cannot."""
    return _renameat2(source_fd, source, target_fd, target, _RENAME_EXCHANGE)


def _renameat2(source_fd: int, source: bytes, target_fd: int, target: bytes, flag: int) -> bool:
    """False where kernel, C library or file system do not know the flag."""
    if not hasattr(_libc, "renameat2"):
        return False
    if not _libc.renameat2(source_fd, source, target_fd, target, flag):
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(code, os.strerror(code))


def sync_all(descriptor: int) -> None:
    """Make all of this descriptor's file system durable: one call instead of an fsync for each file of a tree."""
    if _libc.syncfs(descriptor):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
