"""Copies of state.db: made while it is used, checked, rotated, and put back. Synchronous, for threads; no schedule."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sessions.descriptors import make_folders
from sessions.errors import StoreError
from sessions.migrations import STEPS

log = logging.getLogger("roost.sessions")

FOLDER = "backups"
"""Beside the user's state.db."""

CHECKED_BYTES = 64 << 20
"""A file larger than this is not read whole each time that a host first opens it."""

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
MARK = (
    "INSERT INTO meta (key, value) VALUES ('mailbox.mark', ?)"
    " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)"
)
"""What `sessions/numbers.py` notes: events go on beyond this number, so it must be beyond all that were seen."""

AHEAD_S = 60.0
"""A backup that is so many seconds ahead of the clock was made before the clock was put back."""

STAMP = "%Y%m%dT%H%M%S%fZ"
BUSY_S = 5.0


class Rescued(NamedTuple):
    """What was done about a damaged file: the name under which it is kept, and the backup that stands in its place."""

    kept: str
    backup: str | None
    """None: there was no good one, so the state begins anew."""
    made_at: float | None
    """When the backup was made, in seconds since 1970."""


def verify(backup: Path) -> None:
    """Read all of a backup. Raises `sqlite3.DatabaseError` where it is damaged."""
    with closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        check(connection, whole=True)


def is_damage(error: BaseException) -> bool:
    """Whether an error of SQLite says that the file is not what it was written as."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in DAMAGE


def check(connection: sqlite3.Connection, *, whole: bool = False) -> None:
    """Read the file's structure (`whole`: its indexes too). Raises `sqlite3.DatabaseError` where it is damaged."""
    ((said, *_),) = connection.execute(f"PRAGMA {'integrity' if whole else 'quick'}_check(1)").fetchall()
    if said != "ok":
        error = sqlite3.DatabaseError(str(said).splitlines()[0])
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def backups_of(state: Path) -> list[Path]:
    """The backups of a state.db, newest first; their names sort by time."""
    return sorted((state.parent / FOLDER).glob("state-*.db"), reverse=True)


def made_at(backup: Path) -> float:
    """When it was made, by its name, in seconds since 1970. Raises `ValueError`."""
    stamp = backup.stem.split("-")[1]
    return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC).timestamp()


def back_up(state: Path, keep: int, *, why: str = "", to: Path | None = None) -> Path:
    """Copy a state.db that may be in use into `to` (its own folder of backups), and keep the newest `keep` of them.

    The copy holds all that was acknowledged, and has its name only once it was checked and is on the disk.
    Raises `sqlite3.Error` and `OSError`; then nothing is left of the try.
    """
    folder = to or state.parent / FOLDER
    make_folders(folder, 0o700)
    if to is None:
        give(folder, state)
    began = time.time()
    made = folder / f"state-{_stamp_after(folder, began)}{f'-{why}' if why else ''}.db"
    new = folder / "new"
    try:
        _copy(state, new)
        os.utime(new, (began, began))
        give(new, folder)
        new.rename(made)
    finally:
        for left in (new, *_beside(new)):
            left.unlink(missing_ok=True)
    _sync(folder)
    for old in sorted(folder.glob("state-*.db"), reverse=True)[keep:]:
        old.unlink(missing_ok=True)
    return made


def _stamp_after(folder: Path, now: float) -> str:
    """A name beyond all that are there: where the clock was put back, the newest must still be the last."""
    newest = 0.0
    for one in folder.glob("state-*.db"):
        with suppress(ValueError):  # a name that somebody else gave
            newest = max(newest, made_at(one))
    return datetime.fromtimestamp(max(now, newest + 0.001), UTC).strftime(STAMP)


def _copy(source: Path, target: Path) -> None:
    for left in (target, *_beside(target)):
        left.unlink(missing_ok=True)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", timeout=BUSY_S, uri=True)) as connection:
            connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        check(copy)
    _fsync(target)


def changed_since_backup(state: Path) -> float | None:
    """How old the newest backup is in seconds (infinite: there is none), if the file was written since; else None."""
    newest = next(iter(backups_of(state)), None)
    if newest is None:
        return float("inf") if state.exists() else None
    made, now = newest.stat().st_mtime, time.time()  # its name may be ahead of the clock, which somebody put back
    files = (state, state.with_name(f"{state.name}-wal"))
    written = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    if made > now + AHEAD_S:
        return float("inf")  # nobody can say what was written since
    return now - made if written > made else None


def rescue(state: Path, fresh: bytes) -> Rescued:
    """Put the newest good backup, else a `fresh` file, where a damaged one is, which is kept aside with its log.

    A kill at any moment leaves the damaged file, or the backup whole. Raises `OSError`.
    """
    kept = keep_aside(state, "corrupt")
    for backup in backups_of(state):
        try:
            put_back(state, backup)
        except (sqlite3.DatabaseError, StoreError) as error:
            log.warning("a backup is damaged too: %s", error)
            continue
        return Rescued(kept, backup.name, made_at(backup))
    new = state.with_name(f"{state.name}.new")
    new.write_bytes(fresh)
    new.chmod(0o600)
    _go_on(new)
    _replace(state, new)
    return Rescued(kept, None, None)


def keep_aside(state: Path, why: str) -> str:
    """Give the file and its log second names, `state.db.<why>-<time>`; returns the file's."""
    name = f"{state.name}.{why}-{datetime.now(UTC).strftime(STAMP)}"
    for file, suffix in ((state, ""), (state.with_name(f"{state.name}-wal"), "-wal")):
        if file.exists():
            os.link(file, state.with_name(f"{name}{suffix}"), follow_symlinks=False)
    return name


def put_back(state: Path, backup: Path) -> None:
    """Put a backup in the place of a state.db that nobody has open; its events go on beyond all that were seen.

    Raises `sqlite3.DatabaseError` where the backup is damaged, `StoreError` where a newer host made it, `OSError`.
    """
    new = state.with_name(f"{state.name}.new")
    _copy(backup, new)
    _go_on(new)
    give(new, state.parent)
    _replace(state, new)


def give(path: Path, like: Path) -> None:
    """Let a file belong to whom another one does: root does by hand what is for a host of somebody else."""
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _go_on(new: Path) -> None:
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(STEPS):
            raise StoreError(f"the backup has version {version}, and this host knows versions up to {len(STEPS)}")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(MARK, (int(time.time() * 1000),))


def _replace(state: Path, new: Path) -> None:
    """The log goes first: one that lay beside another file than its own would be read into it."""
    _fsync(new)
    for left in _beside(state):
        left.unlink(missing_ok=True)
    _sync(state.parent)
    new.rename(state)
    _sync(state.parent)


def _beside(state: Path) -> Iterator[Path]:
    for suffix in ("-wal", "-shm", "-journal"):
        yield state.with_name(f"{state.name}{suffix}")


def _fsync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
