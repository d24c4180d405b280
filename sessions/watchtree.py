"""One watched directory tree: what is in it as it was last seen, compared with the disk where something was heard.

What inotify says is a hint where to look, the disk is the truth: so nothing is lost when a directory is new, moved or
the queue ran over, and what is made and removed again between two looks is nothing.
"""

from __future__ import annotations

import os
import stat
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sessions.errors import FileSystemError, InvalidValue
from sessions.inotify import GONE, MODIFY, Count, Inotify, Refused
from sessions.sharing import in_turns
from sessions.staging import is_visible_name

if TYPE_CHECKING:
    from sessions.files import Root

CHANGED, CREATED, DELETED = 1, 2, 3
"""VS Code's FileChangeType."""
GONE_FOLDER = 4
"""A folder was deleted with all that was in it: told as `DELETED`."""

POLLED = 1_000
"""Directories of one tree that are looked at now and then, where the kernel lets no more be watched."""

Change = tuple[str, int]
"""A path and what happened there."""

NAMES = 512
"""Names of one directory that are remembered to be looked at; beyond it the whole directory is."""


class Budget:
    """How much of one user is watched at most: directories, and entries of all kinds."""

    __slots__ = ("entries", "folders")

    def __init__(self, folders: int, entries: int) -> None:
        self.folders = Count(folders)
        self.entries = Count(entries)


class Folder:
    """A directory of the tree: its entries are a stamp each, or a further folder."""

    __slots__ = ("above", "entries", "inode", "name", "tree", "watch")

    def __init__(self, tree: Tree, above: Folder | None, name: str) -> None:
        self.tree: Tree = weakref.proxy(tree)  # whose part this is
        self.above = above
        self.name = name
        self.entries: dict[str, int | Folder] = {}
        self.inode = 0
        self.watch = -1

    @property
    def path(self) -> str:
        names, at = [self.name], self.above
        while at is not None:
            names.append(at.name)
            at = at.above
        return "/".join(reversed(names))

    def heard(self, name: str, mask: int) -> None:
        self.tree.note(self, name, mask)


