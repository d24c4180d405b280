"""One state.db as a file: placed, opened, and its troubles told. Synchronous, for threads; rows are store.py's."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sessions.backups import CHECKED_BYTES, Rescued, back_up, check, is_damage, rescue
from sessions.descriptors import make_folders
from sessions.errors import FileSystemError, RoostError, StoreError
from sessions.migrations import STEPS, migrate

WAL_LIMIT = 4 << 20
"""Bytes that a write-ahead log keeps once its rows are in the file; one big commit may grow it further for a while."""

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # NORMAL loses acknowledged rows when the power goes
    f"journal_size_limit = {WAL_LIMIT}",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "temp_store = MEMORY",
    "cache_size = -256",  # KiB: many files are open
)

BUSY_S = 5.0
"""How long a statement waits for another program that has the file locked, such as a backup."""

TOO_MANY = "too many files are open; try again"

DISK_FULL = "the disk, or what may be used of it, is full: this was not kept; free some space and try again"


def open_file(path: Path, fresh: Callable[[], bytes], placing: AbstractContextManager[object]) -> sqlite3.Connection:
    """The file in autocommit mode and of our version, placed first if there is none; `fresh` gives its bytes.

    `placing` is a lock between those who might place it: who came late must never replace a file in use.
    """
    with placing:
        if not path.exists():
            _place(path, fresh())
    return _opened(path)


def open_kept(
    path: Path,
    fresh: Callable[[], bytes],
    placing: AbstractContextManager[object],
    *,
    keep: int,
    doubted: bool | None,
    rescued: Callable[[Rescued], None],
) -> sqlite3.Connection:
    """As `open_file`, for a file with backups: a damaged one is kept aside, and the newest good backup opened.

    `doubted`: whether somebody saw damage in it, so that all of it is read; None: it was opened before, and was whole.
    """
    with placing:
        try:
            if not path.exists():
                _place(path, fresh())
            return _opened(path, keep, doubted)
        except (sqlite3.DatabaseError, Unusable) as error:
            if not isinstance(error, Unusable) and not is_damage(error):
                raise
            rescued(rescue(path, fresh()))
            return _opened(path)


def _opened(path: Path, keep: int = 0, doubted: bool | None = None) -> sqlite3.Connection:
    """Open a file that is there. `keep`: so many backups are kept, and one is made before it is migrated."""
    if not path.stat().st_size:
        raise Unusable("it is empty, which it never is by us; put a copy of it back, or remove it to begin anew")
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if doubted or (doubted is not None and path.stat().st_size <= CHECKED_BYTES):
            check(connection, whole=doubted)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if keep and 0 < version < len(STEPS):
            back_up(path, keep, why=f"v{version}")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_empty(fresh: Callable[[], bytes]) -> sqlite3.Connection:
    """A database in memory with our tables, in which nothing can be written."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    image = bytearray(fresh())
    image[18] = image[19] = 1  # no WAL in memory (sqlite.org/fileformat2.html, section 1.3.3)
    connection.deserialize(image)
    connection.execute("PRAGMA query_only = ON")
    return connection


class Unusable(StoreError):
    """The file is not there as it should be, which no opening of it can tell."""


def is_there(path: Path) -> bool:
    """Whether the user has a file, or what is left of one."""
    return path.exists() or _log_of(path).exists()


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _place(path: Path, image: bytes) -> None:
    """Make the file whole or not at all, readable by the host alone."""
    if _log_of(path).exists():
        raise Unusable(
            f"it is missing, but its log {_log_of(path).name} is there and may hold what was acknowledged:"
            " put the file back, or remove the log to begin anew"
        )
    make_folders(path.parent, 0o711)
    new = path.with_name(f"{path.name}.new")  # one name, so that what a kill leaves is overwritten by the next try
    with open(new, "wb", opener=_private) as file:
        file.write(image)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    _sync_folder(path.parent)
    _sync_folder(path.parent.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def trouble(uid: str, error: Exception) -> RoostError:
    """What a failure means for the user `uid`, in words that hold no path, row or value of theirs."""
    code = getattr(error, "sqlite_errorcode", None)
    if _is_full(error, code):
        return FileSystemError(DISK_FULL, "NoSpace")
    if _is_short_of_descriptors(error, code):
        return FileSystemError(TOO_MANY, "Unavailable")
    if isinstance(error, StoreError):
        return StoreError(f"state.db of {uid}: {error}")
    if isinstance(error, RoostError):
        return error
    return StoreError(f"state.db of {uid}: {_meaning(error, code)}")


def _is_full(error: Exception, code: int | None) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def _is_short_of_descriptors(error: Exception, code: int | None) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.EMFILE, errno.ENFILE)
    if code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR_SHMOPEN):
        return False
    try:  # SQLite does not say why it could not open a file
        os.close(os.open("/", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return True
    return False


def _meaning(error: Exception, code: int | None) -> str:
    if isinstance(error, OSError):
        return f"the operating system refuses it ({error.strerror}); check the owner and the mode of the user's folder"
    if code is None:
        return f"a statement or one of its values is not for SQLite ({type(error).__name__})"
    return f"{_WAYS_OUT.get(code & 0xFF, 'SQLite refuses this')} ({error})"


_DAMAGED = "the file is damaged and was left as it is; put a copy of it back, or move it away to begin anew"
_OUT_OF_REACH = "the file cannot be opened; check the owner and the mode of the user's folder"
_WAYS_OUT = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: _OUT_OF_REACH,
    sqlite3.SQLITE_PERM: _OUT_OF_REACH,
    sqlite3.SQLITE_READONLY: _OUT_OF_REACH,
    sqlite3.SQLITE_BUSY: "another program holds the file locked; end it and try again",
    sqlite3.SQLITE_LOCKED: "another program holds the file locked; end it and try again",
    sqlite3.SQLITE_IOERR: "the disk fails or its quota is used up; what was acknowledged before is kept",
}
