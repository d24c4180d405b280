"""What can be done with one user's files: virtual paths in, bytes and states out. It blocks: call it in threads."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from heapq import merge
from itertools import islice

from sessions import copying, entries, trash
from sessions.descriptors import LINK, FileStat, Handle, contents, file_stat, regular, type_of
from sessions.entries import Entry
from sessions.errors import InvalidValue
from sessions.openat2 import DIRECTORY, LOOK, LOOK_AT_LINK, READ
from sessions.paths import Refusal, Told, encoded, failure, shown
from sessions.places import Places
from sessions.replacement import Replacement
from sessions.sharing import in_turns
from sessions.staging import is_staged, is_visible
from sessions.trees import Descent, Meter, Size, Unmetered, measure, visit

MAX_LISTING = 200_000
"""Entries of one directory that are listed at most."""

RUN = 1_000
"""Entries that are sorted in one go."""

_UNMETERED = Unmetered()


class Root(Places):
    """All of one user's files.

    Every method may run in several threads at once. Errors are `FileSystemError`, `InvalidValue`, or the meter's own.
    """

    __slots__ = ()

    # ---- reading

    def open(self, path: str) -> int:
        """A new descriptor of a regular file, for reading; the caller closes it."""
        root = self._root()
        try:
            fd = self._resolve(root.fd, encoded(path), READ)
        except OSError as error:
            raise failure(path, error) from error
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        with Told(path), Handle(fd):
            regular(fd)
        raise AssertionError("unreachable: what is not regular raised")

    def directory(self, path: str) -> Handle:
        """A directory, open for reading."""
        with Told(path):
            return self._opened(encoded(path), DIRECTORY)

    def read(self, path: str, limit: int) -> bytes:
        """The whole file; one of more than `limit` bytes is refused with its `size`."""
        with Handle(self.open(path)) as file, Told(path):
            return contents(file.fd, limit)

    def stat(self, path: str) -> FileStat:
        raw = encoded(path)
        with Told(path):
            state = self._state(raw, LOOK_AT_LINK)
            if not stat.S_ISLNK(state.st_mode):
                return file_stat(state, 0)
            try:
                return file_stat(self._state(raw, LOOK), LINK)
            except OSError:
                return file_stat(state, LINK)

    def read_directory(self, path: str) -> list[tuple[str, int]]:
        """(name, type) of each entry, by name; bytes of a name that are no UTF-8 show as U+FFFD."""
        raw = encoded(path)
        with Told(path), self._opened(raw, DIRECTORY) as directory, os.scandir(directory.fd) as found:
            listing = list(islice(in_turns(self._told(raw, filter(is_visible, found))), MAX_LISTING + 1))
            if len(listing) > MAX_LISTING:
                raise Refusal("Unavailable", f"it holds more than {MAX_LISTING} entries; list it in a terminal")
        return in_order(listing)

    def _told(self, raw: bytes, entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, int]]:
        for entry in entries:
            kind = type_of(entry)
            if kind == LINK:
                kind = self._linked_type(raw + b"/" + os.fsencode(entry.name))
            yield shown(entry.name), kind

    def walk(self, path: str, wanted: Callable[[str], bool] | None = None) -> Iterator[tuple[str, int]]:
        """(path, type) of everything below `path` as it is found; links are told, not followed.

        What `wanted` refuses by its path is left out, a directory with all that is in it.
        """
        top = path.rstrip("/")
        with Told(path), self._opened(encoded(path), DIRECTORY) as directory, Descent(directory.fd) as at:

            def place(entry: os.DirEntry[str]) -> str:
                return "/".join([top, *map(os.fsdecode, at.names), entry.name])

            for entry in visit(
                at, lambda entry: is_visible(entry) and (wanted is None or wanted(place(entry))), whole=False
            ):
                yield shown(place(entry)), type_of(entry)

    def read_trash(self) -> list[trash.Deleted]:
        """What is in the trash in the user's home, the last first, `trash.MOST` at most: a rename brings it back."""
        where = os.fsdecode(self._trash)
        with (
            Told(where),
            suppress(FileNotFoundError),
            self._opened(self._trash + b"/files", DIRECTORY) as files,
            self._opened(self._trash + b"/info", DIRECTORY) as info,
        ):
            return trash.read(files, info, f"{where}/files")
        return []

    def usage(self, path: str = "/", enough: Size | None = None) -> Size:
        """What everything below `path` takes. Left-overs of a killed host are removed on the way.

        Where it is over `enough`, what has been counted until then.

        What is being written right now counts with its bytes, and as no file.
        """
        staged = 0
        with Told(path), self._opened(encoded(path), DIRECTORY) as directory, Descent(directory.fd) as at:

            def seen(entry: os.DirEntry[str]) -> bool:
                nonlocal staged
                staged += not is_visible(entry) and is_staged(at.fd, os.fsencode(entry.name))
                return True

            size, files = measure(at, seen, enough=enough)
        return Size(size, files - staged)

    def real(self, path: str) -> str:
        """Where a path leads in the user's world: absolute, without links, `.` and `..`. It need not be there."""
        with Told(path):
            led = self._led(encoded(path))
        try:
            return led.decode()
        except UnicodeDecodeError:
            raise InvalidValue("uri", "leads to a name that is no UTF-8; rename it in a terminal") from None

    # ---- changing

    def write(
        self, path: str, content: bytes, *, create: bool = True, overwrite: bool = True, meter: Meter = _UNMETERED
    ) -> None:
        """Put `content` there, atomically and durably; parents are made, a link's target is what is replaced."""
        with self.replace(path, create=create, overwrite=overwrite, meter=meter) as file:
            file.write(content)

    def replace(
        self, path: str, *, create: bool = True, overwrite: bool = True, meter: Meter = _UNMETERED
    ) -> Replacement:
        """As `write`, for content that comes in pieces."""
        with Told(path):
            entry = self._writable(path, meter if create else None)
            if not create:
                entry.state()
            self._sweep(entry.parent)
            return Replacement(entry, self.owner, meter, overwrite=overwrite)

    def append(self, path: str, content: bytes, *, meter: Meter = _UNMETERED) -> None:
        """Put `content` at the end of a log, which is made with its parents if need be: neither atomic nor durable."""
        with Told(path), self._writable(path, meter) as entry:
            entries.append(entry, content, self.owner, meter)

    def create_directory(self, path: str, *, meter: Meter = _UNMETERED) -> None:
        """Make the directory and its parents; one that is there is fine."""
        raw = encoded(path)
        with Told(path):
            try:
                self._directory(raw, meter).close()
            except NotADirectoryError:
                if self._exists(raw.rstrip(b"/")):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
                raise

    def delete(self, path: str, *, recursive: bool = False, use_trash: bool = False, meter: Meter = _UNMETERED) -> None:
        """Remove the entry, a link itself; with `use_trash` it goes to the trash in the user's home."""
        with self._entry(path) as entry, Told(path):
            self._check_sealed(entry.parent)
            if not use_trash:
                entries.delete(entry, recursive=recursive, meter=meter)
                return
            with (
                self._directory(self._trash + b"/files", meter, 0o700) as files,
                self._directory(self._trash + b"/info", meter, 0o700) as info,
            ):
                trash.put(entry, files, info, recursive=recursive, owner=self.owner, meter=meter)

    def rename(self, source: str, target: str, *, overwrite: bool = False, meter: Meter = _UNMETERED) -> None:
        """Move the entry, a link itself; parents of the target are made. To itself it does nothing."""
        with self._entry(source) as old:
            with Told(source):
                self._check_sealed(old.parent)
                old.state()
            with self._entry(target, meter) as new, Told(target):
                self._check_sealed(new.parent)
                if not old.is_same(new) and not self._moved(old, new, overwrite, meter):
                    self.copy(source, target, overwrite=overwrite, meter=meter)
                    self.delete(source, recursive=True, meter=meter)

    def copy(self, source: str, target: str, *, overwrite: bool = False, meter: Meter = _UNMETERED) -> None:
        """Copy the entry, links as links; parents of the target are made. To itself it does nothing."""
        with self._entry(source) as old:
            with Told(source):
                state = old.state()
            with self._entry(target, meter) as new:
                if old.is_same(new):
                    return
                with Told(target):
                    self._check_sealed(new.parent)
                    entries.check_target(old, state, new, overwrite=overwrite)
                    self._sweep(new.parent)
                with Told(source):
                    size = copying.plan(old, state)
                with Told(target):
                    copying.copy(old, new, size, overwrite=overwrite, owner=self.owner, meter=meter)

    def _moved(self, old: Entry, new: Entry, overwrite: bool, meter: Meter) -> bool:
        """False if the two are on different file systems."""
        try:
            entries.move(old, new, overwrite=overwrite, meter=meter)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True


def in_order(listing: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The same, sorted. One sort of a very long one would keep the interpreter from all other threads meanwhile."""
    runs = in_turns(sorted(listing[at : at + RUN]) for at in range(0, len(listing), RUN))
    return list(in_turns(merge(*runs)))