class Tree:
    """The tree below `top`. `begin`, `look` and `end` block: call them in threads; all else is for the loop.

    `excluded` is asked with paths below the top. `stir` is called when there is something to look at.
    """

    __slots__ = (
        "__weakref__", "_dirty", "_ended", "_everything", "_lock", "_root", "budget", "excluded", "full",
        "inotify", "missing", "overflowed", "recursive", "refused", "stir", "top", "unheard",
    )  # fmt: skip

    def __init__(
        self,
        root: Root,
        top: str,
        recursive: bool,
        inotify: Inotify | Refused,
        budget: Budget,
        excluded: Callable[[str], bool],
        stir: Callable[[], None],
    ) -> None:
        self._root = root
        self.inotify = inotify
        self.budget = budget
        self._dirty: dict[Folder, dict[str, int] | None] = {}
        self._everything = False
        self._lock = threading.Lock()
        self._ended = False
        self.recursive = recursive
        self.excluded = excluded
        self.stir = stir
        self.top = Folder(self, None, top.rstrip("/"))
        self.missing = True
        """Whether there is no such directory now."""
        self.unheard: set[Folder] = set()
        """Directories that the kernel refuses to watch: `poll` has them looked at."""
        self.refused = ""
        """Why it does."""
        self.full = False
        """Whether more is there than may be watched."""
        self.overflowed = 0
        """How often events were lost, and everything was looked at again."""

    # -- on the loop

    def note(self, folder: Folder, name: str, mask: int) -> None:
        """Remember where to look."""
        if not name:
            if mask & GONE:
                self._dirty[folder] = None
                self.stir()
            return
        names = self._dirty.setdefault(folder, {})
        if names is not None and is_visible_name(name):
            names[name] = names.get(name, 0) | mask
            if len(names) > NAMES:
                self._dirty[folder] = None
        self.stir()

    def lost(self) -> None:
        """Events were lost: look at everything again."""
        self.overflowed += 1
        self._everything = True
        self.stir()

    def poll(self) -> None:
        """Remember to look at all that nobody hears of."""
        self._dirty.update(dict.fromkeys(list(self.unheard)))

    @property
    def dirty(self) -> bool:
        """Whether there is something to look at."""
        return bool(self._dirty) or self._everything

    def taken(self) -> dict[Folder, dict[str, int] | None] | None:
        """Where to look, once: None is everywhere."""
        dirty, self._dirty = self._dirty, {}
        everything, self._everything = self._everything, False
        return None if everything else dirty

    # -- in a thread

    def begin(self) -> None:
        """Take in what is there now; none of it is a change."""
        with self._lock:
            if not self._ended:
                self.missing = not self._take_in(self.top)
                for _ in self._fill(self.top):
                    pass

    def look(self, dirty: dict[Folder, dict[str, int] | None] | None) -> list[Change]:
        """What has changed where something was heard, each path once."""
        with self._lock:
            return [] if self._ended else self._changes(dirty)

    def _changes(self, dirty: dict[Folder, dict[str, int] | None] | None) -> list[Change]:
        changes: dict[str, int] = {}
        if dirty is None:
            dirty = dict.fromkeys([self.top, *self._folders(self.top)])
        if self.missing or self.top in dirty:
            self._look_for_top(changes)
        for folder, names in dirty.items():
            if self._is_here(folder) and not self.missing:
                self._compare(folder, names, changes)
        return _told(changes)

    def end(self) -> None:
        """Watch nothing any more, and never again."""
        with self._lock:
            self._ended = True
            self._drop(self.top)

    def _look_for_top(self, changes: dict[str, int]) -> None:
        was, path = self.missing, self.top.path or "/"
        here = self._inode_at(path)
        if here == self.top.inode and not was:
            return
        if not was:
            self._drop(self.top)
            changes[path] = DELETED
        self.missing = not here or not self._take_in(self.top)
        if not self.missing:
            changes[path] = CHANGED if path in changes else CREATED
            changes.update((found, CREATED) for found in self._fill(self.top))

    def _inode_at(self, path: str) -> int:
        try:
            with self._root.directory(path) as handle:
                return os.fstat(handle.fd).st_ino
        except (FileSystemError, InvalidValue):
            return 0

    def _is_here(self, folder: Folder) -> bool:
        while folder.above is not None:
            if folder.above.entries.get(folder.name) is not folder:
                return False
            folder = folder.above
        return folder is self.top

    def _take_in(self, folder: Folder) -> bool:
        """Begin to hear of a directory, if it still is the one that was seen."""
        try:
            with self._root.directory(folder.path or "/") as handle:
                inode = os.fstat(handle.fd).st_ino
                if folder.inode not in (0, inode):
                    return False
                return self._hear(folder, handle.fd, inode)
        except (FileSystemError, InvalidValue):
            return False

    def _hear(self, folder: Folder, directory: int, inode: int) -> bool:
        before, known = folder.watch, folder.watch >= 0 or folder in self.unheard
        if not known and folder is not self.top and not self.budget.folders.take():
            self.full = True
            return False
        folder.inode = inode
        try:
            folder.watch = self.inotify.add(directory, folder)
        except OSError as error:  # the kernel's own limit
            self._unhear(folder)
            return self._poll_instead(folder, error)
        self.unheard.discard(folder)
        if 0 <= before != folder.watch:
            self.inotify.remove(before, folder)
        return True

    def _poll_instead(self, folder: Folder, error: OSError) -> bool:
        self.refused = error.strerror or str(error)
        if len(self.unheard) < POLLED or folder is self.top or folder in self.unheard:
            self.unheard.add(folder)
            return True
        self.full = True
        self.budget.folders.give()
        return False

    def _unhear(self, folder: Folder) -> None:
        if folder.watch >= 0:
            self.inotify.remove(folder.watch, folder)
            folder.watch = -1

    def _fill(self, folder: Folder) -> Iterator[str]:
        """Take in all that is in a directory; the paths of what is new, deepest last."""
        left = deque([folder])
        while left:
            at = left.popleft()  # what is near the top first: a deep one does not take what all others need
            path = at.path
            for name, state in self._listed(at):
                if name in at.entries or not self._wants(f"{path}/{name}"):
                    continue
                if not self.budget.entries.take():
                    self.full = True
                    return
                found = at.entries[name] = self._entry(at, name, state)
                if isinstance(found, Folder) and self._take_in(found):
                    left.append(found)
                yield f"{path}/{name}"

    def _listed(self, folder: Folder) -> list[tuple[str, os.stat_result]]:
        try:
            with self._root.directory(folder.path or "/") as handle, os.scandir(handle.fd) as found:
                if os.fstat(handle.fd).st_ino != folder.inode:
                    return []
                told = ((one.name, _state(one)) for one in found if is_visible_name(one.name))
                return [(name, state) for name, state in in_turns(told) if state]
        except (FileSystemError, InvalidValue, OSError):
            return []

    def _entry(self, above: Folder, name: str, state: os.stat_result) -> int | Folder:
        if not self.recursive or not stat.S_ISDIR(state.st_mode):
            return _stamp(state)
        folder = Folder(self, above, name)
        folder.inode = state.st_ino
        return folder

    def _compare(self, folder: Folder, names: dict[str, int] | None, changes: dict[str, int]) -> None:
        """Look at names of a directory, or at all of it."""
        try:
            with self._root.directory(folder.path or "/") as handle:
                if os.fstat(handle.fd).st_ino != folder.inode:
                    return
                if names is None:
                    self._take_in(folder)
                    with os.scandir(handle.fd) as found:
                        here = [one.name for one in in_turns(found) if is_visible_name(one.name)]
                    names = dict.fromkeys([*folder.entries, *here], 0)
                for (name, mask), state in in_turns((one, _lstat(handle.fd, one[0])) for one in names.items()):
                    self._look_at(folder, name, state, mask, changes)
        except (FileSystemError, InvalidValue, OSError):
            return  # it is gone: the directory above has heard of that

    def _look_at(
        self, folder: Folder, name: str, state: os.stat_result | None, mask: int, changes: dict[str, int]
    ) -> None:
        path, before = f"{folder.path}/{name}", folder.entries.get(name)
        if not self._wants(path):
            return
        if state is None:
            if before is not None:
                self._forget(folder, name, before)
                changes[path] = GONE_FOLDER if isinstance(before, Folder) else DELETED
        elif before is None:
            self._add(folder, name, state, changes, CREATED)
        elif isinstance(before, Folder) or self._is_folder(state):
            if not isinstance(before, Folder) or before.inode != state.st_ino or not self._is_folder(state):
                self._forget(folder, name, before)
                self._add(folder, name, state, changes, CHANGED)
        elif before != (stamp := _stamp(state)) or mask & MODIFY:
            folder.entries[name] = stamp
            changes.setdefault(path, CHANGED)

    def _is_folder(self, state: os.stat_result) -> bool:
        return self.recursive and stat.S_ISDIR(state.st_mode)

    def _add(self, folder: Folder, name: str, state: os.stat_result, changes: dict[str, int], kind: int) -> None:
        if not self.budget.entries.take():
            self.full = True
            return
        path = f"{folder.path}/{name}"
        found = folder.entries[name] = self._entry(folder, name, state)
        changes[path] = CHANGED if changes.get(path) in (DELETED, GONE_FOLDER) else kind
        if isinstance(found, Folder) and self._take_in(found):
            changes.update((below, CREATED) for below in self._fill(found))

    def _forget(self, folder: Folder, name: str, before: int | Folder) -> None:
        del folder.entries[name]
        self.budget.entries.give()
        if isinstance(before, Folder):
            self._drop(before)

    def _drop(self, top: Folder) -> None:
        for folder in [top, *self._folders(top)]:
            if folder is not self.top and (folder.watch >= 0 or folder in self.unheard):
                self.budget.folders.give()
            self._unhear(folder)
            self.unheard.discard(folder)
            self.budget.entries.give(len(folder.entries))
            folder.inode, folder.entries = 0, {}

    def _folders(self, top: Folder) -> Iterator[Folder]:
        left = [top]
        while left:
            below = [one for one in left.pop().entries.values() if isinstance(one, Folder)]
            left += below
            yield from below

    def _wants(self, path: str) -> bool:
        return not self.excluded(path[len(self.top.name) + 1 :])


def _told(changes: dict[str, int]) -> list[Change]:
    """A folder that went says so of all that was in it, as in VS Code."""
    gone = {path for path, kind in changes.items() if kind == GONE_FOLDER}
    told = ((path, DELETED if kind == GONE_FOLDER else kind) for path, kind in changes.items())
    return [one for one in told if gone.isdisjoint(_above(one[0]))] if gone else list(told)


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _state(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _lstat(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return None


def _stamp(state: os.stat_result) -> int:
    if stat.S_ISDIR(state.st_mode):
        return state.st_ino  # of a folder that is not looked into, only that it is there counts
    return hash((state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
