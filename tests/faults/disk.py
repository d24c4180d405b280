"""A disk whose power goes: what was synced is there, all else is kept, torn or gone, in any order.

`Recorder` notes what the product writes below one folder while it runs: SQLite's writes by a VFS of APSW (the same
engine, whose calls of the operating system can be listened to), files by the functions of `os`. `after` then makes the
folder as it may be found when the power went after so many of these operations.
"""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import apsw
import pytest

from sessions import openat2, replacement

SECTOR = 512
"""What a disk writes whole."""


class Op(NamedTuple):
    """One operation: of a file (`write`, `truncate`, `sync`), of a name (`make`, `gone`, `move`), or an `ack`."""

    kind: str
    file: int = 0
    offset: int = 0
    data: bytes = b""
    path: str = ""
    to: str = ""
    acked: Any = None


class Recorder:
    """What happened below `folder`, in order, while `recording`."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self.log: list[Op] = []
        self._names: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._serial = next(_SERIALS)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """The functions that change a disk note what they do; those of SQLite go through the VFS."""
        with pytest.MonkeyPatch.context() as patch, _Vfs(self, f"cut{self._serial}"):
            for name in ("rename", "replace"):
                patch.setattr(os, name, self._renaming(getattr(os, name)))
            for name in ("fsync", "fdatasync"):
                patch.setattr(os, name, self._syncing(getattr(os, name)))
            for name in ("unlink", "remove"):
                patch.setattr(os, name, self._removing(getattr(os, name)))
            patch.setattr(os, "link", self._linking(os.link))
            patch.setattr(os, "mkdir", self._mkdir(os.mkdir))
            patch.setattr(replacement, "rename_exclusively", self._exclusively(openat2.rename_exclusively))
            patch.setattr(sqlite3, "connect", self._connecting(sqlite3.connect))
            yield

    def acknowledge(self, what: Any) -> None:
        """The product has just said that this is kept."""
        self._note(Op("ack", acked=what))

    # -- what is noted

    def _note(self, op: Op) -> None:
        with self._lock:
            self.log.append(op)

    def inside(self, path: str) -> bool:
        return path.startswith(self.folder + "/") or path == self.folder

    def known(self, path: str) -> int:
        """The file that has this name now; one that was never seen is noted as new."""
        with self._lock:
            found = self._names.get(path)
            if found is None:
                found = self._names[path] = next(self._numbers)
                self._note(Op("make", found, path=path))
            return found

    def is_known(self, path: str) -> bool:
        return path in self._names

    def wrote(self, path: str, offset: int, data: bytes) -> None:
        self._note(Op("write", self.known(path), offset, data))

    def truncated(self, path: str, size: int) -> None:
        self._note(Op("truncate", self.known(path), size))

    def synced(self, path: str) -> None:
        self._note(Op("sync", self.known(path)))

    def gone(self, path: str) -> None:
        with self._lock:
            if self._names.pop(path, None) is not None:
                self._note(Op("gone", path=path))

    def folder_synced(self, path: str) -> None:
        self._note(Op("sync folder", path=path))

    def content(self, path: str) -> None:
        """Whatever the file has by now was written, and is not on the disk for sure."""
        self.truncated(path, 0)
        self.wrote(path, 0, Path(path).read_bytes())

    # -- the functions of `os`

    def _renaming(self, real: Callable[..., None]) -> Callable[..., None]:
        def rename(source: Any, target: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
            self._moved(_path(source, src_dir_fd), _path(target, dst_dir_fd), lambda: real(
                source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd))  # fmt: skip

        return rename

    def _exclusively(self, real: Callable[..., None]) -> Callable[..., None]:
        def rename(source: bytes, target: bytes, *, source_fd: int, target_fd: int) -> None:
            move = lambda: real(source, target, source_fd=source_fd, target_fd=target_fd)  # noqa: E731
            self._moved(_path(source, source_fd), _path(target, target_fd), move)

        return rename

    def _moved(self, source: str, target: str, move: Callable[[], None]) -> None:
        with self._lock:
            if self.inside(source) and os.path.isfile(source) and not self.is_known(source):
                self.content(source)
            move()
            if self.inside(source):
                self._names[target] = self._names.pop(source, 0) or next(self._numbers)
                self._note(Op("move", path=source, to=target))

    def _syncing(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(descriptor: int) -> None:
            real(descriptor)
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            if not self.inside(path) or path.endswith(" (deleted)"):
                return
            if os.path.isdir(path):
                self.folder_synced(path)
            else:
                self.content(path)
                self.synced(path)

        return sync

    def _removing(self, real: Callable[..., None]) -> Callable[..., None]:
        def unlink(path: Any, *, dir_fd: int | None = None) -> None:
            whole = _path(path, dir_fd)
            real(path, dir_fd=dir_fd)
            self.gone(whole)

        return unlink

    def _linking(self, real: Callable[..., None]) -> Callable[..., None]:
        def link(source: Any, target: Any, **how: Any) -> None:
            real(source, target, **how)
            if self.inside(os.path.abspath(target)):
                with self._lock:
                    file = self._names[os.path.abspath(target)] = self.known(os.path.abspath(source))
                    self._note(Op("make", file, path=os.path.abspath(target)))

        return link

    def _mkdir(self, real: Callable[..., None]) -> Callable[..., None]:
        def mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
            real(path, mode, dir_fd=dir_fd)
            if self.inside(_path(path, dir_fd)):
                self._note(Op("folder", path=_path(path, dir_fd)))

        return mkdir

    def _connecting(self, real: Callable[..., sqlite3.Connection]) -> Callable[..., Any]:
        def connect(database: Any, timeout: float = 5.0, uri: bool = False, **more: Any) -> Any:
            path = unquote(urlsplit(str(database)).path) if uri else os.fspath(database)
            if not self.inside(os.path.abspath(path)):
                return real(database, timeout=timeout, uri=uri, **more)
            return _Connection(os.path.abspath(path), f"cut{self._serial}", timeout, "mode=ro" in str(database))

        return connect

    # -- the power goes

    def after(self, count: int, chance: random.Random, to: Path) -> list[Any]:
        """Make the folder `to` as the disk may be when the power went after `count` operations: what was acknowledged.

        Of what was not synced each write is there, half there or not; of each folder's changes some first ones are.
        """
        disk = _Disk(chance)
        for op in self.log[:count]:
            disk.do(op)
        disk.cut(self.folder, to)
        return [op.acked for op in self.log[:count] if op.kind == "ack"]


_SERIALS = itertools.count(1)


def _path(path: Any, directory: int | None) -> str:
    name = os.fsdecode(path)
    if directory is None or name.startswith("/"):
        return os.path.abspath(name)
    return os.path.join(os.readlink(f"/proc/self/fd/{directory}"), name)


class _Disk:
    """What is on it for sure, and what waits to be."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.kept: dict[int, bytearray] = {}
        self.waiting: dict[int, list[Op]] = {}
        self.names: dict[str, int] = {}
        """0: a folder."""
        self.renames: dict[str, list[Op]] = {}
        """By folder, what was done to the names in it since it was synced."""

    def do(self, op: Op) -> None:
        if op.kind in ("write", "truncate"):
            self.waiting.setdefault(op.file, []).append(op)
        elif op.kind == "sync":
            for one in self.waiting.pop(op.file, ()):
                self._write(op.file, one)
        elif op.kind == "sync folder":
            for one in self.renames.pop(op.path, ()):
                self._rename(one)
        elif op.kind != "ack":
            self.renames.setdefault(os.path.dirname(op.path), []).append(op)

    def cut(self, folder: str, to: Path) -> None:
        for file, writes in self.waiting.items():
            for write in writes:
                self._write(file, self._torn(write))
        for some in self.renames.values():
            for one in some[: self.chance.randint(0, len(some))]:
                self._rename(one)
        to.mkdir(parents=True)
        for path in sorted(self.names):
            below = to / os.path.relpath(path, folder)
            if not below.parent.is_dir():
                continue  # the folder that it was in did not get to the disk
            if self.names[path]:
                below.write_bytes(self.kept.get(self.names[path], b""))
                below.chmod(0o600)
            else:
                below.mkdir(0o711, exist_ok=True)

    def _torn(self, op: Op) -> Op | None:
        fate = self.chance.random()
        if fate < 0.4:
            return op
        if fate < 0.7 or op.kind == "truncate":
            return None
        return op._replace(data=op.data[: SECTOR * self.chance.randint(0, len(op.data) // SECTOR)])

    def _write(self, file: int, op: Op | None) -> None:
        content = self.kept.setdefault(file, bytearray())
        if op is None:
            return
        if op.kind == "truncate":
            del content[op.offset :]
            content.extend(bytes(op.offset - len(content)))
        else:
            content.extend(bytes(max(0, op.offset + len(op.data) - len(content))))
            content[op.offset : op.offset + len(op.data)] = op.data

    def _rename(self, op: Op) -> None:
        if op.kind == "make":
            self.names[op.path] = op.file
        elif op.kind == "folder":
            self.names[op.path] = 0
        elif op.kind == "gone":
            self.names.pop(op.path, None)
        elif op.path in self.names:
            self.names[op.to] = self.names.pop(op.path)


# -- SQLite over APSW, with the face of `sqlite3`


class _File(apsw.VFSFile):
    def __init__(self, recorder: Recorder, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._path = os.path.abspath(path) if path else None
        self._recorder = recorder
        self._first = bool(flags[0] & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL))

    def xWrite(self, data: Any, offset: int) -> None:
        super().xWrite(data, offset)
        if self._path:
            self._recorder.wrote(self._path, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        if self._path:
            self._recorder.truncated(self._path, newsize)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        if self._path:
            self._recorder.synced(self._path)
            if self._first:  # as os_unix.c: with the first sync of a log its name becomes durable, too
                self._first = False
                self._recorder.folder_synced(os.path.dirname(self._path))


class _Vfs(apsw.VFS):
    def __init__(self, recorder: Recorder, name: str) -> None:
        super().__init__(name, "unix")
        self._recorder = recorder

    def __enter__(self) -> _Vfs:
        return self

    def __exit__(self, *_: object) -> None:
        self.unregister()

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self._recorder, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        recorder = vars(self).get("_recorder")
        if recorder is None:  # a collection frees this, and closes a file of it behind that
            return
        recorder.gone(os.path.abspath(filename))
        if syncdir:
            recorder.folder_synced(os.path.dirname(os.path.abspath(filename)))


@contextmanager
def _told_as_sqlite3() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        kind = sqlite3.IntegrityError if isinstance(error, apsw.ConstraintError) else sqlite3.OperationalError
        told = kind(str(error))
        told.sqlite_errorcode = getattr(error, "extendedresult", apsw.SQLITE_ERROR)
        raise told from None


class _Cursor:
    """The rows of a statement that has run."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def close(self) -> None:
        pass


class _Connection:
    """As much of `sqlite3.Connection` as the product uses."""

    def __init__(self, path: str, vfs: str, timeout: float, readonly: bool) -> None:
        how = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        with _told_as_sqlite3():
            self.real = apsw.Connection(path, flags=how, vfs=vfs)
            self.real.set_busy_timeout(int(timeout * 1000))

    def execute(self, sql: str, params: Sequence[Any] = ()) -> _Cursor:
        with _told_as_sqlite3():
            return _Cursor(self.real.execute(sql, params).fetchall())

    def executemany(self, sql: str, params: Iterable[Sequence[Any]]) -> _Cursor:
        with _told_as_sqlite3():
            return _Cursor(self.real.executemany(sql, params).fetchall())

    def rollback(self) -> None:
        if self.real.in_transaction:
            self.execute("ROLLBACK")

    def backup(self, target: _Connection) -> None:
        with _told_as_sqlite3(), target.real.backup("main", self.real, "main") as copying:
            while not copying.done:
                copying.step(100)

    def close(self) -> None:
        with _told_as_sqlite3():
            self.real.close()
