"""One open descriptor or directory entry: its state, its bytes, its owner and mode. Resolves no path."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from sessions.paths import Refusal

FILE, FOLDER, LINK = 1, 2, 64
"""VS Code's FileType; LINK is a bit beside the type of what the link points to, and alone where that is nothing."""
READONLY = 1
"""VS Code's FilePermission: the file's mode lets not even its owner write."""
SPECIAL = "a FIFO, socket or device is refused; only files, directories and links can be used"
CHUNK = 256 * 1024
"""Bytes that are moved at a time where a file is not taken whole."""

Owner = tuple[int, int]
"""(uid, gid) of the operating system."""


class Handle:
    """A descriptor that closes when its last holder lets go, so its number is never reused under a running call."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class FileStat:
    """What `workspace.fs.stat` tells: times in ms since 1970, size in bytes, `permissions` 1 if read-only.

    `ctime` is the earliest time that the file system still knows: a birth time would be that of the newest save.
    """

    type: int
    ctime: int
    mtime: int
    size: int
    permissions: int | None = None


def file_stat(state: os.stat_result, link: int) -> FileStat:
    return FileStat(
        type=type_of_mode(state.st_mode) | link,
        ctime=min(state.st_ctime_ns, state.st_mtime_ns) // 1_000_000,
        mtime=state.st_mtime_ns // 1_000_000,
        size=state.st_size,
        permissions=None if state.st_mode & stat.S_IWUSR or stat.S_ISLNK(state.st_mode) else READONLY,
    )


def type_of_mode(mode: int) -> int:
    return FILE if stat.S_ISREG(mode) else FOLDER if stat.S_ISDIR(mode) else 0


def type_of(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return LINK
    return FOLDER if entry.is_dir(follow_symlinks=False) else FILE if entry.is_file(follow_symlinks=False) else 0


def share(state: os.stat_result) -> int:
    """The bytes that one name of a file stands for: its hard links share them."""
    return weight(state) // max(1, state.st_nlink) if stat.S_ISREG(state.st_mode) else 0


def weight(state: os.stat_result) -> int:
    """The bytes of a file: its size, or what it holds of the disk where that is more (fallocate(2) beyond the end)."""
    return max(state.st_size, state.st_blocks * 512 - state.st_blksize)


def look(directory: int, name: bytes) -> os.stat_result | None:
    """The entry itself, not what a link points to; None where there is none."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def regular(descriptor: int) -> os.stat_result:
    """The state of an open file; raises where it is a directory, or special (FIFO, socket, device)."""
    state = os.fstat(descriptor)
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(state.st_mode):
        raise Refusal("NoPermissions", SPECIAL)
    return state


def contents(descriptor: int, limit: int) -> bytes:
    """All that an open file holds, also one that does not tell its size (procfs); over `limit` bytes a `Refusal`."""
    size, total = os.fstat(descriptor).st_size, 0
    chunks: list[bytes] = []
    while size <= limit and (chunk := os.read(descriptor, size - total + 1 if size > total else CHUNK)):
        chunks.append(chunk)
        total += len(chunk)
        size = max(size, total)
    if size > limit:
        raise Refusal("Unavailable", f"it has {size} bytes, of which {limit} can be read at once", size=size)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def identity_of(state: os.stat_result) -> tuple[int, ...]:
    """What changes whenever a file's content does: device, inode, size, mtime and ctime in ns."""
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def sync_directory(descriptor: int) -> None:
    """Make the names in a directory durable; some file systems cannot and do not need to."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise


def make_folders(folder: Path, mode: int) -> None:
    """Make `folder` and what is missing above it, durably: a name that was not synced goes with the power."""
    for part in reversed((folder, *folder.parents)):
        if part.exists():
            continue
        part.mkdir(mode, exist_ok=True)
        with Handle(os.open(part.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as parent:
            sync_directory(parent.fd)


def write_all(descriptor: int, content: bytes | memoryview) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def settle(descriptor: int, mode: int, owner: Owner | None) -> None:
    """Give a new file its owner, then its mode, without setuid, setgid and sticky."""
    if owner:
        os.fchown(descriptor, *owner)
    os.fchmod(descriptor, mode & 0o777)
