"""The trash of freedesktop.org's specification: `files` has what was deleted, `info` a note of each. No path here."""

from __future__ import annotations

import errno
import heapq
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from sessions.descriptors import Handle, Owner, contents, look, settle, sync_directory, type_of_mode, write_all
from sessions.entries import Entry, check_empty
from sessions.openat2 import rename_exclusively
from sessions.paths import Refusal, encoded, shown
from sessions.sharing import in_turns
from sessions.trees import Meter

MOST = 1_000
"""How much of what is in there is told: what was deleted last."""

_LONGEST = 200  # bytes of a name in the trash, so that a suffix and `.trashinfo` fit behind it
_NOTE = ".trashinfo"
_NOTE_BYTES = 16 << 10


class Deleted(NamedTuple):
    """One of them: where it is and where it was for the user, when it went in ms since 1970, and VS Code's FileType."""

    path: str
    was: str
    deleted: int
    type: int


def put(entry: Entry, files: Handle, info: Handle, *, recursive: bool, owner: Owner | None, meter: Meter) -> bytes:
    """Move `entry` into `files`, with a note of it in `info`, under the name given back."""
    if stat.S_ISDIR(entry.state().st_mode) and not recursive:
        check_empty(entry)
    meter.reserve(0, 1)
    try:
        name = _note(entry, info, owner)
        _move(entry, files, info, name)
    except BaseException:
        meter.released(0, 1)
        raise
    for changed in (entry.parent, files, info):
        sync_directory(changed.fd)
    return name


def _move(entry: Entry, files: Handle, info: Handle, name: bytes) -> None:
    try:
        rename_exclusively(entry.name, name, source_fd=entry.parent.fd, target_fd=files.fd)
    except OSError as error:
        os.unlink(name + _NOTE.encode(), dir_fd=info.fd)
        if error.errno in (errno.EXDEV, errno.EINVAL):
            reason = "it cannot be moved to the trash from here; delete it without the trash"
            raise Refusal("Unavailable", reason) from error
        raise


def _note(entry: Entry, info: Handle, owner: Owner | None) -> bytes:
    """Write down where the entry was and when it went, under a name that is free; gives that name."""
    name, flags = entry.name[:_LONGEST], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        fd = os.open(name + _NOTE.encode(), flags, 0o600, dir_fd=info.fd)
    except FileExistsError:
        name = b"%s.%s" % (name, token_hex(8).encode())
        fd = os.open(name + _NOTE.encode(), flags, 0o600, dir_fd=info.fd)
    where, when = quote_from_bytes(encoded(entry.path).rstrip(b"/")), time.strftime("%Y-%m-%dT%H:%M:%S")
    with Handle(fd):
        settle(fd, 0o600, owner)
        write_all(fd, f"[Trash Info]\nPath={where}\nDeletionDate={when}\n".encode())
    return name


def read(files: Handle, info: Handle, at: str) -> list[Deleted]:
    """What is in there, the last first; `at` is what the user calls `files`.

    Notes may be anybody's: one that is none, or of nothing that is there, is left out, and so are names not in UTF-8.
    """
    with os.scandir(info.fd) as found:
        last = heapq.nlargest(MOST, in_turns(_notes(found)))
    return list(in_turns(_deleted(files, info, at, last)))


def _notes(found: Iterable[os.DirEntry[str]]) -> Iterator[tuple[int, str]]:
    for entry in found:
        with suppress(OSError):
            if entry.name.endswith(_NOTE) and shown(entry.name) == entry.name and entry.is_file(follow_symlinks=False):
                yield entry.stat(follow_symlinks=False).st_mtime_ns // 1_000_000, entry.name.removesuffix(_NOTE)


def _deleted(files: Handle, info: Handle, at: str, last: Iterable[tuple[int, str]]) -> Iterator[Deleted]:
    for deleted, name in last:
        state, was = look(files.fd, os.fsencode(name)), _where(info, name)
        if state is not None and was.startswith("/"):
            yield Deleted(f"{at}/{name}", was, deleted, type_of_mode(state.st_mode))


def _where(info: Handle, name: str) -> str:
    """Where it was, as its note says; "" where that says nothing of use."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with Handle(os.open(name + _NOTE, flags, dir_fd=info.fd)) as note:
            lines = contents(note.fd, _NOTE_BYTES).splitlines()
        return next((unquote_to_bytes(line[5:]).decode() for line in lines if line.startswith(b"Path=")), "")
    except (OSError, Refusal, UnicodeDecodeError):
        return ""
