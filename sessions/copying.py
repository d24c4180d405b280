"""Copying one entry to another, a directory with all that is in it: counted first, staged, then put in place."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from sessions.descriptors import CHUNK, SPECIAL, Handle, Owner, regular, settle, sync_directory, write_all
from sessions.entries import Entry
from sessions.openat2 import READ, sync_all
from sessions.paths import Refusal
from sessions.staging import Staged, is_visible
from sessions.trees import MAX_ENTRIES, Descent, Meter, Size, measure, put, remove


class Budget:
    """How much a copy may write: what was counted before it began."""

    __slots__ = ("_bytes", "_files")

    def __init__(self, usage: Size) -> None:
        self._bytes, self._files = usage

    def take(self, more_bytes: int, more_files: int) -> None:
        self._bytes -= more_bytes
        self._files -= more_files
        if self._bytes < 0 or self._files < 0:
            raise Refusal("Unavailable", "it grew while it was copied; try again")


def plan(entry: Entry, state: os.stat_result) -> Size:
    """What a copy of `entry` will take; raises if something in it cannot be copied."""
    if stat.S_ISDIR(state.st_mode):
        with Descent(entry.parent.fd, entry.name) as at:
            size, files = measure(at, _is_copied, _size, MAX_ENTRIES)
        return Size(size, files + 1)
    if not (stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)):
        raise Refusal("NoPermissions", SPECIAL)
    return Size(_size(state), 1)


def _size(state: os.stat_result) -> int:
    """The whole of a file, for a copy shares nothing with its other names."""
    return state.st_size if stat.S_ISREG(state.st_mode) else 0


def _is_copied(entry: os.DirEntry[str]) -> bool:
    if not (entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False) or entry.is_symlink()):
        raise Refusal("NoPermissions", f"it holds one of what cannot be copied: {SPECIAL}")
    return is_visible(entry)


def copy(old: Entry, new: Entry, size: Size, *, overwrite: bool, owner: Owner | None, meter: Meter) -> None:
    """Copy `old` to `new`: nothing is at `new` before all of it is, unless it is a link."""
    meter.reserve(*size)
    try:
        if stat.S_ISLNK(old.state().st_mode):
            _copy_link(old, new, overwrite, owner, meter)
        else:
            _copy_staged(old, new, Budget(size), overwrite, owner, meter)
    except BaseException:
        meter.released(*size)
        raise
    sync_directory(new.parent.fd)


def _copy_link(old: Entry, new: Entry, overwrite: bool, owner: Owner | None, meter: Meter) -> None:
    link = os.readlink(old.name, dir_fd=old.parent.fd)
    if overwrite:
        with suppress(FileNotFoundError):
            remove(new.parent.fd, new.name, meter)
    _make_link(link, new.parent.fd, new.name, owner)


def _copy_staged(old: Entry, new: Entry, budget: Budget, overwrite: bool, owner: Owner | None, meter: Meter) -> None:
    is_directory = stat.S_ISDIR(old.state().st_mode)
    staged = Staged(new.parent, None if is_directory else 0o600)
    try:
        _fill(old, staged.fd, budget, owner, is_directory)
        put(new.parent.fd, staged.name, new.parent.fd, new.name, overwrite=overwrite, meter=meter)
    except BaseException:
        staged.discard()
        raise
    staged.close()


def _fill(old: Entry, staged: int, budget: Budget, owner: Owner | None, is_directory: bool) -> None:
    """Copy the content and the mode of `old`, durably."""
    if is_directory:
        with Descent(old.parent.fd, old.name) as source, Descent(staged) as target:
            _copy_tree(source, target, budget, owner)
        sync_all(staged)
        return
    with Handle(os.open(old.name, READ | os.O_NOFOLLOW, dir_fd=old.parent.fd)) as file:
        mode = regular(file.fd).st_mode
        _copy_content(file.fd, staged, budget)
    settle(staged, mode, owner)
    os.fsync(staged)


def _copy_tree(source: Descent, target: Descent, budget: Budget, owner: Owner | None) -> None:
    """Copy what `source` holds into the empty `target`: links as links, modes kept, special files refused."""
    pending = [_copy_level(source.fd, target.fd, budget, owner)]
    while pending:
        if pending[-1]:
            name = pending[-1].pop()
            source.down(name)
            os.mkdir(name, 0o700, dir_fd=target.fd)
            target.down(name)
            pending.append(_copy_level(source.fd, target.fd, budget, owner))
        else:
            settle(target.fd, os.fstat(source.fd).st_mode, owner)
            pending.pop()
            if pending:
                source.up()
                target.up()


def _copy_level(source: int, target: int, budget: Budget, owner: Owner | None) -> list[bytes]:
    """Copy all but directories from `source` into `target`; gives the names of those."""
    directories = []
    with os.scandir(source) as entries:
        for entry in filter(is_visible, entries):
            budget.take(0, 1)
            name = os.fsencode(entry.name)
            if entry.is_dir(follow_symlinks=False):
                directories.append(name)
            elif entry.is_symlink():
                _make_link(os.readlink(name, dir_fd=source), target, name, owner)
            elif entry.is_file(follow_symlinks=False):
                _copy_file(source, target, name, budget, owner)
            else:
                raise Refusal("NoPermissions", SPECIAL)
    return directories


def _make_link(link: bytes, directory: int, name: bytes, owner: Owner | None) -> None:
    os.symlink(link, name, dir_fd=directory)
    if owner:
        os.chown(name, *owner, dir_fd=directory, follow_symlinks=False)


def _copy_file(source: int, target: int, name: bytes, budget: Budget, owner: Owner | None) -> None:
    with Handle(os.open(name, READ | os.O_NOFOLLOW, dir_fd=source)) as old:
        mode = regular(old.fd).st_mode
        with Handle(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)) as new:
            _copy_content(old.fd, new.fd, budget)
            settle(new.fd, mode, owner)


def _copy_content(source: int, target: int, budget: Budget) -> None:
    while chunk := os.read(source, CHUNK):
        budget.take(len(chunk), 0)
        write_all(target, chunk)
