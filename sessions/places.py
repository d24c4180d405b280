"""From a user's path to the directory and name that it means, in a root that it cannot leave; makes missing parents."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from sessions.descriptors import LINK, Handle, Owner, sync_directory, type_of_mode
from sessions.entries import Entry
from sessions.errors import InvalidValue, SessionClosed
from sessions.openat2 import (
    DIRECTORY,
    LOOK,
    LOOK_AT_LINK,
    MAX_LINKS,
    Resolve,
    has_openat2,
    identity,
    names_of,
    openat2,
    walk,
)
from sessions.paths import Refusal, Told, encoded, split
from sessions.staging import sweep
from sessions.trees import Meter

TOPS = (b"workspace", b"home", b"tmp")
"""All that `/` holds in multi-user mode."""

_REMEMBERED = 64  # inodes of directories that were looked through for left-overs
_DOTS = (b"", b".", b"..")
_SEALED = "`/` is read-only, it holds only /workspace, /home and /tmp; choose a place in one of them"


class Places:
    """Where a user's paths lead. They are absolute and mean what they would after a chroot into `folder`."""

    __slots__ = ("_handle", "_identity", "_resolve", "_sealed", "_swept", "_trash", "owner")

    def __init__(self, folder: Path | None, *, owner: Owner | None = None, resolve: Resolve | None = None) -> None:
        """`folder` is made if need be, with the three of `TOPS`; None is the machine's own `/` (single-user mode).

        `owner` (uid, gid) is given all that is made here, where the host runs as root. `resolve` is for tests.
        """
        self.owner = owner
        self._sealed = folder is not None
        self._handle: Handle | None = Handle(_made(folder, owner) if folder else os.open("/", LOOK | os.O_DIRECTORY))
        self._identity = identity(self._handle.fd)
        self._resolve = resolve or (openat2 if has_openat2() else walk)
        self._trash = (b"/home" if folder else os.fsencode(os.environ.get("HOME") or "/")) + b"/.local/share/Trash"
        self._swept: set[int] = set()

    def close(self) -> None:
        """Refuse what comes; the descriptor closes when the last call that is still running ends."""
        self._handle = None

    def _root(self) -> Handle:
        if self._handle is None:
            raise SessionClosed("the session of these files ended; open it again")
        return self._handle

    def _opened(self, raw: bytes, flags: int) -> Handle:
        root = self._root()
        return Handle(self._resolve(root.fd, raw, flags))

    def _state(self, raw: bytes, flags: int) -> os.stat_result:
        root = self._root()
        fd = self._resolve(root.fd, raw, flags)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def _exists(self, raw: bytes) -> bool:
        try:
            self._state(raw, LOOK_AT_LINK)
        except OSError:
            return False
        return True

    def _linked_type(self, raw: bytes) -> int:
        try:
            return LINK | type_of_mode(self._state(raw, LOOK).st_mode)
        except OSError:
            return LINK

    def _entry(self, path: str, make: Meter | None = None) -> Entry:
        """The entry that `path` names, itself and not what a link points to; `make` pays for missing parents."""
        raw = encoded(path)
        above, name = split(raw)
        if name in _DOTS:
            raise InvalidValue("uri", "its last name must not be empty, `.` or `..` here; name the entry itself")
        with Told(path):
            return Entry(path, self._directory(above, make), name, raw.endswith(b"/"))

    def _writable(self, path: str, make: Meter | None) -> Entry:
        """The entry that writing to `path` writes: links are followed, also to where nothing is yet."""
        raw = encoded(path)
        for _ in range(MAX_LINKS + 1):
            above, name = split(raw)
            if name in _DOTS:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            entry = Entry(path, self._directory(above, make), name, raw.endswith(b"/"))
            link = entry.link()
            if link is None:
                return self._checked(entry)
            raw = link if link.startswith(b"/") else above + b"/" + link
            make = None  # only the parents that the caller named are made
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def _checked(self, entry: Entry) -> Entry:
        """The entry, if a file may be there."""
        state = entry.look()
        if entry.slash or (state and stat.S_ISDIR(state.st_mode)):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        self._check_sealed(entry.parent)
        return entry

    def _led(self, raw: bytes) -> bytes:
        """Where a path leads: links followed, `.` and `..` gone; what is not there stays as it is written."""
        ahead, links = names_of(raw), 0
        behind: list[bytes] = []
        while ahead:
            name = ahead.pop()
            if name == b"..":
                behind = behind[:-1]
            elif name != b".":
                link = self._link(b"/" + b"/".join([*behind, name]))
                if link is None:
                    behind.append(name)
                    continue
                links += 1
                if links > MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                behind = [] if link.startswith(b"/") else behind
                ahead += names_of(link)
        return b"/" + b"/".join(behind)

    def _link(self, raw: bytes) -> bytes | None:
        """What the last name of a path points to, if it is a symbolic link."""
        try:
            with self._opened(raw, LOOK_AT_LINK) as found:
                return os.readlink(b"", dir_fd=found.fd) if stat.S_ISLNK(os.fstat(found.fd).st_mode) else None
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                return None
            raise

    def _check_sealed(self, parent: Handle) -> None:
        if self._sealed and identity(parent.fd) == self._identity:
            raise Refusal("NoPermissions", _SEALED)

    def _directory(self, raw: bytes, make: Meter | None, mode: int = 0o777) -> Handle:
        """The directory, open for reading; what is missing of it is made if `make` pays for it."""
        missing: list[bytes] = []
        while True:
            try:
                at = self._opened(raw, DIRECTORY)
                break
            except FileNotFoundError:
                raw, name = split(raw)
                if make is None or name in _DOTS:
                    raise
                missing.append(name)
        while missing and make:
            at = self._down(at, missing.pop(), make, mode)
        return at

    def _down(self, at: Handle, name: bytes, meter: Meter, mode: int) -> Handle:
        """Make the directory `name` in `at` durably, unless somebody just did, and go there."""
        self._check_sealed(at)
        made = self._mkdir(at, name, meter, mode)
        below = Handle(os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=at.fd))
        if made and self.owner:
            os.fchown(below.fd, *self.owner)
        sync_directory(at.fd)
        at.close()
        return below

    def _mkdir(self, at: Handle, name: bytes, meter: Meter, mode: int) -> bool:
        meter.reserve(0, 1)
        try:
            os.mkdir(name, mode, dir_fd=at.fd)
        except BaseException as error:
            meter.released(0, 1)
            if isinstance(error, FileExistsError):
                return False
            raise
        return True

    def _sweep(self, directory: Handle) -> None:
        """Remove left-overs the first time that something is written in a directory."""
        place = os.fstat(directory.fd).st_ino
        if place not in self._swept:
            sweep(directory.fd)
            if len(self._swept) >= _REMEMBERED:
                self._swept.clear()
            self._swept.add(place)


def _made(folder: Path, owner: Owner | None) -> int:
    """Make `folder` and its `TOPS` where they are missing, durably; a descriptor of it."""
    for part in reversed((folder, *folder.parents)):
        if not part.exists():
            part.mkdir(0o711 if owner else 0o700, exist_ok=True)  # a tenant with a uid of its own must pass through
            _sync(part.parent)
    fd = os.open(folder, LOOK | os.O_DIRECTORY | os.O_NOFOLLOW)
    made = 0
    for name in TOPS:
        made += _made_top(fd, name, owner)
    if made:
        _sync(folder)
    return fd


def _made_top(folder: int, name: bytes, owner: Owner | None) -> bool:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        return False
    if owner:
        os.chown(name, *owner, dir_fd=folder, follow_symlinks=False)
    return True


def _sync(folder: Path) -> None:
    with Handle(os.open(folder, DIRECTORY)) as directory:
        sync_directory(directory.fd)
